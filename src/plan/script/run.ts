/** Runs a packet script against a peer. */
import { NetError } from '../../net/errors.ts';
import type { Moment } from '../../net/moment.ts';
import type { Clock } from '../../net/network.ts';
import type { ProbeContext } from '../../probe/context.ts';
import type { ScriptEvent, ScriptFailure, ScriptResult } from '../../probe/events.ts';
import { EncodeError } from '../../wire/errors.ts';
import { type Comparison, compare } from './compare.ts';
import type { ExpectLine, ExpectStep, Place, Script, SendStep, Step } from './model.ts';
import { outgoing } from './outgoing.ts';
import { SCRIPT_DEFAULTS, type ScriptOptions, type ScriptTarget } from './request.ts';
import { type Came, ScriptPort } from './script-port.ts';
import { cameText, delayText, segmentOf, windowText } from './text.ts';
import { UnknownName, Values } from './values.ts';

/** Kept for the lines that follow, while we wait to send. */
const MOST_WAITING = 16_384;
/** Sends in a row after which signals and timers are looked at. */
const BREATHE_EVERY = 64;

/**
 * Sends what the script sends and compares what comes with what it says must come, up to the first line that is not met.
 * The last event is the result. What the peer then still holds open is reset, also where the loop is left early, unless
 * the script says `leave`.
 * @throws NetError where this machine can't begin; later errors stand in the result
 */
export async function* runScript(
  script: Script,
  target: ScriptTarget,
  context: ProbeContext,
  options: ScriptOptions = SCRIPT_DEFAULTS,
): AsyncGenerator<ScriptEvent, void> {
  const run = new ScriptRun(script, target, context, options);
  const wake = () => run.port.wake();
  context.signal?.addEventListener('abort', wake);
  try {
    yield* run.events();
  } finally {
    context.signal?.removeEventListener('abort', wake);
    run.close();
  }
}

class ScriptRun {
  readonly port: ScriptPort;
  readonly #script: Script;
  readonly #signal: AbortSignal | undefined;
  readonly #clock: Clock;
  readonly #values = new Values();
  readonly #deadlineUs: number;
  readonly #beganAtUs: number;
  /** When the line before was done. */
  #last: Moment;
  /** Came, and no line has spoken of it yet. */
  readonly #waiting: Came[] = [];
  /** Lines that may be met until the next that must be. */
  #optional: ExpectLine[] = [];
  /** What does not fit the next line is passed over. */
  #skips = false;
  #sinceBreath = 0;
  readonly #failures: ScriptFailure[] = [];

  constructor(script: Script, target: ScriptTarget, context: ProbeContext, { deadlineMs }: ScriptOptions) {
    this.port = new ScriptPort(target, context, script.iss);
    this.#script = script;
    this.#signal = context.signal;
    this.#clock = context.network.clock;
    this.#values.set('iss', this.port.exchange.iss);
    this.#beganAtUs = this.#clock.nowUs();
    this.#deadlineUs = this.#beganAtUs + deadlineMs * 1000;
    this.#last = { atUs: this.#beganAtUs, stamped: false, wallSteps: 0 };
  }

