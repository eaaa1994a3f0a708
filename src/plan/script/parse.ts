/** The text of a packet script, read (docs/scripts.md). */

import { nearest, quote, suggestion } from '../../options/values.ts';
import { ICMP_TIME_EXCEEDED, ICMP_UNREACHABLE, icmpName } from '../../wire/icmp.ts';
import { ScriptError } from './error.ts';
import type { ExpectLine, Place, Script, Step, Window } from './model.ts';
import { parseSegment } from './parse-segment.ts';
import { Scanner } from './scanner.ts';

const DEFAULT_TIMEOUT_US = 1_000_000;
/** By how much what comes may miss a time: so long, or such a part of it. */
const TOLERANCE_US = 10_000;
const TOLERANCE = 0.1;
const STATEMENTS = ['iss', 'timeout', 'watch', 'leave', 'nothing', 'anything'];
const ICMP_NAMES = [
  'any',
  ...Array.from({ length: 16 }, (_, code) => icmpName(ICMP_UNREACHABLE, code)),
  ...[0, 1].map((code) => icmpName(ICMP_TIME_EXCEEDED, code)),
  'parameter-problem',
];

/** @throws ScriptError with the place of the first mistake */
export function parseScript(text: string): Script {
  const parser = new Parser(text);
  for (const [index, source] of text.split(/\r?\n/).entries()) parser.line(source, index + 1);
  return parser.end();
}

class Parser {
  readonly #names = new Set<string>();
  readonly #steps: Step[] = [];
  readonly #script: Omit<Script, 'steps'>;
  /** Lines of a group that is still open. */
  #group: (Place & { lines: ExpectLine[] }) | undefined;

  constructor(text: string) {
    this.#script = { text, iss: undefined, timeoutUs: DEFAULT_TIMEOUT_US, watchesRetransmissions: false, leaves: false };
  }

