/** The options of `listen` as data, and the request that they make. */
import { LISTEN_DEFAULTS, type ListenRequest, type ServedClose } from '../probe/listen/request.ts';
import { parseIpv4 } from '../wire/address.ts';
import type { Args } from './args.ts';
import { readDataEachTime } from './data.ts';
import { CLOSE_TIME_OPTIONS, ENDPOINT_OPTIONS, readEndpoint } from './endpoint.ts';
import { usageError } from './errors.ts';
import { FAULT_NAMES, PATH_FAULT_NAMES, readFaults } from './faults.ts';
import {
  ABSOLUTE_OPTION,
  DATA_OPTIONS,
  IP_HEADER_OPTIONS,
  type Option,
  OUTPUT_OPTIONS,
  PCAP_OPTION,
  PRIVILEGE_OPTIONS,
  reworded,
  SYN_OPTIONS,
  TIME_OPTIONS,
} from './options.ts';
import { readPort } from './target.ts';
import { address, among, quote, within } from './values.ts';

const CLOSE_KINDS = ['active', 'passive', 'half', 'reset', 'none'] as const satisfies readonly ServedClose[];
const MOST_PORTS = 64;
const MOST_CONNECTIONS = 65_535;

const SERVED_OPTIONS: readonly Option[] = [
  { name: 'echo', group: 'Data', describe: 'Send back what comes' },
  { name: 'discard', group: 'Data', describe: 'Take what comes and say nothing; so it is without --echo and --data' },
  ...reworded(DATA_OPTIONS, {
    data: { describe: String.raw`Send this text to each who connects; \r \n \t \0 \\ and \xNN are escapes` },
  }),
  {
    name: 'close',
    argument: 'KIND',
    choices: CLOSE_KINDS,
    group: 'Close',
    describe:
      "How to end each connection. active: our FIN first, after our data; passive: wait for the peer's FIN; half: our FIN right after our data, then receive; reset: RST; none: say nothing more. Default: active with data of ours and no --echo, else passive",
  },
  ...CLOSE_TIME_OPTIONS,
  { name: 'count', alias: 'c', argument: 'N', group: 'Limits', describe: 'End after N connections; default: on and on, until Ctrl-C' },
  {
    name: 'backlog',
    argument: 'N',
    group: 'Limits',
    describe: 'Handshakes under way at once; SYNs beyond them are answered by SYN cookies, 0: all are',
    default: '1024',
  },
  {
    name: 'max-connections',
    argument: 'N',
    group: 'Limits',
    describe: 'Connections open at once; a SYN beyond them is dropped',
    default: '1024',
  },
];

const FAULT_OPTIONS: readonly Option[] = [
  {
    name: 'fault',
    argument: 'LIST',
    repeatable: true,
    group: 'Faults',
    describe:
      'Do wrong on purpose. To what we send: drop=SHARE, duplicate=SHARE, reorder=SHARE, corrupt=SHARE (0 to 1), delay=TIME, jitter=TIME (20ms). Of our own: wrong-ack, no-final-ack, zero-window or zero-window=TIME, rst-after=BYTES',
  },
  {
    name: 'fault-received',
    argument: 'LIST',
    repeatable: true,
    group: 'Faults',
    describe: 'To what comes: drop, duplicate, reorder, corrupt, delay, jitter',
  },
];

export const LISTEN_OPTIONS: readonly Option[] = [
  ...SERVED_OPTIONS,
  ...FAULT_OPTIONS,
  ...reworded(ENDPOINT_OPTIONS, { isn: { describe: 'Our initial sequence number in each connection; default: random (RFC 6528)' } }),
  ...reworded(SYN_OPTIONS, {
    'tcp-options': { describe: 'Whose SYN+ACK options to send, as far as the peer offers them: none, linux, bsd or windows' },
    timestamps: { describe: 'Offer timestamps; with values: first TSval' },
  }),
  ...IP_HEADER_OPTIONS,
  { name: 'source', argument: 'ADDRESS', group: 'Path', describe: 'Answer on this address of ours alone; default: on all' },
  ...reworded(TIME_OPTIONS, {
    timeout: {
      describe: "Longest wait for the peer's data or FIN, for progress on our data, and from our FIN to the end",
      default: '60',
    },
    deadline: { describe: 'Longest time for the whole command; default: none', default: undefined },
    seed: { describe: 'Repeat every random choice: ISN, timestamps, identification, faults' },
  }),
  ...PRIVILEGE_OPTIONS,
  ABSOLUTE_OPTION,
  PCAP_OPTION,
  ...reworded(OUTPUT_OPTIONS, {
    quiet: { describe: 'Print one line at the end' },
    verbose: { describe: 'Print every segment of every connection' },
  }),
];

/** What was asked for, over the defaults, and whether there is anything to say. @throws CliError */
export function readListen(args: Args): { request: Omit<ListenRequest, 'segments'>; hasData: boolean } {
  const { data, hasData } = readDataEachTime(args);
  const echo = args.flag('echo') === true;
  if (args.flag('discard') && (echo || hasData)) throw usageError(`--discard and --${echo ? 'echo' : 'data'} at once`, 'give one of them');
  const { path: sentFaults, own } = readFaults('--fault', args.texts('fault'), FAULT_NAMES);
  const { path: receivedFaults } = readFaults('--fault-received', args.texts('fault-received'), PATH_FAULT_NAMES);
  const request = {
    ports: readPorts(args.positionals),
    source: args.read('source', address),
    ...readEndpoint(args, LISTEN_DEFAULTS),
    echo,
    data,
    close: args.read('close', among(CLOSE_KINDS)) ?? (hasData && !echo ? 'active' : LISTEN_DEFAULTS.close),
    count: args.read('count', within(1, Number.MAX_SAFE_INTEGER)) ?? LISTEN_DEFAULTS.count,
    backlog: args.read('backlog', within(0, MOST_CONNECTIONS)) ?? LISTEN_DEFAULTS.backlog,
    maxConnections: args.read('max-connections', within(1, MOST_CONNECTIONS)) ?? LISTEN_DEFAULTS.maxConnections,
    misbehaviour: { ...LISTEN_DEFAULTS.misbehaviour, ...own },
    sentFaults,
    receivedFaults,
  };
  return { request, hasData };
}

function readPorts(words: readonly string[]): number[] {
  const texts = words.flatMap((word) => word.split(','));
  if (texts.includes('')) throw usageError('PORT: a port is missing', 'give ports such as 80,443');
  const addressed = texts.find((text) => parseIpv4(text.replace(/:.*/, '')) !== undefined);
  if (addressed !== undefined)
    throw usageError(`PORT: ${quote(addressed)} has an address`, 'give the port alone, and which address to answer on as --source ADDRESS');
  const ports = texts.map((text) => readPort('PORT', text));
  const twice = ports.find((port, i) => ports.indexOf(port) < i);
  if (twice !== undefined) throw usageError(`PORT: ${twice} twice`, 'give each port once');
  if (ports.length > MOST_PORTS) throw usageError(`${ports.length} ports`, `give ${MOST_PORTS} at most`);
  return ports;
}
