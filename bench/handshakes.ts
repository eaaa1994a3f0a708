/** Handshakes with active close against nginx over veth: the library beside a node:net client doing the same. */
import { createPair } from '../test/support/netns.ts';
import { startNginx } from '../test/support/servers.ts';
import { grouped, median, type Row } from './table.ts';

const COUNT = 10_000;
const ROUNDS = 5;
const GOAL = 2;

interface Outcome {
  perSecond: number;
  cpuUs: number;
  failures: number;
  resets: number;
  retransmissions: number;
}

/** One run in a network of its own: the kernel's TIME-WAITs of an earlier one would leave too few ports. */
async function run(who: 'rawshake' | 'node'): Promise<Outcome> {
  const { client, server, serverAddress, remove } = createPair();
  try {
    await startNginx(server);
    return JSON.parse(client.exec([process.execPath, 'bench/clients/handshakes.js', who, serverAddress, '80', String(COUNT)]));
  } finally {
    remove();
  }
}

export async function handshakes(): Promise<Row[]> {
  // In turn, so that both have the same share of a noisy machine.
  const rounds: { ours: Outcome; theirs: Outcome }[] = [];
  for (let i = 0; i < ROUNDS; i++) rounds.push({ ours: await run('rawshake'), theirs: await run('node') });
  const ours = median(rounds.map((round) => round.ours.perSecond));
  const theirs = median(rounds.map((round) => round.theirs.perSecond));
  const ratio = median(rounds.map((round) => round.ours.perSecond / round.theirs.perSecond));
  const sum = (key: 'failures' | 'resets' | 'retransmissions') => rounds.reduce((total, round) => total + round.ours[key], 0);
  return [
    {
      what: `${grouped(COUNT)} handshakes and closes, 64 at a time, against nginx`,
      ours: `${grouped(ours)}/s`,
      peer: `${grouped(theirs)}/s (node:net)`,
      ratio: ratio.toFixed(2),
      goal: `${GOAL}`,
      met: ratio >= GOAL,
    },
    {
      what: `the same: failures, RSTs, retransmissions in ${ROUNDS} rounds`,
      ours: `${sum('failures')}, ${sum('resets')}, ${sum('retransmissions')}`,
      peer: '',
      ratio: '',
      goal: '0, 0',
      met: sum('failures') === 0 && sum('resets') === 0,
    },
  ];
}
