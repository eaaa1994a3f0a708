/** SEGMENT ARRIVES (RFC 9293 §3.10.7), in the order of the RFC's steps. */
import { ACK, FIN, RST, SYN, URG } from '../wire/flags.ts';
import { seqAdd, seqDiff, seqGt, seqGte, seqInWindow, seqLt, seqLte, seqMax } from '../wire/seq.ts';
import { segLen, type TcpSegment } from '../wire/tcp.ts';
import { findOption, hasMalformedOptions } from '../wire/tcp-options.ts';
import { acknowledge, processAck } from './ack.ts';
import type { Action, ArrivalNote, EndReason } from './actions.ts';
import { Reassembly } from './reassembly.ts';
import { delivered } from './receive-window.ts';
import { RetransmissionQueue } from './retransmission-queue.ts';
import { afterLostSyn, createRto } from './rto.ts';
import { finAcked, pump, resend, sendAck, sendChallengeAck, sendReset, sendSyn } from './send.ts';
import { isSynchronized } from './state.ts';
import { agreeOptions, enter, initialWindow, type Tcb } from './tcb.ts';

const note = (actions: Action[], text: ArrivalNote): void => {
  actions.push({ type: 'note', note: text });
};

/** Takes in one segment that is addressed to this connection and whose checksum was right. */
export function segmentArrives(tcb: Tcb, segment: TcpSegment, nowUs: number, actions: Action[]): void {
  if (hasMalformedOptions(segment.options)) note(actions, 'malformed-options');
  switch (tcb.state) {
    case 'CLOSED':
      return arrivesInClosed(tcb, segment, actions);
    case 'LISTEN':
      return arrivesInListen(tcb, segment, nowUs, actions);
    case 'SYN-SENT':
      return arrivesInSynSent(tcb, segment, nowUs, actions);
    default:
      return arrivesOtherwise(tcb, segment, nowUs, actions);
  }
}

/** §3.10.7.1 */
function arrivesInClosed(tcb: Tcb, segment: TcpSegment, actions: Action[]): void {
  note(actions, 'late');
  if (segment.flags & RST) return;
  if (segment.flags & ACK) sendReset(tcb, segment.ack, actions);
  else sendReset(tcb, 0, actions, seqAdd(segment.seq, segLen(segment)));
}

/** §3.10.7.2 */
function arrivesInListen(tcb: Tcb, segment: TcpSegment, nowUs: number, actions: Action[]): void {
  if (segment.flags & RST) return note(actions, 'bad-rst');
  tcb.remotePort = segment.sourcePort;
  if (segment.flags & ACK) {
    note(actions, 'bad-ack');
    return sendReset(tcb, segment.ack, actions);
  }
  if (!(segment.flags & SYN)) return note(actions, 'no-syn');
  takeSyn(tcb, segment);
  tcb.passive = true;
  enter(tcb, 'SYN-RECEIVED', 'SYN received', actions);
  sendSyn(tcb, SYN | ACK, nowUs, actions);
}

/** §3.10.7.3 */
function arrivesInSynSent(tcb: Tcb, segment: TcpSegment, nowUs: number, actions: Action[]): void {
  const { flags, ack } = segment;
  if (flags & ACK && (seqLte(ack, tcb.iss) || seqGt(ack, tcb.sndNxt))) {
    if (flags & RST) return note(actions, 'bad-rst');
    if (flags & SYN) {
      note(actions, 'bad-ack');
      return sendReset(tcb, ack, actions);
    }
    return clearOldConnection(tcb, ack, nowUs, actions);
  }
  if (flags & RST) {
    // Without ACK nothing shows that it answers our SYN.
    if (!(flags & ACK)) return note(actions, 'bad-rst');
    acknowledge(tcb, segment, nowUs, actions);
    return end(tcb, 'RST received', 'refused', actions);
  }
  if (!(flags & SYN)) return note(actions, 'no-syn');
  takeSyn(tcb, segment);
  if (flags & ACK) {
    establish(tcb, segment, 'SYN+ACK received', nowUs, actions);
    receive(tcb, segment, nowUs, actions);
  } else {
    enter(tcb, 'SYN-RECEIVED', 'SYN received (simultaneous open)', actions);
    const syn = tcb.unacked.first;
    if (syn !== undefined) resend(tcb, syn, nowUs, actions);
  }
}

const MAX_OLD_CONNECTIONS = 3;

/**
 * An ACK of what we never sent: the peer still has a connection between these ports and challenges our SYN
 * (RFC 5961 §4). The RFC's RST ends it; our SYN follows at once, for its retransmission is a second away.
 */
