// The man page.
import { readFileSync } from 'node:fs';
import { EXIT_STATUS } from '../dist/cli/exit-code.js';
import { loadAll } from '../dist/cli/registry.js';
import { groupsOf, optionForm, optionText, usageForm, writeDocument } from './document.js';

const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));

/** A word longer than a line may be broken at these. */
const BREAK = '\0';
const breakable = (text) => text.replace(/\S{60,}/g, (word) => word.replace(/.{20}/g, `$&${BREAK}`));
/** Text as roff takes it: backslashes and hyphens kept, no line that looks like a request. */
const roff = (text) =>
  breakable(text)
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replaceAll(BREAK, '\\:')
    .replace(/^([.'])/gm, '\\&$1');
const bold = (text) => `\\fB${roff(text)}\\fR`;
const italic = (text) => `\\fI${roff(text)}\\fR`;

function command(each) {
  const lines = [`.SS ${usageForm(each, bold, italic)}`, roff(each.summary)];
  for (const positional of each.positionals) lines.push('.TP', italic(positional.name), roff(positional.describe));
  for (const [group, options] of groupsOf(each)) {
    lines.push('.P', `${bold(group)}:`);
    for (const option of options) lines.push('.TP', optionForm(option, bold, italic), roff(optionText(option)));
  }
  // A long word leaves nothing in its line to adjust.
  lines.push('.P', 'Examples:', '.na');
  for (const [line, shows] of each.examples) lines.push('.TP', bold(line), roff(shows));
  return [...lines, '.ad'];
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
    'rawshake crafts TCP segments over raw IPv4 sockets, performs real handshakes and real closes against remote ports, and reports what came back and when. It needs CAP_NET_RAW, and CAP_NET_ADMIN where the kernel wants it for socket filters: run it with sudo, or in one of the ways of docs/privileges.md, which is installed with it. No firewall rule is made: a listening socket of its own that takes nothing in keeps the kernel from answering for its ports.',
  ),
  '.P',
  roff('Numbers are decimal or 0x. HOST:PORT is taken wherever HOST PORT is. Results go to stdout; progress, notes and errors to stderr.'),
  '.SH COMMANDS',
  ...(await loadAll()).flatMap(command),
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

writeDocument('man/rawshake.1', page);
