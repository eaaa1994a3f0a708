/**
 * Datagrams in the words of `tcpdump -nnS` 4.99. They are our own where tcpdump looks into what is opaque here
 * (MPTCP), asks for a secret (MD5), gives up (malformed options), is older than the bit (AE) or reads it at the
 * wrong end (user timeout).
 */
import { formatIpv4 } from './address.ts';
import { ACK, FIN, formatFlags, RST, SYN, URG } from './flags.ts';
import { toHex } from './hex.ts';
import {
  ICMP_CODE_FRAGMENTATION_NEEDED,
  ICMP_ECHO_REPLY,
  ICMP_ECHO_REQUEST,
  ICMP_PARAMETER_PROBLEM,
  ICMP_TIME_EXCEEDED,
  ICMP_UNREACHABLE,
  type IcmpError,
  type IcmpMessage,
  icmpEncodedLength,
  icmpName,
  readIcmpError,
} from './icmp.ts';
import type { Packet } from './packet.ts';
import { seqAdd } from './seq.ts';
import type { TcpSegment } from './tcp.ts';
import type { TcpOption } from './tcp-options.ts';

/** `'mss 1460'`, `'wscale 7'` … */
export function formatTcpOption(option: TcpOption): string {
  switch (option.name) {
    case 'end':
      return 'eol';
    case 'nop':
      return 'nop';
    case 'mss':
      return `mss ${option.mss}`;
    case 'window-scale':
      return `wscale ${option.shift}`;
    case 'sack-permitted':
      return 'sackOK';
    case 'sack':
      return `sack ${option.blocks.length} ${option.blocks.map(({ left, right }) => `{${left}:${right}}`).join('')}`;
    case 'timestamps':
      return `TS val ${option.value} ecr ${option.echoReply}`;
    case 'md5':
      return `md5 ${toHex(option.digest)}`;
    case 'user-timeout':
      return `uto ${option.timeout} ${option.minutes ? 'min' : 's'}`;
    case 'mptcp':
      return `mptcp ${option.data.length + 2} 0x${toHex(option.data)}`;
    case 'fast-open':
      return option.cookie.length > 0 ? `tfo cookie ${toHex(option.cookie)}` : 'tfo cookiereq';
    case 'unknown': {
      const { kind, data, length = data.length + 2 } = option;
      const lie = length === data.length + 2 ? '' : `[len ${length}]`;
      return `unknown-${kind}${data.length > 0 ? ` 0x${toHex(data)}` : ''}${lie}`;
    }
    case 'malformed':
      return `[bad opt] 0x${toHex(option.bytes)}`;
  }
}

/** `'Flags [S.], seq 1, ack 2, win 512, options [mss 1460], length 0'`. */
export function formatTcp(segment: TcpSegment): string {
  const { flags, seq, ack, window, urgent, options, payload } = segment;
  const parts = [`Flags [${formatFlags(flags)}]`];
  if (payload.length > 0) parts.push(`seq ${seq}:${seqAdd(seq, payload.length)}`);
  else if (flags & (SYN | FIN | RST)) parts.push(`seq ${seq}`);
  if (flags & ACK) parts.push(`ack ${ack}`);
  parts.push(`win ${window}`);
  if (flags & URG) parts.push(`urg ${urgent}`);
  if (options.length > 0) parts.push(`options [${options.map(formatTcpOption).join(',')}]`);
  parts.push(`length ${payload.length}`);
  return parts.join(', ');
}

/** By the code of "unreachable", `%` being the quoted destination; 2, 3 and 4 say more (see below). */
const UNREACHABLE: Readonly<Record<number, string>> = {
  0: 'net % unreachable',
  1: 'host % unreachable',
  5: '% unreachable - source route failed',
  6: 'net % unreachable - unknown',
  7: 'host % unreachable - unknown',
  8: '% unreachable - source host isolated',
  9: 'net % unreachable - admin prohibited',
  10: 'host % unreachable - admin prohibited',
  11: 'net % unreachable - tos prohibited',
  12: 'host % unreachable - tos prohibited',
  13: 'host % unreachable - admin prohibited filter',
  14: 'host % unreachable - host precedence violation',
  15: 'host % unreachable - precedence cutoff',
};

function unreachableWords(code: number, { name, ip, tcp, nextHopMtu }: IcmpError): string {
  if (ip === undefined) return name;
  const destination = formatIpv4(ip.destination);
  switch (code) {
    case 2:
      return `${destination} protocol ${ip.protocol} unreachable`;
    case 3:
      if (tcp?.destinationPort === undefined) return `${destination} protocol ${ip.protocol} port unreachable`;
      return `${destination} tcp port ${tcp.destinationPort} unreachable`;
    case ICMP_CODE_FRAGMENTATION_NEEDED:
      return `${destination} unreachable - need to frag${nextHopMtu ? ` (mtu ${nextHopMtu})` : ''}`;
    default:
      return (UNREACHABLE[code] ?? `% unreachable - #${code}`).replace('%', destination);
  }
}

function icmpWords(message: IcmpMessage): string {
  const { type, code, rest } = message;
  const error = readIcmpError(message);
  if (error && type === ICMP_UNREACHABLE) return unreachableWords(code, error);
  if (type === ICMP_TIME_EXCEEDED) return ['time exceeded in-transit', 'ip reassembly time exceeded'][code] ?? `time exceeded-#${code}`;
  if (type === ICMP_PARAMETER_PROBLEM) return `parameter problem - ${code === 0 ? `octet ${rest >>> 24}` : `code ${code}`}`;
  if (type === ICMP_ECHO_REQUEST || type === ICMP_ECHO_REPLY)
    return `echo ${type === ICMP_ECHO_REQUEST ? 'request' : 'reply'}, id ${rest >>> 16}, seq ${rest & 0xffff}`;
  return icmpName(type, code).replaceAll('-', ' ');
}

/** `'ICMP host 192.0.2.1 unreachable, length 68'`. Of types that no probe meets it says no more than `icmpName`. */
const formatIcmp = (message: IcmpMessage): string => `ICMP ${icmpWords(message)}, length ${icmpEncodedLength(message)}`;

/** `'10.0.0.1.40000 > 10.0.0.2.80: Flags [S], …'`. */
export function formatPacket({ ip, tcp, icmp, payload }: Packet): string {
  const source = formatIpv4(ip.source);
  const destination = formatIpv4(ip.destination);
  if (tcp) return `${source}.${tcp.sourcePort} > ${destination}.${tcp.destinationPort}: ${formatTcp(tcp)}`;
  return `${source} > ${destination}: ${icmp ? formatIcmp(icmp) : `ip-proto-${ip.protocol} ${payload?.length ?? 0}`}`;
}
