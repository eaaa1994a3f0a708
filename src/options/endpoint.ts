/** What `connect` and `listen` have alike: the options of our end of a connection as data, and how they are read. */
import type { ConnectRequest } from '../probe/connect/request.ts';
import type { Args } from './args.ts';
import type { Option } from './options.ts';
import { readSynOptions } from './syn-options.ts';
import { MAX_32, seconds, someSeconds, within } from './values.ts';

export const CLOSE_TIME_OPTIONS: readonly Option[] = [
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
];

export const ENDPOINT_OPTIONS: readonly Option[] = [
  { name: 'isn', alias: 'seq', argument: 'N', group: 'TCP header', describe: 'Our initial sequence number; default: random (RFC 6528)' },
  {
    name: 'window',
    argument: 'N',
    group: 'TCP header',
    describe: 'Window field of all our segments, unscaled; default: 64240, then what we can take',
  },
];

type Times = Pick<ConnectRequest, 'idleMs' | 'timeoutMs' | 'deadlineMs' | 'timeWaitMs'>;
type Header = Pick<ConnectRequest, 'ttl' | 'tos'>;

/** Of the options above, and of `SYN_OPTIONS`, `IP_HEADER_OPTIONS` and `TIME_OPTIONS`. @throws CliError */
export const readEndpoint = (
  args: Args,
  defaults: Times & Header,
): Times & Header & Pick<ConnectRequest, 'iss' | 'synOptions' | 'window'> => ({
  iss: args.read('isn', within(0, MAX_32)),
  synOptions: readSynOptions(args),
  window: args.read('window', within(0, 0xffff)),
  ttl: args.read('ttl', within(1, 255)) ?? defaults.ttl,
  tos: args.read('tos', within(0, 255)) ?? defaults.tos,
  idleMs: args.read('idle', seconds) ?? defaults.idleMs,
  timeoutMs: args.read('timeout', someSeconds) ?? defaults.timeoutMs,
  deadlineMs: args.read('deadline', someSeconds) ?? defaults.deadlineMs,
  timeWaitMs: args.read('time-wait', seconds) ?? defaults.timeWaitMs,
});
