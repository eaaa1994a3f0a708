/** Plans as a program runs them. */
import { readFile } from 'node:fs/promises';
import { openKernelNetwork } from '../net/kernel.ts';
import type { RunEvent } from '../probe/events.ts';
import type { PlanText } from './read.ts';
import type { RunContext, RunOptions } from './run.ts';

/** What is to be run of the plans, how, and where; all of it may be left out. */
export interface PlanOptions extends Partial<RunOptions & RunContext> {
  /** Values for the plans' variables, in the place of their own. */
  vars?: Readonly<Record<string, string>> | undefined;
  /** Only tests with one of these in their name, in any case; or that match `/…/`, a regular expression. */
  filters?: readonly string[] | undefined;
}

/**
 * Runs plans (docs/plans.md): each test is an event, and the result comes last. All of every plan is checked before
 * anything is sent.
 * @param plans files, by their paths, or texts
 * @param options `runCommand` lets plans run shell commands: without it those that would are refused; `env` is empty unless it is given
 * @throws PlanError with every problem of the plans
 * @throws CliError for variables and filters that fit nothing
 * @throws NetError where this machine can't run any test
 */
export async function* runPlan(
  plans: string | PlanText | readonly (string | PlanText)[],
  options: PlanOptions = {},
): AsyncGenerator<RunEvent, void> {
  // What reads YAML is only for those who have plans.
  const [{ readPlans }, { runPlans, RUN_DEFAULTS }, { selectTests }, { ownCapabilities }] = await Promise.all([
    import('./read.ts'),
    import('./run.ts'),
    import('./select.ts'),
    import('./condition.ts'),
  ]);
  const { vars = {}, filters = [], env = {}, runCommand, network = openKernelNetwork(), jobs, bail, repeat, signal, resolve } = options;
  try {
    const texts: PlanText[] = [];
    for (const each of isOne(plans) ? [plans] : plans)
      texts.push(typeof each === 'string' ? { file: each, text: await readFile(each, 'utf8') } : each);
    const setting = { vars: new Map(Object.entries(vars)), allowCommands: runCommand !== undefined, env, capabilities: ownCapabilities() };
    const selected = selectTests(readPlans(texts, setting), filters);
    const how = { jobs: jobs ?? RUN_DEFAULTS.jobs, bail: bail ?? RUN_DEFAULTS.bail, repeat: repeat ?? RUN_DEFAULTS.repeat };
    yield* runPlans(selected, how, { network, env, signal, runCommand, resolve });
  } finally {
    if (options.network === undefined) network.close();
  }
}

const isOne = (plans: string | PlanText | readonly (string | PlanText)[]): plans is string | PlanText => !Array.isArray(plans);
