/** Plans as files, and what a run of them leaves in files. */
import { constants, createReadStream } from 'node:fs';
import { access, chown, lstat, mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { CliError, usageError } from '../options/errors.ts';
import { readingReasonOf, reasonOf } from '../options/file-errors.ts';
import { quote } from '../options/values.ts';
import { LONGEST_PLAN } from '../plan/keys.ts';
import type { PlanText } from '../plan/read.ts';
import type { RunEvent, RunResult, TestEvent } from '../probe/events.ts';
import { VERSION } from '../probe/version.ts';
import { JunitReport } from '../report/junit.ts';
import { createCaptureWriter } from '../report/pcapng.ts';
import type { Io } from './io.ts';
import type { Listener } from './present.ts';
import { callerOf } from './privileges.ts';
import { FileSink, PRIVATE } from './save.ts';

/** @param path `-`: stdin @throws CliError */
export async function readPlanFile(path: string, { stdin }: Pick<Io, 'stdin'>): Promise<PlanText> {
  if (path === '-') {
    if ((stdin as { isTTY?: boolean }).isTTY) throw usageError('PLAN: stdin is a terminal', 'pipe a plan into it, or name a file');
    return { file: 'stdin', text: await readAll('stdin', stdin) };
  }
  try {
    return { file: path, text: await readAll(path, createReadStream(path)) };
  } catch (error) {
    if (error instanceof CliError) throw error;
    throw new CliError('no-input', `can't read ${quote(path)}: ${readingReasonOf(error)}`, 'name a plan, or see rawshake run --init');
  }
}

/** No more than a plan may have: what is read may be a device. */
async function readAll(file: string, chunks: AsyncIterable<Buffer>): Promise<string> {
  const read: Buffer[] = [];
  let length = 0;
  for await (const chunk of chunks) {
    read.push(chunk);
    length += chunk.length;
    if (length > LONGEST_PLAN) throw new CliError('bad-data', `${file}: more than ${LONGEST_PLAN >> 20} MiB`, 'this is no plan');
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(read));
  } catch {
    throw new CliError('bad-data', `${file}: not UTF-8 text`, 'save it as UTF-8');
  }
}

/** Writes a new file; one that exists stays as it is. @throws CliError */
export async function writeNewFile(path: string, content: string, { env }: Pick<Io, 'env'>): Promise<void> {
  if ((await lstat(path).catch(() => undefined)) !== undefined)
    throw new CliError('output', `${quote(path)} exists`, 'name another file: what is there is not replaced');
  const sink = await FileSink.open(path, false, env);
  sink.begin();
  sink.write(new TextEncoder().encode(content));
  await sink.close();
  if (sink.failure !== undefined) throw sink.failure;
}

/** `--junit`: written at the end, in the place of what the file held. */
export class JunitFile implements Listener<RunEvent> {
  readonly #report = new JunitReport();
  #result: RunResult | undefined;

  constructor(readonly sink: FileSink) {}

  event(event: RunEvent): void {
    if (event.type === 'start') this.#report.start(event);
    else if (event.type === 'test') this.#report.add(event);
    else this.#result = event;
  }

  async end(): Promise<void> {
    this.sink.begin();
    this.sink.write(new TextEncoder().encode(this.#report.document(this.#result)));
    await this.sink.flush();
  }
}

const LONGEST_SLUG = 60;

/** `--artifacts`: a capture of each test that failed, with the name of the test. */
export class Artifacts implements Listener<RunEvent> {
  failure: CliError | undefined;
  #writes: Promise<void> = Promise.resolve();

  private constructor(
    private readonly directory: string,
    private readonly env: Io['env'],
  ) {}

  /** Makes the directory, where it is not there; under sudo it is the caller's. What goes wrong is told at the end of the run. */
  static async open(directory: string, env: Io['env']): Promise<Artifacts> {
    const artifacts = new Artifacts(directory, env);
    try {
      await makeDirectory(directory, callerOf(env));
      // The dot: of a directory and nothing else.
      await access(`${directory}/.`, constants.W_OK);
    } catch (error) {
      artifacts.#fail(error);
    }
    return artifacts;
  }

  event(event: RunEvent): void {
    if (event.type === 'test' && event.status === 'failed') this.#writes = this.#writes.then(() => this.#write(event));
  }

  end(): Promise<void> {
    return this.#writes;
  }

  async #write(event: TestEvent): Promise<void> {
    if (this.failure !== undefined) return;
    try {
      const sink = await FileSink.open(join(this.directory, fileName(event)), true, this.env, PRIVATE);
      sink.begin();
      const commandLine = `test ${quote(event.name)} of ${event.plan}: ${(event.records ?? []).map((record) => record.commandLine).join('; ')}`;
      const writer = createCaptureWriter({ write: (blocks) => sink.write(blocks), commandLine, version: VERSION });
      for (const { events } of event.records ?? []) for (const each of events) if (each.type !== 'result') writer.event(each);
      writer.end(0);
      await sink.close();
      this.failure ??= sink.failure;
    } catch (error) {
      if (!(error instanceof CliError)) throw error;
      this.failure = error;
    }
  }

  #fail(error: unknown): void {
    this.failure = new CliError(
      'output',
      `--artifacts: can't write into ${quote(this.directory)}: ${reasonOf(error)}`,
      'name a directory that can be written',
    );
  }
}

/**
 * With those that it stands in, where they are not there; `mkdir` with `recursive` tries for ever where there can't be any, as
 * in /proc.
 * @returns whether it was made
 */
async function makeDirectory(path: string, owner: ReturnType<typeof callerOf>): Promise<boolean> {
  try {
    await mkdir(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST') return false;
    if (code !== 'ENOENT' || dirname(path) === path || !(await makeDirectory(dirname(path), owner))) throw error;
    await mkdir(path);
  }
  if (owner !== undefined) await chown(path, owner.uid, owner.gid);
  return true;
}

/** `007-the-port-is-open.pcapng`. */
function fileName({ number, name }: TestEvent): string {
  const slug = name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, LONGEST_SLUG)
    .replace(/^-|-$/g, '');
  return `${String(number).padStart(3, '0')}${slug === '' ? '' : `-${slug}`}.pcapng`;
}
