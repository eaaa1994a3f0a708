/** `trace` over seven forwarding kernels, beside the other programs that find paths; what it is told of times and changes. */
import { spawnSync } from 'node:child_process';
import { existsSync, writeSync } from 'node:fs';
import { openKernelNetwork } from '../src/net/kernel.ts';
import type { HopEvent } from '../src/probe/events.ts';
import { parseIpv4 } from '../src/wire/address.ts';
import { readIcmpError } from '../src/wire/icmp.ts';
import { decodePacket } from '../src/wire/packet.ts';
import { seqAdd } from '../src/wire/seq.ts';
import { type Chain, createChain } from '../test/support/chain.ts';
import { moveInto } from '../test/support/inside.ts';
import { rawshakeArgv } from '../test/support/rawshake.ts';
import { readPath, Simulation } from '../test/support/simulated-path.ts';
import { traced } from '../test/support/traced.ts';
import { captured } from './capture.ts';
import { median, type Row } from './table.ts';
import { changes, changesTable } from './trace-changes.ts';

const PORT = '81';
const ROUNDS = 9;
const SILENT_HOPS = [3, 4, 5];
const GOAL = { clean: 1, silent: 3, tcptraceroute: 1, nmap: 0.2, tcpdumpUs: 10, simulated: 1.3, changes: 18 / 20 };
/** Of each hop: enough for a median. */
const PROBES = 30;

interface Peer {
  path: string;
  argv(address: string): string[];
}

const TRACEROUTE: Peer = { path: '/usr/bin/traceroute.db', argv: (address) => ['-n', '-T', '-p', PORT, address] };
const TCPTRACEROUTE: Peer = { path: '/usr/bin/tcptraceroute.mt', argv: (address) => ['-n', address, PORT] };
const NMAP: Peer = {
  path: '/usr/bin/nmap',
  argv: (address) => ['-n', '-Pn', '-sS', '-p', PORT, '--traceroute', address],
};
const MTR: Peer = { path: '/usr/bin/mtr', argv: (address) => ['-n', '--tcp', '-P', PORT, '--report', '-c', '3', address] };

/** How long a program takes, in milliseconds; undefined where it is not installed. */
function wholeMs(peer: Peer, address: string): number | undefined {
  if (!existsSync(peer.path)) return undefined;
  return timed([peer.path, ...peer.argv(address)]).ms;
}

function timed(argv: readonly string[]): { ms: number; stdout: string } {
  const startedAt = performance.now();
  const { stdout, error } = spawnSync(argv[0] as string, argv.slice(1), { encoding: 'utf8' });
  if (error) throw error;
  return { ms: performance.now() - startedAt, stdout };
}

/** The whole process, and what its result says of the time from the first probe to the verdict. */
function rawshake(address: string): { wholeMs: number; durationMs: number } {
  const { ms, stdout } = timed(rawshakeArgv(['trace', address, PORT, '-n', '--json']));
  return { wholeMs: ms, durationMs: JSON.parse(stdout.trim().split('\n').at(-1) as string).durationMs };
}

/** Both by turns. */
function besides(address: string, peer: Peer, rounds: number): { whole: number; duration: number; peer: number | undefined } {
  const ours: ReturnType<typeof rawshake>[] = [];
  const theirs: (number | undefined)[] = [];
  for (let round = 0; round < rounds; round++) {
    ours.push(rawshake(address));
    theirs.push(wholeMs(peer, address));
  }
  const known = theirs.filter((ms) => ms !== undefined);
  return {
    whole: median(ours.map((one) => one.wholeMs)),
    duration: median(ours.map((one) => one.durationMs)),
    peer: known.length === 0 ? undefined : median(known),
  };
}

const ms = (value: number): string => `${value.toFixed(value < 100 ? 1 : 0)} ms`;

function row(what: string, ours: number, name: string, theirs: number | undefined, goal: number | undefined): Row {
  const ratio = theirs === undefined ? undefined : ours / theirs;
  return {
    what,
    ours: ms(ours),
    peer: theirs === undefined ? `(${name} is not installed)` : `${ms(theirs)} (${name})`,
    ratio: ratio?.toFixed(2) ?? '',
    goal: goal === undefined ? '' : `${goal}`,
    met: goal === undefined || (ratio !== undefined && ratio <= goal),
  };
}

