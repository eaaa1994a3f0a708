/** The options of `send` as data, and the request that they make. */
import { AWAITED, SEND_DEFAULTS, type SendRequest, type Variant } from '../probe/send/request.ts';
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
import { readSegmentSpec, SEGMENT_OPTIONS } from './segment-options.ts';
import { readSegmentPath, readSegmentTarget } from './segment-target.ts';
import { SWEEP_FIELDS, sweep } from './sweep.ts';
import { among, seconds, someSeconds, within } from './values.ts';

/** Between the segments of a sweep, which don't wait for each other's answers. */
const SWEEP_INTERVAL_MS = 10;

const SENDING_OPTIONS: readonly Option[] = [
  { name: 'count', alias: 'c', argument: 'N', group: 'Sending', describe: 'How many times to send it', default: '1' },
  {
    name: 'interval',
    alias: 'i',
    argument: 'SECONDS',
    group: 'Sending',
    describe: 'From one send to the next; 0: as fast as it goes. Default: 1, in a sweep 0.01',
  },
  {
    name: 'sweep',
    argument: 'FIELD=FROM..TO',
    once: 'sweep one field at a time',
    group: 'Sending',
    describe: `A segment for each value, each from a port of its own, in one table of what the peer answers. Fields: ${SWEEP_FIELDS.join(', ')}`,
  },
  {
    name: 'repeat-until',
    argument: 'ANSWER',
    choices: AWAITED,
    group: 'Sending',
    describe: `Send again, --count times at most, until this comes back: ${AWAITED.join(', ')}. Exit 0 where it came`,
  },
  {
    name: 'cleanup',
    negatable: true,
    group: 'Sending',
    describe: 'Reset the half-open connections that it caused (--no-cleanup: send nothing at the end)',
  },
  {
    name: 'hold',
    argument: 'SECONDS',
    group: 'Sending',
    describe: 'With --no-cleanup: keep our kernel from resetting them for this long',
    default: '0',
  },
  { name: 'dry-run', group: 'Sending', describe: 'Print the bytes and their reading, send nothing; needs no privilege and no network' },
];

export const SEND_OPTIONS: readonly Option[] = [
  ...SEGMENT_OPTIONS,
  ...SENDING_OPTIONS,
  ...reworded(PATH_OPTIONS, { 'source-port': { describe: 'Send from this port; in a sweep the first of as many. Default: free ones' } }),
  ...reworded(TIME_OPTIONS, { timeout: { describe: 'How long to listen after the last send; it always listens that long', default: '1' } }),
  EXPECT_OPTION,
  ...PRIVILEGE_OPTIONS,
  PCAP_OPTION,
  ...reworded(OUTPUT_OPTIONS, {
    verbose: { describe: 'Each answer field by field with a hex dump, and what was passed over, with the reason; -vv: what we sent too' },
  }),
];

/** What was asked for, over the defaults; all but the target's address. @throws CliError */
export function readSend(args: Args): Omit<SendRequest, 'address'> {
  const spec = readSegmentSpec(args);
  const { host, port } = readSegmentTarget(args, spec);
  const { sourcePort, ...path } = readSegmentPath(args, spec);
  const base: Variant = { spec, sourcePort };
  const variants = args.read('sweep', (option, text) => sweep(option, text, base)) ?? [base];
  const sending = readSending(args, variants.length > 1);
  checkSegments(variants);
  return {
    ...SEND_DEFAULTS,
    host,
    port,
    ...path,
    variants,
    ...sending,
  };
}

type Sending = Pick<SendRequest, 'count' | 'intervalMs' | 'timeoutMs' | 'deadlineMs' | 'repeatUntil' | 'cleanup' | 'holdMs'>;

function readSending(args: Args, isSweep: boolean): Sending {
  const repeatUntil = args.read('repeat-until', among(AWAITED));
  if (repeatUntil !== undefined && isSweep)
    throw usageError('--sweep and --repeat-until at once', 'a sweep sends each segment --count times');
  const cleanup = args.flag('cleanup') ?? SEND_DEFAULTS.cleanup;
  const holdMs = args.read('hold', seconds);
  if (holdMs !== undefined && cleanup) throw usageError('--hold without --no-cleanup', 'what is reset needs no holding: add --no-cleanup');
  const count = args.read('count', within(1, Number.MAX_SAFE_INTEGER));
  return {
    count: count ?? (repeatUntil === undefined ? SEND_DEFAULTS.count : Number.POSITIVE_INFINITY),
    intervalMs: args.read('interval', seconds) ?? (isSweep ? SWEEP_INTERVAL_MS : SEND_DEFAULTS.intervalMs),
    timeoutMs: args.read('timeout', seconds) ?? SEND_DEFAULTS.timeoutMs,
    deadlineMs: args.read('deadline', someSeconds) ?? SEND_DEFAULTS.deadlineMs,
    repeatUntil,
    cleanup,
    holdMs: holdMs ?? SEND_DEFAULTS.holdMs,
  };
}
