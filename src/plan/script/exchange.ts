/** What both sides have sent: where the next bytes of each begin, and what comes again. */
import { ACK, FIN, RST, SYN } from '../../wire/flags.ts';
import { seqAdd, seqGt, seqGte, seqLte, seqMax } from '../../wire/seq.ts';
import { segLen, type TcpSegment } from '../../wire/tcp.ts';
import { findOption } from '../../wire/tcp-options.ts';

/** A peer may send pieces with gaps between them, or ACKs that are all different, for ever. */
const MOST_PIECES = 4096;
const MOST_SEEN = 4096;

/** One direction of the stream, SYN and FIN counted. */
class Stream {
  /** Where the next in order begins; undefined before anything was sent. */
  next: number | undefined;
  /** Sent, with something missing before it. */
  #ahead: { left: number; right: number }[] = [];

  /** @returns whether any of it is new */
  add(left: number, length: number): boolean {
    const right = seqAdd(left, length);
    const next = this.next ?? left;
    this.next = next;
    if (seqLte(right, next) || this.#ahead.some((piece) => seqGte(left, piece.left) && seqLte(right, piece.right))) return false;
    if (this.#ahead.length < MOST_PIECES) this.#ahead.push({ left, right });
    for (let grew = true; grew; ) {
      const at: number = this.next;
      for (const piece of this.#ahead) if (seqLte(piece.left, at)) this.next = seqMax(this.next, piece.right);
      this.#ahead = this.#ahead.filter((piece) => seqGt(piece.left, at));
      grew = this.next !== at;
    }
    return true;
  }
}

export class Exchange {
  /** The peer's, once its SYN has come. */
  irs: number | undefined;
  /** The peer's latest timestamp, to be echoed. */
  latestTimestamp = 0;
  #sent = new Stream();
  #received = new Stream();
  /** What the peer has acknowledged last. */
  #peerAck: number | undefined;
  /** The ends of both FINs. */
  #ourFin: number | undefined;
  #theirFin: number | undefined;
  /** The highest of the peer's stream that we have acknowledged. */
  #ourAck: number | undefined;
  #isReset = false;
  /** A SYN of ours began another connection after the one that is over. */
  #isNewAsked = false;
  /** Segments without sequence numbers of their own that have come, the latest ones. */
  readonly #seen = new Set<string>();

  constructor(readonly iss: number) {}

  /** The sequence number of our next segment. */
  get sndNxt(): number {
    return this.#sent.next ?? this.iss;
  }

  /** What our next segment acknowledges. */
  get rcvNxt(): number {
    return this.#received.next ?? 0;
  }

  /** @param counts the peer takes it for whole: its checksum is right */
  sends(segment: TcpSegment, counts: boolean): void {
    if (!counts) return;
    const { flags, seq, ack } = segment;
    if (flags & RST) {
      if (this.isOpen && this.#expectedByPeer.includes(seq)) this.#isReset = true;
      return;
    }
    if (flags & ACK) this.#ourAck = ack;
    if (flags & SYN && this.#sent.next !== undefined) {
      // In a connection it is none of ours; after one it begins the next.
      if (!this.#isOver) return;
      this.#sent = new Stream();
      this.#ourFin = undefined;
      this.#isNewAsked = true;
    }
    this.#sent.add(seq, segLen(segment));
    if (flags & FIN) this.#ourFin = seqAdd(seq, segLen(segment));
  }

  /** @returns what is remarkable about it: all of it, or its very like, has come before */
  hears(segment: TcpSegment): 'retransmission' | 'duplicate' | undefined {
    const { flags, seq, ack, window, options } = segment;
    if (flags & RST) {
      if (seq === this.#received.next) this.#isReset = true;
      return this.#hasSeen(`${flags} ${seq} ${ack}`);
    }
    if (flags & ACK) this.#peerAck = ack;
    const timestamps = findOption(options, 'timestamps');
    if (timestamps !== undefined) this.latestTimestamp = timestamps.value;
    if (flags & SYN && (this.irs === undefined || (this.#isNewAsked && ack === this.sndNxt))) this.#begins(seq);
    const length = segLen(segment);
    if (length > 0 && this.irs !== undefined) {
      if (!this.#received.add(seq, length)) return 'retransmission';
      if (flags & FIN) this.#theirFin = seqAdd(seq, length);
      return undefined;
    }
    return this.#hasSeen(`${flags} ${seq} ${ack} ${window} ${JSON.stringify(options)}`);
  }

  #begins(irs: number): void {
    this.irs = irs;
    this.#received = new Stream();
    this.#theirFin = undefined;
    this.#isReset = false;
    this.#isNewAsked = false;
  }

  #hasSeen(mark: string): 'duplicate' | undefined {
    if (this.#seen.has(mark)) return 'duplicate';
    this.#seen.add(mark);
    if (this.#seen.size > MOST_SEEN) this.#seen.delete(this.#seen.values().next().value as string);
    return undefined;
  }

  /** The peer holds a connection, as far as we can tell. */
  get isOpen(): boolean {
    return this.irs !== undefined && !this.#isOver;
  }

  /** There was a reset, or both FINs are acknowledged. */
  get #isOver(): boolean {
    const reached = (ack: number | undefined, fin: number | undefined) => ack !== undefined && fin !== undefined && seqGte(ack, fin);
    return this.#isReset || (reached(this.#peerAck, this.#ourFin) && reached(this.#ourAck, this.#theirFin));
  }

  /** Where the peer may expect our next byte: a RST must have just that (RFC 5961 §3.2). */
  get #expectedByPeer(): number[] {
    return [...new Set([this.#peerAck ?? this.sndNxt, this.sndNxt])];
  }

  /** The sequence numbers of the RSTs that end what the peer holds. */
  get resets(): number[] {
    return this.isOpen ? this.#expectedByPeer : [];
  }
}
