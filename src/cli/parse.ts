/** argv to a command and its arguments, by yargs' parser; what it lets pass and should not is caught here. */
import parser from 'yargs-parser';
import { Args, type ArgValue } from '../options/args.ts';
import { usageError } from '../options/errors.ts';
import type { Option } from '../options/options.ts';
import { quote, suggestion } from '../options/values.ts';
import { type Command, usage } from './command.ts';
import { compileAhead, optimizeLate } from './compiling.ts';
import { has, ownWords } from './own-words.ts';
import { ENTRIES, load } from './registry.ts';

/** What a command line asks for. `help` is of the command, or of all. */
export type Request = { type: 'help'; command: Command | undefined } | { type: 'run'; command: Command; args: Args };

/** @throws CliError for an unknown command or option, a missing or a superfluous word */
export async function parse(argv: readonly string[]): Promise<Request> {
  const [first, ...words] = argv;
  if (first === 'help') return { type: 'help', command: words[0] === undefined ? undefined : await find(words[0]) };
  if (first === undefined || first === '--help' || first === '-h') return { type: 'help', command: undefined };
  if (first.startsWith('-')) {
    throw usageError(`${quote(first)} before the command`, 'the command comes first: rawshake COMMAND [options]');
  }
  if (has(words, '--help', '-h')) return { type: 'help', command: await find(first) };
  const entry = ENTRIES.find(({ name }) => name === first);
  if (entry?.compiledAhead) compileAhead();
  if (entry?.optimizedLate) optimizeLate();
  const command = await find(first);
  return { type: 'run', command, args: parseArgs(words, command) };
}

async function find(name: string): Promise<Command> {
  const entry = ENTRIES.find((each) => each.name === name);
  if (entry !== undefined) return load(entry);
  throw unknown(
    'command',
    name,
    ENTRIES.map((each) => each.name),
    'rawshake --help',
  );
}

/** The parser's own ways turned off: values stay text, names stay as typed. */
const CONFIGURATION = {
  'camel-case-expansion': false,
  'dot-notation': false,
  'parse-numbers': false,
  'parse-positional-numbers': false,
  'strip-aliased': true,
  'greedy-arrays': false,
  'populate--': false,
};

function parseArgs(words: readonly string[], command: Command): Args {
  const { options, refused } = command;
  refuseValues(words, options);
  const aliases = options.flatMap(({ name, alias }) => (alias === undefined ? [] : [[name, alias] as const]));
  const names = (fits: (option: Option) => boolean) => options.filter(fits).map(({ name }) => name);
  const { argv, error } = parser.detailed(joinDash(joinOptional(words, options), options), {
    alias: Object.fromEntries(aliases),
    string: names(({ argument }) => argument !== undefined),
    boolean: names(({ argument, counted }) => argument === undefined && !counted),
    count: names(({ counted }) => counted === true),
    configuration: CONFIGURATION,
  });
  if (error !== null) throw usageError(error.message, `usage: rawshake ${usage(command)}`);
  const known = new Map(options.map((option) => [option.name, option]));
  const values = new Map<string, ArgValue>();
  for (const [name, value] of Object.entries(argv)) {
    if (name === '_' || value === undefined) continue;
    const option = known.get(name);
    const refusal = refused?.get(name);
    if (refusal !== undefined) throw usageError(`--${name}: ${refusal}`, 'leave it out');
    // As nmap, hping3 and scan take it.
    if (option === undefined && /^p(orts?)?$/.test(name) && command.positionals.some((positional) => positional.name === 'PORT'))
      throw usageError(`unknown option "${dashed(name)}"`, `the port is a word of its own: rawshake ${usage(command)}`);
    if (option === undefined) throw unknown('option', dashed(name), allNames(options), `rawshake ${command.name} --help`);
    // The parser counts what was not given too.
    if (option.counted && value === 0) continue;
    values.set(name, readValue(option, value));
  }
  return new Args(checkWords(argv._.map(String), command), values, [command.name, ...words]);
}

