/** Sets of whole numbers, such as addresses and ports, as runs: what they take grows with the runs, not with the numbers. */

/** All from the first to the last, both of them too. */
export interface Interval {
  readonly first: number;
  readonly last: number;
}

/** Runs that are sorted, disjoint and not adjacent. Numbers of 0 … 2^32-1. */
export class IntervalSet {
  /** How many numbers there are. */
  readonly count: number;
  readonly #first: Float64Array;
  readonly #last: Float64Array;
  /** How many numbers lie before each run. */
  readonly #before: Float64Array;

  /** @param runs sorted, disjoint and not adjacent */
  private constructor(runs: readonly Interval[]) {
    this.#first = new Float64Array(runs.length);
    this.#last = new Float64Array(runs.length);
    this.#before = new Float64Array(runs.length);
    let count = 0;
    for (let i = 0; i < runs.length; i++) {
      const { first, last } = runs[i] as Interval;
      this.#first[i] = first;
      this.#last[i] = last;
      this.#before[i] = count;
      count += last - first + 1;
    }
    this.count = count;
  }

  /** Each number once, however often and in whatever order the intervals hold it. */
  static of(intervals: Iterable<Interval>): IntervalSet {
    const runs: { first: number; last: number }[] = [];
    for (const { first, last } of [...intervals].sort((a, b) => a.first - b.first)) {
      const run = runs.at(-1);
      if (run !== undefined && first <= run.last + 1) run.last = Math.max(run.last, last);
      else runs.push({ first, last });
    }
    return new IntervalSet(runs);
  }

  /** The number at a place, counted from 0 in ascending order, in O(log runs). @throws RangeError outside of 0 … count-1 */
  at(index: number): number {
    if (!(index >= 0 && index < this.count)) throw new RangeError(`no number at ${index} of ${this.count}`);
    const run = lastAtMost(this.#before, index);
    return (this.#first[run] as number) + index - (this.#before[run] as number);
  }

  /** Where a number stands; undefined where it is none of these. In O(log runs). */
  indexOf(value: number): number | undefined {
    const run = lastAtMost(this.#first, value);
    if (run < 0 || value > (this.#last[run] as number)) return undefined;
    return (this.#before[run] as number) + value - (this.#first[run] as number);
  }

  /** How many of its numbers lie within an interval, in O(log runs). */
  countWithin({ first, last }: Interval): number {
    return this.#countUpTo(last) - this.#countUpTo(first - 1);
  }

  #countUpTo(value: number): number {
    const run = lastAtMost(this.#first, value);
    return run < 0 ? 0 : (this.#before[run] as number) + Math.min(value, this.#last[run] as number) - (this.#first[run] as number) + 1;
  }

  /** Those that the other set does not have. */
  minus(other: IntervalSet): IntervalSet {
    const runs: Interval[] = [];
    const holes = [...other];
    let next = 0;
    for (const { first, last } of this) {
      let from = first;
      while (next < holes.length && (holes[next] as Interval).last < from) next++;
      for (let i = next; i < holes.length && (holes[i] as Interval).first <= last; i++) {
        const hole = holes[i] as Interval;
        if (hole.first > from) runs.push({ first: from, last: hole.first - 1 });
        from = hole.last + 1;
      }
      if (from <= last) runs.push({ first: from, last });
    }
    return new IntervalSet(runs);
  }

  /** The runs, in ascending order. */
  *[Symbol.iterator](): Generator<Interval> {
    for (let i = 0; i < this.#first.length; i++) yield { first: this.#first[i] as number, last: this.#last[i] as number };
  }
}

/** The index of the last of some ascending numbers that is not above a value; -1 where all are. */
function lastAtMost(ascending: Float64Array, value: number): number {
  let low = 0;
  let high = ascending.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((ascending[middle] as number) <= value) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}
