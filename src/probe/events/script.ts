/** What a packet script tells. */
import type { NetError } from '../../net/errors.ts';
import type { IcmpEvent, NoteEvent, SegmentEvent, StartEvent } from './common.ts';

/** One way in which what came is not what a line of the script says. */
export interface ScriptFailure {
  /** Of the script's text, counted from 1. */
  line: number;
  /** The line as it stands there. */
  text: string;
  /** As the script names it: `flags`, `seq`, `ack`, `win`, `options`, `data` …; `time`; or `segment` where none came, or one that no line speaks of. */
  field: string;
  expected: string;
  actual: string;
}

/** The last event of a script. */
export interface ScriptResult {
  type: 'result';
  /** Every line was met. */
  ok: boolean;
  /** Of the line at which the script ended; empty where `ok`, or where an error or a signal ended it. */
  failures: readonly ScriptFailure[];
  /** What names were given to: what the script captured, and `iss` and `irs`. */
  captured: Readonly<Record<string, number>>;
  /** Segments. */
  sent: number;
  received: number;
  /** From the first line to the last. */
  durationUs: number;
  /** Why it ended before its last line, where no line failed. */
  ended: 'deadline' | 'interrupted' | undefined;
  /** Datagrams the kernel dropped because we read too slowly: above 0, silence proves nothing. */
  kernelDrops: number;
  /** What on this machine kept the script from its end. */
  error: NetError | undefined;
}

/** All that a script tells, its result last. */
export type ScriptEvent = StartEvent | SegmentEvent | IcmpEvent | NoteEvent | ScriptResult;
