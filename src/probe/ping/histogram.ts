/** How often which duration came, in a bounded space. */
import type { Bucket } from '../events.ts';

/** Buckets to a doubling: each is 1/64 as wide as where its doubling begins. */
const MANTISSA_BITS = 6;
const PER_DOUBLING = 1 << MANTISSA_BITS;
/** From 1 ns to 78 hours. */
const DOUBLINGS = 48;

/** The upper half of a double: 1 bit of sign, 11 of exponent, 20 of mantissa (IEEE 754). */
const KEY_SHIFT = 20 - MANTISSA_BITS;
const KEY_OF_ONE = 1023 << MANTISSA_BITS;

const scratch = new DataView(new ArrayBuffer(8));

/**
 * Log-linear: a bucket is chosen by the exponent of the duration in nanoseconds and the six highest bits of its
 * mantissa. A quantile is the middle of its bucket, wrong by 1/128 at most (0.8 %). Takes 24 kB, whatever it counts.
 */
export class Histogram {
  readonly #counts = new Float64Array(DOUBLINGS * PER_DOUBLING);
  #total = 0;

  add(us: number): void {
    scratch.setFloat64(0, Math.max(1, us * 1000));
    const index = Math.min((scratch.getUint32(0) >>> KEY_SHIFT) - KEY_OF_ONE, this.#counts.length - 1);
    this.#counts[index] = (this.#counts[index] as number) + 1;
    this.#total++;
  }

  /** The duration that a share of all do not exceed, by nearest rank. @param share 0 to 1 @returns NaN where nothing was counted */
  quantile(share: number): number {
    const rank = Math.max(1, Math.ceil(share * this.#total));
    let seen = 0;
    for (const { fromUs, toUs, count } of this.buckets()) {
      seen += count;
      if (seen >= rank) return (fromUs + toUs) / 2;
    }
    return Number.NaN;
  }

  /** Those in which something was counted, from short to long. */
  buckets(): Bucket[] {
    const found: Bucket[] = [];
    this.#counts.forEach((count, index) => {
      if (count > 0) found.push({ fromUs: startUs(index), toUs: startUs(index + 1), count });
    });
    return found;
  }
}

const startUs = (index: number): number => (2 ** Math.floor(index / PER_DOUBLING) * (1 + (index % PER_DOUBLING) / PER_DOUBLING)) / 1000;
