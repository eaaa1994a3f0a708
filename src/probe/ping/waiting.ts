/** The probes that are waited for, in the order in which they were sent. */
import type { Probe } from './probe.ts';

/**
 * A list that runs through the probes themselves. A Set that thousands pass through each second makes itself anew
 * all the time, and what it was before keeps the collector busy.
 */
export class Waiting {
  #size = 0;
  #oldest: Probe | undefined;
  #newest: Probe | undefined;

  get size(): number {
    return this.#size;
  }

  get oldest(): Probe | undefined {
    return this.#oldest;
  }

  /** @param probe one that is not in here */
  add(probe: Probe): void {
    probe.before = this.#newest;
    probe.after = undefined;
    if (this.#newest === undefined) this.#oldest = probe;
    else this.#newest.after = probe;
    this.#newest = probe;
    this.#size++;
  }

  /** @param probe one that is in here */
  delete(probe: Probe): void {
    const { before, after } = probe;
    if (before === undefined) this.#oldest = after;
    else before.after = after;
    if (after === undefined) this.#newest = before;
    else after.before = before;
    probe.before = undefined;
    probe.after = undefined;
    this.#size--;
  }
}
