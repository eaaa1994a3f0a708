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
import { internetChecksum } from './checksum.ts';
import { DecodeError, EncodeError } from './errors.ts';

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
  return {
    tos: 0,
    id: 0,
    reservedBit: false,
    dontFragment: true,
    moreFragments: false,
    fragmentOffset: 0,
    ttl: 64,
    protocol: PROTOCOL_TCP,
    options: NO_OPTIONS,
    ...fields,
  };
}

/** Bytes that the header takes, options padded to a multiple of four. */
export const ipv4HeaderLength = (header: Ipv4Header): number => OPTIONS + ((header.options.length + 3) & ~3);

/**
 * Reads the header at the start of the bytes. What follows it is not looked at, so a header whose total
 * length lies is read as it stands.
 * @throws DecodeError where the version is not 4 or the header is cut off
 */
export function decodeIpv4Header(bytes: Uint8Array): Ipv4Header {
  if (bytes.length < OPTIONS) throw new DecodeError('IPv4', bytes.length, `header cut off: ${bytes.length} of at least ${OPTIONS} bytes`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const versionAndIhl = view.getUint8(0);
  if (versionAndIhl >> 4 !== 4) throw new DecodeError('IPv4', 0, `version ${versionAndIhl >> 4}, not 4`);
  const ihl = versionAndIhl & 15;
  if (ihl * 4 < OPTIONS) throw new DecodeError('IPv4', 0, `header length ${ihl * 4}, less than ${OPTIONS}`);
  if (ihl * 4 > bytes.length) throw new DecodeError('IPv4', bytes.length, `header cut off: ${bytes.length} of ${ihl * 4} bytes`);
  const fragment = view.getUint16(FRAGMENT);
  return {
    ihl,
    tos: view.getUint8(TOS),
    totalLength: view.getUint16(TOTAL_LENGTH),
    id: view.getUint16(ID),
    reservedBit: (fragment & RESERVED_BIT) !== 0,
    dontFragment: (fragment & DONT_FRAGMENT_BIT) !== 0,
    moreFragments: (fragment & MORE_FRAGMENTS_BIT) !== 0,
    fragmentOffset: fragment & FRAGMENT_OFFSET_MASK,
    ttl: view.getUint8(TTL),
    protocol: view.getUint8(PROTOCOL),
    checksum: view.getUint16(CHECKSUM),
    source: view.getUint32(SOURCE),
    destination: view.getUint32(DESTINATION),
    options: ihl * 4 === OPTIONS ? NO_OPTIONS : bytes.subarray(OPTIONS, ihl * 4),
  };
}

/**
 * Writes the header at the start of a datagram whose payload is already in place.
 * @throws EncodeError where the options are over 40 bytes
 */
export function writeIpv4Header(header: Ipv4Header, datagram: Uint8Array): void {
  const length = ipv4HeaderLength(header);
  if (length > MAX_HEADER_LENGTH) throw new EncodeError('IPv4', `${header.options.length} bytes of options, 40 at most`);
  const view = new DataView(datagram.buffer, datagram.byteOffset, datagram.byteLength);
  view.setUint8(0, 0x40 | (header.ihl ?? length >> 2));
  view.setUint8(TOS, header.tos);
  view.setUint16(TOTAL_LENGTH, header.totalLength ?? datagram.length);
  view.setUint16(ID, header.id);
  view.setUint16(
    FRAGMENT,
    (header.reservedBit ? RESERVED_BIT : 0) |
      (header.dontFragment ? DONT_FRAGMENT_BIT : 0) |
      (header.moreFragments ? MORE_FRAGMENTS_BIT : 0) |
      header.fragmentOffset,
  );
  view.setUint8(TTL, header.ttl);
  view.setUint8(PROTOCOL, header.protocol);
  view.setUint16(CHECKSUM, 0);
  view.setUint32(SOURCE, header.source);
  view.setUint32(DESTINATION, header.destination);
  datagram.set(header.options, OPTIONS);
  view.setUint16(CHECKSUM, header.checksum ?? internetChecksum(datagram, 0, length));
}
