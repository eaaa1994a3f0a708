/** A step's options, as a command line would have them. */
import { dirname, resolve } from 'node:path';
import { Args, type ArgValue } from '../options/args.ts';
import type { Option } from '../options/options.ts';
import { TEST_KEYS } from './keys.ts';
import { KINDS, type Kind, SCRIPT_TEXT } from './kinds.ts';
import { type Given, GOOD_WORDS, mistakesIn, WORDS } from './mistakes.ts';
import type { StepName } from './model.ts';
import { PlanError, Problems } from './problem.ts';
import type { Reading } from './reading.ts';
import { ScriptError } from './script/error.ts';
import type { Dict, Entry, Value } from './tree.ts';

/** The words of a command line that are keys here. */
export const TARGET_KEYS = [
  { name: 'host', describe: 'Name or IPv4 address' },
  { name: 'port', describe: 'Number or service name' },
] as const;
export const TARGETS_KEY = { name: 'targets', describe: 'The same as the words of the command: one, or a list of them' } as const;

export const keysOf = ({ options, manyTargets }: Kind): readonly { name: string }[] => [
  ...TARGET_KEYS,
  ...(manyTargets ? [TARGETS_KEY] : []),
  ...options,
];

/** Options whose value may be a list of values, with commas between on a command line. */
export const LISTED: ReadonlySet<string> = new Set(['flags', 'ports', 'timestamps']);
/** Options that name a file: from where the plan is, if the plan is a file. */
const FILES: ReadonlySet<string> = new Set(['data-file', 'exclude-file']);

/**
 * Reads and checks the options of a step.
 * @param value a map of options, or the target alone: `HOST:PORT`
 * @param defaults what is so where the step does not say otherwise
 * @param env the environment, for options that look there
 * @throws PlanError
 */
export function readStepArgs(
  name: StepName,
  value: Value,
  defaults: Dict | undefined,
  env: Readonly<Record<string, string | undefined>>,
  reading: Reading,
): Args {
  const kind: Kind = KINDS[name];
  const keys = keysOf(kind);
  const own = value.kind === 'scalar' ? undefined : reading.map(value, name);
  const entries = new Map<string, Entry>([...(defaults?.entries ?? []), ...(own?.entries ?? [])]);
  const all: Dict = { kind: 'map', at: value.at, entries };
  const problems = new Problems();
  const told = new Set<string>();
  const attempt = <T>(what: readonly string[], read: () => T): T | undefined =>
    problems.attempt(() => {
      try {
        return read();
      } catch (error) {
        for (const key of what) told.add(key);
        throw error;
      }
    });
  attempt(
    [...entries.keys()].filter((key) => !keys.some(({ name }) => name === key)),
    () => reading.known(all, keys, name, (key) => hintFor(kind, key, name)),
  );
  const alone = value.kind === 'scalar' && value.value !== null ? value : undefined;
  if (kind.isText && alone !== undefined) entries.set(SCRIPT_TEXT, { keyAt: value.at, value: alone });
  const positionals = attempt(WORDS, () =>
    alone !== undefined && !kind.isText ? reading.text(alone, name).trim().split(/\s+/) : targetsOf(all, name, kind, reading),
  );
  const options = new Map<string, ArgValue>();
  for (const option of kind.options) {
    const given = entries.get(option.name)?.value;
    const read = given && attempt([option.name], () => readOption(option, given, name, reading));
    if (read !== undefined) options.set(option.name, read);
  }
  const given: Given = { positionals: positionals ?? GOOD_WORDS, options };
  problems.attempt(() => {
    try {
      for (const { key, error } of mistakesIn(given, told, (rest) => kind.check(argsOf(name, rest), env))) {
        const at = (key === undefined ? undefined : entries.get(key))?.value.at ?? value.at;
        problems.add(reading.source.problem(at, `${name}: ${inPlanWords(error.message)}`, error.hint && inPlanWords(error.hint)));
      }
    } catch (error) {
      throw error instanceof ScriptError ? scriptError(error, entries.get(SCRIPT_TEXT)?.value, reading) : error;
    }
  });
  problems.check();
  return argsOf(name, given);
}

