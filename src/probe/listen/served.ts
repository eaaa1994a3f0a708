/** One conversation with a peer that called: its connection, and what is said and done in it. */
import { NetError } from '../../net/errors.ts';
import type { Flow } from '../../net/flow.ts';
import type { Arrival } from '../../net/network.ts';
import { handle, nextDeadlineUs } from '../../tcp/endpoint.ts';
import { closeWindow } from '../../tcp/receive-window.ts';
import { ACK, FIN, RST, SYN } from '../../wire/flags.ts';
import type { Ipv4Header } from '../../wire/ipv4.ts';
import { seqAdd } from '../../wire/seq.ts';
import type { TcpSegment } from '../../wire/tcp.ts';
import { connectResult, type EarlyEnd } from '../connect/result.ts';
import type { Connection, ConnectionOptions, ConnectionPort } from '../connection.ts';
import { Dialogue } from '../dialogue.ts';
import type { ConnectEvent, ConnectResult } from '../events.ts';
import type { ListenRequest } from './request.ts';

/** A handshake that takes longer is given up, as those of a flood and of most scanners are. */
const LONGEST_HANDSHAKE_US = 10_000_000;

export class Served implements Flow {
  readonly connection: Connection<ConnectionPort>;
  /** Undefined until it is told of. */
  number: number | undefined;
  /** When to come again. */
  untilUs = Number.POSITIVE_INFINITY;
  /** Nothing is left to do. */
  isOver = false;
  /** What came for it and was not yet taken in. */
  readonly pending: Arrival[] = [];
  /** From the end of the handshake on: a flood of SYNs is not to open a file each. */
  #dialogue: Dialogue | undefined;
  readonly #request: ListenRequest;
  /** What the peer said and is to be said back. */
  #toEcho: Uint8Array[] = [];
  #ackedBefore = 0;
  #early: EarlyEnd = { ended: undefined };
  /** We fell silent, as asked, and listen until then. */
  #silentUntilUs: number | undefined;
  #windowOpensAtUs: number | undefined;
  #wasReset = false;

  constructor(
    readonly address: number,
    readonly port: number,
    readonly peerAddress: number,
    readonly peerPort: number,
    readonly fromCookie: boolean,
    /** Makes its connection with these options. */
    connect: (served: Served, options: ConnectionOptions) => Connection<ConnectionPort>,
    request: ListenRequest,
  ) {
    this.#request = request;
    const { misbehaviour, echo } = request;
    this.connection = connect(this, {
      silent: !request.segments,
      deliver: echo ? (payload) => this.#toEcho.push(payload) : undefined,
      alter: misbehaviour.wrongAck || misbehaviour.noFinalAck ? (segment) => this.#alter(segment) : undefined,
    });
    // Of which there is nothing to tell: the port listened before.
    this.connection.apply({ type: 'open', passive: true });
  }

  /** Its handshake is under way. */
  get isHalfOpen(): boolean {
    return !this.connection.wasEstablished;
  }

  /** Takes in the SYN that was answered by a cookie, as when it came. @param arrival what brought the cookie back */
  remember(syn: TcpSegment, ip: Ipv4Header, arrival: Arrival): void {
    const { tcb, record } = this.connection;
    handle(tcb, { type: 'segment', segment: syn }, arrival.atUs);
    record.takesOffer(syn, ip);
    record.enters('SYN-RECEIVED', arrival);
    this.#closeWindow(arrival);
  }

  /** Takes in what came, and does what is to be done now. @returns what there is to tell, piece by piece */
  advance(nowUs: number): Iterable<ConnectEvent>[] {
    const told: Iterable<ConnectEvent>[] = [];
    try {
      this.#converse(nowUs, told);
    } catch (error) {
      if (!(error instanceof NetError)) throw error;
      this.#early = { ended: undefined, error };
      told.push(this.connection.reset());
      this.#finish();
    }
    return told;
  }

  /** Ends it, by RST where there is anybody to reset. */
  abort(ended: ConnectResult['ended']): Iterable<ConnectEvent> {
    // In TIME-WAIT all is done but the waiting.
    const isDone = this.connection.state === 'TIME-WAIT' || this.#silentUntilUs !== undefined;
    if (!isDone) this.#early = { ended };
    this.#finish();
    return isDone ? [] : this.connection.reset();
  }