function checkWords(positionals: readonly string[], command: Command): readonly string[] {
  const { positionals: wanted } = command;
  const missing = wanted.slice(positionals.length).find(({ required }) => required);
  if (missing !== undefined) throw usageError(`${missing.name} is missing`, `usage: rawshake ${usage(command)}`);
  if (positionals.length > wanted.length && !wanted.at(-1)?.repeatable) {
    throw usageError(`${quote(positionals[wanted.length] as string)} is one word too many`, `usage: rawshake ${usage(command)}`);
  }
  return positionals;
}

/** Of an option that was given more than once the last value, unless it may be repeated, or reads as if it might. */
function readValue(option: Option, value: unknown): ArgValue {
  const all: readonly unknown[] = Array.isArray(value) ? value : [value];
  if (option.repeatable) return all.map((each) => String(single(option, each)));
  if (option.once !== undefined && all.length > 1) throw usageError(`--${option.name} more than once`, option.once);
  return single(option, all.at(-1));
}

function single(option: Option, value: unknown): string | boolean | number {
  const { name, argument, optional, counted, negatable } = option;
  if (counted) return Number(value);
  if (argument === undefined) {
    if (value === false && !negatable) throw usageError(`--no-${name}: --${name} can't be negated`, 'leave it out');
    return value === true;
  }
  if (value === false) {
    if (negatable) return false;
    throw usageError(`--no-${name}: --${name} takes a value and can't be negated`, 'leave it out');
  }
  if (value === '' && !optional)
    throw usageError(`--${name} wants a value`, `give --${name} ${argument}, or --${name}=${argument} where it begins with "-"`);
  return value === '' ? true : String(value);
}

/** `--json=yes` would pass for a no, and so would `--no-timestamps=1,2`. */
function refuseValues(words: readonly string[], options: readonly Option[]): void {
  const switches = new Set(
    options.flatMap(({ name, argument, negatable }) => [
      ...(argument === undefined ? [`--${name}`] : []),
      ...(negatable ? [`--no-${name}`] : []),
    ]),
  );
  const wrong = ownWords(words).find((word) => word.includes('=') && switches.has(word.slice(0, word.indexOf('='))));
  if (wrong !== undefined) throw usageError(`${wrong}: ${wrong.slice(0, wrong.indexOf('='))} takes no value`, 'leave the value out');
}

/** `--timestamps HOST` must not take the host for its value: only `=` joins one to it. */
function joinOptional(words: readonly string[], options: readonly Option[]): string[] {
  const bare = new Set(options.filter(({ optional }) => optional).map(({ name }) => `--${name}`));
  const { length } = ownWords(words);
  return words.map((word, i) => (bare.has(word) && i < length ? `${word}=` : word));
}

/** A lone `-` is a value, of stdin or stdout, and not an option. */
function joinDash(words: readonly string[], options: readonly Option[]): string[] {
  const takeValues = new Set(
    options.filter(({ argument, optional }) => argument !== undefined && !optional).map(({ name }) => `--${name}`),
  );
  const { length } = ownWords(words);
  const isJoined = (i: number): boolean => words[i] === '-' && i < length && takeValues.has(words[i - 1] as string);
  return words.flatMap((word, i) => (isJoined(i) ? [] : isJoined(i + 1) ? [`${word}=-`] : [word]));
}

const dashed = (name: string): string => (name.length === 1 ? `-${name}` : `--${name}`);

const allNames = (options: readonly Option[]): string[] =>
  options.flatMap(({ name, negatable }) => (negatable ? [`--${name}`, `--no-${name}`] : [`--${name}`]));

function unknown(kind: 'command' | 'option', word: string, choices: readonly string[], help: string): Error {
  return usageError(`unknown ${kind} ${quote(word)}`, suggestion(word, choices, `see ${help}`));
}
