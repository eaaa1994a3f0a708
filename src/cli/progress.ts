/** A line on stderr that tells how far a long run is, out of the way of what is printed. */
import type { Io } from './io.ts';
import { canSpin, loadSpinner, PATIENCE_MS } from './spinner.ts';

export interface Progress {
  /** Shows a text in the place of the last one. */
  show(text: string): void;
  /** Takes the line away, until there is another text. */
  hide(): void;
}

/** Does nothing off a terminal. */
export function createProgress(io: Pick<Io, 'stderr'>): Progress {
  if (!canSpin(io)) return { show() {}, hide() {} };
  let shown: string | undefined;
  let spinner: Awaited<ReturnType<typeof loadSpinner>>;
  const begin = async (): Promise<void> => {
    spinner = await loadSpinner();
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
