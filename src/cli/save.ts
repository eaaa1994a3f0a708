/** Files that a run writes: opened before anything is sent, so that a run is not lost for want of a place to put it. */
import { constants, fchownSync, fstatSync, ftruncateSync, write, writeSync } from 'node:fs';
import { type FileHandle, lstat, open, unlink } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { CliError } from '../options/errors.ts';
import { reasonOf } from '../options/file-errors.ts';
import { quote } from '../options/values.ts';
import type { Io } from './io.ts';
import { callerOf } from './privileges.ts';

/** What leads to an open descriptor of this process. */
export const STANDARD_OUTPUT = '/dev/stdout';
/** The mode of a capture: nobody else is to read what was said. */
export const PRIVATE = 0o600;
const DESCRIPTOR_LINK = /^\/dev\/(stdout|stderr|fd\/\d+)$/;
const STDOUT = 1;

/** A pipe whose reader does not come for what is in it holds this much back before we give it up. */
const MOST_WAITING_BYTES = 64 << 20;
/** More than this is let out before more is made, as long as the reader takes any of it. */
const MANY_WAITING_BYTES = 1 << 20;
/** How long a reader may take none before it is no longer waited for. */
const PATIENCE_MS = 1000;
/** Until a full pipe is tried again whose writes do not wait: stdout is one, since libuv has it not block. */
const FULL_PAUSE_MS = 1;
/** How long the rest may take once the run is over. */
const LAST_WRITES_MS = 1000;

export class FileSink {
  /** The first write that failed; what came after it was not tried. */
  failure: CliError | undefined;
  private readonly isRegular: boolean;
  /** Writes to what may block, one after the other, beside the event loop. */
  private writes: Promise<void> = Promise.resolve();
  private waitingBytes = 0;
  /** The reader took none for a while: who makes more goes on without it. */
  private isStalled = false;
  /** A write waits in the kernel for a reader that does not come: only the end of the process ends it. */
  isStuck = false;
  /** Called once when the reader of stdout went away: that is no failure, and nothing more is written. */
  onReaderGone: (() => void) | undefined;
  private isReaderGone = false;
  hasBegun = false;
  /** Bytes of whole writes. */
  private written = 0;

  private constructor(
    private readonly path: string,
    readonly fd: number,
    private readonly handle: FileHandle | undefined,
    private readonly isNew: boolean,
  ) {
    this.isRegular = fstatSync(fd).isFile();
  }

