/** The names of addresses, asked beside everything else. */
import type { Clock } from '../../net/network.ts';
import type { TraceContext } from './request.ts';

/** Once all else is known. */
const LONGEST_WAIT_US = 1e6;

export class Names {
  readonly #reverse: TraceContext['reverse'];
  readonly #known = new Map<string, string | undefined>();
  readonly #asked = new Map<string, Promise<void>>();

  constructor(reverse: TraceContext['reverse']) {
    this.#reverse = reverse;
  }

  /** Asks, unless that was done before. */
  ask(address: string): void {
    if (this.#reverse === undefined || this.#asked.has(address)) return;
    const answered = this.#reverse(address).then(
      (name) => void this.#known.set(address, name),
      // Whatever kept it from being found, the address is shown instead.
      () => void this.#known.set(address, undefined),
    );
    this.#asked.set(address, answered);
  }

  of(address: string): string | undefined {
    return this.#known.get(address);
  }

  /** Whether there is nothing to wait for. */
  isSettled(address: string): boolean {
    return !this.#asked.has(address) || this.#known.has(address);
  }

  /** Waits until all that was asked has been answered, but no longer than a moment. */
  async settled(clock: Clock): Promise<void> {
    let cancel = (): void => {};
    const moment = new Promise<void>((resolve) => {
      cancel = clock.setTimer(clock.nowUs() + LONGEST_WAIT_US, resolve);
    });
    await Promise.race([Promise.all(this.#asked.values()), moment]);
    cancel();
  }
}
