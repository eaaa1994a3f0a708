/** What `send` tells. */
import type { NetError } from '../../net/errors.ts';
import type { FigureClock } from '../../net/moment.ts';
import type { FlagName } from '../../wire/flags.ts';
import type { IcmpEvent, NoteEvent, Outcome, Reason, SegmentEvent, SegmentNote, StartEvent, Verdict } from './common.ts';

/** What tells one answering segment from another. */
export interface Answer {
  flags: readonly FlagName[];
  ttl: number;
  /** As in the header: not scaled. */
  window: number;
}

/** One row of a sweep. */
export interface SweepRow extends Outcome {
  /** Such as `ttl=3`. */
  variant: string;
  sourcePort: number;
  sent: number;
  received: number;
  rttUs: number | undefined;
  /** What `rttUs` rests on. */
  rttClock?: FigureClock | undefined;
  /** The first segment that answered; undefined where none did. */
  answer: Answer | undefined;
}

/** The last event of `send`. */
export interface SendResult extends Outcome {
  type: 'result';
  /** Of the answer that was awaited where one was; else of the one that says most: open, unfiltered, closed, open|filtered, filtered. */
  verdict: Verdict;
  reason: Reason;
  /** Datagrams, fragments not counted one by one. */
  sent: number;
  /** Answers, ICMP errors included. */
  received: number;
  /** Of the first answer that can belong to one segment of ours alone. */
  rttUs: number | undefined;
  /** What `rttUs` rests on. */
  rttClock?: FigureClock | undefined;
  /** From the first send to the last. */
  sendingUs: number;
  /** Segments for our ports that are no answers, by note, and ICMP errors about segments that are not ours. */
  ignored: Partial<Record<SegmentNote | 'icmp', number>>;
  /** Of a sweep: a row for each of its segments. */
  sweep: readonly SweepRow[] | undefined;
  /** The segments of a sweep did not all get the same verdict. */
  differ: boolean;
  /** The answer that was to end the run. */
  awaited: string | undefined;
  /** Answers by what they are. */
  answers: Partial<Record<Reason, number>>;
  /** Why the run ended early; `not-as-awaited`: the awaited answer did not come. */
  ended: 'deadline' | 'interrupted' | 'not-as-awaited' | undefined;
  /** Datagrams the kernel dropped because we read too slowly: above 0, silence proves nothing. */
  kernelDrops: number;
  /** What on this machine kept the run from its end. */
  error: NetError | undefined;
}

/** All that `send` tells, its result last. */
export type SendEvent = StartEvent | SegmentEvent | IcmpEvent | NoteEvent | SendResult;
