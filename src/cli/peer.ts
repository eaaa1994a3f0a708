/** A server on loopback to speak to, in a process of its own. */
import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { NetError } from '../net/errors.ts';

export interface Peer {
  /** A port that answers; see peer-server.ts. */
  open: number;
  /** A port on which nothing listens. */
  closed: number;
  stop(): void;
}

/** node takes a tenth of a second to start, more on a busy machine. */
const START_TIMEOUT_MS = 1500;

type Told = { open: number; closed: number } | { error: string };

/** @throws NetError `system` where it does not start */
export function startPeer(): Promise<Peer> {
  const server = fork(fileURLToPath(new URL('./peer-server.js', import.meta.url)), {
    execArgv: [],
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  });
  const stop = (): void => {
    if (server.connected) server.disconnect();
  };
  return new Promise((resolve, reject) => {
    const fail = (reason: string): void => {
      clearTimeout(timer);
      server.kill('SIGKILL');
      reject(
        new NetError(
          'system',
          'start',
          'a server on loopback',
          reason,
          'it takes a process, a TCP port and an address: see `ulimit -a` and `ip -br address`',
        ),
      );
    };
    const timer = setTimeout(() => fail('it did not come up in time'), START_TIMEOUT_MS);
    server.on('error', ({ message }) => fail(message));
    server.once('exit', (code) => fail(`it ended with ${code}`));
    server.once('message', (told: Told) => {
      if ('error' in told) return fail(told.error);
      clearTimeout(timer);
      // From now on it is there until it is stopped, and keeps nobody waiting.
      server.removeAllListeners('exit');
      resolve({ ...told, stop });
    });
  });
}
