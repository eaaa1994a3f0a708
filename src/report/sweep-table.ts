/** A sweep as a table: what the peer answers to each of its segments. */
import type { SweepRow } from '../probe/events.ts';
import { reasonText, verdictInk } from './entries.ts';
import { flagText } from './segment-text.ts';
import type { Ink, Style } from './style.ts';
import { displayWidth, padEnd, padStart, truncate } from './text.ts';

interface Column {
  head: string;
  cell(row: SweepRow): string;
  ink?(row: SweepRow): Ink | undefined;
  /** Set to the right. */
  isNumber?: true;
  /** On a narrow terminal those with the highest number go first; without, it stays. */
  goes?: number;
}

const INDENT = '  ';
const GAP = '  ';
/** Of a column that is cut. */
const LEAST_WIDTH = 9;

export function sweepTable(rows: readonly SweepRow[], style: Style): string {
  const { paint, width, glyphs } = style;
  const columns = fitting(columnsOf(rows, style), rows, width - INDENT.length);
  const widths = narrowed(
    columns.map((column) => widthOf(column, rows)),
    width - INDENT.length,
  );
  const line = (cells: { text: string; ink: Ink | undefined }[]): string => {
    const shown = cells.map(({ text, ink }, i) => {
      const cut = truncate(text, widths[i] as number, glyphs.ellipsis);
      const cell = columns[i]?.isNumber ? padStart(cut, widths[i] as number) : padEnd(cut, widths[i] as number);
      return ink === undefined ? cell : paint(ink, cell);
    });
    return `${INDENT}${shown.join(GAP).trimEnd()}\n`;
  };
  const head = line(columns.map((column) => ({ text: column.head, ink: 'faint' })));
  return head + rows.map((row) => line(columns.map((column) => ({ text: column.cell(row), ink: column.ink?.(row) })))).join('');
}

function columnsOf([first]: readonly SweepRow[], style: Style): Column[] {
  return [
    { head: first?.variant.split('=')[0] ?? '', cell: ({ variant }) => variant.slice(variant.indexOf('=') + 1) },
    { head: 'answer', cell: (row) => answerText(row, style), ink: ({ received }) => (received === 0 ? 'faint' : undefined) },
    { head: 'verdict', cell: ({ verdict }) => verdict, ink: ({ verdict }) => verdictInk(verdict) },
    { head: 'TTL', cell: ({ answer }) => String(answer?.ttl ?? ''), isNumber: true, goes: 2 },
    { head: 'window', cell: ({ answer }) => String(answer?.window ?? ''), isNumber: true, goes: 3 },
    { head: 'round trip', cell: ({ rttUs }) => (rttUs === undefined ? '' : style.duration(rttUs)), isNumber: true, goes: 1 },
  ];
}

/** The flags of the segment that answered; else what the verdict rests on. */
const answerText = ({ answer, reason }: SweepRow, style: Style): string =>
  answer === undefined || reason.startsWith('icmp-') ? reasonText(reason, style) : flagText(answer.flags);

const widthOf = ({ head, cell }: Column, rows: readonly SweepRow[]): number =>
  rows.reduce((most, row) => Math.max(most, displayWidth(cell(row))), head.length);

const spread = (widths: readonly number[]): number => widths.reduce((sum, width) => sum + width, (widths.length - 1) * GAP.length);

/** What is still too wide: first the answer is cut, then what is swept, which may be as long as nine flags. */
function narrowed(widths: readonly number[], room: number): number[] {
  const result = [...widths];
  for (const column of [1, 0]) {
    const excess = Math.max(0, spread(result) - room);
    const own = result[column] as number;
    result[column] = Math.max(Math.min(own, LEAST_WIDTH), own - excess);
  }
  return result;
}

/** As many of the columns as there is room for. */
function fitting(columns: Column[], rows: readonly SweepRow[], room: number): Column[] {
  if (spread(columns.map((column) => widthOf(column, rows))) <= room) return columns;
  const goes = Math.max(...columns.map((column) => column.goes ?? 0));
  return goes === 0
    ? columns
    : fitting(
        columns.filter((column) => column.goes !== goes),
        rows,
        room,
      );
}
