/** The lines of `run`. */
import type { RunResult, RunStartEvent, TestEvent, TestFailure, TestStatus } from '../events.ts';
import { constant, defined, flag, integer, list, number, oneOf, optional, record, text } from './builder.ts';
import { ending, type Printed } from './common.ts';

const start = defined(
  'runStart',
  record<RunStartEvent>(
    {
      type: constant('start'),
      schema: constant(1),
      version: text,
      command: constant('run'),
      plans: list(text),
      tests: integer,
      repeat: integer,
      startedAt: text,
    },
    'RunStartEvent',
  ),
);

const failure = defined(
  'testFailure',
  record<TestFailure>(
    {
      field: text,
      expected: text,
      actual: text,
      step: integer,
      kind: optional(text),
      expectation: optional(text),
      line: integer,
      detail: optional(text),
    },
    'TestFailure',
  ),
);

const test = defined(
  'test',
  record<Omit<TestEvent, 'records'>>(
    {
      type: constant('test'),
      number: integer,
      name: text,
      plan: text,
      line: integer,
      ok: flag,
      status: oneOf<TestStatus>()('passed', 'failed', 'known', 'skipped'),
      reason: optional(text),
      rfc: optional(text),
      level: optional(text),
      failures: list(failure),
      durationMs: number,
      attempts: integer,
      failedRuns: optional(integer),
      flaky: flag,
    },
    'TestEvent',
  ),
);

const result = defined(
  'runResult',
  record<Printed<RunResult>>(
    {
      type: constant('result'),
      passed: integer,
      failed: integer,
      known: integer,
      skipped: integer,
      notRun: integer,
      flaky: integer,
      failures: list(failure),
      durationMs: number,
      ended: optional(oneOf<NonNullable<RunResult['ended']>>()('bail', 'interrupted')),
      ...ending,
    },
    'RunResult',
  ),
);

export const runLines = [start, test, result];
