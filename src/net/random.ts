/** Where every random choice comes from: the kernel, or a seed that repeats them all. */
import { randomFillSync } from 'node:crypto';

export interface Random {
  /** 0 … 2^32-1, each as likely. */
  uint32(): number;
}

/** Numbers nobody can guess, as an ISN must be (RFC 6528). */
export function systemRandom(): Random {
  const pool = new Uint32Array(256);
  let at = pool.length;
  return {
    uint32() {
      if (at === pool.length) {
        randomFillSync(pool);
        at = 0;
      }
      return pool[at++] as number;
    },
  };
}

/** The same numbers for the same seed: splitmix32, good enough for faults and ports, no secret. */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  return {
    uint32() {
      state = (state + 0x9e3779b9) >>> 0;
      return mix32(state) >>> 0;
    },
  };
}

/**
 * Mixes 32 bits so that each bit of the input turns each bit of the output as often as not; one to one. Chris Wellons'
 * triple of shifts and multiplications with the least bias that he found. @returns a signed number
 */
export function mix32(bits: number): number {
  let z = Math.imul(bits ^ (bits >>> 16), 0x21f0aaad);
  z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
  return z ^ (z >>> 15);
}

/** 0 =< x < limit. */
export const randomBelow = (random: Random, limit: number): number => Math.floor((random.uint32() / 2 ** 32) * limit);

/** True with the given probability. */
export const chance = (random: Random, probability: number): boolean => probability > 0 && random.uint32() < probability * 2 ** 32;
