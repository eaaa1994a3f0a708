/** Initial sequence numbers: RFC 6528. */
import { describe, expect, it } from 'vitest';
import { type FourTuple, generateIss } from '../../src/tcp/iss.ts';
import { seqDiff } from '../../src/wire/seq.ts';

const TUPLE: FourTuple = { localAddress: 0x0a000001, localPort: 49_152, remoteAddress: 0x0a000002, remotePort: 80 };

/** FNV-1a: tells tuples apart, no secret. */
const hash = (block: Uint8Array): number => block.reduce((h, byte) => Math.imul(h ^ byte, 0x01000193) >>> 0, 0x811c9dc5);

describe('generateIss', () => {
  it('grows by one each 4 µs for the same four-tuple, across the wrap', () => {
    const at = (us: number) => generateIss(TUPLE, us, hash);
    const first = at(1_000_000);
    expect(at(1_000_003)).toBe(first);
    expect(seqDiff(at(1_000_004), first)).toBe(1);
    expect(seqDiff(at(2_000_000), first)).toBe(250_000);
    // It comes round after 4.77 hours.
    expect(at(1_000_000 + 4 * 2 ** 32)).toBe(first);
    for (let us = 0; us < 4 * 2 ** 32; us += 1_000_000_000) {
      expect(Number.isInteger(at(us)) && at(us) >= 0 && at(us) < 2 ** 32).toBe(true);
    }
  });

  it('depends on each part of the four-tuple', () => {
    const others: FourTuple[] = [
      { ...TUPLE, localAddress: 0x0a000003 },
      { ...TUPLE, localPort: 49_153 },
      { ...TUPLE, remoteAddress: 0x0b000002 },
      { ...TUPLE, remotePort: 81 },
      { localAddress: TUPLE.remoteAddress, localPort: TUPLE.remotePort, remoteAddress: TUPLE.localAddress, remotePort: TUPLE.localPort },
    ];
    const numbers = new Set([TUPLE, ...others].map((tuple) => generateIss(tuple, 0, hash)));
    expect(numbers.size).toBe(6);
  });

  it('gives the hash sixteen bytes', () => {
    let length = 0;
    generateIss(TUPLE, 0, (block) => {
      length = block.length;
      return 0;
    });
    expect(length).toBe(16);
  });
});
