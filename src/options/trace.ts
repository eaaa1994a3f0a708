/** The options of `trace` as data, and the request that they make. */
import type { SegmentSpec } from '../probe/segment-spec.ts';
import { TRACE_DEFAULTS, type TraceRequest, type TraceWait } from '../probe/trace/request.ts';
import type { Args } from './args.ts';
import { checkSegments } from './check-segments.ts';
import { usageError } from './errors.ts';
import {
  DATA_OPTIONS,
  EXPECT_OPTION,
  type Option,
  OUTPUT_OPTIONS,
  PATH_OPTIONS,
  PCAP_OPTION,
  PRIVILEGE_OPTIONS,
  reworded,
  TIME_OPTIONS,
} from './options.ts';
import { checkConnectionOptions, REFUSED_OPTIONS, readSegmentSpec, SEGMENT_OPTIONS } from './segment-options.ts';
import { checkSourcePorts, readSegmentPath, readSegmentTarget } from './segment-target.ts';
import { number, quote, someSeconds, within } from './values.ts';

const HIGHEST_TTL = 255;
const MOST_PROBES = 100;
const MOST_FLOWS = 256;
const FASTEST_PPS = 1_000_000;

const SENDING_OPTIONS: readonly Option[] = [
  { name: 'first-ttl', alias: 'f', argument: 'N', group: 'Sending', describe: 'The first hop to look at', default: '1' },
  { name: 'max-ttl', alias: 'm', argument: 'N', group: 'Sending', describe: 'The last hop to look at, up to 255', default: '30' },
  { name: 'probes', argument: 'N', group: 'Sending', describe: 'Probes of each hop, one a round, up to 100', default: '3' },
  { name: 'gap', argument: 'N', group: 'Sending', describe: 'So many silent hops in a row end it', default: '5' },
  { name: 'rate', argument: 'N', group: 'Sending', describe: 'Probes a second at most', default: '10000' },
  {
    name: 'wait',
    argument: 'MAX[,HERE,NEAR]',
    group: 'Time',
    describe:
      'Longest wait for an answer in seconds; and no longer than HERE times the longest round trip of the same hop, or NEAR times that of the nearest hop behind it that answers',
    default: '5,3,10',
  },
  {
    name: 'flows',
    argument: 'N',
    group: 'Sending',
    describe: 'Try N flows, each from a port of its own, up to 256, and draw their ways as a tree where balancers part them',
    default: '1',
  },
  {
    name: 'inside',
    group: 'Sending',
    describe: 'Make the connection first and send the probes inside it, so that firewalls that track connections let them pass',
  },
  { name: 'mtu', group: 'Sending', describe: 'Find the path MTU too, also where routers keep silent about it' },
  {
    name: 'watch',
    argument: 'SECONDS',
    group: 'Sending',
    describe: 'A round each so many seconds until Ctrl-C, as a table that changes in place; piped: a block a round',
  },
  { name: 'numeric', alias: 'n', group: 'Output', describe: 'Look up no names of addresses' },
  { name: 'dot', group: 'Output', describe: 'Print the graph of the ways for graphviz, and nothing else' },
];

export const TRACE_OPTIONS: readonly Option[] = [
  ...SENDING_OPTIONS,
  ...reworded(
    SEGMENT_OPTIONS.filter(({ name }) => name !== 'ttl'),
    {
      seq: {
        describe: 'Sequence number of the first probe; each later one has a higher one, by which answers are told apart. Default: random',
      },
    },
  ),
  ...reworded(PATH_OPTIONS, { 'source-port': { describe: 'Send from this port; with --flows the first of as many. Default: free ones' } }),
  ...reworded(
    TIME_OPTIONS.filter(({ name }) => name !== 'timeout'),
    { deadline: { describe: 'Longest time for the whole command; with --watch there is none unless it is given' } },
  ),
  EXPECT_OPTION,
  ...PRIVILEGE_OPTIONS,
  PCAP_OPTION,
  ...reworded(OUTPUT_OPTIONS, {
    json: { describe: 'Print JSON Lines: one object a hop, the last one the result' },
    verbose: { describe: 'Draw every segment and every answer too, and how much of the segment each hop quotes' },
  }),
];

export const REFUSED_BY_TRACE: ReadonlyMap<string, string> = new Map([
  ...REFUSED_OPTIONS,
  ['ttl', 'each probe has its own; --first-ttl and --max-ttl say from where to where'],
  ['timeout', '--wait says how long an answer is waited for'],
]);

/** What was asked for, over the defaults; all but the target's address. @throws CliError */
export function readTrace(args: Args): Asked {
  const spec = readSegmentSpec(args);
  const { host, port } = readSegmentTarget(args, spec);
  const asked = { host, port, ...readRequest(args, spec) };
  checkTogether(args, asked);
  checkSegments([{ spec }]);
  return asked;
}

