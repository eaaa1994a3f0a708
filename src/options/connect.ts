/** The options of `connect` as data, and the request that they make. */
import { CONNECT_DEFAULTS, type ConnectRequest } from '../probe/connect/request.ts';
import type { CloseKind } from '../probe/events.ts';
import type { Args } from './args.ts';
import { readData } from './data.ts';
import { usageError } from './errors.ts';
import {
  DATA_OPTIONS,
  EXPECT_OPTION,
  IP_HEADER_OPTIONS,
  type Option,
  OUTPUT_OPTIONS,
  PATH_OPTIONS,
  PCAP_OPTION,
  PRIVILEGE_OPTIONS,
  SYN_OPTIONS,
  TIME_OPTIONS,
} from './options.ts';
import { readSynOptions } from './syn-options.ts';
import { readPort, readTarget } from './target.ts';
import { address, integer, MAX_32, oneOf, seconds, someSeconds } from './values.ts';

const CLOSE_KINDS = ['active', 'passive', 'half', 'simultaneous', 'reset', 'none'] as const satisfies readonly CloseKind[];

export const CONNECT_OPTIONS: readonly Option[] = [
  {
    name: 'close',
    argument: 'KIND',
    choices: CLOSE_KINDS,
    group: 'Close',
    describe:
      "How to end it. active: our FIN first; passive: wait for the peer's FIN; half: our FIN right after our data, then receive; simultaneous: both FINs cross; reset: RST; none: say nothing more",
    default: 'active',
  },
  {
    name: 'idle',
    argument: 'SECONDS',
    group: 'Close',
    describe: 'After our data: how long the peer may be silent before we go on to close',
    default: '0.5',
  },
  {
    name: 'time-wait',
    argument: 'SECONDS',
    group: 'Close',
    describe: 'How long to stay in TIME-WAIT, to answer a FIN that comes again',
    default: '1.2',
  },
  {
    name: 'hold',
    argument: 'SECONDS',
    group: 'Close',
    describe: 'With --close none: keep our kernel from answering for this long',
    default: '0',
  },
  ...DATA_OPTIONS,
  { name: 'save', argument: 'FILE', group: 'Data', describe: 'Write what the peer sends to the file' },
  { name: 'isn', alias: 'seq', argument: 'N', group: 'TCP header', describe: 'Our initial sequence number; default: random (RFC 6528)' },
  {
    name: 'window',
    argument: 'N',
    group: 'TCP header',
    describe: 'Window field of all our segments, unscaled; default: 64240, then what we can take',
  },
  ...SYN_OPTIONS,
  ...IP_HEADER_OPTIONS,
  ...PATH_OPTIONS,
  ...TIME_OPTIONS,
  EXPECT_OPTION,
  ...PRIVILEGE_OPTIONS,
  { name: 'explain', group: 'Output', describe: 'Say in plain words what each step means' },
  { name: 'absolute', group: 'Output', describe: 'Print absolute sequence numbers' },
  PCAP_OPTION,
  ...OUTPUT_OPTIONS,
];

/** What was asked for, over the defaults; all but the target's address. @throws CliError */
export function readConnect(args: Args): Omit<ConnectRequest, 'address'> {
  const { host, port } = readTarget(args.positionals);
  const within = (least: number, most: number) => (option: string, text: string) => integer(option, text, least, most);
  const close = args.read('close', (option, text) => oneOf(option, text, CLOSE_KINDS)) ?? CONNECT_DEFAULTS.close;
  const holdMs = args.read('hold', seconds);
  if (holdMs !== undefined && close !== 'none') throw usageError('--hold without --close none', 'what is closed needs no holding');
  return {
    ...CONNECT_DEFAULTS,
    host,
    port,
    source: args.read('source', address),
    sourcePort: args.read('source-port', readPort),
    interfaceName: args.text('interface'),
    iss: args.read('isn', within(0, MAX_32)),
    synOptions: readSynOptions(args),
    window: args.read('window', within(0, 0xffff)),
    ttl: args.read('ttl', within(1, 255)) ?? CONNECT_DEFAULTS.ttl,
    tos: args.read('tos', within(0, 255)) ?? CONNECT_DEFAULTS.tos,
    close,
    idleMs: args.read('idle', seconds) ?? CONNECT_DEFAULTS.idleMs,
    timeoutMs: args.read('timeout', someSeconds) ?? CONNECT_DEFAULTS.timeoutMs,
    deadlineMs: args.read('deadline', someSeconds) ?? CONNECT_DEFAULTS.deadlineMs,
    timeWaitMs: args.read('time-wait', seconds) ?? CONNECT_DEFAULTS.timeWaitMs,
    holdMs: holdMs ?? CONNECT_DEFAULTS.holdMs,
    data: readData(args),
  };
}
