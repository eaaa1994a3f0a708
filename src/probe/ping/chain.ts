/** What has a place in a chain. */
export interface Link<T> {
  before: T | undefined;
  after: T | undefined;
}

/**
 * A list that runs through its members themselves, in the order in which they were added. A Set that thousands pass
 * through each second makes itself anew all the time, and what it was before keeps the collector busy.
 */
export class Chain<T extends Link<T>> {
  #size = 0;
  #oldest: T | undefined;
  #newest: T | undefined;

  get size(): number {
    return this.#size;
  }

  get oldest(): T | undefined {
    return this.#oldest;
  }

  /** @param member one that is in no chain */
  add(member: T): void {
    member.before = this.#newest;
    member.after = undefined;
    if (this.#newest === undefined) this.#oldest = member;
    else this.#newest.after = member;
    this.#newest = member;
    this.#size++;
  }

  /** @param member one that is in here */
  delete(member: T): void {
    const { before, after } = member;
    if (before === undefined) this.#oldest = after;
    else before.after = after;
    if (after === undefined) this.#newest = before;
    else after.before = before;
    member.before = undefined;
    member.after = undefined;
    this.#size--;
  }
}
