/** `ping` as text: a line for each probe, or one that changes, and the figures. */
import type { LostEvent, PingEvent, ProbeName, ReplyEvent, ReplyNote } from '../probe/events.ts';
import { reasonText, verdictInk } from './entries.ts';
import { endText, figuresText, type SummaryOptions } from './ping-summary.ts';
import { flagText } from './segment-text.ts';
import { createStyle, type Style, type StyleOptions } from './style.ts';
import { flow, padEnd, padStart, truncate, wrap } from './text.ts';
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
        if (!lines.hasTitle && !(quiet && status === undefined)) write(titleText(event, verbose, targets, style));
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

const SEQUENCE_WIDTH = 5;
/** Of `SYN+ACK`. */
const ANSWER_WIDTH = 7;
const DURATION_WIDTH = 7;

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
    this.nameWidth = Math.max(...options.targets.map(({ host, port }) => style.escapeText(`${host}:${port}`).length));
  }

  starts({ host, address, port, sourceAddress }: Extract<PingEvent, { type: 'start' }>): void {
    this.names.set(`${address}:${port}`, this.style.escapeText(`${host}:${port}`));
    this.ownAddresses.add(sourceAddress);
  }

  /** `''` for what is not shown. */
  text(event: PingEvent): string {
    const text = this.lineOf(event);
    if (text === undefined) return '';
    this.isEmpty = false;
    return `${text}\n`;
  }

  private lineOf(event: PingEvent): string | undefined {
    const { paint, escapeText, width } = this.style;
    switch (event.type) {
      case 'reply':
        return this.head(event) + this.reply(event);
      case 'lost':
        return this.head(event) + this.lost(event);
      case 'unsent':
        return this.head(event) + paint('bad', `not sent: ${escapeText(event.message)}`);
      case 'note':
        return this.options.verbose
          ? wrap(escapeText(event.text), width - SEQUENCE_WIDTH - 2)
              .map((line) => ' '.repeat(SEQUENCE_WIDTH + 2) + paint('faint', line))
              .join('\n')
          : undefined;
      default:
        return undefined;
    }
  }

  private head({ sequence, address, port }: ProbeName): string {
    const number = this.style.paint('faint', padStart(String(sequence), SEQUENCE_WIDTH));
    const { targets } = this.options;
    const name = targets.length === 1 ? '' : `  ${padEnd(this.names.get(`${address}:${port}`) ?? `${address}:${port}`, this.nameWidth)}`;
    return `${number}${name}  `;
  }

  private reply({ verdict, flags, ttl, rttUs, window, sourcePort, note, connection }: ReplyEvent): string {
    const { paint, duration } = this.style;
    const answer = paint(verdictInk(verdict), padEnd(flagText(flags), ANSWER_WIDTH));
    const parts = [answer, `ttl ${padEnd(String(ttl), 3)}`, `rtt ${padStart(rttUs === undefined ? '?' : duration(rttUs), DURATION_WIDTH)}`];
    if (connection !== undefined)
      parts.push(connection.closed ? `closed after ${duration(connection.durationUs)}` : paint('warning', 'not closed'));
    if (this.options.verbose) parts.push(`window ${window}`, `port ${sourcePort}`);
    if (note !== undefined) parts.push(paint('warning', NOTE_TEXTS[note]));
    return parts.join('  ');
  }

  private lost({ reason, from, rttUs, sourcePort }: LostEvent): string {
    const { paint, duration } = this.style;
    const isOurs = from !== undefined && this.ownAddresses.has(from);
    const by = isOurs ? ': no ARP answer' : from === undefined ? '' : ` from ${from}`;
    const parts = [paint('bad', `${reasonText(reason, this.style)}${by}`)];
    if (rttUs !== undefined) parts.push(`after ${duration(rttUs)}`);
    if (this.options.verbose) parts.push(`port ${sourcePort}`);
    return parts.join('  ');
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
