/** Figures told by their ends, their mean and how far they lie from it, without keeping them. */
import { type Figure, type FigureClock, weaker } from '../net/moment.ts';

/** In microseconds. Of none the mean is 0 and the ends are infinite. */
export class Spread {
  count = 0;
  min = Number.POSITIVE_INFINITY;
  max = Number.NEGATIVE_INFINITY;
  mean = 0;
  /** What they rest on: the least trustworthy. Undefined where there are none. */
  clock: FigureClock | undefined;
  /** The sum of squared distances from the mean (Welford). */
  #squares = 0;

  add({ us, clock }: Figure): void {
    this.clock = this.clock === undefined ? clock : weaker(this.clock, clock);
    this.count++;
    const distance = us - this.mean;
    this.mean += distance / this.count;
    this.#squares += distance * (us - this.mean);
    this.min = Math.min(this.min, us);
    this.max = Math.max(this.max, us);
  }

  /** The standard deviation of these, not of more that they would be a sample of. */
  get stddev(): number {
    return Math.sqrt(this.#squares / this.count);
  }
}
