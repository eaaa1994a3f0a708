/** Conditions of an expression, checked against the types of what they speak of. */
import type { ExpectationFailure } from '../../probe/events.ts';
import { describeAbout, shown } from './describe.ts';
import type { Fault, Span } from './error.ts';
import { having } from './functions.ts';
import { foldOf } from './lists.ts';
import { Operands, type Scope } from './operands.ts';
import { createPattern, type Pattern } from './pattern.ts';
import { compareHint, Sides } from './sides.ts';
import type { Node, Order } from './syntax.ts';
import { anyOf, inWords } from './types.ts';
import { convert, type UnitName } from './units.ts';
import { type Condition, type Env, type Found, Text, type Truth, type Value } from './value.ts';

/** A match within the condition of a list. */
export interface MatchOfItems {
  /** As it stands in the expression. */
  text: string;
  pattern: Pattern;
}

export class Conditions {
  readonly operands: Operands;
  /** Patterns that items of lists are held against: an item for which one is given up is in no list, and missed there. */
  readonly ofItems: MatchOfItems[] = [];
  readonly #sides: Sides;
  readonly #fault: Fault;
  readonly #text: (at: Span) => string;

  constructor(expression: string, fault: Fault) {
    this.#fault = fault;
    this.#text = ({ from, to }) => expression.slice(from, to);
    this.operands = new Operands(expression, fault, (node, scope) => this.check(node, scope));
    this.#sides = new Sides(expression, fault, this.operands);
  }

  /** @throws ExpressionError */
  check(node: Node, scope: Scope): Condition {
    switch (node.kind) {
      case 'and':
      case 'or':
        return joined(node.kind, this.check(node.left, scope), this.check(node.right, scope));
      case 'not':
        return this.#not(this.check(node.of, scope), this.#text(node.of));
      case 'compare':
        return this.#compare(node, scope);
      case 'match':
        return this.#match(node, scope);
      case 'has':
        return this.#has(node, scope);
      case 'in':
        return this.#in(node, scope);
      default:
        return this.#bare(node, scope);
    }
  }

