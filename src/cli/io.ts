/** The process as the commands see it; a test hands in another one. */
import type { Readable } from 'node:stream';

export interface Output {
  write(text: string): void;
  readonly isTTY: boolean;
  /** Of the terminal; undefined off one. */
  readonly columns: number | undefined;
}

export interface Io {
  stdin: Readable;
  stdout: Output;
  stderr: Output;
  env: Readonly<Record<string, string | undefined>>;
  /** Calls back for each of the signals that end a run. @returns a function that stops it */
  onSignal(callback: (name: NodeJS.Signals, number: number) => void): () => void;
  /** Calls back once when nobody reads stdout any more. */
  onBrokenPipe(callback: () => void): void;
  /** Ends the process at once: after a second signal. */
  exitNow(code: number): void;
}

const SIGNALS = { SIGHUP: 1, SIGINT: 2, SIGTERM: 15 } as const;

/** The real one. */
export function processIo(): Io {
  let brokenPipe = false;
  const listeners: (() => void)[] = [];
  const output = (stream: NodeJS.WriteStream): Output => {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error;
      if (brokenPipe || stream !== process.stdout) return;
      brokenPipe = true;
      for (const listener of listeners) listener();
    });
    return {
      write(text) {
        if (!(brokenPipe && stream === process.stdout)) stream.write(text);
      },
      isTTY: stream.isTTY === true,
      get columns() {
        return stream.isTTY ? stream.columns : undefined;
      },
    };
  };
  return {
    stdin: process.stdin,
    stdout: output(process.stdout),
    stderr: output(process.stderr),
    env: process.env,
    onSignal(callback) {
      const entries = Object.entries(SIGNALS).map(([name, number]) => {
        const listener = () => callback(name as NodeJS.Signals, number);
        process.on(name, listener);
        return { name, listener };
      });
      return () => {
        for (const { name, listener } of entries) process.off(name, listener);
      };
    },
    onBrokenPipe(callback) {
      listeners.push(callback);
      if (brokenPipe) callback();
    },
    exitNow: (code) => process.exit(code),
  };
}
