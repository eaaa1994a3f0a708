/**
 * The TCP header (RFC 9293 §3.1).
 *
 *     0                   1                   2                   3
 *    |          Source Port          |       Destination Port        |
 *    |                        Sequence Number                        |
 *    |                    Acknowledgment Number                      |
 *    | Offset| Rsrv|A|C|E|U|A|P|R|S|F|             Window            |
 *    |           Checksum            |         Urgent Pointer        |
 *    |                    Options and padding                        |
 */
import { get16, get32, inRange, put16, put32 } from './bytes.ts';
import { internetChecksum } from './checksum.ts';
import { type DecodeFault, faultText, refuse } from './errors.ts';
import { FIN, SYN } from './flags.ts';
import { decodeTcpOptions, type TcpOption, tcpOptionsLength, writeTcpOptions } from './tcp-options.ts';

const SOURCE_PORT = 0;
const DESTINATION_PORT = 2;
const SEQ = 4;
const ACK_NUMBER = 8;
const OFFSET_AND_FLAGS = 12;
const WINDOW = 14;
export const TCP_CHECKSUM_OFFSET = 16;
const URGENT = 18;
const OPTIONS = 20;

/** The bytes of the header up to the options. */
export const TCP_MIN_HEADER_LENGTH = OPTIONS;

/** A segment as it stands in the bytes. For a field that may be undefined, undefined means "compute it". */
export interface TcpSegment {
  sourcePort: number;
  destinationPort: number;
  seq: number;
  ack: number;
  /** Header length in 32-bit words. */
  dataOffset?: number | undefined;
  /** The three bits between the data offset and AE. */
  reserved: number;
  /** Nine bits, see flags.ts. */
  flags: number;
  /** As in the header: not scaled. */
  window: number;
  checksum?: number | undefined;
  urgent: number;
  options: readonly TcpOption[];
  payload: Uint8Array;
}

const EMPTY = new Uint8Array(0);
const NO_OPTIONS: readonly TcpOption[] = [];

/** A segment of the given fields, everything else zero or empty. */
export function tcpSegment(fields: Partial<TcpSegment> & Pick<TcpSegment, 'sourcePort' | 'destinationPort'>): TcpSegment {
  const {
    sourcePort,
    destinationPort,
    seq = 0,
    ack = 0,
    dataOffset,
    reserved = 0,
    flags = 0,
    window = 0,
    checksum,
    urgent = 0,
    options = NO_OPTIONS,
    payload = EMPTY,
  } = fields;
  return { sourcePort, destinationPort, seq, ack, dataOffset, reserved, flags, window, checksum, urgent, options, payload };
}

/** SEG.LEN: the sequence numbers that the segment takes, SYN and FIN counted (RFC 9293 §3.4). */
export function segLen(segment: TcpSegment): number {
  return segment.payload.length + (segment.flags & SYN ? 1 : 0) + (segment.flags & FIN ? 1 : 0);
}

/** Bytes of the encoded segment. @throws EncodeError over 40 bytes of options */
export const tcpEncodedLength = (segment: TcpSegment): number => OPTIONS + tcpOptionsLength(segment.options) + segment.payload.length;

/** What keeps a segment from being read as a whole: its header is cut off or its length field lies. Undefined where nothing does. */
export function tcpFault(bytes: Uint8Array): DecodeFault | undefined {
  const { length } = bytes;
  if (length < OPTIONS) return { protocol: 'TCP', offset: length, reason: `header cut off: ${length} of at least ${OPTIONS} bytes` };
  const dataOffset = bytes[OFFSET_AND_FLAGS] >> 4;
  const headerLength = dataOffset * 4;
  if (headerLength < OPTIONS) return { protocol: 'TCP', offset: OFFSET_AND_FLAGS, reason: `data offset ${dataOffset}, less than 5` };
  if (headerLength > length) return { protocol: 'TCP', offset: length, reason: `header cut off: ${length} of ${headerLength} bytes` };
  return undefined;
}

/**
 * Reads a whole segment. Its parts are views of the given bytes, not copies.
 * @throws DecodeError where the header is cut off or its length field lies
 */
