/** `replay` as text: each conversation as `connect` draws one, or a table of them all, and what the capture holds beside them. */
import type { ConversationEvent, PassedOver, ReplayEvent, ReplayResult, StartEvent } from '../probe/events.ts';
import { type ConnectReporterOptions, type ConversationReporter, createConversationReporter } from './connect.ts';
import { type ConversationRow, conversationTable } from './conversation-table.ts';
import { entry, formatEntry } from './entries.ts';
import { createStyle, type Style } from './style.ts';
import { count } from './units.ts';

export interface ReplayReporterOptions extends ConnectReporterOptions {
  /** The table, whatever there is. */
  list: boolean;
  /** Those that are told were asked for: they are drawn however many they are. */
  chosen: boolean;
  /** As it was given. */
  file: string;
}

export interface ReplayReporter {
  event(event: ReplayEvent): void;
}

/** More conversations than this are listed, not drawn. */
const MOST_DRAWN = 8;

interface Drawing {
  reporter: ConversationReporter;
  /** What it has drawn until now. */
  text: string;
}

export function createReplayReporter(options: ReplayReporterOptions): ReplayReporter {
  const { write, chosen, quiet } = options;
  const style = createStyle(options);
  let list = options.list;
  const starts = new Map<number, StartEvent>();
  const rows: ConversationRow[] = [];
  const drawings = new Map<number, Drawing>();

  const draw = (event: ConversationEvent): void => {
    const { conversation } = event;
    let drawing = drawings.get(conversation);
    if (drawing === undefined) {
      const own: Drawing = {
        text: '',
        reporter: createConversationReporter({
          ...options,
          write: (text) => {
            own.text += text;
          },
        }),
      };
      drawing = own;
      drawings.set(conversation, own);
    }
    drawing.reporter.event(event);
  };
  const take = (event: ConversationEvent): void => {
    if (event.type === 'start') starts.set(event.conversation, event);
    if (event.type === 'result') {
      rows.push({ start: starts.get(event.conversation) as StartEvent, result: event });
      starts.delete(event.conversation);
    }
    if (!list && !chosen && !quiet && drawings.size === MOST_DRAWN && !drawings.has(event.conversation)) {
      list = true;
      drawings.clear();
    }
    if (!list) draw(event);
  };
  const end = (result: ReplayResult): void => {
    if (list && rows.length > 0) {
      rows.sort((a, b) => a.result.conversation - b.result.conversation);
      write(`${conversationTable(rows, style)}\n`);
    }
    // They were begun in the order of their numbers.
    const separator = quiet ? '' : '\n\n';
    if (drawings.size > 0) write([...drawings.values()].map(({ text }) => text).join(separator));
    if (quiet || result.format === undefined) return;
    write(`${drawings.size > 0 ? '\n' : ''}${captureText(options.file, result, style)}`);
    if (list && rows.length > 0) write(formatEntry(entry('to draw one', 'add --conversation N'), style));
    if (rows.length === 0 && result.conversations > 0) write(formatEntry(entry('shown', 'none: no conversation is as asked for'), style));
  };
  return {
    event(event) {
      if ('conversation' in event) take(event);
      else end(event);
    },
  };
}

const PASSED_OVER: Readonly<Record<PassedOver, string>> = {
  ipv6: 'IPv6',
  'other-protocol': 'of other protocols',
  fragment: 'IPv4 fragments',
  icmp: 'ICMP about nothing here',
  'link-type': 'of links that are not read here',
  unreadable: 'cut short or unreadable',
  copy: 'seen twice, leaving and arriving',
};

/** What the file holds, and what of it was not told. */
function captureText(file: string, { format, packets, conversations, passedOver, dropped }: ReplayResult, style: Style): string {
  const lines = [
    entry(
      'capture',
      style.escapeText(file),
      format,
      count(packets, 'packet'),
      conversations === 0 ? 'no TCP conversation' : count(conversations, 'TCP conversation'),
    ),
  ];
  const parts = Object.entries(passedOver).map(([what, times]) => `${times} ${PASSED_OVER[what as PassedOver]}`);
  if (parts.length > 0) lines.push(entry('passed over', ...parts));
  if (dropped) lines.push({ ...entry('warning', `the capture lacks ${count(dropped, 'packet')} that its system dropped`), ink: 'bad' });
  return lines.map((line) => formatEntry(line, style)).join('');
}
