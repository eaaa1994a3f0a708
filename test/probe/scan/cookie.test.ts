/** The hash that answers must prove, and what counts as proof. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../../src/net/random.ts';
import type { Question } from '../../../src/probe/answer.ts';
import { blockCipher, drawKey } from '../../../src/probe/block-cipher.ts';
import { Cookies, proves } from '../../../src/probe/scan/cookie.ts';
import { ACK, FIN, PSH, RST, SYN, URG } from '../../../src/wire/flags.ts';
import { fromHex, toHex } from '../../../src/wire/hex.ts';
import { seqAdd } from '../../../src/wire/seq.ts';
import { seq, u16, u32 } from '../../wire/arbitraries.ts';

const tuple = fc.tuple(u32, u16, u32, u16);

describe('the cipher', () => {
  it('is AES-128, block by block: the example of FIPS 197, appendix C.1', () => {
    const encipher = blockCipher(fromHex('000102030405060708090a0b0c0d0e0f'));
    const plain = '00112233445566778899aabbccddeeff';
    const enciphered = '69c4e0d86a7b0430d8cdb78070b4c55a';
    expect(toHex(encipher(fromHex(plain)))).toBe(enciphered);
    // Nothing of the first call is left over in the second.
    expect(toHex(encipher(fromHex(plain + plain)))).toBe(enciphered + enciphered);
  });
});

describe('the hash of a four-tuple', () => {
  it('is the first word of its block, enciphered: of zeros the first of NIST AESAVS, appendix E (VarKey)', () => {
    expect(new Cookies(fromHex('80000000000000000000000000000000')).of(0, 0, 0, 0)).toBe(0x0edd33d3);
  });

  it('is the same in a batch of any size, at any place, again and again', () => {
    const cookies = new Cookies(drawKey(seededRandom(1)), 20);
    fc.assert(
      fc.property(fc.array(tuple, { minLength: 1, maxLength: 20 }), (tuples) => {
        for (const [i, one] of tuples.entries()) cookies.put(i, ...one);
        const hashes = new Uint32Array(tuples.length);
        cookies.hash(tuples.length, hashes);
        expect([...hashes]).toEqual(tuples.map((one) => cookies.of(...one)));
      }),
    );
  });

  it('is another one for another tuple, and for another key', () => {
    const [cookies, others] = [new Cookies(drawKey(seededRandom(1))), new Cookies(drawKey(seededRandom(2)))];
    const one = [0x0a000001, 40_000, 0x0a000002, 80] as const;
    const changed = one.map((_, field) =>
      cookies.of(...(one.map((value, i) => (i === field ? value + 1 : value)) as [number, number, number, number])),
    );
    const swapped = cookies.of(one[2], one[3], one[0], one[1]);
    expect(new Set([cookies.of(...one), ...changed, swapped, others.of(...one)]).size).toBe(7);
  });

  it('sets each bit half the time', () => {
    const cookies = new Cookies(drawKey(seededRandom(3)));
    const counts = new Array<number>(32).fill(0);
    const TUPLES = 20_000;
    for (let i = 0; i < TUPLES; i++) {
      const hash = cookies.of(0x0a000001, 40_000, 0x0a000000 + (i >> 8), i & 0xff);
      for (let bit = 0; bit < 32; bit++) if ((hash >>> bit) & 1) counts[bit]++;
    }
    // Six standard deviations.
    for (const count of counts) expect(Math.abs(count - TUPLES / 2)).toBeLessThan(6 * Math.sqrt(TUPLES / 4));
  });
});

const asks = (flags: number, seq: number, length: number, ack = seq): Question => ({ flags, seq, ack, end: seqAdd(seq, length) });
const says = (flags: number, seq: number, ack: number) => ({ flags, seq, ack });

describe('an answer', () => {
  it('to a SYN: SYN+ACK or RST with ACK of the next number only', () => {
    fc.assert(
      fc.property(seq, u32, seq, (cookie, theirs, other) => {
        const syn = asks(SYN, cookie, 1);
        const next = seqAdd(cookie, 1);
        expect(proves(syn, says(SYN | ACK, theirs, next))).toBe(true);
        expect(proves(syn, says(SYN | ACK, theirs, cookie))).toBe(false);
        expect(proves(syn, says(SYN | ACK, theirs, other))).toBe(other === next);
        expect(proves(syn, says(RST | ACK, theirs, next))).toBe(true);
        expect(proves(syn, says(RST | ACK, theirs, cookie))).toBe(false);
        expect(proves(syn, says(RST | ACK, theirs, other))).toBe(other === next);
        expect(proves(syn, says(RST | ACK, theirs, seqAdd(cookie, 2)))).toBe(false);
        expect(proves(syn, says(RST | ACK, theirs, seqAdd(cookie, -1)))).toBe(false);
      }),
    );
  });

  it('to a probe with ACK: RST from where that acknowledged', () => {
    fc.assert(
      fc.property(seq, seq, (cookie, other) => {
        for (const flags of [ACK, FIN | ACK]) {
          const probe = asks(flags, cookie, flags & FIN ? 1 : 0);
          expect(proves(probe, says(RST, cookie, 0))).toBe(true);
          expect(proves(probe, says(RST, other, 0))).toBe(other === cookie);
          expect(proves(probe, says(RST | ACK, seqAdd(cookie, 7), probe.end))).toBe(true);
        }
      }),
    );
  });

  it('to FIN, NULL and Xmas: RST that acknowledges what they are', () => {
    for (const [flags, length] of [
      [FIN, 1],
      [0, 0],
      [FIN | PSH | URG, 1],
    ] as const) {
      expect(proves(asks(flags, 0xffffffff, length), says(RST | ACK, 0, seqAdd(0xffffffff, length)))).toBe(true);
      // Some hosts do not count the FIN.
      expect(proves(asks(flags, 0xffffffff, length), says(RST | ACK, 0, 0xffffffff))).toBe(true);
      expect(proves(asks(flags, 0xffffffff, length), says(RST | ACK, 0, seqAdd(0xffffffff, length + 1)))).toBe(false);
      // The probe had no acknowledgment that a RST could take its number from.
      expect(proves(asks(flags, 5, length), says(RST, 5, 0))).toBe(false);
    }
  });

  it('to a SYN with data: SYN+ACK or RST of the SYN, or of all', () => {
    const probe = asks(SYN, 100, 11);
    for (const flags of [SYN | ACK, RST | ACK])
      expect([100, 101, 105, 111, 112].map((ack) => proves(probe, says(flags, 0, ack)))).toEqual([false, true, false, true, false]);
  });

  it('is nothing that proves nothing: an ACK that challenges, a SYN of their own, data, a bare RST', () => {
    const syn = asks(SYN, 100, 1);
    for (const flags of [ACK, PSH | ACK, FIN | ACK, SYN, FIN, RST, 0])
      expect(proves(syn, says(flags, 100, 101)), String(flags)).toBe(false);
  });
});
