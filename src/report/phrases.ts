/** What the explanation says about things that mean the same wherever they happen. */
import type { ConnectResult, ConversationResult, ScanResult, SegmentNote, SendResult } from '../probe/events.ts';
import type { TcpOption } from '../wire/tcp-options.ts';

/** What a note on a segment means; of those that can stand on either side's segments, on the peer's. */
export const NOTE_PHRASES: Readonly<Record<SegmentNote, string>> = {
  retransmission: 'The peer sends this again: our ACK of it was late or lost.',
  'old-connection':
    'An ACK in place of SYN+ACK: the peer remembers an older connection of the same two ports. This challenge ACK (RFC 5961) says which number it waits for there.',
  duplicate:
    'Nothing new: all of it has arrived before. The network made a copy, or the peer sent it again because our ACK was late or lost.',
  'out-of-order': 'Something before it is missing. We keep it until the gap is filled; our ACK repeats the number that we still wait for.',
  'out-of-window': 'Its sequence numbers lie outside our receive window, so it does not count (RFC 9293, 3.4).',
  'bad-ack': 'It acknowledges what we never sent, or what is long past. It may be old or forged, and does not count.',
  'bad-rst': 'A RST whose numbers do not fit exactly. It may be forged, so it ends nothing (RFC 5961).',
  'old-timestamp': 'Its timestamp is older than one that we have seen already: a straggler, which does not count (PAWS, RFC 7323).',
  'no-timestamp': 'Both sides agreed on timestamps and it carries none, so it does not count (RFC 7323).',
  'no-ack': 'It lacks ACK, which every segment carries once a connection is made, so it does not count.',
  'no-syn': 'It acknowledges our SYN but brings no SYN of its own, so it makes no connection and does not count.',
  'unexpected-syn': 'A SYN within a connection that has had its SYN. It does not count; our ACK says where we stand (RFC 5961).',
  'malformed-options': 'One of its options has an impossible length. Options are read up to there, and the segment counts all the same.',
  'bad-checksum': 'Its checksum is wrong: most likely it was damaged on the way. It is dropped.',
  malformed: 'Its header contradicts itself: nothing in it can be trusted, and it is dropped.',
  cleanup: 'ends what is half open',
  held: 'The peer asks to close with its FIN. We act as if it had not arrived until our own FIN is out: so the two cross on the way.',
  'challenge-ack':
    'A challenge ACK (RFC 5961): we repeat where we stand. If the peer has really given up, it answers with a RST that fits exactly.',
  'window-probe': "The peer's window is closed. We probe whether it has opened, for the segment that says so may have been lost.",
  late: 'The connection is over: this comes too late to count.',
  'keep-alive': 'A keep-alive: an old number and nothing new, only to be answered. It asks whether the other end is still there.',
};

/** What an option of a SYN means, by the ladder's name for it; told once. */
export function optionPhrase(option: TcpOption): string | undefined {
  switch (option.name) {
    case 'mss':
      return 'mss limits the data in one segment';
    case 'sack-permitted':
      return 'sackOK allows reports of data beyond a gap';
    case 'timestamps':
      return 'TS puts time stamps on segments';
    case 'window-scale':
      return `wscale multiplies later windows by ${2 ** Math.min(option.shift, MAX_SHIFT)}`;
    default:
      return undefined;
  }
}

/** RFC 7323 §2.3. */
const MAX_SHIFT = 14;

/** What an ICMP error says about our segment, by its name. */
export const ICMP_PHRASES: Readonly<Record<string, string>> = {
  'net-unreachable': 'says that it knows no way to that network',
  'net-unknown': 'says that it knows no such network',
  'host-unreachable': 'says that it cannot reach that host',
  'host-unknown': 'says that it knows no such host',
  'protocol-unreachable': 'says that nothing there speaks TCP',
  'port-unreachable': 'says that the port cannot be reached. A closed port answers with RST, so this is most likely a firewall',
  'net-prohibited': 'says that a filter forbids that network',
  'host-prohibited': 'says that a filter forbids that host',
  'admin-prohibited': 'says that a filter forbids it',
  'fragmentation-needed': 'says that our datagram is too long for the next link, and it must not be cut up (DF)',
  'ttl-exceeded': "says that our datagram's TTL ran out there, short of its goal",
};

/** Why a run ended before it came to its end. */
export const ENDED_PHRASES: Readonly<Record<NonNullable<ConnectResult['ended'] | SendResult['ended'] | ScanResult['ended']>, string>> = {
  timeout: 'what we waited for did not come in time',
  deadline: 'the deadline for the whole run passed',
  'max-time': 'the longest time for the whole scan passed',
  'reset-by-peer': 'the peer reset the connection',
  'zero-window': "the peer's window stayed closed",
  interrupted: 'the run was interrupted',
  'not-as-awaited': 'the answer that was awaited did not come',
};

/** The whole story in a sentence or two. */
export function story(result: ConnectResult | ConversationResult): string {
  const { verdict, reason, close, states, ended, error } = result;
  if (verdict === 'closed') {
    return 'Closed: something answers at that address, but no one listens at the port, or a firewall wants it to look so.';
  }
  if (verdict !== 'open') {
    if (reason === 'no-response') {
      return 'Filtered: neither SYN+ACK nor RST. A firewall that drops without a word looks like this, and so does an address that nobody has.';
    }
    return reason === 'interrupted'
      ? 'We stopped before an answer came, so there is no verdict on the port.'
      : 'Filtered: the network answers in place of the port.';
  }
  const isCaptured = 'conversation' in result;
  if (isCaptured && close.kind === 'none') return 'The capture ends while the connection is open.';
  if (close.kind === 'none' && close.finalState !== 'CLOSED') {
    return 'We leave without a word. The peer believes in the connection until it sends something and gets a RST for it, or loses patience.';
  }
  if (error !== undefined) return 'This machine could not go on, so the connection was given up.';
  if (!close.completed) {
    const why = ended !== undefined ? `: ${ENDED_PHRASES[ended]}` : isCaptured ? ' before the capture does' : '';
    return `The close did not come to its end${why}.`;
  }
  if (close.kind === 'reset') {
    return 'A reset ends a connection without FIN, acknowledgment or TIME-WAIT. What was under way is lost, and the application at the other end gets an error.';
  }
  if (states.includes('CLOSING')) {
    return 'A simultaneous close: both FINs were out before either was acknowledged. So both sides go through CLOSING, and both keep TIME-WAIT.';
  }
  if (states.includes('CLOSE-WAIT')) {
    const asked =
      close.kind === 'passive'
        ? 'A passive close: the peer began'
        : 'The peer began to close before we did, so ours became a passive close';
    return `${asked}. Its FIN closed its direction, ours closed ours, and each was acknowledged. TIME-WAIT is kept by the side that began.`;
  }
  if (close.kind === 'half') {
    return 'A half-close: our FIN ended our direction right after our data, while the other stayed open until the peer had sent everything and its FIN.';
  }
  return "An active close: we began. Our FIN closed our direction, the peer's FIN closed the other, and each was acknowledged. Who begins keeps TIME-WAIT.";
}
