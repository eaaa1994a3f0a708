/** How text looks: colours or none, box characters or ASCII. */
import { escapeBytes, escapeText } from './escape.ts';
import { formatDuration } from './units.ts';

/** Colours by what they stand for (ECMA-48 SGR parameters). */
const INKS = {
  strong: '1',
  faint: '2',
  sent: '36',
  received: '32',
  good: '1;32',
  warning: '33',
  bad: '31',
  verdictBad: '1;31',
  verdictUnsure: '1;33',
} as const;

export type Ink = keyof typeof INKS;

const UNICODE = {
  life: '│',
  tee: '├',
  corner: '└',
  teeBack: '┤',
  line: '─',
  dash: '╌',
  right: '►',
  left: '◄',
  lost: '×',
  fold: '⋮',
  bullet: '•',
  arrowRight: '→',
  arrowLeft: '←',
  ellipsis: '…',
  dots: '·',
  levels: '▁▂▃▄▅▆▇█',
  /** From one eighth of a column to a whole one. */
  bar: '▏▎▍▌▋▊▉█',
};

export type Glyphs = typeof UNICODE;

const PLAIN: Glyphs = {
  life: '|',
  tee: '|',
  corner: '`',
  teeBack: '|',
  line: '-',
  dash: '.',
  right: '>',
  left: '<',
  lost: 'x',
  fold: ':',
  bullet: '*',
  arrowRight: '->',
  arrowLeft: '<-',
  ellipsis: '...',
  dots: '-',
  levels: '_.-~=+*#',
  bar: '#',
};

export interface StyleOptions {
  colour: boolean;
  /** Nothing outside ASCII is written. */
  ascii: boolean;
  /** Columns of the terminal. */
  width: number;
}

/** What a ladder and a summary need at the least; some tables take 40. */
const MIN_WIDTH = 30;
/** Longer lines and arrows only take the eye further. */
const MAX_WIDTH = 120;

export interface Style {
  /** Columns to use: 40 to 120. */
  readonly width: number;
  readonly ascii: boolean;
  readonly glyphs: Glyphs;
  paint(ink: Ink, text: string): string;
  /** Text that came from outside, safe to show. */
  escapeText(text: string): string;
  escapeBytes(bytes: Uint8Array): string;
  duration(us: number): string;
}

export function createStyle({ colour, ascii, width }: StyleOptions): Style {
  return {
    width: Math.min(MAX_WIDTH, Math.max(MIN_WIDTH, width)),
    ascii,
    glyphs: ascii ? PLAIN : UNICODE,
    paint: colour ? (ink, text) => (text.trim() === '' ? text : `\x1b[${INKS[ink]}m${text}\x1b[0m`) : (_ink, text) => text,
    escapeText: (text) => escapeText(text, ascii),
    escapeBytes: (bytes) => escapeBytes(bytes, ascii),
    duration: (us) => formatDuration(us, ascii),
  };
}
