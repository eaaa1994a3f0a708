/** What a datagram that came for our port is: a segment, an ICMP error about one of ours, or nothing that can be read. */
import { faultText } from '../wire/errors.ts';
import { type IcmpError, type IcmpMessage, readIcmpError } from '../wire/icmp.ts';
import type { Ipv4Header } from '../wire/ipv4.ts';
import { decodePacketLax, isTcpChecksumRight, type Packet, verifyIcmpChecksum } from '../wire/packet.ts';
import type { TcpSegment } from '../wire/tcp.ts';

export type Heard =
  | { type: 'segment'; ip: Ipv4Header; tcp: TcpSegment; checksumOk: boolean; datagram: Uint8Array }
  | { type: 'icmp'; ip: Ipv4Header; message: IcmpMessage; error: IcmpError; quotedSeq: number; datagram: Uint8Array }
  | { type: 'unreadable'; reason: string };

/** Reads a datagram. A checksum that was left to the network card counts as right (checksum.ts). */
export function hear(datagram: Uint8Array): Heard {
  const packet = decodePacketLax(datagram);
  // No error is made for it: such datagrams may be a flood.
  if (packet.stopped !== undefined) return { type: 'unreadable', reason: faultText(packet.stopped) };
  // What did not stop is whole.
  const { ip, tcp, icmp } = packet as Packet;
  if (tcp !== undefined) return { type: 'segment', ip, tcp, checksumOk: isTcpChecksumRight(ip, datagram), datagram };
  if (icmp !== undefined && verifyIcmpChecksum(ip, datagram) === 'wrong')
    return { type: 'unreadable', reason: 'ICMP with a wrong checksum' };
  const error = icmp && readIcmpError(icmp);
  if (icmp === undefined || error === undefined) return { type: 'unreadable', reason: 'neither TCP nor an ICMP error' };
  if (error.tcp?.seq === undefined) return { type: 'unreadable', reason: 'an ICMP error whose quote is too short' };
  return { type: 'icmp', ip, message: icmp, error, quotedSeq: error.tcp.seq, datagram };
}
