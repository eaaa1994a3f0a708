/** What the events of several commands have in common. */
import type { ClockSource, ClockSources, PortGuard } from '../../net/network.ts';
import type { ArrivalNote, SendNote } from '../../tcp/actions.ts';
import type { State } from '../../tcp/state.ts';
import type { FlagName } from '../../wire/flags.ts';
import type { TcpOption } from '../../wire/tcp-options.ts';

export type { FigureClock } from '../../net/moment.ts';

export const SCHEMA_VERSION = 1;

/** nmap's port states. */
export type Verdict = 'open' | 'closed' | 'filtered' | 'unfiltered' | 'open|filtered';

/** What a verdict rests on: an answer, the lack of one, or `icmp-` and the name of an ICMP error. */
export type Reason = 'syn-ack' | 'syn' | 'rst' | 'ack' | 'answer' | 'no-response' | 'interrupted' | `icmp-${string}`;

/** What is said of a port, and what that rests on. */
export interface Outcome {
  verdict: Verdict;
  reason: Reason;
}

/** The first event of a run. */
export interface StartEvent {
  type: 'start';
  schema: typeof SCHEMA_VERSION;
  version: string;
  command: string;
  /** As the user gave it. */
  host: string;
  address: string;
  port: number;
  sourceAddress: string;
  sourcePort: number;
  /** Through which the first segment left; undefined where it can't be told. */
  interfaceName?: string | undefined;
  /** ISO 8601, UTC, when `atUs` is 0. */
  startedAt: string;
  /** The same in nanoseconds since 1970: with `atUs` it dates each segment as the kernel's stamp does. Not in the JSON. */
  startedAtNs: bigint;
  /** What dates the segments, unless one says otherwise of itself. */
  clock: ClockSources;
  /** What keeps the kernel from answering for our port; `least-ttl`: all but what arrives with a TTL of 255. */
  guard: PortGuard;
}

/** What is remarkable about a segment. */
export type SegmentNote = ArrivalNote | SendNote | 'bad-checksum' | 'malformed' | 'cleanup' | 'keep-alive';

/** A segment that we sent, or that came for our port. */
export interface SegmentEvent {
  type: 'segment';
  direction: 'sent' | 'received';
  atUs: number;
  flags: readonly FlagName[];
  seq: number;
  ack: number;
  /** From the sender's ISN; undefined where that is not known. */
  relativeSeq: number | undefined;
  /** From the receiver's ISN; undefined without ACK. */
  relativeAck: number | undefined;
  /** As in the header: not scaled. */
  window: number;
  urgent: number;
  /** Payload bytes. */
  length: number;
  options: readonly TcpOption[];
  ttl: number;
  ipId: number;
  /** What dated it, where that is not what the start says. */
  clock?: ClockSource | undefined;
  /** Our state after it. */
  state: State | undefined;
  note: SegmentNote | undefined;
  /** 1 for the first time; counted for what we send. */
  transmission: number | undefined;
  /** Of a sweep: which of its segments this is, or answers, such as `ttl=3`. */
  variant: string | undefined;
  /** Not in the JSON, which has `length`. */
  payload: Uint8Array;
  /** The whole IPv4 datagram as sent or seen. Not in the JSON. */
  datagram: Uint8Array;
  /** What left in its place, where it was cut up. Not in the JSON. */
  fragments?: readonly Uint8Array[] | undefined;
}

/** An ICMP error about a segment of ours. */
export interface IcmpEvent {
  type: 'icmp';
  icmpType: number;
  code: number;
  name: string;
  from: string;
  atUs: number;
  /** Our segment's sequence number, as quoted. */
  seq: number;
  /** Of "fragmentation needed", in bytes. */
  nextHopMtu: number | undefined;
  /** Of a sweep: which of its segments it is about. */
  variant?: string | undefined;
  /** The whole IPv4 datagram as seen. Not in the JSON. */
  datagram: Uint8Array;
}

/** Something worth knowing that is none of the above. */
export interface NoteEvent {
  type: 'note';
  atUs: number;
  /** Stable, for programs. */
  code:
    | 'guard-released'
    | 'no-arp-answer'
    | 'old-connection'
    | 'zero-window'
    | 'urgent-data'
    | 'ignored'
    | 'reset-by-peer'
    | 'icmp-ignored'
    | 'kernel-drops'
    | 'mtu-lowered'
    | 'clock-stepped'
    | 'held-guard'
    | 'begins-midway'
    | 'unsent'
    | 'not-captured'
    | 'syn-cookies'
    | 'table-full';
  /** One sentence, for people. */
  text: string;
  /** The datagram that it is about, where there is one. Not in the JSON. */
  datagram?: Uint8Array | undefined;
}

/** An error as it stands in the result line. */
export interface ErrorReport {
  code: string;
  message: string;
  hint: string | undefined;
}
