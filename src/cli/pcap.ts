/** `--pcap`: the run as a capture, beside what is shown of it. */
import type { ProbeEvent } from '../probe/events.ts';
import { VERSION } from '../probe/version.ts';
import { type CaptureWriter, createCaptureWriter } from '../report/pcapng.ts';
import type { Args } from './command.ts';
import { type CliError, usageError } from './errors.ts';
import type { Io } from './io.ts';
import type { Option } from './options.ts';
import { FileSink, STANDARD_OUTPUT } from './save.ts';

/** For every command that sends; with it goes `--force`. */
export const PCAP_OPTION: Option = {
  name: 'pcap',
  argument: 'FILE',
  group: 'Output',
  describe: 'Write a pcapng capture: all that is sent and comes back, each packet with a comment. -: to stdout, and the text to stderr',
};

/** Nobody else is to read what was said. */
const MODE = 0o600;

export class CaptureFile {
  private readonly writer: CaptureWriter;
  private hasBegun = false;

  constructor(
    private readonly sink: FileSink,
    readonly isStdout: boolean,
    typed: readonly string[],
  ) {
    const commandLine = ['rawshake', ...typed].map(shellWord).join(' ');
    this.writer = createCaptureWriter({ write: (blocks) => sink.write(blocks), commandLine, version: VERSION });
  }

  event(event: ProbeEvent): void {
    if (event.type === 'start' && !this.hasBegun) this.begin();
    this.writer.event(event);
  }

  /** As {@link FileSink.isBehind}. */
  get isBehind(): boolean {
    return this.sink.isBehind;
  }

  catchUp(): Promise<void> {
    return this.sink.catchUp();
  }

  /** A run has ended; another may follow. */
  async endRun(kernelDrops: number): Promise<void> {
    this.writer.end(kernelDrops);
    await this.sink.flush();
  }

  /** The descriptor, for a process that writes in our place. */
  handOver(): number {
    this.begin();
    return this.sink.fd;
  }

  get failure(): CliError | undefined {
    return this.sink.failure;
  }

  get isStuck(): boolean {
    return this.sink.isStuck;
  }

  set onReaderGone(callback: () => void) {
    this.sink.onReaderGone = callback;
  }

  close(): Promise<void> {
    return this.sink.close();
  }

  private begin(): void {
    this.hasBegun = true;
    this.sink.begin();
  }
}

/**
 * Runs a command with what `--pcap` names opened before anything else is done.
 * @param run gets where text is to go: to stderr, where the capture goes to stdout
 * @throws CliError
 */
export async function withCapture(args: Args, io: Io, run: (io: Io, capture: CaptureFile | undefined) => Promise<number>): Promise<number> {
  const given = args.text('pcap');
  if (given === undefined) return run(io, undefined);
  const path = given === '-' ? STANDARD_OUTPUT : given;
  const takesStdout = path === STANDARD_OUTPUT;
  if (takesStdout && args.flag('json')) throw usageError('--json and --pcap - at once', 'both are for stdout: give --pcap a file');
  if (takesStdout && io.stdout.isTTY)
    throw usageError('--pcap -: stdout is a terminal', 'pipe it into a program that reads captures, or name a file');
  if (path === args.text('save')) throw usageError('--save and --pcap into one file', 'name two');
  const capture = new CaptureFile(await FileSink.open(path, args.flag('force') === true, io.env, MODE), takesStdout, args.typed);
  try {
    return await run(takesStdout ? { ...io, stdout: io.stderr } : io, capture);
  } finally {
    await capture.close();
  }
}

/** As a shell would take it for one word. */
const shellWord = (word: string): string => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`);
