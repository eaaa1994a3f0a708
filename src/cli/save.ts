/** Files that a run writes: opened before anything is sent, so that a run is not lost for want of a place to put it. */
import { constants, fchownSync, fstatSync, writeSync } from 'node:fs';
import { lstat, open } from 'node:fs/promises';
import { CliError } from './errors.ts';
import type { Io } from './io.ts';
import { callerOf } from './privileges.ts';
import { quote } from './values.ts';

export class FileSink {
  /** The first write that failed; what came after it was not tried. */
  failure: CliError | undefined;

  private constructor(
    private readonly path: string,
    private readonly handle: { fd: number; close(): Promise<void> },
  ) {}

  /**
   * Opens the file for writing. An existing regular file is replaced only with `force`, a symbolic link never;
   * devices and pipes are written to. Under sudo the file belongs to the caller.
   * @throws CliError
   */
  static async open(path: string, force: boolean, env: Io['env']): Promise<FileSink> {
    const existing = await lstat(path).catch(() => undefined);
    // Devices such as /dev/stdout are links to where they lead.
    const isDeviceLink = path.startsWith('/dev/');
    if (existing?.isSymbolicLink() && !isDeviceLink)
      throw new CliError('output', `${quote(path)} is a symbolic link`, 'name the file itself');
    if (existing?.isDirectory()) throw new CliError('output', `${quote(path)} is a directory`, 'name a file');
    if (existing?.isFile() && !force) throw new CliError('output', `${quote(path)} exists`, 'add --force to replace it');
    const { O_WRONLY, O_CREAT, O_TRUNC, O_EXCL, O_NOFOLLOW } = constants;
    const flags =
      O_WRONLY | (existing === undefined ? O_CREAT | O_EXCL : existing.isFile() ? O_TRUNC : 0) | (isDeviceLink ? 0 : O_NOFOLLOW);
    try {
      const handle = await open(path, flags, 0o666);
      giveToCaller(handle.fd, env);
      return new FileSink(path, handle);
    } catch (error) {
      throw new CliError('output', `can't write ${quote(path)}: ${reasonOf(error)}`, 'name a file that can be written');
    }
  }

  write(bytes: Uint8Array): void {
    if (this.failure !== undefined) return;
    try {
      for (let at = 0; at < bytes.length; ) at += writeSync(this.handle.fd, bytes, at);
    } catch (error) {
      this.failure = new CliError('output', `can't write ${quote(this.path)}: ${reasonOf(error)}`, 'what came before it is in the file');
    }
  }

  async close(): Promise<void> {
    try {
      await this.handle.close();
    } catch (error) {
      this.failure ??= new CliError('output', `can't write ${quote(this.path)}: ${reasonOf(error)}`);
    }
  }
}

/** A regular file made under sudo belongs to who called sudo. */
function giveToCaller(fd: number, env: Io['env']): void {
  const caller = callerOf(env);
  if (caller !== undefined && fstatSync(fd).isFile()) fchownSync(fd, caller.uid, caller.gid);
}

const REASONS: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  EPERM: 'not permitted',
  ENOENT: 'no such directory',
  ENOTDIR: 'part of the path is no directory',
  ENOSPC: 'the disk is full',
  EROFS: 'the file system is read-only',
  EDQUOT: 'the disk quota is used up',
  ELOOP: 'it is a symbolic link',
  EISDIR: 'it is a directory',
};

/** An error of the file system in words. */
export function reasonOf(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  return (code !== undefined && REASONS[code]) || message;
}
