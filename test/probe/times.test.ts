/** What connect and send make of stamps that are late, missing, or of a wall clock that was stepped meanwhile. */
import { describe, expect, it } from 'vitest';
import { MemoryWire, VirtualClock } from '../../src/net/memory.ts';
import type { Departure } from '../../src/net/moment.ts';
import type { Network, Port } from '../../src/net/network.ts';
import { connect } from '../../src/probe/connect/connect.ts';
import { CONNECT_DEFAULTS } from '../../src/probe/connect/request.ts';
import { createContext } from '../../src/probe/context.ts';
import type { ConnectEvent, ConnectResult, SendEvent, SendResult } from '../../src/probe/events.ts';
import { SEND_DEFAULTS } from '../../src/probe/send/request.ts';
import { send } from '../../src/probe/send/send.ts';
import { ACK, SYN } from '../../src/wire/flags.ts';
import { ipv4Header } from '../../src/wire/ipv4.ts';
import { decodePacket, encodePacket } from '../../src/wire/packet.ts';
import { seqAdd } from '../../src/wire/seq.ts';
import { tcpSegment } from '../../src/wire/tcp.ts';

const A = 0x0a000001;
const B = 0x0a000002;
/** There and back. */
const WIRE_US = 200;

interface Kernel {
  /** How long a segment waits before it leaves, such as for the neighbour's address. */
  queuedUs?: number;
  /** It says when segments leave. */
  stamps?: boolean;
  /** When the wall clock is stepped. */
  stepAtUs?: number;
}

/** A host whose kernel stamps, on a wire to one whose port is open. */
function host({ queuedUs = 0, stamps = true, stepAtUs = Number.POSITIVE_INFINITY }: Kernel): { clock: VirtualClock; network: Network } {
  const clock = new VirtualClock();
  const wire = new MemoryWire(clock);
  const inner = wire.host(A);
  wire.attach(B, (datagram) => {
    const { tcp } = decodePacket(datagram);
    if (tcp?.flags !== SYN) return;
    const { sourcePort: destinationPort, destinationPort: sourcePort, seq } = tcp;
    const answer = tcpSegment({ sourcePort, destinationPort, flags: SYN | ACK, seq: 0xffff_fff0, ack: seqAdd(seq, 1), window: 1000 });
    wire.send(encodePacket({ ip: ipv4Header({ source: B, destination: A }), tcp: answer }));
  });
  const steps = (atUs: number): number => (atUs >= stepAtUs ? 1 : 0);
  const stamping = (port: Port): Port => {
    const next = port.next.bind(port);
    const transmit = port.send.bind(port);
    return Object.assign(port, {
      send(datagram: Uint8Array): Departure {
        const handedOverAtUs = clock.nowUs();
        const leavesAtUs = handedOverAtUs + queuedUs;
        if (queuedUs === 0) transmit(datagram);
        else clock.setTimer(leavesAtUs, () => transmit(datagram));
        const isStamped = (): boolean => stamps && clock.nowUs() >= leavesAtUs;
        return {
          handedOverAtUs,
          wallSteps: steps(leavesAtUs),
          get pending() {
            return !isStamped();
          },
          get stamped() {
            return isStamped();
          },
          get atUs() {
            return isStamped() ? leavesAtUs : handedOverAtUs;
          },
        };
      },
      async next(deadlineUs: number) {
        const arrival = await next(deadlineUs);
        return arrival && { ...arrival, stamped: true, wallSteps: steps(arrival.atUs) };
      },
    });
  };
  const network: Network = Object.assign(Object.create(inner) as Network, {
    clock,
    clockSources: { transmit: 'user', receive: 'kernel' } as const,
    openPort: (request: Parameters<Network['openPort']>[0]) => stamping(inner.openPort(request)),
  });
  return { clock, network };
}

const target = { host: 'peer', address: B, port: 80 };

const engines = {
  connect: (network: Network) =>
    connect({ ...CONNECT_DEFAULTS, ...target, synOptions: { preset: 'none' }, close: 'reset', idleMs: 0 }, createContext(network, 1)),
  send: (network: Network) => send({ ...SEND_DEFAULTS, ...target, variants: [{ spec: {} }], cleanup: false }, createContext(network, 1)),
};

describe.each(['connect', 'send'] as const)('the times of %s', (name) => {
  async function run(kernel: Kernel) {
    const { clock, network } = host(kernel);
    const events: (ConnectEvent | SendEvent)[] = [];
    const collect = async () => {
      for await (const event of engines[name](network)) events.push(event);
    };
    await clock.run(collect());
    const result = events.at(-1) as ConnectResult | SendResult;
    const segments = events.filter((event) => event.type === 'segment');
    return {
      start: events.find((event) => event.type === 'start'),
      sent: segments.find(({ direction }) => direction === 'sent'),
      heard: segments.find(({ direction }) => direction === 'received'),
      notes: events.filter((event) => event.type === 'note').map(({ code }) => code),
      result,
    };
  }

  it('begin when the first segment has left', async () => {
    const { start, sent, heard, result } = await run({ queuedUs: 30_000 });
    expect(start).toMatchObject({ clock: { transmit: 'kernel', receive: 'kernel' }, startedAtNs: 30_000_000n });
    expect(sent).toMatchObject({ atUs: 0, clock: undefined });
    expect(heard).toMatchObject({ atUs: WIRE_US, clock: undefined });
    expect(result).toMatchObject({ verdict: 'open', rttUs: WIRE_US, rttClock: 'kernel' });
  });

  it('are told before a stamp that takes too long, which still counts', async () => {
    const { start, sent, heard, result } = await run({ queuedUs: 500_000 });
    expect(start).toMatchObject({ clock: { transmit: 'user' }, startedAtNs: 0n });
    expect(sent).toMatchObject({ atUs: 0, clock: undefined });
    expect(heard?.atUs).toBe(500_000 + WIRE_US);
    expect(result).toMatchObject({ rttUs: WIRE_US, rttClock: 'kernel' });
  });

  it('are those of this process where no stamp comes', async () => {
    const { start, heard, result } = await run({ stamps: false });
    expect(start?.clock).toEqual({ transmit: 'user', receive: 'kernel' });
    expect(heard?.atUs).toBe(WIRE_US);
    expect(result).toMatchObject({ rttUs: WIRE_US, rttClock: 'user' });
  });

  it('are marked where the wall clock was stepped meanwhile', async () => {
    const { notes, result } = await run({ stepAtUs: 100 });
    expect(result).toMatchObject({ rttUs: WIRE_US, rttClock: 'stepped' });
    expect(notes).toContain('clock-stepped');
  });

  it('are not marked where it was stepped before', async () => {
    const { notes, result } = await run({ stepAtUs: 0 });
    expect(result).toMatchObject({ rttUs: WIRE_US, rttClock: 'kernel' });
    expect(notes).not.toContain('clock-stepped');
  });
});