  result(): ConnectResult {
    return connectResult(this.#wasReset ? 'reset' : this.#request.close, this.connection, this.#early);
  }

  #converse(nowUs: number, told: Iterable<ConnectEvent>[]): void {
    const { connection } = this;
    for (let arrival = this.pending.shift(); arrival !== undefined; arrival = this.pending.shift()) {
      if (this.#silentUntilUs !== undefined) told.push(connection.watch(arrival));
      else this.#take(arrival, told);
    }
    if (this.#silentUntilUs !== undefined) return this.#stayLonger(this.#silentUntilUs, nowUs);
    if (this.isHalfOpen) return this.#shakeHands(nowUs, told);
    this.#dialogue ??= this.#openDialogue();
    told.push(this.#dialogue.timers(nowUs));
    this.#openWindow(nowUs, told);
    this.#resetIfDue(told);
    this.#proceed(this.#dialogue, nowUs, told);
  }

  #openDialogue(): Dialogue {
    const { idleMs, timeoutMs, timeWaitMs, close, data, echo } = this.#request;
    const waits = {
      idleUs: idleMs * 1000,
      timeoutUs: timeoutMs * 1000,
      timeWaitUs: timeWaitMs * 1000,
      deadlineUs: Number.POSITIVE_INFINITY,
    };
    return new Dialogue(this.connection, close, waits, data(), echo);
  }

  #shakeHands(nowUs: number, told: Iterable<ConnectEvent>[]): void {
    const { connection } = this;
    const { tcb, startedAtUs = nowUs } = connection;
    if (nowUs >= nextDeadlineUs(tcb)) told.push(connection.apply({ type: 'timer' }));
    // After a RST, or a SYN in the place of its end, the port listens again (RFC 9293 §3.10.7.4).
    const isOver = tcb.state === 'LISTEN' || tcb.state === 'CLOSED' || nowUs >= startedAtUs + LONGEST_HANDSHAKE_US;
    if (isOver) this.#finish();
    else this.untilUs = Math.min(nextDeadlineUs(tcb), startedAtUs + LONGEST_HANDSHAKE_US);
  }

  #take(arrival: Arrival, told: Iterable<ConnectEvent>[]): void {
    const { connection } = this;
    const { tcb } = connection;
    const isNew = tcb.state === 'LISTEN';
    told.push(connection.take(arrival, this.#request.echo));
    // With what came behind it the connection has nothing to do any more.
    if (this.#resetIfDue(told)) this.#toEcho = [];
    if (isNew) this.#closeWindow(arrival);
    for (const data of this.#toEcho.splice(0)) told.push(connection.apply({ type: 'send', data }));
    this.#read(told);
    told.push(connection.answer());
  }

  /** From the SYN on, where that was asked for. */
  #closeWindow({ atUs }: Arrival): void {
    const { zeroWindowMs } = this.#request.misbehaviour;
    if (zeroWindowMs === undefined) return;
    closeWindow(this.connection.tcb);
    this.#windowOpensAtUs = atUs + zeroWindowMs * 1000;
  }

  /** What is echoed is taken when the echo has arrived: so we hold no more of it than our window is wide. */
  #read(told: Iterable<ConnectEvent>[]): void {
    const { connection } = this;
    const { tcb, record } = connection;
    if (tcb.rcvUser === 0 || this.#windowOpensAtUs !== undefined) return;
    const echoed = record.ackedBytes - this.#ackedBefore;
    this.#ackedBefore = record.ackedBytes;
    const isHeld = this.#request.echo && !tcb.finQueued;
    const bytes = isHeld ? Math.min(echoed, tcb.rcvUser) : tcb.rcvUser;
    if (bytes > 0) told.push(connection.apply({ type: 'taken', bytes }));
  }

  #openWindow(nowUs: number, told: Iterable<ConnectEvent>[]): void {
    if (this.#windowOpensAtUs === undefined || nowUs < this.#windowOpensAtUs) return;
    this.#windowOpensAtUs = undefined;
    told.push(this.connection.apply({ type: 'taken', bytes: this.connection.tcb.rcvUser }));
  }

  /** @returns whether it was, now or before */
  #resetIfDue(told: Iterable<ConnectEvent>[]): boolean {
    const { rstAfterBytes = Number.POSITIVE_INFINITY } = this.#request.misbehaviour;
    const { record } = this.connection;
    if (this.#wasReset || this.isHalfOpen || record.sentBytes + record.receivedBytes < rstAfterBytes) return this.#wasReset;
    this.#wasReset = true;
    told.push(this.connection.apply({ type: 'abort' }));
    return true;
  }

  /** Says what is to be said and closes when it is time, as far as can be done now. */
  #proceed(dialogue: Dialogue, nowUs: number, told: Iterable<ConnectEvent>[]): void {
    const { connection } = this;
    for (;;) {
      told.push([...dialogue.write()]);
      const decision = dialogue.decide(nowUs);
      switch (decision.do) {
        case 'close':
          told.push(dialogue.close());
          break;
        case 'abort':
          this.#early = { ended: decision.ended };
          told.push(connection.apply({ type: 'abort' }));
          break;
        case 'finish':
          if (this.#request.close === 'none' && connection.state !== 'CLOSED') {
            this.#silentUntilUs = nowUs + this.#request.timeoutMs * 1000;
            return this.#stayLonger(this.#silentUntilUs, nowUs);
          }
          return this.#finish();
        case 'wait':
          this.untilUs = Math.min(decision.untilUs, this.#windowOpensAtUs ?? Number.POSITIVE_INFINITY);
          return;
      }
    }
  }

  /** We say nothing more; the peer may go on for a while, or give up. */
  #stayLonger(untilUs: number, nowUs: number): void {
    if (nowUs >= untilUs || this.connection.record.end === 'reset') this.#finish();
    else this.untilUs = untilUs;
  }

  #finish(): void {
    this.isOver = true;
    this.#dialogue?.end();
  }

  #alter(segment: TcpSegment): TcpSegment | undefined {
    const { wrongAck, noFinalAck } = this.#request.misbehaviour;
    if (wrongAck && segment.flags & SYN) return withWrongAck(segment);
    const { peerFinSeq } = this.connection.tcb;
    const acknowledgesFin = peerFinSeq !== undefined && segment.flags & ACK && segment.ack === seqAdd(peerFinSeq, 1);
    if (!noFinalAck || !acknowledgesFin) return segment;
    const isBare = segment.payload.length === 0 && !(segment.flags & (FIN | RST));
    return isBare ? undefined : { ...segment, ack: peerFinSeq };
  }
}

const WRONG_BY = 0x10_0000;

/** Acknowledges what the peer never sent. */
export const withWrongAck = (segment: TcpSegment): TcpSegment => ({ ...segment, ack: seqAdd(segment.ack, WRONG_BY) });
