import type { Ipv4Address } from '../../wire/address.ts';
import type { ProbeContext } from '../context.ts';
import type { SegmentSpec } from '../segment-spec.ts';

/** How long a probe is waited for, as traceroute has it (-w MAX,HERE,NEAR). */
export interface TraceWait {
  /** In milliseconds, at the most. */
  maxMs: number;
  /** So many times the longest round trip that this hop has shown. */
  here: number;
  /** So many times the round trip of the nearest hop behind it that has answered. */
  near: number;
}

/** A path to trace. */
export interface TraceRequest {
  /** As the user gave it; only shown. */
  host: string;
  address: Ipv4Address;
  port: number;
  source: Ipv4Address | undefined;
  sourcePort: number | undefined;
  interfaceName: string | undefined;
  /** Its sequence number is the first probe's; TTL and identification are the trace's own. */
  spec: SegmentSpec;
  firstTtl: number;
  maxTtl: number;
  /** Of each hop: one a round. */
  probes: number;
  /** So many silent hops in a row end it. */
  gap: number;
  /** Probes a second, at the most. */
  rate: number;
  wait: TraceWait;
  /** How many flows to try, one source port each. */
  flows: number;
  /** Make the handshake first, and send the probes inside the connection. */
  inside: boolean;
  /** Find the path MTU too. */
  mtu: boolean;
  /** From the begin of one round to the next, in rounds without end; undefined: `probes` rounds, and done. */
  watchMs: number | undefined;
  /** The longest that all of it may take; may be infinite. */
  deadlineMs: number;
  /** Tell every segment and every ICMP error too, with its bytes. */
  segments: boolean;
}

/** Enough for any host, but for those that are looked for farther away. */
const FULL_TTL = 64;

/** The TTL of what is to reach the destination, however far it is. */
export const fullTtlOf = ({ maxTtl }: TraceRequest): number => Math.max(FULL_TTL, maxTtl);

export const TRACE_DEFAULTS = {
  source: undefined,
  sourcePort: undefined,
  interfaceName: undefined,
  spec: {},
  firstTtl: 1,
  maxTtl: 30,
  probes: 3,
  gap: 5,
  rate: 10_000,
  wait: { maxMs: 5000, here: 3, near: 10 },
  flows: 1,
  inside: false,
  mtu: false,
  watchMs: undefined,
  deadlineMs: 300_000,
  segments: false,
} as const satisfies Partial<TraceRequest>;

export interface TraceContext extends ProbeContext {
  /** The name of an address; undefined where it has none. Asked beside the probes, never waited for longer than they take and a moment. */
  reverse?: ((address: string) => Promise<string | undefined>) | undefined;
}
