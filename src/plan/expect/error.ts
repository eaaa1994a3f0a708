/** An expression that can't be read, or asks for what there is not: the caller's mistake, seen before anything is sent. */
export class ExpressionError extends Error {
  override readonly name = 'ExpressionError';
  /**
   * @param message what is wrong
   * @param expression as it was given
   * @param offset of the first character of what is wrong, in UTF-16 units
   * @param length of what is wrong; at least 1
   * @param hint what to do
   */
  constructor(
    message: string,
    readonly expression: string,
    readonly offset: number,
    readonly length: number,
    readonly hint: string,
  ) {
    super(message);
  }

  /** Of `offset`, counted from 1. */
  get column(): number {
    return this.offset + 1;
  }
}

/** Where something stands in an expression, in UTF-16 units: from, and up to but not including. */
export interface Span {
  from: number;
  to: number;
}

/** Makes the errors of one expression. */
export type Fault = (message: string, at: Span, hint: string) => ExpressionError;

export const faultIn =
  (expression: string): Fault =>
  (message, { from, to }, hint) =>
    new ExpressionError(message, expression, from, Math.max(1, to - from), hint);
