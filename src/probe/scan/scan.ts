/**
 * Many ports of many hosts, each probed until it answers or its silence can be believed. Answers prove themselves (cookie.ts),
 * the order is a shuffled one (permutation.ts), the rate follows what comes back (rate.ts), and the number of attempts what
 * gets lost (loss.ts).
 */
import { NetError } from '../../net/errors.ts';
import type { Clock } from '../../net/network.ts';
import { formatIpv4 } from '../../wire/address.ts';
import { decodeIpv4Header } from '../../wire/ipv4.ts';
import type { ProbeContext } from '../context.ts';
import { SCHEMA_VERSION, type ScanEvent, type ScanResult, type ScanState } from '../events.ts';
import { isoTime } from '../segment-event.ts';
import { VERSION } from '../version.ts';
import { Hearing } from './hearing.ts';
import { type Interval, IntervalSet } from './intervals.ts';
import { countVerdicts } from './outcomes.ts';
import { RESTING, SETTLED } from './outstanding.ts';
import type { ScanRequest } from './request.ts';
import { Sending } from './sending.ts';
import { Survey } from './survey.ts';

/** So long it may go on without a look at what else there is to do. */
const BREATH_US = 10_000;
/** A wait must take the clock on. */
const SHORTEST_WAIT_US = 1;

/**
 * Scans. The last event is the result.
 * @throws NetError where this machine can't send at all; later errors are told
 * @throws EncodeError where the probe can't be put into bytes
 */
export async function* scan(request: ScanRequest, context: ProbeContext): AsyncGenerator<ScanEvent, void> {
  const run = new ScanRun(request, context);
  const wake = (): void => run.wake();
  context.signal?.addEventListener('abort', wake);
  try {
    for (let goesOn = true; goesOn; ) {
      goesOn = await run.goOn();
      for (const event of run.takeEvents()) yield event;
    }
  } finally {
    context.signal?.removeEventListener('abort', wake);
    await run.close();
  }
}

class ScanRun {
  readonly #context: ProbeContext;
  readonly #clock: Clock;
  readonly #survey: Survey;
  readonly #sending: Sending;
  readonly #hearing: Hearing;
  readonly #deadlineUs: number;
  #breathedAtUs: number;
  #checkpointAtUs: number;
  /** When progress is told next, and what it was the last time. */
  #progress: { dueAtUs: number; atUs: number; probes: number };

  constructor(request: ScanRequest, context: ProbeContext) {
    this.#context = context;
    this.#clock = context.network.clock;
    this.#survey = new Survey(request, context);
    this.#sending = new Sending(this.#survey, (datagram) => this.#begin(datagram));
    this.#hearing = new Hearing(this.#survey);
    const { nowUs } = this.#survey;
    this.#deadlineUs = nowUs + request.maxTimeMs * 1000;
    this.#breathedAtUs = nowUs;
    this.#progress = { dueAtUs: nowUs + request.progressMs * 1000, atUs: nowUs, probes: 0 };
    this.#checkpointAtUs = nowUs + request.checkpointMs * 1000;
  }

  wake(): void {
    this.#survey.prober.fan.wake();
  }

  close(): Promise<void> {
    return this.#survey.prober.close();
  }

  /** What is to be told, in order. */
  takeEvents(): ScanEvent[] {
    return this.#survey.findings.events.splice(0);
  }

  /** One step. @returns false when all is told */
  async goOn(): Promise<boolean> {
    let error: NetError | undefined;
    try {
      if (!this.#isOver) {
        await this.#step();
        return true;
      }
      this.#survey.findings.throwIfNothingSent();
    } catch (caught) {
      // Before the first probe there is nothing to report but the error.
      if (!(caught instanceof NetError) || this.#survey.begunAtUs === undefined) throw caught;
      error = caught;
    }
    this.#sending.end();
    this.#survey.findings.end(this.#survey.relative(this.#survey.nowUs));
    this.#survey.findings.events.push(this.#result(error));
    return false;
  }

  /** Sends what may be sent, hears what has come, waits where there is nothing else to do. */
  async #step(): Promise<void> {
    const survey = this.#survey;
    const { probes } = this.#sending;
    const { heard } = this.#hearing;
    survey.readClock();
    this.#sending.send();
    survey.readClock();
    this.#hearing.take();
    survey.judgeRate();
    this.#tellProgress();
    this.#tellCheckpoint();
    const wasIdle = this.#sending.probes === probes && this.#hearing.heard === heard;
    if (survey.prober.room === 0) {
      await survey.prober.whenLeft();
      this.#breathedAtUs = this.#clock.nowUs();
    } else if (wasIdle && !this.#isOver) {
      const dueUs = Math.min(this.#sending.dueUs, this.#deadlineUs, this.#progress.dueAtUs, this.#checkpointAtUs);
      await survey.prober.fan.wait(Math.max(dueUs, survey.nowUs + SHORTEST_WAIT_US));
      this.#breathedAtUs = this.#clock.nowUs();
    } else if (survey.nowUs - this.#breathedAtUs >= BREATH_US) {
      // Promises alone would keep the event loop from signals, timers and what is to be written.
      await new Promise(setImmediate);
      this.#breathedAtUs = this.#clock.nowUs();
    }
  }

  get #isInterrupted(): boolean {
    return this.#context.signal?.aborted === true;
  }

