/** `connect` as text: the ladder while it happens, what it means, and what came of it. */
import type { ConnectEvent, ConnectResult, ConversationEvent, ConversationResult, StartEvent } from '../probe/events.ts';
import { Explainer } from './explain.ts';
import { Ladder } from './ladder.ts';
import { createStyle, type Style, type StyleOptions } from './style.ts';
import { summary, summaryLine } from './summary.ts';
import { wrap } from './text.ts';
import { title } from './title.ts';

export interface ConnectReporterOptions extends StyleOptions {
  write: (text: string) => void;
  /** Sequence numbers as they stand in the headers. */
  absolute: boolean;
  /** A sentence for each step. */
  explain: boolean;
  /** Nothing but one line at the end. */
  quiet: boolean;
  /** Every segment, with all of its header. */
  verbose: boolean;
}

export interface ConnectReporter {
  event(event: ConnectEvent): void;
}

/** The same for one conversation of a capture. */
export interface ConversationReporter {
  event(event: ConversationEvent): void;
}

/** Different sentences of notes that the summary repeats. */
const MAX_NOTES = 6;

export const createConnectReporter = (options: ConnectReporterOptions): ConnectReporter => createReporter(options);

export const createConversationReporter = (options: ConnectReporterOptions): ConversationReporter => createReporter(options);

function createReporter(options: ConnectReporterOptions): { event(event: ConnectEvent | ConversationEvent): void } {
  const { write } = options;
  const style = createStyle(options);
  let start: StartEvent | undefined;
  if (options.quiet) {
    return {
      event(event) {
        if (event.type === 'start') start = event;
        if (event.type === 'result') write(summaryLine(event, start, style));
      },
    };
  }

  const ladder = new Ladder({ style, absolute: options.absolute, verbose: options.verbose, unfolded: options.verbose, states: true });
  const explainer = options.explain ? new Explainer({ style, absolute: options.absolute }) : undefined;
  const notes = new Set<string>();
  const put = (text: string) => {
    if (text !== '') write(text);
  };
  return {
    event(event) {
      const explanation = explainer?.event(event);
      if (event.type === 'start') put(title(event, options.verbose, explainer?.introduction(event), style));
      if (event.type === 'note' && notes.size < MAX_NOTES) notes.add(style.escapeText(event.text));
      if (event.type !== 'result') return put(ladder.event(event, explanation));
      put(ladder.end());
      put(ending(event, explanation, [...notes], style));
    },
  };
}

function ending(result: ConnectResult | ConversationResult, story: string | undefined, notes: readonly string[], style: Style): string {
  const told =
    story === undefined
      ? ''
      : `${wrap(story, style.width - 2)
          .map((line) => `  ${line}\n`)
          .join('')}\n`;
  return `\n${told}${summary(result, notes, style)}`;
}
