/** argv to a command and its arguments, by yargs; what it lets pass and should not is caught here. */
import yargs from 'yargs';
import { Args, type ArgValue, type Command } from './command.ts';
import { usageError } from './errors.ts';
import type { Option } from './options.ts';
import { nearest, quote } from './values.ts';

/** What a command line asks for. */
export type Request = { type: 'text'; text: string } | { type: 'run'; command: Command; args: Args };

type Yargs = ReturnType<typeof yargs>;

const WIDEST_HELP = 100;

/**
 * @param columns of the terminal, for help
 * @throws CliError for an unknown command or option, a missing or a superfluous word
 */
export async function parse(argv: readonly string[], commands: readonly Command[], version: string, columns: number): Promise<Request> {
  const width = Math.min(columns, WIDEST_HELP);
  const first = argv.find((word) => !word.startsWith('-'));
  const command = commands.find(({ name }) => name === first);
  if (command === undefined) {
    if (argv.includes('--version')) return { type: 'text', text: version };
    if (argv.length === 0 || argv.includes('--help') || argv.includes('-h')) return { type: 'text', text: await helpOf(commands, width) };
    if (first === undefined) throw usageError(`unknown option ${quote(argv[0] as string)}`, 'see rawshake --help');
    throw unknown(
      'command',
      first,
      commands.map(({ name }) => name),
      'rawshake --help',
    );
  }
  const words = argv.toSpliced(argv.indexOf(command.name), 1);
  const ownWords = words.slice(0, words.includes('--') ? words.indexOf('--') : words.length);
  if (ownWords.includes('--help') || ownWords.includes('-h')) return { type: 'text', text: await helpOf(command, width) };
  return { type: 'run', command, args: await parseArgs(words, command) };
}

/** yargs with its own ways turned off: values stay text, names stay as typed, nothing exits or prints. */
function parser(width: number): Yargs {
  return yargs()
    .parserConfiguration({
      'camel-case-expansion': false,
      'dot-notation': false,
      'parse-numbers': false,
      'parse-positional-numbers': false,
      'strip-aliased': true,
      'greedy-arrays': false,
      'populate--': false,
    })
    .exitProcess(false)
    .fail((message, error) => {
      throw error ?? usageError(message);
    })
    .version(false)
    .help(false)
    .scriptName('rawshake')
    .wrap(width);
}

/** The options as yargs is to read them: values as text, switches as what they are. */
function declare(instance: Yargs, options: readonly Option[]): Yargs {
  for (const { name, alias, argument, counted } of options) {
    const type = argument !== undefined ? 'string' : counted ? 'count' : 'boolean';
    instance.option(name, { ...(alias === undefined ? {} : { alias }), type });
  }
  return instance;
}

/** The options as help is to show them: with what stands for their value, and without yargs' own remarks on types. */
function describe(instance: Yargs, options: readonly Option[]): Yargs {
  for (const { name, alias, argument, optional, negatable, group, describe: text, default: value } of options) {
    const shown = argument === undefined ? name : optional ? `${name}[=${argument}]` : `${name} ${argument}`;
    instance.option(negatable ? shown.replace(name, `[no-]${name}`) : shown, {
      ...(alias === undefined ? {} : { alias }),
      group: `${group}:`,
      describe: text,
      ...(value === undefined ? {} : { defaultDescription: value }),
    });
  }
  return instance;
}

async function parseArgs(words: readonly string[], command: Command): Promise<Args> {
  const { options } = command;
  const parsed = (await declare(parser(WIDEST_HELP), options).parseAsync(joinOptional(words, options))) as Record<string, unknown> & {
    _: string[];
  };
  const known = new Map(options.map((option) => [option.name, option]));
  const values = new Map<string, ArgValue>();
  for (const [name, value] of Object.entries(parsed)) {
    if (name === '_' || name === '$0' || value === undefined) continue;
    const option = known.get(name);
    const refusal = command.refused?.get(name);
    if (refusal !== undefined) throw usageError(`--${name}: ${refusal}`, 'leave it out');
    if (option === undefined) throw unknown('option', dashed(name), allNames(options), `rawshake ${command.name} --help`);
    // yargs counts what was not given too.
    if (option.counted && value === 0) continue;
    values.set(name, readValue(option, value));
  }
  const positionals = parsed._.map(String);
  const { positionals: wanted } = command;
  const missing = wanted.slice(positionals.length).find(({ required }) => required);
  if (missing !== undefined) throw usageError(`${missing.name} is missing`, `usage: rawshake ${usage(command)}`);
  if (positionals.length > wanted.length) {
    throw usageError(`${quote(positionals[wanted.length] as string)} is one word too many`, `usage: rawshake ${usage(command)}`);
  }
  return new Args(positionals, values);
}

/** Of an option that was given more than once the last value, unless it may be repeated. */
function readValue(option: Option, value: unknown): ArgValue {
  const all: readonly unknown[] = Array.isArray(value) ? value : [value];
  if (option.repeatable) return all.map((each) => String(single(option, each)));
  return single(option, all.at(-1));
}

function single(option: Option, value: unknown): string | boolean | number {
  if (option.counted) return Number(value);
  if (option.argument === undefined) return value === true;
  if (value === false) {
    if (option.negatable) return false;
    throw usageError(`--no-${option.name}: --${option.name} takes a value and can't be negated`);
  }
  if (value === '' && !option.optional) throw usageError(`--${option.name} wants a value`, `give --${option.name} ${option.argument}`);
  return value === '' ? true : String(value);
}

/** `--timestamps HOST` must not take the host for its value: only `=` joins one to it. */
function joinOptional(words: readonly string[], options: readonly Option[]): string[] {
  const bare = new Set(options.filter(({ optional }) => optional).map(({ name }) => `--${name}`));
  const end = words.indexOf('--');
  return words.map((word, i) => (bare.has(word) && (end < 0 || i < end) ? `${word}=` : word));
}

const dashed = (name: string): string => (name.length === 1 ? `-${name}` : `--${name}`);

const allNames = (options: readonly Option[]): string[] =>
  options.flatMap(({ name, negatable }) => (negatable ? [`--${name}`, `--no-${name}`] : [`--${name}`]));

function unknown(kind: 'command' | 'option', word: string, choices: readonly string[], help: string): Error {
  const near = nearest(word, choices);
  return usageError(`unknown ${kind} ${quote(word)}`, near === undefined ? `see ${help}` : `did you mean ${near}?`);
}

function usage(command: Command): string {
  const words = command.positionals.map(({ name, required }) => (required ? name : `[${name}]`));
  return [command.name, ...words].join(' ');
}

/** The help text of one command, or of all. */
async function helpOf(what: Command | readonly Command[], width: number): Promise<string> {
  const instance = parser(width).version(false);
  if ('run' in what) {
    describe(instance, what.options).usage(`Usage: rawshake ${usage(what)} [options]\n\n${what.summary}`);
    for (const { name, describe: text } of what.positionals) instance.positional(name, { describe: text });
    for (const [line, shows] of what.examples) instance.example(line, shows);
  } else {
    instance.usage('Usage: rawshake COMMAND [options]\n\nReal TCP handshakes and closes from userland, every segment shown.');
    for (const command of what) instance.command(usage(command), command.summary);
    instance.epilogue(
      'rawshake COMMAND --help tells the options of a command.\nExit codes: 0 open, 1 closed, 2 filtered, 3 answered but not as asked; 64 and up: see the man page.',
    );
  }
  return await instance.getHelp();
}
