import { DecodeError } from './errors.ts';

const PAIRS = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

/** Lower-case hex digits without separators. */
export function toHex(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += PAIRS[byte];
  return text;
}

/** What a character of ASCII stands for: a digit's value, or one of these. */
const SEPARATOR = 16;
const STRAY = 17;
const MEANINGS = Uint8Array.from({ length: 128 }, (_, code) => {
  const character = String.fromCharCode(code);
  if (/[\s:]/.test(character)) return SEPARATOR;
  return /[0-9a-f]/i.test(character) ? Number.parseInt(character, 16) : STRAY;
});

/**
 * Reads hex digits; white space, colons and a leading 0x are passed over.
 * @throws DecodeError at the character that is no hex digit, or at the end where half a byte is left
 */
export function fromHex(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length >> 1);
  let length = 0;
  let high = -1;
  for (let i = /^\s*0x/i.exec(text)?.[0].length ?? 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    const meaning = code < MEANINGS.length ? (MEANINGS[code] as number) : /\s/.test(text.charAt(i)) ? SEPARATOR : STRAY;
    if (meaning === SEPARATOR) continue;
    if (meaning === STRAY) throw new DecodeError('hex', i, `${JSON.stringify(characterAt(text, i))} is not a hex digit`);
    if (high < 0) {
      high = meaning;
    } else {
      bytes[length++] = high * 16 + meaning;
      high = -1;
    }
  }
  if (high >= 0) throw new DecodeError('hex', text.length, 'an odd number of hex digits');
  return length === bytes.length ? bytes : bytes.slice(0, length);
}

const characterAt = (text: string, at: number): string => String.fromCodePoint(text.codePointAt(at) as number);
