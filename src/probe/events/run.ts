/** What `run` tells. */
import type { NetError } from '../../net/errors.ts';
import type { SCHEMA_VERSION } from './common.ts';
import type { ConnectEvent } from './connect.ts';
import type { PingEvent } from './ping.ts';
import type { ScanEvent } from './scan.ts';
import type { ScriptEvent } from './script.ts';
import type { SendEvent } from './send.ts';
import type { TraceEvent } from './trace.ts';

/** Of any kind of step. */
export type StepEvent = ConnectEvent | SendEvent | PingEvent | ScanEvent | TraceEvent | ScriptEvent;

/** The first event of a run of plans. */
export interface RunStartEvent {
  type: 'start';
  schema: typeof SCHEMA_VERSION;
  version: string;
  command: 'run';
  /** The files, as they were named. */
  plans: readonly string[];
  /** How many tests are to be run, those that will be skipped too. */
  tests: number;
  /** How often each is run. */
  repeat: number;
  /** ISO 8601, UTC. */
  startedAt: string;
}

/** What came of a test. `known`: it failed as it is known to; that does not count. `skipped`: its conditions said so. */
export type TestStatus = 'passed' | 'failed' | 'known' | 'skipped';

/** One way in which a test is not as it should be. */
export interface TestFailure {
  /** What was looked at: a field, or `exit code`, `timeout`, `setup`, `teardown`, `script` or `error`. */
  field: string;
  expected: string;
  actual: string;
  /** Which of the test's steps, counted from 1; 0 for what is none of them. */
  step: number;
  /** What the step does: `connect`, `send`, `ping`, `scan`, `trace`, `script`. */
  kind: string | undefined;
  /** The expectation as it stands in the plan. */
  expectation: string | undefined;
  /** Where it stands in the plan. */
  line: number;
  /** What it is about, such as a segment, or what to do. */
  detail: string | undefined;
}

/** What a step of a failed test told, for a picture and a capture. */
export interface StepRecord {
  kind: string;
  /** The command line that does the same; of a packet script whom it is run against. */
  commandLine: string;
  /** What came of it, such as `closed (rst)`. */
  outcome: string | undefined;
  /** Its events, the first of many, and its result if there is one. */
  events: readonly StepEvent[];
  /** Events that had no room. */
  left: number;
}

/** What came of one test. */
export interface TestEvent {
  type: 'test';
  /** In the order of the plans, from 1. */
  number: number;
  name: string;
  /** The plan, as it was named. */
  plan: string;
  /** Where the test begins in it. */
  line: number;
  /** It passed, failed as known, or was skipped. */
  ok: boolean;
  status: TestStatus;
  /** Why it was skipped or is known to fail. */
  reason: string | undefined;
  rfc: string | undefined;
  level: string | undefined;
  failures: readonly TestFailure[];
  /** From the beginning of its first attempt to the end of its last. */
  durationMs: number;
  /** How often it was run, retries and repetitions counted. */
  attempts: number;
  /** With `--repeat`: how many of the repetitions failed. */
  failedRuns: number | undefined;
  /** It passed at times and failed at times, by retries or repetitions. */
  flaky: boolean;
  /** Of the attempt that failed. Not in the JSON. */
  records?: readonly StepRecord[] | undefined;
}

/** The last event of a run of plans. */
export interface RunResult {
  type: 'result';
  passed: number;
  failed: number;
  /** Failed, as they are known to. */
  known: number;
  skipped: number;
  /** The run ended before them. */
  notRun: number;
  flaky: number;
  /** Of the teardown of plans. */
  failures: readonly TestFailure[];
  durationMs: number;
  /** Why it ended before all tests were run. */
  ended: 'bail' | 'interrupted' | undefined;
  /** What on this machine kept the run from its end. */
  error: NetError | undefined;
}

/** All that `run` tells, its result last. */
export type RunEvent = RunStartEvent | TestEvent | RunResult;
