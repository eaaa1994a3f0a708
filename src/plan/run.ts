/** Runs plans: their tests beside each other as far as they may be, and told of in their order. */
import { setMaxListeners } from 'node:events';
import type { Network } from '../net/network.ts';
import { type ResolvedHost, resolveHost } from '../net/resolve.ts';
import { createContext } from '../probe/context.ts';
import { type RunEvent, type RunResult, SCHEMA_VERSION, type TestEvent, type TestFailure } from '../probe/events.ts';
import { isoTime } from '../probe/segment-event.ts';
import { VERSION } from '../probe/version.ts';
import type { Ipv4Address } from '../wire/address.ts';
import { type Attempt, type AttemptContext, attempt } from './attempt.ts';
import { type RunCommand, runSetup, runTeardown } from './commands.ts';
import { engineOf } from './kinds.ts';
import type { Plan, Test } from './model.ts';
import { inOrder } from './pool.ts';

export interface RunOptions {
  /** How many tests may run at a time. */
  jobs: number;
  /** No more tests are begun after one that failed. */
  bail: boolean;
  /** How often each test is run, to see whether it always comes out the same. */
  repeat: number;
}

export const RUN_DEFAULTS: RunOptions = { jobs: 1, bail: false, repeat: 1 };

type Resolve = (host: string) => Promise<Ipv4Address | ResolvedHost>;

export interface RunContext {
  /** One for all tests. */
  network: Network;
  /** For options that look there. */
  env: Readonly<Record<string, string | undefined>>;
  /** Ends the run: what is open is reset, and the result says what is known. */
  signal?: AbortSignal | undefined;
  /** Of setup and teardown; without it they are left out. */
  runCommand?: RunCommand | undefined;
  /** Gives the address of a host, or all that it has as {@link resolveHost}, which is the default. @throws NetError */
  resolve?: Resolve | undefined;
}

/**
 * Runs all tests of the plans, plan by plan. A failed test is an event; the result comes last.
 * @throws NetError where this machine can't run any test: no permission, no raw sockets
 */
export async function* runPlans(plans: readonly Plan[], options: RunOptions, context: RunContext): AsyncGenerator<RunEvent> {
  // So that no test's time goes into that.
  const kinds = new Set(plans.flatMap(({ tests }) => tests.flatMap(({ steps }) => steps.map(({ kind }) => kind))));
  await Promise.all([...kinds].map(engineOf));
  const { clock } = context.network;
  const startedUs = clock.nowUs();
  const total = plans.reduce((sum, { tests }) => sum + tests.length, 0);
  yield {
    type: 'start',
    schema: SCHEMA_VERSION,
    version: VERSION,
    command: 'run',
    plans: plans.map(({ file }) => file),
    tests: total,
    repeat: options.repeat,
    startedAt: isoTime(clock.wallTimeNs(startedUs)),
  };
  const signal = context.signal ?? new AbortController().signal;
  // Each test that runs listens.
  setMaxListeners(0, signal);
  const running: AttemptContext = {
    ...createContext(context.network),
    env: context.env,
    signal,
    runCommand: context.runCommand,
    resolve: onceEach(context.resolve ?? resolveHost),
  };
  const counts = { passed: 0, failed: 0, known: 0, skipped: 0 };
  const leftovers: TestFailure[] = [];
  let flaky = 0;
  let told = 0;
  const isOver = (): boolean => signal.aborted || (options.bail && counts.failed > 0);
  for (const plan of plans) {
    if (isOver()) break;
    const before = told;
    for await (const event of runPlan(plan, options, running, isOver, leftovers)) {
      const numbered = { ...event, number: before + event.number };
      counts[event.status]++;
      if (event.flaky) flaky++;
      told++;
      yield numbered;
    }
  }
  const notRun = total - told;
  const result: RunResult = {
    type: 'result',
    ...counts,
    notRun,
    flaky,
    failures: leftovers,
    durationMs: (clock.nowUs() - startedUs) / 1000,
    ended: signal.aborted ? 'interrupted' : notRun > 0 ? 'bail' : undefined,
    error: undefined,
  };
  yield result;
}

