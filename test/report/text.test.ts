import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { escapeText } from '../../src/report/escape.ts';
import { displayWidth, flow, padEnd, padStart, truncate, wrap } from '../../src/report/text.ts';

const printable = fc.string({ unit: 'grapheme' }).map((text) => escapeText(text));

test.each([
  ['', 0],
  ['abc', 3],
  ['café', 4],
  ['cafe\u0301', 4],
  ['中文', 4],
  ['한글', 4],
  ['ｆｕｌｌ', 8],
  ['🙂', 2],
  ['│├►', 3],
  ['\x1b[1;32mopen\x1b[0m', 4],
])('%j takes %d columns', (text, columns) => expect(displayWidth(text)).toBe(columns));

describe('truncate', () => {
  test.each([
    ['abc', 3, '…', 'abc'],
    ['abcd', 3, '…', 'ab…'],
    ['abcdef', 5, '...', 'ab...'],
    ['abcdef', 2, '...', 'ab'],
    ['中文字', 4, '…', '中…'],
    ['ab\\x1bcd', 6, '…', 'ab…'],
    ['ab\\u{202e}cd', 10, '…', 'ab…'],
    ['ab\\\\cd', 4, '…', 'ab…'],
  ])('%s in %d columns', (text, width, ellipsis, shown) => expect(truncate(text, width, ellipsis)).toBe(shown));

  test('never takes more than its columns', () => {
    fc.assert(fc.property(printable, fc.nat(20), (text, width) => displayWidth(truncate(text, width, '…')) <= width));
  });
});

test('padding counts columns, not characters', () => {
  expect(padEnd('中', 4)).toBe('中  ');
  expect(padStart('\x1b[1ma\x1b[0m', 3)).toBe('  \x1b[1ma\x1b[0m');
  expect(padEnd('long', 2)).toBe('long');
});

describe('flow and wrap', () => {
  test('keeps parts whole', () => {
    expect(flow(['mss 1460', 'sackOK', 'TS val 1 ecr 0'], ', ', 20)).toEqual(['mss 1460, sackOK,', 'TS val 1 ecr 0']);
  });

  test('breaks a part that is wider than a line at its spaces', () => {
    expect(flow(['a', 'one two three'], ', ', 9)).toEqual(['a,', 'one two', 'three']);
  });

  test('breaks a word that is wider than a line, but no escape', () => {
    expect(wrap('an abcdef\\x1b', 7)).toEqual(['an', 'abcdef', '\\x1b']);
  });

  test('no line is wider than it may be and no word is lost', () => {
    fc.assert(
      fc.property(fc.array(printable), fc.integer({ min: 12, max: 60 }), (words, width) => {
        const lines = wrap(words.join(' '), width);
        for (const line of lines) expect(displayWidth(line)).toBeLessThanOrEqual(width);
        expect(lines.join('').replaceAll(' ', '')).toBe(words.join('').replaceAll(' ', ''));
      }),
    );
  });
});