function clearOldConnection(tcb: Tcb, ack: number, nowUs: number, actions: Action[]): void {
  note(actions, 'old-connection');
  sendReset(tcb, ack, actions);
  const syn = tcb.unacked.first;
  if (syn !== undefined && ++tcb.oldConnections <= MAX_OLD_CONNECTIONS) resend(tcb, syn, nowUs, actions);
}

/** The peer's ISN and what it offers. */
function takeSyn(tcb: Tcb, segment: TcpSegment): void {
  tcb.irs = segment.seq;
  tcb.rcvNxt = seqAdd(segment.seq, 1);
  agreeOptions(tcb, segment.options);
}

/** The window of the segment that completes the handshake; a SYN's is never scaled (RFC 7323 §2.2). */
function takeFirstWindow(tcb: Tcb, segment: TcpSegment, actions: Action[]): void {
  tcb.sndWnd = segment.flags & SYN ? segment.window : segment.window * 2 ** tcb.sndWscale;
  tcb.maxSndWnd = tcb.sndWnd;
  tcb.sndWl1 = segment.seq;
  tcb.sndWl2 = segment.ack;
  if (tcb.sndWnd === 0) actions.push({ type: 'window', closed: true });
}

/** The segment acknowledges our SYN. */
function establish(tcb: Tcb, segment: TcpSegment, cause: string, nowUs: number, actions: Action[]): void {
  // Nothing but a lost SYN backs the timer off before the first measurement.
  const synLost = tcb.rto.rtoUs > tcb.config.initialRtoUs;
  acknowledge(tcb, segment, nowUs, actions);
  takeFirstWindow(tcb, segment, actions);
  tcb.cwnd = initialWindow(tcb.sndMss, synLost);
  if (synLost && tcb.rto.srttUs === undefined) afterLostSyn(tcb.rto);
  enter(tcb, 'ESTABLISHED', cause, actions);
}

/** §3.10.7.4: SYN-RECEIVED and all synchronized states. */
function arrivesOtherwise(tcb: Tcb, segment: TcpSegment, nowUs: number, actions: Action[]): void {
  const { flags, seq } = segment;
  if (!passesPaws(tcb, segment, nowUs, actions)) return;
  // Both sides sent SYN, then SYN+ACK: its sequence number is that of the SYN we have, its ACK is what we wait for.
  const completesSimultaneousOpen =
    tcb.state === 'SYN-RECEIVED' && (flags & (SYN | ACK | RST)) === (SYN | ACK) && seq === tcb.irs && segment.ack === tcb.sndNxt;
  if (!completesSimultaneousOpen) {
    if (!isAcceptable(tcb, segment)) return rejectUnacceptable(tcb, segment, nowUs, actions);
    if (flags & RST) return reset(tcb, segment, nowUs, actions);
    if (flags & SYN) return unexpectedSyn(tcb, nowUs, actions);
  }
  if (!(flags & ACK)) return note(actions, 'no-ack');
  updateTimestamp(tcb, segment);
  if (tcb.state === 'SYN-RECEIVED') {
    if (!seqGt(segment.ack, tcb.sndUna) || seqGt(segment.ack, tcb.sndNxt)) {
      note(actions, 'bad-ack');
      return sendReset(tcb, segment.ack, actions);
    }
    establish(tcb, segment, completesSimultaneousOpen ? 'SYN+ACK received' : 'our SYN acknowledged', nowUs, actions);
  } else if (!processAck(tcb, segment, nowUs, actions)) {
    return;
  }
  if (finAcked(tcb)) ourFinAcked(tcb, nowUs, actions);
  if (isSynchronized(tcb.state)) receive(tcb, segment, nowUs, actions);
}

/** RFC 7323 §3.2 and §5.3. Linux takes a segment without the agreed timestamps; the RFC says drop it. */
function passesPaws(tcb: Tcb, segment: TcpSegment, nowUs: number, actions: Action[]): boolean {
  if (!tcb.tsOk || segment.flags & RST) return true;
  const timestamps = findOption(segment.options, 'timestamps');
  if (timestamps === undefined) {
    note(actions, 'no-timestamp');
    return false;
  }
  // Timestamps wrap as sequence numbers do.
  if (seqGte(timestamps.value, tcb.tsRecent)) return true;
  note(actions, 'old-timestamp');
  answerMisplaced(tcb, segment, nowUs, actions);
  return false;
}

/** RFC 7323 §4.3, rule 2: only from a segment that covers what we acknowledged last. */
function updateTimestamp(tcb: Tcb, segment: TcpSegment): void {
  if (!tcb.tsOk || !seqLte(segment.seq, tcb.lastAckSent)) return;
  const timestamps = findOption(segment.options, 'timestamps');
  if (timestamps !== undefined) tcb.tsRecent = seqMax(tcb.tsRecent, timestamps.value);
}

