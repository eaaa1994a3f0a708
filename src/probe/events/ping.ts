/** What `ping` tells. */
import type { NetError } from '../../net/errors.ts';
import type { FigureClock } from '../../net/moment.ts';
import type { FlagName } from '../../wire/flags.ts';
import type { IcmpEvent, NoteEvent, Outcome, Reason, SegmentEvent, SegmentNote, StartEvent } from './common.ts';

/** Which probe an event is about. */
export interface ProbeName {
  address: string;
  port: number;
  /** Of the probes to this target, counted from 1. */
  sequence: number;
}

/**
 * What keeps an answer from being the one that was waited for. `duplicate`: the probe has been answered, the network or
 * the peer made a copy. `retransmission`: the peer sends its SYN+ACK again, because our RST was lost. `late`: after the
 * timeout, so that the probe counts as lost. `out-of-order`: after the answer to a later probe; it counts.
 */
export type ReplyNote = 'duplicate' | 'retransmission' | 'late' | 'out-of-order';

/** A segment that answers a probe. */
export interface ReplyEvent extends ProbeName, Outcome {
  type: 'reply';
  atUs: number;
  /** From the probe to this answer; of a whole handshake SYN to SYN+ACK. Undefined where it can't be said (Karn). */
  rttUs: number | undefined;
  /** What `rttUs` rests on. */
  rttClock: FigureClock | undefined;
  flags: readonly FlagName[];
  ttl: number;
  /** As in the header: not scaled. */
  window: number;
  sourcePort: number;
  note: ReplyNote | undefined;
  /** Of a whole handshake: how it went on. */
  connection: { /** The close went to its end. */ closed: boolean /** From SYN to the end. */; durationUs: number } | undefined;
}

/** A probe that was not answered in time, or that an ICMP error says was not let through. */
export interface LostEvent extends ProbeName, Outcome {
  type: 'lost';
  atUs: number;
  sourcePort: number;
  /** Of an ICMP error: who sent it. Our own address where the neighbour did not answer ARP. */
  from: string | undefined;
  /** Of an ICMP error: from the probe to it. */
  rttUs: number | undefined;
}

/** A probe that this machine could not send. It is not among the sent. */
export interface UnsentEvent extends ProbeName {
  type: 'unsent';
  atUs: number;
  code: string;
  message: string;
}

/** Of the answers that came in time. All but the quantiles are exact; those are within 1 %. */
export interface RttFigures {
  min: number;
  mean: number;
  median: number;
  p95: number;
  p99: number;
  max: number;
  stddev: number;
  /** RFC 3550 §6.4.1: the smoothed difference between one round trip and the next. */
  jitter: number;
}

/** Durations from one up to, not including, another, and how many there were. */
export interface Bucket {
  fromUs: number;
  toUs: number;
  count: number;
}

/** How a run of probes to one target went: `probesPerCell` of them in each cell, in order. */
export interface Course {
  probesPerCell: number;
  /** `meanUs`: of those answered in time; undefined where none was. */
  cells: readonly { meanUs: number | undefined; lost: number }[];
}

/** Counts: sent = received + lost + pending. */
export interface PingFigures extends Outcome {
  sent: number;
  /** Probes that were answered in time. */
  received: number;
  /** Probes that were not, those refused by ICMP included. */
  lost: number;
  /** Probes still waited for. */
  pending: number;
  /** Of those received or lost. */
  lossPercent: number;
  /** Of the lost: those whose answer came after the timeout. */
  late: number;
  /** Of the received: those whose answer came after that of a later probe. */
  outOfOrder: number;
  /** Answers to a probe that was answered already. */
  duplicates: number;
  /** SYN+ACKs that the peer sent again. */
  retransmissions: number;
  /** Probes that this machine could not send. */
  unsent: number;
  /** Of a whole handshake: connections whose close did not go to its end. */
  notClosed: number;
  /** Probes by what came of them. */
  answers: Partial<Record<Reason, number>>;
  /** Undefined without an answer in time. */
  rttUs: RttFigures | undefined;
  /** What these rest on: the least trustworthy of all. */
  rttClock: FigureClock | undefined;
}

export interface PingTargetFigures extends PingFigures {
  host: string;
  address: string;
  port: number;
  /** The round trips that are not 0 in number, from short to long. Not in the JSON. */
  buckets: readonly Bucket[];
  /** Not in the JSON. */
  course: Course;
}

/** The figures so far, where somebody asks for them. */
export interface FiguresEvent {
  type: 'figures';
  atUs: number;
  targets: readonly PingTargetFigures[];
}

/** A limit that was passed. */
export interface PassedLimit {
  limit: 'loss' | 'rtt';
  address: string;
  port: number;
  /** In percent, or in microseconds of the 95th percentile. */
  allowed: number;
  found: number;
}

/** The last event of `ping`. The figures are of all targets together, the verdict the best of them. */
export interface PingResult extends PingFigures {
  type: 'result';
  targets: readonly PingTargetFigures[];
  durationUs: number;
  /** Segments for our ports that are no answers, by note, and ICMP errors about segments that are not ours. */
  ignored: Partial<Record<SegmentNote | 'icmp', number>>;
  passedLimits: readonly PassedLimit[];
  ended: 'deadline' | 'interrupted' | undefined;
  /** Datagrams the kernel dropped because we read too slowly: above 0, loss proves nothing. */
  kernelDrops: number;
  /** What on this machine kept the run from its end. */
  error: NetError | undefined;
}

/** All that `ping` tells, its result last. Segments and ICMP errors only where they were asked for. */
export type PingEvent =
  | StartEvent
  | SegmentEvent
  | IcmpEvent
  | NoteEvent
  | ReplyEvent
  | LostEvent
  | UnsentEvent
  | FiguresEvent
  | PingResult;
