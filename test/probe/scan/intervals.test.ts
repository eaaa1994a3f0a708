/** Sets of numbers as runs, against the same as plain sets. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Interval, IntervalSet } from '../../../src/probe/scan/intervals.ts';

const MOST = 300;
const interval = fc.tuple(fc.nat(MOST), fc.nat(MOST)).map(([a, b]): Interval => ({ first: Math.min(a, b), last: Math.max(a, b) }));
const short = fc.tuple(fc.nat(MOST), fc.nat(5)).map(([first, more]): Interval => ({ first, last: first + more }));
const intervals = fc.oneof(fc.array(interval, { maxLength: 4 }), fc.array(short, { maxLength: 40 }));

const plain = (some: readonly Interval[]): Set<number> =>
  new Set(some.flatMap(({ first, last }) => Array.from({ length: last - first + 1 }, (_, i) => first + i)));
const ascending = (values: Iterable<number>): number[] => [...values].sort((a, b) => a - b);
const members = (set: IntervalSet): number[] => Array.from({ length: set.count }, (_, i) => set.at(i));

describe('a set of intervals', () => {
  it('holds each number once, in ascending order', () => {
    fc.assert(
      fc.property(intervals, (some) => {
        expect(members(IntervalSet.of(some))).toEqual(ascending(plain(some)));
      }),
    );
  });

  it('knows where each number stands, and which it does not have', () => {
    fc.assert(
      fc.property(intervals, (some) => {
        const set = IntervalSet.of(some);
        const order = ascending(plain(some));
        for (let value = 0; value <= MOST + 6; value++) {
          const index = order.indexOf(value);
          expect(set.indexOf(value)).toBe(index < 0 ? undefined : index);
        }
      }),
    );
  });

  it('counts its numbers within an interval', () => {
    fc.assert(
      fc.property(intervals, interval, (some, within) => {
        const inside = [...plain(some)].filter((value) => value >= within.first && value <= within.last);
        expect(IntervalSet.of(some).countWithin(within)).toBe(inside.length);
      }),
    );
  });

  it('has as few runs as there can be', () => {
    fc.assert(
      fc.property(intervals, (some) => {
        const values = plain(some);
        const starts = [...values].filter((value) => !values.has(value - 1));
        expect([...IntervalSet.of(some)].map(({ first }) => first)).toEqual(ascending(starts));
      }),
    );
  });

  it('less another has what the other has not', () => {
    fc.assert(
      fc.property(intervals, intervals, (some, others) => {
        const without = plain(others);
        const rest = IntervalSet.of(some).minus(IntervalSet.of(others));
        expect(members(rest)).toEqual(ascending(plain(some)).filter((value) => !without.has(value)));
      }),
    );
  });

  it('of all addresses is one run, and counts right', () => {
    const all = IntervalSet.of([{ first: 0, last: 2 ** 32 - 1 }]);
    expect([all.count, all.at(0), all.at(2 ** 32 - 1), all.indexOf(2 ** 31)]).toEqual([2 ** 32, 0, 2 ** 32 - 1, 2 ** 31]);
    const holed = all.minus(IntervalSet.of([{ first: 10, last: 19 }]));
    expect([holed.count, holed.at(10), holed.indexOf(2 ** 32 - 1), [...holed].length]).toEqual([2 ** 32 - 10, 20, 2 ** 32 - 11, 2]);
  });

  it('refuses a place that it does not have', () => {
    const set = IntervalSet.of([{ first: 1, last: 3 }]);
    for (const index of [-1, 3, Number.NaN]) expect(() => set.at(index)).toThrow(RangeError);
    expect(() => IntervalSet.of([]).at(0)).toThrow(RangeError);
  });
});
