/** The conversations of a capture, a line each. */
import type { ConversationResult, StartEvent } from '../probe/events.ts';
import type { Ink, Style } from './style.ts';
import { type Column, table } from './table.ts';
import { formatBytes } from './units.ts';

export interface ConversationRow {
  start: StartEvent;
  result: ConversationResult;
}

export function conversationTable(rows: readonly ConversationRow[], style: Style): string {
  const { escapeText, duration } = style;
  const again = ({ result }: ConversationRow): number => result.retransmissions + result.peerRetransmissions;
  const columns: Column<ConversationRow>[] = [
    { head: '#', cell: ({ result }) => String(result.conversation), isNumber: true },
    // The day is seldom in question.
    { head: 'began (UTC)', cell: ({ start }) => start.startedAt.slice(11, -1), goes: 3 },
    { head: 'initiator', cell: ({ start }) => `${escapeText(start.sourceAddress)}:${start.sourcePort}`, cut: 1 },
    { head: 'peer', cell: ({ start }) => `${escapeText(start.address)}:${start.port}`, cut: 2 },
    { head: 'sent', cell: ({ result }) => formatBytes(result.data.sentBytes), isNumber: true },
    { head: 'received', cell: ({ result }) => formatBytes(result.data.receivedBytes), isNumber: true },
    ...(rows.some((row) => again(row) > 0)
      ? [{ head: 'again', cell: (row: ConversationRow) => String(again(row) || ''), isNumber: true as const, goes: 1 }]
      : []),
    { head: 'took', cell: ({ result }) => duration(result.durationUs), isNumber: true, goes: 2 },
    { head: 'outcome', cell: ({ result }) => outcomeText(result).text, ink: ({ result }) => outcomeText(result).ink },
  ];
  return table(columns, rows, style);
}

function outcomeText({ verdict, reason, close, states, ended }: ConversationResult): { text: string; ink: Ink | undefined } {
  if (verdict === 'closed') return { text: 'refused', ink: 'verdictBad' };
  if (verdict !== 'open') return { text: reason === 'no-response' ? 'no answer' : reason, ink: 'verdictUnsure' };
  // A FIN may have come before the RST, and from the other side.
  if (ended === 'reset-by-peer') return { text: 'peer reset', ink: 'bad' };
  if (close.kind === 'reset') return { text: 'initiator reset', ink: undefined };
  const who = close.initiator === 'local' ? 'initiator' : 'peer';
  if (states.includes('CLOSING')) return { text: 'both closed', ink: undefined };
  if (close.initiator === undefined) return { text: 'open', ink: undefined };
  return { text: close.completed ? `${who} closed` : 'half closed', ink: undefined };
}
