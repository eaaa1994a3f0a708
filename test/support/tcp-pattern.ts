/** Bytes to send whose every stretch can be told from those around it, so that a misplaced one is found. */
import type { Stream } from './tcp-watch.ts';

const PERIOD = 1 << 20;
const patterns = new Map<number, Uint8Array>();

/** Two periods, so that a stretch may begin anywhere in the first. */
function pattern(salt: number): Uint8Array {
  let bytes = patterns.get(salt);
  if (bytes === undefined) {
    const period = Uint8Array.from({ length: PERIOD }, (_, i) => {
      let z = Math.imul(i ^ (salt << 24), 0x21f0aaad);
      z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
      return (z ^ (z >>> 15)) & 255;
    });
    bytes = new Uint8Array(2 * PERIOD);
    bytes.set(period);
    bytes.set(period, PERIOD);
    patterns.set(salt, bytes);
  }
  return bytes;
}

/** A stream without end that repeats itself each mebibyte, the same for the same salt. */
export class PatternStream implements Stream {
  private readonly pattern: Uint8Array;

  constructor(salt: number) {
    this.pattern = pattern(salt);
  }

  /** A mebibyte at most. */
  bytes(offset: number, length: number): Uint8Array {
    const start = ((offset % PERIOD) + PERIOD) % PERIOD;
    return this.pattern.subarray(start, start + length);
  }

  matches(offset: number, bytes: Uint8Array): boolean {
    return offset >= 0 && Buffer.compare(this.bytes(offset, bytes.length), bytes) === 0;
  }
}
