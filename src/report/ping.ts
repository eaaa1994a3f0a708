/** `ping` as text: a line for each probe, or one that changes, and the figures. */
import type { LostEvent, PingEvent, ProbeName, ReplyEvent, ReplyNote } from '../probe/events.ts';
import { flagText } from '../wire/flags.ts';
import { reasonText, verdictInk } from './entries.ts';
import { endText, figuresText, type SummaryOptions } from './ping-summary.ts';
import { createStyle, type Ink, type Style, type StyleOptions } from './style.ts';
import { displayWidth, flow, padEnd, padStart, truncate, wrap } from './text.ts';
import { title } from './title.ts';

export interface PingReporterOptions extends StyleOptions, SummaryOptions {
  write: (text: string) => void;
  /** Shows one line in the place of the last one; undefined where there is no place for it. */
  status: ((text: string) => void) | undefined;
  /** No line for each probe. */
  quiet: boolean;
  /** Ports and windows too, and what was passed over. */
  verbose: boolean;
  targets: readonly { host: string; port: number }[];
}

export interface PingReporter {
  event(event: PingEvent): void;
}

/** Of the changing line. */
const SHOW_EVERY_US = 100_000;

export function createPingReporter(options: PingReporterOptions): PingReporter {
  const { write, status, quiet, verbose, targets } = options;
  const style = createStyle(options);
  const lines = new ProbeLines(options, style);
  const counter = new Counter(style, options.width);
  let shownAtUs = Number.NEGATIVE_INFINITY;
  const showStatus = (atUs: number): void => {
    if (status === undefined || atUs - shownAtUs < SHOW_EVERY_US) return;
    shownAtUs = atUs;
    status(counter.text);
  };
  return {
    event(event) {
      if (event.type === 'result' || event.type === 'figures') {
        status?.('');
        write(`${lines.isEmpty ? '' : '\n'}${figuresText(event.targets, options, style)}`);
        write(event.type === 'result' ? endText(event, options, style) : '\n');
        lines.isEmpty = true;
        return;
      }
      if (event.type === 'start') {
        lines.starts(event);
        if (!lines.hasTitle && !quiet) write(titleText(event, verbose, targets, style));
        lines.hasTitle = true;
        return;
      }
      counter.event(event);
      showStatus(event.type === 'segment' || event.type === 'icmp' ? shownAtUs : event.atUs);
      if (!quiet) write(lines.text(event));
    },
  };
}

function titleText(
  start: Extract<PingEvent, { type: 'start' }>,
  verbose: boolean,
  targets: PingReporterOptions['targets'],
  style: Style,
): string {
  if (targets.length === 1) return title(start, verbose, undefined, style);
  const names = targets.map(({ host, port }) => `${style.escapeText(host)}:${port}`);
  return `${flow([`ping ${names[0]}`, ...names.slice(1)], ', ', style.width)
    .map((line) => style.paint('strong', line))
    .join('\n')}\n\n`;
}

const NOTE_TEXTS: Readonly<Record<ReplyNote, string>> = {
  duplicate: 'duplicate',
  retransmission: 'sent again by the peer',
  late: 'late: the probe counts as lost',
  'out-of-order': 'out of order',
};

const GAP = '  ';
const SEQUENCE_WIDTH = 5;
/** Of `SYN+ACK`. */
const ANSWER_WIDTH = 7;
const DURATION_WIDTH = 7;

/** A part of a line, kept whole where there is room for it. */
interface Part {
  text: string;
  ink?: Ink;
}

class ProbeLines {
  hasTitle = false;
  /** Nothing was written since the title or the last figures. */
  isEmpty = true;
  private readonly names = new Map<string, string>();
  private readonly ownAddresses = new Set<string>();
  private readonly nameWidth: number;

  constructor(
    private readonly options: PingReporterOptions,
    private readonly style: Style,
  ) {
    const longest = Math.max(...options.targets.map((target) => displayWidth(this.nameOf(target))));
    this.nameWidth = options.targets.length === 1 ? 0 : Math.min(longest, Math.floor(style.width / 3));
  }

  starts({ host, address, port, sourceAddress }: Extract<PingEvent, { type: 'start' }>): void {
    this.names.set(`${address}:${port}`, this.nameOf({ host, port }));
    this.ownAddresses.add(sourceAddress);
  }

  /** `''` for what is not shown. */
  text(event: PingEvent): string {
    const text = this.lineOf(event);
    if (text !== '') this.isEmpty = false;
    return text;
  }

