/** The queue beside a plain list that looks at all of its entries each time. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DUP_THRESHOLD, RetransmissionQueue, type Unacked } from '../../src/tcp/retransmission-queue.ts';
import { seqAdd, seqDiff, seqGte, seqLte } from '../../src/wire/seq.ts';

type Plain = { -readonly [K in keyof Unacked]: Unacked[K] };

/** What RFC 6675 §4 says, word for word. */
class PlainQueue {
  entries: Plain[] = [];

  sack(left: number, right: number): void {
    for (const entry of this.entries) {
      if (!seqGte(entry.seq, left) || !seqLte(seqAdd(entry.seq, entry.length), right)) continue;
      entry.sacked = true;
      entry.lost = false;
    }
  }

  loseOvertaken(): boolean {
    let found = false;
    for (const [i, entry] of this.entries.entries()) {
      const isOvertaken = this.entries.slice(i + 1).filter(({ sacked }) => sacked).length >= DUP_THRESHOLD;
      if (!isOvertaken || entry.sacked || entry.lost || entry.sentAtUs.length > 1) continue;
      entry.lost = true;
      found = true;
    }
    return found;
  }

  cut(mss: number): void {
    this.entries = this.entries.flatMap((entry) => {
      if (entry.length <= mss) return [entry];
      const { seq, length, payload, sacked, sentAtUs } = entry;
      return Array.from({ length: Math.ceil(length / mss) }, (_, i) => {
        const part = payload.subarray(i * mss, (i + 1) * mss);
        return { ...entry, seq: seqAdd(seq, i * mss), length: part.length, payload: part, lost: !sacked, sentAtUs: [...sentAtUs] };
      });
    });
  }
}

const FIRST = 0xffff_fff0;

/** Both queues, and the numbers between which they stand. */
class Pair {
  readonly queue = new RetransmissionQueue();
  readonly plain = new PlainQueue();
  una = FIRST;
  nxt = FIRST;
  #nowUs = 0;

  send(length: number): void {
    const payload = new Uint8Array(length);
    this.queue.push(this.nxt, length, 0, payload, this.#nowUs);
    this.plain.entries.push({ seq: this.nxt, length, flags: 0, payload, sentAtUs: [this.#nowUs], sacked: false, lost: false });
    this.nxt = seqAdd(this.nxt, length);
  }

  acknowledge(share: number): void {
    let bytes = Math.floor(share * seqDiff(this.nxt, this.una));
    this.una = seqAdd(this.una, bytes);
    while (bytes > 0) {
      const first = this.plain.entries[0] as Plain;
      const part = Math.min(bytes, first.length);
      bytes -= part;
      if (part === first.length) {
        this.queue.shift();
        this.plain.entries.shift();
        continue;
      }
      this.queue.trimFirst(part);
      first.seq = seqAdd(first.seq, part);
      first.length -= part;
      first.payload = first.payload.subarray(part);
    }
  }

  sack(share: number, length: number): void {
    const flight = seqDiff(this.nxt, this.una);
    const left = seqAdd(this.una, Math.floor(share * flight));
    const right = seqAdd(left, Math.floor(length * seqDiff(this.nxt, left)));
    this.queue.sack({ left, right });
    this.plain.sack(left, right);
  }

  loseOvertaken(): void {
    expect(this.queue.loseOvertaken()).toBe(this.plain.loseOvertaken());
  }

  repair(most: number): void {
    for (let i = 0; i < most; i++) {
      const lost = this.queue.firstLost;
      const plain = this.plain.entries.find((entry) => entry.lost);
      expect(lost).toEqual(plain);
      if (lost === undefined || plain === undefined) return;
      this.queue.sentAgain(lost, ++this.#nowUs);
      plain.lost = false;
      plain.sentAtUs = [...plain.sentAtUs, this.#nowUs];
    }
  }

  lose(which: 'first' | 'unsacked' | 'all'): void {
    const { queue, plain } = this;
    const [first] = plain.entries;
    if (which === 'first') {
      // Without SACK only: what the peer has is not lost.
      if (first?.sacked) return;
      queue.loseFirst();
      if (first !== undefined) first.lost = true;
      return;
    }
    if (which === 'all') queue.loseAll();
    else queue.loseUnsacked();
    for (const entry of plain.entries) {
      if (which === 'all') entry.sacked = false;
      entry.lost = !entry.sacked;
    }
  }

  cut(mss: number): void {
    this.queue.cut(mss);
    this.plain.cut(mss);
  }

  check(): void {
    const { queue } = this;
    const { entries } = this.plain;
    const fields = ({ seq, length, payload, sentAtUs, sacked, lost }: Unacked) => [
      seq,
      length,
      payload.length,
      [...sentAtUs],
      sacked,
      lost,
    ];
    expect([...queue].map(fields)).toEqual(entries.map(fields));
    expect(queue.length).toBe(entries.length);
    expect(queue.first?.seq).toBe(entries[0]?.seq);
    expect(queue.lost).toBe(entries.filter(({ lost }) => lost).length);
    expect(queue.firstLost?.seq).toBe(entries.find(({ lost }) => lost)?.seq);
    expect(queue.pipeBytes).toBe(entries.reduce((sum, { sacked, lost, length }) => sum + (sacked || lost ? 0 : length), 0));
  }
}

type Step = (pair: Pair) => void;

const share = fc.double({ min: 0, max: 1, noNaN: true });
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.array(fc.integer({ min: 1, max: 20 }), { maxLength: 60 }).map(
      (lengths): Step =>
        (pair) => {
          for (const length of lengths) pair.send(length);
        },
    ),
  },
  {
    weight: 4,
    arbitrary: fc.tuple(share, share).map(
      ([from, length]): Step =>
        (pair) =>
          pair.sack(from, length),
    ),
  },
  { weight: 3, arbitrary: fc.constant<Step>((pair) => pair.loseOvertaken()) },
  {
    weight: 2,
    arbitrary: share.map(
      (part): Step =>
        (pair) =>
          pair.acknowledge(part),
    ),
  },
  {
    weight: 2,
    arbitrary: fc.integer({ min: 1, max: 10 }).map(
      (most): Step =>
        (pair) =>
          pair.repair(most),
    ),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom('first' as const, 'unsacked' as const, 'all' as const).map(
      (which): Step =>
        (pair) =>
          pair.lose(which),
    ),
  },
  {
    weight: 1,
    arbitrary: fc.integer({ min: 1, max: 20 }).map(
      (mss): Step =>
        (pair) =>
          pair.cut(mss),
    ),
  },
);

describe('the retransmission queue', () => {
  it('says after every step what a look at all of its entries says', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const pair = new Pair();
        for (const each of steps) {
          each(pair);
          pair.check();
        }
      }),
      { numRuns: 500 },
    );
  });

  it('stays right where many are acknowledged at once', () => {
    const pair = new Pair();
    for (let i = 0; i < 1000; i++) pair.send(1);
    pair.acknowledge(0.9995);
    expect(pair.queue.length).toBe(1);
    pair.check();
  });
});
