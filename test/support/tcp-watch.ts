/** An endpoint under watch: after each event, all that must hold of any endpoint at any time. */
import type { Action, EndReason } from '../../src/tcp/actions.ts';
import { handle, nextDeadlineUs, type TcpEvent } from '../../src/tcp/endpoint.ts';
import { isSynchronized, type State } from '../../src/tcp/state.ts';
import { createTcb, type Tcb, type TcbConfig } from '../../src/tcp/tcb.ts';
import { ACK, FIN, RST, SYN } from '../../src/wire/flags.ts';
import { seqAdd, seqDiff } from '../../src/wire/seq.ts';
import { segLen, type TcpSegment } from '../../src/wire/tcp.ts';
import { tcpOptionsLength } from '../../src/wire/tcp-options.ts';

export type Send = Extract<Action, { type: 'send' }>;

/** RFC 9293 figure 5. To CLOSED a RST, an abort and a timeout lead from everywhere. */
const TRANSITIONS: Readonly<Record<State, readonly State[]>> = {
  CLOSED: ['LISTEN', 'SYN-SENT'],
  LISTEN: ['SYN-RECEIVED'],
  'SYN-SENT': ['SYN-RECEIVED', 'ESTABLISHED'],
  'SYN-RECEIVED': ['ESTABLISHED', 'LISTEN'],
  ESTABLISHED: ['FIN-WAIT-1', 'CLOSE-WAIT'],
  'FIN-WAIT-1': ['FIN-WAIT-2', 'CLOSING'],
  'FIN-WAIT-2': ['TIME-WAIT'],
  'CLOSE-WAIT': ['LAST-ACK'],
  CLOSING: ['TIME-WAIT'],
  'LAST-ACK': [],
  'TIME-WAIT': [],
};

/** The fields that may only grow, as they stood before an event. */
interface Before {
  state: State;
  sndUna: number;
  sndNxt: number;
  rcvNxt: number;
  /** Where the peer's window ended. */
  windowEnd: number;
  unackedEntries: number;
}

/** Bytes of a stream from an offset on, and whether the given ones are the same. */
export interface Stream {
  matches(offset: number, bytes: Uint8Array): boolean;
}

export class Watch {
  readonly tcb: Tcb;
  ended: EndReason | undefined;
  /** Bytes delivered. */
  delivered = 0;
  /** Sent again, probes into a closed window left aside. */
  retransmissions = 0;
  /** Where the window that we offered ends at its furthest. */
  private offeredEnd: number | undefined;
  private readonly ours: Stream | undefined;
  private readonly theirs: Stream | undefined;

  /**
   * @param ours what the user writes: no other byte may be sent
   * @param theirs what the peer writes: no other byte may be delivered
   */
  constructor(config: TcbConfig, ours?: Stream, theirs?: Stream) {
    this.tcb = createTcb(config);
    this.ours = ours;
    this.theirs = theirs;
  }

  get deadlineUs(): number {
    return nextDeadlineUs(this.tcb);
  }

  /** Lets the endpoint handle the event. @throws Error where something does not hold */
  handle(event: TcpEvent, nowUs: number): Action[] {
    const { tcb } = this;
    const { state, sndUna, sndNxt, rcvNxt } = tcb;
    const before: Before = {
      state,
      sndUna,
      sndNxt,
      rcvNxt,
      windowEnd: seqAdd(sndUna, tcb.sndWnd),
      unackedEntries: tcb.unacked.length,
    };
    const actions = this.act(event, nowUs);
    this.checkStates(before, actions);
    if (actions.some((action) => action.type === 'state' && action.to === 'LISTEN')) this.offeredEnd = undefined;
    else this.checkNumbers(before);
    this.checkSends(before, actions);
    this.checkDelivery(before, actions);
    this.checkQueue();
    this.checkTimers(event, nowUs);
    return actions;
  }

  protected act(event: TcpEvent, nowUs: number): Action[] {
    return handle(this.tcb, event, nowUs);
  }

  private checkStates(before: Before, actions: readonly Action[]): void {
    let at = before.state;
    for (const action of actions) {
      if (action.type === 'state') {
        check(action.from === at, 'a transition starts where the last one ended', action.from, at);
        check(action.to === 'CLOSED' || TRANSITIONS[at].includes(action.to), 'figure 5 has the transition', `${at} to ${action.to}`);
        at = action.to;
      } else if (action.type === 'end') {
        check(at === 'CLOSED', 'an end is in CLOSED', at);
        check(this.ended === undefined, 'a connection ends once', this.ended, action.reason);
        this.ended = action.reason;
      }
    }
    check(at === this.tcb.state, 'every transition is told', at, this.tcb.state);
  }

  private checkNumbers(before: Before): void {
    const { tcb } = this;
    check(seqDiff(tcb.sndNxt, tcb.sndUna) >= 0, 'SND.UNA =< SND.NXT', tcb.sndUna, tcb.sndNxt);
    check(seqDiff(tcb.sndUna, before.sndUna) >= 0, 'SND.UNA never goes back', before.sndUna, tcb.sndUna);
    check(seqDiff(tcb.sndNxt, before.sndNxt) >= 0, 'SND.NXT never goes back', before.sndNxt, tcb.sndNxt);
  }

  private checkSends(before: Before, actions: readonly Action[]): void {
    const sends = actions.filter((action) => action.type === 'send');
    const most = before.unackedEntries + this.tcb.unacked.length + 3;
    check(sends.length <= most, 'one event lets out what waits for acknowledgment, and a few answers', sends.length, most);
    for (const send of sends) this.checkSend(send, before);
  }

