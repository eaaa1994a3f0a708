import type { Ipv4Address } from '../../wire/address.ts';
import type { CloseKind } from '../events.ts';
import type { SynOptionChoice } from '../syn-options.ts';

/** A connection to make, what to say in it and how to end it. Times are in milliseconds. */
export interface ConnectRequest {
  /** As the user gave it; only shown. */
  host: string;
  address: Ipv4Address;
  port: number;
  source: Ipv4Address | undefined;
  sourcePort: number | undefined;
  interfaceName: string | undefined;
  /** Undefined: by RFC 6528. */
  iss: number | undefined;
  synOptions: SynOptionChoice;
  /** The window field of every segment of ours; undefined: 64,240 in the SYN, then what we can take in. */
  window: number | undefined;
  ttl: number;
  tos: number;
  /** What to send, piece by piece: each is asked for when there is room for it. What asking throws resets the connection and ends the run. */
  data: Iterable<Uint8Array>;
  close: CloseKind;
  /** After our data: how long the peer may be silent before we go on to close. */
  idleMs: number;
  /** The longest wait for the SYN+ACK, for progress on our data, for the peer's FIN, and from our FIN to the end. */
  timeoutMs: number;
  /** The longest that all of it may take. */
  deadlineMs: number;
  /** How long to stay in TIME-WAIT. */
  timeWaitMs: number;
  /** With `none`: how long to keep the guard after we fall silent. */
  holdMs: number;
}

/**
 * A peer whose FIN was acknowledged by a segment that got lost sends it again after its retransmission timeout:
 * 1 s by RFC 6298, less on Linux and BSD. Long enough for one such FIN, far less than 2 MSL.
 */
export const DEFAULT_TIME_WAIT_MS = 1200;

/** All that a user need not say. */
export const CONNECT_DEFAULTS = {
  source: undefined,
  sourcePort: undefined,
  interfaceName: undefined,
  iss: undefined,
  synOptions: { preset: 'linux' },
  window: undefined,
  ttl: 64,
  tos: 0,
  data: [],
  close: 'active',
  idleMs: 500,
  timeoutMs: 5_000,
  deadlineMs: 300_000,
  timeWaitMs: DEFAULT_TIME_WAIT_MS,
  holdMs: 0,
} as const satisfies Partial<ConnectRequest>;
