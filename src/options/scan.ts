/** The options of `scan` as data, and what a command line makes of them. */
import { resolvePort, tcpServices } from '../net/resolve.ts';
import type { Verdict } from '../probe/events.ts';
import type { IntervalSet } from '../probe/scan/intervals.ts';
import { parsePorts, topPorts } from '../probe/scan/ports.ts';
import { SCAN_DEFAULTS, type ScanRequest } from '../probe/scan/request.ts';
import { REQUIRED_VERDICTS } from '../probe/scan/result.ts';
import { parseShard } from '../probe/scan/shard.ts';
import { TECHNIQUES, type Technique, type TechniqueName, techniqueOf } from '../probe/scan/technique.ts';
import { TOP_PORTS } from '../probe/scan/top-ports.ts';
import { VERDICTS } from '../probe/schema/words.ts';
import type { SegmentSpec } from '../probe/segment-spec.ts';
import { RULES } from '../probe/verdict.ts';
import type { Args } from './args.ts';
import { readPath } from './common.ts';
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
import { readSegmentSpec, SEGMENT_OPTIONS } from './segment-options.ts';
import { among, nearest, number, oneOf, someSeconds, within } from './values.ts';

/** Most of what anybody looks for is there. */
const DEFAULT_TOP = 1000;
/** What can be asked for without `--yes`: pairs of host and port. */
export const MOST_PAIRS = 10_000_000;

const FASTEST_PPS = 10_000_000;
const MOST_RETRIES = 100;
const TECHNIQUE_NAMES = Object.keys(TECHNIQUES) as TechniqueName[];
/** What is listed unless something else is asked for: what may be open. */
const MAYBE_OPEN: readonly Verdict[] = ['open', 'unfiltered', 'open|filtered'];

const OWN_OPTIONS: readonly Option[] = [
  {
    name: 'ports',
    alias: 'p',
    argument: 'PORTS',
    once: 'give all ports in one, with commas between',
    group: 'Targets',
    describe: `Numbers, ranges and service names, such as 22,80,8000-8099,https; -1023 and 49152- are open to one side, - is all. Default: --top ${DEFAULT_TOP}`,
  },
  {
    name: 'top',
    argument: 'N',
    group: 'Targets',
    describe: `The N ports on which something is likeliest to listen, 1 to ${TOP_PORTS.length}. The order is our own: RFCs, IANA's registry and the defaults of server software, no counting`,
  },
  { name: 'exclude', argument: 'HOSTS', repeatable: true, group: 'Targets', describe: 'Leave these out: as TARGETS, with commas between' },
  { name: 'exclude-file', argument: 'FILE', repeatable: true, group: 'Targets', describe: 'Leave out what the file lists' },
  {
    name: 'allow-reserved',
    group: 'Targets',
    describe: 'Scan reserved ranges and multicast too (RFC 6890); private ones and loopback are always scanned',
  },
  {
    name: 'shard',
    argument: 'I/N',
    group: 'Targets',
    describe: 'Scan part I of N, the others are for other machines; auto: as a Kubernetes Indexed Job or a Slurm array tells',
  },
  { name: 'yes', group: 'Targets', describe: `Go ahead with more than ${MOST_PAIRS / 1e6} million pairs of host and port` },
  {
    name: 'technique',
    argument: 'NAME',
    choices: TECHNIQUE_NAMES,
    group: 'Sending',
    describe: `What to probe with: ${TECHNIQUE_NAMES.join(', ')}`,
    default: 'syn',
  },
  { name: 'rate', argument: 'PPS', group: 'Sending', describe: 'Probes a second at most; default: what the path is seen to carry' },
  {
    name: 'retries',
    argument: 'N',
    group: 'Sending',
    describe: 'Try a silent port so often again; default: as often as the loss that is measured asks for',
  },
  {
    name: 'confidence',
    argument: 'P',
    group: 'Sending',
    describe: 'How likely no port of the whole scan may be called silent only because packets were lost: over 0 and under 1',
    default: '0.999',
  },
  {
    name: 'max-time',
    alias: 'w',
    argument: 'SECONDS',
    group: 'Time',
    describe: 'Longest time for the whole scan, which then exits with 3; default: none',
  },
  {
    name: 'show',
    argument: 'WHAT',
    once: 'give all verdicts in one, with commas between',
    group: 'Output',
    describe: `Ports to list: ${VERDICTS.join(', ')}, with commas between, or all; the others are counted. Default: what may be open`,
  },
  {
    name: 'require',
    argument: 'VERDICT',
    choices: REQUIRED_VERDICTS,
    group: 'Output',
    describe: 'Exit 0 only where every port is so, else 1 where all are closed, 2 where all are filtered, 3 else',
  },
  {
    name: 'csv',
    argument: 'FILE',
    group: 'Output',
    describe: 'Write what is listed as CSV too, in the place of what the file holds. -: to stdout, and the text to stderr',
  },
  {
    name: 'resume',
    argument: 'FILE',
    group: 'Output',
    describe: 'Keep in this file how far the scan is, and go on from there if it is in it; gone when the scan is complete',
  },
];

const isOfGroup =
  (group: Option['group']) =>
  ({ group: own }: Option): boolean =>
    own === group;

const [TARGET_OPTIONS, SENDING_OPTIONS, TIME, OUTPUT] = (['Targets', 'Sending', 'Time', 'Output'] as const).map((group) =>
  OWN_OPTIONS.filter(isOfGroup(group)),
) as [Option[], Option[], Option[], Option[]];

