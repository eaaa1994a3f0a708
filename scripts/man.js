// Writes man/rawshake.1 from the commands' own data: `npm run man`. With --check only says whether it is up to date.
import { readFileSync, writeFileSync } from 'node:fs';
import { EXIT_STATUS } from '../dist/cli/exit-code.js';
import { COMMANDS } from '../dist/cli/main.js';

const FILE = new URL('../man/rawshake.1', import.meta.url);
const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));

/** Text as roff takes it: backslashes and hyphens kept, no line that looks like a request. */
const roff = (text) =>
  text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replace(/^([.'])/gm, '\\&$1');
const bold = (text) => `\\fB${roff(text)}\\fR`;
const italic = (text) => `\\fI${roff(text)}\\fR`;

function option({ name, alias, argument, optional, negatable, describe, default: value }) {
  const dashed = (word) => (word.length === 1 ? `-${word}` : `--${word}`);
  const names = [alias, name].filter((word) => word !== undefined).map((word) => bold(dashed(word)));
  if (negatable) names.push(bold(`--no-${name}`));
  const shown = argument === undefined ? '' : optional ? `[=${italic(argument)}]` : ` ${italic(argument)}`;
  return ['.TP', `${names.join(', ')}${shown}`, roff(describe + (value === undefined ? '' : ` (default: ${value})`))];
}

function command({ name, summary, positionals, options, examples }) {
  const words = positionals.map((word) => (word.required ? italic(word.name) : `[${italic(word.name)}]`));
  const lines = [`.SS ${bold(`rawshake ${name}`)} ${words.join(' ')} [options]`, roff(summary)];
  for (const positional of positionals) lines.push('.TP', italic(positional.name), roff(positional.describe));
  for (const group of new Set(options.map((each) => each.group))) {
    lines.push('.P', `${bold(group)}:`);
    for (const each of options) if (each.group === group) lines.push(...option(each));
  }
  lines.push('.P', 'Examples:');
  for (const [line, shows] of examples) lines.push('.TP', bold(line), roff(shows));
  return lines;
}

const page = [
  '.\\" Generated from the commands\' own data by scripts/man.js; do not edit.',
  `.TH RAWSHAKE 1 "" "rawshake ${version}" "User Commands"`,
  '.SH NAME',
  roff('rawshake - real TCP handshakes and closes from userland'),
  '.SH SYNOPSIS',
  `${bold('rawshake')} ${italic('COMMAND')} [options]`,
  '.SH DESCRIPTION',
  roff(
    'rawshake crafts TCP segments over raw IPv4 sockets, performs real handshakes and real closes against remote ports, and reports what came back and when. It needs CAP_NET_RAW, and CAP_NET_ADMIN where the kernel wants it for socket filters: run it with sudo. No firewall rule is made: a listening socket of its own that takes nothing in keeps the kernel from answering for its ports.',
  ),
  '.P',
  roff('Numbers are decimal or 0x. HOST:PORT is taken wherever HOST PORT is. Results go to stdout; progress, notes and errors to stderr.'),
  '.SH COMMANDS',
  ...COMMANDS.flatMap(command),
  '.SH EXIT STATUS',
  ...EXIT_STATUS.flatMap(([code, meaning]) => ['.TP', bold(code), roff(meaning)]),
  '.SH ENVIRONMENT',
  '.TP',
  bold('NO_COLOR'),
  roff('No colour, where it is set and not empty.'),
  '.SH SEE ALSO',
  'RFC 9293 (TCP), RFC 5961, RFC 6298, RFC 7323,',
  '.BR tcp (7),',
  '.BR raw (7)',
  '',
].join('\n');

if (!process.argv.includes('--check')) writeFileSync(FILE, page);
else if (readFileSync(FILE, 'utf8') !== page) {
  process.stderr.write('man/rawshake.1 is out of date: npm run man\n');
  process.exitCode = 1;
}
