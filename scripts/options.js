// docs/options.md: every command and option.
import { EXIT_STATUS } from '../dist/cli/exit-code.js';
import { loadAll } from '../dist/cli/registry.js';
import { groupsOf, optionForm, optionText, usageForm, writeDocument } from './document.js';

/** Text as it stands in a cell. */
const cell = (text) => text.replaceAll('\\', '\\\\').replace(/[|<>*_[\]`]/g, '\\$&');
const plain = (text) => text;
const code = (text) => `\`${text.replaceAll('|', '\\|')}\``;
const table = (head, rows) => [
  `| ${head.join(' | ')} |`,
  `|${'---|'.repeat(head.length)}`,
  ...rows.map((row) => `| ${row.join(' | ')} |`),
  '',
];

function section(command) {
  const { name, summary, positionals, examples } = command;
  const lines = [`## ${name}`, '', '```', usageForm(command, plain, plain), '```', '', summary, ''];
  if (positionals.length > 0)
    lines.push(
      ...table(
        ['word', 'meaning'],
        positionals.map((word) => [code(word.name), cell(word.describe)]),
      ),
    );
  for (const [group, options] of groupsOf(command)) {
    lines.push(
      ...table(
        [group, 'meaning'],
        options.map((option) => [code(optionForm(option, plain, plain)), cell(optionText(option))]),
      ),
    );
  }
  return [...lines, 'Examples:', '', '```', ...examples.flatMap(([line, shows]) => [`# ${shows}`, line]), '```', ''];
}

const page = [
  "<!-- Generated from the commands' own data by scripts/options.js; do not edit. -->",
  '# Commands and options',
  '',
  'Numbers are decimal or 0x. `HOST:PORT` is taken wherever `HOST PORT` is. Results go to stdout; progress, notes and errors to stderr.',
  '',
  ...(await loadAll()).flatMap(section),
  '## Exit codes',
  '',
  ...table(
    ['code', 'means'],
    EXIT_STATUS.map(([status, meaning]) => [status, cell(meaning)]),
  ),
].join('\n');

writeDocument('docs/options.md', page);
