/**
 * What events and results are made of, as data, built so that the compiler holds it to a type: a field that is missing,
 * too much, of another type, or a word that the type does not have, does not compile. The published JSON Schema is
 * written from it, and expectations are checked against it.
 */

/** The kind of a value, and what it is made of. */
export type Shape =
  /** `pattern`: a regular expression that all of them match. `hex`: bytes, as hex. */
  | { readonly kind: 'text'; readonly pattern?: string; readonly hex?: true }
  | { readonly kind: 'number'; readonly isInteger: boolean }
  | { readonly kind: 'flag' }
  | { readonly kind: 'constant'; readonly value: string | number }
  | { readonly kind: 'nullable'; readonly of: AnySchema }
  | { readonly kind: 'words'; readonly words: readonly string[] }
  | { readonly kind: 'list'; readonly item: AnySchema }
  | CountsShape
  | { readonly kind: 'union'; readonly cases: readonly AnySchema[] }
  | RecordShape;

/** A number for each of some words; a word that it does not have counts 0. */
export interface CountsShape {
  readonly kind: 'counts';
  readonly key: AnySchema;
}

export interface RecordShape {
  readonly kind: 'record';
  readonly fields: Readonly<Record<string, AnySchema>>;
  /** What describes the fields; the last that knows a field wins. */
  readonly description: readonly Description[];
}

/** The interface whose comments describe the fields, by name; or the descriptions themselves. */
export type Description = string | Readonly<Record<string, string>>;

/** Of a value of any type. */
export interface AnySchema {
  readonly shape: Shape;
  /** Under which it is told once and referred to. */
  readonly name?: string;
  readonly optional?: true;
}

/** Of a value of just this type: neither a wider nor a narrower one will do. */
export interface Schema<T> extends AnySchema {
  readonly of?: (value: T) => T;
}

/** What has a name, in the order of definition. */
export const definitions = new Map<string, AnySchema>();

export function defined<T>(name: string, { shape }: Schema<T>): Schema<T> {
  if (definitions.has(name)) throw new Error(`${name} is defined twice`);
  const schema = { shape, name };
  definitions.set(name, schema);
  return schema;
}

export const text: Schema<string> = { shape: { kind: 'text' } };
export const number: Schema<number> = { shape: { kind: 'number', isInteger: false } };
export const integer: Schema<number> = { shape: { kind: 'number', isInteger: true } };
export const flag: Schema<boolean> = { shape: { kind: 'flag' } };
/** Bytes are printed as hex. */
export const hex: Schema<Uint8Array> = { shape: { kind: 'text', hex: true, pattern: '^([0-9a-f]{2})*$' } };

export const pattern = <T extends string>(expression: string): Schema<T> => ({ shape: { kind: 'text', pattern: expression } });

export const constant = <const V extends string | number>(value: V): Schema<V> => ({ shape: { kind: 'constant', value } });

/** All the words of a type, each once. */
export const oneOf =
  <T extends string>() =>
  <const V extends readonly T[]>(...words: [T] extends [V[number]] ? V : never): Schema<T> => ({ shape: { kind: 'words', words } });

export const optional = <T>(schema: Schema<T>): Schema<T | undefined> => ({ ...(schema as AnySchema), optional: true });

/** The value, or null where there is none of it. */
export const nullable = <T>(schema: Schema<T>): Schema<T | null> => ({ shape: { kind: 'nullable', of: schema } });

export const list = <T>(item: Schema<T>): Schema<readonly T[]> => ({ shape: { kind: 'list', item } });

/** An object whose keys are words of a type, any of them, each with the same kind of value. */
export const counts = <K extends string>(key: Schema<K>): Schema<Partial<Record<K, number>>> => ({ shape: { kind: 'counts', key } });

/** The record of a union that has this name, or this among others. */
type Named<T extends { name: string }, N> = T extends { name: infer M } ? (N extends M ? T : never) : never;

/** One of several records, told apart by their field `name`. */
export const named = <T extends { name: string }>(cases: { [N in T['name']]: Schema<Named<T, N>> }): Schema<T> => ({
  shape: { kind: 'union', cases: [...new Set(Object.values<AnySchema>(cases))] },
});

/** A list that may be written to is printed like one that may not. */
type Listed<T> = T extends readonly (infer Item)[] ? readonly Item[] : T;

export const record = <T>(fields: { [K in keyof T]-?: Schema<Listed<T[K]>> }, ...description: readonly Description[]): Schema<T> => ({
  shape: { kind: 'record', fields: fields as Record<string, AnySchema>, description },
});

/** The fields of a record, with more of them, or others in the place of its own. */
export function extended<T>(base: AnySchema, more: Schema<T>): AnySchema {
  const [own, added] = [base.shape as RecordShape, more.shape as RecordShape];
  return {
    shape: {
      kind: 'record',
      fields: { ...own.fields, ...added.fields },
      description: [...own.description, ...added.description],
    },
  };
}
