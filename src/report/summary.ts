/** What came of it, after the ladder or in its place. */
import type { ConnectResult, StartEvent } from '../probe/events.ts';
import { ENDED_PHRASES } from './phrases.ts';
import type { Ink, Style } from './style.ts';
import { flow, padEnd } from './text.ts';
import { count, formatBytes } from './units.ts';

const LABEL_WIDTH = 14;

/** A line of the summary: parts stay whole where a line is broken. */
interface Entry {
  label: string;
  parts: string[];
  separator: string;
  ink?: Ink | undefined;
}

const entry = (label: string, ...parts: (string | undefined)[]): Entry => ({
  label,
  parts: parts.filter((part) => part !== undefined),
  separator: ', ',
});

const VERDICT_INKS: Readonly<Record<string, Ink>> = { open: 'good', closed: 'verdictBad' };

/**
 * Labels on the left, what is known on the right; what does not apply is left out.
 * @param notes the sentences of the run's notes, safe to show
 */
export function summary(result: ConnectResult, notes: readonly string[], style: Style): string {
  const { glyphs, duration } = style;
  const { rttUs, iss, irs, states, retransmissions, ended, kernelDrops } = result;
  const ignored = Object.entries(result.ignored).map(([name, times]) => `${times} ${name}`);
  const entries: Entry[] = [
    { ...entry('verdict', `${result.verdict}: ${basis(result, style)}`), ink: VERDICT_INKS[result.verdict] ?? 'verdictUnsure' },
  ];
  if (rttUs !== undefined) entries.push(entry('round trip', duration(rttUs)));
  entries.push(entry('our ISN', String(iss)));
  if (irs !== undefined) entries.push(entry('their ISN', String(irs)));
  if (result.peer !== undefined) entries.push(offer(result.peer));
  if (result.verdict === 'open') entries.push(data(result.data, style));
  if (retransmissions > 0) entries.push(entry('sent again', count(retransmissions, 'segment')));
  if (ignored.length > 0) entries.push(entry('ignored', ...ignored));
  if (result.verdict === 'open') entries.push(close(result, style));
  if (result.error !== undefined)
    entries.push({ ...entry('error', ...style.escapeText(result.error.message).split(' ')), separator: ' ', ink: 'bad' });
  if (ended !== undefined) entries.push({ ...entry('ended early', ENDED_PHRASES[ended]), ink: 'warning' });
  entries.push({ ...entry('states', ...states.map((state, i) => (i === 0 ? state : `${glyphs.arrowRight} ${state}`))), separator: ' ' });
  for (const note of notes) entries.push({ ...entry('note', ...note.split(' ')), separator: ' ', ink: 'warning' });
  if (kernelDrops > 0) {
    const warning = `the kernel dropped ${count(kernelDrops, 'datagram')} because we read too slowly: silence proves nothing`;
    entries.push({ ...entry('warning', ...warning.split(' ')), separator: ' ', ink: 'bad' });
  }
  return entries.map((line) => format(line, style)).join('');
}

/** `'open  10.0.0.2:80  syn-ack  rtt 312 µs  closed active TIME-WAIT 812 µs'`: one line, not wrapped, for scripts and lists. */
export function summaryLine(result: ConnectResult, start: StartEvent | undefined, style: Style): string {
  const { verdict, reason, rttUs, close } = result;
  const parts = [style.paint(VERDICT_INKS[verdict] ?? 'verdictUnsure', verdict)];
  if (start !== undefined) parts.push(`${style.escapeText(start.address)}:${start.port}`);
  parts.push(style.escapeText(reason));
  if (rttUs !== undefined) parts.push(`rtt ${style.duration(rttUs)}`);
  if (verdict === 'open') {
    const took = !close.durationUs ? '' : ` ${style.duration(close.durationUs)}`;
    parts.push(`${close.completed ? 'closed' : 'not closed'} ${close.kind} ${close.finalState}${took}`);
  }
  return `${parts.join('  ')}\n`;
}

/** What the verdict rests on. */
function basis({ reason, evidence }: ConnectResult, { escapeText }: Style): string {
  switch (reason) {
    case 'syn-ack':
      if (evidence === 'data-acknowledged') return 'SYN+ACK, data acknowledged';
      return evidence === 'fin-acknowledged' ? 'SYN+ACK, FIN acknowledged' : 'SYN+ACK alone';
    case 'rst':
      return 'RST';
    case 'no-response':
      return 'no answer';
    case 'interrupted':
      return 'interrupted before an answer';
    default:
      return `ICMP ${escapeText(reason.slice('icmp-'.length))}`;
  }
}

function offer({ mss, windowScale, sackPermitted, timestamps, window, ttl }: NonNullable<ConnectResult['peer']>): Entry {
  return entry(
    'they offer',
    mss === undefined ? undefined : `MSS ${mss}`,
    windowScale === undefined ? undefined : `window scale ${windowScale}`,
    sackPermitted ? 'SACK' : undefined,
    timestamps ? 'timestamps' : undefined,
    `window ${window}`,
    `TTL ${ttl}`,
  );
}

function data({ sentBytes, ackedBytes, receivedBytes, firstByteUs }: ConnectResult['data'], { duration }: Style): Entry {
  const acked = sentBytes === 0 ? undefined : ackedBytes === sentBytes ? 'all acknowledged' : `${exactBytes(ackedBytes)} acknowledged`;
  const first = firstByteUs === undefined ? undefined : `the first after ${duration(firstByteUs)}`;
  const sent = `sent ${exactBytes(sentBytes)}`;
  const received = `received ${exactBytes(receivedBytes)}`;
  return {
    ...entry('data', acked === undefined ? sent : `${sent}, ${acked}`, first === undefined ? received : `${received}, ${first}`),
    separator: '; ',
  };
}

/** `'18 B'`, `'104857600 B (105 MB)'`. */
const exactBytes = (bytes: number): string => (bytes < 1000 ? formatBytes(bytes) : `${bytes} B (${formatBytes(bytes)})`);

function close({ close: { kind, initiator, completed, finalState, durationUs } }: ConnectResult, { duration }: Style): Entry {
  const began = initiator === undefined ? undefined : initiator === 'local' ? 'we began' : 'they began';
  const how = kind === 'none' ? 'left open as asked' : completed ? 'completed' : 'not completed';
  return entry('close', kind, began, !durationUs ? how : `${how} in ${duration(durationUs)}`, `final state ${finalState}`);
}

function format({ label, parts, separator, ink }: Entry, { width, paint }: Style): string {
  const lines = flow(parts, separator, width - LABEL_WIDTH);
  return lines
    .map((line, i) => `${paint('faint', padEnd(i === 0 ? `  ${label}` : '', LABEL_WIDTH))}${ink === undefined ? line : paint(ink, line)}\n`)
    .join('');
}
