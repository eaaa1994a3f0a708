/** Expressions as text: what they are read as, and that nothing that is typed crashes or hangs what reads it. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ExpressionError, faultIn } from '../../../src/plan/expect/error.ts';
import { evaluateExpectation, Observation, parseExpectation } from '../../../src/plan/expect/expectation.ts';
import { EXPECTING, namesOf } from '../../../src/plan/expect/names.ts';
import { parse } from '../../../src/plan/expect/parser.ts';
import { type Node, ORDERS, type PatternNode } from '../../../src/plan/expect/syntax.ts';
import { UNITS, type UnitName } from '../../../src/plan/expect/units.ts';
import { RUNS } from './runs.ts';

/** With everything in parentheses that can be. */
function print(node: Node): string {
  switch (node.kind) {
    case 'and':
    case 'or':
      return `(${print(node.left)}) ${node.kind} (${print(node.right)})`;
    case 'not':
      return `not (${print(node.of)})`;
    case 'compare':
      return `${print(node.left)} ${node.order} ${print(node.right)}`;
    case 'match':
      return `${print(node.left)} ${node.isNegated ? '!~' : '~'} /${node.pattern.source}/${node.pattern.flags}`;
    case 'has':
      return `${print(node.left)} has ${print(node.right)}`;
    case 'in':
      return `${print(node.left)} in (${node.choices.map(print).join(', ')})`;
    case 'name':
      return node.name;
    case 'field':
      return `${print(node.of)}.${node.name}`;
    case 'call':
      return `${node.name}(${print(node.argument)})`;
    case 'where':
      return `(${print(node.list)} where ${print(node.condition)})`;
    case 'number':
      return `${node.value}${node.unit ?? ''}`;
    case 'text':
      return quoted(node.value);
    case 'flag':
      return String(node.value);
    case 'none':
      return 'none';
  }
}

const quoted = (text: string): string =>
  `"${[...text].map((character) => (/[ !#-[\]-~]/.test(character) || character > '\x7f' ? character : escaped(character))).join('')}"`;

const escaped = (character: string): string =>
  character === '"' || character === '\\' ? `\\${character}` : `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`;

/** What it means, without where it stands. */
const bare = (node: Node): unknown =>
  JSON.parse(JSON.stringify(node, (key, value) => (['from', 'to', 'nameAt'].includes(key) ? undefined : value)));

const reading = (text: string): unknown => bare(parse(text, faultIn(text)));

const name = (text: string): object => ({ kind: 'name', name: text });
const field = (of: object, text: string): object => ({ kind: 'field', of, name: text });
const equal = (left: object, right: object): object => ({ kind: 'compare', order: '==', left, right });

describe('reads', () => {
  it.each<[string, object]>([
    ['verdict == open', equal(name('verdict'), name('open'))],
    ['close.finalState == TIME-WAIT', equal(field(name('close'), 'finalState'), name('TIME-WAIT'))],
    ['verdict == open|filtered', equal(name('verdict'), name('open|filtered'))],
    ['rttUs<=1.5e2ms', { kind: 'compare', order: '<=', left: name('rttUs'), right: { kind: 'number', value: 150, unit: 'ms' } }],
    ['a == -0x1f', equal(name('a'), { kind: 'number', value: -31 })],
    ['a == 10.0.0.1', equal(name('a'), { kind: 'text', value: '10.0.0.1' })],
    [String.raw`a == 'it\'s \x41\n'`, equal(name('a'), { kind: 'text', value: "it's A\n" })],
    [
      String.raw`data.text ~ /^a\/[/"]+$/im`,
      {
        kind: 'match',
        isNegated: false,
        left: field(name('data'), 'text'),
        pattern: { source: String.raw`^a\/[/"]+$`, flags: 'im' },
      },
    ],
    ['not a or b and c', { kind: 'or', left: { kind: 'not', of: name('a') }, right: { kind: 'and', left: name('b'), right: name('c') } }],
    [
      'count(received where flags has RST) == 0',
      equal(
        {
          kind: 'call',
          name: 'count',
          argument: { kind: 'where', list: name('received'), condition: { kind: 'has', left: name('flags'), right: name('RST') } },
        },
        { kind: 'number', value: 0 },
      ),
    ],
    [
      '(a where b).c in (none, true)',
      {
        kind: 'in',
        left: field({ kind: 'where', list: name('a'), condition: name('b') }, 'c'),
        choices: [{ kind: 'none' }, { kind: 'flag', value: true }],
      },
    ],
  ])('%s', (text, node) => {
    expect(reading(text)).toEqual(node);
  });
});

const at = { from: 0, to: 0, nameAt: { from: 0, to: 0 } };
const word = fc.stringMatching(/^[a-z][A-Za-z0-9]{0,5}(-[a-z]{1,3})?$/).filter((text) => !RESERVED.test(text));
const RESERVED = /^(and|or|not|has|in|where|none|true|false)$/;
const pattern: fc.Arbitrary<PatternNode> = fc.record({
  source: fc.constantFrom('a', '^a+$', String.raw`\/`, '[/]', '(a|b)', ' '),
  flags: fc.constantFrom('', 'i', 'ms'),
  from: fc.constant(0),
  to: fc.constant(0),
});
const literal: fc.Arbitrary<Node> = fc.oneof(
  fc.record({
    ...constants(at),
    kind: fc.constant('number' as const),
    value: fc.double({ noNaN: true, noDefaultInfinity: true }).filter((value) => !Object.is(value, -0)),
    unit: fc.option(fc.constantFrom(...(Object.keys(UNITS) as UnitName[])), { nil: undefined }),
  }),
  fc.record({ ...constants(at), kind: fc.constant('text' as const), value: fc.string({ unit: 'binary' }) }),
  fc.record({ ...constants(at), kind: fc.constant('flag' as const), value: fc.boolean() }),
  fc.record({ ...constants(at), kind: fc.constant('none' as const) }),
);

