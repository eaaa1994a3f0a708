/** What was asked for makes no sense as it stands: the caller's mistake, seen before anything is sent. */
export class InputError extends Error {
  override readonly name = 'InputError';
  /** As every error's, for programs. */
  readonly code = 'usage';
  /**
   * @param message what, on what, why
   * @param hint what to do
   */
  constructor(
    message: string,
    readonly hint: string,
  ) {
    super(message);
  }
}

/** As it was typed, in quotes. */
export const quote = (text: string): string => JSON.stringify(text);
