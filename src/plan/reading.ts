/** Values of a tree as what a key wants, each with an error that says where and what. */
import { quote, suggestion } from '../options/values.ts';
import type { Key } from './keys.ts';
import { allOf } from './problem.ts';
import type { Dict, List, Scalar, Source, Value } from './tree.ts';
import type { Variables } from './variables.ts';

const KIND_NAMES = { scalar: 'a single value', list: 'a list', map: 'a map' } as const;

/** Reads one plan's tree. Every method throws PlanError. */
export class Reading {
  constructor(
    readonly source: Source,
    readonly variables: Variables,
  ) {}

  /** The same plan with more names known. */
  with(variables: Variables): Reading {
    return new Reading(this.source, variables);
  }

  map(value: Value, what: string): Dict {
    if (value.kind === 'map') return value;
    throw this.source.error(value.at, `${what} is ${this.#shown(value)}, and a map is wanted`, 'keys with a value each: "key: value"');
  }

  list(value: Value, what: string): List {
    if (value.kind === 'list') return value;
    throw this.source.error(value.at, `${what} is ${this.#shown(value)}, and a list is wanted`, 'items on lines that begin with "- "');
  }

  scalar(value: Value, what: string): Scalar {
    if (value.kind === 'scalar') return value;
    throw this.source.error(value.at, `${what} is ${KIND_NAMES[value.kind]}, and a single value is wanted`);
  }

  /** The value of a key, if it is there. A map has no keys but these. */
  known(map: Dict, keys: readonly Pick<Key, 'name'>[], what: string, hint?: (name: string) => string | undefined): void {
    const names = keys.map(({ name }) => name);
    const unknown = [...map.entries].filter(([name]) => !names.includes(name));
    allOf(
      ...unknown.map(([name, { keyAt }]) => () => {
        throw this.source.error(
          keyAt,
          `${quote(name)} is no key of ${what}`,
          hint?.(name) ?? suggestion(name, names, `it has ${names.join(', ')}`),
        );
      }),
    );
  }

  text(value: Value, what: string): string {
    const scalar = this.scalar(value, what);
    if (scalar.value === null) throw this.source.error(scalar.at, `${what} has no value`, 'give it one, or leave it out');
    return this.variables.text(scalar);
  }

  /** One text or a list of them, each with where it stands. */
  texts(value: Value, what: string): { text: string; scalar: Scalar }[] {
    const items = value.kind === 'list' ? value.items : [value];
    return items.map((item) => ({ text: this.text(item, what), scalar: this.scalar(item, what) }));
  }

  flag(value: Value, what: string): boolean {
    const text = this.text(value, what);
    if (text === 'true' || text === 'false') return text === 'true';
    throw this.source.error(value.at, `${what} is ${quote(text)}, neither true nor false`);
  }

  number(value: Value, what: string, least: number, most: number, isInteger: boolean): number {
    const text = this.text(value, what);
    const number = /^\d+(\.\d+)?$/.test(text) ? Number(text) : Number.NaN;
    if (Number.isNaN(number) || (isInteger && !Number.isInteger(number)))
      throw this.source.error(
        value.at,
        `${what} is ${quote(text)}, and no ${isInteger ? 'whole number' : 'number'}`,
        `give ${least} to ${most}`,
      );
    if (number < least || number > most) throw this.source.error(value.at, `${what}: ${text} is out of range`, `give ${least} to ${most}`);
    return number;
  }

  word<T extends string>(value: Value, what: string, words: readonly T[]): T {
    const text = this.text(value, what);
    const found = words.find((word) => word === text);
    if (found !== undefined) return found;
    throw this.source.error(value.at, `${what}: ${quote(text)} is not known`, suggestion(text, words, `give one of ${words.join(', ')}`));
  }

  #shown(value: Value): string {
    return value.kind === 'scalar' && value.value !== null ? quote(value.text) : value.kind === 'scalar' ? 'empty' : KIND_NAMES[value.kind];
  }
}

export const child = (map: Dict, name: string): Value | undefined => map.entries.get(name)?.value;

/** Of `setup` and `teardown`. @throws PlanError where there are any and they are not allowed */
export function readCommands(map: Dict, name: 'setup' | 'teardown', allowed: boolean, reading: Reading): string[] {
  const value = child(map, name);
  if (value === undefined) return [];
  const commands = reading.texts(value, name).map(({ text }) => text);
  if (!allowed) throw reading.source.error(value.at, `${name} runs shell commands`, 'add --allow-commands if it may');
  return commands;
}
