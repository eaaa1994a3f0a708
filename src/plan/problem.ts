/** What is wrong with a plan: every problem with its place, so that all of them can be mended at once. */
import { CliError } from '../options/errors.ts';

export interface Problem {
  /** The plan as it was named. */
  file: string;
  /** Counted from 1. */
  line: number;
  /** Counted from 1. */
  column: number;
  message: string;
  hint?: string | undefined;
}

/** `plan.yaml:12:5: "windov" is no option of connect`. */
export const problemText = ({ file, line, column, message }: Problem): string => `${file}:${line}:${column}: ${message}`;

/** Plans that can't be run: exit code 65. Its message is the first problem. */
export class PlanError extends CliError {
  override readonly name = 'PlanError';

  constructor(readonly problems: readonly [Problem, ...Problem[]]) {
    super('bad-data', problemText(problems[0]), problems[0].hint);
  }
}

/** More would not be read. */
const MOST_PROBLEMS = 20;

/** Gathers problems, so that a mistake in one test does not hide those of the next. */
export class Problems {
  readonly #found: Problem[] = [];
  #left = 0;

  add(problem: Problem): void {
    if (this.#found.length < MOST_PROBLEMS) this.#found.push(problem);
    else this.#left++;
  }

  /** Runs a part of the reading; what is wrong there is noted, and the rest goes on. @returns undefined where it was wrong */
  attempt<T>(read: () => T): T | undefined {
    try {
      return read();
    } catch (error) {
      if (!(error instanceof PlanError)) throw error;
      for (const problem of error.problems) this.add(problem);
      return undefined;
    }
  }

  /** @throws PlanError where there were any */
  check(): void {
    const [first, ...others] = this.#found;
    if (first === undefined) return;
    const last = others.at(-1) ?? first;
    if (this.#left > 0) others.push({ ...last, message: `and ${this.#left} more problems after this one`, hint: undefined });
    throw new PlanError([first, ...others]);
  }
}

/** What each of them reads. @throws PlanError with the problems of all */
export function allOf<T extends readonly unknown[]>(...reads: { readonly [K in keyof T]: () => T[K] }): T {
  const problems = new Problems();
  const found = reads.map((read) => problems.attempt(read));
  problems.check();
  return found as unknown as T;
}