/** A whole segment as hex has ports of its own, and no probe is so long that it would have to be cut up. */
const CRAFTING = SEGMENT_OPTIONS.filter(({ name }) => name !== 'hex' && name !== 'fragment');

export const SCAN_OPTIONS: readonly Option[] = [
  ...TARGET_OPTIONS,
  ...SENDING_OPTIONS,
  ...reworded(CRAFTING, {
    flags: {
      describe: 'In the place of --technique, any mix: SYN,ACK or SA or 0x12 or none; FIN SYN RST PSH ACK URG ECE CWR AE',
      default: undefined,
    },
    seq: { describe: 'Sequence number; default: a keyed hash, which proves that an answer is to our probe' },
    ack: { describe: 'Acknowledgment number; default: the same hash with ACK, else 0' },
    checksum: { describe: 'A value, or wrong: any but the right one. Default: the right one' },
    'tcp-options': { describe: 'Whose SYN options to send: none, linux, bsd or windows; default: an MSS alone, or what is named' },
    'ip-id': { describe: 'Identification; default: random' },
  }),
  ...reworded(PATH_OPTIONS, {
    'source-port': { describe: 'Send all attempts from this port, which then can not be told apart; default: each from another one' },
  }),
  ...TIME,
  ...reworded(
    TIME_OPTIONS.filter(({ name }) => name !== 'deadline'),
    {
      timeout: { describe: 'Longest wait for an answer while the round trip is not known', default: '1' },
      seed: {
        describe:
          'Repeat every random choice, the order of probes too. The parts of a scan must have the same; theirs is 0 unless it is given',
      },
    },
  ),
  EXPECT_OPTION,
  ...PRIVILEGE_OPTIONS,
  PCAP_OPTION,
  ...OUTPUT,
  ...reworded(OUTPUT_OPTIONS, {
    json: { describe: 'Print JSON Lines: one object a listed port, the last one the result' },
    quiet: { describe: 'Print a line for each listed port when it is found, and nothing else' },
    verbose: { describe: 'Also each listed port when it is found, and how often it was tried' },
  }),
];

/** @throws CliError, InputError */
export function readPorts(args: Args): IntervalSet {
  const top = args.read('top', within(1, TOP_PORTS.length));
  const text = args.text('ports');
  if (text === undefined) return topPorts('--top', top ?? DEFAULT_TOP);
  if (top !== undefined) throw usageError('--ports and --top at once', 'give one of them');
  return parsePorts('--ports', text, { resolvePort, nearestName: (name) => nearest(name, [...tcpServices().keys()]) });
}

/** @throws CliError */
function readTechnique(args: Args, flags: number | undefined): Technique {
  const name = args.read('technique', among(TECHNIQUE_NAMES));
  if (flags === undefined) return TECHNIQUES[name ?? 'syn'];
  if (name !== undefined) throw usageError('--technique and --flags at once', 'a technique is a choice of flags: give one of them');
  return techniqueOf(flags);
}

/** The ports to be told of, among those that a technique can find. @throws CliError */
function readShown(args: Args, { kind }: Technique): ReadonlySet<Verdict> {
  const words = args.read('show', (option, text) => text.split(',').map((word) => oneOf(option, word.trim(), [...VERDICTS, 'all'])));
  if (words?.includes('all')) return new Set(VERDICTS);
  if (words !== undefined) return new Set(words as Verdict[]);
  const possible = new Set(Object.values(RULES[kind]).map(({ verdict }) => verdict));
  return new Set(MAYBE_OPEN.filter((verdict) => possible.has(verdict)));
}

/** What a probe has beside the technique's flags: only what was asked for, so that the rest is as is best for a scan. */
function readProbeSpec(args: Args): SegmentSpec {
  const { namedOptions, options = [], ...spec } = readSegmentSpec(args);
  const given = Object.entries(spec).filter(([name, value]) => value !== undefined && (name !== 'payload' || spec.payload?.length !== 0));
  const hasOptions = CRAFTING.some(
    ({ name, group }) => group === 'TCP options' && (args.flag(name) !== undefined || args.texts(name).length > 0),
  );
  return {
    ...Object.fromEntries(given),
    ...(hasOptions ? { namedOptions: { ...namedOptions, preset: namedOptions?.preset ?? 'none' }, options } : {}),
  };
}

/** A number between 0 and 1. */
function probability(option: string, text: string): number {
  const value = number(option, text, 0, 1);
  if (value === 0 || value === 1) throw usageError(`${option}: ${text} is out of range`, 'give more than 0 and less than 1, such as 0.999');
  return value;
}

type Asked = Omit<ScanRequest, 'targets' | 'ports' | 'seed'> & { tell: NonNullable<ScanRequest['tell']> };

/** What was asked for, over the defaults; all but hosts, ports and seed. @throws CliError, InputError */
export function readScan(args: Args, env: Readonly<Record<string, string | undefined>>): Asked {
  const { flags, ...spec } = readProbeSpec(args);
  const technique = readTechnique(args, flags);
  return {
    ...SCAN_DEFAULTS,
    technique,
    spec,
    ...readPath(args),
    shard: args.read('shard', (option, text) => parseShard(option, text, env)),
    ratePps: args.read('rate', within(1, FASTEST_PPS)),
    retries: args.read('retries', within(0, MOST_RETRIES)),
    confidence: args.read('confidence', probability) ?? SCAN_DEFAULTS.confidence,
    timeoutMs: args.read('timeout', someSeconds) ?? SCAN_DEFAULTS.timeoutMs,
    maxTimeMs: args.read('max-time', someSeconds) ?? SCAN_DEFAULTS.maxTimeMs,
    tell: readShown(args, technique),
  };
}
