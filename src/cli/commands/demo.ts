import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { CAP_NET_ADMIN } from '../../net/credentials.ts';
import { NetError } from '../../net/errors.ts';
import { bringLoopbackUp } from '../../net/loopback.ts';
import type { Network, Port } from '../../net/network.ts';
import type { Args } from '../../options/args.ts';
import { usageError } from '../../options/errors.ts';
import { OUTPUT_OPTIONS, PCAP_OPTION, PRIVILEGE_OPTIONS } from '../../options/options.ts';
import { quote, suggestion } from '../../options/values.ts';
import { connect } from '../../probe/connect/connect.ts';
import { CONNECT_DEFAULTS, type ConnectRequest } from '../../probe/connect/request.ts';
import { connectExitCode } from '../../probe/connect/result.ts';
import { createContext } from '../../probe/context.ts';
import { createConnectReporter } from '../../report/connect.ts';
import { parseIpv4 } from '../../wire/address.ts';
import type { CommandBody } from '../command.ts';
import { connectWaits } from '../connect-waits.ts';
import { signalExitCode } from '../exit-code.ts';
import type { Io } from '../io.ts';
import { openNetwork } from '../network.ts';
import { type CaptureFile, withCapture } from '../pcap.ts';
import { type Peer, startPeer } from '../peer.ts';
import { present } from '../present.ts';
import { lookOf } from '../terminal.ts';

const LOOPBACK = parseIpv4('127.0.0.1') as number;

interface Scene {
  name: string;
  title: string;
  /** Which of the demo's ports. */
  port: 'open' | 'closed' | 'silent';
  /** What differs from a plain connect. */
  request: Partial<ConnectRequest>;
  /** The options one would type for it. */
  options: string;
  exitCode: number;
}

const text = (data: string): Uint8Array[] => [new TextEncoder().encode(data)];

/** Long enough to see the SYN go out three times. */
const SILENCE_MS = 3500;

const SCENES: readonly Scene[] = [
  {
    name: 'passive',
    title: 'An open port: we ask, the server answers and closes',
    port: 'open',
    request: { data: text('GET / HTTP/1.0\r\n\r\n'), close: 'passive' },
    options: String.raw`--data 'GET / HTTP/1.0\r\n\r\n' --close passive`,
    exitCode: 0,
  },
  {
    name: 'active',
    title: 'We close first',
    port: 'open',
    request: { data: text('hello'), idleMs: 100 },
    options: '--data hello --idle 0.1',
    exitCode: 0,
  },
  {
    name: 'half',
    title: 'We close our side, and the server still answers',
    port: 'open',
    request: { data: text('sort\npear\napple\nfig\n'), close: 'half' },
    options: String.raw`--data 'sort\npear\napple\nfig\n' --close half`,
    exitCode: 0,
  },
  {
    name: 'simultaneous',
    title: 'Both sides close at the same time',
    port: 'open',
    request: { data: text('GET / HTTP/1.0\r\n\r\n'), close: 'simultaneous' },
    options: String.raw`--data 'GET / HTTP/1.0\r\n\r\n' --close simultaneous`,
    exitCode: 0,
  },
  {
    name: 'reset',
    title: 'We throw the connection away',
    port: 'open',
    request: { close: 'reset' },
    options: '--close reset',
    exitCode: 0,
  },
  { name: 'none', title: 'We fall silent', port: 'open', request: { close: 'none' }, options: '--close none', exitCode: 0 },
  { name: 'closed', title: 'A closed port: nobody listens', port: 'closed', request: {}, options: '', exitCode: 1 },
  {
    name: 'silent',
    title: 'A silent port: something swallows what we send',
    port: 'silent',
    request: { timeoutMs: SILENCE_MS },
    options: `--timeout ${SILENCE_MS / 1000}`,
    exitCode: 2,
  },
];

const SHOWN = ['ascii', 'color', 'force'];

const SCENE_NAMES = SCENES.map(({ name }) => name);

export const demoCommand: CommandBody = {
  positionals: [{ name: 'SCENE', describe: `Only one of: ${SCENE_NAMES.join(', ')}`, choices: SCENE_NAMES, required: false }],
  options: [...PRIVILEGE_OPTIONS, PCAP_OPTION, ...OUTPUT_OPTIONS.filter(({ name }) => SHOWN.includes(name))],
  examples: [
    ['rawshake demo', 'every scene'],
    ['rawshake demo half', 'a half-close'],
  ],
  run: withCapture(run),
};

/** The descriptor that the capture has there. */
const CAPTURE = 3;

/** Set where the demo has put itself into a namespace of its own. */
const NAMESPACE_MARK = 'RAWSHAKE_DEMO_NAMESPACE';

