/** Probes sent again and again, and figures of what came of them. */
import { NetError } from '../../net/errors.ts';
import type { Departure } from '../../net/moment.ts';
import type { Clock, ClockSources } from '../../net/network.ts';
import type { NoteEvent, Outcome, PingEvent, PingResult, ReplyEvent } from '../events.ts';
import { hasLeft } from '../leaving.ts';
import { Pace } from '../pace.ts';
import { startEvent } from '../start-event.ts';
import type { Timeline } from '../teller.ts';
import { Chain } from './chain.ts';
import { HandshakeProber } from './handshakes.ts';
import type { Finding, Probe, Prober } from './probe.ts';
import { MOST_UNANSWERED, type PingContext, type PingRequest } from './request.ts';
import { passedLimits } from './result.ts';
import { SegmentProber } from './segments.ts';
import { Tally, Target } from './target.ts';

/** Probes in a row after which we see what has come back. */
const BURST = 32;
/** How long after a probe that this machine could not send the next one is tried, at the least. */
const UNSENT_PAUSE_US = 100_000;
/** How long we go on without a look at signals and timers. */
const BREATH_US = 5000;
/** Before this no peer sends a SYN+ACK again: it is a copy. */
const SHORTEST_RETRANSMISSION_US = 200_000;

/**
 * Sends the probes and tells of each what came of it. The last event is the result.
 * @throws NetError where this machine can't send any; later errors are told
 * @throws EncodeError where the segment can't be put into bytes
 */
export async function* ping(request: PingRequest, context: PingContext): AsyncGenerator<PingEvent, void> {
  const run = new PingRun(request, context);
  const wake = () => run.wake();
  const wantFigures = () => run.wantFigures();
  context.signal?.addEventListener('abort', wake);
  const stopListening = context.onFiguresWanted?.(wantFigures);
  try {
    for (let goesOn = true; goesOn; ) {
      goesOn = await run.goOn();
      for (const event of run.takeEvents()) yield event;
    }
  } finally {
    context.signal?.removeEventListener('abort', wake);
    stopListening?.();
    await run.close();
  }
}

class PingRun {
  readonly #request: PingRequest;
  readonly #context: PingContext;
  readonly #clock: Clock;
  readonly #timeline: Timeline = { begun: undefined };
  readonly #prober: Prober;
  readonly #targets: readonly Target[];
  /** Of all targets. */
  readonly #total = new Tally();
  readonly #waiting = new Chain<Probe>();
  readonly #ignored: PingResult['ignored'] = {};
  /** Whose turn it is. */
  #turn = 0;
  readonly #pace = new Pace();
  #breathedAtUs = 0;
  #figuresWanted = false;
  #events: PingEvent[] = [];

