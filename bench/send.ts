/** Ten thousand SYNs to a closed port over veth, as fast as it goes, each answered: beside nping doing the same. */
import { existsSync } from 'node:fs';
import { createPair, type Namespace } from '../test/support/netns.ts';
import { rawshakeArgv } from '../test/support/rawshake.ts';
import { grouped, median, type Row } from './table.ts';

const COUNT = 10_000;
const CLOSED_PORT = '81';
const ROUNDS = 9;
const GOAL = 3;
const NPING = '/usr/bin/nping';

interface Outcome {
  /** From the first send to the last. */
  perSecond: number;
  answers: number;
}

function rawshake(client: Namespace, address: string): Outcome {
  const argv = ['send', address, CLOSED_PORT, '--count', `${COUNT}`, '--interval', '0', '--timeout', '0.5', '--json'];
  // A closed port is exit code 1, and the lines are many.
  const stdout = client.exec(['sh', '-c', '"$@" | tail -n 1', 'sh', ...rawshakeArgv(argv)]);
  const { sendingUs, sent, received } = JSON.parse(stdout);
  return { perSecond: (sent * 1e6) / sendingUs, answers: received };
}

function nping(client: Namespace, address: string): Outcome {
  const argv = [NPING, '--tcp', '-p', CLOSED_PORT, '--rate', '100000', '-c', `${COUNT}`, '-v1', address];
  const stdout = client.exec(['sh', '-c', '"$@" | tail -n 9', 'sh', ...argv]);
  return { perSecond: Number(/Tx pkts\/s: ([\d.]+)/.exec(stdout)?.[1]), answers: Number(/Rcvd: (\d+)/.exec(stdout)?.[1]) };
}

export async function send(): Promise<Row[]> {
  const { client, serverAddress, remove } = createPair();
  try {
    const hasNping = existsSync(NPING);
    // In turn, so that both have the same share of a noisy machine.
    const rounds: { ours: Outcome; theirs: Outcome }[] = [];
    for (let i = 0; i < ROUNDS; i++) {
      const ours = rawshake(client, serverAddress);
      rounds.push({ ours, theirs: hasNping ? nping(client, serverAddress) : { perSecond: Number.NaN, answers: 0 } });
    }
    const ours = median(rounds.map((round) => round.ours.perSecond));
    const theirs = median(rounds.map((round) => round.theirs.perSecond));
    const ratio = median(rounds.map((round) => round.ours.perSecond / round.theirs.perSecond));
    const missing = rounds.reduce((sum, round) => sum + COUNT - round.ours.answers, 0);
    return [
      {
        what: `${grouped(COUNT)} SYNs to a closed port, --interval 0`,
        ours: `${grouped(ours)}/s`,
        peer: hasNping ? `${grouped(theirs)}/s (nping)` : '(nping is not installed)',
        ratio: hasNping ? ratio.toFixed(2) : '',
        goal: `${GOAL}`,
        met: ratio >= GOAL,
      },
      {
        what: `the same: answers not accounted for in ${ROUNDS} rounds`,
        ours: `${missing}`,
        peer: '',
        ratio: '',
        goal: '0',
        met: missing === 0,
      },
    ];
  } finally {
    remove();
  }
}
