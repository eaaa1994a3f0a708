/** What values there are, read from the descriptions of events and results. */
import type { AnySchema } from '../../probe/schema/builder.ts';
import { type UnitName, unitOf } from './units.ts';

export type Type =
  | NumberType
  /** `pattern`: what all of them match; `words`: those of them that can be named. */
  | { kind: 'text'; pattern: RegExp | undefined; words: readonly string[] }
  | { kind: 'words'; words: readonly string[] }
  | { kind: 'flag' }
  | ListType
  | { kind: 'options'; cases: ReadonlyMap<string, RecordType> }
  | RecordType;

export interface NumberType {
  kind: 'number';
  unit: UnitName | undefined;
}

export interface ListType {
  kind: 'list';
  item: Type;
}

export interface RecordType {
  kind: 'record';
  fields: ReadonlyMap<string, Type>;
  /** Of counts: any word that matches is a field, and a number; one that is not there is 0. */
  counts?: { pattern: RegExp | undefined };
}

export const NUMBER: NumberType = { kind: 'number', unit: undefined };

const wordsOf = (pattern: string): string[] =>
  /^\^\((.*)\)\$$/
    .exec(pattern)?.[1]
    ?.split('|')
    .filter((word) => /^[\w-]+$/.test(word)) ?? [];

/**
 * @param name of the field, which may end in a unit
 * @param unit of the record that it stands in
 */
export function typeOf({ shape }: AnySchema, name: string, unit: UnitName | undefined): Type {
  const own = unitOf(name) ?? unit;
  switch (shape.kind) {
    case 'number':
      return { kind: 'number', unit: own };
    case 'text':
      return {
        kind: 'text',
        pattern: shape.pattern === undefined ? undefined : new RegExp(shape.pattern),
        words: wordsOf(shape.pattern ?? ''),
      };
    case 'flag':
      return { kind: 'flag' };
    case 'constant':
      return typeof shape.value === 'number' ? { kind: 'number', unit: own } : { kind: 'words', words: [shape.value] };
    case 'nullable':
      return typeOf(shape.of, name, unit);
    case 'words':
      return { kind: 'words', words: shape.words };
    case 'list':
      return shape.item.shape.kind === 'union' ? optionsOf(shape.item.shape.cases) : { kind: 'list', item: typeOf(shape.item, name, own) };
    case 'counts': {
      const key = typeOf(shape.key, name, undefined) as Type & { kind: 'text' | 'words' };
      const fields = new Map(key.words.map((word) => [word, NUMBER]));
      return { kind: 'record', fields, counts: { pattern: key.kind === 'text' ? key.pattern : undefined } };
    }
    case 'union':
      throw new Error(`${name}: one of several records stands outside of a list`);
    case 'record':
      return recordOf(Object.entries(shape.fields), own);
  }
}

const recordOf = (fields: readonly (readonly [name: string, schema: AnySchema])[], unit: UnitName | undefined): RecordType => ({
  kind: 'record',
  fields: new Map(fields.map(([name, schema]) => [name, typeOf(schema, name, unit)])),
});

/** Records that are told apart by their name, which may be one of several. */
function optionsOf(cases: readonly AnySchema[]): Type {
  const records = cases.map((schema) => typeOf(schema, '', undefined) as RecordType);
  return {
    kind: 'options',
    cases: new Map(
      records.flatMap((record) => {
        const name = record.fields.get('name');
        return name?.kind === 'words' ? name.words.map((word) => [word, record] as const) : [];
      }),
    ),
  };
}

/** What any one of the options is known to have. */
export const anyOf = ({ cases }: Type & { kind: 'options' }): RecordType => ({
  kind: 'record',
  fields: new Map([['name', { kind: 'words', words: [...cases.keys()] }]]),
});

/** Of an option: what it holds beside its name and, where the name says which one it is, its kind. */
export const contentsOf = ({ fields }: RecordType): [name: string, type: Type][] =>
  [...fields].filter(([name]) => name !== 'name' && name !== 'kind');

/** As a sentence has it. */
export function inWords(type: Type): string {
  switch (type.kind) {
    case 'number':
      return 'a number';
    case 'text':
    case 'words':
      return 'a word';
    case 'flag':
      return 'true or false';
    case 'list':
    case 'options':
      return 'a list';
    case 'record':
      return 'a record';
  }
}
