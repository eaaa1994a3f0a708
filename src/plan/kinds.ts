/** The kinds of probes that a step may be: which options they have, and how they are checked and started. Engines are loaded when they run. */
import { inTime, type Patience } from '../net/look-up.ts';
import type { ResolvedHost } from '../net/resolve.ts';
import type { Args } from '../options/args.ts';
import { checkSegments } from '../options/check-segments.ts';
import { readPath, readSeed } from '../options/common.ts';
import { CONNECT_OPTIONS, readConnect } from '../options/connect.ts';
import { usageError } from '../options/errors.ts';
import { type Option, PATH_OPTIONS, reworded, TIME_OPTIONS } from '../options/options.ts';
import { PING_OPTIONS, readPing } from '../options/ping.ts';
import { MOST_PAIRS, readPorts, readScan, SCAN_OPTIONS } from '../options/scan.ts';
import { readScanTargets } from '../options/scan-targets.ts';
import { readSend, SEND_OPTIONS } from '../options/send.ts';
import { readTarget } from '../options/target.ts';
import { readTrace, TRACE_OPTIONS } from '../options/trace.ts';
import { among, quote, someSeconds } from '../options/values.ts';
import { createContext, type ProbeContext } from '../probe/context.ts';
import type { ConnectResult, PingResult, ScanResult, ScriptResult, SendResult, StepEvent, TraceResult } from '../probe/events.ts';
import { REQUIRED_VERDICTS, scanExitCode } from '../probe/scan/result.ts';
import { shardSize } from '../probe/scan/shard.ts';
import { parseTarget } from '../probe/scan/targets.ts';
import type { Ipv4Address } from '../wire/address.ts';
import type { StepName } from './model.ts';
import { parseScript } from './script/parse.ts';
import { SCRIPT_DEFAULTS } from './script/request.ts';

/** What a step runs in; where it has a seed, chance comes from that. */
export interface StepContext extends ProbeContext {
  env: Readonly<Record<string, string | undefined>>;
  signal: AbortSignal;
  /** Each name is asked for once in a run. @throws NetError `name-not-resolved` */
  resolve(host: string): Promise<ResolvedHost>;
}

export type StepResult = Extract<StepEvent, { type: 'result' }>;

export interface Kind {
  options: readonly Option[];
  /** Targets have a key of their own beside `host` and `port`: there may be many. */
  manyTargets?: true;
  /** What it does is a text: the step may be that text alone. */
  isText?: true;
  /** @throws CliError, InputError for what can't be run */
  check(args: Args, env: StepContext['env']): void;
  load(): Promise<Engine>;
}

/** What runs steps of a kind. */
export interface Engine {
  /** @throws NetError, CliError, InputError */
  start(args: Args, context: StepContext): AsyncGenerator<StepEvent>;
  /** As the command's: 0 where all is as asked. */
  exitCode(result: StepResult, args: Args): number;
}

/** What says how a command shows its results, or is for the whole run. */
const NOT_OF_STEPS: ReadonlySet<string> = new Set(['clock', 'save', 'dry-run', 'explain', 'yes', 'resume', 'watch', 'expect']);
/** Of the output options those that say what comes of it. */
const VERDICT_OPTIONS: ReadonlySet<string> = new Set(['require']);

const ofSteps = (options: readonly Option[]): readonly Option[] =>
  options.filter(
    ({ name, group }) => VERDICT_OPTIONS.has(name) || (group !== 'Output' && group !== 'Privileges' && !NOT_OF_STEPS.has(name)),
  );

function contextOf(args: Args, context: StepContext): ProbeContext {
  const seed = readSeed(args);
  return seed === undefined ? context : { ...createContext(context.network, seed), signal: context.signal };
}

const patience = (limitMs: number, { network: { clock }, signal }: StepContext): Patience => ({ clock, limitMs, signal });

/** With the address of its host, and what the look-up has left of its time. @throws NetError `name-not-resolved` */
async function located<T extends { host: string; deadlineMs: number }>(
  asked: T,
  context: StepContext,
): Promise<T & { address: Ipv4Address }> {
  const { found, leftMs } = await inTime(context.resolve(asked.host), quote(asked.host), patience(asked.deadlineMs, context));
  return { ...asked, address: found.address, deadlineMs: leftMs };
}

/** Closes a file that was opened for its data, which are not wanted yet. */
function letGo(data: Iterable<Uint8Array> | undefined): void {
  for (const _chunk of data ?? []) break;
}

const connect: Kind = {
  options: ofSteps(CONNECT_OPTIONS),
  check: (args) => letGo(readConnect(args).data),
  async load() {
    const [{ connect }, { connectExitCode }] = await Promise.all([
      import('../probe/connect/connect.ts'),
      import('../probe/connect/result.ts'),
    ]);
    return {
      async *start(args, context) {
        const asked = readConnect(args);
        yield* connect(await located(asked, context), contextOf(args, context));
      },
      exitCode: (result) => connectExitCode(result as ConnectResult),
    };
  },
};

const send: Kind = {
  options: ofSteps(SEND_OPTIONS),
  check: (args) => void readSend(args),
  async load() {
    const [{ send }, { sendExitCode }] = await Promise.all([import('../probe/send/send.ts'), import('../probe/send/result.ts')]);
    return {
      async *start(args, context) {
        const asked = readSend(args);
        yield* send(await located(asked, context), contextOf(args, context));
      },
      exitCode: (result) => sendExitCode(result as SendResult),
    };
  },
};

