/** The built command in a namespace, as a user would run it. */
import { constants } from 'node:os';
import { resolve } from 'node:path';
import type { ConnectEvent, ConnectResult, ErrorReport, SendResult } from '../../src/probe/events.ts';
import { type Capture, startCapture } from './capture.ts';
import { Lines } from './lines.ts';
import type { Child, Namespace } from './netns.ts';

/** The last line of `--json`; where an error ended the run early, it has little more than that error. */
export type ResultLine = Partial<Omit<ConnectResult, 'type' | 'error'> & Omit<SendResult, keyof ConnectResult>> & {
  type: 'result';
  exitCode: number;
  error?: ErrorReport;
};

/** A line of `--json`. */
export type Line = Exclude<ConnectEvent, ConnectResult> | ResultLine;

type LineOf<T extends Line['type']> = Extract<Line, { type: T }>;

/** A run that has ended. */
export interface Run {
  /** As a shell tells it: 128+N where signal N ended it. */
  code: number;
  stdout: string;
  stderr: string;
  /** The lines of stdout, where it was `--json`. */
  lines: Line[];
  /** The lines of one type. */
  readonly of: <T extends Line['type']>(type: T) => LineOf<T>[];
  /** The last line. @throws where it is no result */
  readonly result: ResultLine;
}

/** A run under way. */
export interface Running {
  readonly child: Child;
  /** The first line that fits, of those that came and those to come. */
  first(what: string, fits: (line: Line) => boolean): Promise<Line>;
  readonly finished: Promise<Run>;
}

export interface RunOptions {
  /** When to kill it and fail, however long it says it would take. */
  timeoutMs?: number;
  env?: NodeJS.ProcessEnv;
  /** What stands before `node`, such as `setpriv` and its options. */
  before?: readonly string[];
}

const BIN = resolve('bin/rawshake.js');

/** The command line of a run, for a shell or a wrapper of the test's own. */
export const rawshakeArgv = (args: readonly string[]): string[] => [process.execPath, BIN, ...args];

export function startRawshake(namespace: Namespace, args: readonly string[], options: RunOptions = {}): Running {
  const { timeoutMs = 20_000, env, before = [] } = options;
  const child = namespace.spawn([...before, ...rawshakeArgv(args)], env);
  child.stdin.end();
  const lines = new Lines<Line>(child.stdout, (text) => (text.startsWith('{') ? JSON.parse(text) : undefined));
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text) => {
    stderr += text;
  });
  const finished = new Promise<Run>((resolve, reject) => {
    const timer = setTimeout(() => {
      child.kill('SIGKILL');
      reject(new Error(`rawshake ${args.join(' ')}: still running after ${timeoutMs} ms\n${stdout}\n${stderr}`));
    }, timeoutMs);
    child.once('close', (code, signal) => {
      clearTimeout(timer);
      resolve(new EndedRun(code ?? 128 + constants.signals[signal as NodeJS.Signals], stdout, stderr, lines.all));
    });
  });
  // Who only waits for a line still learns of the end by `finished`, later or never.
  finished.catch(() => undefined);
  return { child, finished, first: (what, fits) => lines.first(what, fits, timeoutMs) };
}

/** Runs the command to its end. */
export const rawshake = (namespace: Namespace, args: readonly string[], options?: RunOptions): Promise<Run> =>
  startRawshake(namespace, args, options).finished;

/** Runs the command to its end under the eyes of a capture of its namespace. */
export async function captureRawshake(
  namespace: Namespace,
  args: readonly string[],
  options?: RunOptions,
): Promise<{ run: Run; capture: Capture }> {
  const capture = await startCapture(namespace);
  const run = await rawshake(namespace, args, options);
  await capture.stop();
  return { run, capture };
}

class EndedRun implements Run {
  constructor(
    readonly code: number,
    readonly stdout: string,
    readonly stderr: string,
    readonly lines: Line[],
  ) {}

  readonly of = <T extends Line['type']>(type: T): LineOf<T>[] => this.lines.filter((line): line is LineOf<T> => line.type === type);

  get result(): ResultLine {
    const last = this.lines.at(-1);
    if (last?.type !== 'result') throw new Error(`no result in the last line (exit code ${this.code})\n${this.stdout}\n${this.stderr}`);
    return last;
  }
}
