import { describe, expect, it } from 'vitest';
import { chance, randomBelow, seededRandom, systemRandom } from '../../src/net/random.ts';

describe.each([
  ['systemRandom', systemRandom],
  ['seededRandom', () => seededRandom(12)],
])('%s', (_name, create) => {
  it('gives numbers of 32 bits, each bit set half the time', () => {
    const random = create();
    const set = new Array<number>(32).fill(0);
    const count = 20_000;
    for (let i = 0; i < count; i++) {
      const number = random.uint32();
      expect(Number.isInteger(number) && number >= 0 && number < 2 ** 32).toBe(true);
      for (let bit = 0; bit < 32; bit++) set[bit] = (set[bit] as number) + ((number >>> bit) & 1);
    }
    // Seven standard deviations.
    for (const times of set) expect(Math.abs(times - count / 2)).toBeLessThan(500);
  });

  it('does not repeat itself', () => {
    const random = create();
    expect(new Set(Array.from({ length: 5000 }, () => random.uint32())).size).toBeGreaterThan(4990);
  });
});

describe('seededRandom', () => {
  const numbers = (seed: number) => {
    const random = seededRandom(seed);
    return Array.from({ length: 100 }, () => random.uint32());
  };

  it('repeats itself for the same seed, and for no other, not even the next', () => {
    expect(numbers(5)).toEqual(numbers(5));
    const others = new Set(numbers(6));
    expect(numbers(5).filter((number) => others.has(number))).toEqual([]);
    expect(numbers(-1)).toEqual(numbers(0xffff_ffff));
  });
});

describe('choices', () => {
  it('randomBelow gives each of the numbers below the limit', () => {
    const random = seededRandom(1);
    const seen = new Set(Array.from({ length: 1000 }, () => randomBelow(random, 7)));
    expect([...seen].sort()).toEqual([0, 1, 2, 3, 4, 5, 6]);
    expect(randomBelow({ uint32: () => 2 ** 32 - 1 }, 10)).toBe(9);
    expect(randomBelow({ uint32: () => 2 ** 32 - 1 }, 2 ** 32)).toBe(2 ** 32 - 1);
  });

  it('chance is never at 0 and always at 1', () => {
    expect(chance({ uint32: () => 0 }, 0)).toBe(false);
    expect(chance({ uint32: () => 2 ** 32 - 1 }, 1)).toBe(true);
    const random = seededRandom(2);
    const hits = Array.from({ length: 10_000 }, () => chance(random, 0.3)).filter(Boolean).length;
    expect(hits / 10_000).toBeCloseTo(0.3, 1);
  });
});