  get #isOver(): boolean {
    return this.#sending.isDone || this.#isInterrupted || this.#survey.nowUs >= this.#deadlineUs;
  }

  /** All times begin when the first probe has left. */
  #begin(datagram: Uint8Array): void {
    const { request, places, prober, findings, nowUs } = this.#survey;
    this.#survey.begunAtUs = nowUs;
    const { source, destination } = decodeIpv4Header(datagram);
    const startedAtNs = this.#clock.wallTimeNs(nowUs);
    findings.begin({
      type: 'start',
      schema: SCHEMA_VERSION,
      version: VERSION,
      command: 'scan',
      hosts: request.targets.addresses.count,
      ports: request.ports.count,
      pairs: places.count,
      sourceAddress: formatIpv4(source),
      sourcePort: prober.fan.sourcePort,
      sourcePorts: prober.fan.sourcePorts,
      interfaceName: prober.fan.routeTo(destination).interfaceName || undefined,
      seed: request.seed,
      startedAt: isoTime(startedAtNs),
      startedAtNs,
      clock: { transmit: 'user', receive: 'user' },
      guard: 'none',
    });
  }

  #tellProgress(): void {
    const { nowUs, findings, outstanding, places, loss, request } = this.#survey;
    if (nowUs < this.#progress.dueAtUs) return;
    const { probes } = this.#sending;
    const sinceUs = nowUs - this.#progress.atUs;
    const done = findings.settled + outstanding.count(RESTING);
    const probesPerSecond = ((probes - this.#progress.probes) * 1e6) / sinceUs;
    const probesLeft = places.count * this.#probesPerPair - probes;
    findings.events.push({
      type: 'progress',
      atUs: this.#survey.relative(nowUs),
      done,
      total: places.count,
      open: findings.open,
      probes,
      probesPerSecond,
      estimatedLossPercent: loss.answers === 0 ? undefined : loss.share * 100,
      remainingMs: probesPerSecond === 0 ? undefined : Math.max(0, (probesLeft / probesPerSecond) * 1000),
    });
    this.#progress = { dueAtUs: nowUs + request.progressMs * 1000, atUs: nowUs, probes };
  }

  /** As many as it will take, if what is to come answers as what was probed. */
  get #probesPerPair(): number {
    const { findings, outstanding } = this.#survey;
    const { silent, attempts } = this.#sending;
    const answered = (findings.settled - silent) / Math.max(1, outstanding.next);
    return 1 + (1 - answered) * (attempts - 1);
  }

  #tellCheckpoint(): void {
    const { nowUs, findings, request } = this.#survey;
    if (nowUs < this.#checkpointAtUs) return;
    this.#checkpointAtUs = nowUs + request.checkpointMs * 1000;
    findings.events.push({ type: 'checkpoint', atUs: this.#survey.relative(nowUs), state: this.#state() });
  }

  #result(error: NetError | undefined): ScanResult {
    const { request, places, findings, loss, prober } = this.#survey;
    const { targets, ports } = request;
    const { probes, silent, attemptsOfSilent, isDone } = this.#sending;
    const { proxied, unsent, settled } = findings;
    const outcomes = findings.outcomes.list(request.resume?.outcomes);
    const counts = countVerdicts(outcomes);
    const durationUs = this.#survey.relative(this.#clock.nowUs());
    return {
      type: 'result',
      hosts: targets.addresses.count,
      ports: ports.count,
      pairs: places.count,
      done: settled,
      probes,
      outcomes,
      counts,
      proxied,
      unsent,
      differ: Object.keys(counts).length > 1,
      durationMs: durationUs / 1000,
      probesPerSecond: durationUs === 0 ? 0 : (probes * 1e6) / durationUs,
      estimatedLossPercent: loss.share * 100,
      lossBasis: loss.isMeasured ? 'measured' : 'prior',
      attempts: attemptsOfSilent,
      confidence: attemptsOfSilent === undefined ? undefined : loss.confidenceOf(silent, attemptsOfSilent),
      ignored: this.#hearing.ignored,
      skipped: targets.skipped.map(({ range: { network, name, source }, count }) => ({ network, name, source, count })),
      ended: isDone || error !== undefined ? undefined : this.#isInterrupted ? 'interrupted' : 'max-time',
      kernelDrops: prober.fan.dropped,
      state: this.#state(),
      error,
    };
  }

  #state(): ScanState {
    const { request, places, outstanding, findings } = this.#survey;
    const { first, next } = outstanding;
    const settled: Interval[] = [...(request.resume?.done ?? [])];
    if (first > 0) settled.push({ first: 0, last: places.ofShard(first - 1) });
    for (let place = first; place < next; place++) {
      const of = places.ofShard(place);
      if (outstanding.stateOf(place) === SETTLED) settled.push({ first: of, last: of });
    }
    const { targets, ports, seed, shard } = request;
    return {
      seed,
      hosts: targets.addresses.count,
      ports: ports.count,
      shard,
      done: [...IntervalSet.of(settled)],
      outcomes: findings.outcomes.list(request.resume?.outcomes),
    };
  }
}
