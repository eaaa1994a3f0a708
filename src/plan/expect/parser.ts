/**
 * Reads an expression:
 *
 *     expression = conjunction { "or" conjunction }
 *     conjunction = negation { "and" negation }
 *     negation = "not" negation | comparison
 *     comparison = operand [ ("==" | "!=" | "<" | "<=" | ">" | ">=") operand | ("~" | "!~") pattern
 *                          | "has" operand | "in" "(" operand { "," operand } ")" ]
 *     operand = ( literal | name | function "(" argument ")" | "(" argument ")" ) { "." name }
 *     argument = expression [ "where" expression ]
 */
import type { Fault, Span } from './error.ts';
import { type Node, ORDERS, type Order } from './syntax.ts';
import { type Token, tokenize } from './tokens.ts';
import { isUnit } from './units.ts';

/** Parentheses and negations in one another. */
const DEEPEST = 50;

const KEYWORDS: ReadonlySet<string> = new Set(['and', 'or', 'not', 'has', 'in', 'where']);

/** @throws ExpressionError */
export const parse = (expression: string, fault: Fault): Node => new Parser(tokenize(expression, fault), fault).whole();

class Parser {
  readonly #tokens: readonly Token[];
  readonly #fault: Fault;
  #next = 0;
  #depth = 0;

  constructor(tokens: readonly Token[], fault: Fault) {
    this.#tokens = tokens;
    this.#fault = fault;
  }

  whole(): Node {
    if (this.#is('end', '')) throw this.#fault('the expression is empty', this.#token, 'such as verdict == open');
    const node = this.#expression();
    if (this.#is('end', '')) return node;
    if (this.#is('sign', ')')) throw this.#fault('this ) closes nothing', this.#token, 'leave it out');
    if (this.#is('word', 'where'))
      throw this.#fault('where outside of parentheses', this.#token, 'such as count(received where flags has RST) == 0');
    if (this.#isOrder) throw this.#fault('a second comparison', this.#token, 'join comparisons by and: 1 < ttl and ttl < 64');
    if (isUnit(this.#token.text) && this.#tokens[this.#next - 1]?.kind === 'number')
      throw this.#fault('a space before the unit', this.#token, `write it without, such as 20${this.#token.text}`);
    const hint =
      node.kind === 'name' || node.kind === 'field' ? 'compare by one of == != < <= > >= ~ !~ in has' : 'join conditions by and or or';
    throw this.#fault(`${JSON.stringify(this.#token.text)} is not expected here`, this.#token, hint);
  }

  get #token(): Token {
    return this.#tokens[this.#next] as Token;
  }

  get #isOrder(): boolean {
    return this.#token.kind === 'sign' && (ORDERS as readonly string[]).includes(this.#token.text);
  }

  #is(kind: Token['kind'], text: string): boolean {
    return this.#token.kind === kind && this.#token.text === text;
  }

  #accept(kind: Token['kind'], text: string): Token | undefined {
    return this.#is(kind, text) ? this.#take() : undefined;
  }

  #take(): Token {
    const token = this.#token;
    this.#next += 1;
    return token;
  }

  #close(opened: Span): Token {
    const closed = this.#accept('sign', ')');
    if (closed !== undefined) return closed;
    throw this.#fault('( is not closed', opened, this.#token.kind === 'end' ? 'add )' : `) is missing before ${this.#token.text}`);
  }

  /** Runs one level deeper. */
  #within<T>(read: () => T): T {
    if (++this.#depth > DEEPEST) throw this.#fault(`more than ${DEEPEST} levels`, this.#token, 'give several expectations, each by itself');
    const value = read();
    this.#depth -= 1;
    return value;
  }

  #expression(): Node {
    let left = this.#conjunction();
    while (this.#accept('word', 'or')) {
      const right = this.#conjunction();
      left = { kind: 'or', left, right, from: left.from, to: right.to };
    }
    return left;
  }

  #conjunction(): Node {
    let left = this.#negation();
    while (this.#accept('word', 'and')) {
      const right = this.#negation();
      left = { kind: 'and', left, right, from: left.from, to: right.to };
    }
    return left;
  }

  #negation(): Node {
    const not = this.#accept('word', 'not');
    if (not === undefined) return this.#comparison();
    const of = this.#within(() => this.#negation());
    return { kind: 'not', of, from: not.from, to: of.to };
  }

  #comparison(): Node {
    const left = this.#operand();
    const { from } = left;
    if (this.#isOrder) {
      const order = this.#take().text as Order;
      const right = this.#operand();
      return { kind: 'compare', order, left, right, from, to: right.to };
    }
    if (this.#is('sign', '~') || this.#is('sign', '!~')) {
      const sign = this.#take();
      if (this.#token.kind !== 'pattern') throw this.#fault(`${sign.text} wants a pattern`, this.#token, 'such as /^HTTP/');
      const { pattern } = this.#take() as Token & { kind: 'pattern' };
      return { kind: 'match', isNegated: sign.text === '!~', left, pattern, from, to: pattern.to };
    }
    if (this.#accept('word', 'has')) {
      const right = this.#operand();
      return { kind: 'has', left, right, from, to: right.to };
    }
    if (this.#accept('word', 'in')) {
      const opened = this.#accept('sign', '(');
      if (opened === undefined) throw this.#fault('in wants a list', this.#token, 'such as verdict in (open, closed)');
      const choices = [this.#operand()];
      while (this.#accept('sign', ',')) choices.push(this.#operand());
      return { kind: 'in', left, choices, from, to: this.#close(opened).to };
    }
    return left;
  }

  #operand(): Node {
    let node = this.#primary();
    while (this.#accept('sign', '.')) {
      const name = this.#token;
      if (name.kind !== 'word') throw this.#fault('the name of a field is missing', name, 'such as close.finalState');
      this.#take();
      node = { kind: 'field', of: node, name: name.text, nameAt: name, from: node.from, to: name.to };
    }
    return node;
  }

  #primary(): Node {
    const token = this.#token;
    const { from, to } = token;
    if (token.kind === 'number') {
      this.#take();
      return { kind: 'number', value: token.value, unit: token.unit, from, to };
    }
    if (token.kind === 'text') {
      this.#take();
      return { kind: 'text', value: token.value, from, to };
    }
    if (token.kind === 'word' && !KEYWORDS.has(token.text)) {
      this.#take();
      return this.#word(token);
    }
    const opened = this.#accept('sign', '(');
    if (opened !== undefined) return { ...this.#argument(), from, to: this.#close(opened).to };
    const what = token.kind === 'end' ? 'the expression ends' : `${JSON.stringify(token.text)} stands`;
    throw this.#fault(`${what} where a name or a value is wanted`, token, 'such as verdict == open');
  }

  #word({ text, from, to }: Token): Node {
    if (text === 'none') return { kind: 'none', from, to };
    if (text === 'true' || text === 'false') return { kind: 'flag', value: text === 'true', from, to };
    const opened = this.#accept('sign', '(');
    if (opened === undefined) return { kind: 'name', name: text, from, to };
    const argument = this.#argument();
    return { kind: 'call', name: text, nameAt: { from, to }, argument, from, to: this.#close(opened).to };
  }

  #argument(): Node {
    return this.#within(() => {
      const list = this.#expression();
      if (this.#accept('word', 'where') === undefined) return list;
      const condition = this.#expression();
      return { kind: 'where', list, condition, from: list.from, to: condition.to };
    });
  }
}