export function decodeTcp(bytes: Uint8Array): TcpSegment {
  refuse(tcpFault(bytes));
  const offsetAndFlags = get16(bytes, OFFSET_AND_FLAGS);
  const dataOffset = offsetAndFlags >> 12;
  const headerLength = dataOffset * 4;
  return {
    sourcePort: get16(bytes, SOURCE_PORT),
    destinationPort: get16(bytes, DESTINATION_PORT),
    seq: get32(bytes, SEQ),
    ack: get32(bytes, ACK_NUMBER),
    dataOffset,
    reserved: (offsetAndFlags >> 9) & 7,
    flags: offsetAndFlags & 0x1ff,
    window: get16(bytes, WINDOW),
    checksum: get16(bytes, TCP_CHECKSUM_OFFSET),
    urgent: get16(bytes, URGENT),
    options: headerLength === OPTIONS ? NO_OPTIONS : decodeTcpOptions(bytes.subarray(OPTIONS, headerLength)),
    payload: headerLength === bytes.length ? EMPTY : bytes.subarray(headerLength),
  };
}

/**
 * What could be read of a segment that may be cut off, as in an ICMP quote, and why reading stopped.
 * The eight bytes that every quote holds give ports and sequence number.
 */
export interface LaxTcpSegment extends Partial<TcpSegment> {
  stopped?: string;
}

/** Reads as much of a segment as there is. Never throws. */
export function decodeTcpLax(bytes: Uint8Array): LaxTcpSegment {
  const fault = tcpFault(bytes);
  return fault === undefined ? decodeTcp(bytes) : { stopped: faultText(fault), ...decodeTcpFields(bytes) };
}

/** Reads the fields that are there of a segment that {@link tcpFault} finds fault with. */
export function decodeTcpFields(bytes: Uint8Array): Partial<TcpSegment> {
  const read: Partial<TcpSegment> = {};
  if (bytes.length >= 2) read.sourcePort = get16(bytes, SOURCE_PORT);
  if (bytes.length >= 4) read.destinationPort = get16(bytes, DESTINATION_PORT);
  if (bytes.length >= 8) read.seq = get32(bytes, SEQ);
  if (bytes.length >= 12) read.ack = get32(bytes, ACK_NUMBER);
  if (bytes.length >= 14) {
    const offsetAndFlags = get16(bytes, OFFSET_AND_FLAGS);
    read.dataOffset = offsetAndFlags >> 12;
    read.reserved = (offsetAndFlags >> 9) & 7;
    read.flags = offsetAndFlags & 0x1ff;
  }
  if (bytes.length >= 16) read.window = get16(bytes, WINDOW);
  if (bytes.length >= 18) read.checksum = get16(bytes, TCP_CHECKSUM_OFFSET);
  if (bytes.length >= OPTIONS) {
    read.urgent = get16(bytes, URGENT);
    // Cut off among its options, of which the last one then looks malformed.
    if ((read.dataOffset ?? 0) * 4 > bytes.length) read.options = decodeTcpOptions(bytes.subarray(OPTIONS));
  }
  return read;
}

/**
 * Writes the segment into bytes[at …], which must be zero there.
 * @param pseudoHeaderSum what the checksum starts from, for this segment's length
 * @throws EncodeError where a field can't hold its value
 */
export function writeTcp(segment: TcpSegment, bytes: Uint8Array, at: number, pseudoHeaderSum: number): void {
  const headerLength = OPTIONS + tcpOptionsLength(segment.options);
  put16(bytes, at + SOURCE_PORT, segment.sourcePort, 'TCP source port');
  put16(bytes, at + DESTINATION_PORT, segment.destinationPort, 'TCP destination port');
  put32(bytes, at + SEQ, segment.seq, 'TCP sequence number');
  put32(bytes, at + ACK_NUMBER, segment.ack, 'TCP acknowledgment number');
  const offsetAndFlags =
    (inRange(segment.dataOffset ?? headerLength >> 2, 0xf, 'TCP data offset') << 12) |
    (inRange(segment.reserved, 7, 'TCP reserved bits') << 9) |
    inRange(segment.flags, 0x1ff, 'TCP flags');
  put16(bytes, at + OFFSET_AND_FLAGS, offsetAndFlags, 'TCP data offset');
  put16(bytes, at + WINDOW, segment.window, 'TCP window');
  put16(bytes, at + URGENT, segment.urgent, 'TCP urgent pointer');
  writeTcpOptions(segment.options, bytes, at + OPTIONS);
  if (segment.payload.length > 0) bytes.set(segment.payload, at + headerLength);
  const end = at + headerLength + segment.payload.length;
  put16(bytes, at + TCP_CHECKSUM_OFFSET, segment.checksum ?? internetChecksum(bytes, at, end, pseudoHeaderSum), 'TCP checksum');
}
