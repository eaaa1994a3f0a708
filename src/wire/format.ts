/** Segments as tcpdump writes them: the reading that stands above each test vector. */
import { formatIpv4 } from './address.ts';
import { ACK, AE, CWR, ECE, FIN, PSH, RST, SYN, URG } from './flags.ts';
import { toHex } from './hex.ts';
import { icmpName } from './icmp.ts';
import type { Packet } from './packet.ts';
import type { TcpSegment } from './tcp.ts';
import type { TcpOption } from './tcp-options.ts';

const LETTERS = [
  [FIN, 'F'],
  [SYN, 'S'],
  [RST, 'R'],
  [PSH, 'P'],
  [ACK, '.'],
  [URG, 'U'],
  [ECE, 'E'],
  [CWR, 'W'],
  [AE, 'e'],
] as const;

/** `'S.'` for SYN and ACK; `'none'` for no flag at all. */
export function formatFlags(flags: number): string {
  const letters = LETTERS.filter(([bit]) => flags & bit).map(([, letter]) => letter);
  return letters.join('') || 'none';
}

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
      return `mptcp ${toHex(option.data)}`;
    case 'fast-open':
      return option.cookie.length > 0 ? `tfo cookie ${toHex(option.cookie)}` : 'tfo cookiereq';
    case 'unknown':
      return `unknown-${option.kind}${option.data.length > 0 ? ` 0x${toHex(option.data)}` : ''}`;
    case 'malformed':
      return `malformed-${option.kind} 0x${toHex(option.bytes)}`;
  }
}

/** `'Flags [S.], seq 1, ack 2, win 512, options [mss 1460], length 0'`. */
export function formatTcp(segment: TcpSegment): string {
  const { flags, seq, ack, window, urgent, options, payload } = segment;
  const parts = [`Flags [${formatFlags(flags)}]`];
  if (payload.length > 0) parts.push(`seq ${seq}:${(seq + payload.length) >>> 0}`);
  else if (flags & (SYN | FIN | RST)) parts.push(`seq ${seq}`);
  if (flags & ACK) parts.push(`ack ${ack}`);
  parts.push(`win ${window}`);
  if (flags & URG) parts.push(`urg ${urgent}`);
  if (options.length > 0) parts.push(`options [${options.map(formatTcpOption).join(',')}]`);
  parts.push(`length ${payload.length}`);
  return parts.join(', ');
}

/** `'10.0.0.1.40000 > 10.0.0.2.80: Flags [S], …'`. */
export function formatPacket({ ip, tcp, icmp, payload }: Packet): string {
  const source = formatIpv4(ip.source);
  const destination = formatIpv4(ip.destination);
  if (tcp) return `${source}.${tcp.sourcePort} > ${destination}.${tcp.destinationPort}: ${formatTcp(tcp)}`;
  if (icmp) return `${source} > ${destination}: ICMP ${icmpName(icmp.type, icmp.code)}, length ${icmp.body.length + 8}`;
  return `${source} > ${destination}: ip-proto-${ip.protocol}, length ${payload?.length ?? 0}`;
}
