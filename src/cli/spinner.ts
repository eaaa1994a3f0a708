/** The spinner on stderr, where there is a terminal to show it. */
import type { Io } from './io.ts';

/** What is over sooner needs no word. */
export const PATIENCE_MS = 600;

/** On a terminal that no one has told its size ora would clear lines without end. */
export const canSpin = ({ stderr }: Pick<Io, 'stderr'>): boolean => stderr.isTTY && stderr.columns !== undefined;

/** Loading ora takes a tenth of a second. Who is no longer root may not be able to: undefined. */
export async function loadSpinner() {
  const ora = (await import('ora').catch(() => undefined))?.default;
  return ora?.({ discardStdin: false });
}
