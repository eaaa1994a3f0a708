/** What is remembered of a connection for its result. Times are microseconds since the first segment. */
import type { EndReason } from '../tcp/actions.ts';
import type { State } from '../tcp/state.ts';
import { FIN, RST, SYN } from '../wire/flags.ts';
import type { Ipv4Header } from '../wire/ipv4.ts';
import { seqAdd, seqDiff } from '../wire/seq.ts';
import { segLen, type TcpSegment } from '../wire/tcp.ts';
import { findOption } from '../wire/tcp-options.ts';
import type { CloseReport, PeerOffer, SegmentNote } from './events.ts';

/** Notes of segments that count, or did their part before. */
const HARMLESS: ReadonlySet<SegmentNote> = new Set<SegmentNote>([
  'malformed-options',
  'out-of-order',
  'held',
  'duplicate',
  'old-connection',
]);

export class ConnectionRecord {
  readonly states: State[] = ['CLOSED'];
  irs: number | undefined;
  peer: PeerOffer | undefined;
  rttUs: number | undefined;
  sentBytes = 0;
  ackedBytes = 0;
  receivedBytes = 0;
  firstDataSentAtUs: number | undefined;
  firstByteAtUs: number | undefined;
  establishedAtUs: number | undefined;
  retransmissions = 0;
  readonly ignored: Partial<Record<SegmentNote, number>> = {};
  /** The last ICMP error about a segment of ours. */
  icmp: string | undefined;
  end: EndReason | undefined;
  /** The peer's window is closed. */
  windowClosed = false;
  /** Whose FIN or RST came first. */
  initiator: CloseReport['initiator'];
  closeBeganAtUs: number | undefined;
  /** When the state was entered that stands now. */
  stateSinceUs = 0;
  /** By how-manieth sending. */
  readonly #synSentAtUs = new Map<number, number>();
  /** The sequence number after the last that has left. */
  #sentUpTo: number | undefined;

  enters(state: State, atUs: number): void {
    this.states.push(state);
    this.stateSinceUs = atUs;
    if (state === 'ESTABLISHED') this.establishedAtUs = atUs;
    if (state === 'CLOSE-WAIT') this.beginsClose('peer', atUs);
  }

  /** A segment has left; what could not leave before counts as new. */
  sends(segment: TcpSegment, transmission: number, atUs: number): void {
    const { flags, seq, payload } = segment;
    if (flags & SYN) this.#synSentAtUs.set(transmission, atUs);
    const length = segLen(segment);
    const end = seqAdd(seq, length);
    const newBytes = this.#sentUpTo === undefined ? length : Math.min(length, seqDiff(end, this.#sentUpTo));
    if (newBytes > 0) this.#sentUpTo = end;
    else if (length > 0) this.retransmissions++;
    if (newBytes > 0 && payload.length > 0) {
      this.sentBytes += newBytes - (flags & FIN ? 1 : 0);
      this.firstDataSentAtUs ??= atUs;
    }
    // A RST that answers a stray segment before there is a connection closes nothing.
    if (flags & FIN || (flags & RST && this.establishedAtUs !== undefined)) this.beginsClose('local', atUs);
  }

  /** The peer's SYN, once the endpoint has taken it. */
  takesOffer({ seq, window, options }: TcpSegment, { ttl }: Ipv4Header): void {
    this.irs = seq;
    this.peer = {
      mss: findOption(options, 'mss')?.mss,
      windowScale: findOption(options, 'window-scale')?.shift,
      sackPermitted: findOption(options, 'sack-permitted') !== undefined,
      timestamps: findOption(options, 'timestamps') !== undefined,
      window,
      ttl,
    };
  }

  receives(bytes: number, atUs: number): void {
    this.receivedBytes += bytes;
    this.firstByteAtUs ??= atUs;
  }

  /** The SYN's round trip, from when that sending of it really left. */
  synAnswered(transmission: number, atUs: number): void {
    const sentAtUs = this.#synSentAtUs.get(transmission);
    if (sentAtUs !== undefined) this.rttUs = atUs - sentAtUs;
  }

  beginsClose(by: 'local' | 'peer', atUs: number): void {
    if (this.initiator !== undefined) return;
    this.initiator = by;
    this.closeBeganAtUs = atUs;
  }

  /** A segment that did not count, or only in part. */
  remarks(note: SegmentNote): void {
    if (!HARMLESS.has(note)) this.ignored[note] = (this.ignored[note] ?? 0) + 1;
  }
}
