/**
 * What proves that an answer is to a probe of ours, with nothing remembered of the probe: its sequence number is a keyed hash
 * of its four-tuple, so only who saw it can acknowledge it (the idea of SYN cookies, RFC 4987 §3.6, from the other side).
 */
import type { Ipv4Address } from '../../wire/address.ts';
import { get32, put16, put32 } from '../../wire/bytes.ts';
import { ACK, RST, SYN } from '../../wire/flags.ts';
import { seqDiff } from '../../wire/seq.ts';
import type { TcpSegment } from '../../wire/tcp.ts';
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

/** The numbers of a probe, as far as its answer tells of them. */
export interface Asked {
  flags: number;
  /** The hash, unless another one was asked for. */
  seq: number;
  /** The same where the probe has ACK: a RST takes its sequence number from there. */
  ack: number;
  /** SEG.LEN: its data, and one each for SYN and FIN. */
  length: number;
}

/**
 * Whether a segment answers a probe, by its numbers (RFC 9293 §3.10.7.1, §3.10.7.2).
 *
 * - A SYN+ACK acknowledges the SYN, and no more.
 * - A RST acknowledges all of the probe; some stacks and firewalls none of it, or the SYN alone. One to a probe with ACK has
 *   the probe's acknowledgment number for its own.
 * - Nothing else bears a number that proves it: neither the SYN of a simultaneous open nor the ACK that challenges a SYN
 *   (RFC 5961 §4), which speaks of another connection.
 */
export function matches(asked: Asked, { flags, seq, ack }: Pick<TcpSegment, 'flags' | 'seq' | 'ack'>): boolean {
  const acknowledged = flags & ACK ? seqDiff(ack, asked.seq) : undefined;
  if (flags & RST) {
    if (asked.flags & ACK && seq === asked.ack) return true;
    return acknowledged === 0 || acknowledged === 1 || acknowledged === asked.length;
  }
  return (flags & SYN) !== 0 && acknowledged === 1;
}
