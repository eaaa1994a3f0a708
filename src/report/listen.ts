/** `listen` as text: a line when somebody connects, one when it is over, all segments where they are asked for, and a summary. */
import type { ListenEvent, ListeningEvent, NoteEvent, SegmentEvent, ServedResult, StartEvent } from '../probe/events.ts';
import { flagText } from '../wire/flags.ts';
import { listenLine, listenSummary } from './listen-summary.ts';
import { ENDED_PHRASES } from './phrases.ts';
import { isIgnored, noteText, sackText, shownNumbers } from './segment-text.ts';
import { createStyle, type Ink, type Style, type StyleOptions } from './style.ts';
import { displayWidth, flow, padEnd, padStart, wrap } from './text.ts';
import { count, formatBytes } from './units.ts';

export interface ListenReporterOptions extends StyleOptions {
  write: (text: string) => void;
  /** What is done with who comes, such as `echoes what comes`. */
  doing: string;
  /** Nothing but one line at the end. */
  quiet: boolean;
  /** Every segment. */
  verbose: boolean;
  /** Sequence numbers as they stand in the headers. */
  absolute: boolean;
  /** In milliseconds, of any clock that is not stepped. */
  now: () => number;
}

export interface ListenReporter {
  event(event: ListenEvent): void;
}

/** More lines than this in a second nobody reads: the rest of them are left out. */
const MOST_LINES_A_SECOND = 40;

const NUMBER_WIDTH = 7;
const TIME_WIDTH = 9;
/** `SYN-RECEIVED` */
const STATE_WIDTH = 12;
/** Below this width it is left out. */
const STATE_FROM_WIDTH = 60;
/** `PSH+ACK` */
const FLAGS_WIDTH = 7;

export function createListenReporter(options: ListenReporterOptions): ListenReporter {
  const { write, quiet, verbose, now } = options;
  const style = createStyle(options);
  const starts = new Map<number, StartEvent>();
  let secondBeganAtMs = Number.NEGATIVE_INFINITY;
  let lines = 0;
  let isFolded = false;
  /** The last line is blank. */
  let isApart = false;

  /** @param atMost undefined: it must be said */
  const put = (text: string, atMost: number | undefined): void => {
    if (now() - secondBeganAtMs >= 1000) {
      secondBeganAtMs = now();
      lines = 0;
      isFolded = false;
    }
    isApart = false;
    if (atMost === undefined || lines < atMost) {
      lines++;
      write(text);
    } else if (!isFolded) {
      isFolded = true;
      write(`${style.paint('faint', `  ${style.glyphs.fold} more than can be read: left out until the next second`)}\n`);
    }
  };
  return {
    event(event) {
      if (event.type === 'result' && !('conversation' in event)) {
        return write(quiet ? listenLine(event, style) : `${isApart ? '' : '\n'}${listenSummary(event, style)}`);
      }
      if (quiet) return;
      if (event.type === 'listening') {
        isApart = true;
        return write(heading(event, options.doing, style));
      }
      if (!('conversation' in event)) return put(aside(event, style), undefined);
      const start = starts.get(event.conversation);
      const most = verbose ? undefined : MOST_LINES_A_SECOND;
      switch (event.type) {
        case 'start':
          starts.set(event.conversation, event);
          return put(numbered(event.conversation, [`${peerOf(event, style)} connects to ${ownOf(event, style)}`], style), most);
        case 'segment':
          if (verbose) put(segmentLine(event, event.conversation, options.absolute, style), undefined);
          return;
        case 'icmp':
          return put(
            numbered(event.conversation, [`ICMP ${style.escapeText(event.name)} from ${style.escapeText(event.from)}`], style, 'bad'),
            most,
          );
        case 'note':
          if (verbose) put(numbered(event.conversation, style.escapeText(event.text).split(' '), style, 'warning', ' '), undefined);
          return;
        case 'result':
          starts.delete(event.conversation);
          return put(numbered(event.conversation, outcome(event, start, style), style, inkOf(event)), most);
      }
    },
  };
}

function heading({ address, ports, guard }: ListeningEvent, doing: string, style: Style): string {
  const where = `${ports.length === 1 ? 'port' : 'ports'} ${ports.join(', ')} of ${address ?? 'every address of this host'}`;
  const unguarded = guard === 'none' ? ', unguarded' : '';
  return `${wrap(`Listening on ${where}${unguarded}: ${doing}.`, style.width).join('\n')}\n\n`;
}

const aside = ({ text }: NoteEvent, style: Style): string =>
  wrap(`${style.glyphs.bullet} ${style.escapeText(text)}`, style.width - 2)
    .map((line) => `  ${style.paint('warning', line)}\n`)
    .join('');

