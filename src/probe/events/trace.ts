/** What `trace` tells. */
import type { NetError } from '../../net/errors.ts';
import type { FigureClock } from '../../net/moment.ts';
import type { InterfaceInformation } from '../../wire/icmp-interface.ts';
import type { MplsLabel } from '../../wire/mpls.ts';
import type { IcmpEvent, NoteEvent, Outcome, Reason, SegmentEvent, SegmentNote, StartEvent } from './common.ts';

export type { MplsLabel } from '../../wire/mpls.ts';

/** What of a segment the path can change. `option`: any TCP option that has no name here, `value` says which. */
export type ChangedField =
  | 'ttl'
  | 'dscp'
  | 'ecn'
  | 'ip-id'
  | 'df'
  | 'more-fragments'
  | 'reserved-bit'
  | 'ip-options'
  | 'total-length'
  | 'source-address'
  | 'destination-address'
  | 'source-port'
  | 'destination-port'
  | 'seq'
  | 'ack'
  | 'data-offset'
  | 'reserved'
  | 'flags'
  | 'window'
  | 'checksum'
  | 'urgent'
  | 'mss'
  | 'window-scale'
  | 'sack-permitted'
  | 'timestamps'
  | 'option'
  | 'option-order'
  | 'payload';

/** A field of the segment that arrived otherwise than it was sent, laid to the first hop that shows it. */
export interface Change {
  field: ChangedField;
  /**
   * `replaced`: NOPs stand where an option was. `unanswered`: offered, and the destination answers as if it had not been: it was
   * taken away on the way, or is not spoken there.
   */
  how: 'changed' | 'removed' | 'replaced' | 'added' | 'unanswered';
  /** As a person reads it, such as `1460`; undefined where it was added. */
  sent: string | undefined;
  /** Undefined where it was removed or went unanswered. */
  seen: string | undefined;
  /** What it was read from: the segment that an ICMP error quotes, or the destination's own answer. */
  shownBy: 'quote' | 'answer';
}

/** An interface that a router speaks of (RFC 5837); undefined is what it does not say. */
export interface HopInterface extends Omit<InterfaceInformation, 'address'> {
  address: string | undefined;
}

/** What an ICMP error has behind its quote (RFC 4884 §8). */
export interface HopExtensions {
  mpls: readonly MplsLabel[];
  interfaces: readonly HopInterface[];
  /** Objects of other kinds. */
  others: readonly { class: number; type: number; data: Uint8Array }[];
}

/**
 * What is remarkable about a hop.
 * - `rate-limited`: it answers the first probes of a burst and then no more: silence of some is no loss
 * - `loop`: the address stood at an earlier hop, with others in between
 * - `zero-ttl`: the same address as the hop before, which forwards with a TTL of zero
 * - `ttl-reset`: the quote's TTL is not what is left of the one sent: something sets it anew on the way
 * - `from-destination`: an ICMP error from the address that we trace to
 * - `several`: more than one router answered at this distance
 * - `asymmetric`: its answers came a way of another length than the probes went
 * - `local`: our own kernel answered
 */
export type HopRemark = 'rate-limited' | 'loop' | 'zero-ttl' | 'ttl-reset' | 'from-destination' | 'several' | 'asymmetric' | 'local';

/** Who answered at a distance. */
export interface HopAnswerer {
  address: string;
  /** By reverse DNS; undefined where there is none, or nobody asked. */
  name: string | undefined;
  /** Of the probes that it answered. */
  probes: number;
}

/** Round trips of a hop's answered probes, over all rounds. */
export interface HopFigures {
  sent: number;
  received: number;
  lossPercent: number;
  /** Undefined without an answer. */
  rttUs: { last: number; min: number; mean: number; median: number; max: number; stddev: number } | undefined;
}

/** One distance, as far as it is known. With `--watch` it is told again after each round. */
export interface HopEvent {
  type: 'hop';
  atUs: number;
  ttl: number;
  /** Which flow, from 0; undefined where there is one only. */
  flow: number | undefined;
  /** Of the router, or the destination, that answered most; undefined where none did. */
  address: string | undefined;
  name: string | undefined;
  /** All who answered, most first. */
  answerers: readonly HopAnswerer[];
  /** One a probe, in the order sent; null where none came. Of the last round alone with `--watch`. */
  rttUs: readonly (number | null)[];
  /** What these rest on: the least trustworthy of them. */
  rttClock: FigureClock | undefined;
  figures: HopFigures;
  /** Name of the ICMP error where it is not "ttl-exceeded". */
  icmp: string | undefined;
  /** Of the destination's own answer. */
  answer: Reason | undefined;
  extensions: HopExtensions | undefined;
  /** What is first seen here. */
  changes: readonly Change[];
  remarks: readonly HopRemark[];
  /** Bytes of the segment in the shortest quote; undefined without one. */
  quotedBytes: number | undefined;
}

