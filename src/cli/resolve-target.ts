/** The address of a host that was named on the command line. */

import { NetError } from '../net/errors.ts';
import { resolveHost } from '../net/resolve.ts';
import { quote } from '../options/values.ts';
import { formatIpv4, type Ipv4Address } from '../wire/address.ts';
import { exitCodeOf, signalExitCode } from './exit-code.ts';
import { GivenUp } from './given-up.ts';
import type { Io } from './io.ts';

/** setTimeout fires at once where it is asked for more. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/**
 * The address to use, and a note where the name has more than one.
 * @param deadlineMs after which a look-up is given up
 * @throws NetError
 * @throws GivenUp at the deadline, and where a signal ends the look-up
 */
export async function resolveTarget(
  host: string,
  io: Pick<Io, 'onSignal'>,
  deadlineMs: number,
): Promise<{ address: Ipv4Address; note: string | undefined }> {
  const { address, addresses } = await unlessGivenUp(resolveHost(host), host, io, deadlineMs);
  const note = addresses.length > 1 ? `${host} has ${addresses.length} IPv4 addresses; using ${formatIpv4(address)}` : undefined;
  return { address, note };
}

function unlessGivenUp<T>(lookup: Promise<T>, host: string, io: Pick<Io, 'onSignal'>, deadlineMs: number): Promise<T> {
  return new Promise((resolve, reject) => {
    const late = new NetError(
      'name-not-resolved',
      'resolve',
      quote(host),
      'the resolver has not answered by the deadline',
      'see /etc/resolv.conf, or give an address',
    );
    const timer = setTimeout(() => reject(new GivenUp(exitCodeOf(late), late)), Math.min(deadlineMs, LONGEST_TIMER_MS));
    const removeSignals = io.onSignal((_name, number) => reject(new GivenUp(signalExitCode(number))));
    lookup.then(resolve, reject).finally(() => {
      clearTimeout(timer);
      removeSignals();
    });
  });
}
