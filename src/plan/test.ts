/** One test of a plan: its keys, its matrix, its steps. */
import { quote } from '../options/values.ts';
import { ConditionError, holds, type Surroundings } from './condition.ts';
import { ExpressionError } from './expect/error.ts';
import { parseExpectation } from './expect/expectation.ts';
import { EXPECTING } from './expect/names.ts';
import { DEFAULT_KEYS, LONGEST_TEST_SECONDS, MOST_RETRIES, STEP_KEYS, TEST_KEYS } from './keys.ts';
import { KINDS, SCRIPT_TEXT } from './kinds.ts';
import { type Combination, combinations, nameOf, sizeOf } from './matrix.ts';
import { type Place, type PlacedExpectation, type RequirementLevel, STEP_NAMES, type Step, type StepName, type Test } from './model.ts';
import { allOf } from './problem.ts';
import { child, type Reading, readCommands } from './reading.ts';
import { isBlock, keysOf, readStepArgs } from './step-args.ts';
import type { Dict, Entry, Scalar, Value } from './tree.ts';
import { checkVariableName, Variables } from './variables.ts';

/** What every test has that does not say otherwise. */
export interface Defaults {
  timeoutMs: number;
  retry: number;
  parallel: boolean;
  /** Options by kind of step. */
  steps: ReadonlyMap<StepName, Dict>;
}

const NO_DEFAULTS: Defaults = { timeoutMs: 60_000, retry: 0, parallel: true, steps: new Map() };

export interface ReadOptions extends Surroundings {
  /** Values for the plans' variables, in the place of their own. */
  vars: ReadonlyMap<string, string>;
  /** Plans may run shell commands. */
  allowCommands: boolean;
}

/** What a test is read with. */
export interface TestSetting extends ReadOptions {
  defaults: Defaults | undefined;
}

const MOST_COMBINATIONS = 100_000;

const PLACED = STEP_NAMES.map((name) => ({ name }));

/** @throws PlanError */
export function readDefaults(value: Value | undefined, reading: Reading): Defaults {
  if (value === undefined) return NO_DEFAULTS;
  const map = reading.map(value, 'defaults');
  reading.known(map, [...DEFAULT_KEYS, ...PLACED], 'defaults');
  const steps = new Map<StepName, Dict>();
  for (const name of STEP_NAMES) {
    const options = child(map, name);
    if (options !== undefined) steps.set(name, reading.map(options, `defaults: ${name}`));
  }
  return { ...readRunning(map, NO_DEFAULTS, reading), steps };
}

function readRunning(
  map: Dict,
  base: Pick<Test, 'timeoutMs' | 'retry' | 'parallel'>,
  reading: Reading,
): Pick<Test, 'timeoutMs' | 'retry' | 'parallel'> {
  const timeout = child(map, 'timeout');
  const retry = child(map, 'retry');
  const parallel = child(map, 'parallel');
  return {
    timeoutMs: timeout === undefined ? base.timeoutMs : reading.number(timeout, 'timeout', 0.001, LONGEST_TEST_SECONDS, false) * 1000,
    retry: retry === undefined ? base.retry : reading.number(retry, 'retry', 0, MOST_RETRIES, true),
    parallel: parallel === undefined ? base.parallel : reading.flag(parallel, 'parallel'),
  };
}

/** A test, or one for each combination of its matrix. @throws PlanError */
export function* readTest(value: Value, setting: TestSetting, reading: Reading): Generator<Test> {
  const { source, variables } = reading;
  const map = reading.map(value, 'a test');
  reading.known(map, [...TEST_KEYS, ...PLACED], 'a test', (key) => strayHint(key, map));
  const named = child(map, 'name');
  if (named === undefined) throw source.error(map.at, 'a test without a name', 'add "name: what holds"');
  const told = new Set([...reading.scalar(named, 'name').text.matchAll(/\$\{([^}]*)\}/g)].map(([, name = '']) => name.trim()));
  const matrix = readMatrix(map, reading);
  if (sizeOf(matrix) > MOST_COMBINATIONS)
    throw source.error(child(map, 'matrix')?.at ?? map.at, `a matrix of ${sizeOf(matrix)} combinations`, `${MOST_COMBINATIONS} at most`);
  for (const combination of combinations(matrix)) {
    const inner = withCombination(variables, combination, reading);
    const name = nameOf(inner.text(named, 'name').trim(), told, combination);
    if (name === '') throw source.error(named.at, 'a test whose name is empty', 'say what holds');
    yield readOne(name, named as Scalar, map, setting, inner);
  }
}

function withCombination(outer: Variables, combination: Combination, reading: Reading): Reading {
  if (combination.size === 0) return reading;
  const variables = new Variables(reading.source, outer);
  for (const [name, text] of combination) variables.set(name, text);
  return reading.with(variables);
}

function readMatrix(map: Dict, reading: Reading): (readonly [string, readonly string[]])[] {
  const value = child(map, 'matrix');
  if (value === undefined) return [];
  return [...reading.map(value, 'matrix').entries].map(([name, entry]) => {
    checkVariableName(name, entry.keyAt, reading.source);
    const texts = reading.texts(entry.value, `matrix: ${name}`).map(({ text }) => text);
    if (texts.length === 0) throw reading.source.error(entry.value.at, `matrix: ${name} is an empty list`, 'give it values');
    return [name, texts] as const;
  });
}

