/** Why a test failed, in words and as the ladder of what went over the wire. */
import type { StepRecord, TestEvent, TestFailure } from '../probe/events.ts';
import { escapeLine } from './escape.ts';
import { Ladder } from './ladder.ts';
import type { Ink, Style } from './style.ts';
import { wrap } from './text.ts';
import { count } from './units.ts';

const INDENT = '      ';

/** Text below the line of a test. @param text safe to show */
export const below = (text: string, ink: Ink, { width, paint }: Style): string =>
  wrap(text, width - INDENT.length)
    .map((line) => `${INDENT}${paint(ink, line)}\n`)
    .join('');

/** `expected verdict == open, but it is closed`. */
export function failureSentence({ field, expected, actual, expectation, detail }: TestFailure): string {
  const more = detail === undefined ? '' : `; ${detail}`;
  if (field === 'error') return `${actual}${more}`;
  if (field === 'timeout') return `not done within ${expected}`;
  const wanted = `${field} ${expected}`;
  const whole = expectation === undefined || expectation === wanted ? '' : `${expectation}: `;
  if (field === 'segment') return `${whole}expected ${expected}, but there was ${actual}${more}`;
  return `${whole}expected ${wanted}, but it is ${actual}${more}`;
}

/** The failures of a test, each with its place in the plan. Safe to show. */
export function failureLines({ plan, failures }: TestEvent, style: Style): string {
  return failures
    .map((failure) => {
      const where = `${plan}:${failure.line}${failure.kind === undefined ? '' : ` ${failure.kind}`}`;
      return below(escapeLine(`${where}: ${failureSentence(failure)}`), 'bad', style);
    })
    .join('');
}

/** What the steps did: the command line that does the same, and the ladder where there is one. */
export function recordText(records: readonly StepRecord[], unfolded: boolean, style: Style): string {
  return records.map((record) => oneRecord(record, unfolded, style)).join('');
}

function oneRecord({ kind, commandLine, outcome, events, left }: StepRecord, unfolded: boolean, style: Style): string {
  const ended = outcome === undefined ? '' : ` ${style.glyphs.arrowRight} ${outcome}`;
  const head = below(escapeLine(commandLine + ended), 'faint', style);
  const rows = LADDERS[kind] === undefined ? '' : ladder(events, LADDERS[kind], unfolded, style);
  const more = left === 0 ? '' : `${INDENT}${style.paint('faint', `and ${count(left, 'event')} more`)}\n`;
  return `${head}${rows === '' ? '' : `\n${rows}${more}\n`}`;
}

/** How the ladder of each kind of step is drawn; those without go to many ports. */
const LADDERS: Readonly<Record<string, { states: boolean; absolute: boolean } | undefined>> = {
  connect: { states: true, absolute: false },
  script: { states: false, absolute: false },
  send: { states: false, absolute: true },
};

type Drawn = Parameters<Ladder['event']>[0];

function ladder(
  events: StepRecord['events'],
  { states, absolute }: { states: boolean; absolute: boolean },
  unfolded: boolean,
  style: Style,
): string {
  const drawn = new Ladder({ style, absolute, verbose: false, unfolded, states });
  const rows = events.map((event) => (event.type === 'result' ? '' : drawn.event(event as Drawn)));
  return rows.join('') + drawn.end();
}