  async *events(): AsyncGenerator<ScriptEvent, void> {
    let error: NetError | undefined;
    let ended: ScriptResult['ended'];
    try {
      for (const step of this.#script.steps) {
        yield* this.#perform(step);
        if (this.#failures.length > 0) break;
        ended = this.#over;
        if (ended !== undefined) break;
      }
      if (this.#script.leaves) yield* this.#leave();
      else yield* this.port.reset();
    } catch (caught) {
      // Before the first segment there is nothing to report but the error.
      if (!(caught instanceof NetError) || this.port.startedAtUs === undefined) throw caught;
      error = caught;
    }
    const { sent, received, startedAtUs, kernelDrops } = this.port;
    const failures = this.#failures;
    yield {
      type: 'result',
      ok: failures.length === 0 && ended === undefined && error === undefined,
      failures,
      captured: this.#values.all,
      sent,
      received,
      durationUs: Math.max(0, this.#last.atUs - (startedAtUs ?? this.#beganAtUs)),
      ended,
      kernelDrops,
      error,
    };
  }

  /** Gives the port back. What the peer still holds is reset as far as this host lets us. */
  close(): void {
    try {
      if (!this.#script.leaves) for (const _event of this.port.reset());
    } catch (error) {
      // This host could not send before either; the error that brought us here says more.
      if (!(error instanceof NetError)) throw error;
    } finally {
      this.port.close();
    }
  }

  get #over(): ScriptResult['ended'] {
    if (this.#signal?.aborted) return 'interrupted';
    return this.#clock.nowUs() >= this.#deadlineUs ? 'deadline' : undefined;
  }

  *#leave(): Generator<ScriptEvent, void> {
    if (!this.port.exchange.isOpen) return;
    const text = "The connection is left open; from now on the kernel answers the peer's segments with RST.";
    yield this.port.note('guard-released', text, this.#clock.nowUs());
  }

  async *#perform(step: Step): AsyncGenerator<ScriptEvent, void> {
    try {
      if (step.type === 'send') return yield* this.#send(step);
      if (this.port.startedAtUs === undefined) yield this.port.begin(this.#last);
      switch (step.type) {
        case 'expect':
          if (step.optional) this.#optional.push(...step.lines);
          else yield* this.#expect(step);
          return;
        case 'nothing':
          return yield* this.#nothing(step, step.forUs);
        case 'anything':
          if (step.forUs === undefined) this.#skips = true;
          else yield* this.#anything(step.forUs);
      }
    } catch (error) {
      if (error instanceof UnknownName) this.#fail(step, `$${error.unknown}`, 'a value', 'none: nothing has come that gives it one');
      else if (error instanceof EncodeError) this.#fail(step, error.field, 'what can be sent', error.reason);
      else throw error;
    }
  }

  #fail({ line, text }: Place, field: string, expected: string, actual: string): void {
    this.#failures.push({ line, text, field, expected, actual });
  }

  async *#send({ afterUs, segment }: SendStep): AsyncGenerator<ScriptEvent, void> {
    if (afterUs > 0) yield* this.#readUntil(this.#last.atUs + afterUs);
    else if (++this.#sinceBreath >= BREATHE_EVERY) {
      this.#sinceBreath = 0;
      await new Promise(setImmediate);
    }
    if (this.#over !== undefined) return;
    const { exchange, timestamp } = this.port;
    this.#last = yield* this.port.send(outgoing(segment, { exchange, timestamp, values: this.#values }));
  }

  /** Tells of what comes until a time, and keeps it for the lines that follow. */
  async *#readUntil(untilUs: number): AsyncGenerator<ScriptEvent, void> {
    while (this.#over === undefined) {
      const came = yield* this.#hear(untilUs);
      if (came === undefined) return;
      if (this.#waiting.length < MOST_WAITING) this.#waiting.push(came);
      if (came.at.atUs > untilUs) return;
    }
  }

  /** The next that counts. @returns undefined at the time, or when all of it is over */
  async *#next(untilUs: number): AsyncGenerator<ScriptEvent, Came | undefined> {
    const came = this.#waiting.shift() ?? (yield* this.#hear(untilUs));
    // Where more and more comes, a wait of the port ends only with that.
    if (came === undefined || came.at.atUs <= Math.min(untilUs, this.#deadlineUs)) return came;
    this.#waiting.unshift(came);
    return undefined;
  }

  async *#hear(untilUs: number): AsyncGenerator<ScriptEvent, Came | undefined> {
    const endUs = Math.min(untilUs, this.#deadlineUs);
    for (;;) {
      const arrival = await this.port.next(endUs);
      if (arrival === undefined) {
        if (this.#over !== undefined || this.#clock.nowUs() >= untilUs) return undefined;
        continue;
      }
      const came = yield* this.port.take(arrival);
      if (this.port.exchange.irs !== undefined) this.#values.set('irs', this.port.exchange.irs);
      if (came !== undefined && (this.#script.watchesRetransmissions || !came.isRetransmission)) return came;
      // They may come without end.
      if (arrival.atUs > endUs || this.#signal?.aborted) return undefined;
    }
  }

  async *#expect(step: ExpectStep): AsyncGenerator<ScriptEvent, void> {
    const open = [...step.lines];
    let from = this.#last;
    let passedOver = 0;
    while (open.length > 0) {
      const endUs = (line: ExpectLine) => from.atUs + (line.when.highUs ?? this.#script.timeoutUs);
      const next = open.reduce((a, b) => (endUs(b) < endUs(a) ? b : a));
      const came = yield* this.#next(endUs(next));
      if (came === undefined) {
        const waited = delayText(Math.min(endUs(next), this.#deadlineUs) - from.atUs);
        const seen = passedOver === 0 ? 'nothing' : `${passedOver} that did not fit, and nothing more`;
        if (this.#over !== 'interrupted') this.#fail(next, 'segment', segmentOf(next.text), `${seen} within ${waited}`);
        return;
      }
      if (this.#meetsOptional(came)) {
        from = came.at;
        continue;
      }
      const comparisons = open.map((line) => this.#compare(line, came, from));
      const fits = comparisons.findIndex(({ differences }) => differences.length === 0);
      if (fits >= 0) {
        open.splice(fits, 1);
        this.#captures(comparisons[fits] as Comparison, came);
      } else if (this.#skips || came.isDuplicate) passedOver++;
      else return this.#mismatch(open, comparisons);
    }
    this.#skips = false;
    this.#optional = [];
  }

  /** The line that what came is nearest to fails. */
  #mismatch(open: readonly ExpectLine[], comparisons: readonly Comparison[]): void {
    const least = Math.min(...comparisons.map(({ differences }) => differences.length));
    const at = comparisons.findIndex(({ differences }) => differences.length === least);
    for (const { field, expected, actual } of (comparisons[at] as Comparison).differences)
      this.#fail(open[at] as ExpectLine, field, expected, actual);
  }

  #captures({ captured }: Comparison, { at }: Came): void {
    for (const [name, value] of captured) this.#values.set(name, value);
    this.#last = at;
  }

  #meetsOptional(came: Came): boolean {
    for (const [i, line] of this.#optional.entries()) {
      const comparison = this.#compare(line, came, this.#last);
      if (comparison.differences.length > 0) continue;
      this.#optional.splice(i, 1);
      this.#captures(comparison, came);
      return true;
    }
    return false;
  }

  #compare({ awaited, when }: ExpectLine, came: Came, from: Moment): Comparison {
    const comparison = compare(awaited, came.heard, this.port.exchange, this.#values);
    const afterUs = came.at.atUs - from.atUs;
    const { lowUs, highUs = this.#script.timeoutUs } = when;
    if ((lowUs > 0 && afterUs < lowUs) || afterUs > highUs)
      comparison.differences.push({ field: 'time', expected: windowText(when), actual: delayText(afterUs) });
    return comparison;
  }

  async *#nothing(place: Place, forUs: number): AsyncGenerator<ScriptEvent, void> {
    const untilUs = this.#last.atUs + forUs;
    for (;;) {
      const came = yield* this.#next(untilUs);
      if (came === undefined) break;
      if (came.isDuplicate || this.#meetsOptional(came)) continue;
      const after = delayText(came.at.atUs - (untilUs - forUs));
      this.#fail(place, 'segment', `none for ${delayText(forUs)}`, `${cameText(came.heard, this.port.exchange)} after ${after}`);
      return;
    }
    this.#last = { ...this.#last, atUs: untilUs };
  }

  async *#anything(forUs: number): AsyncGenerator<ScriptEvent, void> {
    const untilUs = this.#last.atUs + forUs;
    while ((yield* this.#next(untilUs)) !== undefined);
    this.#last = { ...this.#last, atUs: untilUs };
  }
}
