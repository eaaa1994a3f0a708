/** What came of `--expect`, below the result. */
import type { ExpectationFailure, ExpectationReport } from '../probe/events.ts';
import { type Entry, entry, formatEntry, sentence } from './entries.ts';
import type { Style } from './style.ts';

/** How many hold, and each that does not: what was found, and where. */
export function expectationsText(reports: readonly ExpectationReport[], style: Style): string {
  const failed = reports.filter(({ ok }) => !ok);
  return formatEntry(heading(reports.length, failed.length), style) + failed.map((report) => failedText(report, style)).join('');
}

function heading(asked: number, failed: number): Entry {
  if (failed > 0) return { ...entry('expected', asked === 1 ? 'it is not so' : `${failed} of ${asked} are not so`), ink: 'verdictBad' };
  return { ...entry('expected', asked === 1 ? 'it is so' : `all ${asked} are so`), ink: 'good' };
}

function failedText({ expression, failures }: ExpectationReport, style: Style): string {
  const lines = [sentence('failed', style.escapeText(expression), 'bad')];
  for (const failure of failures) {
    lines.push(sentence('', style.escapeText(foundText(failure, failures.length > 1))));
    if (failure.about !== undefined) lines.push({ ...sentence('', style.escapeText(failure.about)), ink: 'faint' });
  }
  return lines.map((line) => formatEntry(line, style)).join('');
}

/** For scripts and lists, a line each that failed: `failed  rttUs < 5ms  rttUs is 7.1ms`. */
export const failedLines = (reports: readonly ExpectationReport[], { paint, escapeText }: Style): string =>
  reports
    .filter(({ ok }) => !ok)
    .map(({ expression, failures }) => {
      const found = failures.map((failure) => foundText(failure, failures.length > 1)).join('; ');
      return `${paint('verdictBad', 'failed')}  ${escapeText(expression)}  ${escapeText(found)}\n`;
    })
    .join('');

/** @param amongOthers the expression does not say what is expected of this alone */
const foundText = ({ field, expected, actual }: ExpectationFailure, amongOthers: boolean): string =>
  amongOthers ? `${field} is ${actual}, expected ${expected}` : `${field} is ${actual}`;
