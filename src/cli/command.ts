/** What a command is made of: data for parser, help and man page, and the function that runs it. */
import type { Io } from './io.ts';
import type { Option } from './options.ts';

export interface Positional {
  name: string;
  describe: string;
  /** All the values that there are. */
  choices?: readonly string[];
  required: boolean;
  /** There may be more words of its kind. */
  repeatable?: true;
}

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

/** A switch is true or false, a counted one a number, one that may be repeated a list, anything else its text. */
export type ArgValue = string | boolean | number | readonly string[];

/** The words of a command line, by option name. */
export class Args {
  constructor(
    readonly positionals: readonly string[],
    private readonly options: ReadonlyMap<string, ArgValue>,
    /** The words as they were typed, the command first. */
    readonly typed: readonly string[],
  ) {}

  /** The option's text; undefined where it was not given, was a bare switch, or was negated. */
  text(name: string): string | undefined {
    const value = this.options.get(name);
    return typeof value === 'string' ? value : undefined;
  }

  /** The texts of an option that may be repeated, in the order given. */
  texts(name: string): readonly string[] {
    const value = this.options.get(name);
    return typeof value === 'object' ? value : [];
  }

  /** How often a counted switch was given. */
  count(name: string): number {
    const value = this.options.get(name);
    return typeof value === 'number' ? value : 0;
  }

  /** True where given, false where negated, undefined where neither. */
  flag(name: string): boolean | undefined {
    const value = this.options.get(name);
    return value === undefined ? undefined : value !== false;
  }

  /** The option's text read by a function that gets its name too; undefined where it was not given. */
  read<T>(name: string, reader: (option: string, text: string) => T): T | undefined {
    const text = this.text(name);
    return text === undefined ? undefined : reader(`--${name}`, text);
  }
}

/** How a command is called, its options aside: `connect HOST [PORT]`. */
export function usage({ name, positionals }: Command): string {
  const shown = positionals.map((word) => {
    const form = word.repeatable ? `${word.name}...` : word.name;
    return word.required ? form : `[${form}]`;
  });
  return [name, ...shown].join(' ');
}
