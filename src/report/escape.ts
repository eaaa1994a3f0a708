/** Text and bytes from the network, made safe to show: nothing acts on the terminal, nothing is lost, nothing is ambiguous. */

/** Controls, format and bidi characters, lone surrogates, private and unassigned ones, all that is invisible, every separator but the space. */
const UNSAFE = /(?! )[\p{C}\p{Z}\p{Default_Ignorable_Code_Point}]/gu;
const UNSAFE_OR_BACKSLASH = /(?! )[\p{C}\p{Z}\p{Default_Ignorable_Code_Point}\\]/gu;
const NOT_ASCII_OR_BACKSLASH = /[^\x20-\x7e]|\\/gu;

const SHORT: Readonly<Record<string, string>> = { '\r': '\\r', '\n': '\\n', '\t': '\\t', '\\': '\\\\' };

const hexByte = (byte: number): string => `\\x${byte.toString(16).padStart(2, '0')}`;

/** Code points above ASCII never become \xNN: in {@link escapeBytes} that is a byte that is not UTF-8. */
function escapeCharacter(character: string): string {
  const codePoint = character.codePointAt(0) as number;
  return SHORT[character] ?? (codePoint < 0x80 ? hexByte(codePoint) : `\\u{${codePoint.toString(16)}}`);
}

/**
 * Writes what is not printable as `\r`, `\n`, `\t`, `\xNN` or `\u{…}`, and a backslash twice; different texts stay different.
 * @param ascii writes everything outside ASCII as `\u{…}`
 */
export function escapeText(text: string, ascii = false): string {
  return text.replace(ascii ? NOT_ASCII_OR_BACKSLASH : UNSAFE_OR_BACKSLASH, escapeCharacter);
}

// A byte order mark is a character like any other here.
const utf8 = new TextDecoder('utf-8', { ignoreBOM: true });

/** Like {@link escapeText} for the UTF-8 in the bytes; a byte that is none becomes `\xNN`. Different bytes stay different. */
export function escapeBytes(bytes: Uint8Array, ascii = false): string {
  let text = '';
  let runStart = 0;
  let at = 0;
  const endRun = () => {
    if (at > runStart) text += escapeText(utf8.decode(bytes.subarray(runStart, at)), ascii);
  };
  while (at < bytes.length) {
    const length = utf8Length(bytes, at);
    if (length > 0) {
      at += length;
      continue;
    }
    endRun();
    text += hexByte(bytes[at] as number);
    at += 1;
    runStart = at;
  }
  endRun();
  return text;
}

/** Bytes of the well-formed UTF-8 sequence at an offset (Unicode, table 3-7); 0 where there is none. */
function utf8Length(bytes: Uint8Array, at: number): number {
  const lead = bytes[at] as number;
  if (lead < 0x80) return 1;
  if (lead < 0xc2 || lead > 0xf4) return 0;
  const length = lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
  for (let i = 1; i < length; i++) {
    if (((bytes[at + i] ?? 0) & 0xc0) !== 0x80) return 0;
  }
  const second = bytes[at + 1] as number;
  const overlong = (lead === 0xe0 && second < 0xa0) || (lead === 0xf0 && second < 0x90);
  const surrogate = lead === 0xed && second > 0x9f;
  const tooHigh = lead === 0xf4 && second > 0x8f;
  return overlong || surrogate || tooHigh ? 0 : length;
}

/** Makes a line of our own safe, of which parts may come from outside: as {@link escapeText}, but with backslashes left as they are. */
export const escapeLine = (line: string): string => line.replace(UNSAFE, escapeCharacter);

/** Writes in a JSON text as `\uXXXX` what JSON allows raw but a terminal should not get. */
export function escapeJson(json: string): string {
  return json.replace(UNSAFE, (character) => {
    let text = '';
    for (let i = 0; i < character.length; i++) text += `\\u${character.charCodeAt(i).toString(16).padStart(4, '0')}`;
    return text;
  });
}
