/** One side's stream of sequence numbers, as far as a capture shows it. */
import { SYN } from '../../wire/flags.ts';
import { seqAdd, seqDiff, seqGt, seqGte, seqLt, seqLte, seqMax, seqMin } from '../../wire/seq.ts';

/** A segment as its place in the stream needs it. */
export interface Placed {
  seq: number;
  flags: number;
  /** Payload bytes as the headers tell them, captured or not. */
  length: number;
  /** SEG.LEN. */
  segLen: number;
  ipId: number;
  atUs: number;
}

/** What a segment brings to its stream. */
export interface Place {
  kind: /** The next numbers, or none. */
    | 'new'
    /** Something before it has not been seen. */
    | 'gap'
    /** What was missing, soon after it was missed: it was overtaken. */
    | 'overtaken'
    /** Nothing that has not been seen, or what was lost long since. */
    | 'again'
    /** The same datagram once more, by its identification. */
    | 'copy'
    /** An old number and nothing in it. */
    | 'keep-alive'
    /** Too far from all the rest to belong to it. */
    | 'far';
  /** Payload bytes that were not seen before. */
  newBytes: number;
  /** By how-manieth sending this is. */
  transmission: number;
}

interface Hole {
  left: number;
  right: number;
  sinceUs: number;
}

/** What comes later than this was not overtaken but sent again (Wireshark's measure). */
const OVERTAKEN_US = 3000;
/** RFC 7323: no window is larger. */
const LARGEST_WINDOW = 2 ** 30;
/** Sendings that are remembered, the oldest forgotten first. */
const MOST_SENDINGS = 512;
const MOST_HOLES = 512;

export class Side {
  /** Its SYN's number; undefined where that was not seen. */
  isn: number | undefined;
  /** What relative numbers count from: the ISN, or one less than the first number that was seen. */
  base: number | undefined;
  /** After the last number that was seen. */
  next: number | undefined;
  /** The highest number that the other side has acknowledged. */
  acked: number | undefined;
  /** After its FIN. */
  finEnd: number | undefined;
  /** Payload bytes, each once. */
  bytes = 0;
  ackedBytes = 0;
  /** Bytes that were acknowledged and never seen. */
  missingBytes = 0;
  segments = 0;
  retransmissions = 0;
  /** As its last segment says it: not scaled. */
  window: number | undefined;
  /** A right checksum has been seen: from then on a wrong one means damage, and not that a network card was to fill it in. */
  hasRightChecksum = false;
  #holes: Hole[] = [];
  readonly #sendings = new Map<number, { count: number; ipId: number }>();

  /** Nothing of it was seen yet: what the other side acknowledges is where it stands. */
  begins(next: number, isn?: number): void {
    if (this.next !== undefined) return;
    this.isn = isn;
    this.base = isn ?? seqAdd(next, -1);
    this.next = next;
    this.acked = next;
  }

  /** Takes a segment in. */
  place(segment: Placed): Place {
    const { seq, flags, segLen, length, atUs } = segment;
    if (this.next === undefined) {
      if (flags & SYN) this.isn = seq;
      this.base = flags & SYN ? seq : seqAdd(seq, -1);
      this.next = seq;
      this.acked = seq;
    }
    const next = this.next;
    const end = seqAdd(seq, segLen);
    if (Math.abs(seqDiff(seq, next)) > LARGEST_WINDOW) return { kind: 'far', newBytes: 0, transmission: 1 };
    // A window probe and a keep-alive look the same: the byte before the next one, sent or not.
    const isProbe = segLen <= 1 && length === segLen && seq === seqAdd(next, -1) && (segLen === 0 || this.acked === next);
    if (isProbe) return { kind: 'keep-alive', newBytes: 0, transmission: 1 };
    if (seqGt(seq, next)) {
      this.#holes.push({ left: next, right: seq, sinceUs: atUs });
      if (this.#holes.length > MOST_HOLES) this.#holes.shift();
      this.next = end;
      return { kind: 'gap', ...this.#counts(segment, length) };
    }
    if (segLen === 0) return { kind: 'new', newBytes: 0, transmission: 1 };
    if (seqGt(end, next)) {
      this.next = end;
      const filled = this.#fill(seq, end).bytes;
      return { kind: 'new', ...this.#counts(segment, Math.min(length, seqDiff(end, next) + filled)) };
    }
    const { bytes, sinceUs } = this.#fill(seq, end);
    const counted = this.#counts(segment, Math.min(length, bytes));
    if (bytes > 0) return { kind: atUs - (sinceUs as number) <= OVERTAKEN_US ? 'overtaken' : 'again', ...counted };
    return { kind: counted.isCopy ? 'copy' : 'again', ...counted };
  }

  #counts({ seq, segLen, ipId }: Placed, newBytes: number): { newBytes: number; transmission: number; isCopy: boolean } {
    this.bytes += newBytes;
    if (segLen === 0) return { newBytes, transmission: 1, isCopy: false };
    const before = this.#sendings.get(seq);
    // Linux leaves the identification 0 where a datagram may not be cut up.
    const isCopy = before !== undefined && ipId !== 0 && before.ipId === ipId;
    const count = (before?.count ?? 0) + (isCopy ? 0 : 1);
    this.#sendings.set(seq, { count, ipId });
    if (this.#sendings.size > MOST_SENDINGS) this.#sendings.delete(this.#sendings.keys().next().value as number);
    return { newBytes, transmission: count, isCopy };
  }

  /** @returns how much of the range was missing, and since when */
  #fill(left: number, right: number): { bytes: number; sinceUs: number | undefined } {
    let bytes = 0;
    let sinceUs: number | undefined;
    this.#holes = this.#holes.flatMap((hole) => {
      const from = seqMax(left, hole.left);
      const to = seqMin(right, hole.right);
      if (seqGte(from, to)) return [hole];
      bytes += seqDiff(to, from);
      sinceUs = Math.min(sinceUs ?? hole.sinceUs, hole.sinceUs);
      return [
        { ...hole, right: from },
        { ...hole, left: to },
      ].filter((rest) => seqLt(rest.left, rest.right));
    });
    return { bytes, sinceUs };
  }

  /** All before a number has been seen. */
  hasAllBefore(number: number): boolean {
    return this.next !== undefined && seqGte(this.next, number) && !this.#holes.some(({ left }) => seqLt(left, number));
  }

  /**
   * The other side acknowledges all before a number.
   * @returns how many of those numbers were never seen; undefined where it acknowledges what can't have been sent
   */
  acknowledged(ack: number): number | undefined {
    if (this.next === undefined || this.acked === undefined) {
      this.begins(ack);
      return 0;
    }
    if (seqDiff(ack, this.next) > LARGEST_WINDOW) return undefined;
    if (seqLte(ack, this.acked)) return 0;
    const { bytes: holes } = this.#fill(this.acked, ack);
    const beyond = Math.max(0, seqDiff(ack, this.next));
    this.next = seqMax(this.next, ack);
    const syn = this.acked === this.isn ? 1 : 0;
    const fin = this.finEnd !== undefined && seqGte(ack, this.finEnd) && seqLt(this.acked, this.finEnd) ? 1 : 0;
    // In a forged capture both may have the same number.
    this.ackedBytes += Math.max(0, seqDiff(ack, this.acked) - syn - fin);
    this.acked = ack;
    this.missingBytes += holes + beyond;
    return holes + beyond;
  }

  get finAcked(): boolean {
    return this.finEnd !== undefined && this.acked !== undefined && seqGte(this.acked, this.finEnd);
  }
}
