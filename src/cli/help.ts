/** Help, laid out by yargs: the options as they are written, without yargs' own remarks on types. */
import yargs from 'yargs';
import { type Command, type CommandHead, usage } from './command.ts';

const WIDEST = 100;

type Yargs = ReturnType<typeof yargs>;

/** @param columns of the terminal */
export function commandHelp(command: Command, columns: number): Promise<string> {
  const instance = layout(columns).usage(`Usage: rawshake ${usage(command)} [options]\n\n${command.summary}`);
  for (const { name, alias, argument, optional, negatable, group, describe, default: value } of command.options) {
    const shown = argument === undefined ? name : optional ? `${name}[=${argument}]` : `${name} ${argument}`;
    instance.option(negatable ? shown.replace(name, `[no-]${name}`) : shown, {
      ...(alias === undefined ? {} : { alias }),
      group: `${group}:`,
      describe,
      ...(value === undefined ? {} : { defaultDescription: value }),
    });
  }
  for (const { name, describe } of command.positionals) instance.positional(name, { describe });
  for (const [line, shows] of command.examples) instance.example(line, shows);
  return instance.getHelp();
}

/** The list of commands. */
export function generalHelp(commands: readonly CommandHead[], columns: number): Promise<string> {
  const instance = layout(columns).usage(
    'Usage: rawshake COMMAND [options]\n\nReal TCP handshakes and closes from userland, every segment shown.',
  );
  for (const { name, summary } of commands) instance.command(name, summary);
  instance.epilogue(
    'rawshake COMMAND --help tells the options of a command.\nExit codes: 0 open, 1 closed, 2 filtered, 3 answered but not as asked; 64 and up: see the man page.',
  );
  return instance.getHelp();
}

const layout = (columns: number): Yargs => yargs().version(false).help(false).scriptName('rawshake').wrap(Math.min(columns, WIDEST));
