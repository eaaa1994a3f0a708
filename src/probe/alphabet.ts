/** Data that are easy to read in a capture: A to Z, over and over. */
const ALPHABET = new TextEncoder().encode('ABCDEFGHIJKLMNOPQRSTUVWXYZ');

/** After so many bytes it begins again. */
export const ALPHABET_BYTES = ALPHABET.length;

/** @param first which letter it begins with, counted on and on from 0 for A, and below 0 too */
export function alphabet(length: number, first = 0): Uint8Array {
  const start = ((first % ALPHABET_BYTES) + ALPHABET_BYTES) % ALPHABET_BYTES;
  return Uint8Array.from({ length }, (_, i) => ALPHABET[(start + i) % ALPHABET_BYTES] as number);
}
