/** What works on this machine: a line a check, and what to do about what does not. */
import type { CheckEvent, DoctorEvent, DoctorResult } from '../probe/events.ts';
import { createStyle, type Ink, type Style, type StyleOptions } from './style.ts';
import { padEnd, wrap } from './text.ts';

export interface DoctorReporterOptions extends StyleOptions {
  write: (text: string) => void;
  /** Nothing but one line at the end. */
  quiet: boolean;
}

export function createDoctorReporter(options: DoctorReporterOptions): { event(event: DoctorEvent): void } {
  const { write, quiet } = options;
  const style = createStyle(options);
  return {
    event(event) {
      if (event.type === 'result') write(quiet ? conclusion(event, style) : `\n${conclusion(event, style)}`);
      else if (!quiet) write(formatCheck(event, style));
    },
  };
}

const MARK_WIDTH = 8;
const NAME_WIDTH = 16;

function formatCheck(check: CheckEvent, { width, paint, escapeText }: Style): string {
  const [mark, ink] = markOf(check);
  const indent = ' '.repeat(MARK_WIDTH + NAME_WIDTH);
  const lines = wrap(escapeText(check.detail), width - indent.length).map(
    (line, i) => (i === 0 ? paint(ink, padEnd(mark, MARK_WIDTH)) + padEnd(check.name, NAME_WIDTH) : indent) + line,
  );
  // A command is not broken: it is there to be pasted.
  if (check.remedy !== undefined) lines.push(`${indent}${paint('strong', `$ ${escapeText(check.remedy)}`)}`);
  return `${lines.join('\n')}\n`;
}

function markOf({ ok, fatal }: CheckEvent): [mark: string, ink: Ink] {
  if (ok) return ['works', 'good'];
  return fatal ? ['fails', 'verdictBad'] : ['note', 'verdictUnsure'];
}

function conclusion({ verdict, completed, error, failed }: DoctorResult, { paint }: Style): string {
  if (error !== undefined || verdict !== 'open' || !completed) return `${paint('verdictBad', 'rawshake does not work here')}\n`;
  const notes = failed.length === 0 ? '' : `, with a note on ${failed.join(', ')}`;
  return `${paint('good', 'rawshake works here')}${notes}\n`;
}
