/**
 * One end of a TCP connection (RFC 9293) as a function of (TCB, event, now): what to do, in order, and when to be
 * called next. It does no I/O and reads no clock. The other RFCs it follows:
 *
 * - 6298 retransmission timer, 5681 and 6582 congestion control, 6675 loss recovery with SACK, 6928 initial window
 * - 7323 window scale and timestamps with PAWS, 2018 SACK
 * - 5961 blind attacks: challenge ACKs, range of ACKs
 * - 6093 urgent pointer: delivered in line
 *
 * Left out on purpose: delayed ACKs and Nagle (each segment is to be seen and timed), ECN, fast open.
 */
import { SYN } from '../wire/flags.ts';
import { seqAdd } from '../wire/seq.ts';
import type { TcpSegment } from '../wire/tcp.ts';
import { findOption } from '../wire/tcp-options.ts';
import type { Action } from './actions.ts';
import { end, segmentArrives } from './arrives.ts';
import { taken } from './receive-window.ts';
import type { Unacked } from './retransmission-queue.ts';
import { backOff } from './rto.ts';
import { enqueue, nextAcceptable, pump, resend, sendAck, sendReset, sendSyn, sendWindowProbe } from './send.ts';
import { isSynchronized } from './state.ts';
import { enter, flightSize, type Tcb, TIMESTAMPS_LENGTH } from './tcb.ts';

export type TcpEvent =
  /** OPEN (RFC 9293 §3.10.1). */
  | { type: 'open'; passive: boolean }
  /** SEND, before CLOSE. The bytes are not copied: leave them alone. */
  | { type: 'send'; data: Uint8Array }
  /** RECEIVE: the user has taken so many of the delivered bytes. For a TCB with `userReads` alone. */
  | { type: 'taken'; bytes: number }
  /** CLOSE: our FIN, after all that was sent. */
  | { type: 'close' }
  /** ABORT: RST, where there is anybody to reset. `cause`: why, in a few words. */
  | { type: 'abort'; cause?: string }
  /**
   * SEGMENT ARRIVES; its checksum was right and its addresses are this connection's. `more`: another one has
   * arrived already and is handled next, so that one acknowledgment will do for both.
   */
  | { type: 'segment'; segment: TcpSegment; more?: boolean }
  /** The path takes no larger segments than this many bytes of options and payload (RFC 1191). */
  | { type: 'mtu'; maxSegmentBytes: number }
  /** The time of `nextDeadlineUs` has come. */
  | { type: 'timer' };

/** Handles one event. Changes the TCB and returns what is to be done, in order. */
export function handle(tcb: Tcb, event: TcpEvent, nowUs: number): Action[] {
  const actions: Action[] = [];
  switch (event.type) {
    case 'open':
      open(tcb, event.passive, nowUs, actions);
      break;
    case 'send':
      enqueue(tcb, event.data);
      break;
    case 'taken':
      taken(tcb, event.bytes);
      break;
    case 'close':
      close(tcb, actions);
      break;
    case 'abort':
      abort(tcb, event.cause ?? 'aborted by us', actions);
      break;
    case 'segment':
      segmentArrives(tcb, event.segment, nowUs, actions);
      break;
    case 'mtu':
      lowerMtu(tcb, event.maxSegmentBytes);
      break;
    case 'timer':
      timersFire(tcb, nowUs, actions);
      break;
  }
  // A gap is told at once: the peer counts on each of these ACKs (RFC 5681 §4.2).
  const isMoreToCome = event.type === 'segment' && event.more === true && tcb.reassembly.isEmpty && isSynchronized(tcb.state);
  if (isMoreToCome) return actions;
  pump(tcb, nowUs, actions);
  if (tcb.ackDue) sendAck(tcb, nowUs, actions);
  return actions;
}

/** When to send a `timer` event; Infinity where nothing is waited for. */
export function nextDeadlineUs(tcb: Tcb): number {
  return Math.min(tcb.retransmitAtUs ?? Infinity, tcb.persistAtUs ?? Infinity, tcb.timeWaitUntilUs ?? Infinity, giveUpAtUs(tcb));
}

/** When the peer has not acknowledged for too long (§3.8.3). A closed window may stay so while each probe is answered. */
function giveUpAtUs(tcb: Tcb): number {
  return tcb.unacked.length === 0 || probeIsAnswered(tcb) ? Infinity : tcb.progressAtUs + tcb.config.userTimeoutUs;
}

const isProbing = (tcb: Tcb): boolean => isSynchronized(tcb.state) && tcb.sndWnd === 0;

/** The peer has said that its window is still closed since the last probe left. */
const probeIsAnswered = (tcb: Tcb): boolean => isProbing(tcb) && (tcb.unacked.first?.sentAtUs.at(-1) ?? Infinity) < tcb.progressAtUs;

