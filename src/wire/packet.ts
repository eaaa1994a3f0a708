/** A whole IPv4 datagram: header, and a TCP segment, an ICMP message or other bytes. */
import { get16 } from './bytes.ts';
import { type ChecksumVerdict, internetChecksum, isChecksumRight, pseudoHeaderSum, verifyChecksum } from './checksum.ts';
import { type DecodeFault, refuse } from './errors.ts';
import { decodeIcmp, decodeIcmpLax, type IcmpMessage, icmpEncodedLength, icmpFault, writeIcmp } from './icmp.ts';
import {
  decodeIpv4Header,
  decodeIpv4HeaderLax,
  IPV4_MIN_HEADER_LENGTH,
  type Ipv4Header,
  ipv4HeaderFault,
  ipv4HeaderLength,
  PROTOCOL_ICMP,
  PROTOCOL_TCP,
  writeIpv4Header,
} from './ipv4.ts';
import { finalDestination } from './ipv4-options.ts';
import {
  decodeTcp,
  decodeTcpFields,
  TCP_CHECKSUM_OFFSET,
  TCP_MIN_HEADER_LENGTH,
  type TcpSegment,
  tcpEncodedLength,
  tcpFault,
  writeTcp,
} from './tcp.ts';

/** Bytes of the IPv4 and TCP headers without options: what an MTU has over an MSS (RFC 9293 §3.7.1). */
export const MIN_HEADERS_LENGTH = IPV4_MIN_HEADER_LENGTH + TCP_MIN_HEADER_LENGTH;

/** One of `tcp`, `icmp` and `payload` is there: `payload` for any other protocol and for a fragment. */
export interface Packet {
  ip: Ipv4Header;
  tcp?: TcpSegment;
  icmp?: IcmpMessage;
  payload?: Uint8Array;
  /** Bytes after the end that the header states, such as a link's padding. */
  trailer?: Uint8Array;
}

/** What could be read of a datagram or a segment that may be cut off or lie about its lengths. */
export interface LaxPacket {
  /** Undefined for a segment without its datagram. */
  ip?: Partial<Ipv4Header>;
  tcp?: Partial<TcpSegment>;
  icmp?: Partial<IcmpMessage>;
  payload?: Uint8Array;
  trailer?: Uint8Array;
  /** Where and why reading stopped. Its offset counts from the first of the bytes given. */
  stopped?: DecodeFault;
}

/**
 * Reads a whole datagram. Its parts are views of the given bytes, not copies. Checksums are kept, not judged.
 * @throws DecodeError where a header is cut off or a length field lies
 */
export function decodePacket(bytes: Uint8Array): Packet {
  const packet = decodePacketLax(bytes);
  refuse(packet.stopped);
  // What did not stop is whole.
  return packet as Packet;
}

/** Reads as much of a datagram as there is. Never throws. */
export function decodePacketLax(bytes: Uint8Array): LaxPacket {
  const headerFault = ipv4HeaderFault(bytes);
  if (headerFault !== undefined) return { ip: decodeIpv4HeaderLax(bytes), stopped: headerFault };
  const ip = decodeIpv4Header(bytes);
  const start = (ip.ihl as number) * 4;
  const lengthFault = totalLengthFault(ip, bytes);
  // Total length is zero above 65,535 bytes, which offloading can deliver.
  const end = lengthFault === undefined && ip.totalLength ? ip.totalLength : bytes.length;
  const packet: LaxPacket = { ip };
  if (end < bytes.length) packet.trailer = bytes.subarray(end);
  const body = bytes.subarray(start, end);
  let bodyFault: DecodeFault | undefined;
  if (ip.moreFragments || ip.fragmentOffset > 0) {
    packet.payload = body;
  } else if (ip.protocol === PROTOCOL_TCP) {
    bodyFault = tcpFault(body);
    packet.tcp = bodyFault === undefined ? decodeTcp(body) : decodeTcpFields(body);
  } else if (ip.protocol === PROTOCOL_ICMP) {
    bodyFault = icmpFault(body);
    packet.icmp = bodyFault === undefined ? decodeIcmp(body) : decodeIcmpLax(body);
  } else {
    packet.payload = body;
  }
  if (bodyFault !== undefined) packet.stopped = { ...bodyFault, offset: start + bodyFault.offset };
  else if (lengthFault !== undefined) packet.stopped = lengthFault;
  return packet;
}

