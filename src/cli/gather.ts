/** Thousands of lines a second cost more to write one by one than to make. */
import type { Io } from './io.ts';

const MOST_LENGTH = 1 << 16;

/** The same, but that what is written to stdout in one turn of the event loop goes out at once. */
export function gatherOutput(io: Io): Io & { /** To be called at the end. */ flush(): void } {
  const { stdout, stderr } = io;
  let gathered = '';
  let isScheduled = false;
  const flush = (): void => {
    isScheduled = false;
    if (gathered !== '') stdout.write(gathered);
    gathered = '';
  };
  return {
    ...io,
    flush,
    stdout: {
      write(text) {
        gathered += text;
        if (gathered.length >= MOST_LENGTH) flush();
        if (!isScheduled) setImmediate(flush);
        isScheduled = true;
      },
      get isTTY() {
        return stdout.isTTY;
      },
      get columns() {
        return stdout.columns;
      },
      get rows() {
        return stdout.rows;
      },
    },
    // On a terminal the two are one: what was written first is to be seen first.
    stderr: {
      write(text) {
        flush();
        stderr.write(text);
      },
      get isTTY() {
        return stderr.isTTY;
      },
      get columns() {
        return stderr.columns;
      },
      get rows() {
        return stderr.rows;
      },
    },
    exitNow(code) {
      flush();
      io.exitNow(code);
    },
  };
}
