/** A line on stderr that tells how far a long run is, out of the way of what is printed. */
import type { Io } from './io.ts';

/** What is over sooner needs no such line. */
const PATIENCE_MS = 600;

export interface Progress {
  /** Shows a text in the place of the last one. */
  show(text: string): void;
  /** Takes the line away, until there is another text. */
  hide(): void;
}

/** Does nothing off a terminal. */
export function createProgress({ stderr }: Pick<Io, 'stderr'>): Progress {
  // A terminal that no one has told its size has 0 columns, and ora would clear lines without end.
  if (!stderr.isTTY || !stderr.columns) return { show() {}, hide() {} };
  let shown: string | undefined;
  let spinner: { text: string; isSpinning: boolean; start(): unknown; stop(): unknown } | undefined;
  const begin = async (): Promise<void> => {
    // Loading it takes a tenth of a second. Who is no longer root may not be able to.
    const ora = (await import('ora').catch(() => undefined))?.default;
    spinner = ora?.({ discardStdin: false });
    if (shown !== undefined && spinner !== undefined) showNow(spinner, shown);
  };
  setTimeout(() => void begin(), PATIENCE_MS).unref();
  const showNow = (line: NonNullable<typeof spinner>, text: string): void => {
    line.text = text;
    if (!line.isSpinning) line.start();
  };
  return {
    show(text) {
      shown = text;
      if (spinner !== undefined) showNow(spinner, text);
    },
    hide() {
      shown = undefined;
      spinner?.stop();
    },
  };
}
