/** What came of all who called. */
import type { ListenResult } from '../probe/events.ts';
import { type Entry, entry, formatEntry, sentence } from './entries.ts';
import type { Style } from './style.ts';
import { count, formatBytes, grouped } from './units.ts';

export function listenSummary(result: ListenResult, style: Style): string {
  const { halfOpen, cookiesSent, cookiesUsed, refused, droppedSyns, strays, kernelDrops, error, countReached } = result;
  const entries: Entry[] = [entry('connections', ...connections(result)), data(result, style)];
  if (halfOpen > 0) entries.push(entry('half open', `${count(halfOpen, 'handshake')} not completed`));
  if (cookiesSent > 0)
    entries.push(entry('SYN cookies', `${grouped(cookiesSent)} sent`, `${count(cookiesUsed, 'connection')} made of them`));
  if (refused > 0) entries.push({ ...entry('dropped', `${count(refused, 'SYN')}: as many connections as may be`), ink: 'warning' });
  if (droppedSyns > 0) entries.push(entry('unread', `${grouped(droppedSyns)} SYNs that came faster than they could be answered`));
  if (strays > 0) entries.push(entry('strays', `${count(strays, 'segment')} of no connection`));
  if (!countReached) entries.push(sentence('ended early', 'there were fewer connections than asked for', 'warning'));
  if (error !== undefined) entries.push(sentence('error', style.escapeText(error.message), 'bad'));
  if (kernelDrops > 0)
    entries.push(
      sentence(
        'warning',
        `the kernel dropped ${count(kernelDrops, 'datagram')} because we read too slowly: who still waits sends again`,
        'warning',
      ),
    );
  return entries.map((line) => formatEntry(line, style)).join('');
}

/** `'3 connections, 3 as asked, received 78 B, sent 1.2 kB, in 12.3 s'`. */
export function listenLine(result: ListenResult, style: Style): string {
  const { connections: made, receivedBytes, sentBytes, durationUs } = result;
  const [, ...how] = connections(result);
  const parts = [count(made, 'connection'), ...how, `received ${formatBytes(receivedBytes)}`, `sent ${formatBytes(sentBytes)}`];
  return `${parts.join(', ')}, in ${style.duration(durationUs)}\n`;
}

function connections({ connections: made, completed, resetByPeer, timedOut, interrupted }: ListenResult): string[] {
  const parts = [grouped(made)];
  if (completed > 0) parts.push(`${grouped(completed)} ended as asked`);
  if (resetByPeer > 0) parts.push(`${grouped(resetByPeer)} reset by the peer`);
  if (timedOut > 0) parts.push(`${grouped(timedOut)} ended otherwise`);
  if (interrupted > 0) parts.push(`${grouped(interrupted)} still open`);
  return parts;
}

const data = ({ receivedBytes, sentBytes, durationUs }: ListenResult, style: Style): Entry =>
  entry('data', `received ${formatBytes(receivedBytes)}`, `sent ${formatBytes(sentBytes)}`, `in ${style.duration(durationUs)}`);
