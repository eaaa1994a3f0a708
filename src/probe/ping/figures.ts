/** What can be said of round trips without keeping them. */
import { type Figure, type FigureClock, weaker } from '../../net/moment.ts';
import type { Bucket, RttFigures } from '../events.ts';
import { Histogram } from './histogram.ts';

/** RFC 3550 §6.4.1. */
const JITTER_GAIN = 1 / 16;

export class Figures {
  readonly #histogram = new Histogram();
  #count = 0;
  #mean = 0;
  /** The sum of squared distances from the mean (Welford). */
  #squares = 0;
  #min = Number.POSITIVE_INFINITY;
  #max = 0;
  #last: number | undefined;
  #jitter = 0;
  #clock: FigureClock | undefined;

  add({ us, clock }: Figure): void {
    this.#clock = this.#clock === undefined ? clock : weaker(this.#clock, clock);
    this.#count++;
    const distance = us - this.#mean;
    this.#mean += distance / this.#count;
    this.#squares += distance * (us - this.#mean);
    this.#min = Math.min(this.#min, us);
    this.#max = Math.max(this.#max, us);
    if (this.#last !== undefined) this.#jitter += (Math.abs(us - this.#last) - this.#jitter) * JITTER_GAIN;
    this.#last = us;
    this.#histogram.add(us);
  }

  /** Undefined where nothing was added. */
  get rttUs(): RttFigures | undefined {
    if (this.#count === 0) return undefined;
    const min = this.#min;
    const max = this.#max;
    const count = this.#count;
    // The two ends are known exactly; else the middle of a bucket may lie beyond all that is in it.
    const quantile = (share: number): number => {
      const rank = Math.ceil(share * count);
      if (rank <= 1) return min;
      return rank === count ? max : Math.min(max, Math.max(min, this.#histogram.quantile(share)));
    };
    return {
      min,
      mean: this.#mean,
      median: quantile(0.5),
      p95: quantile(0.95),
      p99: quantile(0.99),
      max,
      stddev: Math.sqrt(this.#squares / this.#count),
      jitter: this.#jitter,
    };
  }

  /** What they rest on: the least trustworthy. */
  get clock(): FigureClock | undefined {
    return this.#clock;
  }

  get buckets(): Bucket[] {
    return this.#histogram.buckets();
  }
}
