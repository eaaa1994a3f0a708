/**
 * What a probe tells while it runs: the library's events and, with `toJson`, the lines of `--json`.
 * Times (`atUs`) are microseconds since the first segment left. An undefined field has nothing to say.
 */
import type { NetError } from '../net/errors.ts';
import type { ClockSources } from '../net/network.ts';
import type { ArrivalNote, SendNote } from '../tcp/actions.ts';
import type { State } from '../tcp/state.ts';
import type { ChecksumVerdict } from '../wire/checksum.ts';
import type { FlagName } from '../wire/flags.ts';
import type { Ipv4Option } from '../wire/ipv4-options.ts';
import type { TcpOption } from '../wire/tcp-options.ts';

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
  /** ISO 8601, UTC, when `atUs` is 0. */
  startedAt: string;
  clock: ClockSources;
  /** What keeps the kernel from answering for our port. */
  guard: 'socket' | 'none';
}

/** What is remarkable about a segment. */
export type SegmentNote = ArrivalNote | SendNote | 'bad-checksum' | 'malformed' | 'cleanup';

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
}

export interface StateEvent {
  type: 'state';
  from: State;
  to: State;
  atUs: number;
  /** In a few words, such as `'SYN+ACK received'`. */
  cause: string;
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

/** Bytes of the peer's stream, in order and once. Not in the JSON. */
export interface DataEvent {
  type: 'data';
  atUs: number;
  payload: Uint8Array;
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
    | 'held-guard';
  /** One sentence, for people. */
  text: string;
}

export type CloseKind = 'active' | 'passive' | 'half' | 'simultaneous' | 'reset' | 'none';

/** What the peer's SYN offered. */
export interface PeerOffer {
  mss: number | undefined;
  windowScale: number | undefined;
  sackPermitted: boolean;
  timestamps: boolean;
  /** As in the header of the SYN+ACK: not scaled. */
  window: number;
  ttl: number;
}

/** How the connection ended. */
export interface CloseReport {
  /** As asked for. */
  kind: CloseKind;
  /** Whose FIN or RST came first; undefined where neither came. */
  initiator: 'local' | 'peer' | undefined;
  /** The close went to its end as its kind asks for. */
  completed: boolean;
  finalState: State;
  /** From the first FIN or RST to the end; undefined where there was neither. */
  durationUs: number | undefined;
}

/** An error as it stands in the result line. */
export interface ErrorReport {
  code: string;
  message: string;
  hint: string | undefined;
}

/** The last event of `connect`. */
export interface ConnectResult {
  type: 'result';
  verdict: Verdict;
  reason: Reason;
  /** SYN to SYN+ACK, or to RST; undefined where neither came, or where it can't be said which SYN it answers (Karn). */
  rttUs: number | undefined;
  /** How far "open" can be trusted: a SYN+ACK alone may be a proxy's or a tarpit's. */
  evidence: 'syn-ack' | 'data-acknowledged' | 'fin-acknowledged' | undefined;
  iss: number;
  irs: number | undefined;
  peer: PeerOffer | undefined;
  retransmissions: number;
  /** Segments for our port that did not count, by note. */
  ignored: Partial<Record<SegmentNote, number>>;
  data: {
    sentBytes: number;
    ackedBytes: number;
    receivedBytes: number;
    /** From the first byte sent (or the handshake's end, without data) to the first byte received. */
    firstByteUs: number | undefined;
  };
  close: CloseReport;
  states: readonly State[];
  /** Why the run ended early, such as `'timeout'`; undefined where it did not. */
  ended: 'timeout' | 'deadline' | 'reset-by-peer' | 'zero-window' | 'interrupted' | undefined;
  /** Datagrams the kernel dropped because we read too slowly: above 0, silence proves nothing. */
  kernelDrops: number;
  /** What on this machine kept the run from its end. */
  error: NetError | undefined;
}

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

/** What `doctor` looks at. */
export type CheckName =
  | 'system'
  | 'capabilities'
  | 'koffi'
  | 'raw-socket'
  | 'socket'
  | 'loopback'
  | 'guard'
  | 'filter'
  | 'time-stamps'
  | 'checksums'
  | 'receive-buffer'
  | 'firewall'
  | 'ports'
  | 'open-files'
  | 'privileges';

/** Something of this machine that `doctor` has looked at. */
export interface CheckEvent {
  type: 'check';
  name: CheckName;
  ok: boolean;
  /** `connect` does not work for want of it. */
  fatal: boolean;
  /** What was found. */
  detail: string;
  /** What to do about it: a command to paste. Undefined where there is nothing to do, or no command that does it. */
  remedy: string | undefined;
}

/** The last event of `doctor`. */
export interface DoctorResult {
  type: 'result';
  checks: number;
  /** Those that are not ok. */
  failed: readonly CheckName[];
  /** Of a connection to a port on loopback that is open; undefined where it could not be tried. */
  verdict: Verdict | undefined;
  reason: Reason | undefined;
  /** Each step of that connection went as asked, and our kernel kept out of it. */
  completed: boolean;
  /** What keeps `connect` from working here. */
  error: NetError | undefined;
}

/** All that `doctor` tells, its result last. */
export type DoctorEvent = CheckEvent | DoctorResult;

/** An IPv4 header as it was read. Here and below, undefined is what could not be read, or is not there. */
export interface Ipv4Reading {
  source: string | undefined;
  destination: string | undefined;
  /** In bytes. */
  ipHeaderLength: number | undefined;
  tos: number | undefined;
  totalLength: number | undefined;
  ipId: number | undefined;
  /** The reserved bit. */
  evil: boolean | undefined;
  dontFragment: boolean | undefined;
  moreFragments: boolean | undefined;
  /** In units of 8 bytes. */
  fragmentOffset: number | undefined;
  ttl: number | undefined;
  protocol: number | undefined;
  ipChecksum: number | undefined;
  ipChecksumVerdict: ChecksumVerdict | undefined;
  ipOptions: readonly Ipv4Option[] | undefined;
}

/** What every line of a reading has. */
interface ReadingLine {
  /** Of a sweep: which of its segments this is. */
  variant: string | undefined;
  /** Bytes after the end that the header states. */
  trailer: Uint8Array | undefined;
  /** Where and why reading stopped, where it did. */
  stopped: { protocol: string; offset: number; reason: string } | undefined;
  /** The bytes themselves. */
  hex: Uint8Array;
}

/** A segment as `decode` and `send --dry-run` read it; without its datagram there is no IPv4 header. */
export interface SegmentReading extends Partial<Ipv4Reading>, ReadingLine {
  type: 'segment';
  sourcePort: number | undefined;
  destinationPort: number | undefined;
  seq: number | undefined;
  ack: number | undefined;
  /** In words. */
  dataOffset: number | undefined;
  reserved: number | undefined;
  flags: readonly FlagName[] | undefined;
  window: number | undefined;
  checksum: number | undefined;
  checksumVerdict: ChecksumVerdict | undefined;
  urgent: number | undefined;
  options: readonly TcpOption[] | undefined;
  /** Payload bytes. */
  length: number | undefined;
  payload: Uint8Array | undefined;
}

export interface IcmpReading extends Ipv4Reading, ReadingLine {
  type: 'icmp';
  icmpType: number | undefined;
  code: number | undefined;
  name: string | undefined;
  checksum: number | undefined;
  checksumVerdict: ChecksumVerdict | undefined;
  rest: number | undefined;
  /** Of "fragmentation needed", in bytes. */
  nextHopMtu: number | undefined;
  /** Of "parameter problem": the byte that is wrong. */
  pointer: number | undefined;
  /** What an error says of the datagram that it is about. */
  quoted: (Ipv4Reading & Partial<Pick<SegmentReading, 'sourcePort' | 'destinationPort' | 'seq'>>) | undefined;
  payload: Uint8Array | undefined;
}

/** A datagram of another protocol, or a fragment. */
export interface DatagramReading extends Ipv4Reading, ReadingLine {
  type: 'datagram';
  payload: Uint8Array | undefined;
}

/** A line of `decode` and of `send --dry-run`. */
export type Reading = SegmentReading | IcmpReading | DatagramReading;

/** The last line of `decode` and of `send --dry-run`. */
export interface ReadingResult {
  type: 'result';
  datagrams: number;
  /** Of them, those that could not be read to their end. */
  stopped: number;
}

/** All that `connect` tells, its result last. */
export type ConnectEvent = StartEvent | SegmentEvent | StateEvent | IcmpEvent | DataEvent | NoteEvent | ConnectResult;

/** All that `send` tells, its result last. */
export type SendEvent = StartEvent | SegmentEvent | IcmpEvent | NoteEvent | SendResult;

/** The last event of any probe. */
export type ProbeResult = ConnectResult | SendResult | DoctorResult;

/** Any event before the result. */
export type ProbeEvent = Exclude<ConnectEvent | SendEvent | DoctorEvent, ProbeResult>;