type Asked = Omit<TraceRequest, 'address' | 'segments'>;

function readRequest(args: Args, spec: SegmentSpec): Omit<Asked, 'host' | 'port'> {
  const watchMs = args.read('watch', someSeconds);
  const whole = (name: string, most: number): number | undefined => args.read(name, within(1, most));
  return {
    ...TRACE_DEFAULTS,
    ...readSegmentPath(args, spec),
    spec,
    firstTtl: whole('first-ttl', HIGHEST_TTL) ?? TRACE_DEFAULTS.firstTtl,
    maxTtl: whole('max-ttl', HIGHEST_TTL) ?? TRACE_DEFAULTS.maxTtl,
    probes: whole('probes', MOST_PROBES) ?? TRACE_DEFAULTS.probes,
    gap: whole('gap', HIGHEST_TTL) ?? TRACE_DEFAULTS.gap,
    rate: whole('rate', FASTEST_PPS) ?? TRACE_DEFAULTS.rate,
    wait: args.read('wait', wait) ?? TRACE_DEFAULTS.wait,
    flows: whole('flows', MOST_FLOWS) ?? TRACE_DEFAULTS.flows,
    inside: args.flag('inside') === true,
    mtu: args.flag('mtu') === true,
    watchMs,
    deadlineMs: args.read('deadline', someSeconds) ?? (watchMs === undefined ? TRACE_DEFAULTS.deadlineMs : Number.POSITIVE_INFINITY),
  };
}

/** As traceroute has it: `5`, `5,3,10`. */
function wait(option: string, text: string): TraceWait {
  const [max = '', here, near, more] = text.split(',');
  if (more !== undefined || (here !== undefined && near === undefined))
    throw usageError(`${option}: ${quote(text)} is not MAX or MAX,HERE,NEAR`, 'such as 5 or 5,3,10');
  const times = (each: string | undefined, fallback: number): number => (each === undefined ? fallback : number(option, each, 1, 1e6));
  return {
    maxMs: someSeconds(option, max),
    here: times(here, TRACE_DEFAULTS.wait.here),
    near: times(near, TRACE_DEFAULTS.wait.near),
  };
}

/** Those that can't go together, and why. */
const APART: readonly (readonly [string, string, string])[] = [
  ['watch', 'dot', 'a graph is drawn once, at the end: leave one of them out'],
  ['watch', 'flows', 'the table has one way: leave one of them out'],
  ['watch', 'mtu', 'the path MTU is looked for once: leave one of them out'],
  ['inside', 'flows', 'a connection is one flow: leave one of them out'],
  ['watch', 'verbose', 'the table stays where it is; --pcap keeps every segment'],
  ['watch', 'probes', 'with --watch there is one probe of each hop a round, without end: leave --probes out'],
  ['dot', 'json', 'both are for stdout: leave one of them out'],
  ['dot', 'quiet', 'both say what goes to stdout: leave one of them out'],
  ['dot', 'verbose', 'the graph is all that is printed: leave one of them out'],
  ['hex', 'flows', '--hex has one source port: give the fields by name'],
  ['hex', 'mtu', '--hex has one length: give the fields by name'],
];

function checkTogether(args: Args, { firstTtl, maxTtl, flows, sourcePort, inside, mtu, spec }: Asked): void {
  if (firstTtl > maxTtl) throw usageError(`--first-ttl ${firstTtl} is above --max-ttl ${maxTtl}`, 'give a range from low to high');
  for (const [one, other, hint] of APART)
    if (args.flag(one) !== undefined && args.flag(other) !== undefined) throw usageError(`--${one} and --${other} at once`, hint);
  if (inside) checkInside(args);
  if (mtu && mayBeCut(spec))
    throw usageError('--mtu: the datagrams must be whole and stay so', 'leave out --no-df, --mf, --fragment-offset and --fragment');
  checkSourcePorts(sourcePort, flows, 'flow');
}

function checkInside(args: Args): void {
  checkConnectionOptions(args, 'inside', 'probes inside a connection have its flags and numbers');
  const data = DATA_OPTIONS.find(({ name }) => args.flag(name) !== undefined);
  if (data !== undefined)
    throw usageError(`--inside and --${data.name} at once`, 'its probes have old data alone, which nobody reads: leave one of them out');
}

const mayBeCut = ({ dontFragment, moreFragments, fragmentOffset, fragmentBytes }: SegmentSpec): boolean =>
  dontFragment === false || moreFragments === true || fragmentOffset !== undefined || fragmentBytes !== undefined;
