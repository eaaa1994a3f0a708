import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import type { Args } from '../../options/args.ts';
import { CliError, usageError } from '../../options/errors.ts';
import { readingReasonOf, reasonOf } from '../../options/file-errors.ts';
import { ABSOLUTE_OPTION, EXPLAIN_OPTION, type Option, OUTPUT_OPTIONS, reworded } from '../../options/options.ts';
import { readPort } from '../../options/target.ts';
import { address, integer, quote } from '../../options/values.ts';
import type { ReplayResult } from '../../probe/events.ts';
import { replay } from '../../probe/replay/replay.ts';
import { resultLine } from '../../report/json.ts';
import { createReplayReporter } from '../../report/replay.ts';
import type { CommandBody } from '../command.ts';
import { exitCodeOf, reportError, signalExitCode } from '../exit-code.ts';
import type { Io } from '../io.ts';
import { isLast, whenOutputFails, writeJson } from '../present.ts';
import { writeError } from '../say.ts';
import { lookOf } from '../terminal.ts';

/** The file is read in pieces of so many bytes. */
const PIECE = 1 << 18;

const OPTIONS: readonly Option[] = [
  { name: 'list', alias: 'l', group: 'Reading', describe: 'Only a table of the conversations; of more than 8 there is one anyway' },
  {
    name: 'conversation',
    argument: 'N',
    repeatable: true,
    group: 'Reading',
    describe: 'Only this one, by its number in the table; may be given again',
  },
  { name: 'address', argument: 'ADDRESS', group: 'Reading', describe: 'Only conversations of this address, on either side' },
  { name: 'port', argument: 'PORT', group: 'Reading', describe: 'Only conversations of this port, on either side' },
  EXPLAIN_OPTION,
  ABSOLUTE_OPTION,
  ...reworded(
    OUTPUT_OPTIONS.filter(({ name }) => name !== 'force'),
    { quiet: { describe: 'Print one line a conversation' } },
  ),
];

export const replayCommand: CommandBody = {
  positionals: [{ name: 'FILE', describe: 'A pcap or pcapng file; -: stdin', required: true }],
  options: OPTIONS,
  examples: [
    ['rawshake replay capture.pcapng', 'what was said in it'],
    ['rawshake replay capture.pcap --port 443 --list', 'a table of the conversations of one port'],
    ['rawshake replay capture.pcap --conversation 3 --explain', 'one of them, each step explained'],
  ],
  run,
};

async function run(args: Args, io: Io): Promise<number> {
  const [file = ''] = args.positionals;
  const conversations = new Set(args.texts('conversation').map((text) => integer('--conversation', text, 1, Number.MAX_SAFE_INTEGER)));
  const narrowed = { address: args.read('address', address), port: args.read('port', readPort) };
  const json = args.flag('json') === true;
  const list = args.flag('list') === true;
  const controller = new AbortController();
  let endedBy: number | undefined;
  const removeSignals = io.onSignal((_name, number) => {
    if (endedBy !== undefined) io.exitNow(endedBy);
    endedBy = signalExitCode(number);
    controller.abort();
  });
  whenOutputFails(io, (exitCode) => {
    endedBy ??= exitCode;
    controller.abort();
  });
  const reporter = createReplayReporter({
    write: (text) => io.stdout.write(text),
    ...lookOf(io, args),
    absolute: args.flag('absolute') === true,
    explain: args.flag('explain') === true,
    quiet: args.flag('quiet') === true,
    verbose: args.count('verbose') > 0,
    list,
    chosen: conversations.size > 0,
    file,
  });
  const source = new Source(file, io.stdin);
  let result: ReplayResult | undefined;
  try {
    for await (const event of replay({ chunks: source.chunks(controller.signal), conversations, ...narrowed, signal: controller.signal })) {
      if (isLast(event)) result = event;
      else if (json) writeJson(event, io);
      else reporter.event(event);
    }
  } finally {
    removeSignals();
    await source.close();
  }
  if (result === undefined) throw new Error('the replay ended without a result');
  if (!json) reporter.event(result);
  const failure = failureOf(file, result, conversations);
  const exitCode = endedBy ?? (failure === undefined ? 0 : exitCodeOf(failure));
  if (json) io.stdout.write(resultLine(result, exitCode, failure && reportError(failure)));
  if (failure !== undefined && endedBy === undefined) writeError(failure, io);
  if (source.isStuck) io.exitNow(exitCode);
  return exitCode;
}

