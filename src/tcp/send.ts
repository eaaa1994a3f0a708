/** What leaves the endpoint: segments built from the TCB, new data and FIN as the windows allow, and what must be sent again. */
import { ACK, FIN, PSH, RST, SYN } from '../wire/flags.ts';
import { seqAdd, seqDiff } from '../wire/seq.ts';
import { segLen, type TcpSegment, tcpSegment } from '../wire/tcp.ts';
import { KIND_NOP, KIND_SACK, KIND_TIMESTAMPS, MAX_OPTIONS_LENGTH, type TcpOption } from '../wire/tcp-options.ts';
import type { Action, SendNote } from './actions.ts';
import type { Unacked } from './retransmission-queue.ts';
import { isSynchronized } from './state.ts';
import { enter, flightSize, nextTimestamp, type Tcb, TIMESTAMPS_LENGTH } from './tcb.ts';

const EMPTY = new Uint8Array(0);
const NOP: TcpOption = { kind: KIND_NOP, name: 'nop' };

/** A segment of this connection, with acknowledgment, window and options as they stand now. */
function build(tcb: Tcb, flags: number, seq: number, payload: Uint8Array, nowUs: number): TcpSegment {
  const { config } = tcb;
  const segment = tcpSegment({ sourcePort: config.localPort, destinationPort: tcb.remotePort, flags, seq, payload });
  if (flags & ACK) {
    segment.ack = tcb.rcvNxt;
    tcb.lastAckSent = tcb.rcvNxt;
  }
  segment.window = flags & SYN || config.fixedWindow ? config.synWindow : Math.min(0xffff, Math.floor(tcb.rcvWnd / 2 ** tcb.rcvWscale));
  segment.options = flags & SYN ? synOptions(tcb, flags, nowUs) : options(tcb, payload, nowUs);
  return segment;
}

/** Our SYN's options; in a SYN+ACK only those that the peer offered too, MSS aside. */
function synOptions(tcb: Tcb, flags: number, nowUs: number): readonly TcpOption[] {
  const answer = (flags & ACK) !== 0;
  const agreed = (option: TcpOption): boolean => {
    if (!answer) return true;
    if (option.name === 'window-scale') return tcb.scaleAgreed;
    if (option.name === 'sack-permitted') return tcb.sackOk;
    if (option.name === 'timestamps') return tcb.tsOk;
    return true;
  };
  return tcb.config.synOptions.filter(agreed).map((option): TcpOption => {
    if (option.name !== 'timestamps') return option;
    return { ...option, value: nextTimestamp(tcb, nowUs), echoReply: answer ? tcb.tsRecent : option.echoReply };
  });
}

/**
 * Timestamps once agreed, and what arrived out of order (RFC 7323 §3.2, RFC 2018 §4). The latter goes without
 * payload: a full segment has no room for it, and a duplicate ACK has none (RFC 5681 §2).
 */
function options(tcb: Tcb, payload: Uint8Array, nowUs: number): readonly TcpOption[] {
  const list: TcpOption[] = [];
  if (tcb.tsOk)
    list.push(NOP, NOP, { kind: KIND_TIMESTAMPS, name: 'timestamps', value: nextTimestamp(tcb, nowUs), echoReply: tcb.tsRecent });
  if (tcb.sackOk && payload.length === 0 && !tcb.reassembly.isEmpty) {
    const room = Math.min(MAX_OPTIONS_LENGTH, tcb.config.maxSegmentBytes) - (tcb.tsOk ? TIMESTAMPS_LENGTH : 0);
    list.push(NOP, NOP, { kind: KIND_SACK, name: 'sack', blocks: tcb.reassembly.sackBlocks(Math.floor((room - 4) / 8)) });
  }
  return list;
}

function send(tcb: Tcb, segment: TcpSegment, actions: Action[], note?: SendNote, transmission = 1): void {
  actions.push({ type: 'send', segment, state: tcb.state, note, transmission });
  // While something is missing, a duplicate ACK must follow what carries data.
  if (segment.flags & ACK && (segLen(segment) === 0 || tcb.reassembly.isEmpty)) tcb.ackDue = false;
}

/** <SEQ=SND.NXT><ACK=RCV.NXT><CTL=ACK> */
export function sendAck(tcb: Tcb, nowUs: number, actions: Action[], note?: SendNote): void {
  send(tcb, build(tcb, ACK, nextAcceptable(tcb), EMPTY, nowUs), actions, note);
}

