/** Thousands of lines a second cost more to write one by one than to make. */
import { type Io, ioWith, writtenBy } from './io.ts';

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
  return ioWith(io, {
    flush,
    stdout: writtenBy(stdout, (text) => {
      gathered += text;
      if (gathered.length >= MOST_LENGTH) flush();
      if (!isScheduled) setImmediate(flush);
      isScheduled = true;
    }),
    // On a terminal the two are one: what was written first is to be seen first.
    stderr: writtenBy(stderr, (text) => {
      flush();
      stderr.write(text);
    }),
    exitNow(code: number) {
      flush();
      io.exitNow(code);
    },
  });
}
