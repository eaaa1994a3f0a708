/** `send` as text: each segment and each answer while it happens, and what came of it; a sweep as one table. */
import type { IcmpEvent, NoteEvent, SegmentEvent, SendEvent, StartEvent } from '../probe/events.ts';
import { decodePacketLax } from '../wire/packet.ts';
import { fieldsText } from './fields.ts';
import { Ladder } from './ladder.ts';
import { NOTE_PHRASES } from './phrases.ts';
import { isIgnored } from './segment-text.ts';
import { sendLine, sendSummary } from './send-summary.ts';
import { createStyle, type Style, type StyleOptions } from './style.ts';
import { sweepTable } from './sweep-table.ts';
import { title } from './title.ts';

export interface SendReporterOptions extends StyleOptions {
  write: (text: string) => void;
  /** Nothing but one line at the end. */
  quiet: boolean;
  /** 1: each answer field by field, what was passed over too; 2: also what we sent. */
  verbose: number;
  /** There is more than one segment: without more words asked for, the table says it all. */
  sweep: boolean;
}

export interface SendReporter {
  event(event: SendEvent): void;
}

export function createSendReporter(options: SendReporterOptions): SendReporter {
  const { write, quiet, verbose, sweep } = options;
  const style = createStyle(options);
  const ladder = new Ladder({ style, absolute: true, verbose: false, unfolded: verbose > 0, states: false });
  let start: StartEvent | undefined;
  /** What is owed before the next block of text: an empty line. */
  let gap = '';
  return {
    event(event) {
      if (event.type === 'start') start = event;
      if (event.type === 'result') {
        if (quiet) return write(sendLine(event, start, style));
        const table = event.sweep === undefined ? '' : `${gap}${sweepTable(event.sweep, style)}\n`;
        return write(`${ladder.end()}${table}${table === '' ? gap : ''}${sendSummary(event, style)}`);
      }
      if (quiet) return;
      if (event.type === 'start') write(title(event, verbose > 0, undefined, style));
      if (sweep && verbose === 0) return;
      if (isPassedOver(event) && verbose === 0) return;
      const rows = ladder.event(event, verbose > 0 ? explanation(event) : undefined);
      const text = rows + details(event, verbose, style);
      if (text === '') return;
      gap = text.endsWith('\n\n') ? '' : '\n';
      write(text);
    },
  };
}

type Told = Exclude<SendEvent, { type: 'result' }>;

/** Counted, but no answer. */
function isPassedOver(event: Told): boolean {
  if (event.type === 'segment') return event.direction === 'received' && isIgnored(event);
  return event.type === 'note' && PASSED_OVER.has(event.code);
}

const PASSED_OVER: ReadonlySet<NoteEvent['code']> = new Set<NoteEvent['code']>(['ignored', 'icmp-ignored']);

/** Why it is no answer, or what is remarkable about it. */
const explanation = (event: Told): string | undefined =>
  event.type === 'segment' && event.direction === 'received' && event.note !== undefined ? NOTE_PHRASES[event.note] : undefined;

/** The event's datagram, where it is to be shown. */
function details(event: Told, verbose: number, style: Style): string {
  if (!hasDatagram(event)) return '';
  const isSent = event.type === 'segment' && event.direction === 'sent';
  if (verbose < (isSent ? 2 : 1)) return '';
  return `${fieldsText(decodePacketLax(event.datagram), event.datagram, style, !isSent)}\n`;
}

const hasDatagram = (event: Told): event is SegmentEvent | IcmpEvent => event.type === 'segment' || event.type === 'icmp';
