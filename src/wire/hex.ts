import { DecodeError } from './errors.ts';

/** Lower-case hex digits without separators. */
export function toHex(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += byte.toString(16).padStart(2, '0');
  return text;
}

/**
 * Reads hex digits; white space, colons and a leading 0x are passed over.
 * @throws DecodeError at the character that is no hex digit, or at the end where half a byte is left
 */
export function fromHex(text: string): Uint8Array {
  const bytes: number[] = [];
  let high = -1;
  const prefix = /^\s*0x/i.exec(text)?.[0].length ?? 0;
  for (let i = prefix; i < text.length; i++) {
    const character = text[i];
    if (/[\s:]/.test(character)) continue;
    const digit = Number.parseInt(character, 16);
    if (Number.isNaN(digit)) throw new DecodeError('hex', i, `${JSON.stringify(character)} is not a hex digit`);
    if (high < 0) {
      high = digit;
    } else {
      bytes.push(high * 16 + digit);
      high = -1;
    }
  }
  if (high >= 0) throw new DecodeError('hex', text.length, 'an odd number of hex digits');
  return Uint8Array.from(bytes);
}
