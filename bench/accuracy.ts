/** Round trips of SYN to SYN+ACK over veth, beside what tcpdump's nanosecond stamps of the same interface say of the same probes. */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { ACK, SYN } from '../src/wire/flags.ts';
import { decodePacket } from '../src/wire/packet.ts';
import { createPair, type Namespace } from '../test/support/netns.ts';
import { rawshakeArgv } from '../test/support/rawshake.ts';
import { startNginx } from '../test/support/servers.ts';
import { captured } from './capture.ts';
import { median, type Row } from './table.ts';

const COUNT = 200;
const PORT = '80';
const GOAL_US = { median: 6, p99: 25, busy: 10 };
const HPING = '/usr/sbin/hping3';
const NPING = '/usr/bin/nping';
/** A probe as a program tells it, or as it was on the wire. */
interface Probe {
  sourcePort: number;
  rttUs: number;
}

/** A program, and what it has to say. */
interface Prober {
  argv: readonly string[];
  /** @param wire the probes in the order in which they left */
  read(stdout: string, wire: readonly Probe[]): Probe[];
}

const rawshake = (address: string, ...options: string[]): Prober => ({
  argv: rawshakeArgv(['ping', address, PORT, '--count', `${COUNT}`, '--interval', '0.005', '--json', ...options]),
  read: (stdout) =>
    stdout
      .split('\n')
      .filter((line) => line.startsWith('{"type":"reply"'))
      .map((line) => JSON.parse(line)),
});

/** It tells no port, but counts. */
const hping = (address: string): Prober => ({
  argv: [HPING, '-S', '-p', PORT, '-i', 'u5000', '-c', `${COUNT}`, '-n', address],
  read: (stdout, wire) =>
    [...stdout.matchAll(/ seq=(\d+) .* rtt=([\d.]+) ms/g)].map(([, sequence, ms]) => ({
      sourcePort: wire[Number(sequence)]?.sourcePort ?? 0,
      rttUs: Number(ms) * 1000,
    })),
});

/** It tells when each segment was sent and heard, to a tenth of a millisecond, and of round trips their mean alone: a figure for all of them. */
const nping = (address: string): Prober => ({
  argv: [NPING, '--tcp', '-p', PORT, '--delay', '5ms', '-c', `${COUNT}`, '-q', address],
  read(stdout, wire) {
    const rttUs = Number(/Avg rtt: ([\d.]+)ms/.exec(stdout)?.[1]) * 1000;
    const wireMeanUs = wire.reduce((sum, probe) => sum + probe.rttUs, 0) / wire.length;
    return wire.map((probe) => ({ sourcePort: probe.sourcePort, rttUs: probe.rttUs + rttUs - wireMeanUs }));
  },
});

async function capture(client: Namespace, run: () => void): Promise<Probe[]> {
  const left = new Map<number, number>();
  const probes: Probe[] = [];
  for (const { atUs, datagram } of await captured(client, 'eth0', 'tcp', run)) {
    const { tcp } = decodePacket(datagram);
    if (tcp?.flags === SYN) left.set(tcp.sourcePort, atUs);
    if (tcp?.flags !== (SYN | ACK)) continue;
    const leftAtUs = left.get(tcp.destinationPort);
    left.delete(tcp.destinationPort);
    if (leftAtUs !== undefined) probes.push({ sourcePort: tcp.destinationPort, rttUs: atUs - leftAtUs });
  }
  return probes;
}

/** How far what was told is from the wire. */
interface Apart {
  median: number;
  p99: number;
  count: number;
}

async function measure(client: Namespace, prober: Prober): Promise<Apart> {
  let stdout = '';
  const wire = await capture(client, () => {
    stdout = client.exec(prober.argv);
  });
  const truth = new Map(wire.map(({ sourcePort, rttUs }) => [sourcePort, rttUs]));
  const apart = prober
    .read(stdout, wire)
    .filter(({ sourcePort }) => truth.has(sourcePort))
    .map(({ sourcePort, rttUs }) => Math.abs(rttUs - (truth.get(sourcePort) as number)))
    .sort((a, b) => a - b);
  return { median: median(apart), p99: apart[Math.floor(apart.length * 0.99)] ?? Number.NaN, count: apart.length };
}

/** Keeps another core busy meanwhile. */
async function busy<T>(run: () => Promise<T>): Promise<T> {
  const load: ChildProcess = spawn(process.execPath, ['-e', 'for (;;);'], { stdio: 'ignore' });
  try {
    return await run();
  } finally {
    load.kill('SIGKILL');
  }
}

const us = (value: number): string => `${value.toFixed(1)} µs`;

export async function accuracy(): Promise<Row[]> {
  const { client, server, serverAddress, remove } = createPair();
  try {
    await startNginx(server);
    const ours = await measure(client, rawshake(serverAddress));
    const peers: [string, Apart][] = [];
    for (const [name, path, prober] of [
      ['hping3', HPING, hping],
      ['nping', NPING, nping],
    ] as const) {
      if (existsSync(path)) peers.push([name, await measure(client, prober(serverAddress))]);
    }
    const user = await measure(client, rawshake(serverAddress, '--clock', 'user'));
    const loaded = await busy(() => measure(client, rawshake(serverAddress)));
    const [hpings, npings] = ['hping3', 'nping'].map((name) => peers.find(([peer]) => peer === name)?.[1]);
    const told = (name: string, apart: Apart | undefined, value: 'median' | 'p99') =>
      apart === undefined ? `(${name} is not installed)` : `${us(apart[value])} (${name})`;
    const enough = ours.count === COUNT && loaded.count === COUNT;
    const row = (what: string, value: number, peer: string, goalUs: number): Row => ({
      what,
      ours: enough ? us(value) : `${us(value)}, ${COUNT - Math.min(ours.count, loaded.count)} MISSING`,
      peer,
      ratio: '',
      goal: us(goalUs),
      met: enough && value <= goalUs,
    });
    return [
      row(`SYN to SYN+ACK: how far from tcpdump's, ${COUNT} probes, median`, ours.median, told('hping3', hpings, 'median'), GOAL_US.median),
      row('the same, 99th percentile', ours.p99, told('hping3', hpings, 'p99'), GOAL_US.p99),
      row('the same, median; of nping the mean is all it tells', ours.median, told('nping', npings, 'median'), GOAL_US.median),
      row('the same, another core kept busy, median', loaded.median, `${us(user.median)} (--clock user)`, GOAL_US.busy),
    ];
  } finally {
    remove();
  }
}