const argsOf = (name: StepName, { positionals, options }: Given): Args =>
  new Args(positionals, options, [name, ...positionals, ...[...options].flatMap(([key, each]) => wordsOf(key, each))]);

/** In the terms of the plan's file, where the script stands there line by line. */
function scriptError({ message, line, column, hint }: ScriptError, script: Value | undefined, { source }: Reading): PlanError {
  const header = source.problem(script?.at ?? 0, `script: ${message}`, hint);
  if (script?.kind !== 'scalar' || !isBlock(script, source)) return new PlanError([header]);
  const written = source.text.split('\n')[header.line + line - 1] ?? '';
  const own = script.text.split('\n')[line - 1] ?? '';
  return new PlanError([{ ...header, line: header.line + line, column: Math.max(0, written.length - own.length) + column }]);
}

/** A text that begins on the line after `|` or `>`. */
export const isBlock = ({ at }: Value, { text }: Reading['source']): boolean => text[at] === '|' || text[at] === '>';

function targetsOf({ entries, at }: Dict, name: string, { manyTargets, isText }: Kind, reading: Reading): readonly string[] {
  const targets = entries.get(TARGETS_KEY.name)?.value;
  if (manyTargets && targets !== undefined) return reading.texts(targets, 'targets').map(({ text }) => text);
  const host = entries.get('host')?.value;
  if (host === undefined)
    throw reading.source.error(
      at,
      `${name} has no host`,
      isText ? `add it, here or under defaults: ${name}` : `add "host: NAME", or write "${name}: HOST:PORT"`,
    );
  const hostText = reading.text(host, 'host');
  const port = entries.get('port')?.value;
  return port === undefined || name === 'scan' ? [hostText] : [hostText, reading.text(port, 'port')];
}

function readOption(option: Option, value: Value, step: string, reading: Reading): ArgValue | undefined {
  const { name, argument, repeatable, optional, negatable } = option;
  const what = `${step}: ${name}`;
  if (argument === undefined) {
    const flag = reading.flag(value, what);
    return flag || negatable ? flag : undefined;
  }
  if (value.kind === 'scalar' && typeof value.value === 'boolean') {
    if (value.value && optional) return true;
    if (!value.value && negatable) return false;
  }
  if (repeatable) return reading.texts(value, what).map(({ text }) => located(name, text, reading));
  if (value.kind === 'list' && LISTED.has(name)) return value.items.map((item) => reading.text(item, what)).join(',');
  return located(name, reading.text(value, what), reading);
}

function located(name: string, text: string, { source }: Reading): string {
  return FILES.has(name) ? resolve(dirname(source.file), text) : text;
}

function hintFor({ options }: Kind, key: string, step: StepName): string | undefined {
  if (TEST_KEYS.some(({ name }) => name === key)) return `it stands beside ${step}: indent it like ${step}`;
  const short = options.find(({ alias }) => alias === key);
  return short === undefined ? undefined : `write ${short.name}`;
}

/** As one would type it. */
function wordsOf(name: string, value: ArgValue): string[] {
  if (value === true) return [`--${name}`];
  if (value === false) return [`--no-${name}`];
  if (typeof value === 'object') return value.flatMap((each) => wordsOf(name, each));
  const text = String(value);
  return text.startsWith('-') || name === 'timestamps' ? [`--${name}=${text}`] : [`--${name}`, text];
}

/** There are no dashes before the options of a plan, and its targets are keys. */
const inPlanWords = (text: string): string =>
  text
    .replace(/--no-([a-z][a-z-]*)/g, '$1: false')
    .replace(/--([a-z][a-z-]*)/g, '$1')
    .replace(/\b(HOST|PORT|TARGETS)(?=( is|: ))/g, (word) => word.toLowerCase());
