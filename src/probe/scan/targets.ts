/** The hosts of a scan: from words to a set of addresses. */
import { isIpv6Address } from '../../net/resolve.ts';
import { formatIpv4, parseIpv4 } from '../../wire/address.ts';
import { InputError, quote } from '../input-error.ts';
import { type Interval, IntervalSet } from './intervals.ts';
import { RESERVED_RANGES, type ReservedRange } from './reserved.ts';

/** A word that stands for hosts. */
export interface TargetWord {
  text: string;
  /** Where it comes from, for errors: `'TARGETS'`, `'--exclude'`, `'hosts.txt, line 3'`. */
  from: string;
}

const FORMS = 'give an address, a network such as 10.0.0.0/24, a range such as 10.0.0.1-50 or 10.0.0.1-10.0.3.7, or a name';

/** What /etc/hosts and DNS could know, and what is in the place of it, such as `10.0.0.300` (net/resolve.ts). */
const NAME = /^[^\s/:,@*-][^\s/:,@*]*$/;
const PORT = /^\d{1,5}$/;
const RANGE = /^\d+\.\d+\.\d+\.\d+-|^\d+\.[\d.]*-[\d.-]+$/;

/**
 * Reads an address, a network in CIDR notation or a range, whose end may be an address or the last octet alone.
 * @returns undefined where the word stands for one host otherwise: the caller resolves it, and takes its address in its place. That
 *   tells of what is no name and no IPv4 address either.
 * @throws InputError
 */
export function parseTarget({ text, from }: TargetWord): Interval | undefined {
  const address = parseIpv4(text);
  if (address !== undefined) return { first: address, last: address };
  const network = /^([\d.]+)\/(\d+)$/.exec(text);
  if (network !== null) return readNetwork(text, network[1] as string, network[2] as string, from);
  const range = /^(\d+\.\d+\.\d+\.\d+)-([\d.]+)$/.exec(text);
  if (range !== null) return readRange(text, range[1] as string, range[2] as string, from);
  if (isIpv6Address(text) || (NAME.test(text) && !PORT.test(text) && !RANGE.test(text))) return undefined;
  if (/^[\da-f:]*:[\da-f:]*:[\da-f:.]*\/\d+$/i.test(text)) throw new InputError(`${from}: ${quote(text)} is IPv6`, 'rawshake speaks IPv4');
  if (text.includes('://')) throw new InputError(`${from}: ${quote(text)} is a URL`, 'give the host in it');
  if (PORT.test(text)) throw new InputError(`${from}: ${quote(text)} is no host`, `give a port as --ports ${text}`);
  const pair = /^([^\s/:,@]+):([\w-]+)$/.exec(text);
  if (pair !== null) throw new InputError(`${from}: ${quote(text)} has a port`, `give ${pair[1]}, and the port as --ports ${pair[2]}`);
  if (text.includes(',')) throw new InputError(`${from}: ${quote(text)} has a comma in it`, 'give targets with spaces between');
  throw new InputError(`${from}: ${quote(text)} is neither an address, a network, a range nor a name`, FORMS);
}

function readNetwork(text: string, addressText: string, prefixText: string, from: string): Interval {
  const prefixLength = Number(prefixText);
  if (prefixLength > 32) throw new InputError(`${from}: ${quote(text)}: a prefix has 32 bits at most`, 'give /0 to /32');
  const address = parseEnd(text, addressText, from);
  const size = 2 ** (32 - prefixLength);
  const first = address - (address % size);
  if (first !== address) {
    const right = `${formatIpv4(first)}/${prefixLength}`;
    throw new InputError(`${from}: ${quote(text)} has host bits set: the network is ${right}`, `give ${right}, or ${addressText} alone`);
  }
  return { first, last: first + size - 1 };
}

function readRange(text: string, firstText: string, lastText: string, from: string): Interval {
  const first = parseEnd(text, firstText, from);
  const isOctet = /^\d+$/.test(lastText);
  if (isOctet && Number(lastText) > 255)
    throw new InputError(
      `${from}: ${quote(text)}: the last part of an address is 255 at most`,
      'give the whole address where the range ends',
    );
  const last = isOctet ? first - (first % 256) + Number(lastText) : parseEnd(text, lastText, from);
  if (last < first) throw new InputError(`${from}: ${quote(text)} runs backwards`, `give ${formatIpv4(last)}-${formatIpv4(first)}`);
  return { first, last };
}

function parseEnd(text: string, part: string, from: string): number {
  const address = parseIpv4(part);
  if (address !== undefined) return address;
  throw new InputError(
    `${from}: ${quote(text)}: ${quote(part)} is no IPv4 address`,
    'write four decimal numbers, 0 to 255 without leading zeros',
  );
}

/** Addresses of a reserved range that were asked for and taken out. */
export interface SkippedRange {
  range: ReservedRange;
  count: number;
}

/** The addresses of a scan, and what was asked for and is not among them. */
export interface Targets {
  addresses: IntervalSet;
  /** How many addresses the exclusions took out. */
  excluded: number;
  /** In the order of the table of reserved ranges; none where they are allowed. */
  skipped: readonly SkippedRange[];
}

/**
 * Each address once, without those that are excluded and, unless they are allowed, those of reserved ranges.
 * @throws InputError where nothing is left
 */
export function selectTargets(
  wanted: Iterable<Interval>,
  exclusions: Iterable<Interval>,
  { allowReserved }: { allowReserved: boolean },
): Targets {
  const all = IntervalSet.of(wanted);
  if (all.count === 0) throw new InputError('TARGETS: there are none', FORMS);
  let addresses = all.minus(IntervalSet.of(exclusions));
  const excluded = all.count - addresses.count;
  if (addresses.count === 0) throw new InputError('TARGETS: nothing is left: all are excluded', 'give more targets, or exclude less');
  const skipped: SkippedRange[] = [];
  for (const range of allowReserved ? [] : RESERVED_RANGES) {
    const count = addresses.countWithin(range);
    if (count === 0) continue;
    skipped.push({ range, count });
    addresses = addresses.minus(IntervalSet.of([range]));
  }
  if (addresses.count === 0) {
    const names = skipped.map(({ range: { name, network, source } }) => `${name} (${network}, ${source})`).join(', ');
    throw new InputError(`TARGETS: nothing is left: all addresses are of reserved ranges: ${names}`, 'scan them with --allow-reserved');
  }
  return { addresses, excluded, skipped };
}
