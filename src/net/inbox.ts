import type { Clock } from './network.ts';

/** What has arrived and was not yet taken, in order, for one reader that waits for it. */
export class Inbox<T extends object> {
  private readonly clock: Clock;
  private readonly refill: (untilUs: number) => void;
  private readonly items: T[] = [];
  private resolve: ((item: T | undefined) => void) | undefined;
  private reject: ((error: Error) => void) | undefined;
  private cancelTimer: (() => void) | undefined;
  private woken = false;
  private failure: Error | undefined;

  /**
   * @param refill called before a wait is given up, to push what has arrived until a time but was not yet read: the timer
   *   of an event loop that was stalled fires before its sockets are looked at
   */
  constructor(clock: Clock, refill: (untilUs: number) => void = () => {}) {
    this.clock = clock;
    this.refill = refill;
  }

  /** How many wait to be taken. */
  get length(): number {
    return this.items.length;
  }

  push(item: T): void {
    if (this.resolve) this.settle(item);
    else this.items.push(item);
  }

  /**
   * The next item. Only one call may be waiting.
   * @returns undefined at the deadline or when woken
   */
  next(deadlineUs: number): Promise<T | undefined> {
    if (this.resolve) throw new Error('next: a wait is under way already');
    const item = this.items.shift();
    if (item !== undefined) return Promise.resolve(item);
    if (this.failure) return Promise.reject(this.failure);
    const isWoken = this.woken;
    this.woken = false;
    const nowUs = this.clock.nowUs();
    if (deadlineUs <= nowUs) {
      this.refill(nowUs);
      return Promise.resolve(this.items.shift());
    }
    if (isWoken) return Promise.resolve(undefined);
    return new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
      if (deadlineUs < Number.POSITIVE_INFINITY) this.cancelTimer = this.clock.setTimer(deadlineUs, () => this.expire(deadlineUs));
    });
  }

  /** Ends the wait; where there is none, the next one that finds nothing. */
  wake(): void {
    if (this.resolve) this.settle(undefined);
    else this.woken = true;
  }

  /** Nothing will arrive any more: the wait, and every later one that finds nothing, is rejected. */
  fail(error: Error): void {
    this.failure = error;
    const reject = this.reject;
    this.endWait();
    reject?.(error);
  }

  private expire(deadlineUs: number): void {
    this.refill(deadlineUs);
    if (this.resolve) this.settle(undefined);
  }

  private settle(item: T | undefined): void {
    const resolve = this.resolve;
    this.endWait();
    resolve?.(item);
  }

  private endWait(): void {
    this.cancelTimer?.();
    this.cancelTimer = undefined;
    this.resolve = undefined;
    this.reject = undefined;
  }
}
