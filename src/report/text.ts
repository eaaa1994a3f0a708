/** Text in columns of a terminal. */
import { stripVTControlCharacters } from 'node:util';

const ASCII = /^[\x20-\x7e]*$/;
/** Non-spacing and enclosing marks stand on the character before them. */
const ZERO_WIDTH = /^[\p{Mn}\p{Me}]$/u;
/** East Asian Wide and Fullwidth (UAX #11), rounded up to whole blocks: too wide an estimate leaves a gap, too small a one wraps the row. */
const TWO_WIDE =
  /^[\p{Emoji_Presentation}\u1100-\u115f\u231a\u231b\u2329\u232a\u2630-\u2637\u268a-\u268f\u2e80-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe10-\ufe1f\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{16fe0}-\u{18dff}\u{1aff0}-\u{1b2ff}\u{1d300}-\u{1d376}\u{1f000}-\u{1faff}\u{20000}-\u{3ffff}]$/u;

/** A character, or an escape of escape.ts, which must not be cut in two. */
const TOKEN = /\\x[0-9a-f]{2}|\\u\{[0-9a-f]+\}|\\.|./gsu;

function tokenWidth(token: string): number {
  if (ASCII.test(token)) return token.length;
  if (TWO_WIDE.test(token)) return 2;
  return ZERO_WIDTH.test(token) ? 0 : 1;
}

/** Columns that a text takes; escape codes for colour take none. */
export function displayWidth(text: string): number {
  if (ASCII.test(text)) return text.length;
  let width = 0;
  for (const character of stripVTControlCharacters(text)) width += tokenWidth(character);
  return width;
}

/** The longest beginning that takes at most so many columns, and the rest. Not for text with colour in it. */
function split(text: string, width: number): [string, string] {
  let used = 0;
  let at = 0;
  for (const [token] of text.matchAll(TOKEN)) {
    used += tokenWidth(token);
    if (used > width) break;
    at += token.length;
  }
  return [text.slice(0, at), text.slice(at)];
}

/** At most so many columns; what is cut ends in the ellipsis. Not for text with colour in it. */
export function truncate(text: string, width: number, ellipsis: string): string {
  if (displayWidth(text) <= width) return text;
  return width < ellipsis.length ? split(text, width)[0] : split(text, width - ellipsis.length)[0] + ellipsis;
}

/** Fills up with spaces behind. */
export const padEnd = (text: string, width: number): string => text + ' '.repeat(Math.max(0, width - displayWidth(text)));

/** Fills up with spaces before. */
export const padStart = (text: string, width: number): string => ' '.repeat(Math.max(0, width - displayWidth(text))) + text;

/** Puts parts on as few lines as they need, in order. A part is broken, at its spaces if it can be, only where it is wider than a line. */
export function flow(parts: readonly string[], separator: string, columns: number): string[] {
  // Of the separator, what is not a space stays at the end of a line.
  const lineEnd = separator.trimEnd();
  const width = columns - lineEnd.length;
  const lines: string[] = [];
  let current = '';
  for (const part of parts) {
    const joined = current === '' ? part : current + separator + part;
    if (displayWidth(joined) <= width) {
      current = joined;
      continue;
    }
    if (current !== '') lines.push(current + lineEnd);
    const pieces = displayWidth(part) <= width ? [part] : separator === ' ' ? chop(part, width) : wrap(part, width);
    current = pieces.pop() ?? '';
    lines.push(...pieces);
  }
  if (current !== '') lines.push(current);
  return lines;
}

/** Cuts into pieces of at most so many columns. */
function chop(text: string, width: number): string[] {
  const pieces: string[] = [];
  for (let rest = text; rest !== ''; ) {
    const [head, tail] = split(rest, width);
    // A token wider than a whole line can't be shown at all.
    if (head === '') break;
    pieces.push(head);
    rest = tail;
  }
  return pieces;
}

/** Breaks a sentence at its spaces. */
export const wrap = (text: string, width: number): string[] => flow(text.split(/ +/), ' ', width);
