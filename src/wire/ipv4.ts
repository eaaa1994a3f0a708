/**
 * The IPv4 header (RFC 791).
 *
 *     0                   1                   2                   3
 *    |Version|  IHL  |      TOS      |          Total Length         |
 *    |         Identification        |0|D|M|     Fragment Offset     |
 *    |  Time to Live |    Protocol   |        Header Checksum        |
 *    |                         Source Address                        |
 *    |                      Destination Address                      |
 */
import type { Ipv4Address } from './address.ts';
import { get16, get32, inRange, put8, put16, put32 } from './bytes.ts';
import { internetChecksum } from './checksum.ts';
import { type DecodeFault, EncodeError, refuse } from './errors.ts';

const VERSION = 4;
const TOS = 1;
const TOTAL_LENGTH = 2;
const ID = 4;
const FRAGMENT = 6;
const TTL = 8;
const PROTOCOL = 9;
const CHECKSUM = 10;
const SOURCE = 12;
const DESTINATION = 16;
const OPTIONS = 20;
const MAX_HEADER_LENGTH = 60;

/** The bytes of the header up to the options. */
export const IPV4_MIN_HEADER_LENGTH = OPTIONS;

const RESERVED_BIT = 0x8000;
const DONT_FRAGMENT_BIT = 0x4000;
const MORE_FRAGMENTS_BIT = 0x2000;
const FRAGMENT_OFFSET_MASK = 0x1fff;

export const PROTOCOL_ICMP = 1;
export const PROTOCOL_TCP = 6;

/** A header as it stands in the bytes. For a field that may be undefined, undefined means "compute it". */
export interface Ipv4Header {
  /** Header length in 32-bit words. */
  ihl?: number | undefined;
  /** Type of service: DSCP in the upper six bits, ECN in the lower two (RFC 2474, RFC 3168). */
  tos: number;
  /** Length of header and payload in bytes. */
  totalLength?: number | undefined;
  id: number;
  /** The reserved bit, called "evil" by RFC 3514. */
  reservedBit: boolean;
  dontFragment: boolean;
  moreFragments: boolean;
  /** In units of 8 bytes. */
  fragmentOffset: number;
  ttl: number;
  protocol: number;
  checksum?: number | undefined;
  source: Ipv4Address;
  destination: Ipv4Address;
  /** The option bytes as they are, padding included. */
  options: Uint8Array;
}

const NO_OPTIONS = new Uint8Array(0);

/** The header that a Linux host would put before a TCP segment, with the given fields in place of its own. */
export function ipv4Header(fields: Partial<Ipv4Header> & Pick<Ipv4Header, 'source' | 'destination'>): Ipv4Header {
  const {
    ihl,
    tos = 0,
    totalLength,
    id = 0,
    reservedBit = false,
    dontFragment = true,
    moreFragments = false,
    fragmentOffset = 0,
    ttl = 64,
    protocol = PROTOCOL_TCP,
    checksum,
    source,
    destination,
    options = NO_OPTIONS,
  } = fields;
  return {
    ihl,
    tos,
    totalLength,
    id,
    reservedBit,
    dontFragment,
    moreFragments,
    fragmentOffset,
    ttl,
    protocol,
    checksum,
    source,
    destination,
    options,
  };
}

/** Bytes that the header takes, options padded to a multiple of four. */
export const ipv4HeaderLength = (header: Ipv4Header): number => OPTIONS + ((header.options.length + 3) & ~3);

/** What keeps the header at the start of the bytes from being read: the version is not 4, or it is cut off. Undefined where nothing does. */
export function ipv4HeaderFault(bytes: Uint8Array): DecodeFault | undefined {
  const { length } = bytes;
  if (length < OPTIONS) return { protocol: 'IPv4', offset: length, reason: `header cut off: ${length} of at least ${OPTIONS} bytes` };
  const version = bytes[0] >> 4;
  if (version !== VERSION) return { protocol: 'IPv4', offset: 0, reason: `version ${version}, not 4` };
  const headerLength = (bytes[0] & 15) * 4;
  if (headerLength < OPTIONS) return { protocol: 'IPv4', offset: 0, reason: `header length ${headerLength}, less than ${OPTIONS}` };
  if (headerLength > length) return { protocol: 'IPv4', offset: length, reason: `header cut off: ${length} of ${headerLength} bytes` };
  return undefined;
}

/**
 * Reads the header at the start of the bytes. What follows it is not looked at, so a header whose total
 * length lies is read as it stands.
 * @throws DecodeError where the version is not 4 or the header is cut off
 */
