import type { Clock } from './network.ts';
import { WallClock } from './wall-clock.ts';

/** setTimeout fires at once where it is asked for more. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** The clock of this machine, and what it is beside the wall clock. */
export interface MachineClock extends Clock {
  readonly wall: WallClock;
}

/** Monotonic, so that a step of the wall clock changes nothing. */
export function createClock(): MachineClock {
  const nowUs = (): number => performance.now() * 1000;
  const wall = new WallClock(nowUs);
  return {
    nowUs,
    wall,
    wallTimeNs: (atUs) => wall.timeNs(atUs),
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