/** What is wrong with the file, or with what was asked of it. */
function failureOf(file: string, { stopped, packets, conversations }: ReplayResult, asked: ReadonlySet<number>): CliError | undefined {
  if (stopped !== undefined) {
    const { protocol, offset, reason } = stopped;
    const where = protocol === 'capture' ? reason : `${protocol}: ${reason}, at byte ${offset}`;
    return new CliError('bad-data', `${quote(file)}: ${where}`, hintOf(reason, packets));
  }
  const missing = [...asked].find((number) => number > conversations);
  if (missing === undefined) return undefined;
  return usageError(`--conversation: there is no ${missing} in ${quote(file)}`, `it has ${conversations}; --list shows them`);
}

function hintOf(reason: string, packets: number): string {
  const packer = /^compressed by (\w+)$/.exec(reason)?.[1];
  if (packer !== undefined) return `unpack it: ${packer === 'gzip' ? 'zcat' : `${packer} -dc`} FILE | rawshake replay -`;
  return packets > 0 ? 'what came before it is shown' : 'give a file of tcpdump, tshark or --pcap';
}

/** The file, or stdin, piece by piece. */
class Source {
  /** It waits in the kernel for a writer that does not come: only the end of the process ends that. */
  isStuck = false;
  private handle: FileHandle | undefined;

  /** @throws CliError */
  constructor(
    private readonly file: string,
    private readonly stdin: Io['stdin'],
  ) {
    if (file === '-' && (stdin as { isTTY?: boolean }).isTTY)
      throw usageError('FILE: stdin is a terminal', 'pipe a capture into it, or name a file');
  }

  /**
   * @param signal ends it, also while nothing comes
   * @throws CliError
   */
  chunks(signal: AbortSignal): AsyncGenerator<Uint8Array, void> {
    return this.file === '-' ? this.ofStdin(signal) : this.ofFile(signal);
  }

  private async *ofStdin(signal: AbortSignal): AsyncGenerator<Uint8Array, void> {
    const stop = () => this.stdin.destroy();
    signal.addEventListener('abort', stop);
    try {
      for await (const chunk of this.stdin) yield typeof chunk === 'string' ? Buffer.from(chunk, 'latin1') : chunk;
    } catch (error) {
      if (!signal.aborted) throw new CliError('no-input', `can't read stdin: ${reasonOf(error)}`);
    }
  }

  private async *ofFile(signal: AbortSignal): AsyncGenerator<Uint8Array, void> {
    try {
      const handle = await this.unlessStuck(open(this.file, constants.O_RDONLY), signal);
      if (handle === undefined) return;
      this.handle = handle;
      if ((await handle.stat()).isDirectory()) throw new CliError('no-input', `${quote(this.file)} is a directory`, 'name a file');
      for (;;) {
        // What was read is looked at until it is drawn: each piece has a buffer of its own.
        const buffer = Buffer.allocUnsafeSlow(PIECE);
        const read = await this.unlessStuck(handle.read(buffer, 0, PIECE), signal);
        if (read === undefined || read.bytesRead === 0) return;
        yield buffer.subarray(0, read.bytesRead);
      }
    } catch (error) {
      if (error instanceof CliError || (error as NodeJS.ErrnoException).syscall === undefined) throw error;
      throw new CliError(
        'no-input',
        `can't read ${quote(this.file)}: ${readingReasonOf(error)}`,
        'name a capture of tcpdump, tshark or --pcap',
      );
    }
  }

  /** Opening a pipe waits for its writer, and reading one for what is written. @returns undefined where the signal comes first */
  private async unlessStuck<T>(work: Promise<T>, signal: AbortSignal): Promise<T | undefined> {
    let stop = () => {};
    const stopped = new Promise<undefined>((resolve) => {
      stop = () => resolve(undefined);
    });
    signal.addEventListener('abort', stop);
    const done = await Promise.race([work, stopped]);
    signal.removeEventListener('abort', stop);
    this.isStuck = done === undefined;
    return done;
  }

  async close(): Promise<void> {
    if (!this.isStuck) await this.handle?.close();
  }
}
