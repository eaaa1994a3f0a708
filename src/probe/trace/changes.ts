/**
 * What the path did to a segment, told by the part of it that an ICMP error quotes. Only what the quote shows counts, and only what
 * nothing else explains: a header that became shorter since an option was taken out is one change and not three.
 */
import { formatIpv4, type Ipv4Address } from '../../wire/address.ts';
import { flagNames } from '../../wire/flags.ts';
import { toHex } from '../../wire/hex.ts';
import type { IcmpError } from '../../wire/icmp.ts';
import { decodeIpv4Header, type Ipv4Header } from '../../wire/ipv4.ts';
import { decodeIpv4Options } from '../../wire/ipv4-options.ts';
import { isMplsStack } from '../../wire/mpls.ts';
import { decodeTcpLax, TCP_MIN_HEADER_LENGTH } from '../../wire/tcp.ts';
import type { Change, ChangedField } from '../events.ts';
import { explainsChecksum } from './changed-checksum.ts';
import { compareOptions } from './changed-options.ts';

/** The least of a segment that every quote has (RFC 792). */
const PORTS_AND_SEQ = 8;

/**
 * Compares a probe with what is left of it in an ICMP error about it.
 * @param sent the datagram
 */
export function compareQuote(sent: Uint8Array, quote: IcmpError): Change[] {
  if (quote.ip === undefined) return [];
  const ip = decodeIpv4Header(sent);
  const changes = compareHeaders(ip, quote.ip, quote);
  if (quote.segment === undefined || quote.segment.length < PORTS_AND_SEQ) return changes;
  const whole = sent.subarray(headerLength(ip));
  const length = quotedLength(whole, quote.ip, quote.segment);
  changes.push(...compareSegments(whole, quote.segment.subarray(0, length), length, ip, quote.ip));
  return changes;
}

const headerLength = (ip: Ipv4Header): number => (ip.ihl as number) * 4;
const swapped = (n: number): number => ((n & 0xff) << 8) | (n >> 8);

/** A field that is `changed` where its two values differ. */
function differing(field: ChangedField, sent: string, seen: string): Change[] {
  return sent === seen ? [] : [{ field, how: 'changed', sent, seen, shownBy: 'quote' }];
}

const ECN_NAMES = ['not-ECT', 'ECT(1)', 'ECT(0)', 'CE'] as const;
export const ecnName = (tos: number): string => ECN_NAMES[tos & 3] as string;

const fragmentField = (ip: Ipv4Header): number =>
  (ip.reservedBit ? 0x8000 : 0) | (ip.dontFragment ? 0x4000 : 0) | (ip.moreFragments ? 0x2000 : 0) | ip.fragmentOffset;
const bit = (set: boolean): string => (set ? '1' : '0');

function compareHeaders(sent: Ipv4Header, seen: Ipv4Header, quote: IcmpError): Change[] {
  const changes = [
    ...compareTtl(sent, seen, quote),
    ...differing('dscp', String(sent.tos >> 2), String(seen.tos >> 2)),
    ...differing('ecn', ecnName(sent.tos), ecnName(seen.tos)),
  ];
  // An identification of zero is for the kernel to fill in. Old BSDs quote it in the host's order, as they do the field behind it.
  if (sent.id !== 0 && seen.id !== swapped(sent.id)) changes.push(...differing('ip-id', String(sent.id), String(seen.id)));
  if (fragmentField(seen) !== swapped(fragmentField(sent))) {
    changes.push(
      ...differing('df', bit(sent.dontFragment), bit(seen.dontFragment)),
      ...differing('more-fragments', bit(sent.moreFragments), bit(seen.moreFragments)),
      ...differing('reserved-bit', bit(sent.reservedBit), bit(seen.reservedBit)),
    );
  }
  changes.push(...compareIpOptions(sent.options, seen.options));
  changes.push(...differing('source-address', formatIpv4(sent.source), formatIpv4(seen.source)));
  // On a source route the address in the header is the next stop's (RFC 791 §3.1).
  if (!stops(sent.options).includes(seen.destination)) {
    changes.push(...differing('destination-address', formatIpv4(sent.destination), formatIpv4(seen.destination)));
  }
  return changes;
}

