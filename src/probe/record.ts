/** What is remembered of a connection for its result. */
import { elapsed, type Figure, type Moment } from '../net/moment.ts';
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
  /** SYN to SYN+ACK. */
  rtt: Figure | undefined;
  /** Our first data to their ACK. */
  dataAck: Figure | undefined;
  /** Our FIN to its ACK. */
  finAck: Figure | undefined;
  sentBytes = 0;
  ackedBytes = 0;
  receivedBytes = 0;
  firstDataSent: Moment | undefined;
  firstByte: Moment | undefined;
  established: Moment | undefined;
  retransmissions = 0;
  readonly ignored: Partial<Record<SegmentNote, number>> = {};
  /** The last ICMP error about a segment of ours. */
  icmp: string | undefined;
  end: EndReason | undefined;
  /** The peer's window is closed. */
  windowClosed = false;
  /** Whose FIN or RST came first. */
  initiator: CloseReport['initiator'];
  closeBegan: Moment | undefined;
  /** When the state was entered that stands now. */
  stateSince: Moment | undefined;
  /** By how-manieth sending. */
  readonly #synSent: Moment[] = [];
  readonly #finSent: Moment[] = [];
  /** The first data of ours were sent once only. */
  #isFirstDataSure = true;
  /** The sequence number after the last that has left. */
  #sentUpTo: number | undefined;

  enters(state: State, at: Moment): void {
    this.states.push(state);
    this.stateSince = at;
    if (state === 'ESTABLISHED') this.established = at;
    if (state === 'CLOSE-WAIT') this.beginsClose('peer', at);
  }

  /** A segment has left; what could not leave before counts as new. */
  sends(segment: TcpSegment, transmission: number, at: Moment): void {
    const { flags, seq, payload } = segment;
    if (flags & SYN) this.#synSent[transmission] = at;
    if (flags & FIN) this.#finSent[transmission] = at;
    const length = segLen(segment);
    const end = seqAdd(seq, length);
    const newBytes = this.#sentUpTo === undefined ? length : Math.min(length, seqDiff(end, this.#sentUpTo));
    if (newBytes > 0) this.#sentUpTo = end;
    else if (length > 0) this.retransmissions++;
    if (newBytes <= 0 && payload.length > 0 && this.ackedBytes === 0) this.#isFirstDataSure = false;
    if (newBytes > 0 && payload.length > 0) {
      this.sentBytes += newBytes - (flags & FIN ? 1 : 0);
      this.firstDataSent ??= at;
    }
    // A RST that answers a stray segment before there is a connection closes nothing.
    if (flags & FIN || (flags & RST && this.established !== undefined)) this.beginsClose('local', at);
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

  receives(bytes: number, at: Moment): void {
    this.receivedBytes += bytes;
    this.firstByte ??= at;
  }

  acked(bytes: number, at: Moment): void {
    this.ackedBytes += bytes;
    if (this.#isFirstDataSure && this.firstDataSent) this.dataAck ??= elapsed(this.firstDataSent, at);
  }

  /** A round trip of our SYN or FIN that is beyond doubt, from when that sending of it really left. */
  answered(of: 'syn' | 'fin', transmission: number, at: Moment): void {
    const sent = (of === 'syn' ? this.#synSent : this.#finSent)[transmission];
    if (sent === undefined) return;
    if (of === 'syn') this.rtt = elapsed(sent, at);
    else this.finAck = elapsed(sent, at);
  }

  beginsClose(by: 'local' | 'peer', at: Moment): void {
    if (this.initiator !== undefined) return;
    this.initiator = by;
    this.closeBegan = at;
  }

  /** A segment that did not count, or only in part. */
  remarks(note: SegmentNote): void {
    if (!HARMLESS.has(note)) this.ignored[note] = (this.ignored[note] ?? 0) + 1;
  }
}
