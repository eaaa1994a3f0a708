/** When the next of many is due to be sent. */

/** What timers and a busy machine may delay one by without moving the later ones. */
const MOST_LATE_US = 10_000;

export class Pace {
  /** By the clock of the network; nothing later than now: now. */
  dueAtUs: number;
  #hasBegun: boolean;

  /** @param burst whether the first few go at once, as if they were late */
  constructor(burst = false) {
    this.#hasBegun = burst;
    this.dueAtUs = Number.NEGATIVE_INFINITY;
  }

  /** One was handed over: the next is due an interval later. */
  left(handedOverAtUs: number, intervalUs: number): void {
    // After a stall we go on from now: no burst makes up for more than this.
    const soonestUs = this.#hasBegun ? handedOverAtUs - MOST_LATE_US : handedOverAtUs;
    this.#hasBegun = true;
    this.dueAtUs = Math.max(this.dueAtUs, soonestUs) + intervalUs;
  }
}
