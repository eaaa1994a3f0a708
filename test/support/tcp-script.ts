/**
 * A test that reads like a packetdrill script: what the user and the peer do, and what the endpoint must answer.
 * Whatever it sends or delivers and the script does not expect is a failure.
 */
import { expect, onTestFinished } from 'vitest';
import type { Action, ArrivalNote, EndReason, SendNote } from '../../src/tcp/actions.ts';
import type { TcpEvent } from '../../src/tcp/endpoint.ts';
import type { State } from '../../src/tcp/state.ts';
import { DEFAULT_TCB_CONFIG, type Tcb, type TcbConfig } from '../../src/tcp/tcb.ts';
import { ACK, SYN } from '../../src/wire/flags.ts';
import { formatTcpOption } from '../../src/wire/format.ts';
import { seqAdd, seqDiff } from '../../src/wire/seq.ts';
import { type TcpSegment, tcpSegment } from '../../src/wire/tcp.ts';
import { KIND_MSS } from '../../src/wire/tcp-options.ts';
import { readSegment, writeSegment } from './tcp-notation.ts';
import { PatternStream } from './tcp-pattern.ts';
import { type Send, Watch } from './tcp-watch.ts';

/** Both ISNs lie so that the first bytes cross 2^32. */
export const ISS = 0xffff_fffe;
export const IRS = 0xffff_fffd;

export const LOCAL_PORT = 49_152;
export const REMOTE_PORT = 80;

/** What a segment must be beyond its text. */
export type Check = (send: Send & { atMs: number }) => void;

export const as =
  (note: SendNote | undefined): Check =>
  (send) =>
    expect(send.note).toBe(note);

export const transmission =
  (times: number): Check =>
  (send) =>
    expect(send.transmission).toBe(times);

export const atMs =
  (time: number): Check =>
  (send) =>
    expect(send.atMs).toBe(time);

export type ScriptConfig = Partial<TcbConfig> & { irs?: number };

export class Script {
  readonly watch: Watch;
  readonly irs: number;
  nowUs = 0;
  private readonly ours = new PatternStream(1);
  private readonly theirs = new PatternStream(2);
  private written = 0;
  private expectedBytes = 0;
  private sent: (Send & { atMs: number })[] = [];
  private seen: Action[] = [];

  constructor({ irs = IRS, ...config }: ScriptConfig = {}) {
    this.irs = irs;
    this.watch = new Watch(
      {
        ...DEFAULT_TCB_CONFIG,
        localPort: LOCAL_PORT,
        remotePort: REMOTE_PORT,
        iss: ISS,
        synOptions: [{ kind: KIND_MSS, name: 'mss', mss: 1460 }],
        ...config,
      },
      this.ours,
      this.theirs,
    );
    onTestFinished(({ task }) => {
      if (task.result?.state !== 'fail') this.expectNothingElse();
    });
  }

  get tcb(): Tcb {
    return this.watch.tcb;
  }

  get state(): State {
    return this.tcb.state;
  }

  /** SND.NXT from our ISN. */
  get sndNxt(): number {
    return seqDiff(this.tcb.sndNxt, this.tcb.iss);
  }

  /** SND.UNA from our ISN. */
  get sndUna(): number {
    return seqDiff(this.tcb.sndUna, this.tcb.iss);
  }

  /** RCV.NXT from the peer's ISN. */
  get rcvNxt(): number {
    return seqDiff(this.tcb.rcvNxt, this.irs);
  }

  open(): void {
    this.event({ type: 'open', passive: false });
  }

  listen(): void {
    this.event({ type: 'open', passive: true });
  }

  /** The user writes the next bytes of our stream. */
  write(length: number): void {
    const data = this.ours.bytes(this.written, length);
    this.written += length;
    this.event({ type: 'send', data });
  }

  /** The user takes bytes that were delivered. */
  reads(bytes: number): void {
    this.event({ type: 'taken', bytes });
  }

  close(): void {
    this.event({ type: 'close' });
  }

  abort(): void {
    this.event({ type: 'abort' });
  }

  mtu(maxSegmentBytes: number): void {
    this.event({ type: 'mtu', maxSegmentBytes });
  }

