/** Data that arrived before what comes before it, kept until that arrives. */
import { seqAdd, seqDiff, seqGt, seqGte, seqLt, seqLte } from '../wire/seq.ts';
import type { SackBlock } from '../wire/tcp-options.ts';

interface Piece {
  seq: number;
  payload: Uint8Array;
}

/** More pieces than any sane network leaves in a window: beyond it the newest is dropped and the peer sends it again. */
const MAX_PIECES = 1024;

export class Reassembly {
  /** In order of sequence, without overlaps. */
  private pieces: Piece[] = [];
  /** The start of the piece that came last: its block stands first in SACK (RFC 2018 §4). */
  private latest = 0;

  get isEmpty(): boolean {
    return this.pieces.length === 0;
  }

  /** Keeps what is new in the payload, which must lie within the window. @returns false where all of it was there */
  insert(seq: number, payload: Uint8Array): boolean {
    this.latest = seq;
    let added = false;
    let at = 0;
    let rest: Piece | undefined = { seq, payload };
    while (rest !== undefined && rest.payload.length > 0) {
      const next: Piece | undefined = this.pieces[at];
      if (next !== undefined && seqLte(end(next), rest.seq)) {
        at++;
        continue;
      }
      if (next === undefined || seqLte(end(rest), next.seq)) {
        added = this.put(at, rest) || added;
        break;
      }
      // They overlap: what stands there stays, what is before it goes in, what is after it goes on.
      if (seqLt(rest.seq, next.seq)) {
        added = this.put(at, { seq: rest.seq, payload: rest.payload.subarray(0, seqDiff(next.seq, rest.seq)) }) || added;
        at++;
      }
      rest = seqGt(end(rest), end(next)) ? { seq: end(next), payload: rest.payload.subarray(seqDiff(end(next), rest.seq)) } : undefined;
    }
    return added;
  }

  private put(at: number, piece: Piece): boolean {
    if (this.pieces.length >= MAX_PIECES) return false;
    this.pieces.splice(at, 0, piece);
    return true;
  }

  /** Takes out the piece that continues the stream at rcvNxt, cut at its front if need be; undefined where none does. */
  take(rcvNxt: number): Uint8Array | undefined {
    for (;;) {
      const first = this.pieces[0];
      if (first === undefined || seqGt(first.seq, rcvNxt)) return undefined;
      this.pieces.shift();
      if (seqGt(end(first), rcvNxt)) return first.payload.subarray(seqDiff(rcvNxt, first.seq));
    }
  }

  /** The blocks to report, the one that holds the latest piece first (RFC 2018 §4). */
  sackBlocks(most: number): SackBlock[] {
    const blocks: SackBlock[] = [];
    for (const piece of this.pieces) {
      const last = blocks.at(-1);
      if (last !== undefined && last.right === piece.seq) last.right = end(piece);
      else blocks.push({ left: piece.seq, right: end(piece) });
    }
    const newest = blocks.findIndex(({ left, right }) => seqGte(this.latest, left) && seqLt(this.latest, right));
    if (newest > 0) blocks.unshift(...blocks.splice(newest, 1));
    return blocks.slice(0, most);
  }
}

const end = (piece: Piece): number => seqAdd(piece.seq, piece.payload.length);
