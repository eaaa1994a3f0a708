/** What an acknowledgment does: frees what it covers, measures the round trip, moves the windows, finds what was lost. */
import { FIN, SYN } from '../wire/flags.ts';
import { seqAdd, seqDiff, seqGt, seqGte, seqLt } from '../wire/seq.ts';
import { segLen, type TcpSegment } from '../wire/tcp.ts';
import { findOption } from '../wire/tcp-options.ts';
import type { Action } from './actions.ts';
import { DUP_THRESHOLD, type Unacked } from './retransmission-queue.ts';
import { measured } from './rto.ts';
import { resend, sendChallengeAck } from './send.ts';
import { flightSize, type Tcb, timestampAt } from './tcb.ts';

/**
 * ESTABLISHED and later: RFC 9293 §3.10.7.4, "check the ACK field", with RFC 5961 §5.
 * @returns false where the segment must be dropped
 */
export function processAck(tcb: Tcb, segment: TcpSegment, nowUs: number, actions: Action[]): boolean {
  const { ack } = segment;
  if (seqGt(ack, tcb.sndNxt) || seqLt(ack, seqAdd(tcb.sndUna, -tcb.maxSndWnd))) {
    actions.push({ type: 'note', note: 'bad-ack' });
    sendChallengeAck(tcb, nowUs, actions);
    return false;
  }
  if (tcb.sackOk) markSacked(tcb, segment);
  const windowBefore = tcb.sndWnd;
  const newlyAcked = seqDiff(ack, tcb.sndUna);
  const isNew = newlyAcked > 0;
  if (isNew) acknowledge(tcb, segment, nowUs, actions);
  if (seqGte(ack, tcb.sndUna)) updateWindow(tcb, segment, nowUs, actions);
  if (isNew) recoverOrGrow(tcb, ack, newlyAcked, nowUs, actions);
  else if (isDuplicate(tcb, segment) && tcb.sndWnd === windowBefore) tcb.dupAcks++;
  findLoss(tcb, nowUs, actions);
  return true;
}

/** RFC 5681 §2. What answers a probe of a closed window tells of no segment that arrived. */
const isDuplicate = (tcb: Tcb, segment: TcpSegment): boolean =>
  segment.ack === tcb.sndUna && tcb.unacked.length > 0 && segLen(segment) === 0 && tcb.sndWnd > 0;

/** Takes what is covered out of the retransmission queue. */
export function acknowledge(tcb: Tcb, segment: TcpSegment, nowUs: number, actions: Action[]): void {
  const { ack } = segment;
  /** Of those covered, the one that was sent last. */
  let latest: Unacked | undefined;
  let payloadBytes = 0;
  let certain = true;
  while (tcb.unacked.length > 0) {
    const entry = tcb.unacked.first as Unacked;
    const covered = seqDiff(ack, entry.seq);
    if (covered <= 0) break;
    if (covered < entry.length) {
      payloadBytes += covered;
      tcb.unacked.trimFirst(covered);
      break;
    }
    tcb.unacked.shift();
    payloadBytes += entry.payload.length;
    if (latest === undefined || lastSentAtUs(entry) >= lastSentAtUs(latest)) latest = entry;
    // An entry that SACK or a second sending had covered before tells nothing of this round trip.
    if (entry.sacked || entry.sentAtUs.length > 1) certain = false;
  }
  tcb.sndUna = ack;
  tcb.progressAtUs = nowUs;
  if (latest !== undefined) measure(tcb, latest, certain, segment, nowUs, actions);
  if (payloadBytes > 0) actions.push({ type: 'acked', bytes: payloadBytes });
  tcb.retransmitAtUs = tcb.unacked.length > 0 ? nowUs + tcb.rto.rtoUs : undefined;
}

const lastSentAtUs = (entry: Unacked): number => entry.sentAtUs.at(-1) as number;

/**
 * Karn: where something was sent again, a round trip is measured only if the timestamp echoed is that of the last
 * sending (RFC 7323 §4.1). The echo of an earlier one tells nothing: where the first answer was lost, the answer to
 * a duplicate still echoes the first sending (§4.3).
 */
