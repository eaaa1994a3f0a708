/**
 * The library. Engines are async generators of typed events, the result last; nothing here prints or reads `process`.
 * docs/api.md is made of what stands here.
 */

export {
  type Asked,
  connect,
  listen,
  open,
  ping,
  type RunOptions,
  resultOf,
  scan,
  script,
  send,
  trace,
} from './library.ts';
export { NetError, type NetErrorCode } from './net/errors.ts';
export type { Faults } from './net/faults.ts';
export { type KernelNetworkOptions, openKernelNetwork } from './net/kernel.ts';
export type { Departure, Moment } from './net/moment.ts';
export type { Arrival, Clock, ClockSource, Network, Port } from './net/network.ts';
export { type Random, seededRandom, systemRandom } from './net/random.ts';
export { resolveHost, resolvePort } from './net/resolve.ts';
export { runExitCode } from './plan/exit-code.ts';
export { type Expectation, ExpressionError, evaluateExpectation, Observation, parseExpectation } from './plan/expect/expectation.ts';
export { PlanError, type Problem } from './plan/problem.ts';
export type { PlanText } from './plan/read.ts';
export { type PlanOptions, runPlan } from './plan/run-plan.ts';
export { ScriptError } from './plan/script/error.ts';
export { SCRIPT_DEFAULTS, type ScriptRequest } from './plan/script/request.ts';
export { CONNECT_DEFAULTS, type ConnectRequest } from './probe/connect/request.ts';
export { connectExitCode } from './probe/connect/result.ts';
export { createContext, type ProbeContext } from './probe/context.ts';
export type * from './probe/events.ts';
export { InputError } from './probe/input-error.ts';
export { LISTEN_DEFAULTS, type ListenRequest, type Misbehaviour, type ServedClose } from './probe/listen/request.ts';
export { listenExitCode } from './probe/listen/tally.ts';
export { ConnectionError, type OpenConnection } from './probe/open/open.ts';
export { OPEN_DEFAULTS, type OpenRequest } from './probe/open/request.ts';
export { PING_DEFAULTS, type PingContext, type PingRequest, type PingTarget } from './probe/ping/request.ts';
export { pingExitCode } from './probe/ping/result.ts';
export { replay } from './probe/replay/replay.ts';
export type { ReplayRequest } from './probe/replay/request.ts';
export { IntervalSet } from './probe/scan/intervals.ts';
export { parsePorts, topPorts } from './probe/scan/ports.ts';
export { SCAN_DEFAULTS, type ScanRequest } from './probe/scan/request.ts';
export { scanExitCode } from './probe/scan/result.ts';
export { parseTarget, selectTargets, type Targets } from './probe/scan/targets.ts';
export { TECHNIQUES, type Technique } from './probe/scan/technique.ts';
export type { SegmentSpec } from './probe/segment-spec.ts';
export { SEND_DEFAULTS, type SendRequest, type Variant } from './probe/send/request.ts';
export type { Preset, SynOptionChoice } from './probe/syn-options.ts';
export { TRACE_DEFAULTS, type TraceContext, type TraceRequest, type TraceWait } from './probe/trace/request.ts';
export { traceExitCode } from './probe/trace/result.ts';
export { toJson } from './report/json.ts';
export { type CaptureWriter, createCaptureWriter } from './report/pcapng.ts';
export type { State } from './tcp/state.ts';
export { formatIpv4, type Ipv4Address, parseIpv4 } from './wire/address.ts';
export { CaptureReader } from './wire/capture.ts';
export type { CapturedPacket } from './wire/capture-format.ts';
export { DecodeError, EncodeError } from './wire/errors.ts';
export { parseFlags } from './wire/flags.ts';
export { formatPacket, formatTcp } from './wire/format.ts';
export type { IcmpError, IcmpMessage } from './wire/icmp.ts';
export { type Ipv4Header, ipv4Header } from './wire/ipv4.ts';
export { decodePacket, encodePacket, type Packet } from './wire/packet.ts';
export { type TcpSegment, tcpSegment } from './wire/tcp.ts';
export type { TcpOption } from './wire/tcp-options.ts';
