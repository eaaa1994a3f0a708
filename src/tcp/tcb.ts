/** The transmission control block: all that an endpoint knows (RFC 9293 §3.3.1). Plain data; the functions beside it change it. */
import { seqAdd, seqDiff, seqMax } from '../wire/seq.ts';
import { findOption, type TcpOption } from '../wire/tcp-options.ts';
import type { Action } from './actions.ts';
import { Reassembly } from './reassembly.ts';
import { RetransmissionQueue } from './retransmission-queue.ts';
import { createRto, type Rto, type RtoConfig } from './rto.ts';
import type { State } from './state.ts';

export interface TcbConfig extends RtoConfig {
  localPort: number;
  /** For LISTEN: 0, until a SYN says it. */
  remotePort: number;
  iss: number;
  /** The options of our SYN, in order: they are what we offer. The timestamp in them is our clock's value at the first SYN. */
  synOptions: readonly TcpOption[];
  /** The window field of our SYN, and of every segment where `fixedWindow` is set. */
  synWindow: number;
  fixedWindow: boolean;
  /** How much the peer may have in flight towards us, in bytes, where window scaling or 65,535 allows it. */
  receiveBufferBytes: number;
  /** What was delivered fills that buffer until the user says that it has taken it; else it is taken at once. */
  userReads: boolean;
  /** The largest payload and options that fit the path: MTU less 40 bytes of headers. */
  maxSegmentBytes: number;
  /** Longest wait for progress on what is not acknowledged (RFC 9293 §3.8.3). */
  userTimeoutUs: number;
  /** 2 MSL (RFC 9293 §3.4.2: MSL is 2 minutes). */
  timeWaitUs: number;
  /** Answer the peer's FIN by a FIN of our own that does not acknowledge it, as if the two had crossed. */
  crossFin: boolean;
}

export const DEFAULT_TCB_CONFIG = {
  initialRtoUs: 1_000_000,
  minRtoUs: 1_000_000,
  maxRtoUs: 60_000_000,
  synWindow: 64_240,
  fixedWindow: false,
  receiveBufferBytes: 1 << 20,
  userReads: false,
  maxSegmentBytes: 1460,
  userTimeoutUs: 5_000_000,
  timeWaitUs: 240_000_000,
  crossFin: false,
} as const satisfies Partial<TcbConfig>;

/** A configuration of which all that has a default may be left out. */
export type TcbChoice = Omit<TcbConfig, keyof typeof DEFAULT_TCB_CONFIG> & Partial<TcbConfig>;

export interface Tcb {
  config: TcbConfig;
  state: State;
  /** OPEN has come: CLOSED is then the end. */
  opened: boolean;
  /** SYN-RECEIVED was reached from LISTEN. */
  passive: boolean;
  remotePort: number;

  iss: number;
  sndUna: number;
  sndNxt: number;
  /** In bytes, scaled. */
  sndWnd: number;
  sndWl1: number;
  sndWl2: number;
  /** The largest window the peer ever offered (RFC 5961 §5). */
  maxSndWnd: number;

  irs: number;
  rcvNxt: number;
  /** In bytes. */
  rcvWnd: number;
  /** RCV.BUFF: the window where the user has taken all. */
  rcvBuffer: number;
  /** RCV.USER: bytes delivered that the user has not taken yet. */
  rcvUser: number;
  /** The acknowledgment that we sent last (RFC 7323 §4.3). */
  lastAckSent: number;
  /** Where the peer's urgent data end; undefined without. */
  rcvUp: number | undefined;
  /** The sequence number of the peer's FIN, known from when it arrived, in order or not. */
  peerFinSeq: number | undefined;
  /** Something arrived that must be acknowledged, and no segment that does has left yet. */
  ackDue: boolean;
  reassembly: Reassembly;

  /** Payload of ours that a segment may carry, options left aside. */
  sndMss: number;
  sndWscale: number;
  rcvWscale: number;
  /** Both SYNs offered it. */
  scaleAgreed: boolean;
  sackOk: boolean;
  tsOk: boolean;
  /** The peer's timestamp to echo (RFC 7323 §4.3). */
  tsRecent: number;
  /** Our timestamp clock's value at time 0. */
  tsOffset: number;
  /** The timestamp that we sent last. */
  tsSent: number;

  /** Written by the user and not yet in a segment. */
  unsent: Uint8Array[];
  unsentBytes: number;
  finQueued: boolean;
  finSent: boolean;
  unacked: RetransmissionQueue;

  rto: Rto;
  cwnd: number;
  ssthresh: number;
  dupAcks: number;
  /** sndNxt when loss was found: recovery lasts until it is acknowledged (RFC 6582). */
  recover: number | undefined;
  /** How many segments were on their way then. */
  recoverSegments: number;

  retransmitAtUs: number | undefined;
  persistAtUs: number | undefined;
  timeWaitUntilUs: number | undefined;
  /** The last time that something unacknowledged made progress. */
  progressAtUs: number;
  /** Challenge ACKs sent since `challengesSinceUs` (RFC 5961 §7). */
  challenges: number;
  challengesSinceUs: number;
  /** How often an old connection was cleared away by RST and SYN. */
  oldConnections: number;
}

