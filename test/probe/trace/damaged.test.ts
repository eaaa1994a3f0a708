/** Routers whose answers are cut off, or lie: nothing crashes, and nothing counts that is not about a probe of ours. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ICMP_TIME_EXCEEDED } from '../../../src/wire/icmp.ts';
import { type Ipv4Header, ipv4Header, PROTOCOL_ICMP } from '../../../src/wire/ipv4.ts';
import { decodePacket, encodePacket } from '../../../src/wire/packet.ts';
import { seqAdd } from '../../../src/wire/seq.ts';
import type { TcpSegment } from '../../../src/wire/tcp.ts';
import { CLIENT, type SimulatedPath, Simulation } from '../../support/simulated-path.ts';

const LIAR = 0x0afe0001;
/** Two routers that answer nothing: whatever is heard of these distances is a lie, or damaged. */
const PATH: SimulatedPath = {
  about: '',
  hops: [1, 2].map((n) => ({ address: `10.0.${n}.1`, delayMs: 5, answers: '.' })),
  destination: { port: 'closed', delayMs: 5 },
  expect: { verdict: 'closed', reason: 'rst', hops: 3 },
};

/** @param lie makes the body of an ICMP error of the datagram of each probe with a TTL of 1; undefined: none */
async function lied(
  lie: (datagram: Uint8Array) => Uint8Array | undefined,
  icmp: Partial<{ type: number; code: number; rest: number }> = {},
) {
  const simulation = new Simulation(PATH);
  simulation.wire.taps.push((datagram) => {
    const { ip } = decodePacket(datagram);
    if (ip.source !== CLIENT || ip.ttl !== 1) return;
    const body = lie(datagram);
    if (body === undefined) return;
    const header = ipv4Header({ source: LIAR, destination: CLIENT, protocol: PROTOCOL_ICMP });
    const message = { type: ICMP_TIME_EXCEEDED, code: 0, rest: 0, ...icmp, body };
    simulation.wire.send(encodePacket({ ip: header, icmp: message }));
  });
  return simulation.trace({ probes: 1 });
}

interface Fields {
  ip?: Partial<Ipv4Header>;
  tcp?: Partial<TcpSegment>;
}

/** The datagram with some other fields. */
function altered(datagram: Uint8Array, change: (ip: Ipv4Header, tcp: TcpSegment) => Fields): Uint8Array {
  const { ip, tcp } = decodePacket(datagram.slice());
  const segment = tcp as TcpSegment;
  const other = change(ip, segment);
  return encodePacket({ ip: { ...ip, checksum: undefined, ...other.ip }, tcp: { ...segment, ...other.tcp } });
}

describe('an ICMP error counts', () => {
  it.each<[string, (datagram: Uint8Array) => Uint8Array]>([
    ['with the whole datagram', (datagram) => datagram],
    ['with eight bytes of the segment', (datagram) => datagram.subarray(0, 28)],
    ['padded', (datagram) => Uint8Array.from([...datagram, ...new Uint8Array(40)])],
    ['with our address translated', (datagram) => altered(datagram, () => ({ ip: { source: 0xc0000201 } }))],
    ['with our port translated', (datagram) => altered(datagram, () => ({ tcp: { sourcePort: 1 } }))],
    ['with the destination translated', (datagram) => altered(datagram, () => ({ ip: { destination: 0xc0000201 } }))],
    [
      'with the sequence number rewritten, by its identification',
      (datagram) => altered(datagram, (_, { seq }) => ({ tcp: { seq: seqAdd(seq, 12345) } })),
    ],
  ])('%s', async (_, lie) => {
    const { hops, result } = await lied(lie);
    expect(hops[0]?.address).toBe('10.254.0.1');
    expect(result).toMatchObject({ verdict: 'closed', hops: 3 });
  });
});

