/** Round trips of a hop, over as many rounds as there may be. */
import { type Figure, type FigureClock, weaker } from '../../net/moment.ts';
import { type Random, randomBelow } from '../../net/random.ts';
import type { HopFigures } from '../events.ts';

/** Round trips that the median is taken from: all of them up to here, then a fair sample. */
const MOST_SAMPLES = 512;

export class RoundTrips {
  clock: FigureClock | undefined;
  /** In microseconds; undefined without any. */
  longestUs: number | undefined;
  readonly #random: Random;
  readonly #samples: number[] = [];
  #count = 0;
  #mean = 0;
  /** The sum of squared distances from the mean (Welford). */
  #squares = 0;
  #min = Number.POSITIVE_INFINITY;
  #last = 0;

  constructor(random: Random) {
    this.#random = random;
  }

  add({ us, clock }: Figure): void {
    this.clock = this.clock === undefined ? clock : weaker(this.clock, clock);
    this.#count++;
    const distance = us - this.#mean;
    this.#mean += distance / this.#count;
    this.#squares += distance * (us - this.#mean);
    this.#min = Math.min(this.#min, us);
    this.longestUs = Math.max(this.longestUs ?? 0, us);
    this.#last = us;
    // Each has the same chance to be among the samples (Vitter's algorithm R).
    const place = this.#samples.length < MOST_SAMPLES ? this.#samples.length : randomBelow(this.#random, this.#count);
    if (place < MOST_SAMPLES) this.#samples[place] = us;
  }

  get rttUs(): HopFigures['rttUs'] {
    if (this.longestUs === undefined) return undefined;
    return {
      last: this.#last,
      min: this.#min,
      mean: this.#mean,
      median: median(this.#samples),
      max: this.longestUs,
      stddev: Math.sqrt(this.#squares / this.#count),
    };
  }
}

/** The lower of the two in the middle, where they are two: one that was measured. */
function median(samples: readonly number[]): number {
  const sorted = [...samples].sort((a, b) => a - b);
  return sorted[(sorted.length - 1) >> 1] as number;
}
