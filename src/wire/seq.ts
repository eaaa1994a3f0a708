/**
 * Arithmetic of sequence numbers: unsigned 32 bits, modulo 2^32 (RFC 9293 §3.4).
 * Nothing outside this file compares or adds sequence numbers.
 */

/** a + n, wrapped into 0 … 2^32-1. */
export const seqAdd = (a: number, n: number): number => (a + n) >>> 0;

/** The signed distance from b to a: positive where a is the later one, -2^31 … 2^31-1. */
export const seqDiff = (a: number, b: number): number => (a - b) | 0;

/** a comes before b. */
export const seqLt = (a: number, b: number): boolean => ((a - b) | 0) < 0;

/** a comes before b, or is b. */
export const seqLte = (a: number, b: number): boolean => ((a - b) | 0) <= 0;

/** a comes after b. */
export const seqGt = (a: number, b: number): boolean => ((a - b) | 0) > 0;

/** a comes after b, or is b. */
export const seqGte = (a: number, b: number): boolean => ((a - b) | 0) >= 0;

/** The later of the two. */
export const seqMax = (a: number, b: number): number => (seqGte(a, b) ? a : b);

/** The earlier of the two. */
export const seqMin = (a: number, b: number): number => (seqLte(a, b) ? a : b);

/** left =< a < left + size. */
export const seqInWindow = (a: number, left: number, size: number): boolean => (a - left) >>> 0 < size;
