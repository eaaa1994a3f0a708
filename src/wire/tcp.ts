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
import { internetChecksum } from './checksum.ts';
import { DecodeError } from './errors.ts';
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
  return { seq: 0, ack: 0, reserved: 0, flags: 0, window: 0, urgent: 0, options: NO_OPTIONS, payload: EMPTY, ...fields };
}

/** SEG.LEN: the sequence numbers that the segment takes, SYN and FIN counted (RFC 9293 §3.4). */
export function segLen(segment: TcpSegment): number {
  return segment.payload.length + (segment.flags & SYN ? 1 : 0) + (segment.flags & FIN ? 1 : 0);
}

/** Bytes of the encoded segment. @throws EncodeError over 40 bytes of options */
export const tcpEncodedLength = (segment: TcpSegment): number => OPTIONS + tcpOptionsLength(segment.options) + segment.payload.length;

/**
 * Reads a whole segment. Its parts are views of the given bytes, not copies.
 * @throws DecodeError where the header is cut off or its length field lies
 */
export function decodeTcp(bytes: Uint8Array): TcpSegment {
  if (bytes.length < OPTIONS) throw new DecodeError('TCP', bytes.length, `header cut off: ${bytes.length} of at least ${OPTIONS} bytes`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const offsetAndFlags = view.getUint16(OFFSET_AND_FLAGS);
  const dataOffset = offsetAndFlags >> 12;
  const headerLength = dataOffset * 4;
  if (headerLength < OPTIONS) throw new DecodeError('TCP', OFFSET_AND_FLAGS, `data offset ${dataOffset}, less than 5`);
  if (headerLength > bytes.length) throw new DecodeError('TCP', bytes.length, `header cut off: ${bytes.length} of ${headerLength} bytes`);
  return {
    sourcePort: view.getUint16(SOURCE_PORT),
    destinationPort: view.getUint16(DESTINATION_PORT),
    seq: view.getUint32(SEQ),
    ack: view.getUint32(ACK_NUMBER),
    dataOffset,
    reserved: (offsetAndFlags >> 9) & 7,
    flags: offsetAndFlags & 0x1ff,
    window: view.getUint16(WINDOW),
    checksum: view.getUint16(TCP_CHECKSUM_OFFSET),
    urgent: view.getUint16(URGENT),
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
  try {
    return decodeTcp(bytes);
  } catch (error) {
    const stopped = (error as DecodeError).message;
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const read: LaxTcpSegment = { stopped };
    if (bytes.length >= 2) read.sourcePort = view.getUint16(SOURCE_PORT);
    if (bytes.length >= 4) read.destinationPort = view.getUint16(DESTINATION_PORT);
    if (bytes.length >= 8) read.seq = view.getUint32(SEQ);
    if (bytes.length >= 12) read.ack = view.getUint32(ACK_NUMBER);
    if (bytes.length >= 14) {
      const offsetAndFlags = view.getUint16(OFFSET_AND_FLAGS);
      read.dataOffset = offsetAndFlags >> 12;
      read.reserved = (offsetAndFlags >> 9) & 7;
      read.flags = offsetAndFlags & 0x1ff;
    }
    if (bytes.length >= 16) read.window = view.getUint16(WINDOW);
    if (bytes.length >= 18) read.checksum = view.getUint16(TCP_CHECKSUM_OFFSET);
    if (bytes.length >= 20) read.urgent = view.getUint16(URGENT);
    return read;
  }
}

/**
 * Writes the segment into bytes[offset …], which must be zero there.
 * @param pseudoHeaderSum what the checksum starts from, for this segment's length
 */
export function writeTcp(segment: TcpSegment, bytes: Uint8Array, offset: number, pseudoHeaderSum: number): void {
  const optionsLength = tcpOptionsLength(segment.options);
  const view = new DataView(bytes.buffer, bytes.byteOffset + offset, bytes.byteLength - offset);
  view.setUint16(SOURCE_PORT, segment.sourcePort);
  view.setUint16(DESTINATION_PORT, segment.destinationPort);
  view.setUint32(SEQ, segment.seq);
  view.setUint32(ACK_NUMBER, segment.ack);
  const dataOffset = segment.dataOffset ?? (OPTIONS + optionsLength) >> 2;
  view.setUint16(OFFSET_AND_FLAGS, (dataOffset << 12) | (segment.reserved << 9) | segment.flags);
  view.setUint16(WINDOW, segment.window);
  view.setUint16(URGENT, segment.urgent);
  if (optionsLength > 0) writeTcpOptions(segment.options, view, OPTIONS);
  const payloadAt = offset + OPTIONS + optionsLength;
  if (segment.payload.length > 0) bytes.set(segment.payload, payloadAt);
  const end = payloadAt + segment.payload.length;
  view.setUint16(TCP_CHECKSUM_OFFSET, segment.checksum ?? internetChecksum(bytes, offset, end, pseudoHeaderSum));
}
