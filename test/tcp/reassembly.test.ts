/** Reassembly, held to a model that keeps each byte by its number. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Reassembly } from '../../src/tcp/reassembly.ts';
import { seqAdd, seqDiff } from '../../src/wire/seq.ts';

/** What a receiver does with segments of a stream, byte by byte. */
class Model {
  held = new Map<number, number>();
  next = 0;

  insert(offset: number, payload: Uint8Array): boolean {
    let added = false;
    payload.forEach((byte, i) => {
      if (offset + i < this.next || this.held.has(offset + i)) return;
      this.held.set(offset + i, byte);
      added = true;
    });
    return added;
  }

  take(): number[] {
    const taken: number[] = [];
    for (let byte = this.held.get(this.next); byte !== undefined; byte = this.held.get(this.next)) {
      taken.push(byte);
      this.held.delete(this.next++);
    }
    return taken;
  }

  cutAt(offset: number): void {
    for (const at of this.held.keys()) if (at >= offset) this.held.delete(at);
  }
}

const segment = fc.record({
  offset: fc.integer({ min: 1, max: 300 }),
  payload: fc.uint8Array({ minLength: 1, maxLength: 60 }),
});
const step = fc.oneof(
  { weight: 6, arbitrary: segment.map((value) => ({ type: 'insert' as const, ...value })) },
  { weight: 1, arbitrary: fc.integer({ min: 1, max: 120 }).map((bytes) => ({ type: 'advance' as const, bytes })) },
  { weight: 1, arbitrary: fc.integer({ min: 0, max: 300 }).map((offset) => ({ type: 'cut' as const, offset })) },
);
/** The stream begins just before, at and after a wrap. */
const start = fc.constantFrom(0xffff_fffe, 0xffff_ff80, 0, 0x7fff_fff0, 0x8000_0000);

describe('Reassembly', () => {
  it('gives out what the model does, and reports what it holds', () => {
    fc.assert(
      fc.property(start, fc.array(step, { maxLength: 60 }), (isn, steps) => {
        const reassembly = new Reassembly();
        const model = new Model();
        for (const action of steps) {
          if (action.type === 'insert') {
            const offset = model.next + action.offset;
            expect(reassembly.insert(seqAdd(isn, offset), action.payload)).toBe(model.insert(offset, action.payload));
            checkBlocks(reassembly, model, isn, offset);
          } else if (action.type === 'cut') {
            const offset = model.next + action.offset;
            reassembly.cutAt(seqAdd(isn, offset));
            model.cutAt(offset);
            checkBlocks(reassembly, model, isn);
          } else {
            // The stream goes on by so many bytes that came in order: what was held of them is passed over.
            for (let at = model.next; at < model.next + action.bytes; at++) model.held.delete(at);
            model.next += action.bytes;
            const expected = model.take();
            const taken: number[] = [];
            let rcvNxt = seqAdd(isn, model.next - expected.length);
            for (let part = reassembly.take(rcvNxt); part !== undefined; part = reassembly.take(rcvNxt)) {
              taken.push(...part);
              rcvNxt = seqAdd(rcvNxt, part.length);
            }
            expect(taken).toEqual(expected);
            checkBlocks(reassembly, model, isn);
          }
          expect(reassembly.isEmpty).toBe(model.held.size === 0);
        }
      }),
      { numRuns: 500 },
    );
  });

  /** Each block is held without a gap, no two touch, and the latest segment is in the first, which is as wide as can be. */
  function checkBlocks(reassembly: Reassembly, model: Model, isn: number, latest?: number): void {
    const blocks = reassembly.sackBlocks(4).map(({ left, right }) => [seqDiff(left, isn), seqDiff(right, isn)] as [number, number]);
    for (const [left, right] of blocks) {
      expect(left).toBeLessThan(right);
      for (let at = left; at < right; at++) expect(model.held.has(at)).toBe(true);
    }
    const sorted = [...blocks].sort(([a], [b]) => a - b);
    for (let i = 1; i < sorted.length; i++) expect(sorted[i]?.[0]).toBeGreaterThan(sorted[i - 1]?.[1] as number);
    if (latest === undefined) return;
    const [left, right] = blocks[0] as [number, number];
    expect(left <= latest && latest < right).toBe(true);
    expect(model.held.has(left - 1) || model.held.has(right)).toBe(false);
  }

  it('keeps what stands there where segments overlap', () => {
    const reassembly = new Reassembly();
    const bytes = (value: number, length: number) => new Uint8Array(length).fill(value);
    reassembly.insert(10, bytes(1, 5));
    reassembly.insert(20, bytes(2, 5));
    expect(reassembly.insert(8, bytes(3, 20))).toBe(true);
    expect(reassembly.insert(9, bytes(4, 10))).toBe(false);
    const all: number[] = [];
    for (let at = 8, part = reassembly.take(at); part !== undefined; part = reassembly.take(at)) {
      all.push(...part);
      at += part.length;
    }
    expect(all).toEqual([3, 3, 1, 1, 1, 1, 1, 3, 3, 3, 3, 3, 2, 2, 2, 2, 2, 3, 3, 3]);
  });

  it('reports something as long as it holds something, also when what it reported last was taken', () => {
    const reassembly = new Reassembly();
    for (const seq of [60, 50, 40, 30, 20, 10]) reassembly.insert(seq, new Uint8Array(5));
    expect(reassembly.take(45)).toBeUndefined();
    expect(reassembly.sackBlocks(4)).toEqual([{ left: 50, right: 55 }]);
  });

  it('keeps bytes, not the datagrams they came in', () => {
    const datagram = Buffer.alloc(60_000, 7);
    const reassembly = new Reassembly();
    reassembly.insert(100, datagram.subarray(0, 10));
    datagram.fill(0);
    const taken = reassembly.take(100);
    expect(taken).toEqual(new Uint8Array(10).fill(7));
    expect(taken?.buffer.byteLength).toBe(10);
  });

  // Twenty thousand: what took quadratic time would not end before the test's time is up.
  it('holds a bounded number of pieces, takes what fills a gap all the same', () => {
    const reassembly = new Reassembly();
    let kept = 0;
    for (let i = 0; i < 20_000; i++) if (reassembly.insert(seqAdd(0xffff_f000, 2 * i), Uint8Array.of(i))) kept++;
    expect(kept).toBe(1024);
    expect(reassembly.take(0xffff_f000)).toEqual(Uint8Array.of(0));
    expect(reassembly.insert(seqAdd(0xffff_f000, 1), Uint8Array.of(9))).toBe(true);
  });

  it.each([
    [1 << 20, 1024],
    [65_536, 128],
    [1000, 64],
  ])('of a window of %i bytes it holds %i', (windowBytes, most) => {
    const reassembly = new Reassembly();
    let kept = 0;
    for (let i = 0; i < 2000; i++) if (reassembly.insert(2 * i, Uint8Array.of(i), windowBytes)) kept++;
    expect(kept).toBe(most);
  });
});
