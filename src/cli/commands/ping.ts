import { CAP_NET_ADMIN, CAP_NET_BIND_SERVICE } from '../../net/credentials.ts';
import { createContext } from '../../probe/context.ts';
import { ping } from '../../probe/ping/ping.ts';
import { PING_DEFAULTS, type PingRequest, type PingTarget } from '../../probe/ping/request.ts';
import { pingExitCode } from '../../probe/ping/result.ts';
import type { SegmentSpec } from '../../probe/segment-spec.ts';
import { createPingReporter } from '../../report/ping.ts';
import type { Args, CommandBody } from '../command.ts';
import { checkSegments } from '../dry-run.ts';
import { usageError } from '../errors.ts';
import { gatherOutput } from '../gather.ts';
import type { Io } from '../io.ts';
import { openNetwork, readSeed } from '../network.ts';
import { DATA_OPTIONS, type Option, OUTPUT_OPTIONS, PATH_OPTIONS, reworded, SYN_OPTIONS, TIME_OPTIONS } from '../options.ts';
import { type CaptureFile, PCAP_OPTION, withCapture } from '../pcap.ts';
import { present } from '../present.ts';
import { PRIVILEGE_OPTIONS } from '../privileges.ts';
import { writeNote } from '../say.ts';
import { REFUSED_OPTIONS, readSegmentSpec, SEGMENT_OPTIONS } from '../segment-options.ts';
import { readSegmentTarget, readSourcePort } from '../segment-target.ts';
import { keepHeapSmall } from '../small-heap.ts';
import { readSynOptions } from '../syn-options.ts';
import { readTargets, resolveTarget, type Target } from '../target.ts';
import { lookOf } from '../terminal.ts';
import { address, integer, number, seconds, someSeconds } from '../values.ts';

const MOST_TARGETS = 1000;

const PROBE_OPTIONS: readonly Option[] = [
  { name: 'count', alias: 'c', argument: 'N', group: 'Sending', describe: 'Probes to each target; default: on and on, until Ctrl-C' },
  {
    name: 'interval',
    alias: 'i',
    argument: 'SECONDS',
    group: 'Sending',
    describe: 'From one probe to the next to the same target; 0: as fast as answers come, 1,000 unanswered at most',
    default: '1',
  },
  {
    name: 'full',
    group: 'Sending',
    describe: 'A whole connection in the place of one segment: handshake, data if any, close',
  },
  { name: 'fixed-port', group: 'Sending', describe: 'All probes to a target from one port, one at a time; default: each from another one' },
  {
    name: 'loss-limit',
    argument: 'PERCENT',
    group: 'Limits',
    describe: 'Exit 3 where a target lost more than this; without it loss alone changes no exit code',
  },
  { name: 'rtt-limit', argument: 'MS', group: 'Limits', describe: 'Exit 3 where the 95th percentile of a round trip is longer' },
  { name: 'histogram', group: 'Output', describe: 'Draw the round trips as a large histogram' },
];

const OPTIONS: readonly Option[] = [
  ...PROBE_OPTIONS,
  ...reworded(SEGMENT_OPTIONS, { 'ip-id': { describe: 'Identification; default: random' } }),
  ...reworded(PATH_OPTIONS, { 'source-port': { describe: 'Send all probes from this port; default: each from another one' } }),
  ...reworded(TIME_OPTIONS, {
    timeout: { describe: 'After so long without an answer a probe is lost', default: '1' },
    deadline: { describe: 'Longest time for the whole command; default: none', default: undefined },
  }),
  ...PRIVILEGE_OPTIONS,
  PCAP_OPTION,
  ...reworded(OUTPUT_OPTIONS, {
    quiet: { describe: 'No line for each probe: on a terminal one that changes, and the figures at the end' },
    verbose: { describe: 'Ports and windows too, and what was passed over, with the reason' },
  }),
];

/** Of the segment options those that a whole connection has too. */
const OF_CONNECTIONS: ReadonlySet<string> = new Set([
  'window',
  'ttl',
  'tos',
  'dscp',
  'ecn',
  ...[...SYN_OPTIONS, ...DATA_OPTIONS].map(({ name }) => name),
]);

export const pingCommand: CommandBody = {
  positionals: [
    { name: 'HOST', describe: 'Name or IPv4 address; HOST:PORT is taken too', required: true },
    { name: 'PORT', describe: 'Number or service name; or more targets as HOST:PORT, probed in turn', required: false, repeatable: true },
  ],
  options: OPTIONS,
  refused: REFUSED_OPTIONS,
  examples: [
    ['rawshake ping example.com 443 -c 5', 'a SYN a second, five of them; without -c on and on until Ctrl-C'],
    ['rawshake ping example.com:80 example.com:443 -c 10 -i 0.2', 'two ports in turn, and a table at the end'],
    ['rawshake ping example.com 443 -c 100 -i 0.1 -q --loss-limit 1 --rtt-limit 50', 'a check for a script: exit 3 where it is worse'],
  ],
  run: withCapture(run),
};

