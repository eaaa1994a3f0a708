import type { Ipv4Address } from '../../wire/address.ts';
import type { ScanState, Verdict } from '../events.ts';
import type { SegmentSpec } from '../segment-spec.ts';
import type { IntervalSet } from './intervals.ts';
import type { Shard } from './shard.ts';
import type { Targets } from './targets.ts';
import { TECHNIQUES, type Technique } from './technique.ts';

/** What to scan, and how. Times are in milliseconds. */
export interface ScanRequest {
  targets: Targets;
  ports: IntervalSet;
  technique: Technique;
  /** What each probe has beside the technique's flags. Its sequence number is the cookie, unless it is given. */
  spec: SegmentSpec;
  source: Ipv4Address | undefined;
  /** Undefined: some that are free, one for each attempt. Given, all attempts leave from it and can't be told apart. */
  sourcePort: number | undefined;
  interfaceName: string | undefined;
  /** The order follows from it, 0 … 2^32-1. */
  seed: number;
  shard: Shard | undefined;
  /** Probes a second at most. Undefined: as many as the path is seen to carry (rate.ts). */
  ratePps: number | undefined;
  /** How often a silent port is tried again; undefined: as often as the loss asks for. */
  retries: number | undefined;
  /** How likely no silent port of the whole scan is to be silent only because packets were lost: 0 to 1, without the ends. */
  confidence: number;
  /** The longest to wait for the answer to a probe while nothing is known of the path. */
  timeoutMs: number;
  /** The longest that all of it may take; may be infinite. */
  maxTimeMs: number;
  /** Tell of these ports; others are only counted. Undefined: of all. */
  tell: ReadonlySet<Verdict> | undefined;
  /** Tell what came of all ports of each host too. That takes memory for every host. */
  tellHosts: boolean;
  /** From one checkpoint to the next; infinite: none. */
  checkpointMs: number;
  /** From one progress event to the next; infinite: none. */
  progressMs: number;
  /** Where an earlier run of the same scan stopped. */
  resume: ScanState | undefined;
  /** Tell every segment and every ICMP error too, with its bytes. */
  segments: boolean;
}

export const SCAN_DEFAULTS = {
  technique: TECHNIQUES.syn,
  spec: {},
  source: undefined,
  sourcePort: undefined,
  interfaceName: undefined,
  shard: undefined,
  ratePps: undefined,
  retries: undefined,
  confidence: 0.999,
  timeoutMs: 1000,
  maxTimeMs: Number.POSITIVE_INFINITY,
  tell: undefined,
  tellHosts: false,
  checkpointMs: Number.POSITIVE_INFINITY,
  progressMs: Number.POSITIVE_INFINITY,
  resume: undefined,
  segments: false,
} as const satisfies Partial<ScanRequest>;
