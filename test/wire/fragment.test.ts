import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fragment } from '../../src/wire/fragment.ts';
import { type Ipv4Header, ipv4Header, withIdentification } from '../../src/wire/ipv4.ts';
import { decodePacket, encodePacket, verifyIpv4Checksum } from '../../src/wire/packet.ts';
import { bytes } from './arbitraries.ts';
import { hex } from './vectors/vector.ts';

const datagram = (payload: Uint8Array, fields: Partial<Ipv4Header> = {}): Uint8Array =>
  encodePacket({ ip: ipv4Header({ source: 1, destination: 2, id: 7, ...fields }), payload });

/** The parts put together where their offsets say. */
function reassembled(fragments: readonly Uint8Array[]): Uint8Array {
  const parts = fragments.map((one) => decodePacket(one));
  const last = parts.at(-1);
  const whole = new Uint8Array((last?.ip.fragmentOffset ?? 0) * 8 + (last?.payload?.length ?? 0));
  for (const { ip, payload } of parts) whole.set(payload as Uint8Array, ip.fragmentOffset * 8);
  return whole;
}

describe('fragment', () => {
  it('cuts into pieces that make the whole again', () => {
    fc.assert(
      fc.property(bytes(9, 400), fc.integer({ min: 1, max: 20 }), (payload, units) => {
        const fragments = fragment(datagram(payload, { protocol: 253 }), units * 8);
        fc.pre(fragments.length > 1);
        expect(reassembled(fragments)).toEqual(payload);
        fragments.forEach((one, i) => {
          const { ip, payload: piece } = decodePacket(one);
          expect(ip).toMatchObject({ id: 7, totalLength: one.length, moreFragments: i < fragments.length - 1, protocol: 253 });
          expect(piece?.length).toBe(i < fragments.length - 1 ? units * 8 : payload.length - i * units * 8);
          expect(verifyIpv4Checksum(one)).toBe('correct');
        });
      }),
    );
  });

  it('leaves a datagram whole that fits, and one without payload', () => {
    for (const payload of [hex('0102'), hex('')]) {
      const [only, ...others] = fragment(datagram(payload, { protocol: 253 }), 8);
      expect(others).toEqual([]);
      expect(decodePacket(only as Uint8Array).ip).toMatchObject({ moreFragments: false, fragmentOffset: 0 });
    }
  });

  it('keeps "don\'t fragment" as it was: a crafted segment may contradict itself', () => {
    for (const dontFragment of [true, false]) {
      for (const one of fragment(datagram(new Uint8Array(20), { dontFragment }), 8))
        expect(decodePacket(one).ip.dontFragment).toBe(dontFragment);
    }
  });

  it('cuts a fragment into smaller ones, in its place', () => {
    const parts = fragment(datagram(new Uint8Array(20), { moreFragments: true, fragmentOffset: 100 }), 8).map(
      (one) => decodePacket(one).ip,
    );
    expect(parts.map(({ fragmentOffset, moreFragments }) => [fragmentOffset, moreFragments])).toEqual([
      [100, true],
      [101, true],
      [102, true],
    ]);
  });

  it('repeats only those options that say so (RFC 791 §3.1)', () => {
    // Loose source route (copied), no-operation, record route (not copied).
    const options = hex('8307040000000001 07070400000000 00');
    const [first, second] = fragment(datagram(new Uint8Array(16), { options }), 8).map((one) => decodePacket(one).ip.options);
    expect(first).toEqual(options);
    expect(second).toEqual(hex('8307040000000000'));
  });

  it('copies no option from the first on whose length makes no sense', () => {
    for (const digits of ['8201 8304 0000 0000', '82ff 0000', '8200 0000']) {
      const [, second] = fragment(datagram(new Uint8Array(16), { options: hex(digits) }), 8);
      expect(decodePacket(second as Uint8Array).ip.options).toEqual(new Uint8Array(0));
    }
  });

  it.each([0, 4, 12, -8])('refuses a size of %i', (size) => {
    expect(() => fragment(datagram(new Uint8Array(16)), size)).toThrow(`fragment size: ${size} is not a multiple of 8`);
  });

  it('refuses to go past the last offset there is', () => {
    expect(() => fragment(datagram(new Uint8Array(16), { fragmentOffset: 8191 }), 8)).toThrow('IPv4 fragment offset: 8192');
  });
});

it('withIdentification changes it and the checksum, nothing else, in a copy', () => {
  const given = datagram(hex('0102030405'), { options: hex('01010101') });
  const before = given.slice();
  const changed = withIdentification(given, 0xfffe);
  expect(given).toEqual(before);
  expect(changed).toEqual(datagram(hex('0102030405'), { options: hex('01010101'), id: 0xfffe }));
});
