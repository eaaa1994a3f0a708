/** `run` as text, TAP, JUnit and annotations. */
import { expect, it } from 'vitest';
import type { ConnectEvent, RunEvent, RunResult, TestEvent } from '../../src/probe/events.ts';
import { annotation } from '../../src/report/github.ts';
import { JunitReport } from '../../src/report/junit.ts';
import { createRunReporter } from '../../src/report/run.ts';
import { failureSentence } from '../../src/report/run-failure.ts';
import { createTapReporter } from '../../src/report/tap.ts';
import { displayWidth } from '../../src/report/text.ts';
import { ORDINARY } from './conversations.ts';

const test = (number: number, name: string, more: Partial<TestEvent> = {}): TestEvent => ({
  type: 'test',
  number,
  name,
  plan: 'web.yaml',
  line: number * 10,
  ok: more.status !== 'failed',
  status: 'passed',
  reason: undefined,
  rfc: undefined,
  level: undefined,
  failures: [],
  durationMs: 12.3,
  attempts: 1,
  failedRuns: undefined,
  flaky: false,
  ...more,
});

const closed: TestEvent = test(2, 'it answers', {
  status: 'failed',
  rfc: '9293 3.5',
  level: 'MUST',
  failures: [
    {
      field: 'verdict',
      expected: '== open',
      actual: 'closed',
      step: 1,
      kind: 'connect',
      expectation: 'verdict == open',
      line: 24,
      detail: undefined,
    },
  ],
  records: [
    {
      kind: 'connect',
      commandLine: 'rawshake connect 10.0.0.2 81',
      outcome: 'closed (rst)',
      events: ORDINARY.closedPort() as ConnectEvent[],
      left: 0,
    },
  ],
});

const HOSTILE = 'a\u001b[31m b\u202ec # not ok\n% ,:';

const EVENTS: readonly RunEvent[] = [
  {
    type: 'start',
    schema: 1,
    version: '0',
    command: 'run',
    plans: ['web.yaml'],
    tests: 5,
    repeat: 1,
    startedAt: '2026-01-01T00:00:00.000Z',
  },
  test(1, 'the port is open'),
  closed,
  test(3, 'odd', { status: 'known', ok: true, reason: 'not mended', failures: closed.failures }),
  test(4, 'elsewhere', { status: 'skipped', reason: 'env CI' }),
  test(5, HOSTILE, { attempts: 3, flaky: true }),
  {
    type: 'result',
    passed: 2,
    failed: 1,
    known: 1,
    skipped: 1,
    notRun: 0,
    flaky: 1,
    failures: [],
    durationMs: 61.5,
    ended: undefined,
    error: undefined,
  },
];

function text(width: number, more: { quiet?: boolean; ascii?: boolean } = {}): string {
  let written = '';
  const write = (part: string) => {
    written += part;
  };
  const reporter = createRunReporter({ write, colour: false, ascii: true, width, quiet: false, verbose: false, ...more });
  for (const event of EVENTS) reporter.event(event);
  return written;
}

it('shows why a test failed, and what went over the wire', () => {
  const lines = text(80).split('\n');
  expect(lines.slice(0, 8)).toEqual([
    'run web.yaml: 5 tests',
    '',
    'ok    the port is open                                                   12.3 ms',
    'FAIL  it answers                                                         12.3 ms',
    '      MUST, RFC 9293 3.5',
    '      web.yaml:24 connect: expected verdict == open, but it is closed',
    '      rawshake connect 10.0.0.2 81 -> closed (rst)',
    '',
  ]);
  expect(lines.join('\n')).toMatch(/SYN +seq 0[\s\S]*RST\+ACK/);
  expect(lines.slice(-9)).toEqual([
    'known odd                                                                12.3 ms',
    '      not mended',
    'skip  elsewhere',
    '      env CI',
    String.raw`ok    a\x1b[31m b\u{202e}c # not ok\n% ,:                                12.3 ms`,
    '      flaky: passed at attempt 3',
    '',
    '5 tests: 2 passed, 1 failed, 1 failed as known, 1 skipped, 1 flaky; 61.5 ms',
    '',
  ]);
});

it.each([30, 40, 80, 120])('fits into %i columns', (width) => {
  for (const ascii of [true, false])
    for (const line of text(width, { ascii }).split('\n')) expect(displayWidth(line)).toBeLessThanOrEqual(width);
});

it('says it in one line where it is to be quiet', () => {
  expect(text(80, { quiet: true })).toBe('5 tests: 2 passed, 1 failed, 1 failed as known, 1 skipped, 1 flaky; 61.5 ms\n');
});

it('is TAP that says so where tests were not run', () => {
  let written = '';
  const reporter = createTapReporter((part) => {
    written += part;
  });
  const result = EVENTS.at(-1) as RunResult;
  reporter.event({ ...result, notRun: 3, ended: 'bail' });
  expect(written).toBe('Bail out!  3 not run: bail\n');
});

it('is TAP: names can be no directives, and a known failure is one to be done', () => {
  let written = '';
  const reporter = createTapReporter((part) => {
    written += part;
  });
  for (const event of EVENTS) reporter.event(event);
  expect(written.split('\n').filter((line) => !line.startsWith('  '))).toEqual([
    'TAP version 13',
    '1..5',
    'ok 1 - the port is open',
    'not ok 2 - it answers',
    'not ok 3 - odd # TODO not mended',
    'ok 4 - elsewhere # SKIP env CI',
    String.raw`ok 5 - a\x1b[31m b\u{202e}c \# not ok\n% ,:`,
    '',
  ]);
  expect(written).toContain('  message: "expected verdict == open, but it is closed"\n');
});

it('is JUnit: counted, without a character that XML can not hold', () => {
  const report = new JunitReport();
  for (const event of EVENTS) {
    if (event.type === 'start') report.start(event);
    if (event.type === 'test') report.add(event);
  }
  const xml = report.document(undefined);
  expect(xml).toContain(
    '<testsuite name="web.yaml" tests="5" failures="1" errors="0" skipped="2" time="0.061500" timestamp="2026-01-01T00:00:00.000Z">',
  );
  expect(xml).toContain(String.raw`<testcase name="a\x1b[31m b\u{202e}c # not ok\n% ,:"`);
  expect(xml).toContain('<skipped message="known to fail: not mended; expected verdict == open, but it is closed"/>');
  expect(xml).toContain('RST+ACK');
});

it('is an annotation: of what failed, at its line, in one line', () => {
  expect(EVENTS.map(annotation).filter(Boolean)).toEqual([
    '::error file=web.yaml,line=24,title=it answers::expected verdict == open, but it is closed\n',
  ]);
  expect(annotation({ ...closed, name: HOSTILE })).toBe(
    String.raw`::error file=web.yaml,line=24,title=a\x1b[31m b\u{202e}c # not ok\n%25 %2C%3A::expected verdict == open, but it is closed` +
      '\n',
  );
});

it('says what came, or did not, in the place of a segment', () => {
  const failure = {
    field: 'segment',
    expected: 'S.',
    actual: 'nothing within 1 s',
    step: 1,
    kind: 'script',
    line: 3,
    detail: undefined,
  } as const;
  expect(failureSentence({ ...failure, expectation: '< S.' })).toBe('< S.: expected S., but there was nothing within 1 s');
});
