/** `ping` as fast as answers come, beside a bulk transfer on the same host, and for a long time. */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { type Child, createPair, type Namespace } from '../test/support/netns.ts';
import { rawshakeArgv } from '../test/support/rawshake.ts';
import { grouped, median, type Row } from './table.ts';

const CLOSED_PORT = '81';
const FAST = { count: 20_000, rounds: 5, goal: 20_000 };
/** Half a minute of probes. */
const LONG = { few: 1000, many: 1_000_000, goal: 1.3 };
const BUSY = { port: '5001', connections: '8', mtu: 300, goal: 5, probes: 60, intervalSeconds: 0.1, warmUpMs: 1500, measuredMs: 4000 };
/** Of /proc/PID/stat: user and system time in hundredths of a second, counted from behind the name. */
const [USER_TIME, SYSTEM_TIME] = [11, 12];

interface Result {
  sent: number;
  received: number;
  durationUs: number;
  rttUs: { median: number };
}

const argvOf = (address: string, options: readonly string[]): string[] => rawshakeArgv(['ping', address, CLOSED_PORT, ...options]);

/** A closed port is exit code 1, and the lines are many. */
const lastLine = (client: Namespace, argv: readonly string[]): string => client.exec(['sh', '-c', '"$@" | tail -n 1', 'sh', ...argv]);

function fast(client: Namespace, address: string): Row[] {
  const rounds = Array.from(
    { length: FAST.rounds },
    (): Result => JSON.parse(lastLine(client, argvOf(address, ['-c', `${FAST.count}`, '-i', '0', '--json']))),
  );
  const perSecond = median(rounds.map(({ received, durationUs }) => (received * 1e6) / durationUs));
  const missing = rounds.reduce((sum, { received }) => sum + FAST.count - received, 0);
  const what = `ping -i 0 --count ${grouped(FAST.count)} to a closed port over veth`;
  return [
    {
      what: `${what}: answered probes`,
      ours: `${grouped(perSecond)}/s`,
      peer: '',
      ratio: '',
      goal: `${grouped(FAST.goal)}/s`,
      met: perSecond >= FAST.goal,
    },
    {
      what: `the same: probes not accounted for in ${FAST.rounds} rounds`,
      ours: `${missing}`,
      peer: '',
      ratio: '',
      goal: '0',
      met: missing === 0,
    },
  ];
}

/** In percent of a core. */
async function cpuShare(pid: number, overMs: number): Promise<number> {
  const usedMs = (): number => {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
    return 10 * (Number(fields[USER_TIME]) + Number(fields[SYSTEM_TIME]));
  };
  const beforeMs = usedMs();
  await pause(overMs);
  return (100 * (usedMs() - beforeMs)) / overMs;
}

const packetsOnLoopback = (namespace: Namespace): number => Number(/lo:\s*\d+\s+(\d+)/.exec(namespace.exec(['cat', '/proc/net/dev']))?.[1]);

interface Slow {
  share: number;
  medianUs: number;
  /** Of others on loopback. */
  packetsPerSecond: number;
}

async function slow(client: Namespace, address: string): Promise<Slow> {
  const { probes, intervalSeconds, warmUpMs, measuredMs } = BUSY;
  const child = client.spawn(argvOf(address, ['-c', `${probes}`, '-i', `${intervalSeconds}`, '--json']));
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (more) => {
    text += more;
  });
  const closed = once(child, 'close');
  await pause(warmUpMs);
  const packets = packetsOnLoopback(client);
  const share = await cpuShare(child.pid as number, measuredMs);
  const packetsPerSecond = ((packetsOnLoopback(client) - packets) * 1000) / measuredMs;
  await closed;
  const result: Result = JSON.parse(text.trim().split('\n').at(-1) ?? '');
  return { share, medianUs: result.rttUs.median, packetsPerSecond };
}

async function busy(client: Namespace, address: string): Promise<Row[]> {
  const idle = await slow(client, address);
  // Loopback would carry 64 kB at a time.
  client.ip(`link set lo mtu ${BUSY.mtu} gso_max_segs 1`);
  const bulk = (...argv: string[]): Child => client.spawn([process.execPath, resolve('bench/clients/bulk.js'), ...argv]);
  const server = bulk('serve', BUSY.port);
  await once(server.stdout, 'data');
  const sender = bulk('send', BUSY.port, BUSY.connections);
  try {
    const { share, medianUs, packetsPerSecond } = await slow(client, address);
    return [
      {
        what: `ping -i ${BUSY.intervalSeconds} beside ${grouped(packetsPerSecond)} foreign TCP packets/s on loopback: share of a core`,
        ours: `${share.toFixed(1)} %`,
        peer: `${idle.share.toFixed(1)} % (idle)`,
        ratio: '',
        goal: `< ${BUSY.goal} %`,
        met: share < BUSY.goal,
      },
      {
        what: 'the same: median round trip',
        ours: `${medianUs.toFixed(1)} µs`,
        peer: `${idle.medianUs.toFixed(1)} µs (idle)`,
        ratio: (medianUs / idle.medianUs).toFixed(2),
        goal: '',
        met: true,
      },
    ];
  } finally {
    sender.kill('SIGKILL');
    server.kill('SIGKILL');
    client.ip('link set lo mtu 65536 gso_max_segs 65535');
  }
}

async function long(client: Namespace, address: string): Promise<Row[]> {
  const peakMb = async (count: number): Promise<number> => {
    const [node, ...rest] = argvOf(address, ['-c', `${count}`, '-i', '0', '-q']);
    const argv = [node as string, '--import', resolve('bench/clients/peak.js'), ...rest];
    const child = client.spawn(argv);
    let told = '';
    child.stderr.setEncoding('utf8').on('data', (more) => {
      told += more;
    });
    child.stdout.resume();
    await once(child, 'close');
    return Number(/peak (\d+) kB/.exec(told)?.[1]) / 1024;
  };
  const few = await peakMb(LONG.few);
  const many = await peakMb(LONG.many);
  return [
    {
      what: `peak memory of ${grouped(LONG.many)} probes, to that of ${grouped(LONG.few)}`,
      ours: `${many.toFixed(0)} MB`,
      peer: `${few.toFixed(0)} MB (${grouped(LONG.few)})`,
      ratio: (many / few).toFixed(2),
      goal: `${LONG.goal}`,
      met: many / few <= LONG.goal,
    },
  ];
}

export async function ping(): Promise<Row[]> {
  const { client, serverAddress, remove } = createPair();
  try {
    return [...fast(client, serverAddress), ...(await busy(client, serverAddress)), ...(await long(client, serverAddress))];
  } finally {
    remove();
  }
}