  private checkSend({ segment, note, transmission }: Send, before: Before): void {
    const { tcb } = this;
    const { flags, seq, payload } = segment;
    const optionsLength = tcpOptionsLength(segment.options);
    check(segment.window >= 0 && segment.window <= 0xffff, 'the window fits its field', segment.window);
    if (flags & RST) return;
    if (payload.length > 0) {
      check(payload.length + optionsLength <= tcb.config.maxSegmentBytes, 'a segment fits the path', payload.length, optionsLength);
      const offset = seqDiff(seq, seqAdd(tcb.iss, 1));
      check(this.ours?.matches(offset, payload) ?? true, 'the bytes sent are those written', offset, payload.length);
    }
    if (note === 'retransmission') this.retransmissions++;
    // Both the window before the event and the one that it brings may have let the segment out.
    const isNew = transmission === 1 && segLen(segment) > 0;
    if (isNew && note !== 'window-probe' && !(flags & SYN)) {
      const end = seqAdd(seq, segLen(segment));
      const past = Math.min(seqDiff(end, before.windowEnd), seqDiff(end, seqAdd(tcb.sndUna, tcb.sndWnd)));
      check(past <= 0, "new data lie within the peer's window", past);
    }
    if (flags & ACK) this.checkOffer(segment);
  }

  /**
   * The right edge of the window that we offer never moves to the left (RFC 9293 §3.8.6), but for what its field can't
   * say (RFC 7323 §2.4). A SYN's window is as told, each time.
   */
  private checkOffer({ flags, ack, window }: TcpSegment): void {
    const isSyn = (flags & SYN) !== 0;
    const unit = 2 ** this.tcb.rcvWscale;
    const end = seqAdd(ack, isSyn ? window : window * unit);
    const moved = seqDiff(end, this.offeredEnd ?? end);
    check(moved > -unit || isSyn, 'our window never shrinks', moved);
    if (moved >= 0) this.offeredEnd = end;
  }

  private checkDelivery(before: Before, actions: readonly Action[]): void {
    let bytes = 0;
    for (const action of actions) {
      if (action.type !== 'deliver') continue;
      check(action.payload.length > 0, 'what is delivered is not empty');
      check(this.theirs?.matches(this.delivered, action.payload) ?? true, 'the bytes delivered are those written', this.delivered);
      bytes += action.payload.length;
      this.delivered += action.payload.length;
    }
    if (!isSynchronized(before.state)) return;
    const moved = seqDiff(this.tcb.rcvNxt, before.rcvNxt);
    const finBefore = this.tcb.peerFinSeq !== undefined && moved === bytes + 1;
    check(moved === bytes || finBefore, 'RCV.NXT moves by what is delivered', moved, bytes);
  }

  /** What waits for acknowledgment is exactly SND.UNA to SND.NXT, without gaps; and nothing is left of a connection that is over. */
  private checkQueue(): void {
    const { tcb } = this;
    let next = tcb.sndUna;
    for (const entry of tcb.unacked) {
      check(entry.seq === next, 'no gap in what waits for acknowledgment', entry.seq, next);
      check(entry.length > 0, 'no empty entry waits for acknowledgment');
      check(entry.length === entry.payload.length + (entry.flags & (SYN | FIN) ? 1 : 0), 'an entry is as long as it says', entry.length);
      check(!(entry.sacked && entry.lost), 'what the peer has is not lost');
      next = seqAdd(next, entry.length);
    }
    this.checkCounts();
    if (tcb.state === 'CLOSED') {
      check(tcb.unacked.length === 0 && tcb.unsent.length === 0, 'nothing is kept in CLOSED');
      check(tcb.reassembly.isEmpty, 'nothing out of order is kept in CLOSED');
    } else {
      check(next === tcb.sndNxt, 'all that was sent waits for acknowledgment', next, tcb.sndNxt);
    }
    check(tcb.unsentBytes === tcb.unsent.reduce((sum, bytes) => sum + bytes.length, 0), 'the count of unsent bytes is right');
    check(tcb.cwnd >= 0 && !Number.isNaN(tcb.cwnd), 'the congestion window is a number', tcb.cwnd);
  }

  /** What is kept of the queue is what a look at all of it gives. */
  private checkCounts(): void {
    const { unacked } = this.tcb;
    const entries = [...unacked];
    const lost = entries.filter((entry) => entry.lost);
    const pipeBytes = entries.reduce((sum, { sacked, lost, length }) => sum + (sacked || lost ? 0 : length), 0);
    check(unacked.pipeBytes === pipeBytes, 'the count of bytes on their way is right', unacked.pipeBytes, pipeBytes);
    check(unacked.lost === lost.length, 'the count of lost segments is right', unacked.lost, lost.length);
    check(unacked.firstLost === lost[0], 'the first lost segment is the first', unacked.firstLost?.seq, lost[0]?.seq);
  }

  private checkTimers(event: TcpEvent, nowUs: number): void {
    const { tcb, deadlineUs } = this;
    check(!Number.isNaN(deadlineUs), 'the deadline is a time');
    const { rtoUs, config } = tcb.rto;
    check(rtoUs >= config.minRtoUs && rtoUs <= Math.max(config.maxRtoUs, config.initialRtoUs), 'the RTO keeps to its bounds', rtoUs);
    if (tcb.state === 'CLOSED') check(deadlineUs === Number.POSITIVE_INFINITY, 'nothing is waited for in CLOSED', deadlineUs);
    else if (tcb.unacked.length > 0) check(tcb.retransmitAtUs !== undefined, 'what waits for acknowledgment has a timer');
    if (event.type === 'timer') check(deadlineUs > nowUs, 'a timer that fired is set anew', deadlineUs, nowUs);
  }
}

function check(holds: boolean, what: string, ...values: unknown[]): void {
  if (!holds) throw new Error(`does not hold: ${what} (${values.map(String).join(', ')})`);
}
