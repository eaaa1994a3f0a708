/**
 * The engines as a program calls them: a host by name, what is left out as the command would have it, a network opened
 * for the call. Each gives the events of its engine, the result last.
 */
import { openKernelNetwork } from './net/kernel.ts';
import { type Found, inTime } from './net/look-up.ts';
import type { Network } from './net/network.ts';
import { type ResolvedHost, resolveHost, resolvePort } from './net/resolve.ts';
import { parseScript } from './plan/script/parse.ts';
import { SCRIPT_DEFAULTS, type ScriptRequest } from './plan/script/request.ts';
import { runScript } from './plan/script/run.ts';
import { connect as connectEngine } from './probe/connect/connect.ts';
import { CONNECT_DEFAULTS, type ConnectRequest } from './probe/connect/request.ts';
import { createContext, type ProbeContext } from './probe/context.ts';
import type { ConnectEvent, ListenEvent, PingEvent, ScanEvent, ScriptEvent, SendEvent, TraceEvent } from './probe/events.ts';
import { checkWord, InputError, quote } from './probe/input-error.ts';
import { listen as listenEngine } from './probe/listen/listen.ts';
import { LISTEN_DEFAULTS, type ListenRequest } from './probe/listen/request.ts';
import { type OpenConnection, open as openEngine } from './probe/open/open.ts';
import { OPEN_DEFAULTS, type OpenRequest } from './probe/open/request.ts';
import { ping as pingEngine } from './probe/ping/ping.ts';
import { PING_DEFAULTS, type PingContext, type PingRequest, type PingTarget } from './probe/ping/request.ts';
import type { Interval, IntervalSet } from './probe/scan/intervals.ts';
import { parsePorts } from './probe/scan/ports.ts';
import { SCAN_DEFAULTS, type ScanRequest } from './probe/scan/request.ts';
import { scan as scanEngine } from './probe/scan/scan.ts';
import { parseTarget, selectTargets, type Targets } from './probe/scan/targets.ts';
import type { Technique } from './probe/scan/technique.ts';
import { CLOSE_KINDS, VERDICTS } from './probe/schema/words.ts';
import type { SegmentSpec } from './probe/segment-spec.ts';
import { AWAITED, SEND_DEFAULTS, type SendRequest } from './probe/send/request.ts';
import { send as sendEngine } from './probe/send/send.ts';
import { PRESETS, type SynOptionChoice } from './probe/syn-options.ts';
import { TRACE_DEFAULTS, type TraceContext, type TraceRequest } from './probe/trace/request.ts';
import { trace as traceEngine } from './probe/trace/trace.ts';
import { RULES } from './probe/verdict.ts';

/** Where and how a call runs; all of it may be left out. */
export interface RunOptions extends Partial<Omit<ProbeContext, 'network'>> {
  /** Ends the run early: what is open is reset, and the result says what is known. A look-up of a host is given up with `name-not-resolved`. */
  signal?: AbortSignal | undefined;
  /** Undefined: the kernel's, opened for this call and closed after it. */
  network?: Network | undefined;
  /** Repeats every random choice, 0 … 2^32-1; undefined: nobody can guess them. */
  seed?: number | undefined;
}

/**
 * A request of which all that has a default may be left out, or be undefined; so may the address, which is looked up by
 * the host then.
 */
export type Asked<Request, Defaults> = { [Name in keyof Request]?: Request[Name] | undefined } & Omit<Request, keyof Defaults | 'address'>;

/** Makes a connection, sends what is to be said, and closes it as asked. @throws NetError, InputError */
export function connect(
  request: Asked<ConnectRequest, typeof CONNECT_DEFAULTS>,
  options: RunOptions = {},
): AsyncGenerator<ConnectEvent, void> {
  return run(options, async (context) => {
    // Thousands may be made at once, and V8 takes a microsecond and more for each field that is added behind a spread.
    const whole = Object.assign({}, CONNECT_DEFAULTS, given(request, { close: CLOSE_KINDS }));
    checkPieces(whole.data);
    return connectEngine(await located(whole, context), context);
  });
}

/** Sends segments, `spec` or those of a sweep, and tells what comes back. @throws NetError, InputError, EncodeError */
export function send(
  request: Asked<SendRequest, typeof SEND_DEFAULTS & Pick<SendRequest, 'variants'>> & { spec?: SegmentSpec | undefined },
  options: RunOptions = {},
): AsyncGenerator<SendEvent, void> {
  const { spec = {}, ...rest } = request;
  return run(options, async (context) =>
    sendEngine(await located({ ...SEND_DEFAULTS, variants: [{ spec }], ...given(rest, { repeatUntil: AWAITED }) }, context), context),
  );
}

