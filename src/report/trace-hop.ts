/** One distance as lines: who answered and when, and beneath it what the path did to the segment there. */
import type { HopEvent } from '../probe/events.ts';
import { reasonText, verdictInk } from './entries.ts';
import type { Ink, Style } from './style.ts';
import { displayWidth, flow, padEnd, padStart, wrap } from './text.ts';
import { changeText, extensionTexts, REMARK_TEXTS } from './trace-changes.ts';
import { formatPercent } from './units.ts';

const TTL_WIDTH = 5;
const GAP = '  ';
/** Of an IPv4 address. */
export const ADDRESS_WIDTH = 15;
const RTT_WIDTH = 9;
const BEFORE_TIMES = TTL_WIDTH + GAP.length + ADDRESS_WIDTH;
/** What names and remarks get beside the times at the least. */
const LEAST_ROOM = 26;
const NOTHING = '*';

/** Part of a line, kept whole where there is room for it. */
interface Part {
  text: string;
  ink?: Ink | undefined;
}

export interface HopLinesOptions {
  style: Style;
  /** Probes of a hop. */
  probes: number;
  /** How much of the segment the hop quotes, too. */
  verbose: boolean;
}

export class HopLines {
  private readonly style: Style;
  private readonly verbose: boolean;
  /** Round trips in a line. */
  private readonly perLine: number;
  private readonly indent = ' '.repeat(TTL_WIDTH + GAP.length);

  constructor({ style, probes, verbose }: HopLinesOptions) {
    this.style = style;
    this.verbose = verbose;
    this.perLine = Math.max(1, Math.min(probes, Math.floor((style.width - BEFORE_TIMES - LEAST_ROOM) / RTT_WIDTH)));
  }

  get head(): string {
    const times = this.perLine === 1 ? 'rtt' : 'round trips';
    const text = padStart('hop', TTL_WIDTH) + GAP + padEnd('address', ADDRESS_WIDTH) + padStart(times, this.perLine * RTT_WIDTH);
    return `${this.style.paint('faint', text)}\n`;
  }

  text(hop: HopEvent): string {
    const { paint } = this.style;
    const own = this.rows(this.address(hop), this.times(hop), this.parts(hop));
    const head = padStart(String(hop.ttl), TTL_WIDTH) + GAP;
    const rows = own.map((row, i) => (i === 0 ? paint('faint', head) : this.indent) + row);
    for (const { address, name, probes } of hop.answerers.slice(1)) {
      const share = padStart(`${probes} of ${hop.figures.received}`, RTT_WIDTH);
      const named = name === undefined ? [] : [{ text: this.style.escapeText(name) }];
      rows.push(...this.rows(this.style.escapeText(address), [share], named).map((row) => this.indent + row));
    }
    return [...rows, ...changeRows(hop, this.indent.length + GAP.length, this.style)].map((row) => `${row.trimEnd()}\n`).join('');
  }

  /** Address and times on the left, names and remarks beside them. */
  private rows(address: string, times: readonly string[], parts: readonly Part[]): string[] {
    const { paint, width } = this.style;
    const left: string[] = [];
    for (let i = 0; i === 0 || i < times.length; i += this.perLine) {
      left.push(padEnd(i === 0 ? address : '', ADDRESS_WIDTH) + times.slice(i, i + this.perLine).join(''));
    }
    const leftWidth = ADDRESS_WIDTH + this.perLine * RTT_WIDTH + GAP.length;
    const room = width - this.indent.length - leftWidth;
    const pieces = parts.flatMap(({ text, ink }) =>
      (displayWidth(text) > room ? wrap(text, room) : [text]).map((piece) => (ink === undefined ? piece : paint(ink, piece))),
    );
    const right = flow(pieces, GAP, room);
    return Array.from({ length: Math.max(left.length, right.length) }, (_, i) => padEnd(left[i] ?? '', leftWidth) + (right[i] ?? ''));
  }

  private address({ address }: HopEvent): string {
    return address === undefined ? this.style.paint('faint', NOTHING) : this.style.escapeText(address);
  }

  private times({ rttUs }: HopEvent): string[] {
    const { duration, paint } = this.style;
    return rttUs.map((us) => (us === null ? paint('faint', padStart(NOTHING, RTT_WIDTH)) : padStart(duration(us), RTT_WIDTH)));
  }

  private parts(hop: HopEvent): Part[] {
    const { escapeText } = this.style;
    const { name, icmp, answer, figures, extensions, quotedBytes } = hop;
    const parts: Part[] = [];
    if (name !== undefined) parts.push({ text: escapeText(name) });
    if (answer !== undefined) parts.push({ text: reasonText(answer, this.style), ink: answerInk(answer) });
    if (icmp !== undefined) parts.push({ text: `ICMP ${escapeText(icmp)}`, ink: 'bad' });
    if (figures.received > 0 && figures.lossPercent > 0) parts.push({ text: `${formatPercent(figures.lossPercent)} lost`, ink: 'warning' });
    for (const text of extensions === undefined ? [] : extensionTexts(extensions)) parts.push({ text });
    if (this.verbose && quotedBytes !== undefined) parts.push({ text: `quotes ${quotedBytes} B of the segment`, ink: 'faint' });
    for (const { text } of remarks(hop)) parts.push({ text, ink: 'warning' });
    return parts;
  }
}

export const remarks = ({ remarks: all }: Pick<HopEvent, 'remarks'>): Part[] =>
  all.flatMap((remark) => {
    const text = REMARK_TEXTS[remark];
    return text === undefined ? [] : [{ text, ink: 'warning' }];
  });

/** As a verdict on a port that is asked by a SYN. */
const answerInk = (answer: string): Ink => verdictInk(answer === 'rst' ? 'closed' : 'open');

/** What changed since the hop before, a line each. @param indent columns */
export function changeRows({ changes }: Pick<HopEvent, 'changes'>, indent: number, style: Style): string[] {
  const { paint, width, glyphs } = style;
  const mark = `${glyphs.bullet} `;
  return changes.flatMap((change) =>
    wrap(changeText(change, style), width - indent - mark.length).map(
      (line, i) => ' '.repeat(indent) + paint('strong', (i === 0 ? mark : ' '.repeat(mark.length)) + line),
    ),
  );
}
