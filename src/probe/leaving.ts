/** The first segment of a run may be late: the neighbour's address has to be asked for, or the interface is busy. */
import type { Departure } from '../net/moment.ts';
import type { Clock } from '../net/network.ts';

/** Some interfaces stamp nothing, and some neighbours never answer; nobody should notice that we looked. */
const LONGEST_WAIT_US = 100_000;
const LOOK_EVERY_US = 1000;

/**
 * Waits until the kernel's stamp of it has come, or will not.
 * @param answered ends the wait: what is told of it can't wait longer
 */
export async function hasLeft(departure: Departure, clock: Clock, answered: () => boolean): Promise<void> {
  // Others may send meanwhile: one call then reads the stamps of all.
  await undefined;
  const untilUs = clock.nowUs() + LONGEST_WAIT_US;
  while (departure.pending && !answered() && clock.nowUs() < untilUs) {
    await new Promise<void>((resolve) => {
      clock.setTimer(clock.nowUs() + LOOK_EVERY_US, resolve);
    });
  }
}
