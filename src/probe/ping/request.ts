import type { Ipv4Address } from '../../wire/address.ts';
import type { ConnectRequest } from '../connect/request.ts';
import type { ProbeContext } from '../context.ts';
import type { SegmentSpec } from '../segment-spec.ts';

export interface PingTarget {
  /** As the user gave it; only shown. */
  host: string;
  address: Ipv4Address;
  port: number;
}

/** Probes to send, and how long to wait for each. Times are in milliseconds. */
export interface PingRequest {
  /** Probed in turn. */
  targets: readonly PingTarget[];
  source: Ipv4Address | undefined;
  /** The fixed port; undefined: free ones. */
  sourcePort: number | undefined;
  interfaceName: string | undefined;
  /** All probes to a target leave from one port, the next one when the last was answered or lost; else each from another one. */
  fixedPort: boolean;
  spec: SegmentSpec;
  /** A whole handshake and close in the place of one segment, with these choices. */
  full: Partial<Pick<ConnectRequest, 'synOptions' | 'window' | 'ttl' | 'tos' | 'data'>> | undefined;
  /** Probes to each target; may be infinite. */
  count: number;
  /** From one probe to the next to the same target; 0: as fast as answers come. */
  intervalMs: number;
  /** After this a probe that was not answered is lost. */
  timeoutMs: number;
  /** The longest that all of it may take; may be infinite. */
  deadlineMs: number;
  /** Of any target, in percent. */
  lossLimitPercent: number | undefined;
  /** Of any target, for the 95th percentile. */
  rttLimitMs: number | undefined;
  /** Tell every segment and every ICMP error too, with its bytes. */
  segments: boolean;
}

export const PING_DEFAULTS = {
  source: undefined,
  sourcePort: undefined,
  interfaceName: undefined,
  fixedPort: false,
  spec: {},
  full: undefined,
  count: Number.POSITIVE_INFINITY,
  intervalMs: 1000,
  timeoutMs: 1000,
  deadlineMs: Number.POSITIVE_INFINITY,
  lossLimitPercent: undefined,
  rttLimitMs: undefined,
  segments: false,
} as const satisfies Partial<PingRequest>;

export interface PingContext extends ProbeContext {
  /** Calls back each time that the figures so far are wanted. @returns a function that stops it */
  onFiguresWanted?: ((callback: () => void) => () => void) | undefined;
}

/** Never more probes than this unanswered at once, over all targets. */
export const MOST_UNANSWERED = 1000;
