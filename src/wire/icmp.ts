/**
 * ICMPv4 (RFC 792), error messages above all: they quote the datagram they are about.
 *
 *     0                   1                   2                   3
 *    |     Type      |     Code      |           Checksum            |
 *    |                       by type, see below                      |
 *    |               the quoted datagram, extensions                 |
 */
import { get16, get32, put8, put16, put32 } from './bytes.ts';
import { internetChecksum } from './checksum.ts';
import { type DecodeFault, refuse } from './errors.ts';
import { decodeIpv4Header, type Ipv4Header, ipv4HeaderFault, PROTOCOL_TCP } from './ipv4.ts';
import { decodeTcpLax, type LaxTcpSegment } from './tcp.ts';

const CODE = 1;
const CHECKSUM = 2;
const REST = 4;
const BODY = 8;

export const ICMP_ECHO_REPLY = 0;
export const ICMP_UNREACHABLE = 3;
export const ICMP_ECHO_REQUEST = 8;
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

/** What keeps a message from being read as a whole: its header is cut off. Undefined where nothing does. */
export function icmpFault({ length }: Uint8Array): DecodeFault | undefined {
  return length < BODY ? { protocol: 'ICMP', offset: length, reason: `header cut off: ${length} of ${BODY} bytes` } : undefined;
}

/**
 * Reads a message. Its body is a view of the given bytes, not a copy.
 * @throws DecodeError where the header is cut off
 */
export function decodeIcmp(bytes: Uint8Array): IcmpMessage {
  refuse(icmpFault(bytes));
  return { type: bytes[0], code: bytes[CODE], checksum: get16(bytes, CHECKSUM), rest: get32(bytes, REST), body: bytes.subarray(BODY) };
}

/** Reads as much of a message as there is. Never throws. */
export function decodeIcmpLax(bytes: Uint8Array): Partial<IcmpMessage> {
  const read: Partial<IcmpMessage> = {};
  if (bytes.length > 0) read.type = bytes[0];
  if (bytes.length > CODE) read.code = bytes[CODE];
  if (bytes.length >= CHECKSUM + 2) read.checksum = get16(bytes, CHECKSUM);
  if (bytes.length >= BODY) {
    read.rest = get32(bytes, REST);
    read.body = bytes.subarray(BODY);
  }
  return read;
}

export const icmpEncodedLength = (message: IcmpMessage): number => BODY + message.body.length;

/**
 * Writes the message into bytes[at …], which must be zero there.
 * @throws EncodeError where a field can't hold its value
 */
export function writeIcmp(message: IcmpMessage, bytes: Uint8Array, at: number): void {
  put8(bytes, at, message.type, 'ICMP type');
  put8(bytes, at + CODE, message.code, 'ICMP code');
  put32(bytes, at + REST, message.rest, 'ICMP rest of header');
  bytes.set(message.body, at + BODY);
  const end = at + icmpEncodedLength(message);
  put16(bytes, at + CHECKSUM, message.checksum ?? internetChecksum(bytes, at, end), 'ICMP checksum');
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
  /** The bytes that `tcp` was read from. */
  segment?: Uint8Array;
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
  if (type === ICMP_ECHO_REPLY) return 'echo-reply';
  if (type === 4) return 'source-quench';
  if (type === 5) return 'redirect';
  if (type === ICMP_ECHO_REQUEST) return 'echo-request';
  return unnamed;
}

/** Reads an error message; undefined where the type is no error. Never throws: the quote is read as far as it goes. */
export function readIcmpError(message: IcmpMessage): IcmpError | undefined {
  const { type, code, rest } = message;
  if (type !== ICMP_UNREACHABLE && type !== ICMP_TIME_EXCEEDED && type !== ICMP_PARAMETER_PROBLEM) return undefined;
  const { quote, extensions } = splitBody(message);
  const error: IcmpError = { name: icmpName(type, code), extensions };
  if (type === ICMP_UNREACHABLE && code === ICMP_CODE_FRAGMENTATION_NEEDED) error.nextHopMtu = rest & 0xffff;
  if (type === ICMP_PARAMETER_PROBLEM) error.pointer = rest >>> 24;
  if (ipv4HeaderFault(quote) !== undefined) return error;
  error.ip = decodeIpv4Header(quote);
  if (error.ip.protocol === PROTOCOL_TCP && error.ip.fragmentOffset === 0) {
    const start = (error.ip.ihl as number) * 4;
    const end = error.ip.totalLength as number;
    // The quote may be padded past the datagram's end. An end too near for the eight bytes that are always quoted was garbled on the way.
    error.segment = quote.subarray(start, end >= start + 8 ? end : quote.length);
    error.tcp = decodeTcpLax(error.segment);
  }
  return error;
}

/** RFC 4884 §4: a quote that extensions follow is at least 128 bytes, padded with zeros. */
const MIN_EXTENDED_QUOTE = 128;
const EXTENSION_VERSION = 2;

/** Parts the body into the quoted datagram and what the extension structure after it holds. */
function splitBody({ rest, body }: IcmpMessage): { quote: Uint8Array; extensions: IcmpExtension[] } {
  // RFC 4884 §4: the second byte of the word is the quote's length in 32-bit words, where extensions follow.
  const stated = ((rest >>> 16) & 0xff) * 4;
  if (stated >= MIN_EXTENDED_QUOTE) {
    const structure = body.subarray(stated);
    return { quote: body.subarray(0, stated), extensions: hasExtensions(structure) ? decodeExtensions(structure) : [] };
  }
  // RFC 4884 §5: older routers don't state it and quote 128 bytes. Then only a checksum tells the structure from more of the datagram.
  const structure = body.subarray(MIN_EXTENDED_QUOTE);
  if (stated === 0 && hasExtensions(structure) && get16(structure, 2) !== 0) {
    return { quote: body.subarray(0, MIN_EXTENDED_QUOTE), extensions: decodeExtensions(structure) };
  }
  return { quote: body, extensions: [] };
}

/** The header of an extension structure (RFC 4884 §7): version, and a checksum over all of it, where zero means none. */
const hasExtensions = (bytes: Uint8Array): boolean =>
  bytes.length >= 4 && bytes[0] >> 4 === EXTENSION_VERSION && (get16(bytes, 2) === 0 || internetChecksum(bytes) === 0);

/** Reads the objects that follow the header (RFC 4884 §8), up to one whose length lies. */
function decodeExtensions(bytes: Uint8Array): IcmpExtension[] {
  const objects: IcmpExtension[] = [];
  let at = 4;
  while (at + 4 <= bytes.length) {
    const length = get16(bytes, at);
    if (length < 4 || at + length > bytes.length) break;
    objects.push({ class: bytes[at + 2], type: bytes[at + 3], data: bytes.subarray(at + 4, at + length) });
    at += length;
  }
  return objects;
}
