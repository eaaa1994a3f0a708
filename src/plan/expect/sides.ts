/** What a value is compared with, checked against what it can be. */
import { nearest } from '../../options/values.ts';
import { shown } from './describe.ts';
import type { Fault, Span } from './error.ts';
import type { Operands, Scope } from './operands.ts';
import type { Node, Order } from './syntax.ts';
import { inWords, type Type } from './types.ts';
import { convert, UNITS, type UnitName } from './units.ts';
import type { Env, Value } from './value.ts';

/** What a value is compared with. */
export interface Operand {
  read(env: Env): unknown;
  /** As a failure has it. */
  told(env: Env): string;
  /** The unit that it was written in, where a number has one. */
  unit?: UnitName | undefined;
}

export class Sides {
  readonly #operands: Operands;
  readonly #fault: Fault;
  readonly #text: (at: Span) => string;

  constructor(expression: string, fault: Fault, operands: Operands) {
    this.#operands = operands;
    this.#fault = fault;
    this.#text = ({ from, to }) => expression.slice(from, to);
  }

  /** What stands on the right of an order. */
  wanted(value: Value, order: Order, node: Node, scope: Scope): Operand {
    const { type, text } = value;
    if (type === undefined || type.kind === 'record' || type.kind === 'options' || type.kind === 'list') {
      if (node.kind === 'none' && type !== undefined) return this.#order(value, order, node, constant(undefined, 'none'));
      const what = type === undefined ? 'a list' : inWords(type);
      throw this.#fault(`${text} is ${what}: it can't be compared`, value.at, compareHint(value));
    }
    if (node.kind === 'none' && !(type.kind === 'words' && type.words.includes('none')))
      return this.#order(value, order, node, constant(undefined, 'none'));
    if (type.kind === 'number') return this.#number(value, type.unit, node, scope);
    if (type.kind === 'flag') {
      if (node.kind === 'flag') return this.#order(value, order, node, constant(node.value, String(node.value)));
      throw this.#fault(`${text} is true or false, and ${this.#text(node)} is neither`, node, `write ${text} == true, or ${text} alone`);
    }
    return this.#order(value, order, node, constantOf(this.#word(value, type, node)));
  }

  /** What is no number is like another or not, and neither less nor more. */
  #order({ text, type }: Value, order: Order, node: Node, operand: Operand): Operand {
    if (order === '==' || order === '!=') return operand;
    throw this.#fault(
      node.kind === 'none' ? `${order} can't compare with none` : `${order} compares numbers, and ${text} is ${inWords(type as Type)}`,
      node,
      'write == or !=',
    );
  }

  #number({ text }: Value, unit: UnitName | undefined, node: Node, scope: Scope): Operand {
    if (node.kind !== 'number') {
      if (node.kind === 'text' || node.kind === 'flag' || (node.kind === 'name' && !scope.names.includes(node.name)))
        throw this.#fault(`${text} is a number, and ${this.#text(node)} is none`, node, `such as ${text} > 0`);
      const other = this.#operands.read(node, scope);
      if (other.type?.kind !== 'number') throw this.#fault(`${text} is a number, and ${other.text} is none`, node, `such as ${text} > 0`);
      const own = other.type.unit;
      if (own !== unit)
        throw this.#fault(`${text} and ${other.text} have other units`, node, 'compare fields whose names end in the same unit');
      return { read: (env) => other.read(env).value, told: (env) => `${other.text} (${shown(other.read(env).value)})` };
    }
    if (node.unit === undefined) return constant(node.value, this.#text(node));
    const converted = unit === undefined ? undefined : convert(node.value, node.unit, unit);
    if (converted !== undefined) return { ...constant(converted, this.#text(node)), unit: node.unit };
    const { dimension } = unit === undefined ? { dimension: undefined } : UNITS[unit];
    const fitting = Object.entries(UNITS).filter(([, each]) => each.dimension === dimension);
    throw this.#fault(
      unit === undefined ? `${text} has no unit` : `${text} is not told in ${node.unit}`,
      node,
      unit === undefined ? 'leave it out' : `give one of ${fitting.map(([name]) => name).join(', ')}`,
    );
  }

  /** A word that a field may be, bare or in quotes. */
  #word({ text }: Value, type: Type & { kind: 'words' | 'text' }, node: Node): string {
    const word = this.#bareWord(node);
    if (word === undefined) throw this.#fault(`${text} is a word, and ${this.#text(node)} is none`, node, 'put a text in quotes');
    const isOne = type.kind === 'words' ? type.words.includes(word) : (type.pattern?.test(word) ?? true);
    if (isOne) return word;
    const near = nearest(word, type.words) ?? nearest(word.toUpperCase(), type.words) ?? nearest(word.toLowerCase(), type.words);
    throw this.#fault(
      `${text} is never ${word}`,
      node,
      near === undefined ? `it is one of ${type.words.join(', ')}` : `did you mean ${near}?`,
    );
  }

  /** A text, or what looks like a name and is none here: a word, or several with points between, as a host's name. */
  #bareWord(node: Node): string | undefined {
    if (node.kind === 'text') return node.value;
    if (node.kind === 'name' || node.kind === 'none' || node.kind === 'flag' || node.kind === 'number') return this.#text(node);
    const isDotted = node.kind === 'field' && this.#bareWord(node.of) !== undefined;
    return isDotted ? this.#text(node) : undefined;
  }

  /** What a list is to have, and what its items are known by. */
  item(value: Value, item: Type, node: Node): { wanted: unknown; nameOf(item: unknown): unknown } {
    const what = { ...value, text: `an item of ${value.text}` };
    const plainly = (each: unknown) => each;
    if (item.kind === 'number' && node.kind === 'number') return { wanted: node.value, nameOf: plainly };
    if (item.kind === 'number')
      throw this.#fault(`${value.text} has numbers, and ${this.#text(node)} is none`, node, `such as ${value.text} has 1`);
    const key = ['name', 'field'].find((field) => item.kind === 'record' && item.fields.has(field));
    const named = item.kind === 'record' && key !== undefined ? item.fields.get(key) : item;
    if (named?.kind === 'words' || named?.kind === 'text') {
      const wanted = this.#word(what, named, node);
      return { wanted, nameOf: key === undefined ? plainly : (each) => (each as Record<string, unknown>)[key] };
    }
    const hint = value.list === undefined ? 'has finds a word in a list, such as flags has SYN' : `such as any(${value.text} where ...)`;
    throw this.#fault(`the items of ${value.text} have no name`, value.at, hint);
  }
}

/** What can be done with a value. */
export function compareHint({ text, type, list }: Value): string {
  switch (type?.kind) {
    case 'number':
      return `compare it: ${text} > 0`;
    case 'words':
      return `compare it: ${text} == ${type.words[0]}`;
    case 'text':
      return `compare it: ${text} != none`;
    case 'options':
      return `such as ${text} has mss`;
    case 'record':
      return `name a field of it: ${[...type.fields.keys()].map((field) => `${text}.${field}`).join(', ')}`;
    default:
      return list?.item.kind === 'words' ? `such as ${text} has ${list.item.words[0]}` : `such as any(${text}) or count(${text}) == 0`;
  }
}

const constant = (value: unknown, text: string): Operand => ({ read: () => value, told: () => text });

const constantOf = (word: string): Operand => constant(word, shown(word));
