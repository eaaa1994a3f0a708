import type { TestFailure } from '../probe/events.ts';
import type { Place } from './model.ts';

/** @param step counted from 1; 0 for what is none of the test's steps */
export const failure = (field: string, expected: string, actual: string, { line }: Place, step: number): TestFailure => ({
  field,
  expected,
  actual,
  step,
  kind: undefined,
  expectation: undefined,
  line,
  detail: undefined,
});
