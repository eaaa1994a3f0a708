/**
 * `connect` over bad wires, with somebody beside them who forges segments of the peer's and ICMP errors: each run drawn from a
 * seed, each ends in its time with one result that is true.
 */
import { expect, it } from 'vitest';
import { type Faults, NO_FAULTS } from '../../src/net/faults.ts';
import { MemoryWire, VirtualClock } from '../../src/net/memory.ts';
import { type Random, randomBelow, seededRandom } from '../../src/net/random.ts';
import { connect } from '../../src/probe/connect/connect.ts';
import { CONNECT_DEFAULTS, type ConnectRequest } from '../../src/probe/connect/request.ts';
import { createContext } from '../../src/probe/context.ts';
import type { CloseKind, ConnectEvent, ConnectResult } from '../../src/probe/events.ts';
import { toJson } from '../../src/report/json.ts';
import { DEFAULT_TCB_CONFIG } from '../../src/tcp/tcb.ts';
import { ACK, FIN, PSH, RST, URG } from '../../src/wire/flags.ts';
import { ipv4Header, PROTOCOL_ICMP } from '../../src/wire/ipv4.ts';
import { decodePacket, encodePacket, type Packet } from '../../src/wire/packet.ts';
import { seqAdd } from '../../src/wire/seq.ts';
import { type TcpSegment, tcpSegment } from '../../src/wire/tcp.ts';
import { misfit } from '../schema/validate.ts';
import { Host, type UserPlan } from '../support/tcp-host.ts';
import { PatternStream } from '../support/tcp-pattern.ts';

const US = 0x0a000001;
const PEER = 0x0a000002;
const ROUTER = 0x0a0000fe;
const PORT = 80;
/** Beyond any window. */
const FAR = 2 ** 30;
const SEEDS = 150;
const CLOSES: readonly CloseKind[] = ['active', 'passive', 'half', 'simultaneous', 'reset', 'none'];

const [ours, theirs] = [new PatternStream(1), new PatternStream(2)];

const oneOf = <T>(random: Random, ...choices: readonly T[]): T => choices[randomBelow(random, choices.length)] as T;

/** What no endpoint may take for the peer's: its numbers are far from all that there are. */
function forged(random: Random, { tcp }: Packet, datagram: Uint8Array): Uint8Array {
  const { sourcePort, seq, ack } = tcp as TcpSegment;
  const far = FAR + randomBelow(random, FAR);
  if (randomBelow(random, 3) === 0) {
    const quote = encodePacket({
      ip: ipv4Header({ source: US, destination: PEER }),
      tcp: { ...(tcp as TcpSegment), seq: seqAdd(seq, far) },
    });
    const body = oneOf(random, quote, quote.subarray(0, 28), datagram.subarray(0, 20 + randomBelow(random, 8)));
    const icmp = { type: oneOf(random, 3, 11, 12, 4, 5), code: randomBelow(random, 16), rest: randomBelow(random, 70_000), body };
    return encodePacket({ ip: ipv4Header({ source: ROUTER, destination: US, protocol: PROTOCOL_ICMP }), icmp });
  }
  const segment = tcpSegment({
    sourcePort: PORT,
    destinationPort: sourcePort,
    // With ACK: a bare SYN is half of a simultaneous open, whatever its number.
    flags: oneOf(random, RST, 0, FIN | PSH | URG) | ACK,
    seq: seqAdd(ack, far),
    ack: seqAdd(seq, far),
    urgent: randomBelow(random, 0x10000),
    payload: new Uint8Array(randomBelow(random, 100)),
  });
  return encodePacket({ ip: ipv4Header({ source: PEER, destination: US }), tcp: segment });
}