/**
 * Where the TTL ran out, 1 or 0 is left of it. Within an MPLS tunnel it is the label's that ran out, and the datagram's is as it
 * came in. Other errors come from anywhere on the way: there it can only have become less. Told beside the most that was due.
 */
function compareTtl(sent: Ipv4Header, seen: Ipv4Header, { name, extensions }: IcmpError): Change[] {
  const ranOut = name === 'ttl-exceeded' && !extensions.some(isMplsStack);
  const most = ranOut ? 1 : sent.ttl;
  return seen.ttl <= most ? [] : differing('ttl', String(most), String(seen.ttl));
}

function stops(options: Uint8Array): readonly Ipv4Address[] {
  return decodeIpv4Options(options).flatMap((option) =>
    option.name === 'loose-source-route' || option.name === 'strict-source-route' ? option.addresses : [],
  );
}

/** Options by what no router is asked to write: of a route or of times only how much room there is. */
const fixedParts = (options: Uint8Array): string[] =>
  decodeIpv4Options(options).map((option) => {
    if ('addresses' in option) return `${option.name} ${option.addresses.length}`;
    if (option.name === 'timestamp') return `timestamp ${option.words.length}`;
    return JSON.stringify(option);
  });

function compareIpOptions(sent: Uint8Array, seen: Uint8Array): Change[] {
  if (fixedParts(sent).join() === fixedParts(seen).join()) return [];
  const change = { field: 'ip-options', shownBy: 'quote' } as const;
  if (seen.length === 0) return [{ ...change, how: 'removed', sent: toHex(sent), seen: undefined }];
  if (sent.length === 0) return [{ ...change, how: 'added', sent: undefined, seen: toHex(seen) }];
  // Word for word, as a router that does not want them has it: the header keeps its length.
  const blanked = seen.length === sent.length && seen.every((byte) => byte === 1);
  return [{ ...change, how: blanked ? 'replaced' : 'changed', sent: toHex(sent), seen: toHex(seen) }];
}

/**
 * How long the segment was when it was quoted. The total length says so, but old kernels quote it in the host's order, or with the
 * header's length taken off or put on: it is believed where it is none of these.
 */
function quotedLength(sent: Uint8Array, seen: Ipv4Header, segment: Uint8Array): number {
  // Of a fragment the total length is its own.
  if (seen.moreFragments) return sent.length;
  const header = headerLength(seen);
  const stated = seen.totalLength as number;
  const untouched = header + sent.length;
  // A header without its options may be shorter by just as much.
  const offset = dataOffset(segment);
  const explained = offset !== undefined && offset !== dataOffset(sent) && stated === untouched + offset - (dataOffset(sent) ?? 0);
  const garbled = [untouched, untouched - header, untouched + header].some((length) => stated === length || stated === swapped(length));
  return garbled && !explained ? sent.length : Math.max(0, stated - header);
}

/** In bytes; undefined where the bytes end before it. */
const dataOffset = (segment: Uint8Array): number | undefined => (segment.length > 12 ? ((segment[12] as number) >> 4) * 4 : undefined);

const FLAT_FIELDS = [
  ['source-port', 'sourcePort'],
  ['destination-port', 'destinationPort'],
  ['seq', 'seq'],
  ['ack', 'ack'],
  ['reserved', 'reserved'],
  ['flags', 'flags'],
  ['window', 'window'],
  ['urgent', 'urgent'],
] as const;

