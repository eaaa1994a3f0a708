/** `HOST PORT` or `HOST:PORT`, to a host and a port number. */
import { isIpv6Address, resolvePort, tcpServices } from '../net/resolve.ts';
import { usageError } from './errors.ts';
import { quote, suggestion } from './values.ts';

export interface Target {
  host: string;
  portText: string;
  port: number;
}

/** @throws CliError where the port is missing, given twice, out of range, or no known service */
export function readTarget([first = '', second]: readonly string[]): Target {
  if (first.includes('://')) throw usageError(`HOST: ${quote(first)} is a URL`, 'give the host and the port in it');
  // To say later that it is none of ours, which is another mistake than a port in the wrong place.
  const colon = isIpv6Address(first) ? -1 : first.lastIndexOf(':');
  if (second !== undefined && colon >= 0)
    throw usageError(`${quote(first)} has a port and ${quote(second)} is another`, 'give HOST PORT or HOST:PORT');
  const [host, portText = ''] = colon < 0 ? [first, second] : [first.slice(0, colon), first.slice(colon + 1)];
  if (host.includes(':') && !isIpv6Address(host))
    throw usageError(`HOST: ${quote(first)} has more than one colon`, 'give HOST PORT or HOST:PORT');
  if (host === '') throw usageError('HOST is empty', 'give HOST PORT or HOST:PORT');
  if (/^\d+\.[\d.]*[/-][\d./-]+$/.test(host))
    throw usageError(`HOST: ${quote(host)} is more than one host`, 'give one; rawshake scan takes networks and ranges');
  if (/^\d+$/.test(host) && /\D/.test(portText)) throw usageError(`HOST: ${quote(host)} is a port`, 'give the host first, then the port');
  if (portText === '') throw usageError('PORT is missing', 'give HOST PORT or HOST:PORT');
  if (/^\d+[-,][\d,-]*$/.test(portText)) throw usageError(`PORT: ${portText} is more than one port`, 'give one; rawshake scan takes many');
  return { host: host.replace(/^\[(.*)\]$/, '$1'), portText, port: readPort('PORT', portText) };
}

/** Many: `HOST PORT`, or `HOST:PORT` as often as one likes. @throws CliError as {@link readTarget} */
export function readTargets(words: readonly string[]): Target[] {
  const isPair = words.length === 2 && (!words[0]?.includes(':') || isIpv6Address(words[0]));
  if (isPair) return [readTarget(words)];
  const without = words.length > 1 ? words.find((word) => !word.includes(':')) : undefined;
  if (without !== undefined) throw usageError(`${quote(without)} has no port`, 'give HOST PORT, or HOST:PORT for each of several');
  return words.map((word) => readTarget([word]));
}

/** A number from 1 to 65535 or the name of a TCP service. */
export function readPort(option: string, text: string): number {
  const port = resolvePort(text);
  if (port !== undefined) return port;
  if (/^[\d-]/.test(text)) throw usageError(`${option}: ${text} is no port`, 'give 1 to 65535');
  throw usageError(
    `${option}: ${quote(text)} is no known service name`,
    suggestion(text, [...tcpServices().keys()], 'give a number from 1 to 65535 or a name from /etc/services'),
  );
}
