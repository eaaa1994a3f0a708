/** Names, fields and functions of an expression, looked up in what the command tells. */
import { nearest, suggestion } from '../../options/values.ts';
import type { SegmentEvent } from '../../probe/events.ts';
import type { Fault, Span } from './error.ts';
import { all, FOLDINGS } from './functions.ts';
import { each, eventList, fold, foldOf, those, valueList, where } from './lists.ts';
import type { Name } from './names.ts';
import type { Node } from './syntax.ts';
import { contentsOf, inWords, NUMBER, type RecordType, type Type } from './types.ts';
import type { Condition, Env, Fold, Found, List, Value } from './value.ts';

/** What the names of an expression, or of a condition within a list, stand for. */
export interface Scope {
  names: readonly string[];
  /** @returns undefined where there is no such name */
  lookUp(name: string, at: Span): Value | undefined;
  /** What the names are of, as an error has it: `what connect tells`. */
  of: string;
  /** Of the items of a list. */
  isOfItems?: true;
  /** Fields of fields, as they would have to be written, by their own name. */
  paths: ReadonlyMap<string, string>;
}

const FUNCTIONS = [...Object.keys(FOLDINGS), 'all'];

type FunctionName = keyof typeof FOLDINGS | 'all';

export class Operands {
  /** What is made of the run's lists: it is to be fed with the events. */
  readonly folds: Fold[] = [];
  readonly #expression: string;
  readonly #fault: Fault;
  readonly #condition: (node: Node, scope: Scope) => Condition;

  /** @param condition checks a condition, within the names of a list's items */
  constructor(expression: string, fault: Fault, condition: (node: Node, scope: Scope) => Condition) {
    this.#expression = expression;
    this.#fault = fault;
    this.#condition = condition;
  }

  /** @throws ExpressionError where it is no name, field or function, or there is none such */
  read(node: Node, scope: Scope): Value {
    switch (node.kind) {
      case 'name': {
        const value = scope.lookUp(node.name, node);
        if (value !== undefined) return value;
        throw this.#unknown(node.name, node, scope);
      }
      case 'field':
        return this.#field(this.read(node.of, scope), node);
      case 'call':
        return this.#call(node, scope);
      case 'where': {
        const value = this.read(node.list, scope);
        const list = this.#listOf(value);
        const condition = this.#condition(node.condition, this.#itemScope(list, value));
        return { ...value, at: node, text: this.#text(node), type: undefined, list: where(list, condition) };
      }
      case 'number':
      case 'text':
      case 'flag':
      case 'none':
        throw this.#fault('a value where a field is wanted', node, 'the field comes first: rttUs < 20ms');
      default:
        throw this.#fault('a condition where a value is wanted', node, 'conditions are joined by and, or and not');
    }
  }

  /** The value of the names of a whole run. */
  named(name: string, at: Span, { type, list, first }: Name): Value {
    if (first !== undefined) {
      const found = this.#fold(
        foldOf(
          those(eventList(first.list, first.item), (segment) => first.fits(segment as SegmentEvent)),
          FOLDINGS.first,
        ),
      );
      return { at, text: name, type: first.item, read: found, list: undefined };
    }
    const read = (env: Env): Found => ({ value: env.row[name], about: [] });
    return fieldValue(at, name, type, read, list === undefined ? undefined : eventList(list.name, list.item));
  }