function readOne(name: string, named: Scalar, map: Dict, setting: TestSetting, reading: Reading): Test {
  const { defaults = NO_DEFAULTS, allowCommands } = setting;
  const text = (key: string): string | undefined => {
    const value = child(map, key);
    return value && reading.text(value, key);
  };
  const level = child(map, 'level');
  const skipped = readSkipped(map, setting, reading);
  return {
    name,
    place: placeOf(named.at, reading),
    description: text('description'),
    rfc: text('rfc'),
    level: level && reading.word<RequirementLevel>(level, 'level', ['MUST', 'SHOULD', 'MAY']),
    known: text('known'),
    skipped,
    ...readRunning(map, defaults, reading),
    setup: readCommands(map, 'setup', allowCommands, reading),
    teardown: readCommands(map, 'teardown', allowCommands, reading),
    steps: readSteps(map, setting, defaults, reading),
  };
}

const placeOf = (at: number, { source }: Reading): Place => {
  const { file, line, column } = source.problem(at, '');
  return { file, line, column };
};

/** Why a test is not run, by its conditions. */
function readSkipped(map: Dict, setting: TestSetting, reading: Reading): string | undefined {
  const conditions = (key: string) => {
    const value = child(map, key);
    return value === undefined ? [] : reading.texts(value, key);
  };
  const test = ({ text, scalar }: { text: string; scalar: Scalar }): boolean => {
    try {
      return holds(text, setting);
    } catch (error) {
      if (error instanceof ConditionError) throw reading.source.error(scalar.at, error.message, error.hint);
      throw error;
    }
  };
  const missing = conditions('only-if').find((condition) => !test(condition));
  if (missing !== undefined) return `not so here: ${missing.text}`;
  const found = conditions('skip-if').find(test);
  return found?.text;
}

/** A test has a list of steps, or is one itself. */
function readSteps(map: Dict, setting: TestSetting, defaults: Defaults, reading: Reading): Step[] {
  const { source } = reading;
  const listed = child(map, 'steps');
  if (listed === undefined) return [readStep(map, setting, defaults, reading)];
  const beside = kindsIn(map)[0] ?? [...map.entries].find(([key]) => STEP_KEYS.some(({ name }) => name === key));
  if (beside !== undefined) throw source.error(beside[1].keyAt, `${quote(beside[0])} beside steps`, 'put it into one of the steps');
  const { items, at } = reading.list(listed, 'steps');
  if (items.length === 0) throw source.error(at, 'steps is an empty list', 'add a step');
  return items.map((item) => {
    const step = reading.map(item, 'a step');
    reading.known(step, [...STEP_KEYS, ...PLACED], 'a step', (key) => strayHint(key, step));
    return readStep(step, setting, defaults, reading);
  });
}

/** Of an option that stands beside its step. */
function strayHint(key: string, { entries }: Dict): string | undefined {
  const kind = STEP_NAMES.find((name) => entries.has(name) && keysOf(KINDS[name]).some(({ name }) => name === key));
  return kind && `it is an option of ${kind}: indent it further than ${kind}`;
}

/** The steps that stand in a map, by their kinds. */
const kindsIn = ({ entries }: Dict): [StepName, Entry][] =>
  [...entries].filter((entry): entry is [StepName, Entry] => (STEP_NAMES as readonly string[]).includes(entry[0]));

function readStep(map: Dict, { env }: TestSetting, defaults: Defaults, reading: Reading): Step {
  const { source } = reading;
  const [found, second] = kindsIn(map);
  if (found === undefined) throw source.error(map.at, 'nothing to do in it', `add one of ${STEP_NAMES.join(', ')}`);
  const [kind, { keyAt, value }] = found;
  if (second !== undefined) throw source.error(second[1].keyAt, `${kind} and ${second[0]} in one step`, 'make two of them, under steps');
  const [args, expectations] = allOf(
    () => readStepArgs(kind, value, defaults.steps.get(kind), env, reading),
    () => readExpectations(map, kind, reading),
  );
  const script = value.kind === 'map' ? child(value, SCRIPT_TEXT) : value;
  const scriptLine = kind === 'script' && script !== undefined && isBlock(script, source) ? placeOf(script.at, reading).line : undefined;
  return { kind, place: placeOf(keyAt, reading), args, expectations, scriptLine };
}

function readExpectations(map: Dict, kind: StepName, reading: Reading): PlacedExpectation[] {
  const value = child(map, 'expect');
  if (value === undefined) return [];
  const command = EXPECTING.find((name) => name === kind);
  if (command === undefined) throw reading.source.error(value.at, `expect beside ${kind}`, 'what a script expects stands in its lines');
  const read = ({ text, scalar }: { text: string; scalar: Scalar }) => {
    try {
      return { expectation: parseExpectation(text, command), place: placeOf(scalar.at, reading) };
    } catch (error) {
      if (!(error instanceof ExpressionError)) throw error;
      // Where variables were put in, columns are not the file's.
      const isAsWritten = text === scalar.text && scalar.textAt !== undefined;
      const at = isAsWritten ? (scalar.textAt as number) + error.offset : scalar.at;
      throw reading.source.error(at, `expect: ${error.message}`, error.hint);
    }
  };
  return allOf(...reading.texts(value, 'expect').map((each) => () => read(each)));
}
