/** A spinner on stderr while nothing happens, so that silence is seen to be waited for. */
import type { Io } from './io.ts';
import { canSpin, loadSpinner, PATIENCE_MS } from './spinner.ts';

export interface Waiting {
  /** Called before anything is printed, with what is waited for from now on; undefined: nothing worth a word. */
  begins(what: string | undefined): void;
  stop(): void;
}

/** Does nothing off a terminal. */
export function createWaiting(io: Pick<Io, 'stderr'>): Waiting {
  if (!canSpin(io)) return { begins() {}, stop() {} };
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
    // Only now, when there is nothing else to do.
    const loaded = await loadSpinner();
    if (wait === own) spinner = loaded?.start(text);
  };
  return {
    begins(what) {
      clear();
      if (what !== undefined) timer = setTimeout(() => void show(what), PATIENCE_MS).unref();
    },
    stop: clear,
  };
}
