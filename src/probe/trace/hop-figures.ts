/** Round trips of a hop, over as many rounds as there may be. */
import type { Figure, FigureClock } from '../../net/moment.ts';
import { type Random, randomBelow } from '../../net/random.ts';
import type { HopFigures } from '../events.ts';
import { Spread } from '../spread.ts';

/** Round trips that the median is taken from: all of them up to here, then a fair sample. */
const MOST_SAMPLES = 512;

export class RoundTrips {
  readonly #random: Random;
  readonly #samples: number[] = [];
  readonly #spread = new Spread();
  #last = 0;

  constructor(random: Random) {
    this.#random = random;
  }

  get clock(): FigureClock | undefined {
    return this.#spread.clock;
  }

  /** In microseconds; undefined without any. */
  get longestUs(): number | undefined {
    return this.#spread.count === 0 ? undefined : this.#spread.max;
  }

  add(figure: Figure): void {
    const { us } = figure;
    this.#spread.add(figure);
    this.#last = us;
    // Each has the same chance to be among the samples (Vitter's algorithm R).
    const place = this.#samples.length < MOST_SAMPLES ? this.#samples.length : randomBelow(this.#random, this.#spread.count);
    if (place < MOST_SAMPLES) this.#samples[place] = us;
  }

  get rttUs(): HopFigures['rttUs'] {
    const { count, min, mean, max, stddev } = this.#spread;
    return count === 0 ? undefined : { last: this.#last, min, mean, median: median(this.#samples), max, stddev };
  }
}

/** The lower of the two in the middle, where they are two: one that was measured. */
function median(samples: readonly number[]): number {
  const sorted = [...samples].sort((a, b) => a - b);
  return sorted[(sorted.length - 1) >> 1] as number;
}
