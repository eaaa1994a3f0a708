/** Scans of a namespace over veth, with packets lost on the way and without, beside nmap, masscan and zmap doing the same. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createPair, type Namespace, type Network } from '../test/support/netns.ts';
import { startServers } from '../test/support/servers.ts';
import { grouped, median, type Row } from './table.ts';

const NMAP = '/usr/bin/nmap';
const MASSCAN = '/usr/bin/masscan';
const ZMAP = '/usr/sbin/zmap';

const LISTENING = [22, 80, 443, 8080];
const PORTS = 65_535;
const HOSTS = 65_536;
const ROUNDS = 5;
/** Seeds 1 to this, and no verdict may be wrong. */
const LOSSY_ROUNDS = 20;
/** Tells the peak memory in KiB when the process ends. */
const PEAK = `data:text/javascript,process.on('exit',()=>process.stderr.write('peak '+process.resourceUsage().maxRSS))`;
/** Sends a datagram now and then. */
const NOISE = `const socket = require('node:dgram').createSocket('udp4');
setInterval(() => socket.send('x', 9, process.argv[1]), 100);`;
/** What takes a peer minutes is waited for once, and not longer than this. */
const LONGEST_MS = 100_000;

interface Outcome {
  /** Of the whole process. */
  seconds: number;
  /** How many were found open. */
  open: number;
  /** By how many verdicts it differs from the truth. */
  wrong: number;
  peakKib: number;
}

/** Drops so many of a hundred segments that come in on either side, and by rules of the server's own. */
function lose({ client, server }: Network, percent: number, rules = ''): void {
  const loss = percent > 0 ? `ip protocol tcp numgen random mod 100 < ${percent} drop` : '';
  client.firewall('input', loss);
  server.firewall('input', `${loss}\n${rules}`);
}

function timed(namespace: Namespace, argv: readonly string[]): { seconds: number; stdout: string; stderr: string } {
  const began = performance.now();
  const options = { encoding: 'utf8', maxBuffer: 1 << 28, timeout: LONGEST_MS } as const;
  const { stdout, stderr } = spawnSync('ip', ['netns', 'exec', namespace.name, ...argv], options);
  return { seconds: (performance.now() - began) / 1000, stdout, stderr };
}

/**
 * @param truth how many ports have which verdict
 * @param isOneHost each that is open is told; of many hosts a line for each would be the greater part of the work
 */
function rawshake(client: Namespace, argv: readonly string[], truth: Record<string, number>, isOneHost = true): Outcome {
  const scan = ['bin/rawshake.js', 'scan', ...argv, '--json', '--show', isOneHost ? 'open' : 'filtered'];
  // Told of many hosts alone: what is preloaded takes its time too.
  const preloaded = isOneHost ? [] : ['--import', PEAK];
  const { seconds, stdout, stderr } = timed(client, [process.execPath, ...preloaded, ...scan]);
  const lines = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  const { counts = {} } = lines.at(-1);
  const verdicts = new Set([...Object.keys(counts), ...Object.keys(truth)]);
  let wrong = 0;
  for (const verdict of verdicts) wrong += Math.max(0, (truth[verdict] ?? 0) - (counts[verdict] ?? 0));
  // With the counts right and these, every port has the verdict that it should have: the others are all of one kind.
  if (isOneHost) wrong += lines.filter(({ type, port }) => type === 'port' && !LISTENING.includes(port)).length;
  return { seconds, open: counts.open ?? 0, wrong, peakKib: Number(/peak (\d+)/.exec(stderr)?.[1]) };
}

/** @param isOpen what the peer writes for each that it found open, once */
function peer(client: Namespace, argv: readonly string[], isOpen: RegExp): Outcome {
  const { seconds, stdout } = timed(client, argv);
  return { seconds, open: stdout.match(isOpen)?.length ?? 0, wrong: Number.NaN, peakKib: Number.NaN };
}

const nmap = (client: Namespace, ports: string, address: string): Outcome =>
  peer(client, [NMAP, '-sS', '-n', '-Pn', '-T4', '-p', ports, address], /\/tcp +open/g);

const seconds = (outcomes: readonly Outcome[]): number => median(outcomes.map((outcome) => outcome.seconds));
const inSeconds = (value: number): string => `${value.toFixed(2)} s`;

/** Our time beside a peer's. @param goal the most that ours may be of the peer's */
function timeRow(what: string, ours: number, theirs: readonly Outcome[] | undefined, name: string, goal: number, truth: number): Row {
  const row = { what, ours: inSeconds(ours), goal: `at most ${goal < 0.1 ? `1/${Math.round(1 / goal)}` : goal}` };
  if (theirs === undefined) return { ...row, peer: `(${name} is not installed)`, ratio: '', met: false };
  const time = seconds(theirs);
  const missed = Math.max(...theirs.map(({ open }) => truth - open));
  const isCut = time * 1000 >= LONGEST_MS;
  const peerText = `${isCut ? 'over ' : ''}${inSeconds(time)} (${name}${missed > 0 ? `, which missed ${grouped(missed)}` : ''})`;
  return { ...row, peer: peerText, ratio: (ours / time).toFixed(3), met: ours / time <= goal };
}

const wrongRow = (what: string, outcomes: readonly Outcome[]): Row => {
  const wrong = outcomes.reduce((sum, outcome) => sum + outcome.wrong, 0);
  return { what, ours: `${wrong}`, peer: '', ratio: '', goal: '0', met: wrong === 0 };
};

/** Of the server, for peers that put frames together themselves. */
const hardwareAddress = ({ server, clientInterface }: Network): string =>
  server.exec(['cat', `/sys/class/net/${clientInterface}/address`]).trim();

