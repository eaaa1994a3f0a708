/** The caller's mistakes and this machine's, each with its exit code (sysexits.h). */
export class CliError extends Error {
  override readonly name: string = 'CliError';
  /**
   * @param code stable, for programs
   * @param message what, on what, why
   * @param hint what to do
   * @param excerpt what was typed, with what is wrong in it marked: lines to be shown below
   */
  constructor(
    readonly code: 'usage' | 'bad-data' | 'no-input' | 'output',
    message: string,
    readonly hint?: string,
    readonly excerpt: readonly string[] = [],
  ) {
    super(message);
  }
}

/** Wrong usage: exit code 64. */
export const usageError = (message: string, hint?: string): CliError => new CliError('usage', message, hint);
