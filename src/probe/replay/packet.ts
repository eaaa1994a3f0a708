/** What a captured packet is to the conversations: a segment of one, an ICMP error about one, or nothing. */
import type { Ipv4Address } from '../../wire/address.ts';
import type { CapturedPacket } from '../../wire/capture-format.ts';
import type { ChecksumVerdict } from '../../wire/checksum.ts';
import { FIN, SYN } from '../../wire/flags.ts';
import { readIcmpError } from '../../wire/icmp.ts';
import type { Ipv4Header } from '../../wire/ipv4.ts';
import { linkPayload } from '../../wire/link.ts';
import { decodePacketLax, verifyTcpChecksum } from '../../wire/packet.ts';
import type { TcpSegment } from '../../wire/tcp.ts';
import type { IcmpEvent, PassedOver } from '../events.ts';
import { icmpEvent } from '../segment-event.ts';

export interface Endpoint {
  address: Ipv4Address;
  port: number;
}

export interface TcpPacket {
  type: 'tcp';
  /** Nanoseconds since 1970. */
  timeNs: bigint;
  /** The host that captured it sent it; undefined where the capture does not say. */
  outgoing: boolean | undefined;
  ip: Ipv4Header;
  tcp: TcpSegment;
  /** Payload bytes as the headers tell them: the capture may have cut them off. */
  length: number;
  /** SEG.LEN with that length. */
  segLen: number;
  /** Undefined where not all of it is there. */
  checksum: ChecksumVerdict | undefined;
  /** An option of illegal length in it. */
  isMalformed: boolean;
  datagram: Uint8Array;
}

export interface IcmpPacket {
  type: 'icmp';
  timeNs: bigint;
  /** Its time is still to be set. */
  event: IcmpEvent;
  /** Who sent what it quotes, and to whom. */
  quotesSource: Endpoint;
  quotesDestination: Endpoint;
}

/** @param lastNs the time of the packet before, for one that has none of its own */
export function readPacket(packet: CapturedPacket, lastNs: bigint): TcpPacket | IcmpPacket | PassedOver {
  const link = linkPayload(packet.linkType, packet.bytes);
  if (link === undefined) return 'link-type';
  if (link.type === 'cut-off') return 'unreadable';
  if (link.type !== 'ipv4') return link.type === 'ipv6' ? 'ipv6' : 'other-protocol';
  const { datagram } = link;
  const timeNs = packet.timeNs ?? lastNs;
  const { ip, tcp, icmp, stopped } = decodePacketLax(datagram);
  if (!isWhole(ip)) return 'unreadable';
  if (ip.moreFragments || ip.fragmentOffset > 0) return 'fragment';
  if (tcp !== undefined) {
    if (!hasHeader(tcp)) return 'unreadable';
    const length = payloadLength(ip, tcp, packet.originalLength - packet.bytes.length);
    return {
      type: 'tcp',
      timeNs,
      outgoing: link.outgoing ?? (packet.direction === undefined ? undefined : packet.direction === 'outbound'),
      ip,
      tcp,
      length,
      segLen: length + (tcp.flags & SYN ? 1 : 0) + (tcp.flags & FIN ? 1 : 0),
      checksum: stopped === undefined ? verifyTcpChecksum(ip, datagram) : undefined,
      isMalformed: tcp.options.some(({ name }) => name === 'malformed'),
      datagram,
    };
  }
  if (icmp === undefined) return 'other-protocol';
  return readIcmp(timeNs, ip, icmp, datagram);
}

function readIcmp(
  timeNs: bigint,
  ip: Ipv4Header,
  message: Partial<Parameters<typeof readIcmpError>[0]>,
  datagram: Uint8Array,
): IcmpPacket | PassedOver {
  const { type, code, rest, body } = message;
  if (type === undefined || code === undefined || rest === undefined || body === undefined) return 'unreadable';
  const whole = { type, code, rest, body };
  const error = readIcmpError(whole);
  const { sourcePort, destinationPort, seq } = error?.tcp ?? {};
  if (error?.ip === undefined || sourcePort === undefined || destinationPort === undefined || seq === undefined) return 'icmp';
  return {
    type: 'icmp',
    timeNs,
    event: icmpEvent({ type: 'icmp', ip, message: whole, error, quotedSeq: seq, datagram }, 0),
    quotesSource: { address: error.ip.source, port: sourcePort },
    quotesDestination: { address: error.ip.destination, port: destinationPort },
  };
}

/** The header's length lies beyond the options, so a payload that begins past them is there as a whole too. */
const isWhole = (ip: Partial<Ipv4Header> | undefined): ip is Ipv4Header => ip?.destination !== undefined && ip.options !== undefined;

const hasHeader = (tcp: Partial<TcpSegment>): tcp is TcpSegment => tcp.options !== undefined && tcp.payload !== undefined;

/** @param cutOff bytes that the capture does not have */
function payloadLength({ ihl, totalLength }: Ipv4Header, { dataOffset, payload }: TcpSegment, cutOff: number): number {
  // Above 65,535 bytes, which offloading can make, the header says 0.
  if (!totalLength) return payload.length + Math.max(0, cutOff);
  return Math.max(payload.length, totalLength - ((ihl as number) + (dataOffset as number)) * 4);
}
