/** A script that can't be read: what is wrong where, seen before anything is sent. */
export class ScriptError extends Error {
  override readonly name = 'ScriptError';
  /** As every error's, for programs. */
  readonly code = 'usage';
  /**
   * @param message what is wrong, without the place
   * @param line of the script's text, counted from 1
   * @param column in that line, counted from 1
   * @param hint what to do
   */
  constructor(
    message: string,
    readonly line: number,
    readonly column: number,
    readonly hint: string,
  ) {
    super(message);
  }
}
