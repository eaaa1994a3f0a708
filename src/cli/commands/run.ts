import { CAP_NET_ADMIN, CAP_NET_BIND_SERVICE, CAP_NET_RAW } from '../../net/credentials.ts';
import type { ResolvedHost } from '../../net/resolve.ts';
import type { Args } from '../../options/args.ts';
import { usageError } from '../../options/errors.ts';
import { type Option, OUTPUT_OPTIONS, PRIVILEGE_OPTIONS, reworded, TIME_OPTIONS } from '../../options/options.ts';
import { quote, within } from '../../options/values.ts';
import type { Plan } from '../../plan/model.ts';
import type { RunOptions } from '../../plan/run.ts';
import type { RunEvent, RunResult } from '../../probe/events.ts';
import { resultLine } from '../../report/json.ts';
import type { CommandBody } from '../command.ts';
import { exitCodeOf, reportError } from '../exit-code.ts';
import { gatherOutput } from '../gather.ts';
import type { Io } from '../io.ts';
import { beside, outputPath } from '../output-path.ts';
import { type Listener, present } from '../present.ts';
import { FileSink } from '../save.ts';
import { writeNote } from '../say.ts';
import { lookOf } from '../terminal.ts';

const MOST_JOBS = 256;
const MOST_REPEATS = 10_000;

const OPTIONS: readonly Option[] = [
  {
    name: 'var',
    argument: 'NAME=VALUE',
    repeatable: true,
    group: 'Tests',
    describe: "Set a variable of the plans, in the place of the plans' own value",
  },
  {
    name: 'filter',
    argument: 'TEXT',
    repeatable: true,
    group: 'Tests',
    describe: 'Only tests with this in their name, in any case; or that match /TEXT/, a regular expression',
  },
  { name: 'jobs', alias: 'j', argument: 'N', group: 'Tests', describe: 'Run so many tests at a time', default: '1' },
  { name: 'bail', group: 'Tests', describe: 'Begin no more tests after one that failed' },
  { name: 'repeat', argument: 'N', group: 'Tests', describe: 'Run each test so often, and tell which are flaky', default: '1' },
  { name: 'dry-run', group: 'Tests', describe: 'Check the plans and print what would be sent; needs no privilege and no network' },
  {
    name: 'allow-commands',
    group: 'Tests',
    describe: 'Run the shell commands of setup and teardown; without it a plan that has some is refused',
  },
  { name: 'init', group: 'Tests', describe: 'Write a plan to begin with, to stdout or to the file named, which must be new' },
  TIME_OPTIONS.find(({ name }) => name === 'clock') as Option,
  ...PRIVILEGE_OPTIONS,
  { name: 'tap', group: 'Output', describe: 'Print TAP 13, for prove and its like' },
  {
    name: 'junit',
    argument: 'FILE',
    group: 'Output',
    describe: 'Write the results as JUnit XML too, in the place of what the file holds. -: to stdout, and the text to stderr',
  },
  { name: 'github', group: 'Output', describe: 'Print failures as annotations of GitHub Actions too' },
  {
    name: 'artifacts',
    argument: 'DIR',
    group: 'Output',
    describe: 'Leave a pcapng capture of each failed test there; the directory is made where there is none',
  },
  ...reworded(
    OUTPUT_OPTIONS.filter(({ name }) => name !== 'force'),
    {
      json: { describe: 'Print JSON Lines: one object a test, the last one the result' },
      quiet: { describe: 'Print one line: how many passed and failed' },
      verbose: { describe: 'Draw every segment of a failed test' },
    },
  ),
];

export const runCommand: CommandBody = {
  positionals: [{ name: 'PLAN', describe: 'A plan in YAML (docs/plans.md); -: stdin', required: false, repeatable: true }],
  options: OPTIONS,
  examples: [
    ['rawshake run --init plan.yaml', 'a plan to begin with'],
    ['rawshake run plan.yaml --var host=example.com', 'its tests, against that host'],
    ['rawshake run plan.yaml --jobs 16 --junit report.xml --artifacts captures', 'for CI: a report, and captures of what failed'],
    ['rawshake run plan.yaml --repeat 20 --filter "closes first"', 'is one of them flaky?'],
  ],
  run,
};

async function run(args: Args, processIo: Io): Promise<number> {
  const { positionals } = args;
  if (args.flag('init')) return init(positionals, processIo);
  if (positionals.length === 0) throw usageError('PLAN is missing', 'usage: rawshake run PLAN.yaml, or rawshake run --init');
  const options = readRunOptions(args);
  const { PlanError, problemText } = await import('../../plan/problem.ts');
  let plans: Plan[];
  try {
    plans = await readAndSelect(args, processIo);
  } catch (error) {
    if (!(error instanceof PlanError)) throw error;
    for (const problem of error.problems)
      writeNote(problem.hint === undefined ? problemText(problem) : `${problemText(problem)}; ${problem.hint}`, processIo);
    const exitCode = exitCodeOf(error);
    if (args.flag('json')) processIo.stdout.write(resultLine(undefined, exitCode, reportError(error)));
    return exitCode;
  }
  if (args.flag('dry-run')) return (await import('../plan-dry-run.ts')).dryRunPlans(plans, args, processIo);
  return runAll(plans, options, args, processIo);
}

