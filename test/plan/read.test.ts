/** Plans that are wrong: each problem with its file, line and column, what is wrong and what to do. */
import { describe, expect, it } from 'vitest';
import { PlanError, problemText } from '../../src/plan/problem.ts';
import { type PlanText, readPlans } from '../../src/plan/read.ts';
import type { ReadOptions } from '../../src/plan/test.ts';

const OPTIONS: ReadOptions = { vars: new Map(), allowCommands: false, env: {}, capabilities: new Set(['cap_net_raw']) };

const read = (text: string, options: Partial<ReadOptions> = {}) => readPlans([{ file: 'plan.yaml', text }], { ...OPTIONS, ...options });

function problemsOf(texts: readonly PlanText[], options: Partial<ReadOptions> = {}): string[] {
  try {
    readPlans(texts, { ...OPTIONS, ...options });
  } catch (error) {
    if (!(error instanceof PlanError)) throw error;
    return error.problems.map((problem) => `${problemText(problem)}; ${problem.hint}`);
  }
  throw new Error('nothing was wrong');
}

const problems = (text: string, options?: Partial<ReadOptions>) => problemsOf([{ file: 'plan.yaml', text }], options);

/** One test whose keys begin in line 3. */
const test = (lines: string): string => `tests:\n  - name: one\n${lines.replace(/^/gm, '    ')}\n`;

const SECOND = 'plan.yaml:4:1: a second document; a plan is one: put it into a file of its own';

/** `a0`, and others that each refer to the one before so often. */
const chain = (length: number, times: number): string =>
  Array.from({ length }, (_, i) => `  a${i + 1}: "${`\${a${i}}`.repeat(times)}"\n`).join('');

