/** Reads a line of a script piece by piece, and says where something is wrong with it. */
import { quote } from '../../options/values.ts';
import { ScriptError } from './error.ts';
import type { Direction, Pattern, Sum } from './model.ts';

const SPACE = /[ \t]*/y;
const DURATION = /(\d+(?:\.\d*)?|\.\d+)(us|ms|s)?/y;
const UNIT_US: Readonly<Record<string, number>> = { us: 1, ms: 1000, s: 1_000_000 };
const LONGEST_US = 3600 * 1_000_000;
const TERM = /([+-]?)(?:(0x[0-9a-f]+|\d+)|\$([a-z_]\w*))/iy;
const CAPTURE = /\?([a-z_]\w*)/iy;
/** Numbers that the exchange gives. */
const GIVEN = ['iss', 'irs'];

export class Scanner {
  /** Names that lines up to here have captured. */
  readonly #names: Set<string>;
  #at = 0;

  /** @param line counted from 1 */
  constructor(
    readonly source: string,
    readonly line: number,
    names: Set<string>,
  ) {
    this.#names = names;
  }

  /** Where reading has come to. */
  get at(): number {
    return this.#at;
  }

  /** Nothing follows but a comment. */
  get isAtEnd(): boolean {
    this.#skipSpace();
    return this.#at >= this.source.length || this.source[this.#at] === '#';
  }

  /** @param at where it is wrong; default: here */
  fail(message: string, hint: string, at = this.#at): never {
    throw new ScriptError(message, this.line, at + 1, hint);
  }

  /** What stands here up to the next space, in quotes, for errors. */
  get here(): string {
    const rest = this.source.slice(this.#at);
    return rest === '' ? 'the end of the line' : quote(/^\S+/.exec(rest)?.[0] ?? rest);
  }

  /** Takes what stands here, after spaces. @param pattern sticky */
  take(pattern: RegExp): RegExpExecArray | undefined {
    this.#skipSpace();
    return this.#takeHere(pattern);
  }

  /** @param what is needed, for the error */
  need(pattern: RegExp, what: string, hint: string): RegExpExecArray {
    return this.take(pattern) ?? this.fail(`${this.here} in place of ${what}`, hint);
  }

  /** @returns microseconds */
  duration(): number {
    const at = this.#at;
    const [, number, unit = 's'] = this.need(DURATION, 'a time', 'write seconds, such as 0.3, or 300ms');
    const us = Number(number) * (UNIT_US[unit] as number);
    if (us > LONGEST_US) this.fail('more than an hour', 'write a shorter time', at);
    return us;
  }

  /** A number, `$name`, or a sum of them, without spaces. */
  sum(what: string): Sum {
    let constant = 0;
    const names: { name: string; sign: 1 | -1 }[] = [];
    for (let term = this.take(TERM); term !== undefined; term = this.#takeHere(TERM)) {
      const [whole, operator, number, name] = term;
      const at = this.#at - whole.length;
      const sign = operator === '-' ? -1 : 1;
      if (number !== undefined) constant += sign * Number(number);
      else names.push({ name: this.#known(name as string, at), sign });
      if (!/[+-]/.test(this.source[this.#at] ?? '')) return { constant, names };
    }
    return this.fail(`${this.here} in place of ${what}`, 'write a number such as 17 or 0x11, or $name for one that was captured');
  }

  /** What a value is: one that we send is a sum. */
  value(direction: Direction, what: string): Pattern {
    if (direction === 'expect') return this.pattern(what);
    const value = this.sum(what);
    if (this.#takeHere(/~/y)) this.fail(`a range for the ${what} that we send`, 'give one value', this.#at - 1);
    return { type: 'exact', value };
  }

  /** What a value may be: a sum, a range, `*`, or `?name`. */
  pattern(what: string): Pattern {
    if (this.take(/\*/y) !== undefined) return { type: 'any' };
    const capture = this.take(CAPTURE);
    if (capture !== undefined) return { type: 'capture', name: this.#capture(capture[1] as string) };
    const low = this.sum(what);
    if (this.#takeHere(/~/y) === undefined) return { type: 'exact', value: low };
    return { type: 'range', low, high: this.sum(`the end of a range of ${what}`) };
  }

  #capture(name: string): string {
    const at = this.#at - name.length - 1;
    if (GIVEN.includes(name)) this.fail(`$${name} has its value already`, 'take another name', at);
    this.#names.add(name);
    return name;
  }

  #known(name: string, at: number): string {
    if (!GIVEN.includes(name) && !this.#names.has(name)) {
      const names = [...GIVEN, ...this.#names].map((known) => `$${known}`).join(', ');
      this.fail(`no line before has captured $${name}`, `known here: ${names}; capture it by ?${name}`, at);
    }
    return name;
  }

  #skipSpace(): void {
    this.#takeHere(SPACE);
  }

  #takeHere(pattern: RegExp): RegExpExecArray | undefined {
    pattern.lastIndex = this.#at;
    const match = pattern.exec(this.source);
    if (match === null) return undefined;
    this.#at = pattern.lastIndex;
    return match;
  }
}
