import type { Option } from '../../options/options.ts';
import type { Command } from '../command.ts';
import { dashed, GENERATED, gist, namesOf, positionalSource, quoted, type Source, sourceOf } from './words.ts';

export function zsh(commands: readonly Command[]): string {
  const summaries = commands.map(({ name, summary }) => quoted(`${name}:${gist(summary)}`));
  const cases = commands.map(({ name, options, positionals }) => {
    const words = positionals.map((positional, i) =>
      quoted(`${i + 1}${positional.required ? ':' : '::'}${positional.name}:${complete(positionalSource(positional))}`),
    );
    const specs = [...options.flatMap(specify), ...words, quoted('--help[Help]')];
    return `${name})
          _arguments -s \\
            ${specs.join(' \\\n            ')}
          ;;`;
  });
  return `#compdef rawshake
${GENERATED}
_rawshake() {
  local curcontext=$curcontext state line
  typeset -A opt_args
  _arguments -C '--help[Help]' '--version[Version]' '1: :->command' '*:: :->words'
  case $state in
    command)
      local -a commands=(
        ${summaries.join('\n        ')}
      )
      _describe command commands
      ;;
    words)
      case $words[1] in
        ${cases.join('\n        ')}
      esac
      ;;
  esac
}
# Loaded as a function, or read by a shell that is running.
if [[ $funcstack[1] == _rawshake ]]; then _rawshake "$@"; else compdef _rawshake rawshake; fi
`;
}

/** The specs of an option for _arguments, one for each way to write it. */
function specify(option: Option): string[] {
  const { name, argument, optional, negatable, repeatable, counted, describe } = option;
  const names = namesOf(option).map(dashed);
  const several = repeatable || counted ? '*' : names.length > 1 ? `(${names.join(' ')})` : '';
  const text = `[${escaped(gist(describe))}]`;
  const value = argument === undefined ? '' : `${optional ? '::' : ':'}${escaped(argument)}:${complete(sourceOf(option))}`;
  const sign = (word: string): string => (argument === undefined ? '' : optional ? '=-' : word.startsWith('--') ? '=' : '+');
  const specs = names.map((word) => quoted(`${several}${word}${sign(word)}${text}${value}`));
  return negatable ? [...specs, quoted(`--no-${name}${text}`)] : specs;
}

/** As it stands between brackets or colons. */
const escaped = (text: string): string => text.replace(/[\\[\]:]/g, '\\$&');

function complete(source: Source | undefined): string {
  // A space is an action that offers nothing.
  if (source === undefined) return ' ';
  if (typeof source === 'object') return `(${source.words.join(' ')})`;
  return { file: '_files', host: '_hosts', port: '_ports', interface: '_net_interfaces' }[source];
}
