/** Bytes as people read them: offset, hex, and what of it is text. */
import type { Style } from './style.ts';

const PER_ROW = 16;
const PER_NARROW_ROW = 8;
/** Offset, hex of 16 bytes with gaps, and their text. */
const WIDE_ROW = 4 + 2 + 3 * PER_ROW + 1 + PER_ROW + 2;

/** `'0000  45 00 00 3c  …  E..<…'`, rows of 16 bytes, or of 8 where there is no room for them. */
export function hexDump(bytes: Uint8Array, { width, paint }: Style, indent: string): string {
  const isWide = width >= indent.length + WIDE_ROW;
  const perRow = isWide ? PER_ROW : PER_NARROW_ROW;
  let rows = '';
  for (let at = 0; at < bytes.length; at += perRow) {
    let hex = '';
    let text = '';
    for (let i = 0; i < perRow; i++) {
      const byte = bytes[at + i];
      hex += `${i === 8 ? ' ' : ''}${byte === undefined ? '  ' : byte.toString(16).padStart(2, '0')} `;
      text += byte === undefined ? '' : byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '.';
    }
    rows += `${indent}${paint('faint', at.toString(16).padStart(4, '0'))}  ${hex}${isWide ? ' ' : ''}${paint('faint', text)}\n`;
  }
  return rows;
}
