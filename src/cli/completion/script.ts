/** Completion scripts, made from the commands' data. */
import type { Command } from '../command.ts';
import { bash } from './bash.ts';
import { fish } from './fish.ts';
import { zsh } from './zsh.ts';

export const SHELLS = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof SHELLS)[number];

/** @returns the script, its line feed included */
export const completionScript = (shell: Shell, commands: readonly Command[]): string => ({ bash, zsh, fish })[shell](commands);
