/** The part of a line that speaks of a segment: `P. 1:18(17) ack 1 win 512 <nop,nop,TS val 1 ecr 2> "GET /"`. */
import { CliError } from '../../options/errors.ts';
import { escapedText, quote, suggestion } from '../../options/values.ts';
import { parseFlags } from '../../wire/flags.ts';
import { type Direction, FIELDS, type FieldName, type FieldPattern, type Pattern, type SegmentPattern } from './model.ts';
import { parseOptions } from './parse-options.ts';
import type { Scanner } from './scanner.ts';

const RANGE = /(-?\d+):(-?\d+)\((\d+)\)/y;
const STRING = /"((?:[^"\\]|\\.)*)"(\.\.\.)?/y;
/** What an IPv4 datagram has room for behind the two headers. */
const MOST_DATA = 65_495;
const LARGEST: Readonly<Record<FieldName, number>> = {
  seq: 0xffff_ffff,
  ack: 0xffff_ffff,
  win: 0xffff,
  urg: 0xffff,
  length: MOST_DATA,
  ttl: 0xff,
  tos: 0xff,
  id: 0xffff,
  df: 1,
  reserved: 7,
  offset: 15,
};
const WORDS = [...FIELDS, 'checksum'];

export function parseSegment(scanner: Scanner, direction: Direction): SegmentPattern {
  const segment: Writable = {
    ...parseFlagPattern(scanner, direction),
    fields: new Map(),
    checksum: undefined,
    options: undefined,
    data: undefined,
  };
  while (!scanner.isAtEnd) parseField(scanner, segment, direction);
  const { data, fields } = segment;
  const length = fields.get('length')?.pattern;
  if (data !== undefined && length?.type === 'exact' && length.value.names.length === 0) {
    const stated = length.value.constant;
    if (data.prefix ? data.bytes.length > stated : data.bytes.length !== stated)
      scanner.fail(`the data are ${data.bytes.length} bytes, and the length says ${stated}`, 'mend one of them, or leave the length out');
  }
  return segment;
}

type Writable = { -readonly [K in keyof SegmentPattern]: SegmentPattern[K] } & { fields: Map<FieldName, FieldPattern> };

