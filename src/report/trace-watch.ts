/** `trace --watch`: a table of all hops. On a terminal it stays where it is and changes; piped, there is one after each round. */
import type { HopEvent, Reason, StartEvent, TraceEvent, TraceResult } from '../probe/events.ts';
import { reasonText } from './entries.ts';
import { sparks } from './ping-pictures.ts';
import { createStyle, type Style, type StyleOptions } from './style.ts';
import { type Column, GAP, layOut } from './table.ts';
import { padEnd, truncate, wrap } from './text.ts';
import { whatIsDone } from './title.ts';
import { PathMemory, type TraceReporter } from './trace.ts';
import { distinct } from './trace-changes.ts';
import { type HopNote, noteRows, notesOf } from './trace-hop.ts';
import { traceLine, traceSummary } from './trace-summary.ts';
import { count, formatMilliseconds, formatPercent } from './units.ts';

export interface WatchReporterOptions extends StyleOptions {
  write: (text: string) => void;
  /** Nothing but one line at the end. */
  quiet: boolean;
  /** Of the terminal, as it is now; undefined: there is none, or none that can go back to the top. */
  size: (() => { columns: number; rows: number }) | undefined;
}

export interface WatchReporter extends TraceReporter {
  /** The terminal has another size. */
  redraw(): void;
  /** Gives the terminal back as it was. May be called twice, and before the result. */
  leave(): void;
}

/** The other screen, and back (xterm's private modes, which every terminal of today has). */
const ENTER = '\x1b[?1049h\x1b[?25l';
const LEAVE = '\x1b[?25h\x1b[?1049l';
const HOME = '\x1b[H';
const CLEAR_LINE = '\x1b[K';
const CLEAR_REST = '\x1b[J';

/** Round trips kept for the picture of a hop: as many as the widest table shows. */
const MOST_KEPT = 120;
const LEAST_PICTURE = 10;
/** From this width on there is room for it. */
const WITH_PICTURE = 60;
/** From this width on a router has its address and its name. */
const WIDE = 100;
const NAME_WIDTH = 36;
const HOST_WIDTH = 21;

interface Row {
  hop: HopEvent;
  /** The last round trips, oldest first; null for one that was lost. */
  course: (number | null)[];
}

export function createWatchReporter(options: WatchReporterOptions): WatchReporter {
  const { write, quiet, size } = options;
  const rows = new Map<number, Row>();
  const memory = new PathMemory(true);
  let rounds = 0;
  /** What was wrong with the round that goes on, and with the last one. */
  let trouble: string | undefined;
  let shownTrouble: string | undefined;
  let isOnScreen = false;

  const style = (): Style => createStyle({ ...options, width: size?.().columns ?? options.width });
  const lines = (): string[] => frame({ start: memory.start, rounds, trouble: shownTrouble, rows }, style());
  const draw = (): void => {
    if (size === undefined || rounds === 0 || quiet) return;
    const shown = fitted(lines(), size().rows, style());
    // At once, so that nothing of it is seen half done.
    write(`${isOnScreen ? '' : ENTER}${HOME}${shown.map((line) => `${line}${CLEAR_LINE}`).join('\r\n')}${CLEAR_REST}`);
    isOnScreen = true;
  };
  const leave = (): void => {
    if (isOnScreen) write(LEAVE);
    isOnScreen = false;
  };
  const end = (result: TraceResult): void => {
    leave();
    if (quiet) return write(traceLine(result, memory, style()));
    // What is piped has had its last table.
    const last = size === undefined || rows.size === 0 ? [] : [...lines(), ''];
    write(`${last.map((line) => `${line}\n`).join('')}${traceSummary(result, memory, style())}`);
  };

  return {
    event(event: TraceEvent) {
      memory.add(event);
      if (event.type === 'hop') keep(rows, event);
      if (event.type === 'result') return end(event);
      if (event.type === 'note' && event.code === 'unsent') trouble = event.text;
      if (event.type !== 'round') return;
      rounds = event.round;
      shownTrouble = trouble;
      trouble = undefined;
      // A path that has become shorter keeps no hops of the longer one.
      for (const [ttl, { hop }] of rows) if (ttl > (memory.destination?.ttl ?? ttl) && hop.figures.received === 0) rows.delete(ttl);
      if (size !== undefined) draw();
      else if (!quiet) write(`${lines().join('\n')}\n\n`);
    },
    redraw: () => {
      if (isOnScreen) draw();
    },
    leave,
  };
}

function keep(rows: Map<number, Row>, hop: HopEvent): void {
  const row = rows.get(hop.ttl);
  const course = [...(row?.course ?? []), ...hop.rttUs].slice(-MOST_KEPT);
  // A change is told by the hop event that first shows it.
  const changes = distinct([...(row?.hop.changes ?? []), ...hop.changes]);
  rows.set(hop.ttl, { hop: { ...hop, changes }, course });
}