async function run(args: Args, processIo: Io, capture: CaptureFile | undefined): Promise<number> {
  keepHeapSmall();
  const io = gatherOutput(processIo);
  const spec = readSegmentSpec(args);
  const named = readPingTargets(args, spec);
  const request = readRequest(args, spec, named.length);
  checkSegments([{ spec }]);
  const seed = readSeed(args);
  const targets = await resolveTargets(named, request.deadlineMs, io);
  const json = args.flag('json') === true;
  const quiet = args.flag('quiet') === true;
  const reporter = createPingReporter({
    write: (text) => io.stdout.write(text),
    status: quiet && io.stderr.isTTY ? (text) => io.stderr.write(`\r${text}\x1b[K`) : undefined,
    ...lookOf(io, args),
    quiet,
    verbose: args.count('verbose') > 0,
    histogram: args.flag('histogram') === true,
    targets,
    isEndless: request.count === Number.POSITIVE_INFINITY,
  });
  // Each probe has a port of its own, and a guard on it; from one to the next there may be a while without any.
  const network = openNetwork(args, io, [CAP_NET_ADMIN, CAP_NET_BIND_SERVICE], { keepSockets: true });
  try {
    return await present(
      (signal) =>
        ping(
          { ...request, targets, segments: capture !== undefined },
          { ...createContext(network, seed), signal, onFiguresWanted: (wanted) => io.onQuit(wanted) },
        ),
      {
        json,
        reporter,
        waitsFor: () => undefined,
        exitCode: pingExitCode,
        endsByInterrupt: request.count === Number.POSITIVE_INFINITY,
        listeners: [capture],
        onlyForListeners: ({ type }) => type === 'segment' || type === 'icmp',
      },
      io,
    );
  } finally {
    network.close();
    io.flush();
  }
}

function readPingTargets(args: Args, spec: SegmentSpec): Target[] {
  const { positionals } = args;
  if (spec.bytes !== undefined) return [readSegmentTarget(args, spec)];
  const targets = readTargets(positionals);
  if (targets.length > MOST_TARGETS) throw usageError(`${targets.length} targets`, `give ${MOST_TARGETS} at most`);
  return targets;
}

function readRequest(args: Args, spec: SegmentSpec, targets: number): Omit<PingRequest, 'targets'> {
  const sourcePort = readSourcePort(args, spec);
  const fixedPort = args.flag('fixed-port') === true;
  if (sourcePort !== undefined && targets > 1)
    throw usageError('--source-port and more than one target', 'one port can lead to one target only; --fixed-port gives each its own');
  const full = args.flag('full') ? readFull(args, spec) : undefined;
  if (full !== undefined && (fixedPort || sourcePort !== undefined))
    throw usageError(
      `--full and --${fixedPort ? 'fixed' : 'source'}-port at once`,
      'a connection must be long over before its port is used again',
    );
  return {
    ...PING_DEFAULTS,
    source: args.read('source', address),
    sourcePort,
    interfaceName: args.text('interface'),
    fixedPort: fixedPort || sourcePort !== undefined,
    spec,
    full,
    count: args.read('count', (option, text) => integer(option, text, 1, Number.MAX_SAFE_INTEGER)) ?? PING_DEFAULTS.count,
    intervalMs: args.read('interval', seconds) ?? PING_DEFAULTS.intervalMs,
    timeoutMs: args.read('timeout', someSeconds) ?? PING_DEFAULTS.timeoutMs,
    deadlineMs: args.read('deadline', someSeconds) ?? PING_DEFAULTS.deadlineMs,
    lossLimitPercent: args.read('loss-limit', (option, text) => number(option, text, 0, 100)),
    rttLimitMs: args.read('rtt-limit', (option, text) => number(option, text, 0, 1e8)),
  };
}

function readFull(args: Args, { window, ttl, tos, payload }: SegmentSpec): NonNullable<PingRequest['full']> {
  const other = SEGMENT_OPTIONS.find(({ name }) => !OF_CONNECTIONS.has(name) && args.flag(name) !== undefined);
  if (other !== undefined)
    throw usageError(`--full and --${other.name} at once`, 'a whole connection has the flags and numbers that it must have');
  return {
    window,
    synOptions: readSynOptions(args),
    ...(ttl === undefined ? {} : { ttl }),
    ...(tos === undefined ? {} : { tos }),
    data: payload === undefined || payload.length === 0 ? [] : [payload],
  };
}

async function resolveTargets(named: readonly Target[], deadlineMs: number, io: Io): Promise<PingTarget[]> {
  const targets: PingTarget[] = [];
  for (const { host, port } of named) {
    const { address, note } = await resolveTarget(host, io, deadlineMs);
    if (note !== undefined) writeNote(note, io);
    targets.push({ host, address, port });
  }
  return targets;
}
