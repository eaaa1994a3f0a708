/** Whatever an engine opened is closed when it is over, however it ends; and what the kernel dropped there stands in the result. */
import { describe, expect, it } from 'vitest';
import { MemoryWire, VirtualClock } from '../../src/net/memory.ts';
import type { Network } from '../../src/net/network.ts';
import { parseScript } from '../../src/plan/script/parse.ts';
import { runScript } from '../../src/plan/script/run.ts';
import { connect } from '../../src/probe/connect/connect.ts';
import { CONNECT_DEFAULTS } from '../../src/probe/connect/request.ts';
import { createContext, type ProbeContext } from '../../src/probe/context.ts';
import { listen } from '../../src/probe/listen/listen.ts';
import { LISTEN_DEFAULTS } from '../../src/probe/listen/request.ts';
import { ping } from '../../src/probe/ping/ping.ts';
import { PING_DEFAULTS } from '../../src/probe/ping/request.ts';
import { IntervalSet } from '../../src/probe/scan/intervals.ts';
import { SCAN_DEFAULTS } from '../../src/probe/scan/request.ts';
import { scan } from '../../src/probe/scan/scan.ts';
import { SEND_DEFAULTS } from '../../src/probe/send/request.ts';
import { send } from '../../src/probe/send/send.ts';
import { TRACE_DEFAULTS } from '../../src/probe/trace/request.ts';
import { trace } from '../../src/probe/trace/trace.ts';
import { EncodeError } from '../../src/wire/errors.ts';
import { ACK, SYN } from '../../src/wire/flags.ts';
import { ipv4Header } from '../../src/wire/ipv4.ts';
import { decodePacket, encodePacket } from '../../src/wire/packet.ts';
import { seqAdd } from '../../src/wire/seq.ts';
import { tcpSegment } from '../../src/wire/tcp.ts';

const A = 0x0a000001;
const B = 0x0a000002;
const PORT = 80;
const TARGET = { host: 'peer', address: B, port: PORT };
const TRACE = { ...TRACE_DEFAULTS, ...TARGET, probes: 2, wait: { maxMs: 100, here: 3, near: 10 } };
const PING = { ...PING_DEFAULTS, targets: [TARGET], count: 3, intervalMs: 20, timeoutMs: 100 };
const one = (value: number) => IntervalSet.of([{ first: value, last: value }]);

const ENGINES: Readonly<Record<string, (context: ProbeContext) => AsyncGenerator<unknown, unknown>>> = {
  connect: (context) => connect({ ...CONNECT_DEFAULTS, ...TARGET, timeoutMs: 200 }, context),
  send: (context) => send({ ...SEND_DEFAULTS, ...TARGET, variants: [{ spec: {} }, { spec: { flags: ACK } }], timeoutMs: 100 }, context),
  ping: (context) => ping(PING, context),
  'ping --full': (context) => ping({ ...PING, full: {} }, context),
  scan: (context) =>
    scan({ ...SCAN_DEFAULTS, targets: { addresses: one(B), excluded: 0, skipped: [] }, ports: one(PORT), seed: 1 }, context),
  trace: (context) => trace(TRACE, context),
  'trace --flows': (context) => trace({ ...TRACE, flows: 3 }, context),
  'trace --inside': (context) => trace({ ...TRACE, inside: true }, context),
  listen: (context) => listen({ ...LISTEN_DEFAULTS, ports: [PORT], deadlineMs: 100 }, context),
  script: (context) => runScript(parseScript('> S\n< S.\n+0.1 > .'), TARGET, context),
};

/** A network that knows what is open on it, with a peer that answers SYNs and nothing else. */
function watched(dropped = 0) {
  const clock = new VirtualClock();
  const wire = new MemoryWire(clock);
  wire.attach(B, (datagram) => {
    const { tcp } = decodePacket(datagram);
    if (tcp === undefined || (tcp.flags & (SYN | ACK)) !== SYN) return;
    const { sourcePort: destinationPort, destinationPort: sourcePort, seq } = tcp;
    const answer = tcpSegment({ sourcePort, destinationPort, flags: SYN | ACK, seq: 1, ack: seqAdd(seq, 1), window: 1000 });
    wire.send(encodePacket({ ip: ipv4Header({ source: B, destination: A }), tcp: answer }));
  });
  const inner = wire.host(A);
  const open = new Set<object>();
  let opened = 0;
  const watching = <T extends { close(): void }>(it: T): T => {
    const close = it.close.bind(it);
    opened++;
    open.add(it);
    return Object.assign(it, {
      dropped,
      close() {
        open.delete(it);
        close();
      },
    });
  };
  const network: Network = Object.assign(Object.create(inner) as Network, {
    openPort: (request: Parameters<Network['openPort']>[0]) => watching(inner.openPort(request)),
    openFan: (request: Parameters<Network['openFan']>[0]) => watching(inner.openFan(request)),
    openListener: (request: Parameters<Network['openListener']>[0]) => watching(inner.openListener(request)),
  });
  return { clock, network, open, opened: () => opened };
}

it.each<[string, (context: ProbeContext) => AsyncGenerator<unknown, unknown>]>([
  ['send', (context) => send({ ...SEND_DEFAULTS, ...TARGET, variants: [{ spec: { window: 70_000 } }] }, context)],
  ['ping', (context) => ping({ ...PING, spec: { window: 70_000 } }, context)],
  ['trace', (context) => trace({ ...TRACE, spec: { window: 70_000 } }, context)],
])('the ports of %s are closed where its segment can not be put into bytes', async (_name, engine) => {
  const { clock, network, open } = watched();
  const run = async () => {
    for await (const _event of engine(createContext(network, 1)));
  };
  await expect(clock.run(run())).rejects.toThrow(EncodeError);
  expect(open.size).toBe(0);
});

describe.each(Object.entries(ENGINES))('the ports of %s are closed', (_name, engine) => {
  it('at its end', async () => {
    const { clock, network, open, opened } = watched();
    const run = async () => {
      for await (const _event of engine(createContext(network, 1)));
    };
    await clock.run(run());
    expect(opened()).toBeGreaterThan(0);
    expect(open.size).toBe(0);
  });

  it.each([1, 150, 50_000])('when it is told to stop, after %i us', async (afterUs) => {
    const { clock, network, open, opened } = watched();
    const controller = new AbortController();
    clock.setTimer(afterUs, () => controller.abort());
    const run = async () => {
      for await (const _event of engine({ ...createContext(network, 1), signal: controller.signal }));
    };
    await clock.run(run());
    expect(opened()).toBeGreaterThan(0);
    expect(open.size).toBe(0);
  });

  it('where nobody wants more than its first event', async () => {
    const { clock, network, open, opened } = watched();
    const run = async () => {
      for await (const _event of engine(createContext(network, 1))) break;
    };
    await clock.run(run());
    expect(opened()).toBeGreaterThan(0);
    expect(open.size).toBe(0);
  });
});

it.each(Object.entries(ENGINES))('%s tells what the kernel dropped', async (_name, engine) => {
  const { clock, network } = watched(3);
  const events: unknown[] = [];
  const run = async () => {
    for await (const event of engine(createContext(network, 1))) events.push(event);
  };
  await clock.run(run());
  expect(events.at(-1)).toMatchObject({ type: 'result', kernelDrops: 3 });
});
