/**
 * What proves that an answer is to a probe of ours, with nothing remembered of the probe: its sequence number is a keyed hash
 * of its four-tuple, so only who saw it can acknowledge it (the idea of SYN cookies, RFC 4987 §3.6, from the other side).
 */
import type { Ipv4Address } from '../../wire/address.ts';
import { get32, put16, put32 } from '../../wire/bytes.ts';
import { ACK, RST, SYN } from '../../wire/flags.ts';
import type { TcpSegment } from '../../wire/tcp.ts';
import { type Question, refusal } from '../answer.ts';
import { blockCipher } from '../block-cipher.ts';

const BLOCK = 16;

/**
 * The keyed hash of a four-tuple, 32 bits: the first word of the AES-128 of a block that holds the tuple and zeros. For who
 * does not have the key it can't be told from random numbers.
 */
export class Cookies {
  readonly #encipher: (blocks: Uint8Array) => Uint8Array;
  readonly #one = new Uint8Array(BLOCK);
  readonly #many: Uint8Array;

  /**
   * @param key 16 bytes
   * @param batch the most tuples to be hashed at once
   */
  constructor(key: Uint8Array, batch = 1024) {
    this.#encipher = blockCipher(key);
    this.#many = new Uint8Array(batch * BLOCK);
  }

  /** The hash of one tuple. A batch costs a small part of this a tuple. */
  of(source: Ipv4Address, sourcePort: number, destination: Ipv4Address, destinationPort: number): number {
    writeTuple(this.#one, 0, source, sourcePort, destination, destinationPort);
    return get32(this.#encipher(this.#one), 0);
  }

  /** Notes a tuple for the next {@link hash}. @param index 0 … batch-1 */
  put(index: number, source: Ipv4Address, sourcePort: number, destination: Ipv4Address, destinationPort: number): void {
    writeTuple(this.#many, index * BLOCK, source, sourcePort, destination, destinationPort);
  }

  /** Hashes the first tuples that were noted. @param into gets the hash of each at its index */
  hash(count: number, into: Uint32Array): void {
    const hashes = this.#encipher(this.#many.subarray(0, count * BLOCK));
    for (let i = 0; i < count; i++) into[i] = get32(hashes, i * BLOCK);
  }
}

function writeTuple(block: Uint8Array, at: number, source: number, sourcePort: number, destination: number, destinationPort: number): void {
  put32(block, at, source, 'source');
  put32(block, at + 4, destination, 'destination');
  put16(block, at + 8, sourcePort, 'source port');
  put16(block, at + 10, destinationPort, 'destination port');
}

/**
 * Whether a segment proves that it answers a probe. A SYN+ACK and a RST do, by the rules for every probe. Nothing else bears a number
 * that only who saw the probe can know: neither the SYN of a simultaneous open nor the ACK that challenges a SYN (RFC 5961 §4),
 * which speaks of another connection.
 */
export function proves(asked: Question, segment: Pick<TcpSegment, 'flags' | 'seq' | 'ack'>): boolean {
  const isProof = (segment.flags & RST) !== 0 || (segment.flags & (SYN | ACK)) === (SYN | ACK);
  return isProof && refusal(asked, segment) === undefined;
}
