/** A spinner on stderr while nothing happens, so that silence is seen to be waited for. */
import type { Io } from './io.ts';

/** Silence shorter than this needs no explanation. */
const PATIENCE_MS = 600;

export interface Waiting {
  /** Called before anything is printed, with what is waited for from now on; undefined: nothing worth a word. */
  begins(what: string | undefined): void;
  stop(): void;
}

/** Does nothing off a terminal. */
export function createWaiting({ stderr }: Io): Waiting {
  // A terminal that no one has told its size has 0 columns, and ora would clear lines without end.
  if (!stderr.isTTY || !stderr.columns) return { begins() {}, stop() {} };
  let wait = 0;
  let timer: NodeJS.Timeout | undefined;
  let spinner: { stop(): unknown } | undefined;
  const clear = () => {
    wait++;
    clearTimeout(timer);
    spinner?.stop();
    spinner = undefined;
  };
  const show = async (text: string) => {
    const own = wait;
    // Loading it takes a tenth of a second: only now, when there is nothing else to do. Who is no longer root may not be able to.
    const ora = (await import('ora').catch(() => undefined))?.default;
    if (wait === own) spinner = ora?.({ text, discardStdin: false }).start();
  };
  return {
    begins(what) {
      clear();
      if (what !== undefined) timer = setTimeout(() => void show(what), PATIENCE_MS).unref();
    },
    stop: clear,
  };
}