async function init([path, second]: readonly string[], io: Io): Promise<number> {
  if (second !== undefined) throw usageError(`--init: ${quote(second)} is one word too many`, 'name one file');
  const { PLAN_EXAMPLE } = await import('../plan-example.ts');
  if (path === undefined || path === '-') io.stdout.write(PLAN_EXAMPLE);
  else await (await import('../plan-files.ts')).writeNewFile(path, PLAN_EXAMPLE, io);
  return 0;
}

function readRunOptions(args: Args): RunOptions {
  const shown = ['json', 'tap', 'quiet'].filter((name) => args.flag(name));
  if (shown.length > 1) throw usageError(`--${shown[0]} and --${shown[1]} at once`, 'both are for stdout: give one of them');
  return {
    jobs: args.read('jobs', within(1, MOST_JOBS)) ?? 1,
    repeat: args.read('repeat', within(1, MOST_REPEATS)) ?? 1,
    bail: args.flag('bail') === true,
  };
}

/** @throws PlanError, CliError */
async function readAndSelect(args: Args, io: Io): Promise<Plan[]> {
  const vars = readVars(args.texts('var'));
  const { readPlanFile } = await import('../plan-files.ts');
  const texts = [];
  for (const path of args.positionals) texts.push(await readPlanFile(path, io));
  const { readPlans } = await import('../../plan/read.ts');
  const { ownCapabilities } = await import('../../plan/condition.ts');
  const { selectTests } = await import('../../plan/select.ts');
  const allowCommands = args.flag('allow-commands') === true;
  const plans = readPlans(texts, { vars, allowCommands, env: io.env, capabilities: ownCapabilities() });
  return selectTests(plans, args.texts('filter'));
}

function readVars(texts: readonly string[]): Map<string, string> {
  const vars = new Map<string, string>();
  for (const text of texts) {
    const equals = text.indexOf('=');
    if (equals < 1) throw usageError(`--var: ${quote(text)} is not NAME=VALUE`, 'such as --var host=example.com');
    vars.set(text.slice(0, equals), text.slice(equals + 1));
  }
  return vars;
}

const hasCommands = (plans: readonly Plan[]): boolean =>
  plans.some(({ setup, teardown, tests }) => [{ setup, teardown }, ...tests].some((each) => each.setup.length + each.teardown.length > 0));

async function runAll(plans: readonly Plan[], options: RunOptions, args: Args, processIo: Io): Promise<number> {
  const [{ runPlans }, { runExitCode }, { Artifacts, JunitFile }, { openNetwork }] = await Promise.all([
    import('../../plan/run.ts'),
    import('../../plan/exit-code.ts'),
    import('../plan-files.ts'),
    import('../network.ts'),
  ]);
  const junit = outputPath(args, 'junit');
  const io = gatherOutput(beside(junit, processIo));
  const artifacts = args.text('artifacts');
  const listeners: (Listener<RunEvent | RunResult> | undefined)[] = [
    junit === undefined ? undefined : new JunitFile(await FileSink.open(junit, true, io.env)),
    artifacts === undefined ? undefined : await Artifacts.open(artifacts, io.env),
    args.flag('github') ? await githubListener(args, io) : undefined,
  ];
  // Tests open sockets of their own: for a scan, for another interface. What a plan's commands do is done as who called.
  const keepsAll = hasCommands(plans);
  const keep = [CAP_NET_RAW, CAP_NET_ADMIN, CAP_NET_BIND_SERVICE];
  const network = openNetwork(args, io, keep, { keepSockets: true }, keepsAll);
  const { runShellCommand } = await import('../shell-command.ts');
  const { resolveHost } = await import('../../net/resolve.ts');
  let lookups = 0;
  const resolve = (host: string): Promise<ResolvedHost> => {
    lookups++;
    return resolveHost(host).finally(() => lookups--);
  };
  let exitCode: number;
  try {
    exitCode = await present(
      (signal) =>
        runPlans(plans, options, {
          network,
          env: io.env,
          signal,
          runCommand: (command, ends) => runShellCommand(command, io, ends),
          resolve,
        }),
      {
        json: args.flag('json') === true,
        reporter: await createReporter(args, io),
        waitsFor: () => 'tests are running',
        exitCode: runExitCode,
        listeners,
      },
      io,
    );
  } finally {
    network.close();
    for (const listener of listeners) await listener?.sink?.close();
    io.flush();
  }
  // A thread waits for each, and nobody can call it off.
  if (lookups > 0) processIo.exitNow(exitCode);
  return exitCode;
}

async function createReporter(args: Args, io: Io): Promise<{ event(event: RunEvent): void }> {
  const write = (text: string): void => io.stdout.write(text);
  if (args.flag('tap')) return (await import('../../report/tap.ts')).createTapReporter(write);
  const { createRunReporter } = await import('../../report/run.ts');
  return createRunReporter({ write, ...lookOf(io, args), quiet: args.flag('quiet') === true, verbose: args.count('verbose') > 0 });
}

/** Annotations, when all tests are done. Where machines read stdout they go to stderr: GitHub's runner reads both. */
async function githubListener(args: Args, io: Io): Promise<Listener<RunEvent>> {
  const { annotation } = await import('../../report/github.ts');
  const output = args.flag('json') || args.flag('tap') ? io.stderr : io.stdout;
  let annotations = '';
  return {
    event(event) {
      annotations += annotation(event) ?? '';
    },
    end() {
      if (annotations !== '') output.write(annotations);
    },
  };
}
