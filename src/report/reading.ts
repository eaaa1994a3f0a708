/** A datagram as it was read: what stands in a line of JSON, and how its checksums stand. */
import type { Ipv4Reading, Reading } from '../probe/events.ts';
import { formatIpv4 } from '../wire/address.ts';
import type { ChecksumVerdict } from '../wire/checksum.ts';
import { flagNames } from '../wire/flags.ts';
import { type IcmpMessage, icmpName, readIcmpError } from '../wire/icmp.ts';
import type { Ipv4Header } from '../wire/ipv4.ts';
import { decodeIpv4Options } from '../wire/ipv4-options.ts';
import { type LaxPacket, verifyIcmpChecksum, verifyIpv4Checksum, verifyTcpChecksum } from '../wire/packet.ts';
import type { TcpSegment } from '../wire/tcp.ts';

/** Undefined where what a checksum covers is not all there: a segment without its datagram, a datagram that is cut off. */
export interface Checksums {
  ip: ChecksumVerdict | undefined;
  /** TCP's, or ICMP's. */
  body: ChecksumVerdict | undefined;
}

/** @param bytes what the packet was read from */
export function checksumsOf({ ip, tcp, icmp }: LaxPacket, bytes: Uint8Array): Checksums {
  if (ip === undefined || !hasWholeHeader(ip, bytes)) return { ip: undefined, body: undefined };
  return { ip: verifyIpv4Checksum(bytes), body: isWhole(ip, bytes) ? bodyVerdict(ip, tcp, icmp, bytes) : undefined };
}

const hasWholeHeader = (ip: Partial<Ipv4Header>, bytes: Uint8Array): ip is Ipv4Header => {
  const headerLength = (ip.ihl ?? 0) * 4;
  return ip.destination !== undefined && headerLength >= 20 && headerLength <= bytes.length;
};

/** A total length of zero means all there is (packet.ts). */
function isWhole({ ihl = 0, totalLength = 0 }: Ipv4Header, bytes: Uint8Array): boolean {
  return totalLength === 0 || (totalLength >= ihl * 4 && totalLength <= bytes.length);
}

function bodyVerdict(ip: Ipv4Header, tcp: LaxPacket['tcp'], icmp: LaxPacket['icmp'], bytes: Uint8Array): ChecksumVerdict | undefined {
  if (tcp !== undefined) return tcp.checksum === undefined ? undefined : verifyTcpChecksum(ip, bytes);
  return icmp?.checksum === undefined ? undefined : verifyIcmpChecksum(ip, bytes);
}

/**
 * @param bytes what the packet was read from
 * @param variant of a sweep: which of its segments it is
 */
export function readingOf(packet: LaxPacket, bytes: Uint8Array, variant?: string): Reading {
  const { ip, tcp, icmp, payload, trailer, stopped } = packet;
  const checksums = checksumsOf(packet, bytes);
  const header = ip === undefined ? undefined : ipReading(ip, checksums.ip);
  const end = { trailer, stopped, hex: bytes };
  if (tcp !== undefined) return { type: 'segment', variant, ...tcpReading(tcp, checksums.body), ...header, ...end };
  const known = header ?? ipReading({}, undefined);
  if (icmp !== undefined) return { type: 'icmp', variant, ...icmpReading(icmp, checksums.body), ...known, ...end };
  return { type: 'datagram', variant, ...known, payload, ...end };
}

function ipReading(ip: Partial<Ipv4Header>, ipChecksumVerdict: ChecksumVerdict | undefined): Ipv4Reading {
  return {
    source: ip.source === undefined ? undefined : formatIpv4(ip.source),
    destination: ip.destination === undefined ? undefined : formatIpv4(ip.destination),
    ipHeaderLength: ip.ihl === undefined ? undefined : ip.ihl * 4,
    tos: ip.tos,
    totalLength: ip.totalLength,
    ipId: ip.id,
    evil: ip.reservedBit,
    dontFragment: ip.dontFragment,
    moreFragments: ip.moreFragments,
    fragmentOffset: ip.fragmentOffset,
    ttl: ip.ttl,
    protocol: ip.protocol,
    ipChecksum: ip.checksum,
    ipChecksumVerdict,
    ipOptions: ip.options && decodeIpv4Options(ip.options),
  };
}

function tcpReading(tcp: Partial<TcpSegment>, checksumVerdict: ChecksumVerdict | undefined) {
  return {
    sourcePort: tcp.sourcePort,
    destinationPort: tcp.destinationPort,
    flags: tcp.flags === undefined ? undefined : flagNames(tcp.flags),
    seq: tcp.seq,
    ack: tcp.ack,
    window: tcp.window,
    urgent: tcp.urgent,
    length: tcp.payload?.length,
    dataOffset: tcp.dataOffset,
    reserved: tcp.reserved,
    checksum: tcp.checksum,
    checksumVerdict,
    options: tcp.options,
    payload: tcp.payload,
  };
}

function icmpReading(icmp: Partial<IcmpMessage>, checksumVerdict: ChecksumVerdict | undefined) {
  const { type, code, checksum, rest, body } = icmp;
  const error =
    type === undefined || code === undefined || rest === undefined || body === undefined
      ? undefined
      : readIcmpError({ type, code, rest, body });
  return {
    icmpType: type,
    code,
    name: type === undefined || code === undefined ? undefined : icmpName(type, code),
    checksum,
    checksumVerdict,
    rest,
    nextHopMtu: error?.nextHopMtu,
    pointer: error?.pointer,
    quoted: error?.ip && {
      ...ipReading(error.ip, undefined),
      sourcePort: error.tcp?.sourcePort,
      destinationPort: error.tcp?.destinationPort,
      seq: error.tcp?.seq,
    },
    payload: body,
  };
}