function totalLengthFault({ ihl, totalLength }: Ipv4Header, { length }: Uint8Array): DecodeFault | undefined {
  if (!totalLength) return undefined;
  if (totalLength < (ihl as number) * 4)
    return { protocol: 'IPv4', offset: 2, reason: `total length ${totalLength}, less than the header` };
  if (totalLength > length) return { protocol: 'IPv4', offset: length, reason: `datagram cut off: ${length} of ${totalLength} bytes` };
  return undefined;
}

/** Reads as much of a segment without its datagram as there is. Never throws. */
export function decodeSegmentLax(bytes: Uint8Array): LaxPacket {
  const stopped = tcpFault(bytes);
  return stopped === undefined ? { tcp: decodeTcp(bytes) } : { tcp: decodeTcpFields(bytes), stopped };
}

/**
 * Tells a datagram from a bare segment. Both may begin with the same bytes (a source port of 17,664 to 20,479 looks like
 * an IPv4 header's beginning), so the rest must bear it out where there is enough of it.
 */
export function looksLikeIpv4(bytes: Uint8Array): boolean {
  const first = bytes[0] ?? 0;
  const headerLength = (first & 15) * 4;
  if (first >> 4 !== 4 || headerLength < IPV4_MIN_HEADER_LENGTH) return false;
  if (bytes.length < headerLength) return true;
  if (verifyIpv4Checksum(bytes) === 'correct' || get16(bytes, 2) === bytes.length) return true;
  // Where it can't be a segment either, a header that lies is more likely than a port that misleads.
  const dataOffset = (bytes[12] as number) >> 4;
  return dataOffset * 4 < TCP_MIN_HEADER_LENGTH || dataOffset * 4 > bytes.length;
}

/**
 * Writes a datagram; undefined fields are computed.
 * @throws EncodeError where a field can't hold its value: a port of 70,000, options over 40 bytes, a datagram over 65,535
 */
export function encodePacket(packet: Packet): Uint8Array {
  const { ip, tcp, icmp, payload, trailer } = packet;
  const start = ipv4HeaderLength(ip);
  const bodyLength = tcp ? tcpEncodedLength(tcp) : icmp ? icmpEncodedLength(icmp) : (payload?.length ?? 0);
  const end = start + bodyLength;
  const bytes = new Uint8Array(end + (trailer?.length ?? 0));
  if (tcp) {
    const destination = finalDestination(ip.destination, ip.options);
    writeTcp(tcp, bytes, start, pseudoHeaderSum(ip.source, destination, PROTOCOL_TCP, bodyLength));
  }
  if (icmp) writeIcmp(icmp, bytes, start);
  if (payload) bytes.set(payload, start);
  writeIpv4Header(ip, bytes, end);
  if (trailer) bytes.set(trailer, end);
  return bytes;
}

/**
 * Judges the TCP checksum of a datagram whose header was read.
 * @param bytes the datagram that `ip` was decoded from
 */
export function verifyTcpChecksum(ip: Ipv4Header, bytes: Uint8Array): ChecksumVerdict {
  const destination = finalDestination(ip.destination, ip.options);
  return verifyChecksum(datagramBody(ip, bytes), TCP_CHECKSUM_OFFSET, ip.source, destination, ip.protocol);
}

/** Whether {@link verifyTcpChecksum} says anything but `wrong`. */
export function isTcpChecksumRight(ip: Ipv4Header, bytes: Uint8Array): boolean {
  const destination = finalDestination(ip.destination, ip.options);
  return isChecksumRight(datagramBody(ip, bytes), TCP_CHECKSUM_OFFSET, ip.source, destination, ip.protocol);
}

/**
 * Judges the ICMP checksum of a datagram whose header was read. A raw socket gets messages that the kernel has not checked.
 * @param bytes the datagram that `ip` was decoded from
 */
export function verifyIcmpChecksum(ip: Ipv4Header, bytes: Uint8Array): Exclude<ChecksumVerdict, 'partial'> {
  return internetChecksum(datagramBody(ip, bytes)) === 0 ? 'correct' : 'wrong';
}

/** Judges the checksum of the header that the bytes begin with, which must be there as a whole. */
export const verifyIpv4Checksum = (bytes: Uint8Array): 'correct' | 'wrong' =>
  internetChecksum(bytes, 0, ((bytes[0] as number) & 15) * 4) === 0 ? 'correct' : 'wrong';

const datagramBody = (ip: Ipv4Header, bytes: Uint8Array): Uint8Array =>
  bytes.subarray((ip.ihl as number) * 4, ip.totalLength || bytes.length);