describe('tells', () => {
  it.each<[string, string, string]>([
    ['nothing at all', '', 'plan.yaml:1:1: there is nothing in it; see rawshake run --init'],
    [
      'what is not YAML',
      'tests: [',
      'plan.yaml:1:9: not YAML: Flow sequence in block collection must be sufficiently indented and end with a ]; a bracket is not closed, or what is in it begins too far left',
    ],
    ['tabs', 'tests:\n\t- name: x', 'plan.yaml:2:1: not YAML: Tabs are not allowed as indentation; indent with spaces, not tabs'],
    ['a key twice', 'name: a\nname: b\ntests: []', 'plan.yaml:2:1: not YAML: Map keys must be unique; this key stands there already'],
    ['a second document', `${test('connect: 10.0.0.1:80')}---\n${test('')}`, SECOND],
    ['more than can be nested', `tests: ${'['.repeat(100_000)}`, 'plan.yaml:1:41: more than 32 levels deep; undefined'],
    [
      'a YAML problem with all of the text in it',
      `tests: ${'!'.repeat(50_000)}`,
      `plan.yaml:1:8: not YAML: The ${'!'.repeat(196)}...; undefined`,
    ],
    ['text', 'hello', 'plan.yaml:1:1: a plan is "hello", and a map is wanted; keys with a value each: "key: value"'],
    ['no tests', 'name: x', 'plan.yaml:1:1: a plan without tests; add "tests:" and a list of them'],
    ['an unknown key of the plan', 'test: []', 'plan.yaml:1:1: "test" is no key of a plan; did you mean tests?'],
    ['an unknown key of a test', test('conect: 10.0.0.1:80'), 'plan.yaml:3:5: "conect" is no key of a test; did you mean connect?'],
    [
      'a line that begins too far left',
      'tests:\n  - name: a\n   connect: 10.0.0.1:80',
      'plan.yaml:3:1: not YAML: Sequence item without - indicator; indent this line just as those that it belongs to',
    ],
    [
      'a line that begins too far right',
      'tests:\n  - name: a\n      connect: 10.0.0.1:80',
      'plan.yaml:2:11: not YAML: Nested mappings are not allowed in compact mappings; indent the next line just as this key, or put quotes',
    ],
    [
      'no space behind a colon',
      'tests:\n  - name:a\n    connect: 10.0.0.1:80',
      'plan.yaml:2:5: not YAML: Implicit keys need to be on a single line; write "key: value", with a space behind the colon',
    ],
    [
      'an option beside its step',
      test('connect: 10.0.0.1:80\ndata: x'),
      'plan.yaml:4:5: "data" is no key of a test; it is an option of connect: indent it further than connect',
    ],
    [
      'an option beside its step, of several',
      test('steps:\n  - connect: 10.0.0.1:80\n    data: x'),
      'plan.yaml:5:9: "data" is no key of a step; it is an option of connect: indent it further than connect',
    ],
    [
      'an expectation among the options',
      test('connect:\n  host: 10.0.0.1\n  port: 80\n  expect: verdict == open'),
      'plan.yaml:6:7: "expect" is no key of connect; it stands beside connect: indent it like connect',
    ],
    [
      'an unknown option',
      test('connect:\n  host: 10.0.0.1\n  port: 80\n  windov: 3'),
      'plan.yaml:6:7: "windov" is no key of connect; did you mean window?',
    ],
    [
      'an option by its short name',
      test('ping:\n  host: 10.0.0.1\n  port: 80\n  c: 3'),
      'plan.yaml:6:7: "c" is no key of ping; write count',
    ],
    [
      'a value out of range',
      test('connect:\n  host: 10.0.0.1\n  port: 80\n  window: 65536'),
      'plan.yaml:6:15: connect: window: 65536 is out of range; give 0 to 65535',
    ],
    [
      'a port that is none',
      test('connect:\n  host: 10.0.0.1\n  port: 65536'),
      'plan.yaml:5:13: connect: port: 65536 is no port; give 1 to 65535',
    ],
    [
      'options that exclude each other',
      test('connect: { host: 10.0.0.1, port: 80, hold: 3 }'),
      'plan.yaml:3:48: connect: hold without close none; what is closed needs no holding',
    ],
    ['no host', test('connect: { port: 80 }'), 'plan.yaml:3:14: connect has no host; add "host: NAME", or write "connect: HOST:PORT"'],
    ['nothing to do', test('rfc: 9293'), 'plan.yaml:2:5: nothing to do in it; add one of connect, send, ping, scan, trace, script'],
    [
      'two things to do',
      test('connect: 10.0.0.1:80\nping: 10.0.0.1:80'),
      'plan.yaml:4:5: connect and ping in one step; make two of them, under steps',
    ],
    [
      'a step beside steps',
      test('steps:\n  - connect: 10.0.0.1:80\nexpect: verdict == open'),
      'plan.yaml:5:5: "expect" beside steps; put it into one of the steps',
    ],
    [
      'a misspelt field, at its column',
      test('connect: 10.0.0.1:80\nexpect:\n  - verdict == open and verdikt == open'),
      'plan.yaml:5:29: expect: there is no verdikt in what connect tells; did you mean verdict?',
    ],
    [
      "a misspelt field in a value put in, where that begins: its own columns are not the file's",
      `vars: { wrong: verdikt }\n${test('connect: 10.0.0.1:80\nexpect: verdict == open and ${wrong} == open')}`,
      'plan.yaml:5:13: expect: there is no verdikt in what connect tells; did you mean verdict?',
    ],
    ['a variable that is not set', test('connect: 10.0.0.1:${prot}'), 'plan.yaml:3:23: "${prot}" is not set; name it under vars'],
    [
      'a nearly right one',
      `vars: { port: 80 }\n${test('connect: 10.0.0.1:${prot}')}`,
      'plan.yaml:4:23: "${prot}" is not set; did you mean ${port}?',
    ],
    [
      'variables that make a text too long',
      `vars:\n  a0: lollollollol\n${chain(12, 10)}tests:\n  - { name: x, connect: "\${a12}:80" }`,
      'plan.yaml:7:7: variables put in make it longer than 1048576 characters; undefined',
    ],
    [
      'variables in too long a row',
      `vars:\n  z: "\${a500}"\n  a0: x\n${chain(500, 1)}tests:\n  - { name: x, connect: "\${z}:80" }`,
      'plan.yaml:405:10: more than 100 variables that refer to each other in a row; undefined',
    ],
    [
      'variables in a circle',
      `vars:\n  a: x\${b}\n  b: \${c}\n  c: \${a}\n${test('connect: 10.0.0.1:80')}`,
      'plan.yaml:4:6: variables refer to each other in a circle: a -> b -> c -> a; give one of them a value of its own',
    ],
    [
      'a variable without a value',
      `vars:\n  port:\n${test('connect: 10.0.0.1:${port}')}`,
      'plan.yaml:2:8: "port" has no value; give one with --var port=VALUE',
    ],
    [
      'braces that YAML takes for its own',
      test('connect: { host: ${host} }'),
      'plan.yaml:3:23: not YAML: Unexpected flow-map-start at node end; put quotes around "${name}" within { } and [ ]',
    ],
    [
      'the environment',
      `env: { token: API_TOKEN }\n${test('connect: 10.0.0.1:80')}`,
      'plan.yaml:1:15: API_TOKEN is not set in the environment; set it, or give --var token=VALUE',
    ],
    [
      'what every environment has by inheritance',
      `env: { token: constructor }\n${test('connect: 10.0.0.1:80')}`,
      'plan.yaml:1:15: constructor is not set in the environment; set it, or give --var token=VALUE',
    ],
    [
      'commands that may not run',
      test('setup: rm -rf x\nconnect: 10.0.0.1:80'),
      'plan.yaml:3:12: setup runs shell commands; add --allow-commands if it may',
    ],
    [
      'a condition that is none',
      test('only-if: capabilty cap_net_raw\nconnect: 10.0.0.1:80'),
      'plan.yaml:3:14: "capabilty cap_net_raw" is no condition; did you mean capability?',
    ],
    [
      'an alias within itself',
      `a: &a [*a]\n${test('connect: 10.0.0.1:80')}`,
      'plan.yaml:1:8: "*a" stands within what it refers to; leave it out',
    ],
    [
      'a tag',
      `name: !!binary aGk=\n${test('connect: 10.0.0.1:80')}`,
      'plan.yaml:1:16: neither text, a number, true nor false; put it in quotes',
    ],
    ['a mistake in a script, at its line', test('script:\n  host: 10.0.0.1\n  port: 80\n  text: |\n    > S\n    < Q.'), 'plan.yaml:8:11: '],
  ])('%s', (_name, text, problem) => {
    const found = problems(text);
    expect(found).toHaveLength(1);
    expect(found[0]?.slice(0, problem.length)).toBe(problem);
  });

  it('every problem at once', () => {
    expect(
      problems(`tests:\n  - name: a\n    conect: x\n  - name: b\n    connect: x:80\n  - name: b\n    connect: x:81\n  - nme: c\n`),
    ).toEqual([
      'plan.yaml:3:5: "conect" is no key of a test; did you mean connect?',
      'plan.yaml:6:11: a second test "b"; the first is in line 4; results are told apart by the names of the tests: give it another',
      'plan.yaml:8:5: "nme" is no key of a test; did you mean name?',
    ]);
  });

  it('every problem of one test', () => {
    expect(
      problems(test('connect:\n  host: 10.0.0.1\n  prt: 80\n  windov: 3\nexpect:\n  - verdit == open\n  - rtt < 20ms\n  - rttUs < 20ms')),
    ).toEqual([
      'plan.yaml:5:7: "prt" is no key of connect; did you mean port?',
      'plan.yaml:6:7: "windov" is no key of connect; did you mean window?',
      'plan.yaml:8:9: expect: there is no verdit in what connect tells; did you mean verdict?',
      'plan.yaml:9:9: expect: there is no rtt in what connect tells; did you mean rttUs?',
    ]);
  });

  it('every wrong value of one step', () => {
    const step = 'host: a/b\n  port: 99999\n  close: nicely\n  mss: many\n  sack-permitted: maybe\n  data: [1]\n  timeout: 0';
    expect(problems(test(`connect:\n  ${step}`)).map((line) => line.replace('plan.yaml:', ''))).toMatchInlineSnapshot(`
      [
        "9:13: connect: data is a list, and a single value is wanted; undefined",
        "8:23: connect: sack-permitted is "maybe", neither true nor false; undefined",
        "5:13: connect: port: 99999 is no port; give 1 to 65535",
        "6:14: connect: close: "nicely" is not known; give one of active, passive, half, simultaneous, reset, none",
        "7:12: connect: mss: "many" is not a whole number; give 0 to 65535, in decimal or 0x",
        "10:16: connect: timeout: 0 leaves no time for an answer; give more, such as 0.5",
      ]
    `);
  });

  it.each([
    ['where one says whether another may be', 'host: 10.0.0.1\n  port: 80\n  close: non\n  hold: 3', [/close: "non" is not known/]],
    ['where two do not fit', 'host: 10.0.0.1\n  port: 80\n  hold: 3\n  mss: many', [/hold without close none/, /mss: "many"/]],
    ['in one word', 'host: 10.0.0.1:99999\n  close: non', [/port: 99999 is no port/, /close: "non"/]],
    ['where the port is missing', 'host: 10.0.0.1\n  close: non', [/port is missing/, /close: "non"/]],
    ['where the host is missing', 'port: 99999\n  close: non', [/connect has no host/, /close: "non"/]],
  ])('wrong values and nothing that follows from them: %s', (_name, options, expected) => {
    expect(problems(test(`connect:\n  ${options}`))).toEqual(expected.map((line) => expect.stringMatching(line)));
  });

  it('the same name in two plans', () => {
    const text = test('connect: 10.0.0.1:80');
    expect(
      problemsOf([
        { file: 'a.yaml', text },
        { file: 'b.yaml', text },
      ]),
    ).toEqual([
      'b.yaml:2:11: a second test "one"; the first is in a.yaml:2; results are told apart by the names of the tests: give it another',
    ]);
  });

  it('no more than twenty, and how many more', () => {
    const found = problems(`tests:\n${'  - nme: x\n'.repeat(50)}`);
    expect(found).toHaveLength(21);
    expect(found.at(-1)).toContain('and 30 more problems');
  });

  it('a variable from outside that no plan has', () => {
    const vars = new Map([['prt', '80']]);
    expect(() => read(`vars: { port: 80 }\n${test('connect: 10.0.0.1:${port}')}`, { vars })).toThrow('--var: no plan has a variable "prt"');
  });
});