/** `S.`, `any`, or `[P].` where PSH may be set or not. */
function parseFlagPattern(scanner: Scanner, direction: Direction): Pick<SegmentPattern, 'flags' | 'flagsEither'> {
  const what = 'the flags';
  const hint = `write tcpdump's letters: S . P F R U E W e, or none${direction === 'expect' ? '; [P] where one may be set or not; or any' : ''}`;
  const [text] = scanner.need(/[^\s<"#]+/y, what, hint);
  const at = scanner.at - text.length;
  const wrong = (): never => scanner.fail(`${quote(text)} is no set of flags`, hint, at);
  if (direction === 'send') return { flags: parseFlags(text) ?? wrong(), flagsEither: 0 };
  if (text === 'any') return { flags: undefined, flagsEither: 0 };
  const [, before = '', either, after = ''] = /^([^[\]]*)(?:\[([^[\]]+)\]([^[\]]*))?$/.exec(text) ?? wrong();
  const sure = before + after;
  return {
    flags: sure === '' ? 0 : (parseFlags(sure) ?? wrong()),
    flagsEither: either === undefined ? 0 : (parseFlags(either) ?? wrong()),
  };
}

function parseField(scanner: Scanner, segment: Writable, direction: Direction): void {
  const range = scanner.take(RANGE);
  if (range !== undefined) return setRange(scanner, segment, range);
  const string = scanner.take(STRING);
  if (string !== undefined) return setData(scanner, segment, direction, string);
  const at = scanner.at;
  if (scanner.take(/</y) !== undefined) {
    if (segment.options !== undefined) scanner.fail('options a second time', 'write them once', at);
    segment.options = parseOptions(scanner, direction);
    return;
  }
  const [word] = scanner.need(/[a-z]+/y, 'a field', `write one of ${WORDS.join(', ')}, <options> or "data"`);
  const wordAt = scanner.at - word.length;
  if (word === 'checksum') return setChecksum(scanner, segment, direction, wordAt);
  const name = FIELDS.find((field) => field === word);
  if (name === undefined)
    return scanner.fail(`${quote(word)} is no field`, suggestion(word, WORDS, `the fields are ${WORDS.join(', ')}`), wordAt);
  const absolute = scanner.take(/=/y) !== undefined;
  if (absolute && name !== 'seq' && name !== 'ack')
    scanner.fail(`${name}= is not needed`, `write ${name} and its value; = is for a seq or ack as it stands in the header`, wordAt);
  const pattern = scanner.value(direction, name);
  checkValue(scanner, name, pattern, absolute, wordAt);
  set(scanner, segment, name, { pattern, absolute }, wordAt);
}

function checkValue(scanner: Scanner, name: FieldName, pattern: Pattern, absolute: boolean, at: number): void {
  const values = pattern.type === 'exact' ? [pattern.value] : pattern.type === 'range' ? [pattern.low, pattern.high] : [];
  const least = (name === 'seq' || name === 'ack') && !absolute ? -LARGEST[name] : 0;
  for (const { constant, names } of values) {
    if (names.length > 0 || (constant >= least && constant <= LARGEST[name])) continue;
    scanner.fail(`${name} ${constant} is not in ${least} … ${LARGEST[name]}`, 'give a value that fits into its field', at);
  }
}

function set(scanner: Scanner, segment: Writable, name: FieldName, value: FieldPattern, at: number): void {
  if (segment.fields.has(name)) scanner.fail(`${name} a second time`, 'write it once; FROM:TO(LENGTH) says seq and length', at);
  segment.fields.set(name, value);
}

const exactly = (constant: number): FieldPattern => ({ pattern: { type: 'exact', value: { constant, names: [] } }, absolute: false });

function setRange(scanner: Scanner, segment: Writable, [whole, fromText, toText, lengthText]: RegExpExecArray): void {
  const at = scanner.at - whole.length;
  const [from, to, length] = [Number(fromText), Number(toText), Number(lengthText)];
  if (to - from !== length)
    scanner.fail(`${fromText} to ${toText} are ${to - from} bytes, not ${length}`, 'write FROM:TO(LENGTH), as tcpdump does', at);
  if (length > MOST_DATA) scanner.fail(`${length} bytes in one segment`, `${MOST_DATA} at most`, at);
  set(scanner, segment, 'seq', exactly(from), at);
  set(scanner, segment, 'length', exactly(length), at);
}

function setData(scanner: Scanner, segment: Writable, direction: Direction, [whole, text, dots]: RegExpExecArray): void {
  const at = scanner.at - whole.length;
  if (segment.data !== undefined) scanner.fail('data a second time', 'write them as one text', at);
  if (dots !== undefined && direction === 'send') scanner.fail('... behind data that we send', 'write all of them, or length N', at);
  try {
    const unquoted = (text as string).replace(/\\(["\\])/g, (pair, character) => (character === '"' ? '\\x22' : pair));
    segment.data = { bytes: escapedText('data', unquoted), prefix: dots !== undefined };
  } catch (error) {
    if (!(error instanceof CliError)) throw error;
    scanner.fail(error.message, error.hint ?? '', at);
  }
}

function setChecksum(scanner: Scanner, segment: Writable, direction: Direction, at: number): void {
  if (direction === 'expect')
    scanner.fail('a checksum that must come', 'what comes with a wrong checksum is passed over: leave it out', at);
  const [text] = scanner.need(/bad\b|0x[0-9a-f]+|\d+/iy, 'a checksum', 'write checksum bad, or its value');
  segment.checksum = text === 'bad' ? 'wrong' : Number(text);
  if (typeof segment.checksum === 'number' && segment.checksum > 0xffff)
    scanner.fail('a checksum of more than 16 bits', 'give 0 to 65535', at);
}