/** A round of probes is over: with `--watch`, after all of its hops. */
export interface RoundEvent {
  type: 'round';
  atUs: number;
  /** From 1. */
  round: number;
}

/** A router of the multipath tree. `address` is undefined for one that is silent. */
export interface PathNode {
  ttl: number;
  address: string | undefined;
  name: string | undefined;
  /** Of the flows, those that came through, by source port. */
  sourcePorts: readonly number[];
}

/** From a node to one at the next distance, by their places in `nodes`. */
export interface PathLink {
  from: number;
  to: number;
}

/** What several flows have found out (`--flows`). */
export interface Multipath {
  nodes: readonly PathNode[];
  links: readonly PathLink[];
  flows: number;
  /** How the flows ended: each outcome once, that of most flows first. More than one: the path treats them differently. */
  outcomes: readonly (Outcome & { sourcePorts: readonly number[] })[];
  /**
   * That a router of the tree has no next hop that was not seen, in percent, if flows are balanced evenly (Augustin et al.,
   * "Multipath tracing with Paris traceroute", 2007): the least over our own host and all routers, each by itself. What is
   * behind a router where nobody answers can't be counted, and is left out. 0 where nobody answered at all.
   */
  confidencePercent: number;
}

/** The path MTU as probes with DF have found it (`--mtu`). */
export interface PathMtu {
  /** In bytes. */
  mtu: number;
  /** How it was found: nothing was too large; routers said so; by halving, where they are silent; not found in the time. */
  found: 'whole' | 'icmp' | 'halving' | 'unfinished';
  /** How far it was measured: the destination, or the last router that answers where the destination does not. */
  towards: string;
  /**
   * What it was measured by. `ack`: ACKs with data, which draw a RST; `segment`: the segment that was asked for, with data;
   * `connection`: data of the connection, acknowledged before; `last-hop`: "TTL exceeded" of the last router.
   */
  by: 'ack' | 'segment' | 'connection' | 'last-hop';
  /** Where it becomes narrower, by router, in order. What is let through, at the least where others are narrower and it does not name it. */
  narrowings: readonly { ttl: number | undefined; address: string | undefined; mtu: number }[];
}

/** How it stopped, where it stopped before the destination. */
export interface Stop {
  /** `refused`: an ICMP error says so. `silent`: nothing answers from there on. */
  kind: 'refused' | 'silent' | 'max-ttl' | 'loop';
  /** Of who refused, or of the last hop that answered; 0 where not even the first did. */
  ttl: number;
  address: string | undefined;
  icmp: string | undefined;
}

/** The last event of `trace`. */
export interface TraceResult extends Outcome {
  type: 'result';
  /** The destination itself answered. */
  reached: boolean;
  /** How far the destination is, or how far the path was seen. */
  hops: number;
  /** Undefined where it was reached. */
  stop: Stop | undefined;
  sent: number;
  received: number;
  rounds: number;
  /** From the first probe to the verdict. */
  durationMs: number;
  pathMtu: PathMtu | undefined;
  multipath: Multipath | undefined;
  /** Of `--inside`: whether the connection was made, and closed to its end. */
  connection: { established: boolean; closed: boolean } | undefined;
  /** Answers that count for nothing, by what they are; `icmp`: an ICMP error about segments that are not ours. */
  ignored: Partial<Record<SegmentNote | 'icmp', number>>;
  ended: 'deadline' | 'interrupted' | undefined;
  /** Datagrams the kernel dropped because we read too slowly. */
  kernelDrops: number;
  /** What on this machine kept the run from its end. */
  error: NetError | undefined;
}

/** All that `trace` tells, its result last. Segments and ICMP errors only where they were asked for. */
export type TraceEvent = StartEvent | SegmentEvent | IcmpEvent | NoteEvent | HopEvent | RoundEvent | TraceResult;