  private nameOf({ host, port }: { host: string; port: number }): string {
    return `${this.style.escapeText(host)}:${port}`;
  }

  private lineOf(event: PingEvent): string {
    const { escapeText } = this.style;
    switch (event.type) {
      case 'reply':
        return this.line(event, this.reply(event));
      case 'lost':
        return this.line(event, this.lost(event));
      case 'unsent':
        return this.line(event, [{ text: `not sent: ${escapeText(event.message)}`, ink: 'bad' }]);
      case 'note': {
        const isShown = this.options.verbose || event.code === 'clock-stepped';
        return isShown ? this.line(undefined, [{ text: escapeText(event.text), ink: 'faint' }]) : '';
      }
      default:
        return '';
    }
  }

  /** @param probe undefined: what is not about one */
  private line(probe: ProbeName | undefined, parts: readonly Part[]): string {
    const { paint, width } = this.style;
    const head = this.head(probe);
    const room = width - displayWidth(head);
    const pieces = parts.flatMap(({ text, ink }) =>
      (displayWidth(text) > room ? wrap(text, room) : [text]).map((piece) => (ink === undefined ? piece : paint(ink, piece))),
    );
    const lines = flow(pieces, GAP, room);
    return lines.map((line, i) => `${i === 0 ? head : ' '.repeat(displayWidth(head))}${line.trimEnd()}\n`).join('');
  }

  private head(probe: ProbeName | undefined): string {
    const { paint, glyphs } = this.style;
    const number = paint('faint', padStart(String(probe?.sequence ?? ''), SEQUENCE_WIDTH));
    if (this.nameWidth === 0) return number + GAP;
    const key = probe === undefined ? '' : `${probe.address}:${probe.port}`;
    const name = truncate(this.names.get(key) ?? key, this.nameWidth, glyphs.ellipsis);
    return number + GAP + padEnd(name, this.nameWidth) + GAP;
  }

  private reply({ verdict, flags, ttl, rttUs, window, sourcePort, note, connection }: ReplyEvent): Part[] {
    const { duration } = this.style;
    const parts: Part[] = [
      { text: padEnd(flagText(flags), ANSWER_WIDTH), ink: verdictInk(verdict) },
      { text: `ttl ${padEnd(String(ttl), 3)}` },
      { text: `rtt ${padStart(rttUs === undefined ? '?' : duration(rttUs), DURATION_WIDTH)}` },
    ];
    if (connection?.closed === true) parts.push({ text: `closed after ${duration(connection.durationUs)}` });
    if (connection?.closed === false) parts.push({ text: 'not closed', ink: 'warning' });
    if (this.options.verbose) parts.push({ text: `window ${window}` }, { text: `port ${sourcePort}` });
    if (note !== undefined) parts.push({ text: NOTE_TEXTS[note], ink: 'warning' });
    return parts;
  }

  private lost({ reason, from, rttUs, sourcePort }: LostEvent): Part[] {
    const { duration, escapeText } = this.style;
    const isOurs = from !== undefined && this.ownAddresses.has(from);
    const by = isOurs ? ': no ARP answer' : from === undefined ? '' : ` from ${escapeText(from)}`;
    const parts: Part[] = [{ text: `${reasonText(reason, this.style)}${by}`, ink: 'bad' }];
    if (rttUs !== undefined) parts.push({ text: `after ${duration(rttUs)}` });
    if (this.options.verbose) parts.push({ text: `port ${sourcePort}` });
    return parts;
  }
}

/** What the changing line counts. */
class Counter {
  #answered = 0;
  #lost = 0;
  #unsent = 0;
  #lastUs: number | undefined;

  constructor(
    private readonly style: Style,
    private readonly width: number,
  ) {}

  event(event: PingEvent): void {
    if (event.type === 'lost') this.#lost++;
    if (event.type === 'unsent') this.#unsent++;
    if (event.type !== 'reply' || (event.note !== undefined && event.note !== 'out-of-order')) return;
    this.#answered++;
    this.#lastUs = event.rttUs;
  }

  get text(): string {
    const { glyphs, duration } = this.style;
    const last = this.#lastUs === undefined ? '' : `, the last in ${duration(this.#lastUs)}`;
    const unsent = this.#unsent === 0 ? '' : `, ${this.#unsent} not sent`;
    return truncate(`  ${this.#answered} answered, ${this.#lost} lost${unsent}${last}`, this.width - 1, glyphs.ellipsis);
  }
}
