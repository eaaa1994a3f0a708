import { InputError } from '../../../src/probe/input-error.ts';

/** What the caller is told where something is refused: message and hint. */
export function refusal(attempt: () => unknown): string {
  try {
    attempt();
  } catch (error) {
    if (error instanceof InputError) return `${error.message}; ${error.hint}`;
    throw error;
  }
  throw new Error('it was not refused');
}
