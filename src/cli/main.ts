/** argv in, exit code out. */
import { VERSION } from '../probe/version.ts';
import { resultLine } from '../report/json.ts';
import type { Command } from './command.ts';
import { completionCommand } from './commands/completion.ts';
import { connectCommand } from './commands/connect.ts';
import { decodeCommand } from './commands/decode.ts';
import { demoCommand } from './commands/demo.ts';
import { doctorCommand } from './commands/doctor.ts';
import { sendCommand } from './commands/send.ts';
import { exitCodeOf, reportError } from './exit-code.ts';
import { type Io, processIo } from './io.ts';
import { parse } from './parse.ts';
import { writeError } from './present.ts';

const OTHERS: readonly Command[] = [connectCommand, sendCommand, decodeCommand, demoCommand, doctorCommand];

export const COMMANDS: readonly Command[] = [...OTHERS, completionCommand(OTHERS)];

const DEFAULT_COLUMNS = 80;

/** Runs one command line. Never throws; an error is one line on stderr, and with --json a result line too. */
export async function main(argv: readonly string[], io: Io = processIo()): Promise<number> {
  try {
    const request = await parse(argv, COMMANDS, VERSION, io.stdout.columns ?? DEFAULT_COLUMNS);
    if (request.type === 'text') {
      io.stdout.write(`${request.text}\n`);
      return 0;
    }
    return await request.command.run(request.args, io);
  } catch (error) {
    const exitCode = exitCodeOf(error);
    if (argv.includes('--json')) io.stdout.write(resultLine(undefined, exitCode, reportError(error)));
    writeError(error, io);
    return exitCode;
  }
}
