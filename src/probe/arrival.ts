/** What a datagram that came for our port is: a segment, an ICMP error about one of ours, or nothing that can be read. */
import { DecodeError } from '../wire/errors.ts';
import { type IcmpError, type IcmpMessage, readIcmpError } from '../wire/icmp.ts';
import type { Ipv4Header } from '../wire/ipv4.ts';
import { decodePacket, isTcpChecksumRight, verifyIcmpChecksum } from '../wire/packet.ts';
import type { TcpSegment } from '../wire/tcp.ts';

export type Heard =
  | { type: 'segment'; ip: Ipv4Header; tcp: TcpSegment; checksumOk: boolean; datagram: Uint8Array }
  | { type: 'icmp'; ip: Ipv4Header; message: IcmpMessage; error: IcmpError; quotedSeq: number; datagram: Uint8Array }
  | { type: 'unreadable'; reason: string };

/** Reads a datagram. A checksum that was left to the network card counts as right (checksum.ts). */
export function hear(datagram: Uint8Array): Heard {
  try {
    const { ip, tcp, icmp } = decodePacket(datagram);
    if (tcp !== undefined) return { type: 'segment', ip, tcp, checksumOk: isTcpChecksumRight(ip, datagram), datagram };
    if (icmp !== undefined && verifyIcmpChecksum(ip, datagram) === 'wrong')
      return { type: 'unreadable', reason: 'ICMP with a wrong checksum' };
    const error = icmp && readIcmpError(icmp);
    if (icmp === undefined || error === undefined) return { type: 'unreadable', reason: 'neither TCP nor an ICMP error' };
    if (error.tcp?.seq === undefined) return { type: 'unreadable', reason: 'an ICMP error whose quote is too short' };
    return { type: 'icmp', ip, message: icmp, error, quotedSeq: error.tcp.seq, datagram };
  } catch (error) {
    if (error instanceof DecodeError) return { type: 'unreadable', reason: error.message };
    throw error;
  }
}