function durations(address: string, chain: Chain): Row[] {
  const clean = besides(address, TRACEROUTE, ROUNDS);
  const tcptraceroute = besides(address, TCPTRACEROUTE, 3);
  const mtr = besides(address, MTR, 1);
  for (const hop of SILENT_HOPS) chain.router(hop).firewall('output', 'icmp type time-exceeded drop');
  try {
    const silent = besides(address, TRACEROUTE, ROUNDS);
    const nmap = besides(address, NMAP, 3);
    return [
      row(
        'trace over 7 routers: first probe to verdict, to the whole of the peer',
        clean.duration,
        'traceroute -T',
        clean.peer,
        GOAL.clean,
      ),
      row('the same, three of them silent', silent.duration, 'traceroute -T', silent.peer, GOAL.silent),
      row('the whole process over 7 routers', tcptraceroute.whole, 'tcptraceroute', tcptraceroute.peer, GOAL.tcptraceroute),
      row('the same', mtr.whole, 'mtr --tcp', mtr.peer, undefined),
      row('the whole process, three of them silent', nmap.whole, 'nmap --traceroute', nmap.peer, GOAL.nmap),
    ];
  } finally {
    chain.openFirewalls();
  }
}

/** From the wire: the round trips of probes, by their sequence numbers. */
function roundTrips(wire: Awaited<ReturnType<typeof captured>>): { ttl: number; rttUs: number }[] {
  const left = new Map<number, { ttl: number; atUs: number }>();
  const trips: { ttl: number; rttUs: number }[] = [];
  for (const { atUs, datagram } of wire) {
    const { ip, tcp, icmp } = decodePacket(datagram);
    if (tcp !== undefined && String(tcp.destinationPort) === PORT) {
      left.set(tcp.seq, { ttl: ip.ttl, atUs });
      continue;
    }
    const seq = tcp === undefined ? icmp && readIcmpError(icmp)?.tcp?.seq : seqAdd(tcp.ack, -1);
    const probe = seq === undefined ? undefined : left.get(seq);
    if (probe !== undefined) trips.push({ ttl: probe.ttl, rttUs: atUs - probe.atUs });
  }
  return trips;
}

/** How far the median round trip of the worst hop is from what tcpdump saw on the first interface. */
async function apart(address: string, chain: Chain): Promise<Row> {
  const network = openKernelNetwork();
  let hops: HopEvent[] = [];
  const wire = await captured(chain.client, 'far', 'tcp or icmp', async () => {
    const target = { address: parseIpv4(address) as number, port: Number(PORT) };
    ({ hops } = await traced(network, { ...target, probes: PROBES }));
  });
  network.close();
  const trips = roundTrips(wire);
  const differences = hops.map(({ ttl, figures }) => {
    const truth = median(trips.filter((trip) => trip.ttl === ttl).map(({ rttUs }) => rttUs));
    return Math.abs((figures.rttUs?.median ?? Number.NaN) - truth);
  });
  const worst = Math.max(...differences);
  return {
    what: `a hop's median of ${PROBES} round trips, from tcpdump's: the furthest of ${hops.length} hops`,
    ours: `${worst.toFixed(1)} µs`,
    peer: '',
    ratio: '',
    goal: `${GOAL.tcpdumpUs} µs`,
    met: worst <= GOAL.tcpdumpUs,
  };
}

/** In memory, on a clock of its own. */
async function simulated(): Promise<Row[]> {
  const path = readPath(new URL('../test/probe/trace/paths/twenty.json', import.meta.url));
  const delays = [...path.hops, path.destination].map(({ delayMs }) => delayMs);
  const roundTripMs = 2 * delays.reduce((sum, ms) => sum + ms, 0);
  const rows: Row[] = [];
  for (const probes of [1, 3]) {
    const { result } = await new Simulation(path).trace({ probes });
    const goal = probes === 1 ? GOAL.simulated : undefined;
    const what = `a simulated path of ${delays.length} hops of ${2 * (delays[0] as number)} ms, ${probes} probe${probes === 1 ? '' : 's'} of each`;
    rows.push(row(what, result.durationMs, 'its round trip', roundTripMs, goal));
  }
  return rows;
}

async function changed(): Promise<Row[]> {
  const { rows, cleanRuns, falseAlarms } = await changes();
  const right = rows.filter((one) => one.right).length;
  writeSync(1, `\n${changesTable(rows)}\n`);
  const figure = { peer: '', ratio: '' };
  return [
    {
      ...figure,
      what: 'kinds of change made on the way, called by their names and laid to their hops',
      ours: `${right} of ${rows.length}`,
      goal: '18 of 20',
      met: rows.length >= 20 && right / rows.length >= GOAL.changes,
    },
    {
      ...figure,
      what: 'changes told where there are none: runs',
      ours: `${falseAlarms} of ${cleanRuns}`,
      goal: '0',
      met: falseAlarms === 0,
    },
  ];
}

export async function trace(): Promise<Row[]> {
  const chain = createChain();
  const moveBack = moveInto(chain.client);
  try {
    const rows = [...durations(chain.serverAddress, chain), await apart(chain.serverAddress, chain)];
    return [...rows, ...(await simulated()), ...(await changed())];
  } finally {
    moveBack();
    chain.remove();
  }
}
