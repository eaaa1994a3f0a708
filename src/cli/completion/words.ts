/** What the scripts of all shells are made from. */
import type { Option } from '../../options/options.ts';
import type { Positional } from '../command.ts';

/** What a value can be completed to: words, or what the shell knows of this machine. */
export type Source = { words: readonly string[] } | 'file' | 'host' | 'port' | 'interface';

const SOURCES: Readonly<Record<string, Source>> = { FILE: 'file', HOST: 'host', PORT: 'port', NAME: 'interface' };

/** Undefined: a value that only the user knows. */
export const sourceOf = ({ argument, choices }: Option): Source | undefined =>
  choices === undefined ? SOURCES[argument ?? ''] : { words: choices };

export const positionalSource = ({ name, choices }: Positional): Source | undefined =>
  choices === undefined ? SOURCES[name] : { words: choices };

export const namesOf = ({ name, alias }: Option): string[] => [name, ...(alias === undefined ? [] : [alias])];

export const dashed = (name: string): string => (name.length === 1 ? `-${name}` : `--${name}`);

/** Its value stands in the next word; an optional one only behind `=`. */
export const takesWord = ({ argument, optional }: Option): boolean => argument !== undefined && !optional;

/** Every way to write the options, without their values. */
export const spellings = (options: readonly Option[]): string[] =>
  options.flatMap((option) => [...namesOf(option).map(dashed), ...(option.negatable ? [`--no-${option.name}`] : [])]);

/** The gist of a description: what stands before its first stop. */
export const gist = (text: string): string => (text.split(/[.;:] /)[0] as string).replace(/\.$/, '');

/** A word as any shell takes it. */
export const quoted = (text: string): string => `'${text.replaceAll("'", String.raw`'\''`)}'`;

export const GENERATED = '# Made by `rawshake completion`: make it anew after an update.';
