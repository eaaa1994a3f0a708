/** AES by blocks, for keyed hashes of little data. */
import { createCipheriv } from 'node:crypto';
import type { Random } from '../net/random.ts';
import { put32 } from '../wire/bytes.ts';

const KEY = 16;

/**
 * AES-128 (FIPS 197) on any number of blocks at once, each for itself. One cipher serves all calls: the call is what costs,
 * and setting up another one costs more.
 * @returns a function from blocks to their ciphers, whose result is a new buffer
 */
export function blockCipher(key: Uint8Array): (blocks: Uint8Array) => Uint8Array {
  const cipher = createCipheriv('aes-128-ecb', key, null).setAutoPadding(false);
  return (blocks) => cipher.update(blocks);
}

/** Draws a key. From a seed it repeats, and with it the sequence numbers. */
export function drawKey(random: Random): Uint8Array {
  const key = new Uint8Array(KEY);
  for (let at = 0; at < KEY; at += 4) put32(key, at, random.uint32(), 'key');
  return key;
}
