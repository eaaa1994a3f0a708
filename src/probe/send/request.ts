import type { Ipv4Address } from '../../wire/address.ts';
import type { SegmentSpec } from '../segment-spec.ts';
import type { AnswerKind } from '../verdict.ts';

/** What a repeated send may wait for. */
export const AWAITED = ['any', 'syn-ack', 'rst', 'ack', 'icmp'] as const satisfies readonly (AnswerKind | 'any' | 'icmp')[];
export type Awaited = (typeof AWAITED)[number];

/** One segment to send, and how it differs from the others of a sweep. */
export interface Variant {
  /** Such as `ttl=3`; undefined where there is but one. */
  label?: string | undefined;
  spec: SegmentSpec;
  /** In the place of the request's. */
  sourcePort?: number | undefined;
}

/** Segments to send and for how long to listen. Times are in milliseconds. */
export interface SendRequest {
  /** As the user gave it; only shown. */
  host: string;
  address: Ipv4Address;
  port: number;
  source: Ipv4Address | undefined;
  sourcePort: number | undefined;
  interfaceName: string | undefined;
  /** One, or those of a sweep: each is sent from a port of its own, so that its answers are told from the others'. */
  variants: readonly Variant[];
  /** How often each is sent; may be infinite. */
  count: number;
  /** From one send to the next; 0: as fast as it goes. */
  intervalMs: number;
  /** How long to listen after the last send. */
  timeoutMs: number;
  /** The longest that all of it may take. */
  deadlineMs: number;
  /** Stop as soon as this comes back. */
  repeatUntil: Awaited | undefined;
  /** Reset the half-open connections that the segments have made. */
  cleanup: boolean;
  /** Without cleanup: how long to keep our kernel from answering. */
  holdMs: number;
}

export const SEND_DEFAULTS = {
  source: undefined,
  sourcePort: undefined,
  interfaceName: undefined,
  count: 1,
  intervalMs: 1000,
  timeoutMs: 1000,
  deadlineMs: 300_000,
  repeatUntil: undefined,
  cleanup: true,
  holdMs: 0,
} as const satisfies Partial<SendRequest>;
