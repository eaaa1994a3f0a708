/** The process as the commands see it; a test hands in another one. */
import { once } from 'node:events';
import type { Readable } from 'node:stream';
import { BROKEN_PIPE, OUTPUT_FAILED } from './exit-code.ts';

export interface Output {
  write(text: string): void;
  readonly isTTY: boolean;
  /** Of the terminal; undefined off one, and where no one has told it its size, as in `docker run -t` and `script`. */
  readonly columns: number | undefined;
  readonly rows: number | undefined;
  /** Its reader is so far behind that who has more for it had better wait. */
  readonly isBehind: boolean;
  /** Until the reader has caught up, nobody reads any more, or the signal says that there is no time. */
  catchUp(signal: AbortSignal): Promise<void>;
}

/** The same output, written to by another way. */
export const writtenBy = (output: Output, write: Output['write']): Output => Object.assign(Object.create(output), { write });

export interface Io {
  stdin: Readable;
  stdout: Output;
  stderr: Output;
  env: Readonly<Record<string, string | undefined>>;
  /** Calls back for each of the signals that end a run. @returns a function that stops it */
  onSignal(callback: (name: NodeJS.Signals, number: number) => void): () => void;
  /** Calls back on SIGQUIT, Ctrl-\ on a terminal, which then ends nothing. @returns a function that stops it */
  onQuit(callback: () => void): () => void;
  /** Calls back when the terminal of stdout has another size. @returns a function that stops it */
  onResize(callback: () => void): () => void;
  /** Calls back once when stdout takes no more: its reader went away (EPIPE), or it can't be written. Of several who ask, the last one. */
  onOutputFailure(callback: (failure: OutputFailure) => void): void;
  /** Ends the process at once: after a second signal, and where the other end of a pipe would keep it for ever. */
  exitNow(code: number): void;
}

/** The same but for some of it. A spread would read `stdin`, which makes it. */
export const ioWith = <T extends Partial<Io>>(io: Io, parts: T): Io & T => Object.assign(Object.create(io), parts);

/** Why stdout takes no more. */
export interface OutputFailure {
  /** The reader went away, which is nothing to talk about. */
  isBrokenPipe: boolean;
  error: NodeJS.ErrnoException;
}

/** More than a reader leaves lying who reads at all. */
const MUCH_UNREAD_BYTES = 1 << 24;

const SIGNALS = { SIGHUP: 1, SIGINT: 2, SIGTERM: 15 } as const;

/** The real one. */
export function processIo(): Io {
  let failure: OutputFailure | undefined;
  let listener: ((failure: OutputFailure) => void) | undefined;
  // Nobody may be left to hear of it before the process ends.
  process.once('exit', () => {
    if (failure !== undefined) process.exitCode = failure.isBrokenPipe ? BROKEN_PIPE : OUTPUT_FAILED;
  });
  const output = (stream: NodeJS.WriteStream): Output => {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      // There is no one to tell that stderr can't be written.
      if (failure !== undefined || stream !== process.stdout) return;
      failure = { isBrokenPipe: error.code === 'EPIPE', error };
      listener?.(failure);
    });
    return {
      write(text) {
        if (failure === undefined || stream !== process.stdout) stream.write(text);
      },
      isTTY: stream.isTTY === true,
      get columns() {
        return (stream.isTTY && stream.columns) || undefined;
      },
      get rows() {
        return (stream.isTTY && stream.rows) || undefined;
      },
      get isBehind() {
        return stream.writableLength > MUCH_UNREAD_BYTES;
      },
      async catchUp(signal) {
        // It fails where the stream does, of which others hear, and where the signal comes.
        if (stream.writableNeedDrain) await once(stream, 'drain', { signal }).catch(() => undefined);
      },
    };
  };
  return {
    // Made when it is read: few commands do, and beside /dev/null it takes a while.
    get stdin() {
      return process.stdin;
    },
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
    onQuit(callback) {
      process.on('SIGQUIT', callback);
      return () => process.off('SIGQUIT', callback);
    },
    onResize(callback) {
      process.stdout.on('resize', callback);
      return () => process.stdout.off('resize', callback);
    },
    onOutputFailure(callback) {
      listener = callback;
      if (failure !== undefined) callback(failure);
    },
    exitNow: (code) => void endNow(code),
  };
}

async function endNow(code: number): Promise<void> {
  const { libc } = await import('../net/libc.ts');
  // After all others who want to hear of it.
  process.once('exit', () => {
    try {
      libc().exit(code);
    } catch {
      // Without koffi it ends as Node.js ends it.
    }
  });
  process.exit(code);
}
