/** YAML (1.2, core schema) as a tree that knows where everything stood. Aliases share what they stand for: no copy is made. */
import {
  type Alias,
  Composer,
  type CST,
  type Document,
  isAlias,
  isMap,
  isPair,
  isScalar,
  isSeq,
  Lexer,
  LineCounter,
  type Node,
  type Pair,
  Parser,
  type YAMLError,
} from 'yaml';
import { PlanError, type Problem } from './problem.ts';

export interface Scalar {
  kind: 'scalar';
  at: number;
  /** As YAML reads it. */
  value: string | number | boolean | null;
  /** As it was written, where YAML reads a number: `0x1f` stays that. */
  text: string;
  /** Where the text begins, where it stands in the source as it is. */
  textAt: number | undefined;
}

export interface List {
  kind: 'list';
  at: number;
  items: readonly Value[];
}

export interface Entry {
  keyAt: number;
  value: Value;
}

export interface Dict {
  kind: 'map';
  at: number;
  entries: ReadonlyMap<string, Entry>;
}

export type Value = Scalar | List | Dict;

/** The text of one plan, for the places of what is in it. */
export class Source {
  readonly lines = new LineCounter();

  constructor(
    /** As it was named. */
    readonly file: string,
    readonly text: string,
  ) {}

  /** @param at characters from the beginning */
  problem(at: number, message: string, hint?: string): Problem {
    const { line, col } = this.lines.linePos(at);
    // Of an empty file there is no line yet.
    return { file: this.file, line: Math.max(1, line), column: Math.max(1, col), message, hint };
  }

  error(at: number, message: string, hint?: string): PlanError {
    return new PlanError([this.problem(at, message, hint)]);
  }
}

/** Deeper than any plan. */
const DEEPEST = 32;
const TOO_DEEP = `more than ${DEEPEST} levels deep`;
/** Of what the YAML parser says: it may quote the whole text. */
const LONGEST_WORDS = 200;

/** @throws PlanError where it is not YAML, or has what plans don't: tags, keys that are no text, an alias within itself */
export function parseTree(source: Source): Value {
  const composer = new Composer({ strict: true, uniqueKeys: true, logLevel: 'silent' });
  const [document, second] = composer.compose(tokensOf(source), true, source.text.length);
  const [wrong] = [...(document?.errors ?? []), ...(document?.warnings ?? [])];
  if (wrong !== undefined) throw source.error(wrong.pos[0], `not YAML: ${wordsOf(wrong.message)}`, hintFor(source, wrong));
  if (second !== undefined) throw source.error(second.range[0], 'a second document', 'a plan is one: put it into a file of its own');
  if (!document?.contents) throw source.error(0, 'there is nothing in it', 'see rawshake run --init');
  return new Builder(document, source).build(document.contents, 0);
}

/** The parser's stack holds the document and what is being read in it too. */
const BESIDE_LEVELS = 2;

/** What the parser makes of the text, as long as it is not so deep that who reads on would run out of stack. */
function* tokensOf(source: Source): Generator<CST.Token> {
  const parser = new Parser(source.lines.addNewLine);
  source.lines.addNewLine(0);
  for (const lexeme of new Lexer().lex(source.text)) {
    yield* parser.next(lexeme);
    if (parser.stack.length > DEEPEST + BESIDE_LEVELS) throw source.error(parser.offset, TOO_DEEP);
  }
  yield* parser.end();
}

/** The parser's sentence without what it says of places: we have our own. */
function wordsOf(message: string): string {
  const words = message.replace(/\s+at line \d+[\s\S]*$/, '').replace(/\.$/, '');
  return words.length > LONGEST_WORDS ? `${words.slice(0, LONGEST_WORDS)}...` : words;
}

/** By the parser's code of the error. */
const HINTS: Readonly<Record<string, string>> = {
  BAD_INDENT: 'indent this line just as those that it belongs to',
  BLOCK_AS_IMPLICIT_KEY: 'indent the next line just as this key, or put quotes around the value if ": " is in it',
  DUPLICATE_KEY: 'this key stands there already',
  MULTILINE_IMPLICIT_KEY: 'write "key: value", with a space behind the colon',
  UNEXPECTED_TOKEN: "put quotes around the whole value; a ' within '…' is written twice",
};