/** Probes of a ping that is told no number of them, and so would never end. */
const USUAL_PINGS = 3;

const pingRequest = (args: Args) => {
  const { named, request } = readPing(args);
  return { named, request: { ...request, count: Number.isFinite(request.count) ? request.count : USUAL_PINGS, segments: true } };
};

const ping: Kind = {
  options: ofSteps(PING_OPTIONS),
  manyTargets: true,
  check: (args) => letGo(pingRequest(args).request.full?.data),
  async load() {
    const [{ ping }, { pingExitCode }] = await Promise.all([import('../probe/ping/ping.ts'), import('../probe/ping/result.ts')]);
    return {
      async *start(args, context) {
        const { named: hosts, request } = pingRequest(args);
        const targets = [];
        let { deadlineMs } = request;
        for (const named of hosts) {
          const { deadlineMs: leftMs, ...target } = await located({ ...named, deadlineMs }, context);
          targets.push(target);
          deadlineMs = leftMs;
        }
        yield* ping({ ...request, targets, deadlineMs }, contextOf(args, context));
      },
      exitCode: (result) => pingExitCode(result as PingResult),
    };
  },
};

const required = (args: Args) => args.read('require', among(REQUIRED_VERDICTS));

/** A plan has no stdin. */
const NOTHING: AsyncIterable<string> = {
  async *[Symbol.asyncIterator]() {},
};

const scan: Kind = {
  options: ofSteps(SCAN_OPTIONS),
  manyTargets: true,
  check(args, env) {
    const { spec, technique } = readScan(args, env);
    checkSegments([{ spec: { ...spec, flags: technique.flags } }]);
    readPorts(args);
    required(args);
    for (const text of args.positionals) {
      if (text === '-') throw usageError('TARGETS: "-" is stdin, which a plan does not read', 'give @FILE');
      if (!text.startsWith('@')) parseTarget({ text, from: 'TARGETS' });
    }
  },
  async load() {
    const { scan } = await import('../probe/scan/scan.ts');
    return {
      async *start(args, context) {
        const asked = readScan(args, context.env);
        const { targets, leftMs } = await readScanTargets(args, { stdin: NOTHING, resolve: context.resolve }, (lookUps, subject) =>
          inTime(lookUps, subject, patience(asked.maxTimeMs, context)),
        );
        const ports = readPorts(args);
        const pairs = shardSize(asked.shard ?? { index: 1, count: 1 }, targets.addresses.count * ports.count);
        if (pairs > MOST_PAIRS) throw usageError(`${pairs} pairs of host and port`, `scan ${MOST_PAIRS} at most in a step`);
        const probing = contextOf(args, context);
        yield* scan(
          {
            ...asked,
            targets,
            ports,
            maxTimeMs: leftMs,
            seed: readSeed(args) ?? probing.random.uint32(),
            segments: true,
            tell: undefined,
          },
          probing,
        );
      },
      exitCode: (result, args) => scanExitCode(result as ScanResult, required(args)),
    };
  },
};

const trace: Kind = {
  options: ofSteps(TRACE_OPTIONS),
  check: (args) => void readTrace(args),
  async load() {
    const [{ trace }, { traceExitCode }] = await Promise.all([import('../probe/trace/trace.ts'), import('../probe/trace/result.ts')]);
    return {
      async *start(args, context) {
        const asked = readTrace(args);
        yield* trace({ ...(await located(asked, context)), segments: true }, contextOf(args, context));
      },
      exitCode: (result) => traceExitCode(result as TraceResult),
    };
  },
};

/** The text of a packet script, as an option. */
export const SCRIPT_TEXT = 'text';

const script: Kind = {
  options: [
    { name: SCRIPT_TEXT, argument: 'SCRIPT', group: 'Sending', describe: 'The packet script (docs/scripts.md)' },
    ...PATH_OPTIONS,
    ...reworded(
      TIME_OPTIONS.filter(({ name }) => name === 'deadline' || name === 'seed'),
      { deadline: { describe: 'Longest time for the whole script', default: String(SCRIPT_DEFAULTS.deadlineMs / 1000) } },
    ),
  ],
  isText: true,
  check(args) {
    readTarget(args.positionals);
    readScriptOptions(args);
    parseScript(args.text(SCRIPT_TEXT) ?? '');
  },
  async load() {
    const { runScript } = await import('./script/run.ts');
    return {
      async *start(args, context) {
        const { deadlineMs, ...target } = await located({ ...readTarget(args.positionals), ...readScriptOptions(args) }, context);
        yield* runScript(parseScript(args.text(SCRIPT_TEXT) ?? ''), target, contextOf(args, context), { deadlineMs });
      },
      exitCode: (result) => ((result as ScriptResult).ok ? 0 : 3),
    };
  },
};

const readScriptOptions = (args: Args) => ({
  ...readPath(args),
  deadlineMs: args.read('deadline', someSeconds) ?? SCRIPT_DEFAULTS.deadlineMs,
});

export const KINDS: Readonly<Record<StepName, Kind>> = { connect, send, ping, scan, trace, script };

const loaded = new Map<StepName, Promise<Engine>>();

/** What runs steps of a kind, loaded once. */
export function engineOf(name: StepName): Promise<Engine> {
  const engine = loaded.get(name) ?? KINDS[name].load();
  loaded.set(name, engine);
  return engine;
}
