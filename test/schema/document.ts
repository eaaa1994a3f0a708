/** The JSON Schema (draft 2020-12) of the lines of `--json`, with what the comments of the event types say of each field. */
import { readdirSync, readFileSync } from 'node:fs';
import { type AnySchema, type Description, definitions, type RecordShape, type Shape } from '../../src/probe/schema/builder.ts';
import { COMMAND_LINES } from '../../src/probe/schema/lines.ts';

/** The schema of a line of any command. */
export function outputSchema(): object {
  const commands = Object.keys(COMMAND_LINES);
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'A line of `rawshake … --json`',
    description: `Each line is one object; the last one has the type "result". $defs has the lines of each command: ${commands.join(', ')}.`,
    anyOf: commands.map(reference),
    $defs: {
      ...Object.fromEntries([...definitions].map(([name, { shape }]) => [name, whole(shape)])),
      ...Object.fromEntries(Object.entries(COMMAND_LINES).map(([command, lines]) => [command, anyOf(lines)])),
    },
  };
}

const reference = (name: string): object => ({ $ref: `#/$defs/${name}` });

const anyOf = (schemas: readonly AnySchema[]): object => ({ anyOf: schemas.map(json) });

const json = ({ name, shape }: AnySchema): object => (name === undefined ? whole(shape) : reference(name));

function whole(shape: Shape): object {
  switch (shape.kind) {
    case 'text':
      return shape.pattern === undefined ? { type: 'string' } : { type: 'string', pattern: shape.pattern };
    case 'number':
      return { type: shape.isInteger ? 'integer' : 'number' };
    case 'flag':
      return { type: 'boolean' };
    case 'constant':
      return { const: shape.value };
    case 'nullable':
      return { anyOf: [json(shape.of), { const: null }] };
    case 'words':
      return { enum: shape.words };
    case 'list':
      return { type: 'array', items: json(shape.item) };
    case 'counts':
      return { type: 'object', propertyNames: json(shape.key), additionalProperties: { type: 'integer' } };
    case 'union':
      return anyOf(shape.cases);
    case 'record':
      return object(shape);
  }
}

function object(record: RecordShape): object {
  const { fields } = record;
  const descriptions = descriptionsOf(record);
  const entries = Object.entries(fields);
  return {
    type: 'object',
    properties: Object.fromEntries(
      entries.map(([name, field]) => [name, name in descriptions ? { description: descriptions[name], ...json(field) } : json(field)]),
    ),
    required: entries.filter(([, field]) => !field.optional).map(([name]) => name),
    additionalProperties: false,
  };
}

/** What there is to say of a record's fields. */
export const descriptionsOf = ({ description }: RecordShape): Record<string, string> => Object.assign({}, ...description.map(inWords));

/** Of what the events are made of too. */
const comments = { ...commentsOf('src/wire'), ...commentsOf('src/probe/events') };

function inWords(description: Description): object {
  if (typeof description !== 'string') return description;
  const found = comments[description];
  if (found === undefined) throw new Error(`there is no interface ${description}`);
  return found;
}

/** The comments that stand above the fields of the interfaces of a folder's files, by interface. */
function commentsOf(folder: string): Record<string, Readonly<Record<string, string>>> {
  const found: Record<string, Readonly<Record<string, string>>> = {};
  const source = readdirSync(folder)
    .map((file) => readFileSync(`${folder}/${file}`, 'utf8'))
    .join('\n');
  for (const [, name = '', body = ''] of source.matchAll(/^(?:export )?interface (\w+)[^{]*\{\n([\s\S]*?)^\}/gm)) {
    const fields = body.matchAll(/^ {2}\/\*\*[\s*]+(.*?)\s*\*\/\n {2}(\w+)\??:/gms);
    found[name] = Object.fromEntries([...fields].map(([, comment = '', field = '']) => [field, comment.replace(/\s*\n\s+\*\s/g, ' ')]));
  }
  return found;
}
