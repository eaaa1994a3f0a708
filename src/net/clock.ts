import { libc } from './libc.ts';
import type { Clock } from './network.ts';

/** setTimeout fires at once where it is asked for more. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** The clock of this machine: monotonic, and set against the wall clock once, so that a step of that one changes nothing. */
export function createClock(): Clock {
  const nowUs = (): number => performance.now() * 1000;
  let wallTimeAtZeroNs: bigint | undefined;
  return {
    nowUs,
    wallTimeNs(atUs) {
      wallTimeAtZeroNs ??= wallNowNs() - nanoseconds(nowUs());
      return wallTimeAtZeroNs + nanoseconds(atUs);
    },
    setTimer(atUs, callback) {
      let timer: NodeJS.Timeout;
      const arm = (): void => {
        const delayMs = Math.ceil((atUs - nowUs()) / 1000);
        timer = setTimeout(expire, Math.min(delayMs, LONGEST_TIMER_MS));
      };
      // A timer of Node's can be early by a part of its millisecond, and the longest one is cut.
      const expire = (): void => {
        if (nowUs() < atUs) arm();
        else callback();
      };
      arm();
      return () => clearTimeout(timer);
    },
  };
}

const nanoseconds = (us: number): bigint => BigInt(Math.round(us * 1000));

function wallNowNs(): bigint {
  const { seconds, nanoseconds } = libc().clockRealtime();
  return BigInt(seconds) * 1_000_000_000n + BigInt(nanoseconds);
}
