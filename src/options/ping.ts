/** The options of `ping` as data, and the request that they make. */
import { PING_DEFAULTS, type PingRequest } from '../probe/ping/request.ts';
import type { SegmentSpec } from '../probe/segment-spec.ts';
import type { Args } from './args.ts';
import { checkSegments } from './check-segments.ts';
import { usageError } from './errors.ts';
import {
  EXPECT_OPTION,
  type Option,
  OUTPUT_OPTIONS,
  PATH_OPTIONS,
  PCAP_OPTION,
  PRIVILEGE_OPTIONS,
  reworded,
  TIME_OPTIONS,
} from './options.ts';
import { checkConnectionOptions, readSegmentSpec, SEGMENT_OPTIONS } from './segment-options.ts';
import { readSegmentPath, readSegmentTarget } from './segment-target.ts';
import { readSynOptions } from './syn-options.ts';
import { readTargets, type Target } from './target.ts';
import { number, seconds, someSeconds, within } from './values.ts';

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

export const PING_OPTIONS: readonly Option[] = [
  ...PROBE_OPTIONS,
  ...reworded(SEGMENT_OPTIONS, { 'ip-id': { describe: 'Identification; default: random' } }),
  ...reworded(PATH_OPTIONS, { 'source-port': { describe: 'Send all probes from this port; default: each from another one' } }),
  ...reworded(TIME_OPTIONS, {
    timeout: { describe: 'After so long without an answer a probe is lost', default: '1' },
    deadline: { describe: 'Longest time for the whole command; default: none', default: undefined },
  }),
  EXPECT_OPTION,
  ...PRIVILEGE_OPTIONS,
  PCAP_OPTION,
  ...reworded(OUTPUT_OPTIONS, {
    quiet: { describe: 'No line for each probe: on a terminal one that changes, and the figures at the end' },
    verbose: { describe: 'Ports and windows too, and what was passed over, with the reason' },
  }),
];

/** What was asked for, over the defaults, and its targets before they are looked up. @throws CliError */
export function readPing(args: Args): { named: readonly Target[]; request: Omit<PingRequest, 'targets'> } {
  const spec = readSegmentSpec(args);
  const named = readPingTargets(args, spec);
  const request = readRequest(args, spec, named.length);
  checkSegments([{ spec }]);
  return { named, request };
}

function readPingTargets(args: Args, spec: SegmentSpec): Target[] {
  const { positionals } = args;
  if (spec.bytes !== undefined) return [readSegmentTarget(args, spec)];
  const targets = readTargets(positionals);
  if (targets.length > MOST_TARGETS) throw usageError(`${targets.length} targets`, `give ${MOST_TARGETS} at most`);
  return targets;
}

function readRequest(args: Args, spec: SegmentSpec, targets: number): Omit<PingRequest, 'targets'> {
  const path = readSegmentPath(args, spec);
  const { sourcePort } = path;
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
    ...path,
    fixedPort: fixedPort || sourcePort !== undefined,
    spec,
    full,
    count: args.read('count', within(1, Number.MAX_SAFE_INTEGER)) ?? PING_DEFAULTS.count,
    intervalMs: args.read('interval', seconds) ?? PING_DEFAULTS.intervalMs,
    timeoutMs: args.read('timeout', someSeconds) ?? PING_DEFAULTS.timeoutMs,
    deadlineMs: args.read('deadline', someSeconds) ?? PING_DEFAULTS.deadlineMs,
    lossLimitPercent: args.read('loss-limit', (option, text) => number(option, text, 0, 100)),
    rttLimitMs: args.read('rtt-limit', (option, text) => number(option, text, 0, 1e8)),
  };
}

function readFull(args: Args, { window, ttl, tos, payload }: SegmentSpec): NonNullable<PingRequest['full']> {
  checkConnectionOptions(args, 'full', 'a whole connection has the flags and numbers that it must have');
  return {
    window,
    synOptions: readSynOptions(args),
    ...(ttl === undefined ? {} : { ttl }),
    ...(tos === undefined ? {} : { tos }),
    data: payload === undefined || payload.length === 0 ? [] : [payload],
  };
}