/** Probes one port, or several in turn, again and again. @throws NetError, InputError, EncodeError */
export function ping(
  request: Asked<Omit<PingRequest, 'targets'>, PingRequest> &
    (Asked<PingTarget, unknown> | { targets: readonly Asked<PingTarget, unknown>[] }),
  options: RunOptions & Pick<PingContext, 'onFiguresWanted'> = {},
): AsyncGenerator<PingEvent, void> {
  return run(options, async (context) => {
    const whole = { ...PING_DEFAULTS, ...given(request) };
    const { deadlineMs } = whole;
    const wanted = 'targets' in whole ? whole.targets : [whole];
    const targets = await Promise.all(wanted.map(({ host, port, address }) => located({ host, port, address, deadlineMs }, context)));
    const { onFiguresWanted } = options;
    return pingEngine(
      { ...whole, targets, deadlineMs: Math.min(deadlineMs, ...targets.map((target) => target.deadlineMs)) },
      { ...context, onFiguresWanted },
    );
  });
}

/**
 * Finds the state of many ports on many hosts.
 * @param request `targets` may be words as on the command line (addresses, networks, ranges, names), `ports` a list such as `22,80,8000-8100`
 * @throws NetError, InputError
 */
export function scan(
  request: Asked<Omit<ScanRequest, 'targets' | 'ports'>, ScanRequest> & {
    targets: Targets | readonly string[];
    ports: IntervalSet | string;
  },
  options: RunOptions = {},
): AsyncGenerator<ScanEvent, void> {
  return run(options, async (context) => {
    const whole = { ...SCAN_DEFAULTS, seed: options.seed ?? context.random.uint32(), ...given(request) };
    const { targets, ports, technique, tell = [] } = whole;
    checkTechnique(technique);
    for (const verdict of tell) checkWord('tell', verdict, VERDICTS);
    return scanEngine(
      {
        ...whole,
        ...(isWords(targets) ? await targetsOf(targets, whole.maxTimeMs, context) : { targets }),
        ports: typeof ports === 'string' ? parsePorts('ports', ports, { resolvePort, nearestName: () => undefined }) : ports,
      },
      context,
    );
  });
}

/** Shows the way that a segment takes. @throws NetError, InputError, EncodeError */
export function trace(
  request: Asked<TraceRequest, typeof TRACE_DEFAULTS>,
  options: RunOptions & Pick<TraceContext, 'reverse'> = {},
): AsyncGenerator<TraceEvent, void> {
  const { reverse } = options;
  return run(options, async (context) =>
    traceEngine(await located({ ...TRACE_DEFAULTS, ...given(request) }, context), { ...context, reverse }),
  );
}

/** Sends what a packet script sends, and compares what comes with what it says must come. @throws ScriptError, NetError */
export function script(request: Asked<ScriptRequest, typeof SCRIPT_DEFAULTS>, options: RunOptions = {}): AsyncGenerator<ScriptEvent, void> {
  return run(options, async (context) => {
    const script = parseScript(request.text);
    const { deadlineMs, ...target } = await located({ ...SCRIPT_DEFAULTS, ...given(request) }, context);
    return runScript(script, target, context, { deadlineMs });
  });
}

/**
 * Answers who connects, until `count` connections are over, `deadlineMs`, or the signal.
 * @throws InputError, NetError `port-in-use`, `no-permission`, `source-address`
 */
export function listen(request: Asked<ListenRequest, typeof LISTEN_DEFAULTS>, options: RunOptions = {}): AsyncGenerator<ListenEvent, void> {
  return run(options, async (context) => listenEngine({ ...LISTEN_DEFAULTS, ...given(request, { close: SERVED_CLOSES }) }, context));
}

/**
 * Makes a connection to read from and write to: `await using connection = await open({ host, port })`.
 * @throws ConnectionError where the peer refuses it or does not answer
 * @throws NetError where this machine can't make it
 * @throws InputError where a time is none
 */
export async function open(request: Asked<OpenRequest, typeof OPEN_DEFAULTS>, options: RunOptions = {}): Promise<OpenConnection> {
  const network = options.network ?? openKernelNetwork();
  const close = () => options.network ?? network.close();
  try {
    const context = contextOf(network, options);
    const opened = await openEngine({ ...OPEN_DEFAULTS, ...(await located(given(request), context)) }, context);
    void opened.over.then(close);
    return opened;
  } catch (error) {
    close();
    throw error;
  }
}