/**
 * Data that the peer has acknowledged before, or that stand in the place of such: it drops them and answers with an ACK
 * (RFC 9293 §3.10.7.4).
 */
export const acknowledgedData = (tcb: Tcb, seq: number, payload: Uint8Array, nowUs: number): TcpSegment =>
  build(tcb, ACK, seq, payload, nowUs);

/** SND.NXT; but a peer whose window is closed takes no segment from after our probe. */
export const nextAcceptable = (tcb: Tcb): number => (isSynchronized(tcb.state) && tcb.sndWnd === 0 ? tcb.sndUna : tcb.sndNxt);

const CHALLENGES_PER_PERIOD = 10;
const CHALLENGE_PERIOD_US = 5_000_000;

/** An ACK that lets the peer prove itself, not more than ten in five seconds (RFC 5961 §7). */
export function sendChallengeAck(tcb: Tcb, nowUs: number, actions: Action[]): void {
  if (nowUs - tcb.challengesSinceUs >= CHALLENGE_PERIOD_US) {
    tcb.challengesSinceUs = nowUs;
    tcb.challenges = 0;
  }
  if (++tcb.challenges <= CHALLENGES_PER_PERIOD) sendAck(tcb, nowUs, actions, 'challenge-ack');
}

/** <SEQ=seq><CTL=RST>, or, to a segment without ACK, <SEQ=0><ACK=SEG.SEQ+SEG.LEN><CTL=RST,ACK> (RFC 9293 §3.10.7.1). */
export function sendReset(tcb: Tcb, seq: number, actions: Action[], ack?: number): void {
  const flags = ack === undefined ? RST : RST | ACK;
  send(tcb, tcpSegment({ sourcePort: tcb.config.localPort, destinationPort: tcb.remotePort, flags, seq, ack: ack ?? 0 }), actions);
}

/** Sends the next sequence numbers for the first time and remembers them until they are acknowledged. */
function sendNew(tcb: Tcb, flags: number, payload: Uint8Array, nowUs: number, actions: Action[], note?: SendNote): void {
  const length = payload.length + (flags & SYN ? 1 : 0) + (flags & FIN ? 1 : 0);
  if (tcb.unacked.length === 0) tcb.progressAtUs = nowUs;
  send(tcb, build(tcb, flags, tcb.sndNxt, payload, nowUs), actions, note);
  tcb.unacked.push(tcb.sndNxt, length, flags, payload, nowUs);
  tcb.sndNxt = seqAdd(tcb.sndNxt, length);
  tcb.retransmitAtUs ??= nowUs + tcb.rto.rtoUs;
}

/** Our SYN, or SYN+ACK where the peer's SYN was here before. */
export function sendSyn(tcb: Tcb, flags: number, nowUs: number, actions: Action[]): void {
  sendNew(tcb, flags, EMPTY, nowUs, actions);
}

/** Sends a segment again; a SYN may have become a SYN+ACK since. */
export function resend(tcb: Tcb, entry: Unacked, nowUs: number, actions: Action[], note: SendNote = 'retransmission'): void {
  tcb.unacked.sentAgain(entry, nowUs);
  const flags = entry.flags & SYN && tcb.state === 'SYN-RECEIVED' ? entry.flags | ACK : entry.flags;
  send(tcb, build(tcb, flags, entry.seq, entry.payload, nowUs), actions, note, entry.sentAtUs.length);
}

/**
 * Bytes that are held to be on their way (RFC 6675 §4). Without SACK each duplicate ACK says that one segment arrived; but no more
 * of them than were on their way when the loss was found (RFC 5681 §3.2): else a path that copies ACKs, or a peer that makes
 * them up, draws segments without end.
 */
function pipe({ unacked, sackOk, dupAcks, sndMss, recover, recoverSegments }: Tcb): number {
  if (sackOk) return unacked.pipeBytes;
  const arrived = recover === undefined ? dupAcks : Math.min(dupAcks, recoverSegments);
  return Math.max(0, unacked.pipeBytes - arrived * sndMss);
}