function constants<T extends object>(values: T): { [K in keyof T]: fc.Arbitrary<T[K]> } {
  return Object.fromEntries(Object.entries(values).map(([key, value]) => [key, fc.constant(value)])) as never;
}

const { expression } = fc.letrec<{ expression: Node; operand: Node }>((tie) => {
  const kind = <K extends string>(text: K) => ({ ...constants(at), kind: fc.constant(text) });
  return {
    operand: fc.oneof(
      { maxDepth: 4, depthIdentifier: 'all' },
      fc.record({ ...kind('name'), name: word }),
      literal,
      fc.record({
        ...kind('field'),
        of: tie('operand').filter(({ kind }) => ['name', 'field', 'call', 'where'].includes(kind)),
        name: word,
      }),
      fc.record({ ...kind('call'), name: word, argument: tie('operand') }),
      fc.record({ ...kind('where'), list: tie('operand'), condition: tie('expression') }),
    ) as fc.Arbitrary<Node>,
    expression: fc.oneof(
      { maxDepth: 4, depthIdentifier: 'all' },
      tie('operand'),
      fc.record({ ...kind('compare'), order: fc.constantFrom(...ORDERS), left: tie('operand'), right: tie('operand') }),
      fc.record({ ...kind('match'), isNegated: fc.boolean(), left: tie('operand'), pattern }),
      fc.record({ ...kind('has'), left: tie('operand'), right: tie('operand') }),
      fc.record({ ...kind('in'), left: tie('operand'), choices: fc.array(tie('operand'), { minLength: 1, maxLength: 3 }) }),
      fc.record({ ...kind('not'), of: tie('expression') }),
      fc.record({ ...kind('and'), left: tie('expression'), right: tie('expression') }),
      fc.record({ ...kind('or'), left: tie('expression'), right: tie('expression') }),
    ) as fc.Arbitrary<Node>,
  };
});

it('reads what is printed as what it was', () => {
  fc.assert(
    fc.property(expression, (node) => {
      expect(reading(print(node))).toEqual(bare(node));
    }),
    { numRuns: 300 },
  );
});

/** Words that make sense, in an order that hardly ever does. */
const soup = fc
  .array(
    fc.constantFrom(
      ...[...namesOf('connect').keys(), ...ORDERS],
      ...['and', 'or', 'not', 'has', 'in', 'where', 'none', 'true', 'count', 'any', 'all', 'first', 'min'],
      ...['(', ')', ',', '.', '~', '!~', '=', '/a/', '/', "'", '"', '"x"', '1', '20ms', '10.0.0.1', 'open', 'SYN', 'mss', '\\', 'é', '\n'],
    ),
    { maxLength: 30 },
  )
  .chain((words) => fc.constantFrom(words.join(' '), words.join('')));

/** Of names with their fields, so that much of it passes. */
const sensible = fc
  .tuple(
    fc.constantFrom(
      ...[...namesOf('connect')].flatMap(([outer, { type, first }]) => [
        outer,
        ...[...fieldsOf(type ?? first?.item)].map((inner) => `${outer}.${inner}`),
      ]),
    ),
    fc.constantFrom(
      '== none',
      '!= none',
      '> 1',
      '<= 20ms',
      '== open',
      'has SYN',
      'has ESTABLISHED',
      'has mss',
      '~ /e/',
      '== true',
      'in (1, 2)',
      '',
    ),
    fc.constantFrom(
      (text: string) => text,
      (text: string) => `not (${text})`,
      (text: string) => `${text} or verdict == closed`,
      (text: string) => `count(received where ${text}) == 0`,
    ),
  )
  .map(([left, right, around]) => around(`${left} ${right}`));

function fieldsOf(type: object | undefined): Iterable<string> {
  return type !== undefined && 'fields' in type ? (type.fields as Map<string, unknown>).keys() : [];
}

it('takes whatever is typed, or says where it is wrong', () => {
  fc.assert(
    fc.property(fc.oneof(soup, sensible, fc.string({ unit: 'binary' })), fc.constantFrom(...EXPECTING), (text, command) => {
      try {
        const expectation = parseExpectation(text, command);
        const observation = new Observation([expectation]);
        for (const event of RUNS[command]) observation.event(event);
        const { ok, failures } = evaluateExpectation(expectation, observation);
        expect(failures.length === 0).toBe(ok);
      } catch (error) {
        if (!(error instanceof ExpressionError)) throw error;
        expect(error.offset).toBeGreaterThanOrEqual(0);
        expect(error.offset).toBeLessThanOrEqual(text.length);
        expect(error.length).toBeGreaterThan(0);
        expect(error.message).not.toBe('');
        expect(error.hint).not.toBe('');
      }
    }),
    { numRuns: 3000 },
  );
});

it.each([
  ['deep', '('.repeat(4000)],
  ['deep in negations', 'not '.repeat(1000)],
  ['long', `${'verdict == open and '.repeat(200)}verdict == open`],
  ['longer than the limit', 'a'.repeat(5000)],
  ['one pattern', `data.text ~ /${'['.repeat(3000)}`],
])('is not held up by what is %s', (_what, text) => {
  const began = performance.now();
  try {
    parseExpectation(text, 'connect');
  } catch (error) {
    expect(error).toBeInstanceOf(ExpressionError);
  }
  expect(performance.now() - began).toBeLessThan(5000);
});
