/** The shell commands of setup and teardown, within a time of their own. */
import type { Network } from '../net/network.ts';
import type { TestFailure } from '../probe/events.ts';
import { failure } from './failure.ts';
import type { Place } from './model.ts';

export interface CommandOutcome {
  /** 0: it did what it should; 128+N where signal N ended it. */
  exitCode: number;
  /** The end of what it wrote. */
  output: string;
}

/** Runs a shell command until its end, or until the signal ends it. */
export type RunCommand = (command: string, signal: AbortSignal) => Promise<CommandOutcome>;

interface CommandContext {
  network: Network;
  signal: AbortSignal;
  runCommand: RunCommand | undefined;
}

/** Up to the first that fails. @param limitMs of each */
export async function runSetup(
  commands: readonly string[],
  place: Place,
  { network, signal, runCommand }: CommandContext,
  limitMs: number,
): Promise<TestFailure[]> {
  for (const command of commands) {
    const failures = await runOne('setup', command, place, { network, runCommand }, limitMs, signal);
    if (failures.length > 0) return failures;
  }
  return [];
}

/** All of them, whatever comes of each; a signal does not keep them from it. @param limitMs of each */
export async function runTeardown(
  commands: readonly string[],
  place: Place,
  context: Omit<CommandContext, 'signal'>,
  limitMs: number,
): Promise<TestFailure[]> {
  const failures: TestFailure[] = [];
  for (const command of commands) failures.push(...(await runOne('teardown', command, place, context, limitMs)));
  return failures;
}

async function runOne(
  what: 'setup' | 'teardown',
  command: string,
  place: Place,
  { network: { clock }, runCommand }: Omit<CommandContext, 'signal'>,
  limitMs: number,
  signal?: AbortSignal,
): Promise<TestFailure[]> {
  if (runCommand === undefined) return [];
  const controller = new AbortController();
  const abort = (): void => controller.abort();
  if (signal?.aborted) abort();
  signal?.addEventListener('abort', abort, { once: true });
  const cancel = clock.setTimer(clock.nowUs() + limitMs * 1000, abort);
  try {
    const { exitCode, output } = await runCommand(command, controller.signal);
    if (exitCode === 0) return [];
    const detail = output === '' ? command : `${command}: ${output}`;
    return [{ ...failure(what, 'exit code 0', `exit code ${exitCode}`, place, 0), detail }];
  } finally {
    cancel();
    signal?.removeEventListener('abort', abort);
  }
}