  line(source: string, line: number): void {
    const scanner = new Scanner(source, line, this.#names);
    if (scanner.isAtEnd) return;
    const place = { line, text: source.trim() };
    if (this.#bracket(scanner, place)) return;
    if (scanner.take(/(?=[a-z])/y)) this.#statement(scanner, place);
    else this.#segmentLine(scanner, place);
    if (!scanner.isAtEnd) scanner.fail(`${scanner.here} where the line should end`, 'one statement a line; # begins a comment');
  }

  end(): Script {
    if (this.#group !== undefined) throw new ScriptError('a { without its }', this.#group.line, 1, 'end the group by a line with }');
    this.#checkOpenAnything(undefined);
    // It would pass whatever the peer does.
    if (this.#steps.length === 0) throw new ScriptError('a script without a step', 1, 1, 'say what to send (>) and what must come (<)');
    return { ...this.#script, steps: this.#steps };
  }

  /** @returns whether the line opens or closes a group */
  #bracket(scanner: Scanner, place: Place): boolean {
    const at = scanner.at;
    const bracket = scanner.take(/[{}]/y)?.[0];
    if (bracket === undefined) return false;
    const group = this.#group;
    if (bracket === '{') {
      if (group !== undefined) scanner.fail('a group within a group', `close the one of line ${group.line} by } first`, at);
      this.#group = { ...place, lines: [] };
    } else {
      if (group === undefined) scanner.fail('a } without its {', 'open the group by a line with {', at);
      if (group.lines.length === 0) scanner.fail('a group with nothing in it', 'write lines with < between { and }', at);
      this.#group = undefined;
      this.#push({ ...group, type: 'expect', optional: false });
    }
    if (!scanner.isAtEnd) scanner.fail(`${scanner.here} after ${bracket}`, 'give { and } a line each');
    return true;
  }

  #push(step: Step): void {
    this.#checkOpenAnything(step);
    this.#steps.push(step);
  }

  /** `anything` without a duration speaks of the line after it. */
  #checkOpenAnything(next: Step | undefined): void {
    const last = this.#steps.at(-1);
    if (last?.type !== 'anything' || last.forUs !== undefined || (next?.type === 'expect' && !next.optional)) return;
    throw new ScriptError('anything until what?', last.line, 1, 'follow it by a line with <, or say for how long: anything for 300ms');
  }

  #statement(scanner: Scanner, place: Place): void {
    const at = scanner.at;
    const [word] = scanner.need(/[a-z]+/y, 'a statement', '');
    if (this.#group !== undefined) scanner.fail(`${quote(word)} within a group`, 'only lines with < may stand between { and }', at);
    switch (word) {
      case 'iss':
        this.#script.iss = this.#iss(scanner);
        return;
      case 'timeout':
        this.#script.timeoutUs = scanner.duration();
        return;
      case 'watch':
        scanner.need(/retransmissions\b/y, 'retransmissions', 'write: watch retransmissions');
        this.#script.watchesRetransmissions = true;
        return;
      case 'leave':
        this.#script.leaves = true;
        return;
      case 'nothing':
        scanner.need(/for\b/y, 'for', 'write: nothing for 300ms');
        this.#push({ ...place, type: 'nothing', forUs: scanner.duration() });
        return;
      case 'anything':
        this.#push({ ...place, type: 'anything', forUs: scanner.take(/for\b/y) ? scanner.duration() : undefined });
        return;
    }
    const hint = suggestion(word, STATEMENTS, `a line begins with >, <, <?, +time or one of ${STATEMENTS.join(', ')}`);
    scanner.fail(`${quote(word)} is no statement`, hint, at);
  }

  #iss(scanner: Scanner): number {
    const [text] = scanner.need(/0x[0-9a-f]+|\d+/iy, 'a number', 'write our initial sequence number, such as 4294967290');
    const iss = Number(text);
    return iss <= 0xffff_ffff ? iss : scanner.fail('more than 32 bits', 'give 0 to 4294967295');
  }

  #segmentLine(scanner: Scanner, place: Place): void {
    const timeAt = scanner.at;
    const when = time(scanner);
    const arrow = scanner.need(/>|<\?|</y, '> or <', '> is what we send, < what must come, <? what may come')[0];
    if (arrow === '>') {
      if (this.#group !== undefined) scanner.fail('> within a group', 'only lines with < may stand between { and }', timeAt);
      if (when.highUs !== undefined && when.highUs !== when.lowUs)
        scanner.fail('no certain time for what we send', 'give one, such as +0.1', timeAt);
      this.#push({ ...place, type: 'send', afterUs: when.lowUs, segment: parseSegment(scanner, 'send') });
      return;
    }
    const line = { ...place, when: around(when), awaited: awaited(scanner) };
    if (this.#group === undefined) this.#push({ ...place, type: 'expect', lines: [line], optional: arrow === '<?' });
    else if (arrow === '<') this.#group.lines.push(line);
    else scanner.fail('<? within a group', 'only lines with < may stand between { and }', timeAt);
  }
}

/** `+0.1`, `+0.2~0.4`, `*`, or none. */
function time(scanner: Scanner): Window {
  if (scanner.take(/\*/y)) return { lowUs: 0, highUs: Number.POSITIVE_INFINITY };
  if (scanner.take(/\+/y) === undefined) return { lowUs: 0, highUs: undefined };
  const lowUs = scanner.duration();
  if (scanner.take(/~/y) === undefined) return { lowUs, highUs: lowUs };
  const highUs = scanner.duration();
  return highUs >= lowUs ? { lowUs, highUs } : scanner.fail('a range that ends before it begins', 'write the earlier time first');
}

/** A single time is met by what comes about then. */
function around({ lowUs, highUs }: Window): Window {
  if (highUs !== lowUs) return { lowUs, highUs };
  const toleranceUs = Math.max(TOLERANCE_US, lowUs * TOLERANCE);
  return { lowUs: Math.max(0, lowUs - toleranceUs), highUs: lowUs + toleranceUs };
}

function awaited(scanner: Scanner): ExpectLine['awaited'] {
  if (scanner.take(/icmp\b/y) === undefined) return { type: 'segment', segment: parseSegment(scanner, 'expect') };
  const at = scanner.at;
  const [name] = scanner.need(/[\w-]+/y, 'the name of an ICMP error', 'such as icmp port-unreachable, or icmp any');
  if (ICMP_NAMES.includes(name)) return { type: 'icmp', name };
  return scanner.fail(`${quote(name)} is no ICMP error`, `did you mean ${nearest(name, ICMP_NAMES) ?? ICMP_NAMES.join(', ')}?`, at + 1);
}
