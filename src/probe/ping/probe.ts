/** A probe, and what those who send probes find out about them. */
import type { NetError } from '../../net/errors.ts';
import type { Departure, Figure } from '../../net/moment.ts';
import type { FlagName } from '../../wire/flags.ts';
import type { IcmpEvent, NoteEvent, Outcome, ReplyEvent, SegmentEvent, SegmentNote, Verdict } from '../events.ts';
import type { Source } from '../start-event.ts';
import type { Link } from './chain.ts';
import type { Target } from './target.ts';

export interface Probe extends Link<Probe> {
  readonly target: Target;
  readonly sequence: number;
  /** Where it left from. */
  source: Source;
  /** What it says where nothing answers. */
  readonly silence: Verdict;
  /** Of a whole connection: of its first segment, as this process saw it. */
  departure: Departure;
  state: 'waiting' | 'lost' | 'answered';
  /** Undefined until it is answered. */
  answeredAtUs: number | undefined;
}

/** What was found out. Times are by the clock of the network. */
export type Finding =
  | {
      type: 'answer';
      probe: Probe;
      atUs: number;
      outcome: Outcome;
      round: Figure | undefined;
      flags: readonly FlagName[];
      ttl: number;
      window: number;
      connection: ReplyEvent['connection'];
    }
  /** `from` and `rttUs`: of an ICMP error. */
  | { type: 'no-answer'; probe: Probe; atUs: number; outcome: Outcome; from?: string | undefined; rttUs?: number | undefined }
  | { type: 'unsent'; probe: Probe; atUs: number; error: NetError }
  | { type: 'ignored'; atUs: number; what: SegmentNote | 'icmp'; text: string; datagram: Uint8Array | undefined };

/** Sends probes of one kind. */
export interface Prober {
  /** Probes may be sent, as far as this one is concerned. */
  readonly hasRoom: boolean;
  /** A probe is told to be lost by the prober itself; else the timeout is its caller's business. */
  readonly keepsTime: boolean;
  /** Segments sent and heard since they were last taken from here, where they are to be told; and steps of the clock. */
  readonly told: (SegmentEvent | IcmpEvent | NoteEvent)[];
  /** How many findings `next` gives without waiting, at the least. */
  readonly heard: number;
  /** Datagrams that the kernel dropped. */
  readonly dropped: number;
  /** @throws NetError where this machine can't send it */
  send(target: Target, sequence: number): Probe;
  /** The next finding; undefined at the time, or when woken. With a time that is over it looks what has come until now. */
  next(untilUs: number): Promise<Finding | undefined>;
  /** Tells what was sent, whether its stamp has come or not. */
  flush(): void;
  wake(): void;
  /** Gives all ports back. */
  close(): Promise<void>;
}
