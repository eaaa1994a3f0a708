/** What a command is made of: data for parser, help and man page, and the function that runs it. */
import type { Args } from '../options/args.ts';
import type { Option } from '../options/options.ts';
import type { Io } from './io.ts';

export interface Positional {
  name: string;
  describe: string;
  /** All the values that there are. */
  choices?: readonly string[];
  required: boolean;
  /** There may be more words of its kind. */
  repeatable?: true;
}

export const HOST: Positional = { name: 'HOST', describe: 'Name or IPv4 address; HOST:PORT is taken too', required: true };
export const PORT: Positional = { name: 'PORT', describe: 'Number or service name', required: false };

/** What the list of commands shows. */
export interface CommandHead {
  name: string;
  /** One line. */
  summary: string;
}

/** What is loaded when the command is called for. */
export interface CommandBody {
  positionals: readonly Positional[];
  options: readonly Option[];
  /** Options that one may look for and that there can't be, and why. */
  refused?: ReadonlyMap<string, string>;
  /** Command lines and what they show. */
  examples: readonly (readonly [line: string, shows: string])[];
  /** @returns the exit code @throws CliError, NetError */
  run(args: Args, io: Io): Promise<number>;
}

export interface Command extends CommandHead, CommandBody {}

/** How a command is called, its options aside: `connect HOST [PORT]`. */
export function usage({ name, positionals }: Command): string {
  const shown = positionals.map((word) => {
    const form = word.repeatable ? `${word.name}...` : word.name;
    return word.required ? form : `[${form}]`;
  });
  return [name, ...shown].join(' ');
}