/** A TCB serves one connection: a second OPEN is nothing. */
function open(tcb: Tcb, passive: boolean, nowUs: number, actions: Action[]): void {
  if (tcb.opened) return;
  tcb.opened = true;
  const first = findOption(tcb.config.synOptions, 'timestamps')?.value ?? 0;
  tcb.tsOffset = seqAdd(first, -Math.floor(nowUs / 1000));
  tcb.tsSent = first;
  if (passive) {
    enter(tcb, 'LISTEN', 'passive open', actions);
    return;
  }
  enter(tcb, 'SYN-SENT', 'active open', actions, () => sendSyn(tcb, SYN, nowUs, actions));
}

/** §3.10.4 */
function close(tcb: Tcb, actions: Action[]): void {
  if (tcb.state === 'LISTEN' || tcb.state === 'SYN-SENT') end(tcb, 'closed by us', 'closed', actions);
  else if (tcb.state !== 'CLOSED') tcb.finQueued = true;
}

/** §3.10.5; but a RST leaves in CLOSING and LAST-ACK too, where the RFC would let the peer find out by itself. */
function abort(tcb: Tcb, cause: string, actions: Action[]): void {
  if (tcb.state === 'CLOSED') return;
  const sendsRst = tcb.state === 'SYN-RECEIVED' || (isSynchronized(tcb.state) && tcb.state !== 'TIME-WAIT');
  const seq = nextAcceptable(tcb);
  if (sendsRst) end(tcb, 'we sent RST', 'aborted', actions, () => sendReset(tcb, seq, actions));
  else end(tcb, cause, 'aborted', actions);
}

/** Smaller segments from now on; what is on its way and was too large is cut up and sent again. */
function lowerMtu(tcb: Tcb, maxSegmentBytes: number): void {
  tcb.config = { ...tcb.config, maxSegmentBytes: Math.max(MIN_SEGMENT_BYTES, Math.min(maxSegmentBytes, tcb.config.maxSegmentBytes)) };
  const mss = tcb.config.maxSegmentBytes - (tcb.tsOk ? TIMESTAMPS_LENGTH : 0);
  if (mss >= tcb.sndMss) return;
  tcb.sndMss = mss;
  tcb.unacked.cut(mss);
}

/** RFC 791: a datagram of 68 bytes passes everywhere. */
const MIN_SEGMENT_BYTES = 28;

function timersFire(tcb: Tcb, nowUs: number, actions: Action[]): void {
  if (tcb.timeWaitUntilUs !== undefined && nowUs >= tcb.timeWaitUntilUs) {
    end(tcb, '2 MSL are over', 'closed', actions);
    return;
  }
  if (nowUs >= giveUpAtUs(tcb)) {
    giveUp(tcb, actions);
    return;
  }
  if (tcb.persistAtUs !== undefined && nowUs >= tcb.persistAtUs) {
    tcb.persistAtUs = undefined;
    sendWindowProbe(tcb, nowUs, actions);
  } else if (tcb.retransmitAtUs !== undefined && nowUs >= tcb.retransmitAtUs) {
    retransmissionTimeout(tcb, nowUs, actions);
  }
}

function giveUp(tcb: Tcb, actions: Action[]): void {
  const seq = nextAcceptable(tcb);
  const reset = () => sendReset(tcb, seq, actions);
  end(tcb, 'no acknowledgment in time', 'timeout', actions, tcb.state === 'SYN-SENT' ? undefined : reset);
}

/** RFC 6298 §5.4 to §5.6; into a closed window it is a probe (RFC 9293 §3.8.6.1). */
function retransmissionTimeout(tcb: Tcb, nowUs: number, actions: Action[]): void {
  const first = tcb.unacked.first as Unacked;
  const isProbe = isProbing(tcb);
  if (probeIsAnswered(tcb)) tcb.progressAtUs = nowUs;
  if (isSynchronized(tcb.state) && !isProbe) lossByTimeout(tcb, first);
  backOff(tcb.rto);
  tcb.retransmitAtUs = nowUs + tcb.rto.rtoUs;
  resend(tcb, first, nowUs, actions, isProbe ? 'window-probe' : 'retransmission');
}

/** RFC 5681 §3.1: all that is on its way is held to be lost, and slow start begins again. */
function lossByTimeout(tcb: Tcb, first: Unacked): void {
  if (first.sentAtUs.length === 1) tcb.ssthresh = Math.max(Math.floor(flightSize(tcb) / 2), 2 * tcb.sndMss);
  tcb.cwnd = tcb.sndMss;
  tcb.recover = undefined;
  tcb.dupAcks = 0;
  tcb.unacked.loseAll();
}