  constructor(request: PingRequest, context: PingContext) {
    this.#request = request;
    this.#context = context;
    this.#clock = context.network.clock;
    this.#targets = request.targets.map((target) => new Target(target));
    this.#prober =
      request.full === undefined
        ? new SegmentProber(request, context, this.#timeline)
        : new HandshakeProber(request, context, this.#timeline, (probe) => this.#begins(probe));
  }

  wake(): void {
    this.#prober.wake();
  }

  wantFigures(): void {
    this.#figuresWanted = true;
    this.#prober.wake();
  }

  close(): Promise<void> {
    return this.#prober.close();
  }

  /** What is to be told, in order. A generator for each step would cost more than all else. */
  takeEvents(): PingEvent[] {
    const events = this.#events;
    this.#events = [];
    return events;
  }

  /** One step: what has come, or what is to be sent. @returns false when all is told */
  async goOn(): Promise<boolean> {
    let error: NetError | undefined;
    try {
      if (!this.#isOver) {
        await this.#step();
        return true;
      }
    } catch (caught) {
      // Before the first probe there is nothing to report but the error.
      if (!(caught instanceof NetError) || this.#timeline.begun === undefined) throw caught;
      error = caught;
    }
    // What is not over is reset, and that is to be told too.
    await this.#prober.close();
    this.#prober.flush();
    this.#tell(...this.#prober.told.splice(0), this.#result(error));
    return false;
  }

  async #step(): Promise<void> {
    const nowUs = this.#clock.nowUs();
    const untilUs = this.#nextUs(nowUs);
    const finding = await this.#prober.next(untilUs);
    if (untilUs > nowUs) this.#breathedAtUs = this.#clock.nowUs();
    else if (nowUs - this.#breathedAtUs >= BREATH_US) await this.#breathe();
    if (finding !== undefined) this.#take(finding);
    // Unless it was woken, all is read that had come by then.
    else if (!this.#figuresWanted) this.#expire(nowUs);
    if (this.#prober.told.length > 0) this.#tell(...this.#prober.told.splice(0));
    if (this.#figuresWanted) this.#tellFigures();
    // What was found is told before more is sent.
    if (this.#events.length === 0) await this.#sendDue();
  }

  #tell(...events: PingEvent[]): void {
    this.#events.push(...events);
  }

  get #isInterrupted(): boolean {
    return this.#context.signal?.aborted === true;
  }

  get #deadlineUs(): number {
    return (this.#timeline.begun?.atUs ?? this.#clock.nowUs()) + this.#request.deadlineMs * 1000;
  }

  get #isOver(): boolean {
    const isDone = this.#waiting.size === 0 && this.#allSent;
    return isDone || this.#isInterrupted || this.#clock.nowUs() >= this.#deadlineUs;
  }

  /** The targets take turns, so the last one is the last to be done. */
  get #allSent(): boolean {
    return (this.#targets.at(-1) as Target).sequence >= this.#request.count;
  }

  get #maySend(): boolean {
    return !this.#allSent && this.#waiting.size < MOST_UNANSWERED && this.#prober.hasRoom && !this.#isBusy;
  }

  /** To the peer a second SYN from the same port would belong to the first. */
  get #isBusy(): boolean {
    return this.#request.fixedPort && (this.#targets[this.#turn] as Target).tally.pending > 0;
  }

  /** Up to when there is nothing to do but to wait. */
  #nextUs(nowUs: number): number {
    if (this.#maySend && this.#pace.dueAtUs <= nowUs) return 0;
    const { oldest } = this.#waiting;
    const lostAtUs =
      oldest === undefined || this.#prober.keepsTime ? Number.POSITIVE_INFINITY : oldest.departure.handedOverAtUs + this.#timeoutUs;
    return Math.min(lostAtUs, this.#maySend ? this.#pace.dueAtUs : Number.POSITIVE_INFINITY, this.#deadlineUs);
  }

  /** From one probe to the next, whichever target it is for. */
  get #intervalUs(): number {
    return (this.#request.intervalMs * 1000) / this.#targets.length;
  }

  get #timeoutUs(): number {
    return this.#request.timeoutMs * 1000;
  }

  /** What is due now; as fast as it goes, some of them. */
  async #sendDue(): Promise<void> {
    for (let sent = 0; sent < BURST && this.#maySend && this.#clock.nowUs() >= this.#pace.dueAtUs; sent++) {
      const target = this.#targets[this.#turn] as Target;
      this.#turn = (this.#turn + 1) % this.#targets.length;
      const nowUs = this.#clock.nowUs();
      target.sequence++;
      try {
        const probe = this.#prober.send(target, target.sequence);
        this.#waiting.add(probe);
        this.#count(target, (tally) => tally.sent++);
        this.#pace.left(probe.departure.handedOverAtUs, this.#intervalUs);
        if (this.#prober.keepsTime) continue;
        if (this.#timeline.begun === undefined) await this.#begin(probe.departure);
        this.#tellStart(target, probe);
      } catch (error) {
        if (!(error instanceof NetError)) throw error;
        this.#unsent(target, target.sequence, error, nowUs);
      }
    }
  }

  /** All times begin when the first probe has left. */
  async #begin(first: Departure): Promise<void> {
    await hasLeft(first, this.#clock, () => this.#prober.heard > 0);
    const clocks: ClockSources = { ...this.#context.network.clockSources, transmit: first.stamped ? 'kernel' : 'user' };
    this.#timeline.begun = { atUs: first.atUs, clocks };
  }

  /** Where not one probe of a round has left there is nothing to report but the error. */
  #unsent(target: Target, sequence: number, error: NetError, atUs: number): void {
    if (this.#timeline.begun === undefined && target === this.#targets.at(-1)) throw error;
    this.#count(target, (tally) => tally.unsent++);
    this.#pace.dueAtUs = Math.max(this.#pace.dueAtUs + this.#intervalUs, atUs + UNSENT_PAUSE_US);
    this.#tell({ type: 'unsent', ...target.nameOf(sequence), atUs: this.#relative(atUs), code: error.code, message: error.message });
  }

  #take(finding: Finding): void {
    if (finding.type === 'ignored') {
      this.#ignored[finding.what] = (this.#ignored[finding.what] ?? 0) + 1;
      const code: NoteEvent['code'] = finding.what === 'icmp' ? 'icmp-ignored' : 'ignored';
      this.#tell({ type: 'note', atUs: this.#relative(finding.atUs), code, text: finding.text, datagram: finding.datagram });
      return;
    }
    const { probe, atUs } = finding;
    const { target } = probe;
    if (finding.type === 'unsent') {
      this.#waiting.delete(probe);
      this.#count(target, (tally) => tally.sent--);
      this.#unsent(target, probe.sequence, finding.error, atUs);
      return;
    }
    if (finding.type === 'no-answer') this.#lose(probe, finding);
    else this.#answer(finding);
  }

  #answer(finding: Extract<Finding, { type: 'answer' }>): void {
    const { probe, atUs, outcome, round, flags, ttl, window, connection } = finding;
    const { target, sequence, source } = probe;
    // It has come too late, though nobody has looked at the time since.
    if (probe.state === 'waiting' && this.#isLate(probe, atUs)) this.#lose(probe, this.#silence(probe));
    const note = this.#noteOf(finding);
    this.#count(target, (tally) => {
      if (note === 'duplicate') tally.duplicates++;
      else if (note === 'retransmission') tally.retransmissions++;
      else {
        tally.counts(outcome);
        if (note === 'late') tally.late++;
        else tally.received++;
        if (note === 'out-of-order') tally.outOfOrder++;
        if (note !== 'late' && round !== undefined) tally.rounds.add(round);
        if (connection?.closed === false) tally.notClosed++;
      }
    });
    if (probe.state === 'waiting') {
      this.#waiting.delete(probe);
      target.course.add(sequence, round?.us ?? 'untimed');
      target.highestAnswered = Math.max(target.highestAnswered, sequence);
    }
    if (probe.state !== 'answered') {
      probe.state = 'answered';
      probe.answeredAtUs = atUs;
    }
    this.#tell({
      type: 'reply',
      ...target.nameOf(sequence),
      ...outcome,
      atUs: this.#relative(atUs),
      rttUs: round?.us,
      rttClock: round?.clock,
      flags,
      ttl,
      window,
      sourcePort: source.sourcePort,
      note,
      connection,
    });
  }

  #noteOf({ probe, atUs, flags }: Extract<Finding, { type: 'answer' }>): ReplyEvent['note'] {
    const { state, answeredAtUs = atUs, target, sequence } = probe;
    if (state === 'lost') return 'late';
    if (state === 'waiting') return sequence < target.highestAnswered ? 'out-of-order' : undefined;
    return flags.includes('SYN') && atUs - answeredAtUs >= SHORTEST_RETRANSMISSION_US ? 'retransmission' : 'duplicate';
  }

  #isLate({ departure }: Probe, atUs: number): boolean {
    return !this.#prober.keepsTime && atUs - departure.atUs > this.#timeoutUs;
  }

  /** Those whose time was over at a time, oldest first. */
  #expire(nowUs: number): void {
    if (this.#prober.keepsTime) return;
    for (let probe = this.#waiting.oldest; probe !== undefined; probe = this.#waiting.oldest) {
      if (nowUs - probe.departure.handedOverAtUs < this.#timeoutUs) return;
      this.#lose(probe, this.#silence(probe));
    }
  }

  #silence(probe: Probe): Extract<Finding, { type: 'no-answer' }> {
    const outcome: Outcome = { verdict: probe.silence, reason: 'no-response' };
    return { type: 'no-answer', probe, atUs: probe.departure.handedOverAtUs + this.#timeoutUs, outcome };
  }

  #lose(probe: Probe, { atUs, outcome, from, rttUs }: Extract<Finding, { type: 'no-answer' }>): void {
    const { target, sequence, source } = probe;
    this.#waiting.delete(probe);
    probe.state = 'lost';
    this.#count(target, (tally) => {
      tally.lost++;
      tally.counts(outcome);
    });
    target.course.add(sequence, undefined);
    const { sourcePort } = source;
    this.#tell({ type: 'lost', ...target.nameOf(sequence), ...outcome, atUs: this.#relative(atUs), sourcePort, from, rttUs });
  }

  #count(target: Target, change: (tally: Tally) => void): void {
    change(target.tally);
    change(this.#total);
  }

  #relative(atUs: number): number {
    return atUs - (this.#timeline.begun?.atUs ?? atUs);
  }

  /** Promises alone would keep the event loop from signals, timers and what is to be written. */
  async #breathe(): Promise<void> {
    await new Promise(setImmediate);
    this.#breathedAtUs = this.#clock.nowUs();
  }

  #tellFigures(): void {
    this.#figuresWanted = false;
    this.#tell({ type: 'figures', atUs: this.#relative(this.#clock.nowUs()), targets: this.#targets.map(({ figures }) => figures) });
  }

  #result(error: NetError | undefined): PingResult {
    const targets = this.#targets.map(({ figures }) => figures);
    const isDone = this.#waiting.size === 0 && this.#allSent;
    return {
      type: 'result',
      ...this.#total.figures,
      targets,
      durationUs: this.#relative(this.#clock.nowUs()),
      ignored: this.#ignored,
      passedLimits: passedLimits(this.#request, targets),
      ended: this.#isInterrupted ? 'interrupted' : isDone ? undefined : 'deadline',
      kernelDrops: this.#prober.dropped,
      error,
    };
  }

  /** Of a whole connection the first segment has left, and what is told of it must not come before the start. */
  #begins(probe: Probe): void {
    this.#tellStart(probe.target, probe);
  }

  /** Once for each target. */
  #tellStart(target: Target, { source }: Probe): void {
    if (target.isTold) return;
    target.isTold = true;
    this.#tell(startEvent('ping', target, source, this.#timeline.begun as NonNullable<Timeline['begun']>, this.#clock));
  }
}
