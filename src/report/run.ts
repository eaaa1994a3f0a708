/** `run` as text: a line a test, why each failed with the ladder of what was said, and how many did. */
import type { RunEvent, RunResult, RunStartEvent, TestEvent } from '../probe/events.ts';
import { escapeLine } from './escape.ts';
import { below, failureLines, failureSentence, recordText } from './run-failure.ts';
import { createStyle, type Ink, type Style, type StyleOptions } from './style.ts';
import { displayWidth, flow, padEnd, wrap } from './text.ts';
import { count } from './units.ts';

export interface RunReporterOptions extends StyleOptions {
  write: (text: string) => void;
  /** Nothing but one line at the end. */
  quiet: boolean;
  /** Every segment of a failed test. */
  verbose: boolean;
}

const WORDS: Readonly<Record<TestEvent['status'], { word: string; ink: Ink }>> = {
  passed: { word: 'ok', ink: 'good' },
  failed: { word: 'FAIL', ink: 'bad' },
  known: { word: 'known', ink: 'warning' },
  skipped: { word: 'skip', ink: 'faint' },
};
const WORD_WIDTH = 6;

export function createRunReporter(options: RunReporterOptions): { event(event: RunEvent): void } {
  const { write, quiet, verbose } = options;
  const style = createStyle(options);
  /** What was written last ends in an empty line. */
  let hasGap = false;
  return {
    event(event) {
      if (event.type === 'result') write(quiet ? tally(event, style) : `${hasGap ? '' : '\n'}${summary(event, style)}`);
      else if (quiet) return;
      else if (event.type === 'start') write(title(event, style));
      else {
        write(testText(event, verbose, style));
        hasGap = event.status === 'failed';
      }
    },
  };
}

function title({ plans, tests, repeat }: RunStartEvent, style: Style): string {
  const times = repeat > 1 ? `, ${repeat} times each` : '';
  const text = `run ${plans.map(style.escapeText).join(', ')}: ${count(tests, 'test')}${times}`;
  return `${wrap(text, style.width)
    .map((line) => `${style.paint('strong', line)}\n`)
    .join('')}\n`;
}

function testText(event: TestEvent, verbose: boolean, style: Style): string {
  const { word, ink } = WORDS[event.status];
  const head = `${style.paint(ink, padEnd(word, WORD_WIDTH))}${withTime(event, style)}`;
  const remark = remarkOf(event);
  const remarks = remark === undefined ? '' : below(style.escapeText(remark), 'faint', style);
  if (event.status !== 'failed') return head + remarks;
  const records = recordText(event.records ?? [], verbose, style);
  return `${head}${remarks}${failureLines(event, style)}${records}${records.endsWith('\n\n') ? '' : '\n'}`;
}

/** The name, and how long it took at the right edge. */
function withTime({ name, durationMs, status }: TestEvent, style: Style): string {
  const time = status === 'skipped' ? '' : style.duration(durationMs * 1000);
  const lines = wrap(style.escapeText(name), style.width - WORD_WIDTH - 10);
  const [first = '', ...rest] = lines;
  const gap = ' '.repeat(Math.max(2, style.width - WORD_WIDTH - displayWidth(first) - displayWidth(time)));
  return `${first}${time === '' ? '' : gap + style.paint('faint', time)}\n${rest.map((line) => `${' '.repeat(WORD_WIDTH)}${line}\n`).join('')}`;
}

/** What is worth a word beside the outcome. */
function remarkOf({ status, reason, attempts, failedRuns, flaky, rfc, level }: TestEvent): string | undefined {
  const remarks: string[] = [];
  if (status === 'skipped' || status === 'known') remarks.push(reason ?? '');
  if (status === 'passed' && reason !== undefined) remarks.push(`passes, though known to fail: ${reason}`);
  if (flaky)
    remarks.push(failedRuns === undefined ? `flaky: passed at attempt ${attempts}` : `flaky: ${failedRuns} of the repetitions failed`);
  if (status === 'failed' && (rfc !== undefined || level !== undefined))
    remarks.push([level, rfc === undefined ? undefined : `RFC ${rfc}`].filter((part) => part !== undefined).join(', '));
  return remarks.length === 0 ? undefined : remarks.join('; ');
}

function summary(result: RunResult, style: Style): string {
  const { ended, error, failures } = result;
  const why = ended === undefined ? '' : `${style.paint('warning', ENDED[ended])}\n`;
  const broken = error === undefined ? '' : `${style.paint('bad', style.escapeText(error.message))}\n`;
  const leftovers = failures.map((failure) => `${style.paint('bad', escapeLine(failureSentence(failure)))}\n`).join('');
  return `${why}${broken}${leftovers}${tally(result, style, style.width)}`;
}

const ENDED: Readonly<Record<NonNullable<RunResult['ended']>, string>> = {
  bail: 'ended at the first failure, as asked by --bail',
  interrupted: 'interrupted',
};

/** `12 tests: 10 passed, 1 failed, 1 skipped; 2.31 s`. */
function tally(
  { passed, failed, known, skipped, notRun, flaky, durationMs }: RunResult,
  style: Style,
  width = Number.POSITIVE_INFINITY,
): string {
  const total = passed + failed + known + skipped + notRun;
  const parts = [
    `${count(total, 'test')}: ${passed} passed`,
    failed > 0 ? style.paint('bad', `${failed} failed`) : undefined,
    known > 0 ? `${known} failed as known` : undefined,
    skipped > 0 ? `${skipped} skipped` : undefined,
    notRun > 0 ? `${notRun} not run` : undefined,
    flaky > 0 ? `${flaky} flaky` : undefined,
  ].filter((part) => part !== undefined);
  return flow([...parts.slice(0, -1), `${parts.at(-1)}; ${style.duration(durationMs * 1000)}`], ', ', width)
    .map((line) => `${line}\n`)
    .join('');
}
