/** A packet script as data: what docs/scripts.md describes. Times are in microseconds. */
import type { TcpOption } from '../../wire/tcp-options.ts';

/** Whether we send a segment, or it is to come. */
export type Direction = 'send' | 'expect';

/** A number, or names that stand for numbers, added up. */
export interface Sum {
  constant: number;
  names: readonly { name: string; sign: 1 | -1 }[];
}

/** What a value may be: this one, one of a range with both its ends, any at all, or any, which then has a name. */
export type Pattern =
  | { type: 'exact'; value: Sum }
  | { type: 'range'; low: Sum; high: Sum }
  | { type: 'any' }
  | { type: 'capture'; name: string };

/** The fields that have a number each, as a script names them. */
export const FIELDS = ['seq', 'ack', 'win', 'urg', 'length', 'ttl', 'tos', 'id', 'df', 'reserved', 'offset'] as const;
export type FieldName = (typeof FIELDS)[number];

export interface FieldPattern {
  pattern: Pattern;
  /** Of `seq` and `ack`: as it stands in the header, not counted from an ISN. */
  absolute: boolean;
}

/** An option with its numbers: of `sack` two a block, counted from the ISN of the data's sender. */
export type OptionPattern =
  | { name: 'mss' | 'window-scale' | 'timestamps' | 'sack' | 'sack-permitted' | 'nop' | 'end'; values: readonly Pattern[] }
  /** Any other kind, byte for byte. */
  | { name: 'other'; option: TcpOption };

export interface OptionsPattern {
  /** As written. */
  text: string;
  list: readonly OptionPattern[];
  /** Names of those that may not be there. */
  absent: readonly TcpOption['name'][];
  /** Others may be there, in any order. */
  others: boolean;
}

export interface SegmentPattern {
  /** Undefined: any. */
  flags: number | undefined;
  /** Flags that may be set or not. */
  flagsEither: number;
  fields: ReadonlyMap<FieldName, FieldPattern>;
  /** Of what we send. */
  checksum: number | 'wrong' | undefined;
  options: OptionsPattern | undefined;
  /** `prefix`: more may follow. */
  data: { bytes: Uint8Array; prefix: boolean } | undefined;
}

/** When something must come after the line before it; `lowUs` 0: or before. */
export interface Window {
  lowUs: number;
  /** Infinite: whenever the script still runs; undefined: as long as the script's `timeout`. */
  highUs: number | undefined;
}

export interface Place {
  line: number;
  /** The line, trimmed. */
  text: string;
}

export interface SendStep extends Place {
  type: 'send';
  /** After the line before it. */
  afterUs: number;
  segment: SegmentPattern;
}

/** One line with `<`. */
export interface ExpectLine extends Place {
  when: Window;
  awaited: { type: 'segment'; segment: SegmentPattern } | { type: 'icmp' /** Or `any`. */; name: string };
}

/** Lines that must all be met, in any order. */
export interface ExpectStep extends Place {
  type: 'expect';
  lines: readonly ExpectLine[];
  /** They need not be met. */
  optional: boolean;
}

export type Step =
  | SendStep
  | ExpectStep
  /** Nothing may come for so long. */
  | (Place & { type: 'nothing'; forUs: number })
  /** Whatever comes is passed over: for so long, or until the next line is met. */
  | (Place & { type: 'anything'; forUs: number | undefined });

export interface Script {
  text: string;
  steps: readonly Step[];
  /** Our ISN; undefined: drawn. */
  iss: number | undefined;
  /** How long a line without a time waits. */
  timeoutUs: number;
  /** What the peer sends again is compared too, and not passed over. */
  watchesRetransmissions: boolean;
  /** What is open at the end stays so. */
  leaves: boolean;
}
