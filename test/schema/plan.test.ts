/** schema/plan.schema.json: what editors check a plan by, held against the parser. */
import { Ajv2020 as Ajv } from 'ajv/dist/2020.js';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { PLAN_EXAMPLE } from '../../src/cli/plan-example.ts';
import { PlanError } from '../../src/plan/problem.ts';
import { readPlans } from '../../src/plan/read.ts';
import { planSchema } from './plan-document.ts';

it('is what the keys of plans and the options of steps say (after a change: npm run documents)', async () => {
  await expect(`${JSON.stringify(planSchema(), undefined, 2)}\n`).toMatchFileSnapshot('../../schema/plan.schema.json');
});

const validate = new Ajv({ strict: true, allowUnionTypes: true }).compile(planSchema());

function parserTakes(text: string): boolean {
  try {
    readPlans([{ file: 'plan.yaml', text }], { vars: new Map(), allowCommands: true, env: {}, capabilities: new Set() });
    return true;
  } catch (error) {
    if (error instanceof PlanError) return false;
    throw error;
  }
}

const test = (lines: string): string => `tests:\n  - name: one\n${lines.replace(/^/gm, '    ')}\n`;

describe('schema and parser agree', () => {
  it.each<[string, string]>([
    ['the example', PLAN_EXAMPLE],
    ['a target alone', test('connect: 10.0.0.1:80')],
    ['options', test('connect: { host: 10.0.0.1, port: 80, mss: 1000, sack-permitted: false, timestamps: true }')],
    ['numbers as they are written', test('send: { host: 10.0.0.1, port: ssh, seq: 0xffffffff, flags: [SYN, ACK] }')],
    [
      'several steps',
      test('steps:\n  - connect: 10.0.0.1:80\n    expect: verdict == open\n  - ping: { targets: [10.0.0.1:80], count: 2 }'),
    ],
    ['a scan', test('scan: { host: 10.0.0.1, ports: [22, 80-90], require: open }')],
    ['a trace', test('trace: { host: 10.0.0.1, port: 80, max-ttl: 3 }')],
    ['a script', test('script: { host: 10.0.0.1, port: 80, text: "> S" }')],
    ['a matrix', test('matrix: { port: [80, 443] }\nconnect: "10.0.0.1:${port}"')],
    ['how it is run', test('timeout: 2.5\nretry: 2\nparallel: false\nrfc: 9293 3.5\nlevel: MUST\nknown: not yet\nconnect: 10.0.0.1:80')],
    ['commands', `setup: "true"\nteardown: ["true"]\n${test('setup: [a, b]\nconnect: 10.0.0.1:80')}`],
    ['conditions', test('only-if: capability cap_net_raw\nskip-if: [env CI, "1 == 2"]\nconnect: 10.0.0.1:80')],
  ])('on what is right: %s', (_name, text) => {
    expect(validate(parse(text)), JSON.stringify(validate.errors)).toBe(true);
    expect(parserTakes(text)).toBe(true);
  });

  it.each<[string, string]>([
    ['no tests', 'name: x'],
    ['an empty list', 'tests: []'],
    ['a key that a plan has not', 'test: []'],
    ['a test without a name', 'tests:\n  - connect: 10.0.0.1:80'],
    ['a key that a test has not', test('connect: 10.0.0.1:80\nexpects: verdict == open')],
    ['an option that there is not', test('connect: { host: 10.0.0.1, port: 80, windov: 1 }')],
    ['an option of another command', test('connect: { host: 10.0.0.1, port: 80, flags: SYN }')],
    ['a word that is not one of an option', test('connect: { host: 10.0.0.1, port: 80, close: slowly }')],
    ['a switch that is no switch', test('ping: { host: 10.0.0.1, port: 80, full: maybe }')],
    ['a timeout of none', test('timeout: 0\nconnect: 10.0.0.1:80')],
    ['half a retry', test('retry: 1.5\nconnect: 10.0.0.1:80')],
    ['a level that RFC 2119 has not', test('level: SHALL\nconnect: 10.0.0.1:80')],
    ['a list where a map is wanted', test('connect: [10.0.0.1, 80]')],
    ['steps that are no list', test('steps: { connect: 10.0.0.1:80 }')],
  ])('on what is wrong: %s', (_name, text) => {
    expect(validate(parse(text))).toBe(false);
    expect(parserTakes(text)).toBe(false);
  });
});
