/**
 * What was sent and is not acknowledged in full (RFC 9293 §3.4), with what SACK tells of it (RFC 6675). What an ACK costs
 * goes by what it changes, not by how much is on its way: counts are kept, and no entry is looked at twice for one thing.
 */
import { FIN, PSH } from '../wire/flags.ts';
import { seqAdd, seqGt, seqLt } from '../wire/seq.ts';
import type { SackBlock } from '../wire/tcp-options.ts';

/** A segment that was sent and not yet acknowledged in full. */
export interface Unacked {
  readonly seq: number;
  /** Sequence numbers it takes. */
  readonly length: number;
  /** SYN, FIN, PSH as sent. */
  readonly flags: number;
  readonly payload: Uint8Array;
  /** When it was sent, each time. */
  readonly sentAtUs: readonly number[];
  /** The peer reported it by SACK. */
  readonly sacked: boolean;
  /** Held to be lost and not yet sent again. */
  readonly lost: boolean;
}

interface Entry extends Unacked {
  seq: number;
  length: number;
  payload: Uint8Array;
  sentAtUs: number[];
  sacked: boolean;
  lost: boolean;
  /** From here to this sequence number all is known to be SACKed: where the peer says so again, that is skipped. */
  sackedTo: number | undefined;
}

/** Segments that arrived after one that did not, before it is held to be lost (RFC 5681 §3.2). */
export const DUP_THRESHOLD = 3;

/** As many acknowledged ones may stand before the first: they are cleared away together. */
const MOST_CLEARED = 64;

const end = ({ seq, length }: Unacked): number => seqAdd(seq, length);

export class RetransmissionQueue {
  /** In order; undefined before #head. */
  #entries: (Entry | undefined)[] = [];
  /** The place of the first. */
  #head = 0;
  #pipeBytes = 0;
  #lost = 0;
  /** None before this place is lost. */
  #lostFrom = 0;
  /** The last ones that are SACKed, the very last first: as many as it takes to hold one before them to be lost. */
  #lastSacked: Entry[] = [];
  /** Each before this place that may be held to be lost was. */
  #judged = 0;

  get length(): number {
    return this.#entries.length - this.#head;
  }

  get first(): Unacked | undefined {
    return this.#entries[this.#head];
  }

