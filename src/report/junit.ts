/** A run of plans as JUnit XML, as CI systems read it: a suite a plan. */
import type { RunResult, RunStartEvent, TestEvent } from '../probe/events.ts';
import { escapeLine } from './escape.ts';
import { failureLines, failureSentence, recordText } from './run-failure.ts';
import { createStyle, type Style } from './style.ts';

const WIDTH = 100;
const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

/** A case as it will be written, made as soon as it is told, so that what it was made from can go. */
interface Case {
  plan: string;
  xml: string;
  isFailure: boolean;
  isSkipped: boolean;
  seconds: number;
}

export class JunitReport {
  readonly #style: Style = createStyle({ colour: false, ascii: true, width: WIDTH });
  readonly #cases: Case[] = [];
  #startedAt = '';

  start({ startedAt }: RunStartEvent): void {
    this.#startedAt = startedAt;
  }

  add(event: TestEvent): void {
    const { name, plan, line, durationMs, status } = event;
    const seconds = durationMs / 1000;
    const body = this.#body(event);
    const attributes = { name, classname: plan, file: plan, line: String(line), time: seconds.toFixed(6) };
    this.#cases.push({
      plan,
      xml: body === '' ? `    <testcase${shown(attributes)}/>\n` : `    <testcase${shown(attributes)}>\n${body}    </testcase>\n`,
      isFailure: status === 'failed',
      isSkipped: status === 'skipped' || status === 'known',
      seconds,
    });
  }

  /** The whole document. @param result undefined where the run did not come to its end */
  document(result: RunResult | undefined): string {
    const plans = [...new Set(this.#cases.map(({ plan }) => plan))];
    const suites = plans.map((plan) => {
      const cases = this.#cases.filter((each) => each.plan === plan);
      return `  <testsuite${shown({ name: plan, ...tally(cases), timestamp: this.#startedAt })}>\n${cases.map(({ xml }) => xml).join('')}  </testsuite>\n`;
    });
    const all = shown({ name: 'rawshake', ...tally(this.#cases), ...(result && { time: (result.durationMs / 1000).toFixed(6) }) });
    return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites${all}>\n${suites.join('')}</testsuites>\n`;
  }

  #body(event: TestEvent): string {
    const { status, reason = '', failures, records = [] } = event;
    if (status === 'skipped') return `      <skipped${shown({ message: reason })}/>\n`;
    if (failures.length === 0) return '';
    const message = failures.map(failureSentence).join('; ');
    if (status === 'known') return `      <skipped${shown({ message: `known to fail: ${reason}; ${message}` })}/>\n`;
    const text = failureLines(event, this.#style) + recordText(records, false, this.#style);
    const type = failures[0]?.field ?? 'failure';
    return `      <failure${shown({ message, type })}>${content(text)}</failure>\n`;
  }
}

const tally = (cases: readonly Case[]): Record<string, string> => ({
  tests: String(cases.length),
  failures: String(cases.filter(({ isFailure }) => isFailure).length),
  errors: '0',
  skipped: String(cases.filter(({ isSkipped }) => isSkipped).length),
  time: cases.reduce((sum, { seconds }) => sum + seconds, 0).toFixed(6),
});

const shown = (attributes: Readonly<Record<string, string>>): string =>
  Object.entries(attributes)
    .map(([name, value]) => ` ${name}="${encoded(value)}"`)
    .join('');

/** What is not printable is written as `\xNN` or `\u{…}`: XML 1.0 can't hold most of it, not even as a reference. */
const encoded = (text: string): string => escapeLine(text).replace(/[&<>"]/g, (character) => ENTITIES[character] as string);

/** Lines that are printable already. */
const content = (text: string): string => text.replace(/[&<>]/g, (character) => ENTITIES[character] as string);
