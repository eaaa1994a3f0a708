/**
 * SYN cookies (RFC 4987 §3.6): where the table of handshakes is full, our ISN holds all that is to be remembered of a SYN, and
 * a keyed hash that proves it ours when the last ACK brings it back. 32 bits: 5 of time, 3 of the peer's MSS, 24 of the hash.
 */
import type { Flow } from '../../net/flow.ts';
import type { Random } from '../../net/random.ts';
import { get32, put32 } from '../../wire/bytes.ts';
import { findOption, KIND_MSS, KIND_SACK_PERMITTED, KIND_TIMESTAMPS, KIND_WINDOW_SCALE, type TcpOption } from '../../wire/tcp-options.ts';
import { blockCipher, drawKey } from '../block-cipher.ts';

/** The peer's MSS is taken for the next lower one: those of common MTUs, and less. */
const MSS_TABLE = [64, 536, 1220, 1300, 1400, 1440, 1460, 8940] as const;

const PERIOD_US = 64_000_000;
const PERIODS = 32;
/** A cookie is good for the period in which it was made and the next one: 64 to 128 s. */
const OLDEST = 1;

const BLOCK = 16;

export class SynCookies {
  readonly #encipher: (blocks: Uint8Array) => Uint8Array;
  readonly #block = new Uint8Array(BLOCK);
  /** Of each head that was asked for: there are 256. */
  readonly #heads = new Map<number, Uint8Array>();
  #lastMadeUs = Number.NEGATIVE_INFINITY;

  constructor(random: Random) {
    this.#encipher = blockCipher(drawKey(random));
  }

  /** Our ISN for the answer to a SYN. @param mss what the SYN says */
  make(flow: Flow, irs: number, mss: number, nowUs: number): number {
    this.#lastMadeUs = nowUs;
    const period = Math.floor(nowUs / PERIOD_US) % PERIODS;
    const index = Math.max(
      0,
      MSS_TABLE.findLastIndex((each) => each <= mss),
    );
    return this.#cookie(flow, irs, period, index);
  }

  /** One that is still good may be on its way. */
  isAwaited(nowUs: number): boolean {
    return nowUs - this.#lastMadeUs < (OLDEST + 1) * PERIOD_US;
  }

  /** The MSS in a cookie; undefined where it is none of ours, or too old. @param irs the peer's ISN, as its ACK has it */
  read(flow: Flow, irs: number, cookie: number, nowUs: number): number | undefined {
    const period = cookie >>> 27;
    const index = (cookie >>> 24) & 7;
    const age = (Math.floor(nowUs / PERIOD_US) - period + PERIODS) % PERIODS;
    if (age > OLDEST || this.#cookie(flow, irs, period, index) !== cookie) return undefined;
    return MSS_TABLE[index];
  }

  #cookie(flow: Flow, irs: number, period: number, index: number): number {
    const head = ((period << 27) | (index << 24)) >>> 0;
    return (head | (this.#hash(flow, irs, head) >>> 8)) >>> 0;
  }

  /** CBC-MAC by AES-128 of two blocks: always as many, so that no message is the beginning of another. */
  #hash({ address, port, peerAddress, peerPort }: Flow, irs: number, head: number): number {
    const block = this.#block;
    const before = this.#afterHead(head);
    const chain = (at: number, word: number): void => put32(block, at, (get32(before, at) ^ word) >>> 0, 'word');
    chain(0, address);
    chain(4, peerAddress);
    chain(8, port * 0x10000 + peerPort);
    chain(12, irs);
    return get32(this.#encipher(block), 0);
  }

  /** The first block, which many have in common. */
  #afterHead(head: number): Uint8Array {
    let after = this.#heads.get(head);
    if (after === undefined) {
      const block = new Uint8Array(BLOCK);
      put32(block, 0, head, 'head');
      after = this.#encipher(block);
      this.#heads.set(head, after);
    }
    return after;
  }
}

/** What a timestamp has room for beside the time: as Linux has it, the low six bits of milliseconds. */
const CARRIED_BITS = 6;
const CARRIED_MASK = (1 << CARRIED_BITS) - 1;
const NO_SCALE = 15;
const SACK_BIT = 0x10;

/** The options of a SYN that can be remembered: of one without timestamps the MSS alone. */
export function carriedOptions(options: readonly TcpOption[]): readonly TcpOption[] {
  if (findOption(options, 'timestamps') !== undefined) return options;
  return options.filter(({ name }) => name !== 'window-scale' && name !== 'sack-permitted');
}

/** Our timestamp, which the peer's ACK echoes, with what the SYN offered in its low bits. */
export function carryingTimestamp(timestamp: number, options: readonly TcpOption[]): number {
  const scale = findOption(options, 'window-scale')?.shift ?? NO_SCALE;
  const sack = findOption(options, 'sack-permitted') === undefined ? 0 : SACK_BIT;
  return ((timestamp & ~CARRIED_MASK) | Math.min(scale, NO_SCALE) | sack) >>> 0;
}

/** The options of the SYN, from the MSS in the cookie and the timestamps of the ACK that brings it back. */
export function rememberedOptions(mss: number, ack: readonly TcpOption[]): TcpOption[] {
  const options: TcpOption[] = [{ kind: KIND_MSS, name: 'mss', mss }];
  const timestamps = findOption(ack, 'timestamps');
  if (timestamps === undefined) return options;
  options.push({ kind: KIND_TIMESTAMPS, name: 'timestamps', value: timestamps.value, echoReply: 0 });
  const carried = timestamps.echoReply & CARRIED_MASK;
  if (carried & SACK_BIT) options.push({ kind: KIND_SACK_PERMITTED, name: 'sack-permitted' });
  const shift = carried & NO_SCALE;
  if (shift !== NO_SCALE) options.push({ kind: KIND_WINDOW_SCALE, name: 'window-scale', shift });
  return options;
}