  #not(of: Condition, text: string): Condition {
    const holds = (env: Env): Truth => not(of.holds(env));
    const failures = (env: Env): ExpectationFailure[] => [
      { field: text, expected: 'false', actual: of.holds(env) === undefined ? 'none' : 'true', about: undefined },
    ];
    return { holds, failures };
  }

  /** A field that is true or false by itself. */
  #bare(node: Node, scope: Scope): Condition {
    if (node.kind === 'flag') throw this.#fault('a value alone is no condition', node, 'such as close.completed == true');
    const value = this.operands.read(node, scope);
    if (value.type?.kind !== 'flag') throw this.#fault(`${value.text} alone is no condition`, node, compareHint(value));
    return {
      holds: (env) => value.read(env).value as Truth,
      failures: (env) => {
        const found = value.read(env);
        return [failure(value, 'true', found.told ?? shown(found.value), found)];
      },
    };
  }

  #compare({ order, left, right }: Node & { kind: 'compare' }, scope: Scope): Condition {
    const value = this.operands.read(left, scope);
    const wanted = this.#sides.wanted(value, order, right, scope);
    return {
      holds(env) {
        const { value: actual } = value.read(env);
        const expected = wanted.read(env);
        if (right.kind === 'none' && expected === undefined) return isThere(actual) === (order === '!=');
        return isThere(actual) && isThere(expected) ? compare(plain(actual), order, plain(expected)) : undefined;
      },
      failures: (env) => {
        const found = value.read(env);
        return [failure(value, `${order} ${wanted.told(env)}`, actualText(found.value, value, wanted.unit), found)];
      },
    };
  }

  #in({ left, choices }: Node & { kind: 'in' }, scope: Scope): Condition {
    const value = this.operands.read(left, scope);
    const wanted = choices.map((choice) => this.#sides.wanted(value, '==', choice, scope));
    return {
      holds(env) {
        const { value: actual } = value.read(env);
        return isThere(actual) ? wanted.some((each) => plain(actual) === each.read(env)) : undefined;
      },
      failures: (env) => {
        const found = value.read(env);
        return [
          failure(value, `in (${wanted.map((each) => each.told(env)).join(', ')})`, actualText(found.value, value, wanted[0]?.unit), found),
        ];
      },
    };
  }

  #match(node: Node & { kind: 'match' }, scope: Scope): Condition {
    const { left, pattern, isNegated } = node;
    const value = this.operands.read(left, scope);
    if (value.type?.kind !== 'text' && value.type?.kind !== 'words')
      throw this.#fault(`${value.text} is no text`, left, 'patterns are for texts, such as data.text');
    const compiled = this.#pattern(pattern);
    const { matches, looksAhead } = compiled;
    if (scope.isOfItems) this.ofItems.push({ text: this.#text(node), pattern: compiled });
    /** Of a part of a text only what the rest can't change is known. */
    const matchOf = (actual: unknown): Truth => {
      if (!isThere(actual)) return undefined;
      const found = matches(String(plain(actual)));
      return actual instanceof Text && actual.isCut && (found !== true || looksAhead) ? undefined : found;
    };
    return {
      holds: (env) => {
        const found = matchOf(value.read(env).value);
        return isNegated ? not(found) : found;
      },
      failures: (env) => {
        const found = value.read(env);
        const isUnknown = isThere(found.value) && matchOf(found.value) === undefined;
        const unknown =
          found.value instanceof Text && found.value.isCut
            ? `only the first ${found.value.text.length} characters were kept`
            : 'the match took too long';
        const actual = isUnknown ? `not known: ${unknown}: ${shown(found.value)}` : shown(found.value);
        return [failure(value, `${isNegated ? '!~' : '~'} ${this.#text(pattern)}`, actual, found)];
      },
    };
  }

  #pattern(node: Span & { source: string; flags: string }): Pattern {
    try {
      return createPattern(node.source, node.flags);
    } catch (error) {
      const { message } = error as SyntaxError;
      throw this.#fault(message.replace(/^Invalid regular expression: /, ''), node, 'it is a regular expression as in JavaScript');
    }
  }

  #has(node: Node & { kind: 'has' }, scope: Scope): Condition {
    const { left, right } = node;
    const value = this.operands.read(left, scope);
    const { type, list } = value;
    const item = type?.kind === 'options' ? anyOf(type) : list?.item;
    if (item === undefined)
      throw this.#fault(
        `${value.text} is ${type === undefined ? 'no list' : `${inWords(type)} and no list`}`,
        left,
        'has finds a word in a list, such as flags has SYN',
      );
    const { wanted, nameOf } = this.#sides.item(value, item, right);
    const expected = `has ${shown(wanted)}`;
    if (type?.kind !== 'list' && type?.kind !== 'options' && list !== undefined) {
      const found = this.operands.folded(
        node,
        { kind: 'flag' },
        foldOf(list, () => having(wanted, nameOf)),
      );
      return {
        holds: (env) => found.read(env).value as boolean,
        failures: (env) => [failure(value, expected, found.read(env).told ?? '', { value: undefined, about: [] })],
      };
    }
    return {
      holds: (env) => {
        const { value: items } = value.read(env);
        return Array.isArray(items) ? items.some((each) => nameOf(each) === wanted) : undefined;
      },
      failures: (env) => {
        const found = value.read(env);
        return [failure(value, expected, shown(found.value), found)];
      },
    };
  }
}

const isThere = (value: unknown): boolean => value !== undefined && value !== null;

/** As it is compared. */
const plain = (value: unknown): unknown => (value instanceof Uint8Array ? shown(value) : value instanceof Text ? value.text : value);

const not = (truth: Truth): Truth => (truth === undefined ? undefined : !truth);

/** Three-valued (Kleene): what is not known does not matter where the other side decides. */
function joined(kind: 'and' | 'or', left: Condition, right: Condition): Condition {
  const decides = kind === 'or';
  const sides = [left, right];
  return {
    holds(env) {
      const first = left.holds(env);
      if (first === decides) return decides;
      const second = right.holds(env);
      if (second === decides) return decides;
      return first === undefined || second === undefined ? undefined : !decides;
    },
    failures: (env) => sides.filter((side) => side.holds(env) !== true).flatMap((side) => side.failures(env)),
  };
}

function compare(actual: unknown, order: Order, expected: unknown): boolean {
  switch (order) {
    case '==':
      return actual === expected;
    case '!=':
      return actual !== expected;
  }
  const [a, b] = [Number(actual), Number(expected)];
  switch (order) {
    case '<':
      return a < b;
    case '<=':
      return a <= b;
    case '>':
      return a > b;
    case '>=':
      return a >= b;
  }
}

/** A number in the unit that it was asked for in. */
function actualText(actual: unknown, { type }: Value, unit: UnitName | undefined): string {
  if (typeof actual !== 'number' || unit === undefined || type?.kind !== 'number' || type.unit === undefined) return shown(actual);
  return `${shown(convert(actual, type.unit, unit))}${unit}`;
}

const failure = ({ text }: Value, expected: string, actual: string, found: Found): ExpectationFailure => ({
  field: text,
  expected,
  actual,
  about: describeAbout(found),
});
