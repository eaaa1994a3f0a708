/** Sends the probes of a trace, round by round, and keeps what they find out. */
import { NetError } from '../../net/errors.ts';
import type { Clock } from '../../net/network.ts';
import { formatIpv4 } from '../../wire/address.ts';
import type { NoteEvent, TraceEvent } from '../events.ts';
import { hasLeft } from '../leaving.ts';
import { startEvent } from '../start-event.ts';
import type { Teller, Timeline } from '../teller.ts';
import type { Names } from './names.ts';
import { Path } from './path.ts';
import type { Finding, Probe, Prober } from './prober.ts';
import type { TraceContext, TraceRequest } from './request.ts';
import { Schedule } from './schedule.ts';
import { Story } from './story.ts';

/** How long we go on without a look at signals and timers. */
const BREATH_US = 10_000;
/** Probes in a row before we look what has come: so many may go further than there is any use. */
const BURST = 4;
/** Who reads our events takes time that the probes need: they are handed over so often. */
const TELL_EVERY_US = 20_000;

export class TraceRun {
  readonly path: Path;
  readonly names: Names;
  readonly #request: TraceRequest;
  readonly #context: TraceContext;
  readonly #clock: Clock;
  readonly #timeline: Timeline;
  readonly #teller: Teller;
  readonly #prober: Prober;
  readonly #story: Story;
  readonly #schedule: Schedule;
  readonly ignored: Partial<Record<Extract<Finding, { type: 'ignored' }>['what'], number>> = {};
  sent = 0;
  received = 0;
  /** Rounds that are over. */
  rounds = 0;
  /** When the last of what there was to learn was learnt. */
  settledAtUs = 0;
  error: NetError | undefined;
  /** The first probe has left, where this run sends it. */
  readonly begun: Promise<void>;
  #hasBegun: () => void = () => {};
  readonly #events: TraceEvent[] = [];
  #toldAtUs = 0;
  /** There is something to hand over. */
  #hasNews = false;
  /** This run's probe was the first of all, and that was not told yet. */
  #owesStart = false;
  #breathedAtUs = 0;

  constructor(request: TraceRequest, context: TraceContext, timeline: Timeline, teller: Teller, prober: Prober, names: Names) {
    this.#request = request;
    this.#context = context;
    this.#clock = context.network.clock;
    this.#timeline = timeline;
    this.#teller = teller;
    this.#prober = prober;
    this.path = new Path(request, context.random);
    this.#schedule = new Schedule(request, this.path);
    this.names = names;
    this.begun = new Promise((resolve) => {
      this.#hasBegun = resolve;
    });
    this.#story = new Story(request, this.path, this.names, prober.source);
  }

