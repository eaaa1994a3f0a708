import { CliError } from '../options/errors.ts';
import { escapeLine } from '../report/escape.ts';
import { resultLine } from '../report/json.ts';
import { exitCodeOf, reportError } from './exit-code.ts';
import { GivenUp } from './given-up.ts';
import type { Io } from './io.ts';

/** An error that no result tells of: one line on stderr, and with --json a result line too. @returns the exit code */
export function endBy(error: unknown, json: boolean, io: Io): number {
  const isGivenUp = error instanceof GivenUp;
  const told = isGivenUp ? error.told : error;
  const exitCode = isGivenUp ? error.exitCode : exitCodeOf(error);
  if (json) io.stdout.write(resultLine(undefined, exitCode, told === undefined ? undefined : reportError(told)));
  if (told !== undefined) writeError(told, io);
  if (isGivenUp) io.exitNow(exitCode);
  return exitCode;
}

/** One line: what failed, on what, why, and what to do; and where one is to be marked, what was typed. */
export function writeError(error: unknown, io: Io): void {
  const { code, message, hint } = reportError(error);
  writeNote(hint === undefined ? message : `${message}; ${hint}`, io);
  if (error instanceof CliError) for (const line of error.excerpt) io.stderr.write(`  ${escapeLine(line)}\n`);
  // Nobody foresaw this one: its stack is what helps.
  if (code === 'internal' && error instanceof Error)
    for (const line of (error.stack ?? '').split('\n')) io.stderr.write(`${escapeLine(line)}\n`);
}

/** A line on stderr. Names and words in it may come from anywhere. */
export function writeNote(text: string, io: Io): void {
  io.stderr.write(`rawshake: ${escapeLine(text)}\n`);
}
