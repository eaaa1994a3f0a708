/** What can be said of round trips without keeping them. */
import type { Figure, FigureClock } from '../../net/moment.ts';
import type { Bucket, RttFigures } from '../events.ts';
import { Spread } from '../spread.ts';
import { Histogram } from './histogram.ts';

/** RFC 3550 §6.4.1. */
const JITTER_GAIN = 1 / 16;

export class Figures {
  readonly #histogram = new Histogram();
  readonly #spread = new Spread();
  #last: number | undefined;
  #jitter = 0;

  add(figure: Figure): void {
    const { us } = figure;
    this.#spread.add(figure);
    if (this.#last !== undefined) this.#jitter += (Math.abs(us - this.#last) - this.#jitter) * JITTER_GAIN;
    this.#last = us;
    this.#histogram.add(us);
  }

  /** Undefined where nothing was added. */
  get rttUs(): RttFigures | undefined {
    const { count, min, max, mean, stddev } = this.#spread;
    if (count === 0) return undefined;
    // The two ends are known exactly; else the middle of a bucket may lie beyond all that is in it.
    const quantile = (share: number): number => {
      const rank = Math.ceil(share * count);
      if (rank <= 1) return min;
      return rank === count ? max : Math.min(max, Math.max(min, this.#histogram.quantile(share)));
    };
    return {
      min,
      mean,
      median: quantile(0.5),
      p95: quantile(0.95),
      p99: quantile(0.99),
      max,
      stddev,
      jitter: this.#jitter,
    };
  }

  /** What they rest on: the least trustworthy. */
  get clock(): FigureClock | undefined {
    return this.#spread.clock;
  }

  get buckets(): Bucket[] {
    return this.#histogram.buckets();
  }
}
