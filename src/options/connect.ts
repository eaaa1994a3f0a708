/** The options of `connect` as data, and the request that they make. */
import { CONNECT_DEFAULTS, type ConnectRequest } from '../probe/connect/request.ts';
import { CLOSE_KINDS } from '../probe/schema/words.ts';
import type { Args } from './args.ts';
import { readPath } from './common.ts';
import { readData } from './data.ts';
import { CLOSE_TIME_OPTIONS, ENDPOINT_OPTIONS, readEndpoint } from './endpoint.ts';
import { usageError } from './errors.ts';
import {
  ABSOLUTE_OPTION,
  DATA_OPTIONS,
  EXPECT_OPTION,
  EXPLAIN_OPTION,
  IP_HEADER_OPTIONS,
  type Option,
  OUTPUT_OPTIONS,
  PATH_OPTIONS,
  PCAP_OPTION,
  PRIVILEGE_OPTIONS,
  SYN_OPTIONS,
  TIME_OPTIONS,
} from './options.ts';
import { readTarget } from './target.ts';
import { among, seconds } from './values.ts';

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
  ...CLOSE_TIME_OPTIONS,
  {
    name: 'hold',
    argument: 'SECONDS',
    group: 'Close',
    describe: 'With --close none: keep our kernel from answering for this long',
    default: '0',
  },
  ...DATA_OPTIONS,
  {
    name: 'save',
    argument: 'FILE',
    group: 'Data',
    describe: 'Write what the peer sends to the file. -: to stdout, and the text to stderr',
  },
  ...ENDPOINT_OPTIONS,
  ...SYN_OPTIONS,
  ...IP_HEADER_OPTIONS,
  ...PATH_OPTIONS,
  ...TIME_OPTIONS,
  EXPECT_OPTION,
  ...PRIVILEGE_OPTIONS,
  EXPLAIN_OPTION,
  ABSOLUTE_OPTION,
  PCAP_OPTION,
  ...OUTPUT_OPTIONS,
];

/** What was asked for, over the defaults; all but the target's address. @throws CliError */
export function readConnect(args: Args): Omit<ConnectRequest, 'address'> {
  const { host, port } = readTarget(args.positionals);
  const close = args.read('close', among(CLOSE_KINDS)) ?? CONNECT_DEFAULTS.close;
  const holdMs = args.read('hold', seconds);
  if (holdMs !== undefined && close !== 'none') throw usageError('--hold without --close none', 'what is closed needs no holding');
  return {
    ...CONNECT_DEFAULTS,
    host,
    port,
    ...readPath(args),
    ...readEndpoint(args, CONNECT_DEFAULTS),
    close,
    holdMs: holdMs ?? CONNECT_DEFAULTS.holdMs,
    data: readData(args),
  };
}
