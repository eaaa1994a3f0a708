/** Options that were given, by name: of a command line, or of a step of a plan. */

/** A switch is true or false, a counted one a number, one that may be repeated a list, anything else its text. */
export type ArgValue = string | boolean | number | readonly string[];

/** What was given, by option name. */
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
