/** What came, in the words of a script. */
import type { Heard } from '../../probe/arrival.ts';
import { formatIpv4 } from '../../wire/address.ts';
import { ACK, formatFlags, URG } from '../../wire/flags.ts';
import { formatTcpOption } from '../../wire/format.ts';
import { seqDiff } from '../../wire/seq.ts';
import type { TcpOption } from '../../wire/tcp-options.ts';
import type { Exchange } from './exchange.ts';
import type { Window } from './model.ts';

const MOST_BYTES = 48;
const SHORT: Readonly<Record<number, string>> = { 10: '\\n', 13: '\\r', 9: '\\t', 34: '\\"', 92: '\\\\' };

/** As a script writes data; cut after a line's worth. */
export function bytesText(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes.subarray(0, MOST_BYTES))
    text += SHORT[byte] ?? (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : `\\x${byte.toString(16).padStart(2, '0')}`);
  return `"${text}"${bytes.length > MOST_BYTES ? '...' : ''}`;
}

/** @param isn what blocks of SACK count from */
export function optionText(option: TcpOption, isn: number): string {
  if (option.name !== 'sack') return formatTcpOption(option);
  return `sack ${option.blocks.map(({ left, right }) => `${seqDiff(left, isn)}:${seqDiff(right, isn)}`).join(' ')}`;
}

/** `'P. 1:18(17) ack 1 win 512 <nop,nop,TS val 1 ecr 2> "GET / "'`, or `'icmp port-unreachable from 192.0.2.1'`. */
export function cameText(heard: Exclude<Heard, { type: 'unreadable' }>, exchange: Exchange): string {
  if (heard.type === 'icmp') return `icmp ${heard.error.name} from ${formatIpv4(heard.ip.source)}`;
  const { iss, irs = 0 } = exchange;
  const { flags, seq, ack, window, urgent, options, payload } = heard.tcp;
  const from = seqDiff(seq, irs);
  const parts = [formatFlags(flags), `${from}:${from + payload.length}(${payload.length})`];
  if (flags & ACK) parts.push(`ack ${seqDiff(ack, iss)}`);
  parts.push(`win ${window}`);
  if (flags & URG) parts.push(`urg ${urgent}`);
  if (options.length > 0) parts.push(`<${options.map((option) => optionText(option, iss)).join(',')}>`);
  if (payload.length > 0) parts.push(bytesText(payload));
  return parts.join(' ');
}

/** What a line speaks of, without its time, its arrow and its comment. */
export const segmentOf = (text: string): string => text.replace(/^[^<]*<\??\s*/, '').replace(/\s+#[^"]*$/, '');

/** `'0.3 s'`, `'12 ms'`, `'-80 µs'`. */
export function delayText(us: number): string {
  const size = Math.abs(us);
  if (size >= 999_950) return `${Number((us / 1_000_000).toFixed(3))} s`;
  return size >= 1000 ? `${Number((us / 1000).toFixed(1))} ms` : `${Math.round(us)} µs`;
}

/** `'200 ms to 400 ms after the line before'`. */
export function windowText({ lowUs, highUs }: Window): string {
  return highUs === undefined || highUs === Number.POSITIVE_INFINITY
    ? 'in time'
    : `${delayText(lowUs)} to ${delayText(highUs)} after the line before`;
}
