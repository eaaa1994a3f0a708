/** A command line run in this process, its output caught. */
import { Readable } from 'node:stream';
import type { Io, Output } from '../../src/cli/io.ts';
import { main } from '../../src/cli/main.ts';

export interface CliRun {
  code: number;
  stdout: string;
  stderr: string;
  /** The lines of stdout, where it was `--json`. */
  readonly lines: Record<string, unknown>[];
}

/** An output that takes all and shows nothing. */
export const SILENT: Output = {
  write: () => undefined,
  isTTY: false,
  columns: undefined,
  rows: undefined,
  isBehind: false,
  catchUp: async () => undefined,
};

export async function runCli(argv: readonly string[], stdin = ''): Promise<CliRun> {
  const caught = { stdout: '', stderr: '' };
  const output = (name: keyof typeof caught): Output => ({
    ...SILENT,
    write(text) {
      caught[name] += text;
    },
  });
  const io: Io = {
    stdin: Readable.from(stdin === '' ? [] : [stdin]),
    stdout: output('stdout'),
    stderr: output('stderr'),
    env: {},
    onSignal: () => () => undefined,
    onQuit: () => () => undefined,
    onResize: () => () => undefined,
    onOutputFailure: () => undefined,
    exitNow: (code) => {
      throw new Error(`exitNow(${code})`);
    },
  };
  const code = await main(argv, io);
  const lines = () => caught.stdout.split('\n').filter((line) => line.startsWith('{'));
  return {
    code,
    ...caught,
    get lines() {
      return lines().map((line) => JSON.parse(line));
    },
  };
}