  *[Symbol.iterator](): Generator<Unacked> {
    for (let i = this.#head; i < this.#entries.length; i++) yield this.#entries[i] as Entry;
  }

  /** Sequence numbers that are held to be on their way: not SACKed, not lost (RFC 6675 §4). */
  get pipeBytes(): number {
    return this.#pipeBytes;
  }

  /** Segments that are lost. */
  get lost(): number {
    return this.#lost;
  }

  /** The first that is lost. */
  get firstLost(): Unacked | undefined {
    if (this.#lost === 0) return undefined;
    let at = Math.max(this.#lostFrom, this.#head);
    while (!(this.#entries[at] as Entry).lost) at++;
    this.#lostFrom = at;
    return this.#entries[at];
  }

  /** The next one was sent for the first time. */
  push(seq: number, length: number, flags: number, payload: Uint8Array, nowUs: number): void {
    this.#entries.push({ seq, length, flags, payload, sentAtUs: [nowUs], sacked: false, lost: false, sackedTo: undefined });
    this.#pipeBytes += length;
  }

  /** One of it was sent again. */
  sentAgain(entry: Unacked, nowUs: number): void {
    const sent = entry as Entry;
    sent.sentAtUs.push(nowUs);
    if (!sent.lost) return;
    sent.lost = false;
    this.#lost--;
    this.#pipeBytes += sent.length;
  }

  /** The first is acknowledged in full. */
  shift(): void {
    const first = this.#entries[this.#head] as Entry;
    if (first.lost) this.#lost--;
    else if (!first.sacked) this.#pipeBytes -= first.length;
    if (first === this.#lastSacked.at(-1)) this.#lastSacked.pop();
    this.#entries[this.#head++] = undefined;
    if (this.#head >= MOST_CLEARED && this.#head >= this.#entries.length / 2) this.#clear();
  }

  #clear(): void {
    this.#entries.splice(0, this.#head);
    this.#lostFrom = Math.max(0, this.#lostFrom - this.#head);
    this.#judged = Math.max(0, this.#judged - this.#head);
    this.#head = 0;
  }

  /** So many sequence numbers of the first are acknowledged: fewer than it has. */
  trimFirst(bytes: number): void {
    const first = this.#entries[this.#head] as Entry;
    first.seq = seqAdd(first.seq, bytes);
    first.length -= bytes;
    first.payload = first.payload.subarray(bytes);
    if (!first.lost && !first.sacked) this.#pipeBytes -= bytes;
  }

  /** The peer has what lies within the block. */
  sack({ left, right }: SackBlock): void {
    const from = this.#placeOf(left);
    let at = from;
    for (let entry = this.#entries[at]; entry !== undefined && !seqGt(end(entry), right); entry = this.#entries[at]) {
      if (!entry.sacked) this.#markSacked(entry);
      at = entry.sackedTo === undefined ? at + 1 : this.#placeOf(entry.sackedTo);
    }
    if (at > from) (this.#entries[from] as Entry).sackedTo = end(this.#entries[at - 1] as Entry);
  }

  /** Of the first that begins at the sequence number or after it. */
  #placeOf(seq: number): number {
    let low = this.#head;
    let high = this.#entries.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (seqLt((this.#entries[middle] as Entry).seq, seq)) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #markSacked(entry: Entry): void {
    if (entry.lost) this.#lost--;
    else this.#pipeBytes -= entry.length;
    entry.sacked = true;
    entry.lost = false;
    this.#remember(entry);
  }

  #remember(sacked: Entry): void {
    const last = this.#lastSacked;
    const before = last.findIndex(({ seq }) => seqLt(seq, sacked.seq));
    last.splice(before < 0 ? last.length : before, 0, sacked);
    if (last.length > DUP_THRESHOLD) last.pop();
  }

  /**
   * Holds those to be lost that were sent once and before so many that have arrived (RFC 6675 §4, IsLost).
   * @returns whether there was one that was not held to be lost before
   */
  loseOvertaken(): boolean {
    const overtaking = this.#lastSacked[DUP_THRESHOLD - 1];
    if (overtaking === undefined) return false;
    const before = this.#lost;
    let at = Math.max(this.#judged, this.#head);
    for (let entry = this.#entries[at]; entry !== undefined && entry !== overtaking; entry = this.#entries[++at]) {
      if (!entry.sacked && entry.sentAtUs.length === 1) this.#lose(entry, at);
    }
    this.#judged = at;
    return this.#lost > before;
  }

  loseFirst(): void {
    const first = this.#entries[this.#head];
    if (first !== undefined) this.#lose(first, this.#head);
  }

  #lose(entry: Entry, at: number): void {
    if (entry.lost) return;
    entry.lost = true;
    this.#lost++;
    this.#pipeBytes -= entry.length;
    this.#lostFrom = Math.min(this.#lostFrom, at);
  }

  /** All that the peer does not have. */
  loseUnsacked(): void {
    for (const entry of this.#live()) entry.lost = !entry.sacked;
    this.#count();
  }

  /** What the peer had reported by SACK too: it may have thrown that away (RFC 2018 §8). */
  loseAll(): void {
    for (const entry of this.#live()) {
      entry.sacked = false;
      entry.lost = true;
    }
    this.#count();
  }

  /** Cuts up what is too large for the path, and holds it to be lost. */
  cut(mss: number): void {
    this.#entries = this.#live().flatMap((entry) => cut(entry, mss));
    this.#head = 0;
    this.#count();
  }

  #live(): Entry[] {
    return this.#entries.slice(this.#head) as Entry[];
  }

  /** Anew, after all were changed. */
  #count(): void {
    this.#lost = this.#pipeBytes = this.#lostFrom = this.#judged = 0;
    this.#lastSacked = [];
    for (const entry of this.#live()) {
      entry.sackedTo = undefined;
      if (entry.sacked) this.#remember(entry);
      else if (entry.lost) this.#lost++;
      else this.#pipeBytes += entry.length;
    }
  }
}

function cut(entry: Entry, mss: number): Entry[] {
  if (entry.payload.length <= mss) return [entry];
  const parts: Entry[] = [];
  for (let at = 0; at < entry.payload.length; at += mss) {
    const payload = entry.payload.subarray(at, at + mss);
    const isLast = at + mss >= entry.payload.length;
    const flags = isLast ? entry.flags : entry.flags & ~(FIN | PSH);
    const length = payload.length + (isLast && entry.flags & FIN ? 1 : 0);
    parts.push({ ...entry, seq: seqAdd(entry.seq, at), length, flags, payload, lost: !entry.sacked, sentAtUs: [...entry.sentAtUs] });
  }
  return parts;
}
