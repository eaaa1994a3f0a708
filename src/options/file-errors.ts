/** Errors of the file system in words. */
const REASONS: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  EPERM: 'not permitted',
  ENOENT: 'no such directory',
  ENOTDIR: 'part of the path is no directory',
  ENOSPC: 'the disk is full',
  EROFS: 'the file system is read-only',
  EDQUOT: 'the disk quota is used up',
  ELOOP: 'it is a symbolic link',
  ENXIO: 'nobody reads it',
  EISDIR: 'it is a directory',
};

export function reasonOf(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  return (code !== undefined && REASONS[code]) || message;
}

/** Of a file that was to be read. */
export const readingReasonOf = (error: unknown): string =>
  (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'no such file' : reasonOf(error);
