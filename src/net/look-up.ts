/** How long a look-up is waited for. */
import { NetError } from './errors.ts';
import type { Clock } from './network.ts';

export interface Patience {
  clock: Clock;
  /** May be infinite. */
  limitMs: number;
  /** Ends the wait early. */
  signal: AbortSignal | undefined;
}

/** What was looked up, and what is left of the time that there was for it and all that follows. */
export interface Found<T> {
  found: T;
  leftMs: number;
}

/**
 * Waits for a look-up as long as there is time; what is known already needs none. Nobody can call one off: given up, it goes on in
 * a thread of its own.
 * @param subject what is looked up, for the error
 * @throws NetError `name-not-resolved` where the time is over or the signal comes first
 */
export function inTime<T>(lookUp: Promise<T>, subject: string, { clock, limitMs, signal }: Patience): Promise<Found<T>> {
  const nowUs = clock.nowUs();
  const untilUs = nowUs + limitMs * 1000;
  return new Promise((resolve, reject) => {
    const giveUp = (): void =>
      reject(
        new NetError(
          'name-not-resolved',
          'resolve',
          subject,
          'the resolver has not answered in time',
          'see /etc/resolv.conf, or give an address',
        ),
      );
    const endsAtUs = signal?.aborted ? nowUs : untilUs;
    const cancelTimer = endsAtUs < Number.POSITIVE_INFINITY ? clock.setTimer(endsAtUs, giveUp) : undefined;
    signal?.addEventListener('abort', giveUp, { once: true });
    void lookUp
      .then((found) => resolve({ found, leftMs: Math.max(0, (untilUs - clock.nowUs()) / 1000) }), reject)
      .finally(() => {
        cancelTimer?.();
        signal?.removeEventListener('abort', giveUp);
      });
  });
}