describe('takes', () => {
  const words = (text: string, options?: Partial<ReadOptions>) =>
    read(text, options).flatMap(({ tests }) => tests.map(({ name, steps }) => [name, ...steps.map(({ args }) => args.typed.join(' '))]));

  it('options as they are on a command line, in the types of YAML', () => {
    const options = `send: { host: h, port: https, seq: 0xFFFFFFFF, data-hex: 00ff, flags: [SYN, ACK], df: false, evil: true, mf: false, tcp-option: ['2:05b4', '1:'], timestamps: [1, 2] }`;
    expect(words(test(options))).toEqual([
      [
        'one',
        'send h https --flags SYN,ACK --seq 0xFFFFFFFF --timestamps=1,2 --tcp-option 2:05b4 --tcp-option 1: --no-df --evil --data-hex 00ff',
      ],
    ]);
  });

  it('variables: from outside, from the environment, from each other', () => {
    const text = `vars: { host: a, where: "\${host}:\${port}", port: 1 }\nenv: { port: PORT }\n${test('connect: ${where}')}`;
    expect(words(text, { env: { PORT: '7' } })).toEqual([['one', 'connect a:7']]);
    expect(
      words(text, {
        env: { PORT: '7' },
        vars: new Map([
          ['host', 'b'],
          ['port', '9'],
        ]),
      }),
    ).toEqual([['one', 'connect b:9']]);
    expect(words(text)).toEqual([['one', 'connect a:1']]);
  });

  it('a dollar sign and a brace', () => {
    expect(words(test('connect: { host: h, port: 80, data: "$${x}" }'))).toEqual([['one', 'connect h 80 --data ${x}']]);
  });

  it('a matrix, with the values in the names that do not tell them', () => {
    const text = `tests:\n  - name: port \${p}\n    matrix: { h: [a, b], p: [1, 2] }\n    connect: "\${h}:\${p}"\n`;
    expect(words(text)).toEqual([
      ['port 1 [h=a]', 'connect a:1'],
      ['port 2 [h=a]', 'connect a:2'],
      ['port 1 [h=b]', 'connect b:1'],
      ['port 2 [h=b]', 'connect b:2'],
    ]);
  });

  it('defaults, anchors and merge keys', () => {
    const text = `defaults:\n  timeout: 3\n  connect: &c { host: h, port: 1 }\ntests:\n  - { name: a, connect: { port: 2 } }\n  - { name: b, connect: { <<: *c, host: i } }\n`;
    expect(words(text)).toEqual([
      ['a', 'connect h 2'],
      ['b', 'connect i 1'],
    ]);
    expect(read(text)[0]?.tests[0]?.timeoutMs).toBe(3000);
  });

  it('conditions', () => {
    const skipped = (lines: string) => read(test(`${lines}\nconnect: 10.0.0.1:80`), { env: { CI: '1' } })[0]?.tests[0]?.skipped;
    expect(skipped('only-if: capability CAP_NET_RAW')).toBeUndefined();
    expect(skipped('only-if: [capability cap_net_raw, capability cap_net_admin]')).toBe('not so here: capability cap_net_admin');
    expect(skipped('skip-if: env CI')).toBe('env CI');
    expect(skipped('skip-if: ["1 == 2", env NOPE]')).toBeUndefined();
    expect(skipped('skip-if: env constructor')).toBeUndefined();
    expect(skipped('only-if: 1 != 2')).toBeUndefined();
  });

  it('ten thousand tests, in a few seconds', { timeout: 20_000 }, () => {
    const many = Array.from(
      { length: 10_000 },
      (_, i) => `  - { name: t${i}, connect: "h:${(i % 65_535) + 1}", expect: verdict == open }\n`,
    );
    const startedMs = performance.now();
    expect(read(`tests:\n${many.join('')}`)[0]?.tests).toHaveLength(10_000);
    expect(performance.now() - startedMs).toBeLessThan(10_000);
  });

  it('a billion laughs without a tear: aliases share what they stand for', () => {
    const levels = Array.from({ length: 20 }, (_, i) => `  - &l${i + 1} [${Array(9).fill(`*l${i}`).join(', ')}]\n`).join('');
    const startedMs = performance.now();
    expect(problems(`vars:\n  - &l0 [lol]\n${levels}${test('connect: 10.0.0.1:80')}`)).toEqual([
      'plan.yaml:2:3: vars is a list, and a map is wanted; keys with a value each: "key: value"',
    ]);
    expect(performance.now() - startedMs).toBeLessThan(2000);
  });
});
