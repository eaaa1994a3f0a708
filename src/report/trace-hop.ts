/** One distance as lines: who answered and when, and beneath it what the path did to the segment there. */
import type { HopEvent } from '../probe/events.ts';
import { reasonText, verdictInk } from './entries.ts';
import type { Ink, Style } from './style.ts';
import { GAP } from './table.ts';
import { displayWidth, padEnd, padStart, wrap } from './text.ts';
import { changeText, extensionTexts, REMARK_TEXTS } from './trace-changes.ts';
import { formatPercent } from './units.ts';

export const TTL_WIDTH = 5;
/** Of an IPv4 address. */
const ADDRESS_WIDTH = 15;
export const RTT_WIDTH = 9;
const BEFORE_TIMES = TTL_WIDTH + GAP.length + ADDRESS_WIDTH;
/** What names get beside the times at the least, and what an answer such as `SYN+ACK` takes. */
const NAME_ROOM = 26;
const ANSWER_ROOM = 9;
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
    const fitting = (room: number): number => Math.floor((style.width - BEFORE_TIMES - room) / RTT_WIDTH);
    // Where one line is not enough for them, names stand beneath.
    this.perLine = probes <= fitting(NAME_ROOM) ? probes : Math.max(1, Math.min(probes, fitting(ANSWER_ROOM)));
  }

  get head(): string {
    const times = this.perLine === 1 ? 'rtt' : 'round trips';
    const text = padStart('hop', TTL_WIDTH) + GAP + padEnd('address', ADDRESS_WIDTH) + padStart(times, this.perLine * RTT_WIDTH);
    return `${this.style.paint('faint', text)}\n`;
  }

  text(hop: HopEvent): string {
    const { paint, escapeText } = this.style;
    const ttl = paint('faint', padStart(String(hop.ttl), TTL_WIDTH)) + GAP;
    const rows = this.rows(this.address(hop), this.times(hop), this.parts(hop), ttl);
    for (const { address, name, probes } of hop.answerers.slice(1)) {
      const share = padStart(`${probes} of ${hop.figures.received}`, RTT_WIDTH);
      rows.push(...this.rows(escapeText(address), [share], name === undefined ? [] : [{ text: escapeText(name) }], this.indent));
    }
    rows.push(...notesOf(hop, this.style).flatMap((note) => noteRows(note, this.indent + GAP, this.style)));
    return rows.map((row) => `${row.trimEnd()}\n`).join('');
  }

  /** Address and times on the left, what else is known beside them; what has no room there stands beneath. */
  private rows(address: string, times: readonly string[], parts: readonly Part[], head: string): string[] {
    const { width } = this.style;
    const room = width - BEFORE_TIMES - this.perLine * RTT_WIDTH - GAP.length;
    const [beside, beneath] = divided(parts, room);
    const rows: string[] = [];
    for (let i = 0; i === 0 || i < times.length; i += this.perLine) {
      const left = padEnd(i === 0 ? address : '', ADDRESS_WIDTH) + times.slice(i, i + this.perLine).join('');
      rows.push(i === 0 ? head + padEnd(left, ADDRESS_WIDTH + this.perLine * RTT_WIDTH) + GAP + this.paint(beside) : this.indent + left);
    }
    return [...rows, ...beneath.flatMap((part) => noteRows({ ...part, isBare: true }, this.indent + GAP, this.style))];
  }

  private paint(parts: readonly Part[]): string {
    return parts.map(({ text, ink }) => (ink === undefined ? text : this.style.paint(ink, text))).join(GAP);
  }

  private address({ address }: HopEvent): string {
    return address === undefined ? this.style.paint('faint', NOTHING) : this.style.escapeText(address);
  }

  private times({ rttUs }: HopEvent): string[] {
    const { duration, paint } = this.style;
    return rttUs.map((us) => (us === null ? paint('faint', padStart(NOTHING, RTT_WIDTH)) : padStart(duration(us), RTT_WIDTH)));
  }

  private parts({ name, icmp, answer, figures, quotedBytes }: HopEvent): Part[] {
    const { escapeText } = this.style;
    const parts: Part[] = [];
    if (answer !== undefined) parts.push({ text: reasonText(answer, this.style), ink: answerInk(answer) });
    if (icmp !== undefined) parts.push({ text: `ICMP ${escapeText(icmp)}`, ink: 'bad' });
    if (figures.received > 0 && figures.lossPercent > 0) parts.push({ text: `${formatPercent(figures.lossPercent)} lost`, ink: 'warning' });
    if (name !== undefined) parts.push({ text: escapeText(name) });
    if (this.verbose && quotedBytes !== undefined) parts.push({ text: `quotes ${quotedBytes} B`, ink: 'faint' });
    return parts;
  }
}

/** Those that one line has room for, and the others. */
function divided(parts: readonly Part[], room: number): [Part[], Part[]] {
  const beside: Part[] = [];
  const beneath: Part[] = [];
  let used = -GAP.length;
  for (const part of parts) {
    const width = GAP.length + displayWidth(part.text);
    const fits = used + width <= room;
    (fits ? beside : beneath).push(part);
    if (fits) used += width;
  }
  return [beside, beneath];
}

/** As a verdict on a port that is asked by a SYN. */
const answerInk = (answer: string): Ink => verdictInk(answer === 'rst' ? 'closed' : 'open');

/** A line beneath a hop. */
export interface HopNote extends Part {
  /** Without a bullet before it. */
  isBare?: boolean;
}

/** What changed since the hop before, what is remarkable, and what the router adds to its answer. */
export function notesOf({ changes, remarks, extensions }: Pick<HopEvent, 'changes' | 'remarks' | 'extensions'>, style: Style): HopNote[] {
  return [
    ...changes.map((change): HopNote => ({ text: changeText(change, style), ink: change.how === 'unanswered' ? 'faint' : 'strong' })),
    ...remarks.flatMap((remark): HopNote[] => {
      const text = REMARK_TEXTS[remark];
      return text === undefined ? [] : [{ text, ink: 'warning' }];
    }),
    ...(extensions === undefined ? [] : extensionTexts(extensions, style.ascii)).map((text): HopNote => ({ text, ink: 'faint' })),
  ];
}

/** @param before what stands before each of its lines */
export function noteRows({ text, ink, isBare }: HopNote, before: string, { paint, width, glyphs }: Style): string[] {
  const mark = isBare ? '' : `${glyphs.bullet} `;
  return wrap(text, width - displayWidth(before) - mark.length).map((line, i) => {
    const row = (i === 0 ? mark : ' '.repeat(mark.length)) + line;
    return before + (ink === undefined ? row : paint(ink, row));
  });
}