/** Sends all that may be sent now: what was lost first, then new data, then our FIN. */
export function pump(tcb: Tcb, nowUs: number, actions: Action[]): void {
  if (tcb.state === 'SYN-SENT' || tcb.state === 'SYN-RECEIVED' || tcb.state === 'LISTEN' || tcb.state === 'CLOSED') return;
  let room = tcb.cwnd - pipe(tcb);
  // RFC 6675 §5: room for a full segment, however small this one is.
  for (let lost = tcb.unacked.firstLost; lost !== undefined && room >= tcb.sndMss; lost = tcb.unacked.firstLost) {
    resend(tcb, lost, nowUs, actions);
    room -= lost.length;
  }
  while (!tcb.finSent && (tcb.unsentBytes > 0 || tcb.finQueued)) {
    const window = tcb.sndWnd - flightSize(tcb);
    const size = Math.min(tcb.sndMss, tcb.unsentBytes, window, room);
    const isLast = size === tcb.unsentBytes;
    // RFC 9293 §3.8.6.2.1: no small segments while a full one may follow, unless it is all there is.
    if (size < Math.min(tcb.sndMss, tcb.unsentBytes) && !(size > 0 && flightSize(tcb) === 0)) break;
    if (tcb.unsentBytes === 0 && window <= 0) break;
    const withFin = isLast && tcb.finQueued && window > size;
    transmit(tcb, size, withFin, nowUs, actions);
    room -= size;
  }
  armPersist(tcb, nowUs);
}

function transmit(tcb: Tcb, size: number, withFin: boolean, nowUs: number, actions: Action[], note?: SendNote): void {
  const payload = takeUnsent(tcb, size);
  const push = size > 0 && tcb.unsentBytes === 0 ? PSH : 0;
  if (!withFin) {
    sendNew(tcb, ACK | push, payload, nowUs, actions, note);
    return;
  }
  tcb.finSent = true;
  const next = tcb.state === 'ESTABLISHED' ? 'FIN-WAIT-1' : 'LAST-ACK';
  enter(tcb, next, 'we sent FIN', actions, () => sendNew(tcb, ACK | push | FIN, payload, nowUs, actions, note));
}

/** Takes the next bytes to send: a view where they lie in one piece, a copy where not. */
function takeUnsent(tcb: Tcb, size: number): Uint8Array {
  if (size === 0) return EMPTY;
  tcb.unsentBytes -= size;
  const first = tcb.unsent[0] as Uint8Array;
  if (first.length > size) {
    tcb.unsent[0] = first.subarray(size);
    return first.subarray(0, size);
  }
  if (first.length === size) return tcb.unsent.shift() as Uint8Array;
  const joined = new Uint8Array(size);
  let used = 0;
  for (let filled = 0; filled < size; ) {
    const chunk = tcb.unsent[used] as Uint8Array;
    const part = chunk.subarray(0, size - filled);
    joined.set(part, filled);
    filled += part.length;
    if (part.length === chunk.length) used++;
    else tcb.unsent[used] = chunk.subarray(part.length);
  }
  tcb.unsent.splice(0, used);
  return joined;
}

/** Something waits and nothing is on its way that could bring an answer: the closed window must be probed (RFC 9293 §3.8.6.1). */
function armPersist(tcb: Tcb, nowUs: number): void {
  const waiting = !tcb.finSent && (tcb.unsentBytes > 0 || tcb.finQueued);
  if (waiting && tcb.unacked.length === 0) tcb.persistAtUs ??= nowUs + tcb.rto.rtoUs;
  else tcb.persistAtUs = undefined;
}

/** One byte, or the FIN, into the closed window. From then on it is sent again as any lost segment is. */
export function sendWindowProbe(tcb: Tcb, nowUs: number, actions: Action[]): void {
  const size = Math.min(1, tcb.unsentBytes);
  transmit(tcb, size, size === 0, nowUs, actions, 'window-probe');
}

/** Takes bytes from the user (RFC 9293 §3.10.2); none after CLOSE. */
export function enqueue(tcb: Tcb, data: Uint8Array): void {
  if (data.length === 0 || tcb.finQueued || tcb.state === 'CLOSED') return;
  tcb.unsent.push(data);
  tcb.unsentBytes += data.length;
}

/** Where the peer has acknowledged all but the FIN, or that too: nothing of ours is left on the way. */
export const finAcked = (tcb: Tcb): boolean => tcb.finSent && seqDiff(tcb.sndNxt, tcb.sndUna) === 0;
