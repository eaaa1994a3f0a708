/** Runs a probe and shows it: events to reporter and file, signals to the probe, the outcome to an exit code. */
import { CliError } from '../options/errors.ts';
import { reasonOf } from '../options/file-errors.ts';
import { exitCodeBy } from '../probe/connect/result.ts';
import type { ConversationEvent, ProbeEvent, ProbeResult } from '../probe/events.ts';
import { resultLine, toJson } from '../report/json.ts';
import { BROKEN_PIPE, exitCodeOf, NOT_AS_EXPECTED, OUTPUT_FAILED, reportError, signalExitCode } from './exit-code.ts';
import type { Expecting } from './expect.ts';
import type { Io } from './io.ts';
import type { FileSink } from './save.ts';
import { writeError } from './say.ts';
import { createWaiting } from './waiting.ts';

/** How a probe's events and its result are shown. */
export interface Presentation<E extends ProbeEvent, R extends ProbeResult> {
  json: boolean;
  /** Of people's output, where it is not JSON. */
  reporter: { event(event: NoInfer<E | R>): void };
  /** What the probe waits for after an event, for a person to see in a long silence; undefined: nothing worth a word. */
  waitsFor(event: E): string | undefined;
  exitCode(result: R): number;
  /** What is expected of the run: then that makes the exit code, and the verdict does not. */
  expecting?: Expecting | undefined;
  /** Of a run that is as expected: by the limits that were set besides; default: 0. */
  exitCodeOfExpected?(result: R): number;
  /** Ctrl-C is the normal end: it does not change the exit code. */
  endsByInterrupt?: boolean | undefined;
  /** Events that are told for their sake alone are not shown. */
  onlyForListeners?(event: E): boolean;
  /** What takes each event and the result too. */
  listeners?: readonly (Listener<NoInfer<E | R>> | undefined)[] | undefined;
}

export interface Listener<Event> {
  event(event: Event): void;
  /** Called once, after the result if there is one: what is not yet written must be. */
  end(): void | Promise<void>;
  /** What it writes to, if it does. */
  readonly sink?: FileSink;
  /** What it could not write, beside its sink. */
  readonly failure?: CliError | undefined;
}

/**
 * @param start begins the probe; the signal ends it early, with its result
 * @returns the exit code
 */
export async function present<E extends ProbeEvent, R extends ProbeResult>(
  start: (signal: AbortSignal) => AsyncIterable<E | R>,
  presentation: Presentation<E, R>,
  io: Io,
): Promise<number> {
  const { json, reporter, expecting } = presentation;
  const listeners = (presentation.listeners ?? []).filter((listener) => listener !== undefined);
  const files = listeners.flatMap(({ sink }) => sink ?? []);
  const controller = new AbortController();
  let endedBy: number | undefined;
  const removeSignals = io.onSignal((name, number) => {
    if (controller.signal.aborted) io.exitNow(endedBy ?? signalExitCode(number));
    if (name !== 'SIGINT' || !presentation.endsByInterrupt) endedBy = signalExitCode(number);
    controller.abort();
  });
  whenOutputFails(io, (exitCode) => {
    endedBy ??= exitCode;
    controller.abort();
  });
  for (const file of files) {
    file.onReaderGone = () => {
      endedBy ??= BROKEN_PIPE;
      controller.abort();
    };
  }
  const waiting = createWaiting(io);
  let result: R | undefined;
  try {
    for await (const each of start(controller.signal)) {
      if (!isLast(each)) waiting.begins(presentation.waitsFor(each as E));
      for (const listener of listeners) listener.event(each);
      expecting?.event(each);
      for (const file of files) if (file.isBehind) await file.catchUp();
      if (isLast(each)) {
        result = each as R;
        continue;
      }
      const event = each as E;
      if (presentation.onlyForListeners?.(event)) continue;
      if (json) writeJson(event, io);
      else reporter.event(event);
      if (io.stdout.isBehind && !controller.signal.aborted) await io.stdout.catchUp(controller.signal);
    }
  } finally {
    waiting.stop();
    removeSignals();
    for (const listener of listeners) await listener.end();
  }
  if (result === undefined) throw new Error('the probe ended without a result');
  const failure = result.error ?? listeners.map(({ failure, sink }) => failure ?? sink?.failure).find((each) => each !== undefined);
  const reports = expecting?.reports();
  const asked =
    reports === undefined
      ? presentation.exitCode(result)
      : reports.every(({ ok }) => ok)
        ? (presentation.exitCodeOfExpected?.(result) ?? 0)
        : NOT_AS_EXPECTED;
  const exitCode = endedBy ?? (failure === undefined ? asked : exitCodeOf(failure));
  if (json) io.stdout.write(resultLine(result, exitCode, failure && reportError(failure), reports));
  else reporter.event(result);
  if (!json && expecting !== undefined && reports !== undefined) io[expecting.output].write(expecting.textOf(reports));
  if (failure !== undefined) writeError(failure, io);
  if (files.some((file) => file.isStuck)) io.exitNow(exitCode);
  return exitCode;
}

/** A conversation's result is one step of the run. */
export const isLast = <E extends { type: string }>(event: E): event is Exclude<Extract<E, { type: 'result' }>, { conversation: number }> =>
  event.type === 'result' && !('conversation' in event);

/** @param stop called once when stdout takes no more, with what to end with */
export function whenOutputFails(io: Io, stop: (exitCode: number) => void): void {
  io.onOutputFailure(({ isBrokenPipe, error }) => {
    if (!isBrokenPipe) writeError(new CliError('output', `can't write stdout: ${reasonOf(error)}`), io);
    stop(isBrokenPipe ? BROKEN_PIPE : OUTPUT_FAILED);
  });
}

/** As `--json` prints it. A conversation's last line bears the exit code that such a connect would have. */
export function writeJson(event: ProbeEvent | ConversationEvent, io: Io): void {
  const line = event.type === 'result' ? resultLine(event, exitCodeBy(event)) : toJson(event);
  if (line !== undefined) io.stdout.write(line);
}
