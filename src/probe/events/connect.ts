/** What `connect` tells. */
import type { NetError } from '../../net/errors.ts';
import type { FigureClock } from '../../net/moment.ts';
import type { State } from '../../tcp/state.ts';
import type { IcmpEvent, NoteEvent, Reason, SegmentEvent, SegmentNote, StartEvent, Verdict } from './common.ts';

export interface StateEvent {
  type: 'state';
  from: State;
  to: State;
  atUs: number;
  /** In a few words, such as `'SYN+ACK received'`. */
  cause: string;
}

/** Bytes of the peer's stream, in order and once. Not in the JSON. */
export interface DataEvent {
  type: 'data';
  atUs: number;
  payload: Uint8Array;
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
  /** Our FIN to its ACK; undefined where it was not acknowledged, or can't be said which sending of it was (Karn). */
  finAckUs?: number | undefined;
  /** What these times rest on; undefined where there are none. */
  clock?: FigureClock | undefined;
}

/** What was said in the connection, in payload bytes. */
export interface DataReport {
  sentBytes: number;
  ackedBytes: number;
  receivedBytes: number;
  /** Our first data to their ACK: the network. Undefined where they were not acknowledged, or were sent more than once (Karn). */
  ackUs?: number | undefined;
  /** From our first data (or the handshake's end, without data) to the first byte received: the network and the application. */
  firstByteUs: number | undefined;
  /** What these times rest on; undefined where there are none. */
  clock?: FigureClock | undefined;
}

/** The last event of `connect`. */
export interface ConnectResult {
  type: 'result';
  verdict: Verdict;
  reason: Reason;
  /** SYN to SYN+ACK, or to RST; undefined where neither came, or where it can't be said which SYN it answers (Karn). */
  rttUs: number | undefined;
  /** What `rttUs` rests on. */
  rttClock?: FigureClock | undefined;
  /** How far "open" can be trusted: a SYN+ACK alone may be a proxy's or a tarpit's. */
  evidence: 'syn-ack' | 'data-acknowledged' | 'fin-acknowledged' | undefined;
  iss: number;
  irs: number | undefined;
  peer: PeerOffer | undefined;
  retransmissions: number;
  /** Segments for our port that did not count, by note. */
  ignored: Partial<Record<SegmentNote, number>>;
  data: DataReport;
  close: CloseReport;
  states: readonly State[];
  /** Why the run ended early, such as `'timeout'`; undefined where it did not. */
  ended: 'timeout' | 'deadline' | 'reset-by-peer' | 'zero-window' | 'interrupted' | undefined;
  /** Datagrams the kernel dropped because we read too slowly: above 0, silence proves nothing. */
  kernelDrops: number;
  /** What on this machine kept the run from its end. */
  error: NetError | undefined;
}

/** All that `connect` tells, its result last. */
export type ConnectEvent = StartEvent | SegmentEvent | StateEvent | IcmpEvent | DataEvent | NoteEvent | ConnectResult;
