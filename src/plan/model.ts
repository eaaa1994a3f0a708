/** A plan that has been read and checked: what the runner runs. */
import type { Args } from '../options/args.ts';
import type { Expectation } from './expect/expectation.ts';

/** The probes that a step may be, and packet scripts. */
export const STEP_NAMES = ['connect', 'send', 'ping', 'scan', 'trace', 'script'] as const;
export type StepName = (typeof STEP_NAMES)[number];

/** Where something stands in a plan. Counted from 1. */
export interface Place {
  file: string;
  line: number;
  column: number;
}

export interface Step {
  kind: StepName;
  place: Place;
  /** What was given, as a command line would have it. */
  args: Args;
  /** What must hold of its result; none: what the command would exit 0 for. */
  expectations: readonly PlacedExpectation[];
  /** The line before the first one of a packet script. */
  scriptLine: number | undefined;
}

/** What must hold of a step's result, and where that stands. */
export interface PlacedExpectation {
  expectation: Expectation;
  place: Place;
}

export type RequirementLevel = 'MUST' | 'SHOULD' | 'MAY';

export interface Test {
  /** Unique over all plans of a run. */
  name: string;
  place: Place;
  description: string | undefined;
  /** Such as `9293 3.10.7.1`. */
  rfc: string | undefined;
  level: RequirementLevel | undefined;
  /** Why it is known to fail: its failure does not count. */
  known: string | undefined;
  /** Why it is not run. */
  skipped: string | undefined;
  /** Of each attempt. */
  timeoutMs: number;
  /** How many more attempts a failure gets. */
  retry: number;
  /** May run beside others. */
  parallel: boolean;
  setup: readonly string[];
  teardown: readonly string[];
  steps: readonly Step[];
}

export interface Plan {
  file: string;
  name: string | undefined;
  setup: readonly string[];
  teardown: readonly string[];
  tests: readonly Test[];
}
