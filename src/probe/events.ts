/**
 * What a probe tells while it runs: the library's events and, with `toJson`, the lines of `--json`.
 * Times (`atUs`) are microseconds since the first segment left. An undefined field has nothing to say.
 */
import type { ConnectEvent, ConnectResult } from './events/connect.ts';
import type { DoctorEvent, DoctorResult } from './events/doctor.ts';
import type { ListenEvent, ListenResult, ServedResult } from './events/listen.ts';
import type { PingEvent, PingResult } from './events/ping.ts';
import type { RunEvent, RunResult } from './events/run.ts';
import type { ScanEvent, ScanResult } from './events/scan.ts';
import type { SendEvent, SendResult } from './events/send.ts';
import type { TraceEvent, TraceResult } from './events/trace.ts';

export * from './events/common.ts';
export type * from './events/connect.ts';
export type * from './events/doctor.ts';
export type * from './events/expectation.ts';
export type * from './events/listen.ts';
export type * from './events/ping.ts';
export type * from './events/reading.ts';
export type * from './events/replay.ts';
export type * from './events/run.ts';
export type * from './events/scan.ts';
export type * from './events/script.ts';
export type * from './events/send.ts';
export type * from './events/trace.ts';

/** The last event of any probe. */
export type ProbeResult = ConnectResult | SendResult | PingResult | ScanResult | DoctorResult | TraceResult | RunResult | ListenResult;

/** Any event before the result. */
export type ProbeEvent =
  | Exclude<ConnectEvent | SendEvent | PingEvent | ScanEvent | DoctorEvent | TraceEvent | RunEvent | ListenEvent, ProbeResult>
  | ServedResult;
