/** The address of a host that was named on the command line. */

import { createClock } from '../net/clock.ts';
import { type Found, inTime } from '../net/look-up.ts';
import { resolveHost } from '../net/resolve.ts';
import { quote } from '../options/values.ts';
import { formatIpv4, type Ipv4Address } from '../wire/address.ts';
import { exitCodeOf, signalExitCode } from './exit-code.ts';
import { GivenUp } from './given-up.ts';
import type { Io } from './io.ts';

/** The address to use, and a note where the name has more than one. */
export interface ResolvedTarget {
  address: Ipv4Address;
  note: string | undefined;
  /** What is left of the longest time for the whole command. */
  deadlineMs: number;
}

/**
 * @param deadlineMs the longest time for the whole command, the look-up with it
 * @throws NetError
 * @throws GivenUp at the deadline, and where a signal ends the look-up
 */
export async function resolveTarget(host: string, io: Pick<Io, 'onSignal'>, deadlineMs: number): Promise<ResolvedTarget> {
  const { found, leftMs } = await unlessGivenUp(resolveHost(host), quote(host), io, deadlineMs);
  const { address, addresses } = found;
  const note = addresses.length > 1 ? `${host} has ${addresses.length} IPv4 addresses; using ${formatIpv4(address)}` : undefined;
  return { address, note, deadlineMs: leftMs };
}

/**
 * Waits for a look-up as long as a command may take.
 * @param subject what is looked up
 * @throws GivenUp where the time is over or a signal comes first
 */
export async function unlessGivenUp<T>(lookUp: Promise<T>, subject: string, io: Pick<Io, 'onSignal'>, limitMs: number): Promise<Found<T>> {
  const controller = new AbortController();
  let endedBy: number | undefined;
  const removeSignals = io.onSignal((_name, number) => {
    endedBy = signalExitCode(number);
    controller.abort();
  });
  let isOver = false;
  const settled = lookUp.finally(() => {
    isOver = true;
  });
  try {
    return await inTime(settled, subject, { clock: createClock(), limitMs, signal: controller.signal });
  } catch (error) {
    if (isOver) throw error;
    throw endedBy === undefined ? new GivenUp(exitCodeOf(error), error as Error) : new GivenUp(endedBy);
  } finally {
    removeSignals();
  }
}