export function decodeIpv4Header(bytes: Uint8Array): Ipv4Header {
  refuse(ipv4HeaderFault(bytes));
  const ihl = bytes[0] & 15;
  const fragment = get16(bytes, FRAGMENT);
  return {
    ihl,
    tos: bytes[TOS],
    totalLength: get16(bytes, TOTAL_LENGTH),
    id: get16(bytes, ID),
    reservedBit: (fragment & RESERVED_BIT) !== 0,
    dontFragment: (fragment & DONT_FRAGMENT_BIT) !== 0,
    moreFragments: (fragment & MORE_FRAGMENTS_BIT) !== 0,
    fragmentOffset: fragment & FRAGMENT_OFFSET_MASK,
    ttl: bytes[TTL],
    protocol: bytes[PROTOCOL],
    checksum: get16(bytes, CHECKSUM),
    source: get32(bytes, SOURCE),
    destination: get32(bytes, DESTINATION),
    options: ihl * 4 === OPTIONS ? NO_OPTIONS : bytes.subarray(OPTIONS, ihl * 4),
  };
}

/**
 * Reads as much of a header as there is; nothing where the version is not 4. Never throws. Options that are cut off
 * are given as far as they go.
 */
export function decodeIpv4HeaderLax(bytes: Uint8Array): Partial<Ipv4Header> {
  const { length } = bytes;
  const read: Partial<Ipv4Header> = {};
  if (length === 0 || bytes[0] >> 4 !== VERSION) return read;
  read.ihl = bytes[0] & 15;
  if (length > TOS) read.tos = bytes[TOS];
  if (length >= TOTAL_LENGTH + 2) read.totalLength = get16(bytes, TOTAL_LENGTH);
  if (length >= ID + 2) read.id = get16(bytes, ID);
  if (length >= FRAGMENT + 2) {
    const fragment = get16(bytes, FRAGMENT);
    read.reservedBit = (fragment & RESERVED_BIT) !== 0;
    read.dontFragment = (fragment & DONT_FRAGMENT_BIT) !== 0;
    read.moreFragments = (fragment & MORE_FRAGMENTS_BIT) !== 0;
    read.fragmentOffset = fragment & FRAGMENT_OFFSET_MASK;
  }
  if (length > TTL) read.ttl = bytes[TTL];
  if (length > PROTOCOL) read.protocol = bytes[PROTOCOL];
  if (length >= CHECKSUM + 2) read.checksum = get16(bytes, CHECKSUM);
  if (length >= SOURCE + 4) read.source = get32(bytes, SOURCE);
  if (length >= DESTINATION + 4) read.destination = get32(bytes, DESTINATION);
  if (length >= OPTIONS) read.options = read.ihl * 4 > OPTIONS ? bytes.subarray(OPTIONS, read.ihl * 4) : NO_OPTIONS;
  return read;
}

/** A copy of a datagram with another identification, and the checksum of its header to it. */
export function withIdentification(datagram: Uint8Array, id: number): Uint8Array {
  const copy = datagram.slice();
  put16(copy, ID, id, 'IPv4 identification');
  put16(copy, CHECKSUM, 0, 'IPv4 checksum');
  put16(copy, CHECKSUM, internetChecksum(copy, 0, ((copy[0] as number) & 15) * 4), 'IPv4 checksum');
  return copy;
}

/**
 * Writes the header at the start of the bytes, which must be zero there.
 * @param length of the whole datagram
 * @throws EncodeError where a field can't hold its value or the options are over 40 bytes
 */
export function writeIpv4Header(header: Ipv4Header, bytes: Uint8Array, length: number): void {
  const headerLength = ipv4HeaderLength(header);
  if (headerLength > MAX_HEADER_LENGTH) throw new EncodeError('IPv4 options', `${header.options.length} bytes, 40 at most`);
  bytes[0] = (VERSION << 4) | inRange(header.ihl ?? headerLength >> 2, 0xf, 'IPv4 header length');
  put8(bytes, TOS, header.tos, 'IPv4 type of service');
  put16(bytes, TOTAL_LENGTH, header.totalLength ?? length, 'IPv4 total length');
  put16(bytes, ID, header.id, 'IPv4 identification');
  const fragment =
    (header.reservedBit ? RESERVED_BIT : 0) |
    (header.dontFragment ? DONT_FRAGMENT_BIT : 0) |
    (header.moreFragments ? MORE_FRAGMENTS_BIT : 0) |
    inRange(header.fragmentOffset, FRAGMENT_OFFSET_MASK, 'IPv4 fragment offset');
  put16(bytes, FRAGMENT, fragment, 'IPv4 fragment field');
  put8(bytes, TTL, header.ttl, 'IPv4 time to live');
  put8(bytes, PROTOCOL, header.protocol, 'IPv4 protocol');
  put32(bytes, SOURCE, header.source, 'IPv4 source');
  put32(bytes, DESTINATION, header.destination, 'IPv4 destination');
  if (header.options.length > 0) bytes.set(header.options, OPTIONS);
  put16(bytes, CHECKSUM, header.checksum ?? internetChecksum(bytes, 0, headerLength), 'IPv4 checksum');
}
