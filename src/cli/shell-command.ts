/** The shell commands of a plan's setup and teardown. */
import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import type { CommandOutcome } from '../plan/commands.ts';
import { signalExitCode } from './exit-code.ts';
import type { Io } from './io.ts';

/** Of what a command writes, the end is kept. */
const KEPT_CHARACTERS = 2000;
const NOT_STARTED = 127;

/** Runs one by the shell, in a process group of its own, which the signal ends. What it leaves running stays. */
export function runShellCommand(command: string, { env }: Pick<Io, 'env'>, signal: AbortSignal): Promise<CommandOutcome> {
  return new Promise((resolve) => {
    const child = spawn('/bin/sh', ['-c', command], { env, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
    let output = '';
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk: Buffer) => {
        output = (output + chunk.toString()).slice(-KEPT_CHARACTERS);
      });
    const kill = (): void => {
      try {
        if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
      } catch {
        // It has ended by itself.
      }
    };
    const settle = (exitCode: number): void => {
      signal.removeEventListener('abort', kill);
      // What it has started may hold them open for ever.
      for (const stream of [child.stdout, child.stderr]) stream.destroy();
      resolve({ exitCode, output: output.trim() });
    };
    child.once('error', (error) => {
      output = error.message;
      settle(NOT_STARTED);
    });
    child.once('exit', (code, name) => setImmediate(settle, code ?? signalExitCode(name === null ? 0 : constants.signals[name])));
    if (signal.aborted) kill();
    else signal.addEventListener('abort', kill, { once: true });
  });
}