  #text({ from, to }: Span): string {
    return this.#expression.slice(from, to);
  }

  #unknown(name: string, at: Span, { names, of, paths }: Scope): Error {
    const near = nearest(name, names);
    const path = near === undefined ? paths.get(name) : undefined;
    const hint = near ?? path;
    return this.#fault(`there is no ${name} in ${of}`, at, hint === undefined ? `there are ${names.join(', ')}` : `did you mean ${hint}?`);
  }

  #field(value: Value, node: Node & { kind: 'field' }): Value {
    const { name, nameAt } = node;
    const text = this.#text(node);
    const { list } = value;
    if (list !== undefined) {
      const { type, read } = this.#fieldOf(list.item, name, nameAt, `the items of ${value.text}`, '');
      return { at: node, text, type: undefined, read: value.read, list: each(list, type, read) };
    }
    const { type, read } = this.#fieldOf(value.type as Type, name, nameAt, value.text, `${value.text}.`);
    const readIt = (env: Env): Found => {
      const found = value.read(env);
      return { ...found, value: found.value === undefined || found.value === null ? undefined : read(found.value) };
    };
    return fieldValue(node, text, type, readIt, undefined);
  }

  /** @param of whose field it is, for errors @param prefix of a name that is suggested */
  #fieldOf(type: Type, name: string, at: Span, of: string, prefix: string): { type: Type; read(value: unknown): unknown } {
    if (type.kind === 'options') return this.#option(type.cases, name, at, of);
    if (type.kind !== 'record') throw this.#fault(`${of} is ${inWords(type)} and has no fields`, at, `leave .${name} out`);
    const read = (value: unknown): unknown => (value as Record<string, unknown>)[name];
    const { fields, counts } = type;
    const field = fields.get(name);
    if (counts !== undefined && (field !== undefined || counts.pattern?.test(name)))
      return { type: NUMBER, read: (value) => read(value) ?? 0 };
    if (field !== undefined) return { type: field, read };
    const holder = [...fields].find(([, each]) => each.kind === 'options' && each.cases.has(name));
    const near = holder === undefined ? nearest(name, [...fields.keys()]) : `${holder[0]}.${name}`;
    const hint = near === undefined ? `there are ${[...fields.keys()].join(', ')}` : `did you mean ${prefix}${near}?`;
    throw this.#fault(`there is no ${name} in ${of}`, at, hint);
  }

  /** Of a list of options: the first of that name; where it holds one thing alone, that. */
  #option(cases: ReadonlyMap<string, RecordType>, name: string, at: Span, of: string): { type: Type; read(value: unknown): unknown } {
    const record = cases.get(name);
    if (record === undefined) {
      const near = nearest(name, [...cases.keys()]);
      throw this.#fault(
        `there is no option ${name}`,
        at,
        near === undefined ? `there are ${[...cases.keys()].join(', ')}` : `did you mean ${of}.${near}?`,
      );
    }
    const contents = contentsOf(record);
    const [only] = contents;
    if (only === undefined) throw this.#fault(`the option ${name} holds nothing`, at, `write ${of} has ${name}`);
    const find = (value: unknown) => (value as { name: string }[]).find((option) => option.name === name);
    if (contents.length > 1) return { type: record, read: find };
    return { type: only[1], read: (value) => (find(value) as Record<string, unknown> | undefined)?.[only[0]] };
  }

  #call(node: Node & { kind: 'call' }, scope: Scope): Value {
    const { name, nameAt, argument } = node;
    if (!isFunction(name))
      throw this.#fault(`there is no function ${name}`, nameAt, suggestion(name, FUNCTIONS, `there are ${FUNCTIONS.join(', ')}`));
    if (name === 'all') return this.#all(node, scope);
    const given = this.read(argument, scope);
    const list = this.#listOf(given);
    const isOfNumbers = name === 'min' || name === 'max' || name === 'sum';
    if (isOfNumbers && list.item.kind !== 'number')
      throw this.#fault(`${name} wants numbers, and ${given.text} are none`, argument, this.#numbersHint(list));
    const type: Type = name === 'count' ? NUMBER : name === 'any' ? { kind: 'flag' } : list.item;
    return this.folded(node, type, foldOf(list, FOLDINGS[name]));
  }

  #numbersHint({ item }: List): string {
    const number = item.kind === 'record' ? [...item.fields].find(([, { kind }]) => kind === 'number')?.[0] : undefined;
    return number === undefined ? 'count() counts anything' : `name a field of them, such as .${number}`;
  }

  #all(node: Node & { kind: 'call' }, scope: Scope): Value {
    const { argument } = node;
    if (argument.kind !== 'where') throw this.#fault('all wants a condition', argument, `such as all(received where ttl > 32)`);
    const value = this.read(argument.list, scope);
    const list = this.#listOf(value);
    const condition = this.#condition(argument.condition, this.#itemScope(list, value));
    return this.folded(
      node,
      { kind: 'flag' },
      foldOf(list, () => all(condition)),
    );
  }

  /** What becomes of a list, as a value of its own. */
  folded(node: Node, type: Type, it: Fold): Value {
    return fieldValue(node, this.#text(node), type, this.#fold(it), undefined);
  }

  #fold(it: Fold): (env: Env) => Found {
    if (it.list.stream !== undefined) this.folds.push(it);
    return (env) => fold(it, env);
  }

  #listOf({ list, type, text, at }: Value): List {
    if (list !== undefined) return list;
    if (type?.kind === 'record')
      throw this.#fault(`${text} is a record and no list`, at, `name a field of it: ${[...type.fields.keys()].join(', ')}`);
    throw this.#fault(
      `${text} is ${type === undefined ? 'no list' : `${inWords(type)} and no list`}`,
      at,
      'lists are such as received, notes and states',
    );
  }

  #itemScope(list: List, { text, at }: Value): Scope {
    const { item } = list;
    if (item.kind !== 'record')
      throw this.#fault(`where wants records, and these are ${inWords(item)} each`, at, 'has finds a word in a list of words');
    return {
      names: [...item.fields.keys()],
      lookUp: (name, span) => {
        const type = item.fields.get(name);
        const read = (env: Env): Found => ({ value: env.row[name], about: [] });
        return type && fieldValue(span, name, type, read, undefined);
      },
      of: `the items of ${text}`,
      isOfItems: true,
      paths: pathsIn(item.fields),
    };
  }
}

const isFunction = (name: string): name is FunctionName => FUNCTIONS.includes(name);

/** @param list where it has one beside its value */
function fieldValue(at: Span, text: string, type: Type | undefined, read: (env: Env) => Found, list: List | undefined): Value {
  return { at, text, type, read, list: list ?? listIn(type, read) };
}

/** A value that is a list. */
function listIn(type: Type | undefined, read: (env: Env) => Found): List | undefined {
  return type?.kind === 'list' ? valueList(type, read) : undefined;
}

/** How the fields of records are to be written, by their own name; of several the first. */
export function pathsIn(fields: Iterable<readonly [name: string, type: Type | undefined]>): Map<string, string> {
  const paths = new Map<string, string>();
  for (const [outer, type] of fields) {
    if (type?.kind !== 'record') continue;
    for (const inner of type.fields.keys()) if (!paths.has(inner)) paths.set(inner, `${outer}.${inner}`);
  }
  return paths;
}
