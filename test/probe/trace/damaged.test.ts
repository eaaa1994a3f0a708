/** ICMP errors that are cut off, garbled or about somebody else's segments: nothing crashes, and nothing of them counts. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseIpv4 } from '../../../src/wire/address.ts';
import { decodeIpv4Header, ipv4Header, PROTOCOL_ICMP } from '../../../src/wire/ipv4.ts';
import { encodePacket } from '../../../src/wire/packet.ts';
import { CLIENT, type SimulatedPath, Simulation } from '../../support/simulated-path.ts';

const LIAR = '10.66.6.6';
const ROUTERS = ['10.0.1.1', '10.0.2.1', '10.0.3.1'];
const PATH: SimulatedPath = {
  about: '',
  hops: ROUTERS.map((address) => ({ address, delayMs: 5 })),
  destination: { port: 'closed', delayMs: 5 },
  expect: { verdict: 'closed', reason: 'rst', hops: 4 },
};
/** Where the identification and the sequence number lie in a probe. */
const [ID, SEQ] = [4, 24];

interface Damage {
  type: number;
  code: number;
  rest: number;
  /** Of the quote, which byte becomes what. */
  quote: [number, number][];
  /** The same of the whole datagram behind the addresses; its checksum is wrong then. */
  whole: [number, number][];
  /** Bytes that are left of the quote, and of the whole. */
  quoteLength: number;
  length: number;
}

const byte = fc.nat(255);
const damage: fc.Arbitrary<Damage> = fc.record({
  type: fc.constantFrom(3, 11, 11, 12, 5),
  code: fc.nat(16),
  rest: fc.constantFrom(0, 32 << 16, 5 << 16, 0xffffffff),
  quote: fc.array(fc.tuple(fc.nat(60), byte), { maxLength: 3 }),
  whole: fc.oneof(
    { weight: 3, arbitrary: fc.constant<[number, number][]>([]) },
    fc.array(fc.tuple(fc.integer({ min: 20, max: 90 }), byte), { maxLength: 2 }),
  ),
  quoteLength: fc.oneof(fc.constant(60), fc.nat(60)),
  length: fc.oneof(fc.constant(200), fc.nat(100)),
});

/** An ICMP error about a probe that nobody sent: its numbers are another's, whatever else is right. */
function damaged(probe: Uint8Array, { type, code, rest, quote, whole, quoteLength, length }: Damage): Uint8Array {
  const body = Uint8Array.from(probe);
  for (const [at, value] of quote) if (at < body.length) body[at] = value;
  for (const at of [ID, SEQ]) body[at] = (probe[at] as number) ^ 0x5a;
  const ip = ipv4Header({ source: parseIpv4(LIAR) as number, destination: CLIENT, protocol: PROTOCOL_ICMP });
  const datagram = encodePacket({ ip, icmp: { type, code, rest, body: body.subarray(0, quoteLength) } });
  for (const [at, value] of whole) if (at < datagram.length) datagram[at] = value;
  return datagram.subarray(0, Math.max(20, length));
}

describe('damaged ICMP errors', () => {
  it('change nothing of what is told', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(damage, { minLength: 1, maxLength: 8 }), async (all) => {
        const simulation = new Simulation(PATH);
        simulation.wire.taps.push((datagram) => {
          const probe = Uint8Array.from(datagram);
          if (decodeIpv4Header(probe).source !== CLIENT) return;
          for (const one of all) simulation.wire.send(damaged(probe, one));
        });
        const { hops, result } = await simulation.trace({ probes: 2, maxTtl: 6 });
        expect(hops.map(({ answerers }) => answerers.map(({ address }) => address))).toStrictEqual(
          [...ROUTERS, '10.9.9.9'].map((address) => [address]),
        );
        expect(hops.flatMap(({ changes, remarks }) => [...changes, ...remarks])).toStrictEqual([]);
        expect(result).toMatchObject({ verdict: 'closed', hops: 4 });
        expect(result.received).toBe(result.sent);
      }),
      { numRuns: 40 },
    );
  });
});
