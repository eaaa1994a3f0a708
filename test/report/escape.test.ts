import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { escapeBytes, escapeJson, escapeText } from '../../src/report/escape.ts';

const anyText = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string({ unit: fc.constantFrom('\\', 'x', '8', '5', 'u', '{', '}', '\u0085', '\x1b', 'n', '\n') }),
);
const anyBytes = fc.oneof(
  fc.uint8Array(),
  anyText.map((text) => new TextEncoder().encode(text)),
  fc.array(fc.constantFrom(0xc2, 0x85, 0xe2, 0x80, 0xae, 0x5c, 0x78, 0x38, 0x35, 0xf0, 0xed, 0xa0)).map((bytes) => Uint8Array.from(bytes)),
);

/** Whatever could act on a terminal or hide in it. */
const HARMFUL = /(?! )[\p{C}\p{Z}\p{Default_Ignorable_Code_Point}\p{Bidi_Control}]/u;
const ASCII = /^[\x20-\x7e]*$/;

describe('escapeText', () => {
  test.each([
    ['GET / HTTP/1.0\r\n', 'GET / HTTP/1.0\\r\\n'],
    ['\t\\', '\\t\\\\'],
    ['\x1b[31m', '\\x1b[31m'],
    ['\x7f\0', '\\x7f\\x00'],
    ['\u009b31m', '\\u{9b}31m'],
    ['\u202edlrow', '\\u{202e}dlrow'],
    ['a\u2028b\u00a0c', 'a\\u{2028}b\\u{a0}c'],
    ['\ud800', '\\u{d800}'],
    ['\u{e0041}', '\\u{e0041}'],
    ['\ufe0f', '\\u{fe0f}'],
    ['café 中文 🙂', 'café 中文 🙂'],
  ])('%j is shown as %s', (text, shown) => expect(escapeText(text)).toBe(shown));

  test('in ASCII everything else is written by its number', () => {
    expect(escapeText('café 🙂\x1b', true)).toBe('caf\\u{e9} \\u{1f642}\\x1b');
  });

  test('nothing harmful comes through', () => {
    fc.assert(fc.property(anyText, (text) => !HARMFUL.test(escapeText(text))));
    fc.assert(fc.property(anyText, (text) => ASCII.test(escapeText(text, true))));
  });

  test('different texts stay different', () => {
    fc.assert(fc.property(anyText, anyText, fc.boolean(), (a, b, ascii) => a === b || escapeText(a, ascii) !== escapeText(b, ascii)));
    fc.assert(fc.property(anyText, (text) => readBack(escapeText(text)) === text));
  });
});

describe('escapeBytes', () => {
  test.each([
    ['6361 66c3a9', 'café', 'UTF-8'],
    ['c285', '\\u{85}', 'a C1 character is not the byte of its number'],
    ['85', '\\x85', 'a byte that is no UTF-8'],
    ['e280', '\\xe2\\x80', 'cut off'],
    ['c0af', '\\xc0\\xaf', 'overlong'],
    ['eda080', '\\xed\\xa0\\x80', 'a surrogate'],
    ['f4908080', '\\xf4\\x90\\x80\\x80', 'over U+10FFFF'],
    ['efbbbf41', '\\u{feff}A', 'a byte order mark'],
    ['5c783835', '\\\\x85', 'a backslash'],
  ])('%s is shown as %s: %s', (hex, shown) => expect(escapeBytes(Buffer.from(hex.replace(' ', ''), 'hex'))).toBe(shown));

  test('nothing harmful comes through', () => {
    fc.assert(fc.property(anyBytes, (bytes) => !HARMFUL.test(escapeBytes(bytes))));
    fc.assert(fc.property(anyBytes, (bytes) => ASCII.test(escapeBytes(bytes, true))));
  });

  test('different bytes stay different', () => {
    fc.assert(
      fc.property(
        anyBytes,
        anyBytes,
        fc.boolean(),
        (a, b, ascii) => Buffer.compare(a, b) === 0 || escapeBytes(a, ascii) !== escapeBytes(b, ascii),
      ),
      { numRuns: 1000 },
    );
  });

  test('valid UTF-8 is shown as its text is', () => {
    fc.assert(fc.property(fc.string({ unit: 'grapheme' }), (text) => escapeBytes(new TextEncoder().encode(text)) === escapeText(text)));
  });
});

test('escaped JSON is the same JSON without anything harmful', () => {
  fc.assert(
    fc.property(anyText, (text) => {
      const escaped = escapeJson(JSON.stringify({ text }));
      expect(escaped).not.toMatch(HARMFUL);
      expect(JSON.parse(escaped)).toEqual({ text });
    }),
  );
});

/** Reads the escaped form back. */
function readBack(shown: string): string {
  return shown.replace(/\\(?:([rnt\\])|x([0-9a-f]{2})|u\{([0-9a-f]+)\})/g, (_all, short, byte, codePoint) => {
    if (short !== undefined) return { r: '\r', n: '\n', t: '\t', '\\': '\\' }[short as 'r' | 'n' | 't' | '\\'];
    return String.fromCodePoint(Number.parseInt(byte ?? codePoint, 16));
  });
}
