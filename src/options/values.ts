/** What people type, turned into what the probes take; each throws a CliError that says what is wrong with it. */
import { quote } from '../probe/input-error.ts';
import { type Ipv4Address, parseIpv4 } from '../wire/address.ts';
import { DecodeError } from '../wire/errors.ts';
import { fromHex } from '../wire/hex.ts';
import { usageError } from './errors.ts';

export { quote };

/** The most that a sequence number, a time stamp or a seed can be. */
export const MAX_32 = 2 ** 32 - 1;

/** A whole number, decimal or 0x, within bounds. */
export function integer(option: string, text: string, least: number, most: number): number {
  const value = /^(0x[0-9a-f]+|\d+)$/i.test(text) ? Number(text) : Number.NaN;
  if (!Number.isSafeInteger(value))
    throw usageError(`${option}: ${quote(text)} is not a whole number`, `give ${range(least, most)}, in decimal or 0x`);
  if (value < least || value > most) throw usageError(`${option}: ${text} is out of range`, `give ${range(least, most)}`);
  return value;
}

/** Reads whole numbers within bounds. */
export const within =
  (least: number, most: number) =>
  (option: string, text: string): number =>
    integer(option, text, least, most);

const range = (least: number, most: number): string => (most === Number.MAX_SAFE_INTEGER ? `${least} or more` : `${least} to ${most}`);

/** A number, fractions allowed, within bounds. */
export function number(option: string, text: string, least: number, most: number): number {
  const value = decimal(text);
  if (Number.isNaN(value)) throw usageError(`${option}: ${quote(text)} is not a number`, `give ${range(least, most)}, such as 2 or 0.5`);
  if (value < least || value > most) throw usageError(`${option}: ${text} is out of range`, `give ${range(least, most)}`);
  return value;
}

/** NaN where it is none, or has a sign or an exponent. */
export const decimal = (text: string): number => (/^(\d+\.?\d*|\.\d+)$/.test(text) ? Number(text) : Number.NaN);

const LONGEST_SECONDS = 86_400;

/** Seconds, fractions allowed, in milliseconds. */
export function seconds(option: string, text: string): number {
  const value = decimal(text);
  if (Number.isNaN(value)) throw usageError(`${option}: ${quote(text)} is not a number of seconds`, 'give seconds such as 5 or 0.5');
  if (value > LONGEST_SECONDS) throw usageError(`${option}: ${text} is over a day`, `give ${LONGEST_SECONDS} seconds at most`);
  return value * 1000;
}

/** Seconds, but not none at all. */
export function someSeconds(option: string, text: string): number {
  const value = seconds(option, text);
  if (value === 0) throw usageError(`${option}: 0 leaves no time for an answer`, 'give more, such as 0.5');
  return value;
}

export function address(option: string, text: string): Ipv4Address {
  const value = parseIpv4(text);
  if (value === undefined) throw usageError(`${option}: ${quote(text)} is not an IPv4 address`, 'give one such as 192.0.2.1');
  return value;
}

export function oneOf<T extends string>(option: string, text: string, choices: readonly T[]): T {
  if ((choices as readonly string[]).includes(text)) return text as T;
  throw usageError(`${option}: ${quote(text)} is not known`, suggestion(text, choices, `give one of ${choices.join(', ')}`));
}

/** Reads one of some words. */
export const among =
  <T extends string>(choices: readonly T[]) =>
  (option: string, text: string): T =>
    oneOf(option, text, choices);

/** Text with `\r \n \t \0 \\` and `\xNN`; everything else in UTF-8 as it stands. */
export function escapedText(option: string, text: string): Uint8Array {
  const bytes: number[] = [];
  const plain = new TextEncoder();
  const simple: Record<string, number> = { r: 13, n: 10, t: 9, '0': 0, '\\': 92 };
  for (let i = 0; i < text.length; ) {
    if (text[i] !== '\\') {
      const character = String.fromCodePoint(text.codePointAt(i) as number);
      bytes.push(...plain.encode(character));
      i += character.length;
      continue;
    }
    const next = text[i + 1] ?? '';
    const hex = /^[0-9a-f]{2}/i.exec(text.slice(i + 2))?.[0];
    if (next === 'x' && hex !== undefined) {
      bytes.push(Number.parseInt(hex, 16));
      i += 4;
    } else if (simple[next] !== undefined) {
      bytes.push(simple[next]);
      i += 2;
    } else {
      throw usageError(
        `${option}: \\${quote(next).slice(1, -1)} at character ${i + 1} is no escape`,
        String.raw`use \r \n \t \0 \\ or \xNN`,
      );
    }
  }
  return Uint8Array.from(bytes);
}

export function hex(option: string, text: string): Uint8Array {
  try {
    return fromHex(text);
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    throw usageError(`${option}: ${misread(error, text)}`, 'give pairs of hex digits');
  }
}

/** Characters shown on either side of one that is marked. */
const MARGIN = 12;

/** Why hex can't be read, with the character that is wrong marked: `"x" is not a hex digit, at character 3: 45>x<0003c`. */
export function misread({ reason, offset }: DecodeError, text: string): string {
  if (offset >= text.length) return reason;
  const stray = String.fromCodePoint(text.codePointAt(offset) as number);
  const before = offset > MARGIN ? `...${text.slice(offset - MARGIN, offset)}` : text.slice(0, offset);
  const rest = text.slice(offset + stray.length);
  const after = rest.length > MARGIN ? `${rest.slice(0, MARGIN)}...` : rest;
  return `${reason}, at character ${offset + 1}: ${before}>${stray}<${after}`;
}

/** As a shell would take it for one word. */
export const shellWord = (word: string): string => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`);

/** The one that was likely meant: the shortest that begins so, else the nearest by edit distance, if it is near at all. */
export function nearest<T extends string>(text: string, choices: readonly T[]): T | undefined {
  const small = text.toLowerCase();
  const begun = text.length < 3 ? [] : choices.filter((choice) => choice.toLowerCase().startsWith(small));
  if (begun.length > 0) return begun.reduce((shortest, choice) => (choice.length < shortest.length ? choice : shortest));
  let best: T | undefined;
  let bestDistance = Math.max(text.length > 3 ? 2 : 1, Math.floor(text.length / 3)) + 1;
  for (const choice of choices) {
    const distance = editDistance(text, choice);
    if (distance < bestDistance) {
      best = choice;
      bestDistance = distance;
    }
  }
  return best;
}

/** What to do about a word that is none of the choices: take the one that was likely meant, or else what is said otherwise. */
export function suggestion(text: string, choices: readonly string[], otherwise: string): string {
  const near = nearest(text, choices);
  return near === undefined ? otherwise : `did you mean ${near}?`;
}

/** Insertions, deletions, replacements and neighbours swapped that turn one text into the other (optimal string alignment). */
function editDistance(a: string, b: string): number {
  let last: number[] = [];
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = (row[j - 1] as number) + (a[i - 1] === b[j - 1] ? 0 : 1);
      const isSwapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      const swapped = isSwapped ? (last[j - 2] as number) + 1 : Number.POSITIVE_INFINITY;
      next.push(Math.min((row[j] as number) + 1, (next[j - 1] as number) + 1, replaced, swapped));
    }
    [last, row] = [row, next];
  }
  return row[b.length] as number;
}