describe('an ICMP error counts for nothing', () => {
  it.each<[string, (datagram: Uint8Array) => Uint8Array, object]>([
    ['without a quote', () => new Uint8Array(0), {}],
    ['with a part of the header', (datagram) => datagram.subarray(0, 19), {}],
    ['with the ports alone', (datagram) => datagram.subarray(0, 24), { malformed: 1 }],
    ['with seven bytes of the segment', (datagram) => datagram.subarray(0, 27), { malformed: 1 }],
    ['that quotes another protocol', (datagram) => altered(datagram, () => ({ ip: { protocol: 17 } })), {}],
    ['that quotes a later fragment', (datagram) => altered(datagram, () => ({ ip: { fragmentOffset: 1 } })), {}],
    [
      'whose quote has both ends translated',
      (datagram) => altered(datagram, () => ({ ip: { source: 0xc0000201, destination: 0xc0000202 } })),
      {},
    ],
    ['of another program, to the same port', (datagram) => altered(datagram, () => ({ tcp: { sourcePort: 1, seq: 1 } })), {}],
    [
      'that quotes what we never sent',
      (datagram) => altered(datagram, ({ id }, { seq }) => ({ ip: { id: id ^ 0x8000 }, tcp: { seq: seqAdd(seq, 1) } })),
      { icmp: 1 },
    ],
  ])('%s', async (_, lie, ignored) => {
    const { hops, result, events } = await lied(lie);
    expect(hops[0]).toMatchObject({ address: undefined, figures: { received: 0 } });
    // A silent hop is looked at twice.
    const twice = Object.fromEntries(Object.entries(ignored).map(([what, n]) => [what, 2 * (n as number)]));
    expect(result.ignored).toEqual(twice);
    expect(events.filter(({ type }) => type === 'note').length).toBe(Object.keys(ignored).length * 2);
  });
});

it('no bytes in place of a quote upset anything, or count', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(3, 11, 12),
      fc.nat(255),
      fc.nat(0xffffffff),
      fc.uint8Array({ maxLength: 200 }),
      async (type, code, rest, bytes) => {
        const { hops, result } = await lied(() => bytes, { type, code, rest });
        expect(hops.map(({ address }) => address)).toEqual([undefined, undefined, '10.9.9.9']);
        expect(result.verdict).toBe('closed');
      },
    ),
    { numRuns: 60 },
  );
});

it('no change of a quote upsets anything, and what counts has a number of ours', async () => {
  const change = fc.record({ at: fc.nat(90), bits: fc.integer({ min: 1, max: 255 }) });
  await fc.assert(
    fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 6 }), fc.nat(90), async (changes, length) => {
      let names = false;
      const { hops } = await lied((datagram) => {
        const quote = datagram.slice(0, length);
        for (const { at, bits } of changes) if (at < quote.length) quote[at] = (quote[at] as number) ^ bits;
        const isSeqOurs = quote.length >= 28 && quote.subarray(24, 28).every((byte, i) => byte === datagram[24 + i]);
        const isIdOurs = quote[4] === datagram[4] && quote[5] === datagram[5];
        names ||= isSeqOurs || isIdOurs || (quote[0] !== undefined && quote[0] !== 0x45);
        return quote;
      });
      if (hops[0]?.address !== undefined) expect(names).toBe(true);
    }),
    { numRuns: 60 },
  );
});

describe('a segment counts for nothing', () => {
  it.each<[string, (tcp: TcpSegment) => Partial<TcpSegment>]>([
    ['that acknowledges what was never sent', ({ ack }) => ({ ack: seqAdd(ack, 7), checksum: undefined })],
    ['whose checksum is wrong', ({ checksum }) => ({ checksum: (checksum as number) ^ 0x0f0f })],
  ])('%s', async (_, change) => {
    const simulation = new Simulation(PATH);
    const send = simulation.wire.send.bind(simulation.wire);
    simulation.wire.send = (datagram) => {
      const { ip, tcp } = decodePacket(datagram);
      send(ip.source === CLIENT || tcp === undefined ? datagram : altered(datagram, () => ({ tcp: change(tcp) })));
    };
    const { result } = await simulation.trace({ probes: 1, gap: 3, wait: { maxMs: 300, here: 3, near: 10 } });
    expect(result).toMatchObject({ verdict: 'filtered', reason: 'no-response', received: 0 });
    expect(Object.values(result.ignored)[0]).toBeGreaterThan(0);
  });
});
