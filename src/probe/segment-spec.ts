/** A segment to be crafted: every field of TCP and IPv4 that a raw socket lets us choose. */
import type { Random } from '../net/random.ts';
import type { Ipv4Address } from '../wire/address.ts';
import { get16, put16 } from '../wire/bytes.ts';
import { fold, internetChecksum, pseudoHeaderSum } from '../wire/checksum.ts';
import { EncodeError } from '../wire/errors.ts';
import { ACK, RST, SYN } from '../wire/flags.ts';
import { fragment } from '../wire/fragment.ts';
import { type Ipv4Header, ipv4Header, PROTOCOL_TCP } from '../wire/ipv4.ts';
import { finalDestination, MAX_IPV4_OPTIONS_LENGTH } from '../wire/ipv4-options.ts';
import { encodePacket, MIN_HEADERS_LENGTH } from '../wire/packet.ts';
import { decodeTcpLax, TCP_CHECKSUM_OFFSET, type TcpSegment, tcpEncodedLength, tcpSegment, writeTcp } from '../wire/tcp.ts';
import type { TcpOption } from '../wire/tcp-options.ts';
import { type SynOptionChoice, synOptions } from './syn-options.ts';

/** A field that is undefined is as a Linux host would send it, or computed; a value is sent as it is, legal or not. */
export interface SegmentSpec {
  /** Nine bits, see wire/flags.ts; undefined: SYN. */
  flags?: number | undefined;
  seq?: number | undefined;
  ack?: number | undefined;
  window?: number | undefined;
  urgent?: number | undefined;
  dataOffset?: number | undefined;
  reserved?: number | undefined;
  /** By preset and name. Without a preset: Linux's for a SYN, none for any other segment. */
  namedOptions?: SynOptionChoice | undefined;
  /** Options to stand after the named ones. */
  options?: readonly TcpOption[] | undefined;
  payload?: Uint8Array | undefined;
  /** The whole segment in the place of all above, but for its checksum; at least four bytes, for they hold the ports. */
  bytes?: Uint8Array | undefined;
  /** `wrong`: any but the right one. `keep`: as it stands in `bytes`. */
  checksum?: number | 'wrong' | 'keep' | undefined;
  ttl?: number | undefined;
  tos?: number | undefined;
  /** Of the first copy; each later one has one more, as on Linux, unless it was given. */
  ipId?: number | undefined;
  /** Undefined: set, but not in a fragment. */
  dontFragment?: boolean | undefined;
  moreFragments?: boolean | undefined;
  /** In units of 8 bytes. */
  fragmentOffset?: number | undefined;
  /** The reserved bit of the IPv4 header, "evil" by RFC 3514. */
  evil?: boolean | undefined;
  /** As they stand in the header; padded to whole words. */
  ipOptions?: Uint8Array | undefined;
  /** Send the datagram in fragments with so many bytes behind each IPv4 header: a multiple of 8. */
  fragmentBytes?: number | undefined;
}

/** Between which two the segment goes. */
export interface SegmentFlow {
  source: Ipv4Address;
  sourcePort: number;
  destination: Ipv4Address;
  destinationPort: number;
}

/** The numbers that stand for what the spec leaves open. */
export interface SegmentNumbers {
  seq: number;
  ack: number;
  ipId: number;
  timestamp: number;
  /** The MSS that the route allows, in bytes. */
  mss: number;
}

/** Linux's first window, and its later ones as they stand in the header behind a window scale of 7. */
const SYN_WINDOW = 64_240;
const LATER_WINDOW = 502;

const NOTHING = new Uint8Array(0);

export interface Crafted {
  ip: Ipv4Header;
  tcp: TcpSegment;
  /** The segment with its checksum. */
  segment: Uint8Array;
}

/**
 * Draws the numbers, always as many and in the same order.
 * @param mtu of the route, in bytes
 * @param drawSeq the initial sequence number of a new connection
 */
export function drawNumbers(random: Random, mtu: number, drawSeq: () => number): SegmentNumbers {
  const mss = mtu - MIN_HEADERS_LENGTH;
  return { seq: drawSeq(), ack: random.uint32(), ipId: 1 + (random.uint32() % 0xffff), timestamp: random.uint32(), mss };
}

