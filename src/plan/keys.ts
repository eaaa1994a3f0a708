/** The keys of a plan as data: the parser takes these and no others, and schema/plan.schema.json is written from them. */

/** What stands behind a key. */
export type KeyShape =
  /** A word, a number or true and false, as text. */
  | { kind: 'text' }
  /** Seconds, fractions allowed. */
  | { kind: 'seconds' }
  | { kind: 'count'; most: number }
  | { kind: 'flag' }
  | { kind: 'words'; words: readonly string[] }
  /** One text or a list of them. */
  | { kind: 'texts' }
  /** Names with a value each; a name without a value has to be given one from outside. */
  | { kind: 'values' }
  /** Names with a list of values each. */
  | { kind: 'matrix' }
  | { kind: 'tests' }
  | { kind: 'steps' }
  | { kind: 'defaults' };

export interface Key {
  name: string;
  shape: KeyShape;
  describe: string;
}

const text = { kind: 'text' } as const;
const texts = { kind: 'texts' } as const;

/** Characters of a plan. */
export const LONGEST_PLAN = 32 << 20;

/** The longest that one attempt of a test may take. */
export const LONGEST_TEST_SECONDS = 86_400;
export const MOST_RETRIES = 100;

/** How a test is run; plans have them under `defaults` too. */
const RUNNING: readonly Key[] = [
  {
    name: 'timeout',
    shape: { kind: 'seconds' },
    describe: 'Longest time for an attempt of the test, all its steps together, in seconds; default: 60',
  },
  { name: 'retry', shape: { kind: 'count', most: MOST_RETRIES }, describe: 'How many more attempts a test that fails gets; default: 0' },
  { name: 'parallel', shape: { kind: 'flag' }, describe: 'Whether other tests may run beside it (--jobs); default: true' },
];

const COMMANDS: readonly Key[] = [
  { name: 'setup', shape: texts, describe: 'Shell commands to run before; only with --allow-commands. One that fails fails it' },
  { name: 'teardown', shape: texts, describe: 'Shell commands to run after, whatever came of it; only with --allow-commands' },
];

export const PLAN_KEYS: readonly Key[] = [
  { name: 'name', shape: text, describe: 'What the plan is about' },
  { name: 'description', shape: text, describe: 'More about it, for readers' },
  {
    name: 'vars',
    shape: { kind: 'values' },
    describe: 'Values by name, for ${name} in any text of the plan; --var NAME=VALUE sets them. One without a value has to be set',
  },
  {
    name: 'env',
    shape: { kind: 'values' },
    describe: 'Values from the environment: the name in the plan, and the name of the environment variable',
  },
  { name: 'defaults', shape: { kind: 'defaults' }, describe: 'What every test has that does not say otherwise' },
  ...COMMANDS,
  { name: 'tests', shape: { kind: 'tests' }, describe: 'The tests, in the order in which they are run and told of' },
];

/** Beside these the options of each kind of step, under its name. */
export const DEFAULT_KEYS: readonly Key[] = RUNNING;

/** What a step may have beside its kind, and a test of one step too. */
export const STEP_KEYS: readonly Key[] = [
  {
    name: 'expect',
    shape: texts,
    describe: 'What must hold of its result (docs/expectations.md); without it, what the command would exit 0 for',
  },
];

export const TEST_KEYS: readonly Key[] = [
  { name: 'name', shape: text, describe: 'No other test of a run may have the same' },
  { name: 'description', shape: text, describe: 'More about it, for readers' },
  { name: 'rfc', shape: text, describe: 'What it rests on, such as 9293 3.10.7.1' },
  { name: 'level', shape: { kind: 'words', words: ['MUST', 'SHOULD', 'MAY'] }, describe: 'How strongly the RFC asks for it' },
  { name: 'known', shape: text, describe: 'Why it is known to fail: its failure is told of and does not count' },
  {
    name: 'matrix',
    shape: { kind: 'matrix' },
    describe: 'Names with a list of values each: a test for each combination, with ${name} set and the values in its name',
  },
  { name: 'only-if', shape: texts, describe: 'Run only where all of these hold (docs/plans.md, conditions)' },
  { name: 'skip-if', shape: texts, describe: 'Skip where one of these holds' },
  ...RUNNING,
  ...COMMANDS,
  {
    name: 'steps',
    shape: { kind: 'steps' },
    describe: 'What it does, in order; a test of one step may have that step here, without steps',
  },
  ...STEP_KEYS,
];