/** The longest that a command of a plan may take. */
const COMMAND_MS = 300_000;

/** @param leftovers what its teardown could not do is put there */
async function* runPlan(
  { setup, teardown, tests }: Plan,
  options: RunOptions,
  context: AttemptContext,
  isOver: () => boolean,
  leftovers: TestFailure[],
): AsyncGenerator<TestEvent> {
  const [first] = tests;
  if (first === undefined) return;
  let hasFailed = false;
  const leaving = new AbortController();
  const running = { ...context, signal: AbortSignal.any([context.signal, leaving.signal]) };
  setMaxListeners(0, running.signal);
  const broken = await runSetup(setup, first.place, context, COMMAND_MS);
  try {
    yield* inOrder(
      tests,
      async (test, number) => {
        const event =
          broken.length > 0 ? { ...eventOf(test, number), ...failedWith(broken) } : await runTest(test, number, options, running);
        if (event?.status === 'failed') hasFailed = true;
        return event;
      },
      {
        jobs: options.jobs,
        isAlone: (test) => !test.parallel,
        isOver: () => isOver() || (options.bail && hasFailed),
        leave: () => leaving.abort(),
      },
    );
  } finally {
    leftovers.push(...(await runTeardown(teardown, first.place, context, COMMAND_MS)));
  }
}

const failedWith = (failures: readonly TestFailure[]): Partial<TestEvent> => ({ ok: false, status: 'failed', failures });

/** What a test event says before the test has run. */
const eventOf = ({ name, place, known, skipped, rfc, level }: Test, number: number): TestEvent => ({
  type: 'test',
  number,
  name,
  plan: place.file,
  line: place.line,
  ok: true,
  status: skipped === undefined ? 'passed' : 'skipped',
  reason: skipped ?? known,
  rfc,
  level,
  failures: [],
  durationMs: 0,
  attempts: 0,
  failedRuns: undefined,
  flaky: false,
});

/** @returns undefined where the run was interrupted before there was an outcome */
async function runTest(test: Test, number: number, { repeat }: RunOptions, context: AttemptContext): Promise<TestEvent | undefined> {
  const told = eventOf(test, number);
  if (test.skipped !== undefined) return told;
  const { clock } = context.network;
  const startedUs = clock.nowUs();
  let failed: Attempt | undefined;
  let failedRuns = 0;
  let attempts = 0;
  let retried = false;
  for (let run = 0; run < repeat; run++) {
    for (let retry = 0; retry <= test.retry; retry++) {
      const outcome = await attempt(test, context);
      if (context.signal.aborted) return undefined;
      attempts++;
      if (outcome.failures.length === 0) {
        retried ||= retry > 0;
        break;
      }
      if (retry < test.retry) continue;
      failedRuns++;
      failed ??= outcome;
    }
  }
  const status = failed === undefined ? 'passed' : test.known === undefined ? 'failed' : 'known';
  return {
    ...told,
    ok: status !== 'failed',
    status,
    reason: status === 'known' ? test.known : undefined,
    failures: failed?.failures ?? [],
    durationMs: (clock.nowUs() - startedUs) / 1000,
    attempts,
    failedRuns: repeat > 1 ? failedRuns : undefined,
    flaky: retried || (failedRuns > 0 && failedRuns < repeat),
    records: failed?.records,
  };
}

/** Asks for each name once, whoever else wants it. */
function onceEach(resolve: Resolve): (host: string) => Promise<ResolvedHost> {
  const asked = new Map<string, Promise<ResolvedHost>>();
  const ask = async (host: string): Promise<ResolvedHost> => {
    const found = await resolve(host);
    return typeof found === 'number' ? { address: found, addresses: [found] } : found;
  };
  return (host) => {
    const known = asked.get(host) ?? ask(host);
    asked.set(host, known);
    return known;
  };
}
