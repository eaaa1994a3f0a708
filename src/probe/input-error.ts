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

/**
 * What the compiler holds callers to, for those that it has not read.
 * @param name of the field
 * @throws InputError where the value is none of the words
 */
export function checkWord(name: string, value: unknown, words: readonly string[]): void {
  if ((words as readonly unknown[]).includes(value)) return;
  const shown = typeof value === 'string' ? quote(value) : String(value);
  throw new InputError(`${name}: ${shown} is not known`, `give one of ${words.join(', ')}`);
}