const times = <T>(count: number, make: (round: number) => T): T[] => Array.from({ length: count }, (_, i) => make(i + 1));

/** One host, all its ports. */
function allPorts(network: Network): Row[] {
  const { client, serverAddress } = network;
  const truth = { open: LISTENING.length, closed: PORTS - LISTENING.length };
  const scan = (seed: number): Outcome => rawshake(client, [serverAddress, '-p', '-', '--seed', `${seed}`], truth);
  const hasNmap = existsSync(NMAP);
  lose(network, 0);
  // In turn, so that both have the same share of a noisy machine.
  const rounds = times(ROUNDS, (seed) => ({ ours: scan(seed), theirs: hasNmap ? nmap(client, '-', serverAddress) : undefined }));
  const theirs = hasNmap ? rounds.map((round) => round.theirs as Outcome) : undefined;
  const ours = rounds.map((round) => round.ours);
  const rows = [
    timeRow(`scan of ${grouped(PORTS)} ports`, seconds(ours), theirs, 'nmap -T4', 0.8, truth.open),
    wrongRow(`the same: wrong verdicts in ${ROUNDS} rounds`, ours),
  ];
  lose(network, 10);
  const at10 = times(LOSSY_ROUNDS, scan);
  const slow = hasNmap ? [nmap(client, '-', serverAddress)] : undefined;
  rows.push(timeRow('the same with 10 % lost each way', seconds(at10), slow, 'nmap -T4', 1 / 20, truth.open));
  rows.push(wrongRow(`the same: wrong verdicts, seeds 1 to ${LOSSY_ROUNDS}`, at10));
  lose(network, 25);
  const at25 = times(LOSSY_ROUNDS, scan);
  const gateway = ['--interface', network.clientInterface, '--router-mac', hardwareAddress(network)];
  const argv = [MASSCAN, '-p', '1-65535', '--rate', '100000', '--retries', '2', '--wait', '3', ...gateway, serverAddress];
  // It ends when it sees a packet after its time; in a network as still as this one there would be none.
  const noise = network.server.spawn([process.execPath, '-e', NOISE, network.clientAddress]);
  const masscan = existsSync(MASSCAN) ? [peer(client, argv, /open port/g)] : undefined;
  noise.kill();
  rows.push(timeRow('the same with 25 % lost each way', seconds(at25), masscan, 'masscan --retries 2', 0.5, truth.open));
  rows.push(wrongRow(`the same: wrong verdicts, seeds 1 to ${LOSSY_ROUNDS}`, at25));
  return rows;
}

function silentPorts(network: Network): Row[] {
  const { client, serverAddress } = network;
  const truth = { open: LISTENING.length, filtered: 10_000 - LISTENING.length };
  lose(network, 0, `tcp dport 1-10000 tcp dport != { ${LISTENING.join(', ')} } drop`);
  const ours = times(3, (seed) => rawshake(client, [serverAddress, '-p', '1-10000', '--seed', `${seed}`], truth));
  const theirs = existsSync(NMAP) ? [nmap(client, '1-10000', serverAddress)] : undefined;
  return [
    timeRow(`scan of 10,000 ports, ${truth.open} open, the others silent`, seconds(ours), theirs, 'nmap -T4', 1 / 10, truth.open),
    wrongRow('the same: wrong verdicts in 3 rounds', ours),
  ];
}

function manyHosts(network: Network): Row[] {
  const { client, server, serverAddress } = network;
  lose(network, 0);
  server.ip('route add local 10.99.0.0/16 dev lo');
  client.ip(`route add 10.99.0.0/16 via ${serverAddress}`);
  const scan = (target: string, hosts: number): Outcome => rawshake(client, [target, '-p', '80'], { open: hosts }, false);
  const argv = [
    ZMAP,
    '-p',
    '80',
    '-i',
    network.clientInterface,
    '-G',
    hardwareAddress(network),
    '-S',
    network.clientAddress,
    '-b',
    '/dev/null',
    '-B',
    '10G',
    '-q',
    '10.99.0.0/16',
  ];
  const ours = times(3, () => scan('10.99.0.0/16', HOSTS));
  const theirs = existsSync(ZMAP) ? [peer(client, argv, /^10\.99\.\d+\.\d+$/gm)] : undefined;
  const small = times(3, () => scan('10.99.7.0/24', 256));
  const missed = Math.max(...ours.map(({ open }) => HOSTS - open));
  const peak = (outcomes: readonly Outcome[]): number => median(outcomes.map(({ peakKib }) => peakKib)) / 1024;
  const ratio = peak(ours) / peak(small);
  return [
    timeRow('scan of a /16, one port, all hosts open', seconds(ours), theirs, 'zmap -B 10G', 1, HOSTS),
    { what: 'the same: hosts missed in 3 rounds', ours: grouped(missed), peer: '', ratio: '', goal: '0', met: missed === 0 },
    {
      what: 'the same: peak memory, beside a /24',
      ours: `${peak(ours).toFixed(0)} MiB`,
      peer: `${peak(small).toFixed(0)} MiB (/24)`,
      ratio: ratio.toFixed(2),
      goal: 'at most 1.3',
      met: ratio <= 1.3,
    },
  ];
}

export async function scan(): Promise<Row[]> {
  const network = createPair();
  try {
    await startServers(network.server, Object.fromEntries(LISTENING.map((port) => [port, 'echo' as const])));
    return [...allPorts(network), ...silentPorts(network), ...manyHosts(network)];
  } finally {
    network.remove();
  }
}