/** @throws EncodeError where a field can't hold its value, or a length is over its limit */
export function craft(spec: SegmentSpec, flow: SegmentFlow, numbers: SegmentNumbers): Crafted {
  const isFragment = spec.fragmentBytes !== undefined || spec.moreFragments === true || (spec.fragmentOffset ?? 0) > 0;
  const ip = ipv4Header({
    source: flow.source,
    destination: flow.destination,
    tos: spec.tos ?? 0,
    id: spec.ipId ?? numbers.ipId,
    reservedBit: spec.evil ?? false,
    dontFragment: spec.dontFragment ?? !isFragment,
    moreFragments: spec.moreFragments ?? false,
    fragmentOffset: spec.fragmentOffset ?? 0,
    ttl: spec.ttl ?? 64,
    options: padded(spec.ipOptions ?? NOTHING),
  });
  if (spec.bytes !== undefined) {
    const segment = Uint8Array.from(spec.bytes);
    setChecksum(segment, spec.checksum, ip);
    return { ip, tcp: readTcp(segment, flow), segment };
  }
  const tcp = tcpFields(spec, flow, numbers);
  const segment = new Uint8Array(tcpEncodedLength(tcp));
  writeTcp(tcp, segment, 0, 0);
  setChecksum(segment, spec.checksum, ip);
  return { ip, tcp: { ...tcp, checksum: get16(segment, TCP_CHECKSUM_OFFSET) }, segment };
}

function tcpFields(spec: SegmentSpec, { sourcePort, destinationPort }: SegmentFlow, numbers: SegmentNumbers): TcpSegment {
  const flags = spec.flags ?? SYN;
  const isSyn = (flags & SYN) !== 0;
  const named: SynOptionChoice = { ...spec.namedOptions, preset: spec.namedOptions?.preset ?? (isSyn ? 'linux' : 'none') };
  return {
    sourcePort,
    destinationPort,
    seq: spec.seq ?? numbers.seq,
    // An ACK that acknowledges nothing is an oddity that filters look for.
    ack: spec.ack ?? (flags & ACK ? numbers.ack : 0),
    dataOffset: spec.dataOffset,
    reserved: spec.reserved ?? 0,
    flags,
    window: spec.window ?? (isSyn ? SYN_WINDOW : flags & RST ? 0 : LATER_WINDOW),
    checksum: 0,
    urgent: spec.urgent ?? 0,
    options: [...synOptions(named, numbers.mss, numbers.timestamp), ...(spec.options ?? [])],
    payload: spec.payload ?? NOTHING,
  };
}

/** What can be read of it; the rest is zero. */
function readTcp(bytes: Uint8Array, { sourcePort, destinationPort }: SegmentFlow): TcpSegment {
  const { stopped: _, ...fields } = decodeTcpLax(bytes);
  return { ...tcpSegment({ sourcePort, destinationPort }), ...fields };
}

/** IPv4 options end on a word; end-of-list fills the rest (RFC 791 §3.1). */
function padded(options: Uint8Array): Uint8Array {
  const { length } = options;
  if (length > MAX_IPV4_OPTIONS_LENGTH) throw new EncodeError('IPv4 options', `${length} bytes, ${MAX_IPV4_OPTIONS_LENGTH} at most`);
  const bytes = new Uint8Array((length + 3) & ~3);
  bytes.set(options);
  return bytes;
}

function setChecksum(segment: Uint8Array, wanted: SegmentSpec['checksum'], { source, destination, options }: Ipv4Header): void {
  if (wanted === 'keep') return;
  if (segment.length < TCP_CHECKSUM_OFFSET + 2) {
    if (wanted === undefined) return;
    throw new EncodeError('TCP checksum', 'the segment ends before it');
  }
  const write = (checksum: number): void => put16(segment, TCP_CHECKSUM_OFFSET, checksum, 'TCP checksum');
  const pseudo = pseudoHeaderSum(source, finalDestination(destination, options), PROTOCOL_TCP, segment.length);
  write(0);
  const right = internetChecksum(segment, 0, segment.length, pseudo);
  write(wanted === undefined ? right : wanted === 'wrong' ? wrongChecksum(right, pseudo) : wanted);
}

/** Neither the right one nor the pseudo-header's sum alone, which passes for one left to the network card. */
const wrongChecksum = (right: number, pseudo: number): number => ((right ^ 0x5555) === fold(pseudo) ? right ^ 0xaaaa : right ^ 0x5555);

/** The datagram of one copy. @throws EncodeError over 65,535 bytes */
export const datagramOf = ({ ip, segment }: Crafted, id: number): Uint8Array => encodePacket({ ip: { ...ip, id }, payload: segment });

/** What the kernel gets: the datagram, or its fragments. */
export const piecesOf = (datagram: Uint8Array, { fragmentBytes }: SegmentSpec): Uint8Array[] =>
  fragmentBytes === undefined ? [datagram] : fragment(datagram, fragmentBytes);

/** The identification of the n-th copy, counted from 0: one more each time, never the zero that the kernel would replace. */
export const copyId = ({ ipId }: SegmentSpec, { ipId: first }: Pick<SegmentNumbers, 'ipId'>, copy: number): number =>
  ipId ?? 1 + ((first - 1 + copy) % 0xffff);
