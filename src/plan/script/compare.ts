/** What came beside what a line says must come, field by field. */
import type { Heard } from '../../probe/arrival.ts';
import { formatFlags } from '../../wire/flags.ts';
import { seqDiff } from '../../wire/seq.ts';
import { type TcpOption, tcpOptionsLength, writeTcpOptions } from '../../wire/tcp-options.ts';
import type { Exchange } from './exchange.ts';
import type { ExpectLine, FieldName, FieldPattern, OptionPattern, OptionsPattern, Pattern, SegmentPattern } from './model.ts';
import { bytesText, cameText, optionText } from './text.ts';
import type { Values } from './values.ts';

interface Difference {
  field: string;
  expected: string;
  actual: string;
}

/** What a comparison found: how it differs, and where it does not, the names to be given. */
export interface Comparison {
  differences: Difference[];
  captured: [name: string, value: number][];
}

type HeardSegment = Extract<Heard, { type: 'segment' }>;

/** @throws UnknownName */
export function compare(
  awaited: ExpectLine['awaited'],
  heard: Exclude<Heard, { type: 'unreadable' }>,
  exchange: Exchange,
  values: Values,
): Comparison {
  if (awaited.type === 'segment' && heard.type === 'segment') return compareSegment(awaited.segment, heard, exchange, values);
  const isAwaited = awaited.type === 'icmp' && heard.type === 'icmp' && (awaited.name === 'any' || awaited.name === heard.error.name);
  const expected = awaited.type === 'icmp' ? `icmp ${awaited.name}` : 'a segment';
  return { differences: isAwaited ? [] : [{ field: 'segment', expected, actual: cameText(heard, exchange) }], captured: [] };
}

function compareSegment(segment: SegmentPattern, heard: HeardSegment, exchange: Exchange, values: Values): Comparison {
  const comparer = new Comparer(exchange, values);
  const { tcp, ip } = heard;
  const { flags, flagsEither } = segment;
  if (flags !== undefined && (tcp.flags & ~flagsEither) !== (flags & ~flagsEither)) {
    const either = flagsEither === 0 ? '' : `[${formatFlags(flagsEither)}]`;
    comparer.differs('flags', `${either}${flags === 0 && either !== '' ? '' : formatFlags(flags)}`, formatFlags(tcp.flags));
  }
  const actual: Record<FieldName, number> = {
    seq: tcp.seq,
    ack: tcp.ack,
    win: tcp.window,
    urg: tcp.urgent,
    length: tcp.payload.length,
    ttl: ip.ttl,
    tos: ip.tos,
    id: ip.id,
    df: ip.dontFragment ? 1 : 0,
    reserved: tcp.reserved,
    offset: tcp.dataOffset as number,
  };
  for (const [name, pattern] of segment.fields) comparer.field(name, pattern, actual[name]);
  if (segment.options !== undefined) comparer.options(segment.options, tcp.options);
  if (segment.data !== undefined) {
    const { bytes, prefix } = segment.data;
    const part = prefix ? tcp.payload.subarray(0, bytes.length) : tcp.payload;
    if (Buffer.compare(part, bytes) !== 0) comparer.differs('data', bytesText(bytes) + (prefix ? '...' : ''), bytesText(tcp.payload));
  }
  return comparer;
}

class Comparer implements Comparison {
  readonly differences: Difference[] = [];
  readonly captured: [string, number][] = [];
  readonly #exchange: Exchange;
  readonly #values: Values;

  constructor(exchange: Exchange, values: Values) {
    this.#exchange = exchange;
    this.#values = values;
  }

  differs(field: string, expected: string, actual: string): void {
    this.differences.push({ field, expected, actual });
  }

  field(name: FieldName, { pattern, absolute }: FieldPattern, actual: number): void {
    if (name !== 'seq' && name !== 'ack') {
      if (!this.#fits(pattern, actual)) this.differs(name, this.#values.describe(pattern), String(actual));
      return;
    }
    const isn = absolute ? 0 : ((name === 'seq' ? this.#exchange.irs : this.#exchange.iss) ?? 0);
    const shown = absolute ? actual : seqDiff(actual, isn);
    if (!this.#fits32(pattern, shown)) this.differs(absolute ? `${name}=` : name, this.#values.describe(pattern, absolute), String(shown));
  }

  options(pattern: OptionsPattern, actual: readonly TcpOption[]): void {
    const left = [...actual];
    const isThere = pattern.list.every((wanted) => {
      const at = left.findIndex((option, place) => (pattern.others || place === 0) && this.#optionFits(wanted, option));
      if (at >= 0) left.splice(at, 1);
      return at >= 0;
    });
    const isRight = isThere && (pattern.others || left.length === 0) && !actual.some(({ name }) => pattern.absent.includes(name));
    if (!isRight) this.differs('options', pattern.text, `<${actual.map((option) => optionText(option, this.#exchange.iss)).join(',')}>`);
  }

  #optionFits(wanted: OptionPattern, option: TcpOption): boolean {
    if (wanted.name === 'other') return sameBytes(wanted.option, option);
    if (wanted.name !== option.name) return false;
    const numbers = this.#numbersOf(option);
    if (option.name === 'sack' && numbers.length !== wanted.values.length) return false;
    return wanted.values.every((pattern, i) => this.#fits32(pattern, numbers[i] as number));
  }

  /** Blocks of SACK count from the ISN of the data that they speak of, which are ours. */
  #numbersOf(option: TcpOption): number[] {
    switch (option.name) {
      case 'mss':
        return [option.mss];
      case 'window-scale':
        return [option.shift];
      case 'timestamps':
        return [option.value, option.echoReply];
      case 'sack':
        return option.blocks.flatMap(({ left, right }) => [seqDiff(left, this.#exchange.iss), seqDiff(right, this.#exchange.iss)]);
      default:
        return [];
    }
  }

  #fits(pattern: Pattern, value: number): boolean {
    if (pattern.type === 'capture') this.captured.push([pattern.name, value]);
    return this.#values.fits(pattern, value);
  }

  #fits32(pattern: Pattern, value: number): boolean {
    if (pattern.type === 'capture') this.captured.push([pattern.name, value]);
    return this.#values.fits32(pattern, value);
  }
}

function sameBytes(a: TcpOption, b: TcpOption): boolean {
  const [one, other] = [bytesOf(a), bytesOf(b)];
  return Buffer.compare(one, other) === 0;
}

function bytesOf(option: TcpOption): Uint8Array {
  const bytes = new Uint8Array(tcpOptionsLength([option]));
  writeTcpOptions([option], bytes, 0);
  return bytes;
}