async function run(args: Args, io: Io, capture: CaptureFile | undefined): Promise<number> {
  const scenes = chooseScenes(args.positionals[0]);
  if (io.env[NAMESPACE_MARK] === '1') bringLoopbackUp();
  // Each scene has a guard of its own.
  const network = openNetwork(args, io, [CAP_NET_ADMIN]);
  let silent: Port;
  try {
    // A port of our own that the kernel does not answer for is as silent as any firewall's.
    silent = network.openPort({ destination: LOOPBACK, destinationPort: 9 });
  } catch (error) {
    network.close();
    if (error instanceof NetError && error.code === 'no-permission' && io.env[NAMESPACE_MARK] !== '1')
      return runInNamespace(args, io, capture, error);
    throw error;
  }
  let peer: Peer | undefined;
  try {
    peer = await startPeer();
    return await play(scenes, { open: peer.open, closed: peer.closed, silent: silent.port }, network, args, io, capture);
  } finally {
    peer?.stop();
    silent.close();
    network.close();
  }
}

function chooseScenes(name: string | undefined): readonly Scene[] {
  if (name === undefined) return SCENES;
  const scene = SCENES.find((candidate) => candidate.name === name);
  if (scene !== undefined) return [scene];
  throw usageError(`unknown scene ${quote(name)}`, suggestion(name, SCENE_NAMES, `give one of ${SCENE_NAMES.join(', ')}`));
}

/** Where we may not send: a user and network namespace in which we may, with nothing in it but loopback. */
function runInNamespace(args: Args, io: Io, capture: CaptureFile | undefined, refused: NetError): Promise<number> {
  const words = [process.execPath, ...process.execArgv, process.argv[1] as string, 'demo', ...args.positionals];
  if (args.flag('ascii')) words.push('--ascii');
  if (args.flag('color') === false) words.push('--no-color');
  if (args.flag('keep-root')) words.push('--keep-root');
  if (capture !== undefined) words.push('--pcap', capture.isStdout ? '-' : `/dev/fd/${CAPTURE}`);
  const child = spawn('unshare', ['--user', '--map-root-user', '--net', ...words], {
    stdio: ['inherit', 'inherit', 'pipe', ...(capture === undefined ? [] : [capture.handOver()])],
    env: { ...io.env, [NAMESPACE_MARK]: '1' },
  });
  let said = '';
  child.stderr?.setEncoding('utf8').on('data', (words: string) => {
    said += words;
  });
  const removeSignals = io.onSignal((name) => child.kill(name));
  return new Promise<number>((resolve, reject) => {
    child.on('error', () => reject(refused));
    child.on('close', (code, signal) => {
      if (signal !== null) resolve(signalExitCode(constants.signals[signal]));
      else if (code === UNSHARE_FAILED) reject(refused);
      else {
        io.stderr.write(said);
        resolve(code ?? 0);
      }
    });
  }).finally(removeSignals);
}

/** unshare's own exit code, which no demo ends with: its outcomes are 0, 3 and those above 63. */
const UNSHARE_FAILED = 1;

/** @returns 0 where every scene went as it should, 3 where one did not */
async function play(
  scenes: readonly Scene[],
  ports: Record<Scene['port'], number>,
  network: Network,
  args: Args,
  io: Io,
  capture: CaptureFile | undefined,
): Promise<number> {
  const context = createContext(network);
  const look = lookOf(io, args);
  let asExpected = true;
  for (const [i, scene] of scenes.entries()) {
    const port = ports[scene.port];
    const command = `rawshake connect 127.0.0.1 ${port} ${scene.options}`.trimEnd();
    const strong = (line: string) => (look.colour ? `\x1b[1m${line}\x1b[0m` : line);
    io.stdout.write(`${i > 0 ? '\n\n' : ''}${strong(`${i + 1}. ${scene.title}`)}\n   $ ${command} --explain\n\n`);
    const request: ConnectRequest = { ...CONNECT_DEFAULTS, host: '127.0.0.1', address: LOOPBACK, port, ...scene.request };
    const reporter = createConnectReporter({
      write: (line) => io.stdout.write(line),
      ...look,
      absolute: false,
      explain: true,
      quiet: false,
      verbose: false,
    });
    const start = (signal: AbortSignal) => connect(request, { ...context, signal });
    const exitCode = await present(
      start,
      { json: false, reporter, waitsFor: connectWaits(), exitCode: connectExitCode, listeners: [capture] },
      io,
    );
    if (exitCode > 3) return exitCode;
    if (exitCode !== scene.exitCode) asExpected = false;
  }
  return asExpected ? 0 : 3;
}
