/**
 * The frame of the ladder: time, delta and our state on the left, then the two lifelines with what goes between them.
 *
 *           ms    delta  state        10.0.0.1:51234            10.0.0.2:80
 *        0.312  +312 µs  ESTABLISHED  │◄─ SYN+ACK  seq 0  ack 1 ───────────┤
 */
import type { Ink, Style } from './style.ts';
import { displayWidth, padEnd, padStart, truncate } from './text.ts';

const TIME_WIDTH = 9;
const DELTA_WIDTH = 8;
const STATE_WIDTH = 12;
/** Below this width the delta is left out. */
const DELTA_FROM_WIDTH = 72;
/** Below this width our state is left out: it is told in the summary. */
const STATE_FROM_WIDTH = 40;
/** How far from our lifeline text stands, in arrows and between them. */
const TEXT_INDENT = 3;
const PIECE_GAP = '  ';

/** What stands left of our lifeline. */
export interface Gutter {
  atUs?: number | undefined;
  deltaUs?: number | undefined;
  state?: string | undefined;
  /** The state is a new one. */
  stateChanged?: boolean;
}

/** A piece of the label of an arrow. */
export interface Piece {
  text: string;
  ink?: Ink;
}

export interface ArrowOptions {
  direction: 'sent' | 'received';
  ink: Ink;
  /** The arrow ends in a cross: it was not taken. */
  ignored?: boolean;
  /** Broken line that starts short of the peer's lifeline, at this name: it comes from someone in between. */
  from?: string | undefined;
}

export class Frame {
  readonly #style: Style;
  readonly #showsDelta: boolean;
  readonly #stateWidth: number;
  /** Columns between the lifelines. */
  readonly #inner: number;
  /** Columns for text between the lifelines. */
  readonly textWidth: number;

  /** @param showsState with a column for our state */
  constructor(style: Style, showsState: boolean) {
    this.#style = style;
    this.#stateWidth = showsState && style.width >= STATE_FROM_WIDTH ? STATE_WIDTH : 0;
    this.#showsDelta = style.width >= DELTA_FROM_WIDTH;
    this.#inner = style.width - this.#gutterWidth - 2;
    this.textWidth = this.#inner - TEXT_INDENT - 1;
  }

  get #gutterWidth(): number {
    return TIME_WIDTH + (this.#showsDelta ? 1 + DELTA_WIDTH : 0) + 2 + this.#stateWidth + 1;
  }

  /** The line above all: what the columns are, and who stands on which side. */
  head(left: string, right: string): string {
    const { paint, glyphs } = this.#style;
    const width = this.#inner + 2;
    const ours = truncate(left, Math.floor((width - 2) / 2), glyphs.ellipsis);
    const theirs = truncate(right, width - 2 - displayWidth(ours), glyphs.ellipsis);
    return `${this.#gutter('ms', 'delta', 'state')}${paint('strong', ours)}${padStart(paint('strong', theirs), width - displayWidth(ours))}\n`;
  }

  /** A row with an arrow; pieces that don't fit stand on rows of their own below it. */
  arrow(gutter: Gutter, pieces: readonly Piece[], options: ArrowOptions): string {
    const { paint, glyphs } = this.#style;
    const { left, right, life, tee, teeBack, lost } = glyphs;
    const stroke = options.from === undefined ? glyphs.line : glyphs.dash;
    const from = options.from === undefined ? '' : ` ${truncate(options.from, Math.floor(this.#inner / 3), glyphs.ellipsis)} `;
    // The indent before the label; behind it a space, a stroke or more, and the head or the name.
    const room = this.#inner - TEXT_INDENT - 3 - displayWidth(from);
    let label = '';
    let used = 0;
    let fitting = 0;
    for (const { text, ink } of pieces) {
      const gap = fitting === 0 ? '' : PIECE_GAP;
      const shown = fitting === 0 ? truncate(text, room, glyphs.ellipsis) : text;
      const width = gap.length + displayWidth(shown);
      if (used + width > room) break;
      label += gap + (ink === undefined ? shown : paint(ink, shown));
      used += width;
      fitting += 1;
    }
    const strokes = (n: number) => stroke.repeat(n);
    const edge = (text: string) => paint('faint', text);
    const line = (text: string) => paint(options.ink, text);
    const fill = room - used + 1;
    const head = options.ignored ? lost : options.direction === 'sent' ? right : left;
    const body =
      options.direction === 'sent'
        ? `${edge(tee)}${line(strokes(2))} ${label} ${line(strokes(fill) + head)}${edge(life)}`
        : `${edge(life)}${line(head + strokes(1))} ${label} ${line(strokes(fill + 1))}${from}${edge(from === '' ? teeBack : life)}`;
    const rest = pieces.slice(fitting).map(({ text, ink }) => this.text(text, ink));
    return `${this.#cells(gutter)}${body}\n${rest.join('')}`;
  }

  /** Text between the lifelines; cut to one row. */
  text(text: string, ink?: Ink, gutter: Gutter = {}): string {
    const { paint, glyphs } = this.#style;
    const shown = truncate(text, this.textWidth, glyphs.ellipsis);
    const edge = paint('faint', glyphs.life);
    const fill = ' '.repeat(this.#inner - TEXT_INDENT - displayWidth(shown));
    return `${this.#cells(gutter)}${edge}${' '.repeat(TEXT_INDENT)}${ink === undefined ? shown : paint(ink, shown)}${fill}${edge}\n`;
  }

  #cells({ atUs, deltaUs, state = '', stateChanged = false }: Gutter): string {
    const time = atUs === undefined ? '' : formatTime(atUs);
    const delta = deltaUs === undefined ? '' : `+${this.#style.duration(deltaUs)}`;
    return this.#gutter(time, delta, state, stateChanged);
  }

  #gutter(time: string, delta: string, state: string, stateChanged = false): string {
    const { paint, glyphs } = this.#style;
    const cell = (text: string, width: number) => truncate(text, width, glyphs.ellipsis);
    const times =
      padStart(cell(time, TIME_WIDTH), TIME_WIDTH) + (this.#showsDelta ? padStart(cell(delta, DELTA_WIDTH), DELTA_WIDTH + 1) : '');
    const shownState = cell(state, this.#stateWidth);
    return `${paint('faint', times)}  ${padEnd(paint(stateChanged ? 'strong' : 'faint', shownState), this.#stateWidth)} `;
  }
}

/** Milliseconds, all with the point in one column for the first 100 seconds. */
function formatTime(us: number): string {
  const ms = us / 1000;
  return Math.abs(ms) < 99_999.9995 ? ms.toFixed(3) : ms.toFixed(1);
}