/** What the table is made of. */
interface Shown {
  start: StartEvent | undefined;
  rounds: number;
  trouble: string | undefined;
  rows: ReadonlyMap<number, Row>;
}

/** The table as lines, its title first. */
function frame({ start, rounds, trouble, rows }: Shown, style: Style): string[] {
  const { paint, escapeText, width, glyphs } = style;
  const title = start === undefined ? 'trace' : `${whatIsDone(start, style)}, ${count(rounds, 'round')}, times in ms`;
  const sorted = [...rows.values()].sort((a, b) => a.hop.ttl - b.hop.ttl);
  const narrow = { ...style, width: width - (width < WITH_PICTURE ? 0 : LEAST_PICTURE + GAP.length) };
  const { head, line, widths } = layOut(columnsOf(style), sorted, narrow);
  const tableWidth = GAP.length + widths.reduce((sum, each) => sum + each + GAP.length, -GAP.length);
  const room = Math.max(0, width - tableWidth - GAP.length);
  return [
    paint('strong', truncate(title, width, glyphs.ellipsis)),
    ...(trouble === undefined ? [] : wrap(escapeText(trouble), width).map((line) => paint('bad', line))),
    '',
    `${padEnd(head.trimEnd(), tableWidth)}${GAP}${paint('faint', truncate('in order', room, ''))}`.trimEnd(),
    ...sorted.flatMap((row) => [
      `${padEnd(line(row).trimEnd(), tableWidth)}${GAP}${picture(row, room, style)}`.trimEnd(),
      ...below(row, style),
    ]),
  ];
}

function columnsOf(style: Style): Column<Row>[] {
  const { escapeText, width } = style;
  const time = (head: string, value: (rttUs: NonNullable<HopEvent['figures']['rttUs']>) => number, goes?: number): Column<Row> => ({
    head,
    cell: ({ hop }) => (hop.figures.rttUs === undefined ? '' : formatMilliseconds(value(hop.figures.rttUs))),
    isNumber: true,
    ...(goes === undefined ? {} : { goes }),
  });
  return [
    { head: 'hop', cell: ({ hop }) => String(hop.ttl), isNumber: true },
    {
      head: 'host',
      cell: ({ hop }) => truncate(hostText(hop, width >= WIDE, escapeText), width >= WIDE ? NAME_WIDTH : HOST_WIDTH, style.glyphs.ellipsis),
      cut: 1,
    },
    {
      head: 'loss',
      cell: ({ hop }) => formatPercent(hop.figures.lossPercent),
      isNumber: true,
      ink: ({ hop }) => (hop.figures.lossPercent > 0 ? 'bad' : undefined),
    },
    { head: 'sent', cell: ({ hop }) => String(hop.figures.sent), isNumber: true, goes: 3 },
    time('last', ({ last }) => last),
    time('mean', ({ mean }) => mean),
    time('best', ({ min }) => min, 2),
    time('worst', ({ max }) => max, 1),
    time('stddev', ({ stddev }) => stddev, 4),
  ];
}

/** A name says more than an address, where there is room for one of them only. */
function hostText({ address, name }: HopEvent, both: boolean, escapeText: Style['escapeText']): string {
  if (address === undefined) return '*';
  if (name === undefined) return escapeText(address);
  return both ? `${escapeText(address)} ${escapeText(name)}` : escapeText(name);
}

function picture({ course }: Row, room: number, style: Style): string {
  const cells = course.slice(-room).map((us) => ({ meanUs: us ?? undefined, lost: us === null ? 1 : 0 }));
  return room === 0 ? '' : sparks(cells, style).line.join('');
}

/** Answers that are as they should be. */
const EXPECTED: ReadonlySet<Reason> = new Set<Reason>(['syn-ack', 'ack']);

const BELOW_INDENT = ' '.repeat(7);

/** What is remarkable about a hop, beneath its line. */
function below({ hop }: Row, style: Style): string[] {
  const { escapeText } = style;
  const notes: HopNote[] = [];
  if (hop.icmp !== undefined) notes.push({ text: `ICMP ${escapeText(hop.icmp)}`, ink: 'bad' });
  if (hop.answer !== undefined && !EXPECTED.has(hop.answer)) notes.push({ text: reasonText(hop.answer, style), ink: 'bad' });
  for (const { address } of hop.answerers.slice(1)) notes.push({ text: `also ${escapeText(address)}`, ink: 'faint' });
  return [...notes, ...notesOf(hop, style)].flatMap((note) => noteRows(note, BELOW_INDENT, style));
}

/** As many lines as the terminal has, the last of which says how many are not shown. */
function fitted(lines: readonly string[], height: number, { paint, width, glyphs }: Style): string[] {
  if (lines.length <= height) return [...lines];
  const shown = Math.max(1, height - 1);
  const more = truncate(`       ${count(lines.length - shown, 'line')} more: the terminal is too low`, width, glyphs.ellipsis);
  return [...lines.slice(0, shown), paint('faint', more)].slice(0, Math.max(1, height));
}
