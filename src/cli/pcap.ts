/** `--pcap`: the run as a capture, beside what is shown of it. */
import type { Args } from '../options/args.ts';
import { shellWord } from '../options/values.ts';
import type { ProbeEvent, ProbeResult } from '../probe/events.ts';
import { VERSION } from '../probe/version.ts';
import { type CaptureWriter, createCaptureWriter } from '../report/pcapng.ts';
import type { CommandBody } from './command.ts';
import type { Io } from './io.ts';
import { beside, outputPath, refuseTerminal } from './output-path.ts';
import { isLast, type Listener } from './present.ts';
import { FileSink, PRIVATE, STANDARD_OUTPUT } from './save.ts';

export class CaptureFile implements Listener<ProbeEvent | ProbeResult> {
  private readonly writer: CaptureWriter;
  private kernelDrops = 0;

  constructor(
    readonly sink: FileSink,
    readonly isStdout: boolean,
    typed: readonly string[],
  ) {
    const commandLine = ['rawshake', ...typed].map(shellWord).join(' ');
    this.writer = createCaptureWriter({ write: (blocks) => sink.write(blocks), commandLine, version: VERSION });
  }

  event(event: ProbeEvent | ProbeResult): void {
    if (isLast(event)) {
      this.kernelDrops = 'kernelDrops' in event ? event.kernelDrops : 0;
      return;
    }
    if (event.type === 'start' && !this.sink.hasBegun) this.sink.begin();
    this.writer.event(event);
  }

  /** A run has ended; another may follow. */
  async end(): Promise<void> {
    this.writer.end(this.kernelDrops);
    this.kernelDrops = 0;
    await this.sink.flush();
  }

  /** The descriptor, for a process that writes in our place. */
  handOver(): number {
    this.sink.begin();
    return this.sink.fd;
  }
}

/**
 * A command that takes `--pcap`: what it names is opened before anything else is done, and closed at the end.
 * @param run gets where text is to go: to stderr, where the capture goes to stdout
 */
export const withCapture =
  (run: (args: Args, io: Io, capture: CaptureFile | undefined) => Promise<number>): CommandBody['run'] =>
  async (args, io) => {
    const path = outputPath(args, 'pcap');
    if (path === undefined) return run(args, io, undefined);
    const takesStdout = path === STANDARD_OUTPUT;
    refuseTerminal('pcap', path, io, 'a program that reads captures');
    const capture = new CaptureFile(await FileSink.open(path, args.flag('force') === true, io.env, PRIVATE), takesStdout, args.typed);
    try {
      return await run(args, beside(path, io), capture);
    } finally {
      await capture.sink.close();
    }
  };