const peerOf = ({ address, port }: StartEvent, { escapeText }: Style): string => `${escapeText(address)}:${port}`;
const ownOf = ({ sourceAddress, sourcePort }: StartEvent, { escapeText }: Style): string => `${escapeText(sourceAddress)}:${sourcePort}`;

/** Parts behind the number of their conversation, on as many lines as they need. */
function numbered(conversation: number, parts: readonly string[], { width, paint }: Style, ink?: Ink, separator = ', '): string {
  return flow(parts, separator, width - NUMBER_WIDTH - 1)
    .map((line, i) => {
      const label = paint('faint', padStart(i === 0 ? `#${conversation}` : '', NUMBER_WIDTH));
      return `${label} ${ink === undefined ? line : paint(ink, line)}\n`;
    })
    .join('');
}

/** How it went. */
function outcome(result: ServedResult, start: StartEvent | undefined, style: Style): string[] {
  const { data, close, ended, durationUs, retransmissions, fromCookie, error, verdict } = result;
  const parts: string[] = [];
  const peer = start === undefined ? '' : `${peerOf(start, style)} `;
  if (verdict !== 'open') return [`${peer}did not complete the handshake in ${style.duration(durationUs)}`];
  if (error !== undefined) parts.push(`${peer}given up: ${style.escapeText(error.message)}`);
  else if (isOpenAtEnd(ended)) parts.push(`${peer}still open at the end, reset by us`);
  else if (ended !== undefined) parts.push(`${peer}${ENDED_PHRASES[ended]}`);
  else parts.push(`${peer}${endText(result)}`);
  parts.push(`received ${formatBytes(data.receivedBytes)}`, `sent ${formatBytes(data.sentBytes)}`);
  if (data.ackedBytes < data.sentBytes) parts.push(`${formatBytes(data.ackedBytes)} of it acknowledged`);
  if (retransmissions > 0) parts.push(`${count(retransmissions, 'segment')} sent again`);
  if (fromCookie) parts.push('by SYN cookie');
  if (!isOpenAtEnd(ended) && (ended !== undefined || !close.completed)) parts.push(`left in ${close.finalState}`);
  parts.push(`in ${style.duration(durationUs)}`);
  return parts;
}

/** We were stopped, and it had nothing to do with this one. */
const isOpenAtEnd = (ended: ServedResult['ended']): boolean => ended === 'interrupted' || ended === 'deadline';

function endText({ close }: ServedResult): string {
  if (close.kind === 'reset') return 'reset by us';
  if (close.kind === 'none') return 'left open';
  const who = close.initiator === 'local' ? ' (we began)' : close.initiator === 'peer' ? ' (they began)' : '';
  return `${close.completed ? 'closed' : 'not closed'}${who}`;
}

const inkOf = ({ verdict, ended, error, close }: ServedResult): Ink | undefined => {
  if (verdict !== 'open') return 'faint';
  if (error !== undefined || ended === 'timeout' || ended === 'reset-by-peer') return 'bad';
  return close.completed ? undefined : 'warning';
};

/** `'     #3    312 us  SYN-RECEIVED  <- SYN      seq 0  win 64240'`. */
function segmentLine(event: SegmentEvent, conversation: number, absolute: boolean, style: Style): string {
  const { paint, glyphs, width } = style;
  const { seq, ack } = shownNumbers(event, absolute);
  const note = noteText(event);
  const sack = sackText(event, absolute);
  const parts = [padEnd(flagText(event.flags), FLAGS_WIDTH), `seq ${seq}`];
  if (event.flags.includes('ACK')) parts.push(`ack ${ack}`);
  if (event.length > 0) parts.push(`len ${event.length}`);
  parts.push(`win ${event.window}`);
  if (note !== undefined) parts.push(`(${note})`);
  if (sack !== undefined) parts.push(sack);
  const ink: Ink = isIgnored(event) ? 'warning' : event.flags.includes('RST') ? 'bad' : event.direction;
  const time = padStart(style.duration(event.atUs), TIME_WIDTH);
  const state = width < STATE_FROM_WIDTH ? '' : `${padEnd(event.state ?? '', STATE_WIDTH)}  `;
  const head = `${padStart(`#${conversation}`, NUMBER_WIDTH)} ${time}  ${state}`;
  const arrow = `${event.direction === 'sent' ? glyphs.arrowRight : glyphs.arrowLeft} `;
  const indent = displayWidth(head) + displayWidth(arrow);
  return flow(parts, '  ', width - indent)
    .map((line, i) => `${i === 0 ? paint('faint', head) + paint(ink, arrow) : ' '.repeat(indent)}${paint(ink, line)}\n`)
    .join('');
}