  /** All that happens until the last probe is answered or given up, and the last hop is told. */
  async *events(): AsyncGenerator<TraceEvent, void> {
    this.#toldAtUs = this.#breathedAtUs = this.#clock.nowUs();
    this.#schedule.begin(this.#toldAtUs);
    try {
      while (!this.#isOver) {
        await this.#step();
        if (this.#clock.nowUs() >= this.#tellAtUs) yield* this.#takeEvents();
      }
    } catch (error) {
      // Before the first probe there is nothing to report but the error.
      if (!(error instanceof NetError) || this.#timeline.begun === undefined) throw error;
      this.error = error;
    }
    this.settledAtUs = this.#clock.nowUs();
    if (this.#request.watchMs === undefined) {
      const { known } = this.path;
      this.rounds = known.length === 0 ? 0 : Math.min(...known.map(({ settledRounds }) => settledRounds));
      if (!this.isInterrupted) await this.names.settled(this.#clock);
      this.#events.push(...this.#story.rest(this.#teller.relative(this.settledAtUs)));
    }
    yield* this.#takeEvents();
  }

  wake(): void {
    this.#prober.wake();
  }

  get isInterrupted(): boolean {
    return this.#context.signal?.aborted === true;
  }

  /** All was done that was asked for. */
  get isDone(): boolean {
    return this.#request.watchMs === undefined && this.error === undefined && this.#schedule.isRoundOver;
  }

  get #isOver(): boolean {
    return this.isInterrupted || this.#clock.nowUs() >= this.#deadlineUs || this.isDone;
  }

  get #deadlineUs(): number {
    return (this.#timeline.begun?.atUs ?? this.#clock.nowUs()) + this.#request.deadlineMs * 1000;
  }

  /** When what there is to tell is handed over. */
  get #tellAtUs(): number {
    return this.#hasNews || this.#teller.told.length > 0 ? this.#toldAtUs + TELL_EVERY_US : Number.POSITIVE_INFINITY;
  }

  *#takeEvents(): Generator<TraceEvent, void> {
    if (this.#owesStart && this.#timeline.begun !== undefined) {
      this.#owesStart = false;
      yield startEvent('trace', this.#request, this.#prober.source, this.#timeline.begun, this.#clock);
    }
    yield* this.#events.splice(0);
    yield* this.#teller.told.splice(0);
    if (this.#request.watchMs === undefined)
      yield* this.#story.settled(this.#teller.relative(this.#clock.nowUs()), (hop) => this.#schedule.isSettled(hop));
    this.#toldAtUs = this.#clock.nowUs();
    this.#hasNews = false;
  }

  /** Sends some of what is due and looks what has come; else waits. */
  async #step(): Promise<void> {
    const nowUs = this.#clock.nowUs();
    const hasSent = await this.#sendDue();
    const untilUs = hasSent ? 0 : Math.min(this.#deadlineUs, this.#tellAtUs, this.#schedule.nextUs(nowUs));
    const isWait = untilUs > nowUs && this.#prober.queued === 0;
    let finding = await this.#prober.next(untilUs);
    if (finding === undefined) {
      if (!hasSent) this.#expire(nowUs);
      this.#teller.flush();
    }
    for (; finding !== undefined; finding = this.#prober.queued > 0 ? await this.#prober.next(0) : undefined) this.#take(finding);
    if (isWait) this.#breathedAtUs = this.#clock.nowUs();
    else if (nowUs - this.#breathedAtUs >= BREATH_US) await this.#breathe();
    if (this.#request.watchMs !== undefined) this.#watch(this.#clock.nowUs());
  }

  /** Promises alone would keep the event loop from signals and timers. */
  async #breathe(): Promise<void> {
    await new Promise(setImmediate);
    this.#breathedAtUs = this.#clock.nowUs();
  }

  /** With `watchMs`: tells of a round that is over, or whose time is, and begins the next when it is due. */
  #watch(nowUs: number): void {
    const { round } = this.#schedule;
    const isDue = nowUs >= this.#schedule.nextRoundAtUs;
    if (this.rounds < round && (isDue || this.#schedule.isRoundOver)) {
      this.rounds = round;
      const atUs = this.#teller.relative(nowUs);
      this.#events.push(...this.#story.all(atUs, round), { type: 'round', atUs, round });
      this.#hasNews = true;
      this.#toldAtUs = 0;
    }
    if (this.rounds === round && isDue) this.#schedule.beginNextRound(nowUs);
  }

  /** @returns whether there was anything to send */
  async #sendDue(): Promise<boolean> {
    let sent = 0;
    for (; sent < BURST; sent++) {
      const ttl = this.#schedule.dueTtl(this.#clock.nowUs());
      if (ttl === undefined) break;
      await this.#send(ttl);
    }
    return sent > 0;
  }

  async #send(ttl: number): Promise<void> {
    let probe: Probe;
    try {
      probe = this.#prober.send(ttl);
    } catch (error) {
      if (!(error instanceof NetError) || this.#timeline.begun === undefined || this.#request.watchMs === undefined) throw error;
      this.#schedule.loseRound();
      this.#note('unsent', `The rest of the round could not be sent: ${error.message}.`, this.#clock.nowUs());
      return;
    }
    const hop = this.path.hop(ttl);
    hop.leaves(probe, this.#schedule.roundOf(hop));
    this.sent++;
    this.#schedule.left(probe);
    if (this.#timeline.begun === undefined) await this.#begin(probe);
  }

  /** All times begin when the first probe has left. */
  async #begin({ departure }: Probe): Promise<void> {
    await hasLeft(departure, this.#clock, () => this.#prober.queued > 0);
    const clocks = { ...this.#context.network.clockSources, transmit: departure.stamped ? 'kernel' : 'user' } as const;
    this.#timeline.begun = { atUs: departure.atUs, clocks };
    this.#schedule.begin(departure.atUs);
    this.#hasNews = true;
    this.#owesStart = true;
    this.#hasBegun();
  }

  #take(finding: Finding): void {
    this.#hasNews = true;
    if (finding.type === 'ignored') return this.#ignore(finding.what, finding.text, finding);
    const isFirst = finding.type === 'icmp' ? this.path.hearsIcmp(finding) : this.path.hearsAnswer(finding);
    if (!isFirst) {
      // An answer that names no probe tells nothing that is not known, and nothing is wrong with it.
      if (finding.probe !== undefined) this.#ignore('duplicate', 'Ignored a second answer to a probe.', finding);
      return;
    }
    this.received++;
    this.names.ask(formatIpv4(finding.ip.source));
  }

  #ignore(what: Extract<Finding, { type: 'ignored' }>['what'], text: string, { atUs, datagram }: Finding): void {
    this.ignored[what] = (this.ignored[what] ?? 0) + 1;
    this.#note(what === 'icmp' ? 'icmp-ignored' : 'ignored', text, atUs, datagram);
  }

  #note(code: NoteEvent['code'], text: string, atUs: number, datagram?: Uint8Array): void {
    this.#hasNews = true;
    this.#events.push({ type: 'note', atUs: this.#teller.relative(atUs), code, text, datagram });
  }

  /** Gives up those whose time is over. */
  #expire(nowUs: number): void {
    for (const { hop, one } of this.#schedule.expired(nowUs)) {
      this.#hasNews = true;
      hop.lose(one);
      if (hop.ttl === this.path.distance) this.#prober.giveUp(one.probe);
    }
  }
}