/** @param length of the segment when it was quoted, of which `seen` may be only the beginning */
function compareSegments(sent: Uint8Array, seen: Uint8Array, length: number, sentIp: Ipv4Header, seenIp: Ipv4Header): Change[] {
  const before = decodeTcpLax(sent);
  const after = decodeTcpLax(seen);
  const changes: Change[] = [];
  for (const [field, key] of FLAT_FIELDS) {
    const [was, is] = [before[key], after[key]];
    if (was === undefined || is === undefined) continue;
    const text = (value: number): string => (field === 'flags' ? flagNames(value).join(' ') || 'none' : String(value));
    changes.push(...differing(field, text(was), text(is)));
  }
  const [was, is] = [headerLength(sentIp) + sent.length, headerLength(seenIp) + length];
  const lengths = length === sent.length ? [] : differing('total-length', String(was), String(is));
  const rest = compareRest(sent, seen, length, lengths);
  changes.push(...rest);
  if (before.checksum === undefined || after.checksum === undefined) return changes;
  // Where the end is not quoted, more of the same may have happened there.
  const isCutWithin = rest.length > 0 && seen.length < length;
  if (isCutWithin || explainsChecksum({ ip: sentIp, segment: sent }, { ip: seenIp, segment: seen, length })) return changes;
  return [...changes, ...differing('checksum', hex16(before.checksum), hex16(after.checksum))];
}

const hex16 = (n: number): string => `0x${n.toString(16).padStart(4, '0')}`;

/**
 * The data offset, and what stands where it points: options and payload.
 * @param lengths what there is to say of the total length, where nothing else says it
 */
function compareRest(sent: Uint8Array, seen: Uint8Array, length: number, lengths: Change[]): Change[] {
  const sentOffset = dataOffset(sent) ?? 0;
  const seenOffset = dataOffset(seen);
  if (seenOffset === undefined) return lengths;
  const offsets = differing('data-offset', String(sentOffset / 4), String(seenOffset / 4));
  const isWhole = seen.length === length;
  if (length === sent.length && startsAlike(sent, seen, TCP_MIN_HEADER_LENGTH)) return offsets;
  // An offset that points nowhere.
  if (sentOffset !== seenOffset && (seenOffset < TCP_MIN_HEADER_LENGTH || seenOffset > length)) return offsets;

  const options = compareOptions(optionArea(sent, sentOffset), optionArea(seen, seenOffset), seenOffset <= seen.length);
  const changes = options.length > 0 ? options : offsets;
  const wasPayload = sent.subarray(sentOffset);
  const isPayload = seen.subarray(seenOffset);
  if (isWhole || !startsAlike(wasPayload, isPayload, 0)) return [...changes, ...comparePayloads(wasPayload, isPayload, isWhole)];
  const isExplained = changes.length > 0 && length === seenOffset + wasPayload.length;
  return isExplained ? changes : [...changes, ...lengths];
}

const optionArea = (segment: Uint8Array, offset: number): Uint8Array =>
  segment.subarray(TCP_MIN_HEADER_LENGTH, Math.max(offset, TCP_MIN_HEADER_LENGTH));

/** As far as both go. */
function startsAlike(a: Uint8Array, b: Uint8Array, from: number): boolean {
  for (let at = from; at < a.length && at < b.length; at++) if (a[at] !== b[at]) return false;
  return true;
}

function comparePayloads(sent: Uint8Array, seen: Uint8Array, isWhole: boolean): Change[] {
  const change = { field: 'payload', shownBy: 'quote' } as const;
  const bytes = ({ length }: Uint8Array): string => `${length} byte${length === 1 ? '' : 's'}`;
  if (!isWhole || sent.length === seen.length) {
    const at = seen.findIndex((byte, i) => byte !== sent[i]);
    const byteAt = (payload: Uint8Array): string => `${hex8(payload[at])} at byte ${at + 1}`;
    return at < 0 ? [] : [{ ...change, how: 'changed', sent: at < sent.length ? byteAt(sent) : bytes(sent), seen: byteAt(seen) }];
  }
  if (seen.length === 0) return [{ ...change, how: 'removed', sent: bytes(sent), seen: undefined }];
  if (sent.length === 0) return [{ ...change, how: 'added', sent: undefined, seen: bytes(seen) }];
  return [{ ...change, how: 'changed', sent: bytes(sent), seen: bytes(seen) }];
}

const hex8 = (byte = 0): string => `0x${byte.toString(16).padStart(2, '0')}`;
