/**
 * ICMPv4 (RFC 792), error messages above all: they quote the datagram they are about.
 *
 *     0                   1                   2                   3
 *    |     Type      |     Code      |           Checksum            |
 *    |                       by type, see below                      |
 *    |               the quoted datagram, extensions                 |
 */
import { internetChecksum } from './checksum.ts';
import { DecodeError } from './errors.ts';
import { decodeIpv4Header, type Ipv4Header, PROTOCOL_TCP } from './ipv4.ts';
import { decodeTcpLax, type LaxTcpSegment } from './tcp.ts';

const CHECKSUM = 2;
const REST = 4;
const BODY = 8;

export const ICMP_UNREACHABLE = 3;
export const ICMP_TIME_EXCEEDED = 11;
export const ICMP_PARAMETER_PROBLEM = 12;
/** Code of "unreachable": fragmentation needed and DF set. */
export const ICMP_CODE_FRAGMENTATION_NEEDED = 4;

/** A message as it stands in the bytes. For the checksum, undefined means "compute it". */
export interface IcmpMessage {
  type: number;
  code: number;
  checksum?: number | undefined;
  /** The second word of the header, whose meaning depends on the type. */
  rest: number;
  /** All that follows the header. */
  body: Uint8Array;
}

/** @throws DecodeError where the header is cut off */
export function decodeIcmp(bytes: Uint8Array): IcmpMessage {
  if (bytes.length < BODY) throw new DecodeError('ICMP', bytes.length, `header cut off: ${bytes.length} of ${BODY} bytes`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return {
    type: view.getUint8(0),
    code: view.getUint8(1),
    checksum: view.getUint16(CHECKSUM),
    rest: view.getUint32(REST),
    body: bytes.subarray(BODY),
  };
}

export const icmpEncodedLength = (message: IcmpMessage): number => BODY + message.body.length;

/** Writes the message into bytes[offset …], which must be zero there. */
export function writeIcmp(message: IcmpMessage, bytes: Uint8Array, offset: number): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset + offset, bytes.byteLength - offset);
  view.setUint8(0, message.type);
  view.setUint8(1, message.code);
  view.setUint32(REST, message.rest);
  bytes.set(message.body, offset + BODY);
  view.setUint16(CHECKSUM, message.checksum ?? internetChecksum(bytes, offset, offset + icmpEncodedLength(message)));
}

/** An object of the extension structure (RFC 4884 §8), such as an MPLS label stack (RFC 4950). */
export interface IcmpExtension {
  class: number;
  type: number;
  data: Uint8Array;
}

/** What an error message says about the datagram it quotes. */
export interface IcmpError {
  /** `type` and `code` in words, such as `'host-unreachable'`. */
  name: string;
  /** Of "fragmentation needed": the MTU of the next hop in bytes, 0 where the router does not say (RFC 1191). */
  nextHopMtu?: number;
  /** Of "parameter problem": the byte of the quoted header that is wrong. */
  pointer?: number;
  /** The quoted header; undefined where not even that could be read. */
  ip?: Ipv4Header;
  /** What is left of the quoted segment: at least the first eight bytes by rule. */
  tcp?: LaxTcpSegment;
  extensions: IcmpExtension[];
}

/** IANA's codes of "destination unreachable", 0 to 15. */
const UNREACHABLE_NAMES = [
  'net-unreachable',
  'host-unreachable',
  'protocol-unreachable',
  'port-unreachable',
  'fragmentation-needed',
  'source-route-failed',
  'net-unknown',
  'host-unknown',
  'source-host-isolated',
  'net-prohibited',
  'host-prohibited',
  'net-unreachable-for-tos',
  'host-unreachable-for-tos',
  'admin-prohibited',
  'host-precedence-violation',
  'precedence-cutoff',
];
const TIME_EXCEEDED_NAMES = ['ttl-exceeded', 'reassembly-time-exceeded'];

/** Type and code in words; `type-N-code-M` where they have none here. */
export function icmpName(type: number, code: number): string {
  const unnamed = `type-${type}-code-${code}`;
  if (type === ICMP_UNREACHABLE) return UNREACHABLE_NAMES[code] ?? unnamed;
  if (type === ICMP_TIME_EXCEEDED) return TIME_EXCEEDED_NAMES[code] ?? unnamed;
  if (type === ICMP_PARAMETER_PROBLEM) return 'parameter-problem';
  if (type === 0) return 'echo-reply';
  if (type === 4) return 'source-quench';
  if (type === 5) return 'redirect';
  if (type === 8) return 'echo-request';
  return unnamed;
}

/** Reads an error message; undefined where the type is no error. Never throws: the quote is read as far as it goes. */
export function readIcmpError(message: IcmpMessage): IcmpError | undefined {
  const { type, code, rest, body } = message;
  if (type !== ICMP_UNREACHABLE && type !== ICMP_TIME_EXCEEDED && type !== ICMP_PARAMETER_PROBLEM) return undefined;
  // RFC 4884 §4: the second byte of the word is the length of the quote in 32-bit words, where extensions follow.
  const quoteLength = ((rest >>> 16) & 0xff) * 4;
  const hasExtensions = quoteLength >= MIN_EXTENDED_QUOTE && quoteLength < body.length;
  const quote = hasExtensions ? body.subarray(0, quoteLength) : body;
  const error: IcmpError = { name: icmpName(type, code), extensions: hasExtensions ? decodeExtensions(body.subarray(quoteLength)) : [] };
  if (type === ICMP_UNREACHABLE && code === ICMP_CODE_FRAGMENTATION_NEEDED) error.nextHopMtu = rest & 0xffff;
  if (type === ICMP_PARAMETER_PROBLEM) error.pointer = rest >>> 24;
  try {
    error.ip = decodeIpv4Header(quote);
  } catch {
    return error;
  }
  if (error.ip.protocol === PROTOCOL_TCP && error.ip.fragmentOffset === 0) {
    const start = (error.ip.ihl as number) * 4;
    // A quote without extensions may be padded past the datagram; one that RFC 4884 padded to 128 bytes surely may.
    const end = Math.min(quote.length, Math.max(start, error.ip.totalLength as number));
    error.tcp = decodeTcpLax(quote.subarray(start, end));
  }
  return error;
}

/** RFC 4884 §4: a quote that extensions follow is at least 128 bytes, padded with zeros. */
const MIN_EXTENDED_QUOTE = 128;
const EXTENSION_VERSION = 2;

/** Reads the extension structure (RFC 4884 §7, §8): a header of version and checksum, then objects. */
function decodeExtensions(bytes: Uint8Array): IcmpExtension[] {
  const objects: IcmpExtension[] = [];
  if (bytes.length < 4 || (bytes[0] as number) >> 4 !== EXTENSION_VERSION) return objects;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.getUint16(2) !== 0 && internetChecksum(bytes) !== 0) return objects;
  let at = 4;
  while (at + 4 <= bytes.length) {
    const length = view.getUint16(at);
    if (length < 4 || at + length > bytes.length) break;
    objects.push({ class: view.getUint8(at + 2), type: view.getUint8(at + 3), data: bytes.subarray(at + 4, at + length) });
    at += length;
  }
  return objects;
}
