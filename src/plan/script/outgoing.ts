/** What a line with > sends, once the live numbers are known. */
import { alphabet } from '../../probe/alphabet.ts';
import type { SegmentSpec } from '../../probe/segment-spec.ts';
import { ACK, RST } from '../../wire/flags.ts';
import { seqAdd, seqDiff } from '../../wire/seq.ts';
import {
  KIND_END,
  KIND_MSS,
  KIND_NOP,
  KIND_SACK,
  KIND_SACK_PERMITTED,
  KIND_TIMESTAMPS,
  KIND_WINDOW_SCALE,
  type TcpOption,
} from '../../wire/tcp-options.ts';
import type { Exchange } from './exchange.ts';
import type { FieldName, OptionPattern, Pattern, SegmentPattern } from './model.ts';
import type { Values } from './values.ts';

/** As large as the field goes, so that a script need not think of it. */
const WINDOW = 0xffff;
const NOTHING = new Uint8Array(0);

export interface Numbers {
  values: Values;
  exchange: Exchange;
  /** What stands in a timestamp of ours that the script leaves open. */
  timestamp: number;
}

/** @throws UnknownName */
export function outgoing(segment: SegmentPattern, numbers: Numbers): SegmentSpec {
  const { exchange, values } = numbers;
  const flags = segment.flags as number;
  const field = (name: FieldName): number | undefined => {
    const pattern = segment.fields.get(name)?.pattern;
    return pattern === undefined ? undefined : exact(pattern, values);
  };
  const sequence = (name: 'seq' | 'ack', isn: number): number | undefined => {
    const value = field(name);
    return value === undefined ? undefined : seqAdd(segment.fields.get(name)?.absolute ? 0 : isn, value);
  };
  const seq = sequence('seq', exchange.iss) ?? exchange.sndNxt;
  const df = field('df');
  return {
    flags,
    seq,
    ack: sequence('ack', exchange.irs ?? 0) ?? (flags & ACK ? exchange.rcvNxt : 0),
    window: field('win') ?? (flags & RST ? 0 : WINDOW),
    urgent: field('urg'),
    dataOffset: field('offset'),
    reserved: field('reserved'),
    namedOptions: { preset: 'none' },
    options: segment.options?.list.map((option) => outgoingOption(option, numbers)),
    // Each byte has its letter by its place in the stream, however it is cut up.
    payload: segment.data?.bytes ?? alphabet(field('length') ?? 0, seqDiff(seq, exchange.iss) - 1),
    checksum: segment.checksum,
    ttl: field('ttl'),
    tos: field('tos'),
    ipId: field('id'),
    dontFragment: df === undefined ? undefined : df === 1,
  };
}

/** Of a pattern that is one value. */
const exact = (pattern: Pattern, values: Values): number => values.evaluate((pattern as Extract<Pattern, { type: 'exact' }>).value);

function outgoingOption(option: OptionPattern, { values, exchange, timestamp }: Numbers): TcpOption {
  if (option.name === 'other') return option.option;
  const value = (at: number, otherwise: number): number => {
    const pattern = option.values[at];
    return pattern?.type === 'exact' ? exact(pattern, values) : otherwise;
  };
  switch (option.name) {
    case 'mss':
      return { kind: KIND_MSS, name: 'mss', mss: value(0, 0) };
    case 'window-scale':
      return { kind: KIND_WINDOW_SCALE, name: 'window-scale', shift: value(0, 0) };
    case 'timestamps':
      return {
        kind: KIND_TIMESTAMPS,
        name: 'timestamps',
        value: value(0, timestamp) >>> 0,
        echoReply: value(1, exchange.latestTimestamp) >>> 0,
      };
    case 'sack': {
      const edges = option.values.map((pattern) => seqAdd(exchange.irs ?? 0, exact(pattern, values)));
      return { kind: KIND_SACK, name: 'sack', blocks: pairs(edges) };
    }
    case 'sack-permitted':
      return { kind: KIND_SACK_PERMITTED, name: 'sack-permitted' };
    case 'nop':
      return { kind: KIND_NOP, name: 'nop' };
    case 'end':
      return { kind: KIND_END, name: 'end', padding: NOTHING };
  }
}

function pairs(edges: readonly number[]): { left: number; right: number }[] {
  const blocks: { left: number; right: number }[] = [];
  for (let i = 0; i < edges.length; i += 2) blocks.push({ left: edges[i] as number, right: edges[i + 1] as number });
  return blocks;
}
