import { CAP_NET_ADMIN, CAP_NET_BIND_SERVICE } from '../../net/credentials.ts';
import { NetError } from '../../net/errors.ts';
import { createContext } from '../../probe/context.ts';
import { AWAITED, SEND_DEFAULTS, type SendRequest, type Variant } from '../../probe/send/request.ts';
import { sendExitCode } from '../../probe/send/result.ts';
import { send } from '../../probe/send/send.ts';
import { createSendReporter } from '../../report/send.ts';
import type { Args, CommandBody } from '../command.ts';
import { checkSegments, dryRun } from '../dry-run.ts';
import { usageError } from '../errors.ts';
import type { Io } from '../io.ts';
import { openNetwork, readSeed } from '../network.ts';
import { type Option, OUTPUT_OPTIONS, PATH_OPTIONS, reworded, TIME_OPTIONS } from '../options.ts';
import { type CaptureFile, PCAP_OPTION, withCapture } from '../pcap.ts';
import { present } from '../present.ts';
import { PRIVILEGE_OPTIONS } from '../privileges.ts';
import { writeNote } from '../say.ts';
import { REFUSED_OPTIONS, readSegmentSpec, SEGMENT_OPTIONS } from '../segment-options.ts';
import { readSegmentTarget, readSourcePort } from '../segment-target.ts';
import { SWEEP_FIELDS, sweep } from '../sweep.ts';
import { resolveTarget } from '../target.ts';
import { lookOf } from '../terminal.ts';
import { address, integer, oneOf, seconds, someSeconds } from '../values.ts';

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

const OPTIONS: readonly Option[] = [
  ...SEGMENT_OPTIONS,
  ...SENDING_OPTIONS,
  ...reworded(PATH_OPTIONS, { 'source-port': { describe: 'Send from this port; in a sweep the first of as many. Default: free ones' } }),
  ...reworded(TIME_OPTIONS, { timeout: { describe: 'How long to listen after the last send; it always listens that long', default: '1' } }),
  ...PRIVILEGE_OPTIONS,
  PCAP_OPTION,
  ...reworded(OUTPUT_OPTIONS, {
    verbose: { describe: 'Each answer field by field with a hex dump, and what was passed over, with the reason; -vv: what we sent too' },
  }),
];

export const sendCommand: CommandBody = {
  positionals: [
    { name: 'HOST', describe: 'Name or IPv4 address; HOST:PORT is taken too', required: true },
    { name: 'PORT', describe: 'Number or service name', required: false },
  ],
  options: OPTIONS,
  refused: REFUSED_OPTIONS,
  examples: [
    ['rawshake send example.com 80 --flags FIN,PSH,URG', 'an Xmas segment: no answer, or RST?'],
    ['rawshake send example.com 80 --sweep flags=0..63', 'what each mix of flags is answered with, as a table'],
    ['rawshake send example.com 80 --tcp-option 2:05b4 --tcp-option 253/9:00 --dry-run', 'the bytes of an odd SYN, not sent'],
  ],
  run: withCapture(run),
};

async function run(args: Args, io: Io, capture: CaptureFile | undefined): Promise<number> {
  const spec = readSegmentSpec(args);
  const target = readSegmentTarget(args, spec);
  const base: Variant = { spec, sourcePort: readSourcePort(args, spec) };
  const variants = args.read('sweep', (option, text) => sweep(option, text, base)) ?? [base];
  const sending = readSending(args, variants.length > 1);
  checkSegments(variants);
  const seed = readSeed(args);
  const { address: destination, note } = await resolveTarget(target.host, io, sending.deadlineMs);
  const quiet = args.flag('quiet') === true;
  if (note !== undefined && !quiet) writeNote(note, io);
  const request: SendRequest = {
    ...SEND_DEFAULTS,
    host: target.host,
    address: destination,
    port: target.port,
    source: args.read('source', address),
    interfaceName: args.text('interface'),
    variants,
    ...sending,
  };
  if (args.flag('dry-run')) {
    if (capture !== undefined) throw usageError('--pcap and --dry-run at once', 'what is not sent is in no capture: leave one of them out');
    return dryRun(request, seed, args, io);
  }
  const json = args.flag('json') === true;
  const reporter = createSendReporter({
    write: (text) => io.stdout.write(text),
    ...lookOf(io, args),
    quiet,
    verbose: args.count('verbose'),
    sweep: variants.length > 1,
  });
  // Each segment of a sweep has a port of its own, and a guard on it, and that may be a privileged port.
  const keep = variants.length > 1 ? [CAP_NET_ADMIN, CAP_NET_BIND_SERVICE] : [];
  const network = openNetwork(args, io, keep);
  try {
    return await present(
      (signal) => send(request, { ...createContext(network, seed), signal }),
      { json, reporter, waitsFor: () => 'listening for answers', exitCode: sendExitCode, listeners: [capture] },
      io,
    );
  } catch (error) {
    throw error instanceof NetError && error.code === 'message-too-long' ? withWayOut(error) : error;
  } finally {
    network.close();
  }
}

const withWayOut = ({ code, operation, subject, reason }: NetError): NetError =>
  new NetError(code, operation, subject, reason, 'send less, or in fragments: --fragment 1480');

type Sending = Pick<SendRequest, 'count' | 'intervalMs' | 'timeoutMs' | 'deadlineMs' | 'repeatUntil' | 'cleanup' | 'holdMs'>;

function readSending(args: Args, isSweep: boolean): Sending {
  const repeatUntil = args.read('repeat-until', (option, text) => oneOf(option, text, AWAITED));
  if (repeatUntil !== undefined && isSweep)
    throw usageError('--sweep and --repeat-until at once', 'a sweep sends each segment --count times');
  const cleanup = args.flag('cleanup') ?? SEND_DEFAULTS.cleanup;
  const holdMs = args.read('hold', seconds);
  if (holdMs !== undefined && cleanup) throw usageError('--hold without --no-cleanup', 'what is reset needs no holding: add --no-cleanup');
  const count = args.read('count', (option, text) => integer(option, text, 1, Number.MAX_SAFE_INTEGER));
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
