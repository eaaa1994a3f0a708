// docs/api.md: what the library exports, from its declarations and their comments.
import { readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { writeDocument } from './document.js';

const root = fileURLToPath(new URL('..', import.meta.url));
const read = (path) => readFileSync(join(root, path), 'utf8');

const RE_EXPORT = /^export (?:type )?(\*|\{[^}]*\}) from '(?:\.\/)?(.*)';$/gm;

/** The declarations of a module by name: the comment above it and its text, in the order of the file. */
function declarationsOf(file) {
  const declarations = new Map();
  const text = read(join('dist', file.replace(/\.ts$/, '.d.ts')));
  const start = /^(\/\*\*(?:(?!\*\/)[\s\S])*\*\/\n)?export (?:declare )?(?:abstract )?(?:const|function|class|interface|type) (\w+)/gm;
  for (const match of text.matchAll(start)) {
    const [, comment = '', name] = match;
    const from = match.index + comment.length;
    const known = declarations.get(name);
    const declaration = { comment, text: text.slice(from, endOf(text, from)) };
    // A function of several forms, or a type beside its constant.
    declarations.set(
      name,
      known === undefined ? declaration : { comment: known.comment || comment, text: `${known.text}\n${declaration.text}` },
    );
  }
  for (const [, names, from] of text.matchAll(RE_EXPORT))
    for (const entry of exportsOf(names, normalize(join(dirname(file), from)))) declarations.set(...entry);
  return declarations;
}

/** Where a declaration that begins at a place ends: after its last brace, or its semicolon. */
function endOf(text, from) {
  let depth = 0;
  for (let at = from; at < text.length; at++) {
    const comment = /^(?:\/\*[\s\S]*?\*\/|\/\/.*|'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")/.exec(text.slice(at, at + 4000));
    if (comment !== null) at += comment[0].length - 1;
    else if ('{(['.includes(text[at])) depth++;
    else if ('})]'.includes(text[at]) && --depth === 0 && text[at] === '}' && /^\n(?!\s*[|&])/.test(text.slice(at + 1))) return at + 1;
    else if (text[at] === ';' && depth === 0) return at + 1;
  }
  throw new Error(`a declaration without an end: ${text.slice(from, from + 60)}`);
}

/** Prose of a doc comment; tags become words. */
const prose = (comment) =>
  comment
    .replace(/^\/\*\*\s?|\s*\*\/\n?$/g, '')
    .replace(/^\s*\* ?/gm, '')
    .replace(/\{@link ([^}]+)\}/g, '`$1`')
    .replace(/\s*@param (\w+)/g, '\n\n`$1`:')
    .replace(/\s*@returns/g, '\n\nReturns')
    .replace(/\s*@throws/g, '\n\nThrows')
    .trim();

/** What is exported of a module: names between braces, or all that it has. */
function exportsOf(names, file) {
  const declarations = declarationsOf(file);
  if (names === '*') return [...declarations];
  return names
    .slice(1, -1)
    .split(',')
    .map((name) => name.trim().replace(/^type /, ''))
    .filter(Boolean)
    .map((name) => {
      const declaration = declarations.get(name);
      if (declaration === undefined) throw new Error(`${file} declares no ${name}`);
      return [name, declaration];
    });
}

const section = ([name, { comment, text }]) => [
  `### ${name}`,
  '',
  ...(comment === '' ? [] : [prose(comment), '']),
  '```ts',
  text.replace(/^export (?:declare )?/gm, '').replace(/^( {4})+/gm, (indent) => ' '.repeat(indent.length / 2)),
  '```',
  '',
];

/** The chapters, and the rooms of the source that they tell of. */
const CHAPTERS = {
  Calls: /^library\./,
  'Requests, results and what they are made of': /^probe\//,
  Plans: /^(plan|options)\//,
  'The network of this host': /^net\//,
  'Reports and captures': /^report\//,
  'Bytes and states': /^(wire|tcp)\//,
};

const statements = [...read('src/index.ts').matchAll(RE_EXPORT)];
const chapters = Object.entries(CHAPTERS).map(([title, room]) => [title, statements.filter(([, , file]) => room.test(file))]);
const left = statements.filter((statement) => !chapters.some(([, ours]) => ours.includes(statement)));
if (left.length > 0) throw new Error(`in no chapter: ${left.map(([line]) => line)}`);

const page = [
  '<!-- Generated from the declarations by scripts/api.js; do not edit. -->',
  '# The library',
  '',
  "What `import { … } from 'rawshake'` gives. Units stand in the names: `rttUs` is microseconds, `timeoutMs` milliseconds, `mtu` bytes.",
  'The [README](../README.md#as-a-library) shows how it is used, [examples](../examples) are whole programs.',
  '',
  ...chapters.flatMap(([title, ours]) =>
    ours.length === 0 ? [] : [`## ${title}`, '', ...ours.flatMap(([, names, file]) => exportsOf(names, file)).flatMap(section)],
  ),
];
writeDocument('docs/api.md', `${page.join('\n').trimEnd()}\n`);
