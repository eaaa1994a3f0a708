import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { seqAdd, seqDiff, seqGt, seqGte, seqInWindow, seqLt, seqLte, seqMax, seqMin } from '../../src/wire/seq.ts';
import { seq, u32 } from './arbitraries.ts';

const HALF = 2 ** 31;
const RUNS = { numRuns: 500 };
/** Distances less than half the space, either way: those that have an order. */
const distance = fc.oneof(
  fc.integer({ min: -3, max: 3 }),
  fc.integer({ min: 1 - HALF, max: HALF - 1 }),
  fc.constantFrom(1 - HALF, HALF - 1),
);

describe('sequence arithmetic (RFC 9293 §3.4)', () => {
  it('crosses the wrap', () => {
    expect(seqAdd(0xffffffff, 1)).toBe(0);
    expect(seqAdd(0xfffffffe, 5)).toBe(3);
    expect(seqAdd(0, -1)).toBe(0xffffffff);
    expect(seqDiff(2, 0xfffffffe)).toBe(4);
    expect(seqDiff(0xfffffffe, 2)).toBe(-4);
    expect(seqLt(0xffffffff, 0)).toBe(true);
    expect(seqGt(0, 0xffffffff)).toBe(true);
    expect(seqMax(0xffffffff, 0)).toBe(0);
    expect(seqMin(0xffffffff, 0)).toBe(0xffffffff);
  });

  it('adds what the difference takes away, and stays within 32 bits', () => {
    fc.assert(
      fc.property(seq, distance, (a, n) => {
        const b = seqAdd(a, n);
        expect(b).toBe((((a + n) % 2 ** 32) + 2 ** 32) % 2 ** 32);
        expect(seqDiff(b, a)).toBe(n);
        expect(seqAdd(a, seqDiff(b, a))).toBe(b);
      }),
      RUNS,
    );
  });

  it('orders any two that are less than half the space apart', () => {
    fc.assert(
      fc.property(seq, distance, (a, n) => {
        const b = seqAdd(a, n);
        expect(seqLt(a, b)).toBe(n > 0);
        expect(seqLte(a, b)).toBe(n >= 0);
        expect(seqGt(a, b)).toBe(n < 0);
        expect(seqGte(a, b)).toBe(n <= 0);
        // Seen from the other side.
        expect(seqGt(b, a)).toBe(n > 0);
        expect(seqDiff(a, b) + seqDiff(b, a)).toBe(0);
        expect(seqMax(a, b)).toBe(n > 0 ? b : a);
        expect(seqMin(a, b)).toBe(n < 0 ? b : a);
      }),
      RUNS,
    );
  });

  it('gives -2^31 for half the space, from either side', () => {
    fc.assert(
      fc.property(seq, (a) => {
        expect(seqDiff(a, seqAdd(a, HALF))).toBe(-HALF);
        expect(seqDiff(seqAdd(a, HALF), a)).toBe(-HALF);
      }),
    );
  });

  it('does not change when both are moved by the same', () => {
    fc.assert(
      fc.property(seq, seq, u32, (a, b, n) => {
        expect(seqDiff(seqAdd(a, n), seqAdd(b, n))).toBe(seqDiff(a, b));
        expect(seqLt(seqAdd(a, n), seqAdd(b, n))).toBe(seqLt(a, b));
      }),
    );
  });
});

describe('seqInWindow', () => {
  it('holds nothing in a window of zero', () => {
    fc.assert(
      fc.property(seq, seq, (a, left) => {
        expect(seqInWindow(a, left, 0)).toBe(false);
        expect(seqInWindow(left, left, 0)).toBe(false);
      }),
    );
  });

  it('holds left =< n < left + size, across the wrap', () => {
    const size = fc.oneof(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 2 ** 30 }));
    fc.assert(
      fc.property(seq, size, fc.integer({ min: -4, max: 4 }), (left, size, n) => {
        expect(seqInWindow(seqAdd(left, n), left, size)).toBe(n >= 0 && n < size);
        expect(seqInWindow(seqAdd(left, size + n), left, size)).toBe(n < 0 && size + n >= 0);
      }),
      RUNS,
    );
  });
});