function measure(tcb: Tcb, latest: Unacked, certain: boolean, segment: TcpSegment, nowUs: number, actions: Action[]): void {
  const sentAtUs = lastSentAtUs(latest);
  if (!certain) {
    const echoed = tcb.tsOk ? findOption(segment.options, 'timestamps')?.echoReply : undefined;
    if (latest.sacked || echoed !== timestampAt(tcb, sentAtUs)) return;
  }
  const rttUs = nowUs - sentAtUs;
  measured(tcb.rto, rttUs);
  const of = latest.flags & SYN ? 'syn' : latest.flags & FIN ? 'fin' : 'data';
  actions.push({ type: 'rtt', rttUs, of, transmission: latest.sentAtUs.length });
}

/** RFC 9293 §3.10.7.4: SND.WND, unless the segment is older than the one it was taken from. */
function updateWindow(tcb: Tcb, segment: TcpSegment, nowUs: number, actions: Action[]): void {
  if (seqGt(tcb.sndWl1, segment.seq) || (tcb.sndWl1 === segment.seq && seqGt(tcb.sndWl2, segment.ack))) return;
  const before = tcb.sndWnd;
  tcb.sndWnd = segment.window * 2 ** tcb.sndWscale;
  tcb.sndWl1 = segment.seq;
  tcb.sndWl2 = segment.ack;
  tcb.maxSndWnd = Math.max(tcb.maxSndWnd, tcb.sndWnd);
  if (tcb.sndWnd === 0) {
    // The peer lives and says so: a closed window alone never ends a connection (RFC 9293 §3.8.6.1).
    tcb.progressAtUs = nowUs;
    if (before > 0) actions.push({ type: 'window', closed: true });
  } else if (before === 0) {
    tcb.persistAtUs = undefined;
    tcb.progressAtUs = nowUs;
    // What was put into the closed window was thrown away.
    tcb.unacked.loseUnsacked();
    if (tcb.state !== 'SYN-SENT' && tcb.state !== 'SYN-RECEIVED') actions.push({ type: 'window', closed: false });
  }
}

function markSacked(tcb: Tcb, segment: TcpSegment): void {
  const sack = findOption(segment.options, 'sack');
  if (sack === undefined) return;
  for (const block of sack.blocks) {
    const { left, right } = block;
    // What is acknowledged already, or was never sent, can't be meant (RFC 2883 §4.1 aside, which needs no answer).
    if (seqGt(left, tcb.sndUna) && seqLt(left, right) && !seqGt(right, tcb.sndNxt)) tcb.unacked.sack(block);
  }
}

/** RFC 5681 §3.1, and RFC 6582 while what was lost is being repaired. */
function recoverOrGrow(tcb: Tcb, ack: number, newlyAcked: number, nowUs: number, actions: Action[]): void {
  tcb.dupAcks = 0;
  if (tcb.recover !== undefined) {
    if (seqLt(ack, tcb.recover)) {
      const { first } = tcb.unacked;
      if (!tcb.sackOk && first !== undefined && first.sentAtUs.length === 1) resend(tcb, first, nowUs, actions);
      return;
    }
    tcb.recover = undefined;
    tcb.cwnd = Math.min(tcb.ssthresh, Math.max(flightSize(tcb), tcb.sndMss) + tcb.sndMss);
    return;
  }
  // By bytes, not by ACKs (RFC 3465): a peer that acknowledges byte by byte gains nothing, one that answers batches loses nothing.
  if (tcb.cwnd < tcb.ssthresh) tcb.cwnd = Math.min(tcb.cwnd + newlyAcked, tcb.ssthresh);
  else tcb.cwnd += Math.max(1, Math.floor((tcb.sndMss * newlyAcked) / tcb.cwnd));
}

/** Marks what was lost (RFC 6675 §4, or three duplicate ACKs without SACK) and begins the repair. */
function findLoss(tcb: Tcb, nowUs: number, actions: Action[]): void {
  if (tcb.unacked.length === 0) return;
  let found = false;
  if (tcb.sackOk) found = tcb.unacked.loseOvertaken();
  else if (tcb.dupAcks === DUP_THRESHOLD && tcb.recover === undefined) {
    tcb.unacked.loseFirst();
    found = true;
  }
  if (!found || tcb.recover !== undefined) return;
  tcb.recover = tcb.sndNxt;
  tcb.recoverSegments = tcb.unacked.length;
  tcb.ssthresh = Math.max(Math.floor(flightSize(tcb) / 2), 2 * tcb.sndMss);
  tcb.cwnd = tcb.ssthresh;
  const lost = tcb.unacked.firstLost;
  if (lost !== undefined) resend(tcb, lost, nowUs, actions);
}
