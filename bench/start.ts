/** How long the command takes from its start to its end, and what memory, beside a node that does nothing. */
import { createPair } from '../test/support/netns.ts';
import { startNginx } from '../test/support/servers.ts';
import type { Row } from './table.ts';

type Outcome = Record<'node' | 'version' | 'help' | 'connect' | 'nodePeak' | 'connectPeak', number>;

export async function start(): Promise<Row[]> {
  const { server, remove } = createPair();
  try {
    await startNginx(server);
    const outcome: Outcome = JSON.parse(server.exec([process.execPath, 'bench/clients/start.js', '80']));
    const row = (what: string, ours: number, theirs: number, unit: string, goal: number): Row => ({
      what,
      ours: `${ours.toFixed(0)} ${unit}`,
      peer: `${theirs.toFixed(0)} ${unit} (node -e 0)`,
      ratio: (ours / theirs).toFixed(2),
      goal: `${goal}`,
      met: ours / theirs <= goal,
    });
    const { node, version, help, connect, nodePeak, connectPeak } = outcome;
    return [
      row('rawshake --version', version, node, 'ms', 1.15),
      row('rawshake --help', help, node, 'ms', 2),
      row('rawshake connect --idle 0 --time-wait 0 to nginx on loopback', connect, node, 'ms', 2.3),
      row('the same: peak memory', connectPeak / 1024, nodePeak / 1024, 'MiB', 1.5),
    ];
  } finally {
    remove();
  }
}
