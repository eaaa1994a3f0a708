/** The words and signs of an expression. */
import type { Fault, Span } from './error.ts';
import { ORDERS, type PatternNode } from './syntax.ts';
import { isUnit, UNITS, type UnitName } from './units.ts';

export type Token = Span &
  (
    | { kind: 'word'; text: string }
    | { kind: 'sign'; text: string }
    | { kind: 'number'; text: string; value: number; unit: UnitName | undefined }
    | { kind: 'text'; text: string; value: string }
    | { kind: 'pattern'; text: string; pattern: PatternNode }
    | { kind: 'end'; text: '' }
  );

/** Longer expressions are refused. */
const LONGEST = 4096;

const SPACE = /\s+/y;
/** `TIME-WAIT` and `open|filtered` are words. */
const WORD = /[A-Za-z_]\w*(?:[-|]\w+)*/y;
const ADDRESS = /\d{1,3}(?:\.\d{1,3}){3}(?![\w.])/y;
const NUMBER = /-?(?:0x[0-9a-f]+|\d+(?:\.\d+)?(?:e[+-]?\d+)?)/iy;
const LETTERS = /[\p{L}\p{N}_%]+/uy;
const SIGN = /[=!<>]=|!~|[<>~(),.]/y;
const PATTERN = /\/(?:[^\\/[\n]|\\[^\n]|\[(?:[^\]\\\n]|\\[^\n])*\])+\/[a-z]*/y;

/** What other languages write, and what it is here. */
const FOREIGN: readonly (readonly [sign: string, ours: string])[] = [
  ['=>', '>='],
  ['=<', '<='],
  ['=~', '~'],
  ['&&', 'and'],
  ['||', 'or'],
  ['=', '=='],
  ['!', 'not, != or !~'],
];

/** @throws ExpressionError */
export function tokenize(expression: string, fault: Fault): Token[] {
  if (expression.length > LONGEST)
    throw fault(`more than ${LONGEST} characters`, { from: LONGEST, to: LONGEST }, 'give several expectations, each by itself');
  const tokens: Token[] = [];
  let at = 0;
  /** What stands here, if it does. */
  const take = (form: RegExp): string | undefined => {
    form.lastIndex = at;
    const text = form.exec(expression)?.[0];
    if (text !== undefined) at += text.length;
    return text;
  };
  for (take(SPACE); at < expression.length; take(SPACE)) tokens.push(next());
  tokens.push({ kind: 'end', text: '', from: at, to: at });
  return tokens;

  function next(): Token {
    const from = at;
    const first = expression[at];
    const last = tokens.at(-1)?.text;
    if (first === '/' && (last === '~' || last === '!~')) return readPattern();
    if (first === '"' || first === "'") return readText(first);
    const address = take(ADDRESS);
    if (address !== undefined) return { kind: 'text', text: address, value: address, from, to: at };
    const number = take(NUMBER);
    if (number !== undefined) return readNumber(number, from);
    const word = take(WORD);
    if (word !== undefined) return { kind: 'word', text: word, from, to: at };
    const sign = take(SIGN);
    if (sign !== undefined) return { kind: 'sign', text: sign, from, to: at };
    throw stray(from);
  }

  function readNumber(text: string, from: number): Token {
    const unit = take(LETTERS);
    const value = text.startsWith('-') ? -Number(text.slice(1)) : Number(text);
    if (unit !== undefined && !isUnit(unit))
      throw fault(`${JSON.stringify(unit)} is no unit`, { from: from + text.length, to: at }, `units are ${Object.keys(UNITS).join(', ')}`);
    return { kind: 'number', text: expression.slice(from, at), value, unit, from, to: at };
  }

  function readText(quote: string): Token {
    const from = at;
    let value = '';
    for (at++; at < expression.length; at++) {
      const character = expression[at] as string;
      if (character === quote) {
        at++;
        return { kind: 'text', text: expression.slice(from, at), value, from, to: at };
      }
      value += character === '\\' ? readEscape() : character;
    }
    throw fault(`the text has no end`, { from, to: from + 1 }, `close it with ${quote}`);
  }

  /** Leaves `at` on its last character. */
  function readEscape(): string {
    const from = at;
    const letter = expression[++at] ?? '';
    const plain = { n: '\n', r: '\r', t: '\t', '\\': '\\', '"': '"', "'": "'" }[letter];
    if (plain !== undefined) return plain;
    const hex = letter === 'x' ? /^[0-9a-f]{2}/i.exec(expression.slice(at + 1))?.[0] : undefined;
    if (hex === undefined)
      throw fault(
        `${JSON.stringify(`\\${letter}`)} is no escape`,
        { from, to: at + 1 },
        String.raw`escapes are \n \r \t \\ \" \' and \xNN`,
      );
    at += hex.length;
    return String.fromCharCode(Number.parseInt(hex, 16));
  }

  function readPattern(): Token {
    const from = at;
    const text = take(PATTERN);
    if (text === undefined)
      throw fault('the pattern has no end', { from, to: from + 1 }, String.raw`close it with /; a / in it is written \/`);
    const end = text.lastIndexOf('/');
    return { kind: 'pattern', text, pattern: { source: text.slice(1, end), flags: text.slice(end + 1), from, to: at }, from, to: at };
  }

  function stray(from: number): Error {
    const foreign = FOREIGN.find(([sign]) => expression.startsWith(sign, from));
    if (foreign !== undefined) return fault(`unknown sign ${foreign[0]}`, { from, to: from + foreign[0].length }, `write ${foreign[1]}`);
    const character = String.fromCodePoint(expression.codePointAt(from) as number);
    const hint =
      character === '/' ? 'a pattern stands after ~ or !~' : `signs are ${ORDERS.join(' ')} ~ !~ ( ) , and .; put texts in quotes`;
    return fault(`${JSON.stringify(character)} has no meaning here`, { from, to: from + character.length }, hint);
  }
}