/** The four cases of RFC 9293 §3.4, table 6. */
export function isAcceptable(tcb: Pick<Tcb, 'rcvNxt' | 'rcvWnd'>, segment: TcpSegment): boolean {
  const { rcvNxt, rcvWnd } = tcb;
  const length = segLen(segment);
  if (length === 0) return rcvWnd === 0 ? segment.seq === rcvNxt : seqInWindow(segment.seq, rcvNxt, rcvWnd);
  if (rcvWnd === 0) return false;
  return seqInWindow(segment.seq, rcvNxt, rcvWnd) || seqInWindow(seqAdd(segment.seq, length - 1), rcvNxt, rcvWnd);
}

function rejectUnacceptable(tcb: Tcb, segment: TcpSegment, nowUs: number, actions: Action[]): void {
  if (segment.flags & RST) return note(actions, 'bad-rst');
  if (segment.flags & SYN && segment.seq !== tcb.irs) {
    note(actions, 'unexpected-syn');
    return sendChallengeAck(tcb, nowUs, actions);
  }
  note(actions, seqLt(segment.seq, tcb.rcvNxt) ? 'duplicate' : 'out-of-window');
  if (tcb.state === 'TIME-WAIT' && segment.flags & FIN) startTimeWait(tcb, nowUs);
  // A closed window takes no data, but what it acknowledges counts (§3.10.7.4, "special allowance").
  if (tcb.rcvWnd === 0 && segment.seq === tcb.rcvNxt && segment.flags & ACK && isSynchronized(tcb.state)) {
    if (processAck(tcb, segment, nowUs, actions) && finAcked(tcb)) ourFinAcked(tcb, nowUs, actions);
    if (tcb.state === 'CLOSED') return;
  }
  answerMisplaced(tcb, segment, nowUs, actions);
}

/** The ACK that a segment draws which is old or outside the window (§3.10.7.4, first step; RFC 7323 §5.3). */
function answerMisplaced(tcb: Tcb, segment: TcpSegment, nowUs: number, actions: Action[]): void {
  if (segLen(segment) > 0) sendAck(tcb, nowUs, actions);
  // Two sides that find each other's bare ACKs misplaced would answer for ever. In TIME-WAIT such an ACK was
  // overtaken by the FIN: the peer is gone, and an answer would only draw a RST.
  else if (tcb.state !== 'TIME-WAIT') sendChallengeAck(tcb, nowUs, actions);
}

/** A RST within the window: RFC 5961 §3. */
function reset(tcb: Tcb, segment: TcpSegment, nowUs: number, actions: Action[]): void {
  // The RFC would end TIME-WAIT here; RFC 1337 §3 shows why not to.
  if (tcb.state === 'TIME-WAIT') return note(actions, 'late');
  if (segment.seq !== tcb.rcvNxt) {
    note(actions, 'bad-rst');
    return sendChallengeAck(tcb, nowUs, actions);
  }
  if (tcb.state === 'SYN-RECEIVED') {
    if (tcb.passive) return listenAgain(tcb, 'RST received', actions);
    return end(tcb, 'RST received', 'refused', actions);
  }
  end(tcb, 'RST received', 'reset', actions);
}

/** A SYN within the window: RFC 5961 §4. */
function unexpectedSyn(tcb: Tcb, nowUs: number, actions: Action[]): void {
  note(actions, 'unexpected-syn');
  if (tcb.state === 'SYN-RECEIVED' && tcb.passive) return listenAgain(tcb, 'SYN received', actions);
  sendChallengeAck(tcb, nowUs, actions);
}

/** Back to where a passive open came from (§3.10.7.4). */
function listenAgain(tcb: Tcb, cause: string, actions: Action[]): void {
  tcb.unacked = new RetransmissionQueue();
  tcb.retransmitAtUs = undefined;
  tcb.rto = createRto(tcb.config);
  tcb.sndNxt = tcb.iss;
  tcb.sndUna = tcb.iss;
  enter(tcb, 'LISTEN', cause, actions);
}

/** §3.10.7.4, fifth step, by state. */
function ourFinAcked(tcb: Tcb, nowUs: number, actions: Action[]): void {
  if (tcb.state === 'FIN-WAIT-1') enter(tcb, 'FIN-WAIT-2', 'our FIN acknowledged', actions);
  else if (tcb.state === 'CLOSING') enterTimeWait(tcb, 'our FIN acknowledged', nowUs, actions);
  else if (tcb.state === 'LAST-ACK') end(tcb, 'our FIN acknowledged', 'closed', actions);
}

