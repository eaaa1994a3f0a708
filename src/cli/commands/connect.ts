import { connect } from '../../probe/connect/connect.ts';
import { CONNECT_DEFAULTS, type ConnectRequest } from '../../probe/connect/request.ts';
import { connectExitCode } from '../../probe/connect/result.ts';
import { createContext } from '../../probe/context.ts';
import type { CloseKind, ConnectEvent } from '../../probe/events.ts';
import { createConnectReporter } from '../../report/connect.ts';
import type { Args, CommandBody } from '../command.ts';
import { connectWaits } from '../connect-waits.ts';
import { readData } from '../data.ts';
import { usageError } from '../errors.ts';
import type { Io } from '../io.ts';
import { openNetwork, readSeed } from '../network.ts';
import { DATA_OPTIONS, IP_HEADER_OPTIONS, type Option, OUTPUT_OPTIONS, PATH_OPTIONS, SYN_OPTIONS, TIME_OPTIONS } from '../options.ts';
import { type CaptureFile, PCAP_OPTION, withCapture } from '../pcap.ts';
import { type Listener, present } from '../present.ts';
import { PRIVILEGE_OPTIONS } from '../privileges.ts';
import { FileSink } from '../save.ts';
import { writeNote } from '../say.ts';
import { readSynOptions } from '../syn-options.ts';
import { readPort, readTarget, resolveTarget } from '../target.ts';
import { lookOf } from '../terminal.ts';
import { address, integer, MAX_32, oneOf, seconds, someSeconds } from '../values.ts';

const CLOSE_KINDS = ['active', 'passive', 'half', 'simultaneous', 'reset', 'none'] as const satisfies readonly CloseKind[];

const OPTIONS: readonly Option[] = [
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
  ...PRIVILEGE_OPTIONS,
  { name: 'explain', group: 'Output', describe: 'Say in plain words what each step means' },
  { name: 'absolute', group: 'Output', describe: 'Print absolute sequence numbers' },
  PCAP_OPTION,
  ...OUTPUT_OPTIONS,
];

export const connectCommand: CommandBody = {
  positionals: [
    { name: 'HOST', describe: 'Name or IPv4 address; HOST:PORT is taken too', required: true },
    { name: 'PORT', describe: 'Number or service name', required: false },
  ],
  options: OPTIONS,
  examples: [
    ['rawshake connect example.com 80', 'handshake, then we close'],
    [String.raw`rawshake connect example.com 80 --data 'GET / HTTP/1.0\r\n\r\n' --close passive`, 'the server closes first'],
  ],
  run: withCapture(run),
};

async function run(args: Args, io: Io, capture: CaptureFile | undefined): Promise<number> {
  const target = readTarget(args.positionals);
  const options = readOptions(args);
  const data = readData(args);
  const { address: destination, note } = await resolveTarget(target.host, io, options.deadlineMs);
  const savePath = args.text('save');
  const save = savePath === undefined ? undefined : await FileSink.open(savePath, args.flag('force') === true, io.env);
  const request: ConnectRequest = { ...CONNECT_DEFAULTS, host: target.host, address: destination, port: target.port, ...options, data };
  const json = args.flag('json') === true;
  if (note !== undefined && args.flag('quiet') !== true) writeNote(note, io);
  const reporter = createConnectReporter({
    write: (text) => io.stdout.write(text),
    ...lookOf(io, args),
    absolute: args.flag('absolute') === true,
    explain: args.flag('explain') === true,
    quiet: args.flag('quiet') === true,
    verbose: args.count('verbose') > 0,
  });
  const seed = readSeed(args);
  const network = openNetwork(args, io, []);
  try {
    return await present(
      (signal) => connect(request, { ...createContext(network, seed), signal }),
      { json, reporter, waitsFor: connectWaits(), exitCode: connectExitCode, listeners: [save && saving(save), capture] },
      io,
    );
  } finally {
    network.close();
  }
}

/** What the peer sends, as `--save` has it. */
const saving = (sink: FileSink): Listener<ConnectEvent> => ({
  sink,
  event(event) {
    if (event.type === 'start') sink.begin();
    if (event.type === 'data') sink.write(event.payload);
  },
  end: () => sink.close(),
});

/** What the user said, over the defaults. */
function readOptions(args: Args): Omit<ConnectRequest, 'host' | 'address' | 'port' | 'data'> {
  const within = (least: number, most: number) => (option: string, text: string) => integer(option, text, least, most);
  const close = args.read('close', (option, text) => oneOf(option, text, CLOSE_KINDS)) ?? CONNECT_DEFAULTS.close;
  const holdMs = args.read('hold', seconds);
  if (holdMs !== undefined && close !== 'none') throw usageError('--hold without --close none', 'what is closed needs no holding');
  return {
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
  };
}
