/** What `listen` tells. */
import type { NetError } from '../../net/errors.ts';
import type { PortGuard } from '../../net/network.ts';
import type { IcmpEvent, NoteEvent, SCHEMA_VERSION, SegmentEvent, StartEvent } from './common.ts';
import type { ConnectResult, DataEvent, StateEvent } from './connect.ts';
import type { OfConversation } from './replay.ts';

/** The ports are ours: who calls from now on is answered. */
export interface ListeningEvent {
  type: 'listening';
  schema: typeof SCHEMA_VERSION;
  version: string;
  command: 'listen';
  /** Undefined: all of this host's. */
  address: string | undefined;
  ports: readonly number[];
  /** ISO 8601, UTC. */
  startedAt: string;
  guard: PortGuard;
}

/** How a conversation with a peer that called went, told as a connect of ours. */
export interface ServedResult extends ConnectResult, OfConversation {
  /** From the peer's SYN to the end. */
  durationUs: number;
  /** It was made of a SYN cookie: its SYN was answered and forgotten. */
  fromCookie: boolean;
}

/** The last event of `listen`. Counts are of connections unless they say what of. */
export interface ListenResult {
  type: 'result';
  /** Made, by a whole handshake. */
  connections: number;
  /** Of these, ended as asked. */
  completed: number;
  /** Of these, reset by the peer. */
  resetByPeer: number;
  /** Of these, ended by a time that was over. */
  timedOut: number;
  /** Of these, still open at the end. */
  interrupted: number;
  /** Handshakes that the peer began and did not complete, those answered by cookies left aside. */
  halfOpen: number;
  /** SYNs answered by a cookie. */
  cookiesSent: number;
  /** Connections made of one. */
  cookiesUsed: number;
  /** SYNs dropped because there were connections enough. */
  refused: number;
  /** SYNs the kernel dropped because they came faster than we could answer. */
  droppedSyns: number;
  /** Segments of no connection, answered by RST or passed over. */
  strays: number;
  /** Payload bytes of all connections. */
  sentBytes: number;
  receivedBytes: number;
  durationUs: number;
  /** Why it ended, where it was not by the count of connections. */
  ended: 'deadline' | 'interrupted' | undefined;
  /** The count of connections that was asked for was reached, or none was asked for. */
  countReached: boolean;
  /** Other datagrams the kernel dropped because we read too slowly. */
  kernelDrops: number;
  /** What on this machine kept the run from its end. */
  error: NetError | undefined;
}

type ServedStep = StartEvent | SegmentEvent | StateEvent | IcmpEvent | DataEvent | NoteEvent;

/** What is told of one conversation, its result last. In its start, `address` and `port` are the peer's. */
export type ServedEvent = (ServedStep & OfConversation) | ServedResult;

/** All that `listen` tells: conversations side by side, and the result of all last. */
export type ListenEvent = ListeningEvent | ServedEvent | NoteEvent | ListenResult;
