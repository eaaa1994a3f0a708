/** Bytes to send whose every stretch can be told from every other, so that a misplaced one is found. */
import type { Stream } from './tcp-watch.ts';

const SIZE = 1 << 20;
const patterns = new Map<number, Uint8Array>();

function pattern(salt: number): Uint8Array {
  let bytes = patterns.get(salt);
  if (bytes === undefined) {
    bytes = Uint8Array.from({ length: SIZE }, (_, i) => {
      let z = Math.imul(i ^ (salt << 24), 0x21f0aaad);
      z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
      return (z ^ (z >>> 15)) & 255;
    });
    patterns.set(salt, bytes);
  }
  return bytes;
}

/** A mebibyte, the same for the same salt, with zeros before and after it. */
export class PatternStream implements Stream {
  private readonly pattern: Uint8Array;

  constructor(salt: number) {
    this.pattern = pattern(salt);
  }

  bytes(offset: number, length: number): Uint8Array {
    if (offset < 0 || offset + length > SIZE) return new Uint8Array(length);
    return this.pattern.subarray(offset, offset + length);
  }

  matches(offset: number, bytes: Uint8Array): boolean {
    if (offset < 0 || offset + bytes.length > SIZE) return false;
    return Buffer.compare(this.pattern.subarray(offset, offset + bytes.length), bytes) === 0;
  }
}
