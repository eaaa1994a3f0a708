/** A run of plans in the Test Anything Protocol, version 13, which `prove` and its like read. */
import type { RunEvent, TestEvent } from '../probe/events.ts';
import { escapeLine } from './escape.ts';
import { failureSentence } from './run-failure.ts';

export const createTapReporter = (write: (text: string) => void): { event(event: RunEvent): void } => ({
  event(event) {
    switch (event.type) {
      case 'start':
        return write(`TAP version 13\n1..${event.tests}\n`);
      case 'test':
        return write(testLines(event));
      case 'result':
        if (event.ended !== undefined) write(`Bail out!  ${event.notRun} not run: ${event.ended}\n`);
        return;
    }
  },
});

/** A name may hold what is a directive at the end of a line. */
const escaped = (text: string): string => escapeLine(text.replaceAll('\\', '\\\\').replaceAll('#', '\\#'));

function testLines(event: TestEvent): string {
  const { number, name, status, reason = '', failures } = event;
  const directive = status === 'skipped' ? ` # SKIP ${escapeLine(reason)}` : status === 'known' ? ` # TODO ${escapeLine(reason)}` : '';
  const head = `${failures.length > 0 ? 'not ok' : 'ok'} ${number} - ${escaped(name)}${directive}\n`;
  return failures.length === 0 ? head : `${head}${diagnosis(event)}`;
}

/** A block of YAML: what is written as JSON is YAML too. */
function diagnosis({ plan, line, durationMs, failures }: TestEvent): string {
  const text = (value: string): string => escapeLine(JSON.stringify(value));
  const lines = [
    '---',
    `message: ${text(failures.map(failureSentence).join('; '))}`,
    `severity: fail`,
    `at: { file: ${text(plan)}, line: ${line} }`,
    `duration_ms: ${durationMs.toFixed(3)}`,
    'failures:',
    ...failures.map(({ field, expected, actual }) => `  - { field: ${text(field)}, expected: ${text(expected)}, actual: ${text(actual)} }`),
    '...',
  ];
  return lines.map((each) => `  ${each}\n`).join('');
}
