// What the generated documents share: they are written from the commands' own data, or with --check compared with it.
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** Writes a file of the project; with --check only says whether it is up to date. */
export function writeDocument(path, text) {
  const file = fileURLToPath(new URL(`../${path}`, import.meta.url));
  if (!process.argv.includes('--check')) writeFileSync(file, text);
  else if (readFileSync(file, 'utf8') !== text) {
    process.stderr.write(`${path} is out of date: npm run documents\n`);
    process.exitCode = 1;
  }
}

/** How an option is written: `-W, --timeout SECONDS`. */
export function optionForm({ name, alias, argument, optional, negatable }, bold, italic) {
  const dashed = (word) => (word.length === 1 ? `-${word}` : `--${word}`);
  const names = [alias, name].filter((word) => word !== undefined).map((word) => bold(dashed(word)));
  const shown = argument === undefined ? '' : optional ? `[=${italic(argument)}]` : ` ${italic(argument)}`;
  return names.join(', ') + shown + (negatable ? `, ${bold(`--no-${name}`)}` : '');
}

/** What an option does, with its default. */
export const optionText = ({ describe, default: value }) => describe + (value === undefined ? '' : ` (default: ${value})`);

/** How a command is called. */
export function usageForm({ name, positionals, options }, bold, italic) {
  const words = positionals.map((word) => {
    const form = italic(word.name) + (word.repeatable ? '...' : '');
    return word.required ? form : `[${form}]`;
  });
  return [bold(`rawshake ${name}`), ...words, ...(options.length > 0 ? ['[options]'] : [])].join(' ');
}

/** The options by group, in the order in which they are given. */
export function* groupsOf({ options }) {
  for (const group of new Set(options.map((each) => each.group))) yield [group, options.filter((each) => each.group === group)];
}