  /** A segment of the peer's arrives; its payload is the peer's stream at its place unless given. */
  gets(text: string, fields: Partial<TcpSegment> = {}): void {
    const { flags, seq, length, ack, window, urgent, options } = readSegment(text, this.tcb.iss);
    if ((ack !== undefined) !== ((flags & ACK) !== 0)) throw new Error(`${text}: ACK flag and number don't fit`);
    const segment = tcpSegment({
      sourcePort: REMOTE_PORT,
      destinationPort: LOCAL_PORT,
      seq: seqAdd(this.irs, seq),
      ack: ack === undefined ? 0 : seqAdd(this.tcb.iss, ack),
      flags,
      window: window ?? 65_535,
      urgent: urgent ?? 0,
      options: options ?? [],
      payload: this.theirs.bytes(flags & SYN ? seq : seq - 1, length),
      ...fields,
    });
    this.event({ type: 'segment', segment });
  }

  /** As `gets`, where the test does not care what is sent for it. */
  getsUnwatched(text: string): void {
    this.gets(text);
    this.sent = [];
    this.expectedBytes = this.watch.delivered;
  }

  /** Lets time pass; timers fire when they are due. */
  wait(ms: number): void {
    this.expectNothingElse();
    const untilUs = this.nowUs + ms * 1000;
    for (let steps = 0; this.watch.deadlineUs <= untilUs; steps++) {
      if (steps > 10_000) throw new Error('timers without end');
      this.nowUs = this.watch.deadlineUs;
      this.apply({ type: 'timer' });
    }
    this.nowUs = untilUs;
  }

  /** The event loop stands still for a time, then looks at its timers. */
  stall(ms: number): void {
    this.nowUs += ms * 1000;
    this.event({ type: 'timer' });
  }

  /** The next segment sent is this one. Window, urgent pointer and options are compared where they are named. */
  sends(text: string, ...checks: Check[]): void {
    const send = this.sent.shift();
    const like = readSegment(text, this.irs);
    const actual = send === undefined ? 'nothing' : writeSegment(send.segment, this.tcb.iss, this.irs, like);
    expect(actual, 'the segment sent').toBe(text);
    expect([send?.segment.sourcePort, send?.segment.destinationPort]).toEqual([LOCAL_PORT, REMOTE_PORT]);
    for (const check of checks) check(send as Send & { atMs: number });
  }

  /** The options of the next segment sent, in their order. */
  optionsSent(): string {
    return this.sent.shift()?.segment.options.map(formatTcpOption).join(',') ?? 'nothing';
  }

  sendsNothing(): void {
    const texts = this.sent.map(({ segment }) => writeSegment(segment, this.tcb.iss, this.irs, readSegment('. 0:0(0) win 0', 0)));
    expect(texts, 'segments sent').toEqual([]);
  }

  /** The peer's next bytes, this many in all, were delivered. Watch compares them. */
  delivers(length: number): void {
    this.expectedBytes += length;
    expect(this.watch.delivered, 'bytes delivered').toBe(this.expectedBytes);
  }

  /** The notes on what arrived since the last look. */
  notes(...notes: ArrivalNote[]): void {
    expect(this.seen.flatMap((action) => (action.type === 'note' ? [action.note] : []))).toEqual(notes);
    this.seen = this.seen.filter((action) => action.type !== 'note');
  }

  /** The states entered since the last look. */
  walks(...states: State[]): void {
    expect(this.seen.flatMap((action) => (action.type === 'state' ? [action.to] : []))).toEqual(states);
    this.seen = this.seen.filter((action) => action.type !== 'state');
  }

  /** The connection has ended for this reason. */
  ends(reason: EndReason): void {
    expect(this.watch.ended, 'reason of the end').toBe(reason);
    expect(this.state).toBe('CLOSED');
  }

  /** What was told of one type since the last look. */
  told<T extends Action['type']>(type: T): Extract<Action, { type: T }>[] {
    const told = this.seen.filter((action): action is Extract<Action, { type: T }> => action.type === type);
    this.seen = this.seen.filter((action) => action.type !== type);
    return told;
  }

  /** Forgets what was told and sent so far: the test is about what comes now. */
  forget(): this {
    this.sent = [];
    this.seen = [];
    this.expectedBytes = this.watch.delivered;
    return this;
  }

  private expectNothingElse(): void {
    this.sendsNothing();
    expect(this.watch.delivered, 'bytes delivered').toBe(this.expectedBytes);
  }

  private event(event: TcpEvent): void {
    this.expectNothingElse();
    this.apply(event);
  }

  private apply(event: TcpEvent): void {
    for (const action of this.watch.handle(event, this.nowUs)) {
      if (action.type === 'send') this.sent.push({ ...action, atMs: this.nowUs / 1000 });
      else this.seen.push(action);
    }
  }
}
