/** What came of expectations (`--expect`). */

/** Of one expectation: whether it holds, and if not why. */
export interface ExpectationReport {
  /** As it was given. */
  expression: string;
  ok: boolean;
  failures: readonly ExpectationFailure[];
}

/** A part of an expectation that does not hold. */
export interface ExpectationFailure {
  /** As it stands in the expression. */
  field: string;
  /** Such as `>= 1400`. */
  expected: string;
  /** `none` where there was no such thing. */
  actual: string;
  /** The segments or other events that it was seen in, the first few; undefined where it is of the whole run. */
  about: string | undefined;
}

/** What a result has beside its own fields. */
export interface WithExpectations {
  /** What came of each expectation, in the order given; undefined where there were none. */
  expectations: readonly ExpectationReport[] | undefined;
}