export function createTcb(choice: TcbChoice): Tcb {
  // Not by spreads: V8 takes a microsecond for each field that is written behind one, and a flood makes many of these.
  const config: TcbConfig = Object.assign({}, DEFAULT_TCB_CONFIG, choice);
  return {
    config,
    state: 'CLOSED',
    opened: false,
    passive: false,
    remotePort: config.remotePort,
    iss: config.iss,
    sndUna: config.iss,
    sndNxt: config.iss,
    sndWnd: 0,
    sndWl1: 0,
    sndWl2: 0,
    maxSndWnd: 0,
    irs: 0,
    rcvNxt: 0,
    rcvWnd: config.synWindow,
    rcvBuffer: config.synWindow,
    rcvUser: 0,
    lastAckSent: 0,
    rcvUp: undefined,
    peerFinSeq: undefined,
    ackDue: false,
    reassembly: new Reassembly(),
    sndMss: Math.min(DEFAULT_SEND_MSS, config.maxSegmentBytes),
    sndWscale: 0,
    rcvWscale: 0,
    scaleAgreed: false,
    sackOk: false,
    tsOk: false,
    tsRecent: 0,
    tsOffset: 0,
    tsSent: 0,
    unsent: [],
    unsentBytes: 0,
    finQueued: false,
    finSent: false,
    unacked: new RetransmissionQueue(),
    rto: createRto(config),
    cwnd: 0,
    ssthresh: Number.POSITIVE_INFINITY,
    dupAcks: 0,
    recover: undefined,
    recoverSegments: 0,
    retransmitAtUs: undefined,
    persistAtUs: undefined,
    timeWaitUntilUs: undefined,
    progressAtUs: 0,
    challenges: 0,
    challengesSinceUs: 0,
    oldConnections: 0,
  };
}

/** Where the peer's SYN names no MSS (RFC 9293 §3.7.1). */
const DEFAULT_SEND_MSS = 536;
/** A larger shift is read as this one (RFC 7323 §2.3). */
const MAX_WINDOW_SHIFT = 14;

/** Takes over what both SYNs offered (RFC 9293 §3.7.1, RFC 7323 §2.2, RFC 2018 §2). */
export function agreeOptions(tcb: Tcb, peerOptions: readonly TcpOption[]): void {
  const { config } = tcb;
  const mss = findOption(peerOptions, 'mss')?.mss || DEFAULT_SEND_MSS;
  const theirScale = findOption(peerOptions, 'window-scale');
  const ourScale = findOption(config.synOptions, 'window-scale');
  tcb.scaleAgreed = theirScale !== undefined && ourScale !== undefined;
  tcb.sndWscale = tcb.scaleAgreed ? Math.min(theirScale?.shift ?? 0, MAX_WINDOW_SHIFT) : 0;
  tcb.rcvWscale = tcb.scaleAgreed ? Math.min(ourScale?.shift ?? 0, MAX_WINDOW_SHIFT) : 0;
  tcb.sackOk = [peerOptions, config.synOptions].every((options) => findOption(options, 'sack-permitted') !== undefined);
  const theirTimestamps = findOption(peerOptions, 'timestamps');
  tcb.tsOk = theirTimestamps !== undefined && findOption(config.synOptions, 'timestamps') !== undefined;
  if (theirTimestamps !== undefined) tcb.tsRecent = theirTimestamps.value;
  tcb.sndMss = Math.max(1, Math.min(mss, config.maxSegmentBytes) - (tcb.tsOk ? TIMESTAMPS_LENGTH : 0));
  const unit = 2 ** tcb.rcvWscale;
  const offered = config.fixedWindow
    ? config.synWindow * unit
    : Math.max(config.synWindow, Math.min(config.receiveBufferBytes, 0xffff * unit));
  // A part of a unit can't be said in the field; left out, the window would be smaller than our SYN's.
  tcb.rcvWnd = Math.ceil(offered / unit) * unit;
  tcb.rcvBuffer = tcb.rcvWnd;
}

/** RFC 6928 §2, and RFC 5681 §3.1 where a SYN or SYN+ACK was lost. */
export const initialWindow = (mss: number, synLost: boolean): number => (synLost ? mss : Math.min(10 * mss, Math.max(2 * mss, 14_600)));

/** The timestamps option with its two NOPs before it. */
export const TIMESTAMPS_LENGTH = 12;

/** The value of our timestamp clock, in milliseconds from an offset of its own (RFC 7323 §5.4). */
export const timestampAt = (tcb: Tcb, atUs: number): number => seqAdd(tcb.tsOffset, Math.floor(atUs / 1000));

/** The timestamp of a segment that leaves now. It never goes back, though what arrived is handled with the time it came. */
export function nextTimestamp(tcb: Tcb, nowUs: number): number {
  tcb.tsSent = seqMax(tcb.tsSent, timestampAt(tcb, nowUs));
  return tcb.tsSent;
}

/** Bytes in flight: sent, not acknowledged. */
export const flightSize = (tcb: Tcb): number => seqDiff(tcb.sndNxt, tcb.sndUna);

/** Enters a state and says why; where it is sending something that does it, what is sent stands first. */
export function enter(tcb: Tcb, to: State, cause: string, actions: Action[], send?: () => void): void {
  const from = tcb.state;
  tcb.state = to;
  send?.();
  actions.push({ type: 'state', from, to, cause });
}
