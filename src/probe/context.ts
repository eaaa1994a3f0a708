/** What a probe runs in: the network, where chance comes from, and who may stop it. */
import { createCipheriv } from 'node:crypto';
import type { Network } from '../net/network.ts';
import { type Random, seededRandom, systemRandom } from '../net/random.ts';
import { type FourTuple, generateIss, type KeyedHash } from '../tcp/iss.ts';

export interface ProbeContext {
  network: Network;
  random: Random;
  /** The initial sequence number of a new connection. */
  iss: (tuple: FourTuple, nowUs: number) => number;
  /** Ends the probe early: what is open is reset and the result says what is known. */
  signal?: AbortSignal | undefined;
}

/** What nobody can guess is the same for all of the process: the ISNs of RFC 6528 rest on one secret. */
let unguessable: Pick<ProbeContext, 'random' | 'iss'> | undefined;

/**
 * A context whose choices nobody can guess; or, with a seed, the same again each time.
 * @param seed 0 … 2^32-1
 */
export function createContext(network: Network, seed?: number): ProbeContext {
  if (seed === undefined) {
    unguessable ??= createUnguessable();
    return { network, ...unguessable };
  }
  const random = seededRandom(seed);
  // An ISN of RFC 6528 would still move with the clock.
  return { network, random, iss: () => random.uint32() };
}

function createUnguessable(): Pick<ProbeContext, 'random' | 'iss'> {
  const random = systemRandom();
  return { random, iss: createIssGenerator(random) };
}

/** ISNs by RFC 6528, with a secret drawn once. */
function createIssGenerator(random: Random): ProbeContext['iss'] {
  const secret = new Uint8Array(Uint32Array.from({ length: 4 }, () => random.uint32()).buffer);
  const cipher = createCipheriv('aes-128-ecb', secret, null);
  const hash: KeyedHash = (block) => cipher.update(block).readUInt32BE(0);
  return (tuple, nowUs) => generateIss(tuple, nowUs, hash);
}
