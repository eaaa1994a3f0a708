/** Commands for people to paste. */
import { createRequire } from 'node:module';

/** A word as a shell takes it. */
export const quoted = (word: string): string => (/^[\w./:=@%+-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`);

/** A command for root, as this user types it. @param uid effective user ID */
export function asRoot(command: string, { uid, hasSudo }: { uid: number; hasSudo: boolean }): string {
  if (uid === 0) return command;
  return hasSudo ? `sudo ${command}` : `su -c ${quoted(command)}`;
}

const require = createRequire(import.meta.url);

/** Whether a program is found in PATH. */
export function hasProgram(name: string): boolean {
  // Every start passes by here, few have to ask: it is loaded for those.
  const { spawnSync } = require('node:child_process') as typeof import('node:child_process');
  return spawnSync('/bin/sh', ['-c', 'command -v "$1"', 'sh', name]).status === 0;
}
