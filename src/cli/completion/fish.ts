import type { Command } from '../command.ts';
import { GENERATED, gist, namesOf, positionalSource, quoted, type Source, sourceOf, takesWord } from './words.ts';

export function fish(commands: readonly Command[]): string {
  const lines = [
    GENERATED,
    'complete -c rawshake -f',
    "complete -c rawshake -n __fish_use_subcommand -l version -d 'Version'",
    "complete -c rawshake -l help -d 'Help'",
  ];
  for (const { name, summary } of commands)
    lines.push(`complete -c rawshake -n __fish_use_subcommand -a ${name} -d ${quoted(gist(summary))}`);
  for (const { name, options, positionals } of commands) {
    const within = `complete -c rawshake -n '__fish_seen_subcommand_from ${name}'`;
    for (const option of options) {
      const text = `-d ${quoted(gist(option.describe))}`;
      const value = takesWord(option) ? ` ${argumentOf(sourceOf(option))}` : '';
      for (const word of namesOf(option)) lines.push(`${within} ${word.length === 1 ? '-s' : '-l'} ${word}${value} ${text}`);
      if (option.negatable) lines.push(`${within} -l no-${option.name} ${text}`);
    }
    for (const positional of positionals) {
      const source = positionalSource(positional);
      if (source !== undefined) lines.push(`${within} ${source === 'file' ? '-F' : `-a ${listOf(source)}`}`);
    }
  }
  return `${lines.join('\n')}\n`;
}

function argumentOf(source: Source | undefined): string {
  if (source === undefined) return '-x';
  return source === 'file' ? '-r -F' : `-x -a ${listOf(source)}`;
}

function listOf(source: Exclude<Source, 'file'>): string {
  if (typeof source === 'object') return quoted(source.words.join(' '));
  const commands = {
    host: '__fish_print_hostnames',
    port: "string match -rg '^([a-z][-\\w]*)\\s+\\d+/tcp' < /etc/services",
    interface: 'ls /sys/class/net',
  };
  return quoted(`(${commands[source]} 2> /dev/null)`);
}
