/** `run --dry-run`: what each test would send. */
import { resolveHost } from '../net/resolve.ts';
import type { Args } from '../options/args.ts';
import { readSeed } from '../options/common.ts';
import { usageError } from '../options/errors.ts';
import { readSend } from '../options/send.ts';
import { commandLineOf } from '../plan/attempt.ts';
import { SCRIPT_TEXT } from '../plan/kinds.ts';
import type { Plan, Step } from '../plan/model.ts';
import { escapeLine } from '../report/escape.ts';
import { dryRun } from './dry-run.ts';
import type { Io } from './io.ts';

/** @returns the exit code @throws CliError, NetError where a name can't be resolved */
export async function dryRunPlans(plans: readonly Plan[], args: Args, io: Io): Promise<number> {
  const other = ['json', 'tap', 'junit', 'artifacts', 'github'].find((name) => args.flag(name));
  if (other !== undefined)
    throw usageError(`--${other} and --dry-run at once`, 'where nothing is sent there are no results: leave one out');
  const say = (text: string): void => io.stdout.write(`${escapeLine(text)}\n`);
  for (const { file, setup, teardown, tests } of plans) {
    for (const command of setup) say(`${file}: setup: ${command}`);
    for (const { name, skipped, steps, ...own } of tests) {
      say(skipped === undefined ? name : `${name} (skipped: ${skipped})`);
      for (const command of own.setup) say(`  setup: ${command}`);
      for (const step of steps) await showStep(step, args, io, say);
      for (const command of own.teardown) say(`  teardown: ${command}`);
    }
    for (const command of teardown) say(`${file}: teardown: ${command}`);
  }
  return 0;
}

async function showStep(step: Step, args: Args, io: Io, say: (text: string) => void): Promise<void> {
  say(`  ${commandLineOf(step)}`);
  for (const line of (step.args.text(SCRIPT_TEXT) ?? '').split('\n')) if (line.trim() !== '') say(`    ${line}`);
  for (const { expectation } of step.expectations) say(`    expect ${expectation.text}`);
  if (step.kind !== 'send' || args.flag('quiet')) return;
  const request = readSend(step.args);
  const { address } = await resolveHost(request.host);
  dryRun({ ...request, address }, readSeed(step.args), args, io);
}
