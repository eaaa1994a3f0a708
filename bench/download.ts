/** A download from nginx over veth through the command: speed beside curl's, and whether memory grows with what came. */
import { readFileSync } from 'node:fs';
import { createPair, type Namespace } from '../test/support/netns.ts';
import { rawshakeArgv } from '../test/support/rawshake.ts';
import { FILES, startNginx } from '../test/support/servers.ts';
import { median, type Row } from './table.ts';

const GOAL_MBIT = 100;
/** Of ten times the bytes, to the memory of the smaller download. */
const MEMORY_GOAL = 1.3;
const ROUNDS = 3;
const MEMORY_SAMPLE_MS = 20;

interface Outcome {
  seconds: number;
  peakMiB: number;
  stdout: string;
}

/** Runs a program and watches its memory. */
async function watched(namespace: Namespace, argv: readonly string[]): Promise<Outcome> {
  const startedAt = performance.now();
  const child = namespace.spawn(argv);
  child.stdin.end();
  let stdout = '';
  child.stdout.setEncoding('utf8').on('data', (text) => {
    stdout += text;
  });
  let peakKiB = 0;
  const sample = () => {
    try {
      const status = readFileSync(`/proc/${child.pid}/status`, 'utf8');
      peakKiB = Math.max(peakKiB, Number(/VmHWM:\s*(\d+)/.exec(status)?.[1] ?? 0));
    } catch {
      // It has ended.
    }
  };
  const timer = setInterval(sample, MEMORY_SAMPLE_MS);
  await new Promise((resolve) => child.once('close', resolve));
  clearInterval(timer);
  return { seconds: (performance.now() - startedAt) / 1000, peakMiB: peakKiB / 1024, stdout };
}

export async function download(): Promise<Row[]> {
  const { client, server, serverAddress, remove } = createPair();
  try {
    await startNginx(server);
    const rawshake = async (path: keyof typeof FILES): Promise<Outcome & { mbit: number; exact: boolean }> => {
      const request = `GET ${path} HTTP/1.0\\r\\n\\r\\n`;
      const args = ['connect', serverAddress, '80', '--data', request, '--close', 'passive', '--save', '/dev/null', '--json'];
      const outcome = await watched(client, rawshakeArgv(args));
      const result = JSON.parse(outcome.stdout.trimEnd().split('\n').at(-1) as string);
      const exact = result.exitCode === 0 && result.data.receivedBytes > FILES[path] && result.kernelDrops === 0;
      return { ...outcome, mbit: (FILES[path] * 8) / 1e6 / outcome.seconds, exact };
    };
    const curl = async (): Promise<number> => {
      const { seconds } = await watched(client, ['curl', '-s', '-o', '/dev/null', `http://${serverAddress}/huge`]);
      return (FILES['/huge'] * 8) / 1e6 / seconds;
    };
    const rounds = [];
    for (let i = 0; i < ROUNDS; i++) rounds.push({ huge: await rawshake('/huge'), curl: await curl(), large: await rawshake('/large') });
    const mbit = median(rounds.map(({ huge }) => huge.mbit));
    const curlMbit = median(rounds.map((round) => round.curl));
    const exact = rounds.every(({ huge }) => huge.exact);
    const [hugeMiB, largeMiB] = [median(rounds.map(({ huge }) => huge.peakMiB)), median(rounds.map(({ large }) => large.peakMiB))];
    return [
      {
        what: '100 MiB from nginx, --save /dev/null, the whole process',
        ours: `${mbit.toFixed(0)} Mbit/s${exact ? '' : ', NOT EXACT'}`,
        peer: `${curlMbit.toFixed(0)} Mbit/s (curl)`,
        ratio: (mbit / curlMbit).toFixed(2),
        goal: `${GOAL_MBIT} Mbit/s`,
        met: exact && mbit >= GOAL_MBIT,
      },
      {
        what: 'peak memory of 100 MiB beside that of 10 MiB',
        ours: `${hugeMiB.toFixed(0)} MiB`,
        peer: `${largeMiB.toFixed(0)} MiB (10 MiB)`,
        ratio: (hugeMiB / largeMiB).toFixed(2),
        goal: `${MEMORY_GOAL}`,
        met: hugeMiB / largeMiB <= MEMORY_GOAL,
      },
    ];
  } finally {
    remove();
  }
}