function draw(random: Random): { faults: Faults; plan: UserPlan; request: ConnectRequest; bytes: number } {
  const bytes = oneOf(random, 0, 10, 20_000);
  return {
    bytes,
    faults: {
      ...NO_FAULTS,
      ...{ loss: oneOf(random, 0, 0, 0.1), duplicate: oneOf(random, 0, 0.3), reorder: oneOf(random, 0, 0.3) },
      ...{ corrupt: oneOf(random, 0, 0.03), delayUs: oneOf(random, 50, 10_000, 400_000), jitterUs: oneOf(random, 0, 20_000) },
    },
    plan: {
      ...{ openAtUs: 0, passive: true, abortAtUs: undefined, mtu: undefined, lagUs: 0, deadlineUs: 3600e6 },
      writes: [{ bytes: oneOf(random, 0, 500, 50_000), afterUs: 0 }],
      close: { on: 'peer-fin', afterUs: oneOf(random, 0, 3e6), lateBytes: oneOf(random, 0, 100) },
      reader: oneOf(random, undefined, undefined, { everyUs: 1e12, bytes: 1 }),
    },
    request: {
      ...{ ...CONNECT_DEFAULTS, host: 'peer', address: PEER, port: PORT, data: [ours.bytes(0, bytes)] },
      ...{ close: oneOf(random, ...CLOSES), timeoutMs: oneOf(random, 1000, 5000), deadlineMs: oneOf(random, 3000, 60_000) },
    },
  };
}

async function run(seed: number): Promise<ConnectResult> {
  const random = seededRandom(seed);
  const { faults, plan, request, bytes } = draw(random);
  const clock = new VirtualClock();
  const wire = new MemoryWire(clock, faults, seed);
  const config = { ...DEFAULT_TCB_CONFIG, localPort: PORT, remotePort: 0, iss: 0xffff_fff0, synOptions: [], userTimeoutUs: 600e6 };
  new Host(wire, PEER, US, config, plan, theirs, ours);
  wire.taps.push((datagram) => {
    const packet = decodePacket(Uint8Array.from(datagram));
    if (packet.ip.source === US && randomBelow(random, 4) === 0) wire.send(forged(random, packet, Uint8Array.from(datagram)));
  });
  const events: ConnectEvent[] = [];
  const collect = async (): Promise<void> => {
    for await (const event of connect(request, createContext(wire.host(US), seed))) events.push(event);
  };
  await clock.run(collect());
  const result = events.at(-1) as ConnectResult;
  let received = 0;
  for (const [i, event] of events.entries()) {
    expect(event.type === 'start').toBe(i === 0);
    expect(event.type === 'result').toBe(i === events.length - 1);
    if ('atUs' in event) expect(event.atUs).toBeGreaterThanOrEqual(0);
    if (event.type === 'data') {
      expect(theirs.matches(received, event.payload)).toBe(true);
      received += event.payload.length;
    }
    const line = event.type === 'result' || i > 100 ? undefined : toJson(event);
    if (line !== undefined) expect(misfit(JSON.parse(line), 'connect')).toBe('');
  }
  expect(result.data).toMatchObject({ receivedBytes: received });
  expect(result.data.ackedBytes).toBeLessThanOrEqual(result.data.sentBytes);
  expect(result.data.sentBytes).toBeLessThanOrEqual(bytes);
  // The peer is there and resets nobody: what would end it else is a lie.
  expect(['open', 'filtered']).toContain(result.verdict);
  expect(result.reason).not.toMatch(/^icmp/);
  expect(result.ended).not.toBe('reset-by-peer');
  // After the deadline there are a second for the answer to our RST, and TIME-WAIT.
  expect(clock.nowUs()).toBeLessThanOrEqual((request.deadlineMs + 1000 + request.timeWaitMs) * 1000 + 1e6);
  return result;
}

it(`tells the truth of ${SEEDS} connections`, { timeout: 120_000 }, async () => {
  const results: ConnectResult[] = [];
  for (let seed = 0; seed < SEEDS; seed++) {
    try {
      results.push(await run(seed));
    } catch (error) {
      throw new Error(`seed ${seed}`, { cause: error });
    }
  }
  const closed = results.filter(({ verdict, ended, close }) => verdict === 'open' && ended === undefined && close.completed);
  expect(closed.length).toBeGreaterThan(SEEDS / 5);
  expect(results.filter(({ ignored }) => ignored['bad-ack'] || ignored['out-of-window'] || ignored['bad-rst']).length).toBeGreaterThan(
    SEEDS / 2,
  );
});
