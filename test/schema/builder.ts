/**
 * JSON Schema (draft 2020-12) built so that the compiler holds it to a type: a field that is missing, too much, of
 * another type, or a word that the type does not have, does not compile.
 */
import { readdirSync, readFileSync } from 'node:fs';

/** Of a value of any type. */
export interface AnySchema {
  readonly json: object;
  readonly optional?: true;
}

/** Of a value of just this type: neither a wider nor a narrower one will do. */
export interface Schema<T> extends AnySchema {
  readonly of?: (value: T) => T;
}

/** What is told once and referred to. */
export const definitions: Record<string, object> = {};

const reference = (name: string): object => ({ $ref: `#/$defs/${name}` });

export function defined<T>(name: string, { json }: Schema<T>): Schema<T> {
  if (name in definitions) throw new Error(`${name} is defined twice`);
  definitions[name] = json;
  return { json: reference(name) };
}

/** One of several. */
export const either = (schemas: readonly AnySchema[]): Schema<unknown> => ({ json: { anyOf: schemas.map(({ json }) => json) } });

export const text: Schema<string> = { json: { type: 'string' } };
export const number: Schema<number> = { json: { type: 'number' } };
export const integer: Schema<number> = { json: { type: 'integer' } };
export const flag: Schema<boolean> = { json: { type: 'boolean' } };
/** Bytes are printed as hex. */
export const hex: Schema<Uint8Array> = { json: { type: 'string', pattern: '^([0-9a-f]{2})*$' } };

export const pattern = <T extends string>(expression: string): Schema<T> => ({ json: { type: 'string', pattern: expression } });

export const constant = <const V extends string | number>(value: V): Schema<V> => ({ json: { const: value } });

/** All the words of a type, each once. */
export const oneOf =
  <T extends string>() =>
  <const V extends readonly T[]>(...words: [T] extends [V[number]] ? V : never): Schema<T> => ({ json: { enum: words } });

export const optional = <T>({ json }: Schema<T>): Schema<T | undefined> => ({ json, optional: true });

export const list = <T>(item: Schema<T>): Schema<readonly T[]> => ({ json: { type: 'array', items: item.json } });

/** An object whose keys are words of a type, any of them, each with the same kind of value. */
export const counts = <K extends string>(key: Schema<K>): Schema<Partial<Record<K, number>>> => ({
  json: { type: 'object', propertyNames: key.json, additionalProperties: { type: 'integer' } },
});

/** The record of a union that has this name, or this among others. */
type Named<T extends { name: string }, N> = T extends { name: infer M } ? (N extends M ? T : never) : never;

/** One of several records, told apart by their field `name`. */
export const named = <T extends { name: string }>(cases: { [N in T['name']]: Schema<Named<T, N>> }): Schema<T> => ({
  json: { anyOf: [...new Set(Object.values(cases as Record<string, AnySchema>).map(({ json }) => json))] },
});

/** A list that may be written to is printed like one that may not. */
type Listed<T> = T extends readonly (infer Item)[] ? readonly Item[] : T;

export const record = <T>(fields: { [K in keyof T]-?: Schema<Listed<T[K]>> }, descriptions: Descriptions = {}): Schema<T> => {
  const entries = Object.entries(fields as Record<string, AnySchema>);
  return {
    json: {
      type: 'object',
      properties: Object.fromEntries(
        entries.map(([name, { json }]) => [name, name in descriptions ? { description: descriptions[name], ...json } : json]),
      ),
      required: entries.filter(([, schema]) => !schema.optional).map(([name]) => name),
      additionalProperties: false,
    },
  };
};

export type Descriptions = Readonly<Record<string, string>>;

/** The comments that stand above the fields of the interfaces of a folder's files, by interface. */
export function commentsOf(folder: string): Record<string, Descriptions> {
  const found: Record<string, Descriptions> = {};
  const source = readdirSync(folder)
    .map((file) => readFileSync(`${folder}/${file}`, 'utf8'))
    .join('\n');
  for (const [, name = '', body = ''] of source.matchAll(/^(?:export )?interface (\w+)[^{]*\{\n([\s\S]*?)^\}/gm)) {
    const fields = body.matchAll(/^ {2}\/\*\*\s+(.*?)\s*\*\/\n {2}(\w+)\??:/gms);
    found[name] = Object.fromEntries([...fields].map(([, comment = '', field = '']) => [field, comment.replace(/\s*\n\s+\*\s/g, ' ')]));
  }
  return found;
}
