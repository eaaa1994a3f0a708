/** A sweep as a table: what the peer answers to each of its segments. */
import type { SweepRow } from '../probe/events.ts';
import { flagText } from '../wire/flags.ts';
import { reasonText, verdictInk } from './entries.ts';
import type { Style } from './style.ts';
import { type Column, table } from './table.ts';

export const sweepTable = (rows: readonly SweepRow[], style: Style): string => table(columnsOf(rows, style), rows, style);

/** Where it is too wide, first the answer is cut, then what is swept, which may be as long as nine flags. */
function columnsOf([first]: readonly SweepRow[], style: Style): Column<SweepRow>[] {
  return [
    { head: first?.variant.split('=')[0] ?? '', cell: ({ variant }) => variant.slice(variant.indexOf('=') + 1), cut: 2 },
    { head: 'answer', cell: (row) => answerText(row, style), ink: ({ received }) => (received === 0 ? 'faint' : undefined), cut: 1 },
    { head: 'verdict', cell: ({ verdict }) => verdict, ink: ({ verdict }) => verdictInk(verdict) },
    { head: 'TTL', cell: ({ answer }) => String(answer?.ttl ?? ''), isNumber: true, goes: 2 },
    { head: 'window', cell: ({ answer }) => String(answer?.window ?? ''), isNumber: true, goes: 3 },
    { head: 'round trip', cell: ({ rttUs }) => (rttUs === undefined ? '' : style.duration(rttUs)), isNumber: true, goes: 1 },
  ];
}

/** The flags of the segment that answered; else what the verdict rests on. */
const answerText = ({ answer, reason }: SweepRow, style: Style): string =>
  answer === undefined || reason.startsWith('icmp-') ? reasonText(reason, style) : flagText(answer.flags);
