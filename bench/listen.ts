/** `listen --echo` beside node:net's echo over veth: on a clean path, on a bad one, and its service under a flood of SYNs. */
import { setTimeout as delay } from 'node:timers/promises';
import { createPair, type Network } from '../test/support/netns.ts';
import { rawshakeArgv } from '../test/support/rawshake.ts';
import { grouped, median, type Row } from './table.ts';

const CONNECTIONS = 100;
const BYTES = 100_000_000;
const GOAL_MBIT = 200;
const SYNS = 100_000;
const ROUNDS = 3;
const PORT = '7';
const LOSS = 'numgen random mod 100 < 5 drop';
const FAULTS = 'duplicate=0.02,reorder=0.05';

const echoJs = (...args: string[]): string[] => [process.execPath, 'bench/clients/echo.js', ...args];

/** With a server in its place meanwhile. */
async function serving<T>({ server }: Network, argv: readonly string[], measure: () => Promise<T>): Promise<T> {
  const child = server.spawn(argv);
  child.stdout.resume();
  child.stderr.resume();
  while (!new RegExp(`:${PORT} `).test(server.listeners())) await delay(20);
  try {
    return await measure();
  } finally {
    child.kill('SIGINT');
    await new Promise((resolve) => child.once('close', resolve));
  }
}

interface Echo {
  mbit: number;
  failed: number;
}

async function echo(network: Network, argv: readonly string[]): Promise<Echo> {
  return serving(network, argv, async () => {
    const text = await network.client.run(echoJs('call', network.serverAddress, PORT, String(CONNECTIONS), String(BYTES / CONNECTIONS)));
    const { seconds, failed } = JSON.parse(text);
    return { mbit: (BYTES * 8) / 1e6 / seconds, failed };
  });
}

const ours = (...args: string[]): string[] => rawshakeArgv(['listen', PORT, '--echo', '-q', ...args]);
const theirs = (): string[] => echoJs('serve', PORT);

async function compare(network: Network, args: readonly string[]): Promise<{ mbit: number; peerMbit: number; failed: number }> {
  const [mine, other]: [Echo[], Echo[]] = [[], []];
  for (let i = 0; i < ROUNDS; i++) {
    mine.push(await echo(network, ours(...args)));
    other.push(await echo(network, theirs()));
  }
  const speed = (rounds: Echo[]): number => median(rounds.map(({ mbit }) => mbit));
  return { mbit: speed(mine), peerMbit: speed(other), failed: mine.reduce((sum, { failed }) => sum + failed, 0) };
}

/** The slowest of the calls that are made while SYNs come from everywhere, in milliseconds; undefined where one failed. */
async function underFlood(network: Network, argv: readonly string[]): Promise<number | undefined> {
  return serving(network, argv, async () => {
    const flood = network.client.run([process.execPath, 'test/support/flood.js', network.serverAddress, PORT, String(SYNS)]);
    let isOver = false;
    void flood.then(() => {
      isOver = true;
    });
    const times: number[] = [];
    do {
      const text = await network.client.run(echoJs('call', network.serverAddress, PORT, '1', '1000'));
      const { seconds, failed } = JSON.parse(text);
      if (failed > 0) return undefined;
      times.push(seconds * 1000);
    } while (!isOver);
    return Math.max(...times);
  });
}

const milliseconds = (ms: number | undefined): string => (ms === undefined ? 'not served' : `${grouped(ms)} ms`);

export async function listen(): Promise<Row[]> {
  const network = createPair();
  try {
    // The sources of the flood are somewhere behind the client.
    network.server.ip(`route add default via ${network.clientAddress}`);
    const clean = await compare(network, []);
    for (const side of [network.client, network.server]) side.firewall('input', LOSS);
    const bad = await compare(network, ['--fault', FAULTS, '--fault-received', FAULTS]);
    for (const side of [network.client, network.server]) side.openFirewall();
    const flooded = await underFlood(network, ours());
    const peerFlooded = await underFlood(network, theirs());
    const what = `listen --echo, ${CONNECTIONS} connections, ${BYTES / 1e6} MB there and back`;
    return [
      {
        what: `${what}, clean veth`,
        ours: `${clean.mbit.toFixed(0)} Mbit/s${clean.failed > 0 ? ', NOT EXACT' : ''}`,
        peer: `${clean.peerMbit.toFixed(0)} Mbit/s (node:net)`,
        ratio: (clean.mbit / clean.peerMbit).toFixed(2),
        goal: `${GOAL_MBIT} Mbit/s`,
        met: clean.failed === 0 && clean.mbit >= GOAL_MBIT,
      },
      {
        what: `${what}, 5 % loss each way; ours with ${FAULTS} each way too`,
        ours: `${bad.mbit.toFixed(0)} Mbit/s${bad.failed > 0 ? ', NOT EXACT' : ', nothing lost'}`,
        peer: `${bad.peerMbit.toFixed(0)} Mbit/s (node:net)`,
        ratio: (bad.mbit / bad.peerMbit).toFixed(2),
        goal: 'nothing lost',
        met: bad.failed === 0,
      },
      {
        what: `slowest real client during ${grouped(SYNS)} SYNs from random sources`,
        ours: milliseconds(flooded),
        peer: `${milliseconds(peerFlooded)} (node:net)`,
        ratio: flooded === undefined || peerFlooded === undefined ? '-' : (flooded / peerFlooded).toFixed(2),
        goal: 'served',
        met: flooded !== undefined,
      },
    ];
  } finally {
    network.remove();
  }
}
