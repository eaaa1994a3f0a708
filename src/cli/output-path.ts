/** Options that name a file to write, `-` for stdout; the text goes to stderr then. */
import type { Args } from '../options/args.ts';
import { usageError } from '../options/errors.ts';
import { type Io, ioWith } from './io.ts';
import { STANDARD_OUTPUT } from './save.ts';

/** What else is printed for programs. */
const FOR_PROGRAMS = ['json', 'tap'];

/**
 * What an option names to write to.
 * @param others options of the command that name a file too
 * @throws CliError where something else goes there
 */
export function outputPath(args: Args, name: string, others: readonly string[] = []): string | undefined {
  const path = pathOf(args, name);
  if (path === undefined) return undefined;
  const shown = path === STANDARD_OUTPUT ? FOR_PROGRAMS.find((each) => args.flag(each)) : undefined;
  if (shown !== undefined) throw usageError(`--${shown} and --${name} - at once`, `both are for stdout: give --${name} a file`);
  for (const other of others) if (pathOf(args, other) === path) throw usageError(`--${name} and --${other} into one file`, 'name two');
  return path;
}

/** For bytes that are no text. @param reader who could take them @throws CliError where they would go to a terminal */
export function refuseTerminal(name: string, path: string | undefined, { stdout }: Pick<Io, 'stdout'>, reader: string): void {
  if (path === STANDARD_OUTPUT && stdout.isTTY)
    throw usageError(`--${name} -: stdout is a terminal`, `pipe it into ${reader}, or name a file`);
}

/** With the text on stderr, where the file is stdout. */
export const beside = (path: string | undefined, io: Io): Io => (path === STANDARD_OUTPUT ? ioWith(io, { stdout: io.stderr }) : io);

function pathOf(args: Args, name: string): string | undefined {
  const given = args.text(name);
  return given === '-' ? STANDARD_OUTPUT : given;
}
