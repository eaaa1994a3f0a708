import { type Faults, NO_FAULTS } from '../../net/faults.ts';
import type { Ipv4Address } from '../../wire/address.ts';
import { DEFAULT_TIME_WAIT_MS } from '../connect/request.ts';
import type { CloseKind } from '../events.ts';
import type { SynOptionChoice } from '../syn-options.ts';

/** As of a connect, from the other side. */
export type ServedClose = Exclude<CloseKind, 'simultaneous'>;

/** What to do wrong on purpose. */
export interface Misbehaviour {
  /** Our SYN+ACK acknowledges a number that the peer never sent. */
  wrongAck: boolean;
  /** The peer's FIN is never acknowledged. */
  noFinalAck: boolean;
  /** Our window is closed from the beginning, for so many milliseconds or for ever (Infinity). */
  zeroWindowMs: number | undefined;
  /** Reset the connection once so many payload bytes were said, both directions together. */
  rstAfterBytes: number | undefined;
}

/** Connections to answer, what to say in them and how to end them. Times are in milliseconds. */
export interface ListenRequest {
  /** One or more, each once. */
  ports: readonly number[];
  /** Which of our addresses to answer on; undefined: all of them. */
  source: Ipv4Address | undefined;
  /** Undefined: by RFC 6528. */
  iss: number | undefined;
  /** The options of our SYN+ACK, as far as the peer offers them too. */
  synOptions: SynOptionChoice;
  /** The window field of every segment of ours; undefined: 64,240 in the SYN+ACK, then what we can take in. */
  window: number | undefined;
  ttl: number;
  tos: number;
  /** Send back what comes. */
  echo: boolean;
  /** What to send in each connection, piece by piece: called once a connection. */
  data: () => Iterable<Uint8Array>;
  close: ServedClose;
  /** After our data, and the peer's: how long it may be silent before we go on to close. */
  idleMs: number;
  /** The longest wait for progress on our data, for the peer's data or FIN, and from our FIN to the end. */
  timeoutMs: number;
  /** The longest that all of it may take. */
  deadlineMs: number;
  timeWaitMs: number;
  /** End after so many connections. */
  count: number;
  /** Handshakes that may be under way at once; what comes beyond is answered by SYN cookies. */
  backlog: number;
  /** Connections that may be open at once; a SYN beyond them is dropped, while handshakes under way are completed. */
  maxConnections: number;
  misbehaviour: Misbehaviour;
  /** What happens to the datagrams that we send, and to those that come. */
  sentFaults: Faults;
  receivedFaults: Faults;
  /** Whether each segment is told: without it, connections and how they went. */
  segments: boolean;
}

/** A path that does nothing of its own. */
export const CLEAN_PATH: Faults = { ...NO_FAULTS, delayUs: 0 };

/** All that a user need not say. */
export const LISTEN_DEFAULTS = {
  source: undefined,
  iss: undefined,
  synOptions: { preset: 'linux' },
  window: undefined,
  ttl: 64,
  tos: 0,
  echo: false,
  data: (): Iterable<Uint8Array> => [],
  close: 'passive',
  idleMs: 500,
  timeoutMs: 60_000,
  deadlineMs: Number.POSITIVE_INFINITY,
  timeWaitMs: DEFAULT_TIME_WAIT_MS,
  count: Number.POSITIVE_INFINITY,
  backlog: 1024,
  maxConnections: 1024,
  misbehaviour: { wrongAck: false, noFinalAck: false, zeroWindowMs: undefined, rstAfterBytes: undefined },
  sentFaults: CLEAN_PATH,
  receivedFaults: CLEAN_PATH,
  segments: true,
} as const satisfies Partial<ListenRequest>;
