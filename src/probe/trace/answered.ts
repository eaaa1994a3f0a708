/** What the destination's own answer tells of the way to it. */
import { ACK, AE, CWR, ECE, flagNames, RST, SYN } from '../../wire/flags.ts';
import { decodeIpv4Header } from '../../wire/ipv4.ts';
import { decodeTcpLax, type TcpSegment } from '../../wire/tcp.ts';
import { findOption, type TcpOption } from '../../wire/tcp-options.ts';
import type { Change } from '../events.ts';
import { optionField, optionText } from './changed-options.ts';
import { ecnName } from './changes.ts';

/** Options that are only spoken where both sides offer them (RFC 2018, RFC 7323 §1.3, RFC 7413, RFC 8684). */
const AGREED = ['window-scale', 'sack-permitted', 'timestamps', 'fast-open', 'mptcp'] as const;
/** Of these, the ones that an answer must not have where the SYN had none (RFC 7323 §2.2, §3.2). */
const ONLY_IN_REPLY = ['window-scale', 'timestamps'] as const;

/**
 * Compares a SYN with the SYN+ACK to it. An answer shows little of the question: a time stamp that is echoed otherwise than it was sent,
 * an option agreed on that nobody offered, and with AccECN the ECN field as it arrived, are the path's doing. What goes unanswered
 * may be that too, or the destination's choice, and is called so. Other answers tell nothing.
 * @param sent the datagram
 */
export function compareAnswer(sent: Uint8Array, answer: Pick<TcpSegment, 'flags' | 'options'>): Change[] {
  const ip = decodeIpv4Header(sent);
  const { flags = 0, options = [] } = decodeTcpLax(sent.subarray((ip.ihl as number) * 4));
  if ((flags & (SYN | ACK | RST)) !== SYN || (answer.flags & (SYN | ACK)) !== (SYN | ACK)) return [];
  return [...compareEcho(options, answer.options), ...compareAgreed(options, answer.options), ...compareEcn(ip.tos, flags, answer.flags)];
}

function compareEcho(sent: readonly TcpOption[], answered: readonly TcpOption[]): Change[] {
  const stamp = findOption(sent, 'timestamps');
  const echo = findOption(answered, 'timestamps');
  if (stamp === undefined || echo === undefined || echo.echoReply === stamp.value) return [];
  return [{ field: 'timestamps', how: 'changed', sent: `TS val ${stamp.value}`, seen: `echoed as ${echo.echoReply}`, shownBy: 'answer' }];
}

function compareAgreed(sent: readonly TcpOption[], answered: readonly TcpOption[]): Change[] {
  const unanswered = AGREED.flatMap((name): Change[] => {
    const option = findOption(sent, name);
    if (option === undefined || findOption(answered, name) !== undefined || isCookieUsed(option)) return [];
    return [{ field: optionField(option), how: 'unanswered', sent: optionText(option), seen: undefined, shownBy: 'answer' }];
  });
  const added = ONLY_IN_REPLY.flatMap((name): Change[] => {
    const option = findOption(answered, name);
    if (option === undefined || findOption(sent, name) !== undefined) return [];
    return [{ field: name, how: 'added', sent: undefined, seen: optionText(option), shownBy: 'answer' }];
  });
  return [...unanswered, ...added];
}

/** A cookie that is taken is not answered with another (RFC 7413 §4.1.2). */
const isCookieUsed = (option: TcpOption): boolean => option.name === 'fast-open' && option.cookie.length > 0;

const ECN_FLAGS = AE | CWR | ECE;
/** AE, CWR and ECE of a SYN+ACK, where both speak AccECN: the ECN field that the SYN came with (RFC 9768 §3.1.2). */
const ACCURATE = new Map([
  [CWR, 0],
  [CWR | ECE, 1],
  [AE, 2],
  [AE | CWR, 3],
]);

function compareEcn(tos: number, sent: number, answered: number): Change[] {
  // Any other combination of the three asks for nothing (RFC 3168 §6.1.1, RFC 9768 §3.1.1).
  if ((sent & (CWR | ECE)) !== (CWR | ECE)) return [];
  const reply = answered & ECN_FLAGS;
  const offered = flagNames(sent & ECN_FLAGS).join(' ');
  if (reply === 0) return [{ field: 'flags', how: 'unanswered', sent: offered, seen: undefined, shownBy: 'answer' }];
  const arrived = sent & AE ? ACCURATE.get(reply) : undefined;
  if (arrived === undefined || arrived === (tos & 3)) return [];
  return [{ field: 'ecn', how: 'changed', sent: ecnName(tos), seen: ecnName(arrived), shownBy: 'answer' }];
}