/** Urgent pointer, text and FIN: the sixth to eighth step, and RFC 5681 §3.2's prompt ACK. */
function receive(tcb: Tcb, segment: TcpSegment, nowUs: number, actions: Action[]): void {
  const mayReceive = tcb.state === 'ESTABLISHED' || tcb.state === 'FIN-WAIT-1' || tcb.state === 'FIN-WAIT-2';
  if (mayReceive) {
    if (segment.flags & URG) takeUrgent(tcb, segment, actions);
    takeText(tcb, segment, actions);
    if (tcb.peerFinSeq === tcb.rcvNxt) peerFin(tcb, nowUs, actions);
  } else if (tcb.state === 'TIME-WAIT' && segment.flags & FIN) {
    startTimeWait(tcb, nowUs);
  }
  if (segLen(segment) > 0) tcb.ackDue = true;
}

/** The pointer stands on the last urgent byte by RFC 1011 and RFC 9293 §3.8.5, one after it by what all stacks do (RFC 6093). */
function takeUrgent(tcb: Tcb, segment: TcpSegment, actions: Action[]): void {
  const pointer = seqAdd(segment.seq, segment.urgent);
  if (tcb.rcvUp !== undefined && seqLte(pointer, tcb.rcvUp)) return;
  tcb.rcvUp = pointer;
  actions.push({ type: 'urgent', pointer });
}

/** Delivers what continues the stream, keeps what lies ahead of it, cuts what lies outside the window. */
function takeText(tcb: Tcb, segment: TcpSegment, actions: Action[]): void {
  let { payload } = segment;
  let seq = segment.flags & SYN ? seqAdd(segment.seq, 1) : segment.seq;
  const finSeq = seqAdd(seq, payload.length);
  const windowEnd = seqAdd(tcb.rcvNxt, tcb.rcvWnd);
  if (segment.flags & FIN && tcb.peerFinSeq === undefined && seqLt(finSeq, windowEnd) && seqGte(finSeq, tcb.rcvNxt)) {
    tcb.peerFinSeq = finSeq;
    tcb.reassembly.cutAt(finSeq);
  }
  const limit = tcb.peerFinSeq ?? windowEnd;
  const over = seqDiff(finSeq, limit);
  if (over > 0) payload = payload.subarray(0, Math.max(0, payload.length - over));
  const old = seqDiff(tcb.rcvNxt, seq);
  if (old > 0) {
    payload = payload.subarray(Math.min(old, payload.length));
    seq = tcb.rcvNxt;
  }
  if (payload.length === 0) {
    if (segLen(segment) > 0 && tcb.peerFinSeq !== undefined && tcb.peerFinSeq !== tcb.rcvNxt) note(actions, 'out-of-order');
    return;
  }
  if (seq !== tcb.rcvNxt) {
    note(actions, tcb.reassembly.insert(seq, payload, tcb.rcvBuffer) ? 'out-of-order' : 'duplicate');
    return;
  }
  for (let next: Uint8Array | undefined = payload; next !== undefined; next = tcb.reassembly.take(tcb.rcvNxt)) {
    tcb.rcvNxt = seqAdd(tcb.rcvNxt, next.length);
    delivered(tcb, next.length);
    actions.push({ type: 'deliver', payload: next });
  }
}

/** All data before the peer's FIN are here. */
function peerFin(tcb: Tcb, nowUs: number, actions: Action[]): void {
  if (tcb.config.crossFin && tcb.state === 'ESTABLISHED' && tcb.unsentBytes === 0 && tcb.sndWnd > 0) {
    note(actions, 'held');
    tcb.finQueued = true;
    pump(tcb, nowUs, actions);
  }
  tcb.rcvNxt = seqAdd(tcb.rcvNxt, 1);
  tcb.ackDue = true;
  if (tcb.state === 'ESTABLISHED') enter(tcb, 'CLOSE-WAIT', 'FIN received', actions);
  else if (tcb.state === 'FIN-WAIT-1') enter(tcb, 'CLOSING', 'FIN received', actions);
  else enterTimeWait(tcb, 'FIN received', nowUs, actions);
}

function enterTimeWait(tcb: Tcb, cause: string, nowUs: number, actions: Action[]): void {
  enter(tcb, 'TIME-WAIT', cause, actions);
  startTimeWait(tcb, nowUs);
}

function startTimeWait(tcb: Tcb, nowUs: number): void {
  tcb.timeWaitUntilUs = nowUs + tcb.config.timeWaitUs;
}

/** The connection is over: nothing is left to send or to wait for. */
export function end(tcb: Tcb, cause: string, reason: EndReason, actions: Action[], send?: () => void): void {
  enter(tcb, 'CLOSED', cause, actions, send);
  tcb.unacked = new RetransmissionQueue();
  tcb.unsent = [];
  tcb.unsentBytes = 0;
  tcb.reassembly = new Reassembly();
  tcb.ackDue = false;
  tcb.retransmitAtUs = undefined;
  tcb.persistAtUs = undefined;
  tcb.timeWaitUntilUs = undefined;
  actions.push({ type: 'end', reason });
}