/**
 * Waits for the end of a run. @returns its last event
 * @throws what the run throws
 */
export async function resultOf<Event extends { type: string }>(events: AsyncIterable<Event>): Promise<Extract<Event, { type: 'result' }>> {
  let last: Event | undefined;
  for await (const event of events) last = event;
  if (last?.type !== 'result') throw new Error('the run ended without a result');
  return last as Extract<Event, { type: 'result' }>;
}

const contextOf = (network: Network, { seed, ...rest }: RunOptions): ProbeContext =>
  Object.assign({}, createContext(network, seed), given(rest), { network });

/** Nothing is opened before the first event is asked for. */
async function* run<Event>(
  options: RunOptions,
  start: (context: ProbeContext) => Promise<AsyncGenerator<Event, void>>,
): AsyncGenerator<Event, void> {
  const network = options.network ?? openKernelNetwork();
  try {
    yield* await start(contextOf(network, options));
  } finally {
    if (options.network === undefined) network.close();
  }
}

/** As of a connect, but both sides can't begin at once where one answers. */
const SERVED_CLOSES = CLOSE_KINDS.filter((kind) => kind !== 'simultaneous');

/**
 * What was given of a request: undefined is as good as left out.
 * @param words of the fields that take one
 * @throws InputError where a time is none, or a word is not known
 */
function given<T extends object>(request: T, words: { readonly [Name in keyof T]?: readonly string[] } = {}): Given<T> {
  const fields = Object.entries(request).filter(([, value]) => value !== undefined);
  for (const [name, value] of fields) {
    const known = words[name as keyof T];
    if (known !== undefined) checkWord(name, value, known);
    if (name === 'synOptions') checkWord('synOptions.preset', (value as SynOptionChoice).preset ?? 'linux', PRESETS);
    if (name.endsWith('Ms') && !(typeof value === 'number' && value >= 0))
      throw new InputError(`${name}: ${value} is no time`, 'give milliseconds, 0 or more');
  }
  return Object.fromEntries(fields) as Given<T>;
}

/** A text and a lone piece are iterable too, but not of pieces. @throws InputError */
function checkPieces(data: unknown): void {
  const isIterable = typeof data === 'object' && data !== null && Symbol.iterator in data;
  if (!isIterable || data instanceof Uint8Array)
    throw new InputError(
      'data: not an array of Uint8Array, nor another iterable of them',
      'give [bytes]; for what comes later there is open()',
    );
}

/** @throws InputError for its name, which a scan of the command line takes */
function checkTechnique({ flags, kind }: Technique): void {
  if (typeof flags !== 'number' || !Object.hasOwn(RULES, kind))
    throw new InputError('technique: neither one of TECHNIQUES nor flags with a kind', 'give TECHNIQUES.syn or another of them');
}

type Given<T> = { [Name in keyof T]: Exclude<T[Name], undefined> };

/**
 * With the address of its host, looked up where it is not given, and with what that has left of its time.
 * @throws NetError `name-not-resolved`
 */
async function located<T extends { host: string; address?: number | undefined; deadlineMs?: number | undefined }>(
  request: T,
  context: ProbeContext,
): Promise<T & { address: number }> {
  const { host, address, deadlineMs } = request;
  if (address !== undefined) return { ...request, address };
  const { found, leftMs } = await lookedUp(host, deadlineMs, context);
  return { ...request, address: found.address, ...(deadlineMs === undefined ? {} : { deadlineMs: leftMs }) };
}

const lookedUp = (
  host: string,
  limitMs = Number.POSITIVE_INFINITY,
  { network: { clock }, signal }: ProbeContext,
): Promise<Found<ResolvedHost>> => inTime(resolveHost(host), quote(host), { clock, limitMs, signal });

const isWords = (targets: Targets | readonly string[]): targets is readonly string[] => Array.isArray(targets);

async function targetsOf(
  words: readonly string[],
  limitMs: number,
  context: ProbeContext,
): Promise<Pick<ScanRequest, 'targets' | 'maxTimeMs'>> {
  const runs: Interval[] = [];
  let maxTimeMs = limitMs;
  for (const text of words) {
    const run = parseTarget({ text, from: 'targets' });
    if (run !== undefined) runs.push(run);
    else {
      const { found, leftMs } = await lookedUp(text, maxTimeMs, context);
      runs.push({ first: found.address, last: found.address });
      maxTimeMs = leftMs;
    }
  }
  return { targets: selectTargets(runs, [], { allowReserved: false }), maxTimeMs };
}
