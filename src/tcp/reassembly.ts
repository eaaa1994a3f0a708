/** Data that arrived before what comes before it, kept until that arrives. */
import { seqAdd, seqDiff, seqGt, seqGte, seqLt, seqLte, seqMax, seqMin } from '../wire/seq.ts';
import type { SackBlock } from '../wire/tcp-options.ts';

interface Piece {
  seq: number;
  payload: Uint8Array;
}

/** More pieces than any sane network leaves in a window: beyond it the newest is dropped and the peer sends it again. */
const MAX_PIECES = 1024;
/** A small window has room for few of them: a piece takes a thousand bytes of memory, however short it is. */
const SHORT_PIECE_BYTES = 512;
const FEW_PIECES = 64;
/** What SACK has room for. */
const MAX_STRETCHES = 4;

export class Reassembly {
  /** In order of sequence, without overlaps. */
  private pieces: Piece[] = [];
  /** Without gaps within, the one that something arrived for last first (RFC 2018 §4). */
  private stretches: SackBlock[] = [];

  get isEmpty(): boolean {
    return this.pieces.length === 0;
  }

  /**
   * Keeps what is new in the payload, which must lie within the window.
   * @param windowBytes how wide that can be
   * @returns false where nothing of it was
   */
  insert(seq: number, payload: Uint8Array, windowBytes = Number.POSITIVE_INFINITY): boolean {
    const most = Math.min(MAX_PIECES, Math.max(FEW_PIECES, Math.ceil(windowBytes / SHORT_PIECE_BYTES)));
    const right = seqAdd(seq, payload.length);
    let added = false;
    let left = seq;
    for (let at = this.indexAfter(seq); seqLt(left, right); at++) {
      const next: Piece | undefined = this.pieces[at];
      const gapEnd = next === undefined ? right : seqMin(next.seq, right);
      if (seqLt(left, gapEnd)) {
        if (this.pieces.length >= most) return added;
        // Copied: a view would keep the whole datagram.
        const part = payload.subarray(seqDiff(left, seq), seqDiff(gapEnd, seq));
        this.pieces.splice(at++, 0, { seq: left, payload: new Uint8Array(part) });
        added = true;
      }
      left = next === undefined ? right : seqMax(gapEnd, end(next));
    }
    this.report(seq);
    return added;
  }

  /** The first piece that ends after the number. */
  private indexAfter(seq: number): number {
    let low = 0;
    let high = this.pieces.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (seqGt(end(this.pieces[middle] as Piece), seq)) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  /** Puts the stretch with this number in it first. */
  private report(seq: number): void {
    const { pieces } = this;
    let first = this.indexAfter(seq);
    let last = first;
    const meets = (at: number): boolean => at > 0 && at < pieces.length && end(pieces[at - 1] as Piece) === (pieces[at] as Piece).seq;
    while (meets(first)) first--;
    while (meets(last + 1)) last++;
    const left = (pieces[first] as Piece).seq;
    const right = end(pieces[last] as Piece);
    const others = this.stretches.filter((other) => seqLte(other.right, left) || seqGte(other.left, right));
    this.stretches = [{ left, right }, ...others].slice(0, MAX_STRETCHES);
  }

  /** Takes out the piece that continues the stream at rcvNxt, cut at its front if need be; undefined where none does. */
  take(rcvNxt: number): Uint8Array | undefined {
    this.stretches = this.stretches.filter(({ right }) => seqGt(right, rcvNxt));
    for (;;) {
      const first = this.pieces[0];
      if (first === undefined || seqGt(first.seq, rcvNxt)) return undefined;
      this.pieces.shift();
      if (seqGt(end(first), rcvNxt)) return first.payload.subarray(seqDiff(rcvNxt, first.seq));
    }
  }

  /** Forgets what lies at the number and after it: the stream ends there. */
  cutAt(seq: number): void {
    this.pieces = this.pieces.filter((piece) => seqLt(piece.seq, seq));
    const last = this.pieces.at(-1);
    if (last !== undefined) last.payload = last.payload.subarray(0, seqDiff(seq, last.seq));
    this.stretches = this.stretches.filter(({ left }) => seqLt(left, seq)).map(({ left, right }) => ({ left, right: seqMin(right, seq) }));
  }

  /** The blocks to report, the one that holds the latest piece first (RFC 2018 §4). */
  sackBlocks(most: number): SackBlock[] {
    const [first] = this.pieces;
    // Those that were known best may all have been taken.
    if (first !== undefined && this.stretches.length === 0) this.report(first.seq);
    return this.stretches.slice(0, most);
  }
}

const end = (piece: Piece): number => seqAdd(piece.seq, piece.payload.length);
