/** Every value of a step that is wrong, where its check ends at the first. */
import type { ArgValue } from '../options/args.ts';
import { CliError } from '../options/errors.ts';
import { InputError } from '../probe/input-error.ts';

/** What a step was given: the words of a command line, and its options. */
export interface Given {
  positionals: readonly string[];
  options: ReadonlyMap<string, ArgValue>;
}

export interface Mistake {
  /** The option or word that it speaks of, as a plan has it. Undefined: none alone. */
  key: string | undefined;
  error: CliError | InputError;
}

/** What the words of a command line are to a plan. */
export const WORDS: readonly string[] = ['host', 'port', 'targets'];
/** Words with which nothing is wrong, in the place of those that can't be read. */
export const GOOD_WORDS = ['127.0.0.1', '1'] as const;

/**
 * What was told of is left out, and the rest is checked again. What fits badly together can't be judged then: only values that are
 * wrong by themselves are told of further.
 * @param told words and options that something has been said of already
 * @throws what the check throws beside CliError and InputError
 */
export function* mistakesIn(given: Given, told: Set<string>, check: (given: Given) => void): Generator<Mistake> {
  const options = new Map(given.options);
  let { positionals } = given;
  for (;;) {
    const error = refusal(() => check({ positionals, options }));
    if (error === undefined) return;
    const key = keyOf(error.message);
    if (told.size > 0 && (key === undefined || told.has(key) || !SPEAKS_OF_A_VALUE.test(error.message))) return;
    yield { key, error };
    if (key === undefined) return;
    told.add(key);
    if (WORDS.includes(key)) {
      const [host, port] = positionals;
      if (key === 'host' && port !== undefined) positionals = [GOOD_WORDS[0], port];
      else if (key === 'port' && port !== undefined) positionals = [host as string, GOOD_WORDS[1]];
      else {
        // They can't be told apart.
        positionals = GOOD_WORDS;
        for (const each of WORDS) told.add(each);
      }
    } else if (!options.delete(key)) return;
  }
}

const SPEAKS_OF_A_VALUE = /^(--[a-z][a-z-]*|[A-Z]+): /;

function refusal(check: () => void): CliError | InputError | undefined {
  try {
    check();
    return undefined;
  } catch (error) {
    if (error instanceof CliError || error instanceof InputError) return error;
    throw error;
  }
}

/** What an error of a command line speaks of first. */
const keyOf = (message: string): string | undefined =>
  /^--(?:no-)?([a-z][a-z-]*)/.exec(message)?.[1] ?? /^[A-Z]+/.exec(message)?.[0].toLowerCase();
