import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fold, internetChecksum, isChecksumRight, pseudoHeaderSum, sumWords, verifyChecksum } from '../../src/wire/checksum.ts';
import { TCP_CHECKSUM_OFFSET } from '../../src/wire/tcp.ts';
import { byte, bytes, u32 } from './arbitraries.ts';

const RUNS = { numRuns: 500 };

/** RFC 1071 §1 to the letter: one word at a time, end-around carry at once. */
function naive(some: Uint8Array): number {
  let sum = 0;
  for (let i = 0; i < some.length; i += 2) {
    sum += some[i] * 256 + (some[i + 1] ?? 0);
    if (sum >= 0x10000) sum -= 0xffff;
  }
  return 0xffff - sum;
}

/** The pseudo-header as bytes (RFC 9293 §3.1). */
function pseudoHeader(source: number, destination: number, protocol: number, length: number): Uint8Array {
  const header = new DataView(new ArrayBuffer(12));
  header.setUint32(0, source);
  header.setUint32(4, destination);
  header.setUint8(9, protocol);
  header.setUint16(10, length);
  return new Uint8Array(header.buffer);
}

describe('the Internet checksum', () => {
  it('is that of the example in RFC 1071 §3', () => {
    const example = Uint8Array.of(0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7);
    expect(sumWords(example, 0, example.length)).toBe(0x2ddf0);
    expect(fold(0x2ddf0)).toBe(0xddf2);
    expect(internetChecksum(example)).toBe(0x220d);
  });

  it('equals the naive one, also for odd lengths and from odd offsets', () => {
    fc.assert(
      fc.property(bytes(0, 200), fc.nat(9), fc.nat(9), (some, before, after) => {
        const start = Math.min(before, some.length);
        const end = Math.max(start, some.length - after);
        expect(internetChecksum(some, start, end)).toBe(naive(some.subarray(start, end)));
      }),
      RUNS,
    );
  });

  it('may be summed in parts, cut at any even place', () => {
    fc.assert(
      fc.property(bytes(0, 200), fc.nat(100), (some, half) => {
        const cut = Math.min(half * 2, some.length & ~1);
        expect(internetChecksum(some, cut, some.length, sumWords(some, 0, cut))).toBe(internetChecksum(some));
      }),
      RUNS,
    );
  });

  it('is zero over bytes that hold their own checksum', () => {
    fc.assert(
      fc.property(bytes(2, 200), (some) => {
        some.set([0, 0]);
        const checksum = internetChecksum(some);
        some.set([checksum >> 8, checksum & 0xff]);
        expect(internetChecksum(some)).toBe(0);
      }),
      RUNS,
    );
  });

  it('of a pseudo-header is that of its bytes', () => {
    fc.assert(
      fc.property(u32, u32, byte, fc.nat(0xffff), (source, destination, protocol, length) => {
        expect(fold(pseudoHeaderSum(source, destination, protocol, length))).toBe(
          0xffff - naive(pseudoHeader(source, destination, protocol, length)),
        );
      }),
      RUNS,
    );
  });

  it('does not lose carries over the largest datagram', () => {
    expect(internetChecksum(new Uint8Array(65535).fill(0xff))).toBe(naive(new Uint8Array(65535).fill(0xff)));
    expect(fold(0xffffffff * 0x8000)).toBe(0xffff);
  });
});

describe('verifyChecksum', () => {
  /** A segment with the checksum field set to what `checksum` makes of the sum of all the rest. */
  const sealed = fc.record({ segment: bytes(20, 120), source: u32, destination: u32 }).map(({ segment, source, destination }) => {
    segment.set([0, 0], TCP_CHECKSUM_OFFSET);
    const pseudo = pseudoHeader(source, destination, 6, segment.length);
    return { segment, source, destination, correct: naive(Uint8Array.of(...pseudo, ...segment)), partial: 0xffff - naive(pseudo) };
  });
  type Sealed = typeof sealed extends fc.Arbitrary<infer T> ? T : never;
  function verdict({ segment, source, destination }: Sealed, checksum: number): string {
    segment.set([checksum >> 8, checksum & 0xff], TCP_CHECKSUM_OFFSET);
    const said = verifyChecksum(segment, TCP_CHECKSUM_OFFSET, source, destination, 6);
    expect(isChecksumRight(segment, TCP_CHECKSUM_OFFSET, source, destination, 6)).toBe(said !== 'wrong');
    return said;
  }

  it('knows a correct one, and one that a network card was to complete', () => {
    fc.assert(
      fc.property(sealed, (one) => {
        expect(verdict(one, one.correct)).toBe('correct');
        if (one.correct !== one.partial) expect(verdict(one, one.partial)).toBe('partial');
      }),
      RUNS,
    );
  });

  it('calls one that is both correct: one in 65,536 is', () => {
    const segment = new Uint8Array(20);
    // The pseudo-header of 0.0.0.0 to 0.0.0.0 sums up to 26, and so does the rest to the complement of twice that.
    segment.set([0xff, 0xff - 2 * 26]);
    segment.set([0, 26], TCP_CHECKSUM_OFFSET);
    expect(verifyChecksum(segment, TCP_CHECKSUM_OFFSET, 0, 0, 6)).toBe('correct');
  });

  it('calls every other one wrong', () => {
    fc.assert(
      fc.property(sealed, fc.integer({ min: 1, max: 0xfffe }), (one, off) => {
        const checksum = (one.correct + off) % 0xffff;
        fc.pre(checksum !== one.partial);
        expect(verdict(one, checksum)).toBe('wrong');
      }),
      RUNS,
    );
  });

  it('notices any one bit that changed', () => {
    fc.assert(
      fc.property(sealed, fc.nat(), (one, bit) => {
        verdict(one, one.correct);
        one.segment[(bit >> 3) % one.segment.length] ^= 1 << (bit & 7);
        const checksum = (one.segment[16] << 8) | one.segment[17];
        fc.pre(checksum !== one.partial);
        expect(verdict(one, checksum)).toBe('wrong');
      }),
      RUNS,
    );
  });

  it('takes 0xffff for 0x0000, which is the same number in ones complement', () => {
    const segment = new Uint8Array(20);
    // The pseudo-header of 0.0.0.0 to 0.0.0.0 sums up to 26: these two bytes make it 0xffff.
    segment.set([0xff, 0xff - 26]);
    expect(verifyChecksum(segment, TCP_CHECKSUM_OFFSET, 0, 0, 6)).toBe('correct');
    segment.set([0xff, 0xff], TCP_CHECKSUM_OFFSET);
    expect(verifyChecksum(segment, TCP_CHECKSUM_OFFSET, 0, 0, 6)).toBe('correct');
  });
});
