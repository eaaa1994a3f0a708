/** Plans from text to what the runner runs. All of every plan is read and checked; nothing is sent. */
import { usageError } from '../options/errors.ts';
import { quote, suggestion } from '../options/values.ts';
import { environmentVariable } from './condition.ts';
import { LONGEST_PLAN, PLAN_KEYS } from './keys.ts';
import type { Plan, Test } from './model.ts';
import { Problems } from './problem.ts';
import { child, Reading, readCommands } from './reading.ts';
import { type ReadOptions, readDefaults, readTest, type TestSetting } from './test.ts';
import { type Dict, parseTree, Source } from './tree.ts';
import { checkVariableName, Variables } from './variables.ts';

/** A plan's text, and what it is called in errors: its path, where it is a file. */
export interface PlanText {
  file: string;
  text: string;
}

/** Tests of all plans together, a matrix' each counted. */
const MOST_TESTS = 100_000;

/**
 * @throws PlanError with every problem of every plan
 * @throws CliError for a variable that no plan has
 */
export function readPlans(texts: readonly PlanText[], options: ReadOptions): Plan[] {
  const problems = new Problems();
  const names = new Map<string, Test>();
  const variables = new Set<string>();
  const plans: Plan[] = [];
  for (const { file, text } of texts) {
    const source = new Source(file, text);
    const plan = problems.attempt(() => {
      if (text.length > LONGEST_PLAN) throw source.error(0, `a plan of more than ${LONGEST_PLAN} characters`, 'split it');
      return new PlanReader(source, options, problems, names, variables).read();
    });
    if (plan !== undefined) plans.push(plan);
  }
  problems.check();
  for (const name of options.vars.keys()) if (!variables.has(name)) throw unknownVariable(name, [...variables]);
  return plans;
}

function unknownVariable(name: string, known: readonly string[]): Error {
  const others = known.length === 0 ? 'the plans have none' : `the plans have ${known.join(', ')}`;
  return usageError(`--var: no plan has a variable ${quote(name)}`, suggestion(name, known, others));
}

class PlanReader {
  constructor(
    private readonly source: Source,
    private readonly options: ReadOptions,
    private readonly problems: Problems,
    /** Of all plans. */
    private readonly names: Map<string, Test>,
    private readonly variableNames: Set<string>,
  ) {}

  read(): Plan {
    const { source } = this;
    const variables = new Variables(source);
    const reading = new Reading(source, variables);
    const plan = reading.map(parseTree(source), 'a plan');
    reading.known(plan, PLAN_KEYS, 'a plan');
    this.#readVariables(plan, reading, variables);
    const defaultsAt = child(plan, 'defaults');
    const name = child(plan, 'name');
    const defaults = this.problems.attempt(() => readDefaults(defaultsAt, reading));
    const setting: TestSetting = { ...this.options, defaults };
    const tests: Test[] = [];
    const list = child(plan, 'tests');
    if (list === undefined) throw source.error(plan.at, 'a plan without tests', 'add "tests:" and a list of them');
    const { items, at } = reading.list(list, 'tests');
    if (items.length === 0) throw source.error(at, 'tests is an empty list', 'add a test');
    for (const item of items) this.problems.attempt(() => this.#addTests(readTest(item, setting, reading), tests));
    return {
      file: source.file,
      name: name && reading.text(name, 'name'),
      setup: readCommands(plan, 'setup', this.options.allowCommands, reading),
      teardown: readCommands(plan, 'teardown', this.options.allowCommands, reading),
      tests,
    };
  }

  #addTests(read: Iterable<Test>, tests: Test[]): void {
    for (const test of read) {
      const other = this.names.get(test.name);
      const { line, column } = test.place;
      if (other !== undefined) {
        const where = other.place.file === test.place.file ? `line ${other.place.line}` : `${other.place.file}:${other.place.line}`;
        this.problems.add({
          ...test.place,
          message: `a second test ${quote(test.name)}; the first is in ${where}`,
          hint: 'results are told apart by the names of the tests: give it another',
        });
        return;
      }
      if (this.names.size >= MOST_TESTS) {
        this.problems.add({ file: this.source.file, line, column, message: `more than ${MOST_TESTS} tests`, hint: 'run them in parts' });
        return;
      }
      this.names.set(test.name, test);
      tests.push(test);
    }
  }

  #readVariables(plan: Dict, reading: Reading, variables: Variables): void {
    const { source } = this;
    const add = (name: string, keyAt: number): void => {
      checkVariableName(name, keyAt, source);
      this.variableNames.add(name);
    };
    const vars = child(plan, 'vars');
    if (vars !== undefined) {
      for (const [name, { keyAt, value }] of reading.map(vars, 'vars').entries) {
        add(name, keyAt);
        variables.define(name, reading.scalar(value, `vars: ${name}`));
      }
    }
    const env = child(plan, 'env');
    if (env !== undefined) {
      for (const [name, { keyAt, value }] of reading.map(env, 'env').entries) {
        add(name, keyAt);
        const variable = reading.text(value, `env: ${name}`);
        const text = environmentVariable(this.options.env, variable);
        if (text !== undefined) variables.set(name, text);
        else if (!variables.has(name) && !this.options.vars.has(name))
          throw source.error(value.at, `${variable} is not set in the environment`, `set it, or give --var ${name}=VALUE`);
      }
    }
    for (const [name, text] of this.options.vars) if (variables.has(name) || this.variableNames.has(name)) variables.set(name, text);
    // A circle is a mistake also where nobody asks for the value; one without a value is not.
    if (vars?.kind !== 'map') return;
    for (const [name, { value }] of vars.entries)
      if (value.kind === 'scalar' && value.value !== null && !this.options.vars.has(name)) variables.check(name, value);
  }
}
