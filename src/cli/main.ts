/** argv in, exit code out. What a command line does not need is not loaded. */
import { VERSION } from '../probe/version.ts';
import { type Io, processIo } from './io.ts';
import { has } from './own-words.ts';
import type { Request } from './parse.ts';

const DEFAULT_COLUMNS = 80;

/** Runs one command line. Never throws; an error is one line on stderr, and with --json a result line too. */
export async function main(argv: readonly string[], io: Io = processIo()): Promise<number> {
  if (has(argv, '--version')) {
    io.stdout.write(`${VERSION}\n`);
    return 0;
  }
  try {
    const { parse } = await import('./parse.ts');
    const request = await parse(argv);
    if (request.type === 'run') return await request.command.run(request.args, io);
    io.stdout.write(`${await help(request, io)}\n`);
    return 0;
  } catch (error) {
    const { endBy } = await import('./say.ts');
    return endBy(error, has(argv, '--json'), io);
  }
}

async function help({ command }: Request & { type: 'help' }, io: Io): Promise<string> {
  const { commandHelp, generalHelp } = await import('./help.ts');
  const { ENTRIES } = await import('./registry.ts');
  const columns = io.stdout.columns ?? DEFAULT_COLUMNS;
  return command === undefined ? generalHelp(ENTRIES, columns) : commandHelp(command, columns);
}
