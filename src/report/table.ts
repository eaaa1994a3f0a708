/** Rows under heads, in as many columns as there is room for. */
import type { Ink, Style } from './style.ts';
import { displayWidth, padEnd, padStart, truncate } from './text.ts';

export interface Column<Row> {
  head: string;
  cell(row: Row): string;
  ink?(row: Row): Ink | undefined;
  /** Set to the right. */
  isNumber?: true;
  /** On a narrow terminal those with the highest number go first; without, it stays. */
  goes?: number;
  /** What is still too wide is cut in these columns, the lowest number first. */
  cut?: number;
}

/** Of a column that is cut. */
const LEAST_WIDTH = 9;

/** A table line by line: for rows by the thousand, and for lines between them. */
export interface Layout<Row> {
  /** With its line feed, as each line. */
  head: string;
  line(row: Row): string;
  /** Of the columns that there is room for. */
  widths: readonly number[];
}

export const INDENT = '  ';
export const GAP = '  ';

export function table<Row>(columns: readonly Column<Row>[], rows: readonly Row[], style: Style): string {
  const { head, line } = layOut(columns, rows, style);
  return head + rows.map(line).join('');
}

/** @param rows gone through once, before there is a line */
export function layOut<Row>(allColumns: readonly Column<Row>[], rows: Iterable<Row>, style: Style): Layout<Row> {
  const { paint, width, glyphs } = style;
  const sized = sizedColumns(allColumns, rows);
  const columns = fitting(sized, width - INDENT.length);
  const widths = narrowed(columns, width - INDENT.length);
  const line = (cells: { text: string; ink: Ink | undefined }[]): string => {
    const shown = cells.map(({ text, ink }, i) => {
      const cut = truncate(text, widths[i] as number, glyphs.ellipsis);
      const cell = columns[i]?.isNumber ? padStart(cut, widths[i] as number) : padEnd(cut, widths[i] as number);
      return ink === undefined ? cell : paint(ink, cell);
    });
    return `${INDENT}${shown.join(GAP).trimEnd()}\n`;
  };
  return {
    head: line(columns.map((column) => ({ text: column.head, ink: 'faint' }))),
    line: (row) => line(columns.map((column) => ({ text: column.cell(row), ink: column.ink?.(row) }))),
    widths,
  };
}

/** A column and what its widest cell takes. */
type Sized<Row> = Column<Row> & { width: number };

function sizedColumns<Row>(columns: readonly Column<Row>[], rows: Iterable<Row>): Sized<Row>[] {
  const sized = columns.map((column) => ({ ...column, width: column.head.length }));
  for (const row of rows) for (const column of sized) column.width = Math.max(column.width, displayWidth(column.cell(row)));
  return sized;
}

const spread = (widths: readonly number[]): number => widths.reduce((sum, width) => sum + width, (widths.length - 1) * GAP.length);

function narrowed<Row>(columns: readonly Sized<Row>[], room: number): number[] {
  const result = columns.map(({ width }) => width);
  const order = [...columns.keys()]
    .filter((i) => columns[i]?.cut !== undefined)
    .sort((a, b) => (columns[a]?.cut ?? 0) - (columns[b]?.cut ?? 0));
  for (const column of order) {
    const excess = Math.max(0, spread(result) - room);
    const own = result[column] as number;
    result[column] = Math.max(Math.min(own, LEAST_WIDTH), own - excess);
  }
  return result;
}

/** As many of the columns as there is room for. */
function fitting<Row>(columns: readonly Sized<Row>[], room: number): readonly Sized<Row>[] {
  if (spread(columns.map(({ width }) => width)) <= room) return columns;
  const goes = Math.max(...columns.map((column) => column.goes ?? 0));
  return goes === 0
    ? columns
    : fitting(
        columns.filter((column) => column.goes !== goes),
        room,
      );
}
