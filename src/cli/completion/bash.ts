import type { Command } from '../command.ts';
import { dashed, GENERATED, namesOf, positionalSource, quoted, type Source, sourceOf, spellings, takesWord } from './words.ts';

export function bash(commands: readonly Command[]): string {
  const values = commands.flatMap(({ name, options }) =>
    options.filter(takesWord).flatMap((option) => {
      const source = sourceOf(option);
      const words = namesOf(option).map((each) => quoted(`${name} ${dashed(each)}`));
      return source === undefined ? [] : [`${words.join(' | ')}) ${complete(source)} ;;`];
    }),
  );
  const positionals = commands.flatMap(({ name, positionals: all }) =>
    all.flatMap((positional, i) => {
      const source = positionalSource(positional);
      return source === undefined ? [] : [`${quoted(`${name} ${i}`)}) ${complete(source)} ;;`];
    }),
  );
  const words = commands.map(({ name, options }) => `${name}) words=${quoted([...spellings(options), '--help'].join(' '))} ;;`);
  const takers = commands.map(({ name, options }) => `${name}) takers=${quoted(spellings(options.filter(takesWord)).join(' '))} ;;`);
  const start = [...commands.map(({ name }) => name), '--help', '--version'].join(' ');
  return `# shellcheck shell=bash
${GENERATED}
_rawshake() {
  local cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD - 1]}
  local command='' takers='' words='' place=0 i word
  COMPREPLY=()
  # The shell takes = for a word of its own.
  [[ $prev == '=' ]] && prev=\${COMP_WORDS[COMP_CWORD - 2]}
  [[ $cur == '=' ]] && cur=''
  # Which command it is, and which of its words.
  for ((i = 1; i < COMP_CWORD; i++)); do
    word=\${COMP_WORDS[i]}
    if [[ $word == -* ]]; then
      if [[ \${COMP_WORDS[i + 1]-} == '=' ]]; then ((i += 2)); elif [[ " $takers " == *" $word "* ]]; then ((i += 1)); fi
    elif [[ -z $command ]]; then
      command=$word
      case $command in
        ${takers.join('\n        ')}
      esac
    else
      ((place += 1))
    fi
  done
  if [[ " $takers " == *" $prev "* ]]; then
    case "$command $prev" in
      ${values.join('\n      ')}
    esac
    return
  fi
  if [[ -z $command || $cur == -* ]]; then
    case $command in
      '') words=${quoted(start)} ;;
      ${words.join('\n      ')}
    esac
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur")
    return
  fi
  case "$command $place" in
    ${positionals.join('\n    ')}
  esac
}
complete -F _rawshake rawshake
`;
}

function complete(source: Source): string {
  if (typeof source === 'object') return compgen(`-W ${quoted(source.words.join(' '))}`);
  switch (source) {
    case 'file':
      return `compopt -o filenames; ${compgen('-f')}`;
    case 'host':
      return compgen('-A hostname');
    case 'port':
      return compgen('-A service');
    case 'interface':
      return compgen('-W "$(ls /sys/class/net 2> /dev/null)"');
  }
}

const compgen = (what: string): string => `mapfile -t COMPREPLY < <(compgen ${what} -- "$cur")`;
