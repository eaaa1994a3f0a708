/** A plan of many connects beside as many processes of nping, both against nginx over veth, 16 at a time. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createPair } from '../test/support/netns.ts';
import { rawshakeArgv } from '../test/support/rawshake.ts';
import { startNginx } from '../test/support/servers.ts';
import { median, type Row } from './table.ts';

const COUNT = 200;
const JOBS = 16;
const ROUNDS = 5;
/** As part of the other's time. */
const GOAL = 1 / 5;

export async function plan(): Promise<Row[]> {
  const { client, server, serverAddress, remove } = createPair();
  const directory = mkdtempSync(join(tmpdir(), 'rawshake-plan-'));
  try {
    await startNginx(server);
    const file = join(directory, 'plan.yaml');
    const numbers = Array.from({ length: COUNT }, (_, i) => i).join(', ');
    writeFileSync(
      file,
      `tests: [{ name: connect, matrix: { n: [${numbers}] }, connect: { host: ${serverAddress}, port: 80, time-wait: 0 }, expect: verdict == open }]`,
    );
    const timed = (argv: readonly string[]): number => {
      const startedMs = performance.now();
      client.exec(argv);
      return performance.now() - startedMs;
    };
    const rounds: { oursMs: number; theirsMs: number }[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      const oursMs = timed(rawshakeArgv(['run', file, '--jobs', String(JOBS), '--quiet']));
      const nping = `seq ${COUNT} | xargs -P ${JOBS} -I{} nping --tcp-connect -c 1 -p 80 ${serverAddress} > /dev/null`;
      rounds.push({ oursMs, theirsMs: timed(['sh', '-c', nping]) });
    }
    const ratio = median(rounds.map(({ oursMs, theirsMs }) => oursMs / theirsMs));
    return [
      {
        what: `a plan of ${COUNT} connects, ${JOBS} at a time`,
        ours: `${Math.round(median(rounds.map(({ oursMs }) => oursMs)))} ms`,
        peer: `${Math.round(median(rounds.map(({ theirsMs }) => theirsMs)))} ms (${COUNT} × nping)`,
        ratio: ratio.toFixed(2),
        goal: GOAL.toFixed(2),
        met: ratio <= GOAL,
      },
    ];
  } finally {
    rmSync(directory, { recursive: true });
    remove();
  }
}
