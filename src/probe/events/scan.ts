/** What `scan` tells. */
import type { NetError } from '../../net/errors.ts';
import type { ClockSources } from '../../net/network.ts';
import type { IcmpEvent, NoteEvent, Outcome, SCHEMA_VERSION, SegmentEvent, Verdict } from './common.ts';

/** The first event of a scan. */
export interface ScanStartEvent {
  type: 'start';
  schema: typeof SCHEMA_VERSION;
  version: string;
  command: 'scan';
  /** How many addresses. */
  hosts: number;
  /** How many ports of each. */
  ports: number;
  /** Pairs of host and port to be told of by this run: those of its shard, without what is resumed. */
  pairs: number;
  /** Of the first probe; where the hosts lie behind several interfaces, others have another. */
  sourceAddress: string;
  /** The first of the ports that the attempts leave from, and how many there are. */
  sourcePort: number;
  sourcePorts: number;
  /** Through which the first probe left; undefined where it can't be told. */
  interfaceName?: string | undefined;
  /** What the order follows from: with `--seed` it comes again. */
  seed: number;
  /** ISO 8601, UTC, when `atUs` is 0. */
  startedAt: string;
  /** The same in nanoseconds since 1970. Not in the JSON. */
  startedAtNs: bigint;
  clock: ClockSources;
  /** Our kernel is to answer a SYN+ACK: its RST ends what it began. */
  guard: 'none';
}

/**
 * Why an open port may be nobody's. `answers-all`: the host answered SYN+ACK from every port tried beside those asked for,
 * picked at random. The others are of the port's own SYN+ACK: `no-options`, `zero-window`, `other-ttl` (unlike what the
 * host's other answers have).
 */
export type ProxiedReason = 'answers-all' | 'no-options' | 'zero-window' | 'other-ttl';

/** What was found of one port. */
export interface PortEvent extends Outcome {
  type: 'port';
  /** When it was settled. */
  atUs: number;
  address: string;
  port: number;
  /** From the attempt that was answered to its answer, as far as this process could tell. Undefined without an answer. */
  rttUs: number | undefined;
  /** Of the answer. */
  ttl: number | undefined;
  /** How often it was tried. */
  attempts: number;
  /** When the last time; with `startedAt` it dates a silence. */
  lastSentAtUs: number;
  /** Of an ICMP error: who sent it. Our own address where the neighbour did not answer ARP. */
  from: string | undefined;
  /** Open, but it may be a proxy that answers in the host's place. */
  proxied: boolean;
  proxiedReason: ProxiedReason | undefined;
}

/** A port that this machine could not send to. It has no verdict. */
export interface UnsentPortEvent {
  type: 'unsent';
  atUs: number;
  address: string;
  port: number;
  code: string;
  message: string;
}

/** How many pairs of host and port came out so. */
export interface OutcomeCount extends Outcome {
  count: number;
}

/** What came of all ports of one host that this run was to settle: when the last of them is, or at the end. Not in the JSON. */
export interface HostEvent {
  type: 'host';
  atUs: number;
  address: string;
  /** The most frequent first. */
  outcomes: readonly OutcomeCount[];
}

/** Where the scan would go on if it ended here. Not in the JSON. */
export interface CheckpointEvent {
  type: 'checkpoint';
  atUs: number;
  state: ScanState;
}

/** How far a scan is. Not in the JSON. */
export interface ScanProgressEvent {
  type: 'progress';
  atUs: number;
  /** Pairs settled, of how many. */
  done: number;
  total: number;
  /** Pairs found open so far. */
  open: number;
  probes: number;
  /** Probes a second, lately. */
  probesPerSecond: number;
  /** Of probe and answer together; undefined before anything was answered. */
  estimatedLossPercent: number | undefined;
  /** Until the end, at this pace; undefined where it can't be said yet. */
  remainingMs: number | undefined;
}

/** What a scan needs to go on where it stopped, and to see that it is the same one. */
export interface ScanState {
  seed: number;
  hosts: number;
  ports: number;
  shard: { index: number; count: number } | undefined;
  /** Of the places in the order of this shard: those that are settled and told. */
  done: readonly { first: number; last: number }[];
  /** What came of those, in this run and the earlier ones. */
  outcomes: readonly OutcomeCount[];
}

/** The last event of `scan`. */
export interface ScanResult {
  type: 'result';
  hosts: number;
  ports: number;
  /** Pairs of host and port that were to be settled, and how many were. */
  pairs: number;
  done: number;
  /** Datagrams sent, the attempts of one port each for itself. */
  probes: number;
  /** What came of the pairs, the most frequent first; with that of the earlier runs, where it was resumed. */
  outcomes: readonly OutcomeCount[];
  /** The same by verdict. */
  counts: Partial<Record<Verdict, number>>;
  /** Of the open: those that may be a proxy's. */
  proxied: number;
  /** Pairs that this machine could not send to. */
  unsent: number;
  /** Not all that have a verdict have the same. */
  differ: boolean;
  durationMs: number;
  probesPerSecond: number;
  /** Of probe and answer together, either of them lost. */
  estimatedLossPercent: number;
  /** What that rests on: `measured`, or the prior where too few ports answered. */
  lossBasis: 'measured' | 'prior';
  /** How often silent ports were tried, the least of them; undefined where none was silent. */
  attempts: number | undefined;
  /** How likely it is that no port at all is called silent only because packets were lost; undefined where none was silent. */
  confidence: number | undefined;
  /** Datagrams for our ports that answer no probe, such as forged ones. */
  ignored: number;
  /** Addresses of reserved ranges that were asked for and left out. */
  skipped: readonly { network: string; name: string; source: string; count: number }[];
  ended: 'max-time' | 'interrupted' | undefined;
  /** Datagrams the kernel dropped because we read too slowly. They are part of the estimated loss. */
  kernelDrops: number;
  /** To go on from. Not in the JSON. */
  state: ScanState;
  /** What on this machine kept the run from its end. */
  error: NetError | undefined;
}

/** All that `scan` tells, its result last. Segments and ICMP errors only where they were asked for. */
export type ScanEvent =
  | ScanStartEvent
  | SegmentEvent
  | IcmpEvent
  | NoteEvent
  | PortEvent
  | UnsentPortEvent
  | HostEvent
  | CheckpointEvent
  | ScanProgressEvent
  | ScanResult;
