/** A sweep as a table: what the peer answers to each of its segments. */
import type { SweepRow } from '../probe/events.ts';
import { reasonText, verdictInk } from './entries.ts';
import { flagText } from './segment-text.ts';
import type { Ink, Style } from './style.ts';
import { padEnd, padStart } from './text.ts';

interface Cell {
  text: string;
  ink?: Ink;
}

/** Columns of numbers are set to the right. */
const NUMERIC = [false, false, false, true, true, true];

export function sweepTable(rows: readonly SweepRow[], style: Style): string {
  const { paint } = style;
  const head = [fieldOf(rows), 'answer', 'verdict', 'TTL', 'window', 'round trip'].map((text): Cell => ({ text, ink: 'faint' }));
  const table = [head, ...rows.map((row) => cells(row, style))];
  const widths = head.map((_, i) => Math.max(...table.map((line) => line[i]?.text.length ?? 0)));
  return table
    .map((line) => {
      const shown = line.map(({ text, ink }, i) => {
        const cell = NUMERIC[i] ? padStart(text, widths[i] as number) : padEnd(text, widths[i] as number);
        return ink === undefined ? cell : paint(ink, cell);
      });
      return `  ${shown.join('  ').trimEnd()}\n`;
    })
    .join('');
}

/** `ttl` of `ttl=3`. */
const fieldOf = ([first]: readonly SweepRow[]): string => first?.variant.split('=')[0] ?? '';

function cells({ variant, verdict, reason, rttUs, answer }: SweepRow, style: Style): Cell[] {
  const isIcmp = reason.startsWith('icmp-');
  const answered = answer !== undefined && !isIcmp ? flagText(answer.flags) : reasonText(reason, style);
  return [
    { text: variant.slice(variant.indexOf('=') + 1) },
    answer === undefined && !isIcmp ? { text: answered, ink: 'faint' } : { text: answered },
    { text: verdict, ink: verdictInk(verdict) },
    { text: answer === undefined ? '' : String(answer.ttl) },
    { text: answer === undefined ? '' : String(answer.window) },
    { text: rttUs === undefined ? '' : style.duration(rttUs) },
  ];
}
