/** A part of a line marked, for an error. */
import { escapeLine } from './escape.ts';
import { displayWidth, truncate } from './text.ts';

const ELLIPSIS = '...';

/**
 * The line, and `^` below what is meant. Of a line that is too long what stands around it.
 * @param offset of what is meant, in UTF-16 units
 * @param length of it; at least 1
 * @param columns that there are
 */
export function excerpt(line: string, offset: number, length: number, columns: number): [shown: string, marks: string] {
  const before = lastOf(escapeLine(line.slice(0, offset)), Math.floor(columns / 2));
  const meant = escapeLine(line.slice(offset, offset + length));
  const shown = truncate(before + meant + escapeLine(line.slice(offset + length)), columns, ELLIPSIS);
  const from = displayWidth(before);
  return [shown, ' '.repeat(from) + '^'.repeat(Math.max(1, Math.min(displayWidth(meant), columns - from)))];
}

/** The end of a text, where it is longer than so many columns. */
function lastOf(text: string, columns: number): string {
  if (displayWidth(text) <= columns) return text;
  const characters = [...text];
  while (displayWidth(ELLIPSIS + characters.join('')) > columns) characters.shift();
  return ELLIPSIS + characters.join('');
}
