/** `HOST PORT` or `HOST:PORT`, to an address and a port number. */
import { isIPv6 } from 'node:net';
import { NetError } from '../net/errors.ts';
import { resolveHost, resolvePort } from '../net/resolve.ts';
import { formatIpv4, type Ipv4Address } from '../wire/address.ts';
import { GivenUp, usageError } from './errors.ts';
import { exitCodeOf, signalExitCode } from './exit-code.ts';
import type { Io } from './io.ts';
import { quote } from './values.ts';

/** setTimeout fires at once where it is asked for more. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

export interface Target {
  host: string;
  portText: string;
  port: number;
}

/** @throws CliError where the port is missing, given twice, out of range, or no known service */
export function readTarget([first = '', second]: readonly string[]): Target {
  if (first.includes('://')) throw usageError(`HOST: ${quote(first)} is a URL`, 'give the host and the port in it');
  // To say later that it is none of ours, which is another mistake than a port in the wrong place.
  const colon = isIPv6(first) ? -1 : first.lastIndexOf(':');
  if (second !== undefined && colon >= 0)
    throw usageError(`${quote(first)} has a port and ${quote(second)} is another`, 'give HOST PORT or HOST:PORT');
  const [host, portText = ''] = colon < 0 ? [first, second] : [first.slice(0, colon), first.slice(colon + 1)];
  if (host === '') throw usageError('HOST is empty', 'give HOST PORT or HOST:PORT');
  if (portText === '') throw usageError('PORT is missing', 'give HOST PORT or HOST:PORT');
  return { host: host.replace(/^\[(.*)\]$/, '$1'), portText, port: readPort('PORT', portText) };
}

/** Many: `HOST PORT`, or `HOST:PORT` as often as one likes. @throws CliError as {@link readTarget} */
export function readTargets(words: readonly string[]): Target[] {
  const isPair = words.length === 2 && !words[0]?.includes(':');
  return isPair ? [readTarget(words)] : words.map((word) => readTarget([word]));
}

/** A number from 1 to 65535 or the name of a TCP service. */
export function readPort(option: string, text: string): number {
  const port = resolvePort(text);
  if (port !== undefined) return port;
  if (/^[\d-]/.test(text)) throw usageError(`${option}: ${text} is no port`, 'give 1 to 65535');
  throw usageError(`${option}: ${quote(text)} is no known service name`, 'give a number from 1 to 65535 or a name from /etc/services');
}

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