  /**
   * Opens the file for writing, as it is. An existing regular file is replaced only with `force`, a symbolic link
   * never; devices and pipes are written to. Under sudo a file that we make belongs to the caller.
   * @param mode who may read it, of those whom the process' mask lets
   * @throws CliError
   */
  static async open(path: string, force: boolean, env: Io['env'], mode = 0o666): Promise<FileSink> {
    // Opened anew it would begin at the start of the file that stdout may go to.
    if (path === STANDARD_OUTPUT) return new FileSink(path, STDOUT, undefined, false);
    const existing = await lstat(path).catch(() => undefined);
    const isDescriptor = DESCRIPTOR_LINK.test(path);
    if (existing?.isSymbolicLink() && !isDescriptor) {
      throw new CliError('output', `${quote(path)} is a symbolic link`, 'name the file itself');
    }
    if (existing?.isDirectory()) throw new CliError('output', `${quote(path)} is a directory`, 'name a file');
    if (existing?.isFile() && !force) throw new CliError('output', `${quote(path)} exists`, 'add --force to replace it');
    const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW, O_NONBLOCK } = constants;
    const flags = O_WRONLY | (existing === undefined ? O_CREAT | O_EXCL : 0) | (isDescriptor ? 0 : O_NOFOLLOW);
    try {
      // Opening a pipe waits for its reader; with this it says that there is none. Closed before the other is open, it would
      // tell the reader that all is over.
      const trial = existing?.isFIFO() ? await open(path, O_WRONLY | O_NONBLOCK) : undefined;
      const handle = await open(path, flags, mode).finally(() => trial?.close());
      if (existing === undefined) giveToCaller(handle.fd, env);
      // Whose file it is already may let others read no more than who makes it; where it is not ours, that is theirs to say.
      else if (existing.isFile()) await handle.chmod(existing.mode & mode).catch(() => undefined);
      return new FileSink(path, handle.fd, handle, existing === undefined);
    } catch (error) {
      throw new CliError('output', `can't write ${quote(path)}: ${reasonOf(error)}`, 'name a file that can be written');
    }
  }

  /**
   * The run has begun: what stood in the file goes.
   * @param keptBytes of its beginning, to be gone on after
   */
  begin(keptBytes = 0): void {
    this.hasBegun = true;
    this.written = keptBytes;
    if (this.isRegular && this.handle !== undefined) ftruncateSync(this.fd, keptBytes);
  }

  /** The run does not need what it wrote any more: the file goes; or is empty, where its directory is not ours. */
  async discard(): Promise<void> {
    this.begin();
    await unlink(this.path).catch(() => undefined);
  }

  /** What one call writes is in a regular file as a whole, or not at all. */
  write(bytes: Uint8Array): void {
    if (this.failure !== undefined || this.isReaderGone) return;
    if (this.isRegular) {
      this.writeNow(bytes);
      return;
    }
    this.waitingBytes += bytes.length;
    if (this.waitingBytes > MOST_WAITING_BYTES) {
      this.failure = new CliError('output', `can't write ${quote(this.path)}: its reader does not come for what is in it`);
      return;
    }
    this.writes = this.writes.then(() => this.writeLater(bytes));
  }

  private writeNow(bytes: Uint8Array): void {
    try {
      // Of stdout, which may be a file too, others know where it goes on.
      const isOurs = this.handle !== undefined;
      for (let at = 0; at < bytes.length; ) at += writeSync(this.fd, bytes, at, undefined, isOurs ? this.written + at : null);
      this.written += bytes.length;
    } catch (error) {
      if (this.handle !== undefined) ftruncateSync(this.fd, this.written);
      this.fail(error);
    }
  }

  private async writeLater(bytes: Uint8Array): Promise<void> {
    if (this.failure !== undefined || this.isReaderGone) return;
    try {
      for (let at = 0; at < bytes.length; ) at += await writeSome(this.fd, bytes, at);
    } catch (error) {
      this.fail(error);
    }
    this.waitingBytes -= bytes.length;
  }

  private fail(error: unknown): void {
    if (this.path === STANDARD_OUTPUT && (error as NodeJS.ErrnoException).code === 'EPIPE') {
      this.isReaderGone = true;
      this.onReaderGone?.();
      return;
    }
    this.failure ??= new CliError('output', `can't write ${quote(this.path)}: ${reasonOf(error)}`, 'what came before it is in the file');
  }

  /** Much waits to be written, and who makes more of it had better wait too: {@link catchUp}. */
  get isBehind(): boolean {
    return this.waitingBytes > MANY_WAITING_BYTES && !this.isStalled;
  }

  /** Until little waits, or the reader takes no more of it. */
  async catchUp(): Promise<void> {
    while (this.isBehind) {
      const { waitingBytes } = this;
      const patience = new Promise((resolve) => setTimeout(resolve, PATIENCE_MS).unref());
      await Promise.race([this.writes, patience]);
      if (this.waitingBytes === waitingBytes) this.isStalled = true;
    }
  }

  /** Waits for what is not yet written, as long as that makes sense. */
  async flush(): Promise<void> {
    const late = new Promise<'late'>((resolve) => setTimeout(() => resolve('late'), LAST_WRITES_MS).unref());
    if ((await Promise.race([this.writes, late])) === 'late' && this.waitingBytes > 0) {
      this.failure ??= new CliError('output', `can't write ${quote(this.path)}: its reader does not come for what is in it`);
      this.isStuck = true;
    }
  }

  /** A file that we made, and that no run began to write, is gone again. */
  async close(): Promise<void> {
    await this.flush();
    if (this.isStuck) return;
    try {
      if (this.isNew && !this.hasBegun) await unlink(this.path).catch(() => undefined);
      await this.handle?.close();
    } catch (error) {
      this.fail(error);
    }
  }
}

const writeAsync = promisify(write);

/** @returns how many bytes the other end has taken, maybe none */
async function writeSome(fd: number, bytes: Uint8Array, at: number): Promise<number> {
  try {
    return (await writeAsync(fd, bytes, at)).bytesWritten;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
    await delay(FULL_PAUSE_MS);
    return 0;
  }
}

/** A regular file made under sudo belongs to who called sudo. */
function giveToCaller(fd: number, env: Io['env']): void {
  const caller = callerOf(env);
  if (caller !== undefined && fstatSync(fd).isFile()) fchownSync(fd, caller.uid, caller.gid);
}
