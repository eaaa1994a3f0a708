/** One attempt of a test: its commands and its steps, within its time. */
import { NetError } from '../net/errors.ts';
import { CliError } from '../options/errors.ts';
import { shellWord } from '../options/values.ts';
import type { ScriptResult, StepEvent, StepRecord, TestFailure } from '../probe/events.ts';
import { InputError } from '../probe/input-error.ts';
import { type RunCommand, runSetup, runTeardown } from './commands.ts';
import { evaluateExpectation } from './expect/expectation.ts';
import { Observation } from './expect/observation.ts';
import { failure } from './failure.ts';
import { engineOf, type StepContext, type StepResult } from './kinds.ts';
import type { Step, Test } from './model.ts';
import { Recording } from './recording.ts';

export interface AttemptContext extends Omit<StepContext, 'signal'> {
  /** Ends the run: what is open is reset. */
  signal: AbortSignal;
  runCommand: RunCommand | undefined;
}

export interface Attempt {
  failures: TestFailure[];
  records: StepRecord[];
}

/** After the end of its time a test has so long to close what is open. */
const GRACE_MS = 5000;

/** What makes every other test fail too. */
const FATAL: ReadonlySet<string> = new Set(['no-permission', 'module-missing', 'not-supported']);

/** @throws NetError where this machine can't run any test */
export async function attempt(test: Test, context: AttemptContext): Promise<Attempt> {
  const { clock } = context.network;
  const controller = new AbortController();
  const abort = (): void => controller.abort();
  if (context.signal.aborted) abort();
  context.signal.addEventListener('abort', abort, { once: true });
  let isLate = false;
  let giveUp: () => void = () => undefined;
  const givenUp = new Promise<void>((resolve) => {
    giveUp = resolve;
  });
  let cancel = clock.setTimer(clock.nowUs() + test.timeoutMs * 1000, () => {
    isLate = true;
    abort();
    cancel = clock.setTimer(clock.nowUs() + GRACE_MS * 1000, giveUp);
  });
  const found: Attempt = { failures: [], records: [] };
  const running = { ...context, signal: controller.signal };
  try {
    await Promise.race([runSteps(test, running, found), givenUp]);
  } finally {
    cancel();
    context.signal.removeEventListener('abort', abort);
    found.failures.push(...(await runTeardown(test.teardown, test.place, context, test.timeoutMs)));
  }
  if (!isLate) return found;
  const late = failure('timeout', `${test.timeoutMs / 1000} s`, 'still running', test.place, found.records.length + 1);
  return { failures: [late], records: found.records };
}

async function runSteps(test: Test, context: AttemptContext, found: Attempt): Promise<void> {
  found.failures.push(...(await runSetup(test.setup, test.place, context, test.timeoutMs)));
  for (const [index, step] of test.steps.entries()) {
    if (found.failures.length > 0 || context.signal.aborted) break;
    found.failures.push(...(await runStep(step, index + 1, context, found.records)));
  }
}

async function runStep(step: Step, number: number, context: AttemptContext, records: StepRecord[]): Promise<TestFailure[]> {
  const recording = new Recording(step.kind, commandLineOf(step));
  const failed = (field: string, expected: string, actual: string, detail?: string): TestFailure[] => [
    { ...failure(field, expected, actual, step.place, number), kind: step.kind, detail },
  ];
  try {
    const engine = await engineOf(step.kind);
    const observation = new Observation(step.expectations.map(({ expectation }) => expectation));
    let result: StepResult | undefined;
    for await (const event of engine.start(step.args, context)) {
      recording.add(event);
      if (step.kind !== 'script') observation.event(event as Exclude<StepEvent, ScriptResult>);
      if (event.type === 'result') result = event;
    }
    if (result === undefined) throw new Error(`${step.kind} ended without a result`);
    if (result.error !== undefined) throw result.error;
    if (step.expectations.length > 0) return unmet(step, number, observation);
    if ('captured' in result) return scriptFailures(step, number, result);
    const exitCode = engine.exitCode(result, step.args);
    return exitCode === 0 ? [] : failed('exit code', '0', String(exitCode), recording.record.outcome);
  } catch (error) {
    if (!isOfThisStep(error)) throw error;
    return failed('error', 'none', error.message, error.hint);
  } finally {
    records.push(recording.record);
  }
}

const isOfThisStep = (error: unknown): error is NetError | CliError | InputError =>
  (error instanceof NetError && !FATAL.has(error.code)) || error instanceof CliError || error instanceof InputError;

/** What its expectations say, each by itself. */
function unmet({ expectations, kind }: Step, step: number, observation: Observation): TestFailure[] {
  return expectations.flatMap(({ expectation, place }) => {
    const { expression, failures } = evaluateExpectation(expectation, observation);
    return failures.map(({ field, expected, actual, about }) => ({
      ...failure(field, expected, actual, place, step),
      kind,
      expectation: expression,
      detail: about,
    }));
  });
}

/** Of a packet script: each where its line stands in the plan. */
function scriptFailures({ place, kind, scriptLine }: Step, step: number, { ok, failures, ended }: ScriptResult): TestFailure[] {
  if (ok) return [];
  const told = failures.map(({ field, expected, actual, line, text }) => ({
    ...failure(field, expected, actual, scriptLine === undefined ? place : { ...place, line: scriptLine + line }, step),
    kind,
    expectation: text,
  }));
  return told.length > 0 ? told : [{ ...failure('script', 'run to its last line', ended ?? 'ended', place, step), kind }];
}

/** The command line that does the same as a step; there is none for packet scripts. */
export const commandLineOf = ({ kind, args }: Step): string =>
  kind === 'script' ? `packet script against ${args.positionals.join(' ')}` : `rawshake ${args.typed.map(shellWord).join(' ')}`;