function hintFor({ text }: Source, { code, message, pos: [at] }: YAMLError): string | undefined {
  const line = text.slice(text.lastIndexOf('\n', at - 1) + 1).split('\n', 1)[0] ?? '';
  if (/[{[].*\$\{/.test(line)) return 'put quotes around "${name}" within { } and [ ]';
  if (line.includes('\t')) return 'indent with spaces, not tabs';
  if (message.startsWith('Flow ')) return 'a bracket is not closed, or what is in it begins too far left';
  return message.startsWith('Sequence item without') ? HINTS.BAD_INDENT : HINTS[code];
}

class Builder {
  readonly #built = new Map<Node, Value>();
  readonly #open = new Set<Node>();

  constructor(
    private readonly document: Document,
    private readonly source: Source,
  ) {}

  build(node: Node | null, at: number, depth = 0): Value {
    if (node === null) return { kind: 'scalar', at, value: null, text: '', textAt: undefined };
    const start = node.range?.[0] ?? at;
    if (depth > DEEPEST) throw this.source.error(start, TOO_DEEP);
    const target = isAlias(node) ? this.#target(node, start) : node;
    const known = this.#built.get(target);
    if (known !== undefined) return known;
    if (this.#open.has(target))
      throw this.source.error(start, `"*${(node as Alias).source}" stands within what it refers to`, 'leave it out');
    this.#open.add(target);
    const value = this.#convert(target, start, depth);
    this.#open.delete(target);
    this.#built.set(target, value);
    return value;
  }

  #target(alias: Alias, at: number): Node {
    const target = alias.resolve(this.document);
    if (target === undefined) throw this.source.error(at, `there is no anchor "&${alias.source}"`);
    return target;
  }

  #convert(node: Node, at: number, depth: number): Value {
    if (isSeq(node)) return { kind: 'list', at, items: node.items.map((item) => this.build(item as Node | null, at, depth + 1)) };
    if (isMap(node)) return this.#map(node.items as Pair<Node, Node | null>[], at, depth);
    if (!isScalar(node)) throw this.source.error(at, 'this kind of value has no place in a plan');
    const { value } = node;
    if (value !== null && !['string', 'number', 'boolean'].includes(typeof value))
      throw this.source.error(at, 'neither text, a number, true nor false', 'put it in quotes');
    const text = typeof value === 'string' ? value : value === null ? '' : (node.source ?? String(value));
    const written = this.source.text.slice(at, node.range?.[1]);
    const offset = written.indexOf(text);
    return { kind: 'scalar', at, value: value as Scalar['value'], text, textAt: offset < 0 ? undefined : at + offset };
  }

  #map(pairs: readonly Pair<Node, Node | null>[], at: number, depth: number): Dict {
    const entries = new Map<string, Entry>();
    const merged: [string, Entry][] = [];
    for (const pair of pairs) {
      const { key, value } = pair;
      if (!isPair(pair) || !isScalar(key) || key.value === null || typeof key.value === 'object')
        throw this.source.error(key?.range?.[0] ?? at, 'a key that is no text', 'give it a name');
      const keyAt = key.range?.[0] ?? at;
      const built = this.build(value, key.range?.[1] ?? at, depth + 1);
      if (key.value === '<<') merged.push(...this.#merged(built, keyAt));
      else entries.set(String(key.value), { keyAt, value: built });
    }
    for (const [name, entry] of merged) if (!entries.has(name)) entries.set(name, entry);
    return { kind: 'map', at, entries };
  }

  /** Of `<<: *anchor`, or of a list of them. */
  #merged(value: Value, keyAt: number): [string, Entry][] {
    const maps = value.kind === 'list' ? value.items : [value];
    return maps.flatMap((map) => {
      if (map.kind !== 'map') throw this.source.error(keyAt, '"<<" wants a map', 'such as <<: *defaults');
      return [...map.entries];
    });
  }
}
