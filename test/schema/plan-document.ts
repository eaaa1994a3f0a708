/** The JSON Schema of plans, for editors: written from the same data that the parser reads by. */
import type { Option } from '../../src/options/options.ts';
import { DEFAULT_KEYS, type Key, type KeyShape, PLAN_KEYS, STEP_KEYS, TEST_KEYS } from '../../src/plan/keys.ts';
import { KINDS, type Kind } from '../../src/plan/kinds.ts';
import { STEP_NAMES } from '../../src/plan/model.ts';
import { LISTED, TARGET_KEYS, TARGETS_KEY } from '../../src/plan/step-args.ts';

/** Any single value; also where a number is wanted there may be a `${name}`. */
const SCALAR = { type: ['string', 'number', 'boolean'] };
const SCALARS = { anyOf: [SCALAR, { type: 'array', items: SCALAR }] };
const VARIABLE = { type: 'string', pattern: '\\$\\{[^}]*\\}' };

const named = (schemas: Readonly<Record<string, object>>, rest: object = {}): object => ({
  type: 'object',
  properties: { ...schemas },
  additionalProperties: false,
  ...rest,
});

const steps = (): Record<string, object> => Object.fromEntries(STEP_NAMES.map((name) => [name, { $ref: `#/$defs/${name}` }]));

function shapeSchema(shape: KeyShape): object {
  switch (shape.kind) {
    case 'text':
      return SCALAR;
    case 'seconds':
      return { anyOf: [{ type: 'number', exclusiveMinimum: 0 }, VARIABLE] };
    case 'count':
      return { anyOf: [{ type: 'integer', minimum: 0, maximum: shape.most }, VARIABLE] };
    case 'flag':
      return { anyOf: [{ type: 'boolean' }, VARIABLE] };
    case 'words':
      return { anyOf: [{ enum: shape.words }, VARIABLE] };
    case 'texts':
      return SCALARS;
    case 'values':
      return { type: 'object', additionalProperties: { type: ['string', 'number', 'boolean', 'null'] } };
    case 'matrix':
      return { type: 'object', additionalProperties: SCALARS };
    case 'tests':
      return { type: 'array', minItems: 1, items: { $ref: '#/$defs/test' } };
    case 'steps':
      return { type: 'array', minItems: 1, items: { $ref: '#/$defs/step' } };
    case 'defaults':
      return { $ref: '#/$defs/defaults' };
  }
}

const described = (key: Key): [string, object] => [key.name, { description: key.describe, ...shapeSchema(key.shape) }];
const keys = (list: readonly Key[]): Record<string, object> => Object.fromEntries(list.map(described));

function optionSchema({ name, argument, choices, optional, negatable, repeatable }: Option): object {
  if (argument === undefined) return { anyOf: [{ type: 'boolean' }, VARIABLE] };
  if (choices !== undefined) return { anyOf: [{ enum: choices }, VARIABLE] };
  if (repeatable || LISTED.has(name)) return SCALARS;
  return optional || negatable ? SCALAR : { type: ['string', 'number'] };
}

function kindSchema({ options, manyTargets, isText }: Kind): object {
  const targets = [...TARGET_KEYS, ...(manyTargets ? [TARGETS_KEY] : [])].map(({ name, describe }) => [
    name,
    { description: describe, ...(name === TARGETS_KEY.name ? SCALARS : { type: ['string', 'number'] }) },
  ]);
  const own = options.map((option) => [option.name, { description: option.describe, ...optionSchema(option) }]);
  const map = named(Object.fromEntries([...targets, ...own]));
  const alone = isText ? 'The packet script' : 'The target: HOST:PORT';
  return { anyOf: [map, { type: 'string', description: alone }, { type: 'null' }] };
}

/** Draft 2020-12. */
export function planSchema(): object {
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'A plan for `rawshake run`',
    ...named(keys(PLAN_KEYS), { required: ['tests'] }),
    $defs: {
      test: named({ ...keys(TEST_KEYS), ...steps() }, { required: ['name'] }),
      step: named({ ...keys(STEP_KEYS), ...steps() }),
      defaults: named({ ...keys(DEFAULT_KEYS), ...steps() }),
      ...Object.fromEntries(STEP_NAMES.map((name) => [name, kindSchema(KINDS[name])])),
    },
  };
}
