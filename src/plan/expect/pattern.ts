/**
 * Regular expressions on text that a stranger sent: one that goes back and forth without end on some text (`(a+)+$`) must
 * not stop the program. It runs with a limit of time, which V8 heeds within a match.
 */
import { type Context, createContext, Script } from 'node:vm';

/** A match that takes longer is given up. */
const LONGEST_MS = 500;

/** Flags that change what matches, and not how a program goes through the matches. */
const FLAGS = /^[imsu]*$/;

/** Short texts come again: words of the result, or one in each of a million lines. */
const REMEMBERED_LENGTH = 256;
const REMEMBERED = 1000;

export interface Pattern {
  /** Undefined where it could not be told in time; from then on it is not tried again. */
  matches(text: string): boolean | undefined;
  /** A match took too long. */
  readonly isGivenUp: boolean;
  /** Whether what follows a text may make a match of none, or none of a match. */
  readonly looksAhead: boolean;
}

/** @throws SyntaxError */
export function createPattern(source: string, flags: string): Pattern {
  if (!FLAGS.test(flags)) throw new SyntaxError('the flags are i, m, s and u');
  const pattern = new RegExp(source, flags);
  const known = new Map<string, boolean | undefined>();
  let isGivenUp = false;
  return {
    get isGivenUp() {
      return isGivenUp;
    },
    looksAhead: /\$|\(\?!|\\[bB]/.test(source),
    matches(text) {
      if (text.length <= REMEMBERED_LENGTH && known.has(text)) return known.get(text);
      if (isGivenUp) return undefined;
      const result = matchesInTime(pattern, text);
      isGivenUp = result === undefined;
      if (known.size >= REMEMBERED) known.clear();
      if (text.length <= REMEMBERED_LENGTH) known.set(text, result);
      return result;
    },
  };
}

/** One for all patterns: a context takes 2 ms and 200 kB to make, and a plan may have a pattern in each of 100,000 tests. */
let sandbox: Context | undefined;
const script = new Script('pattern.test(text)');

/** Whether it does; undefined where that could not be told in time. */
function matchesInTime(pattern: RegExp, text: string): boolean | undefined {
  sandbox ??= createContext();
  Object.assign(sandbox, { pattern, text });
  try {
    return script.runInContext(sandbox, { timeout: LONGEST_MS }) as boolean;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_SCRIPT_EXECUTION_TIMEOUT') return undefined;
    throw error;
  }
}
