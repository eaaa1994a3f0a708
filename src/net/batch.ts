import { LITTLE_ENDIAN, libc } from './libc.ts';
import type { EachArrival } from './network.ts';

/** What one call may read. */
export interface BatchSize {
  /** Messages: a call costs as much as some ten copies of a short one. */
  messages: number;
  /** Bytes for the datagram of each, cut off there. */
  slotLength: number;
  /** Bytes for the control messages of each. */
  controlLength: number;
}

/** GRO and loopback hand over more than the MTU, up to the most that a total length can say; with a stamp of two words of 64 bits. */
export const ARRIVALS: BatchSize = { messages: 32, slotLength: 65_536, controlLength: 32 };

/** Answers to probes, which are short: in memory that stays in the processor's cache. A longer one is cut off. */
export const ANSWERS: BatchSize = { messages: 64, slotLength: 1024, controlLength: 0 };

/**
 * The memory that recvmmsg fills: an array of struct mmsghdr, and for each a struct iovec, a slot and room for
 * control messages, all in one buffer so that what they point to lives as long as they do. In words of a pointer's
 * length, msghdr is name, namelen, iov, iovlen, control, controllen, flags, and mmsghdr adds the length that was received.
 */
export class Batch {
  readonly view: DataView;
  private readonly size: BatchSize;
  private readonly bytes: Uint8Array;
  private readonly wordLength: number;
  private readonly messageLength: number;
  private readonly controlsOffset: number;
  private readonly slotsOffset: number;
  /** Messages whose control length the kernel has changed since it was set. */
  private used: number;

  constructor(size: BatchSize) {
    const { wordLength, addressOf } = libc();
    const { messages, slotLength, controlLength } = size;
    this.size = size;
    this.used = messages;
    this.wordLength = wordLength;
    this.messageLength = 8 * wordLength;
    const iovecLength = 2 * wordLength;
    const iovecsOffset = messages * this.messageLength;
    this.controlsOffset = iovecsOffset + messages * iovecLength;
    this.slotsOffset = this.controlsOffset + messages * controlLength;
    const buffer = new ArrayBuffer(this.slotsOffset + messages * slotLength);
    this.bytes = new Uint8Array(buffer);
    this.view = new DataView(buffer);
    const base = addressOf(this.bytes);
    const writeAddress = (offset: number, target: number): void => {
      const address = base + BigInt(target);
      if (wordLength === 8) this.view.setBigUint64(offset, address, LITTLE_ENDIAN);
      else this.view.setUint32(offset, Number(address), LITTLE_ENDIAN);
    };
    for (let i = 0; i < messages; i++) {
      const message = i * this.messageLength;
      const iovec = iovecsOffset + i * iovecLength;
      writeAddress(message + 2 * wordLength, iovec);
      this.writeLength(message + 3 * wordLength, 1);
      writeAddress(message + 4 * wordLength, this.controlsOffset + i * controlLength);
      writeAddress(iovec, this.slotsOffset + i * slotLength);
      this.writeLength(iovec + wordLength, slotLength);
    }
  }

  /** Where the lower half of a word lies whose upper half stays zero. */
  private lowerHalf(offset: number): number {
    return LITTLE_ENDIAN ? offset : offset + this.wordLength - 4;
  }

  /** A length below 2^32 in a word. */
  private writeLength(offset: number, length: number): void {
    this.view.setUint32(this.lowerHalf(offset), length, LITTLE_ENDIAN);
  }

  /**
   * Reads what has arrived.
   * @param flags of recvmmsg, beside that it does not wait
   * @param atMost messages
   * @returns how many messages, or the negated errno
   */
  receive(fd: number, flags = 0, atMost = this.size.messages): number {
    const { controlLength } = this.size;
    for (let i = 0; i < this.used; i++) this.writeLength(i * this.messageLength + 5 * this.wordLength, controlLength);
    const count = libc().recvmmsg(fd, this.bytes, atMost, flags);
    this.used = Math.max(0, count);
    return count;
  }

  /** The most that one call reads. */
  get messages(): number {
    return this.size.messages;
  }

  /** Whether a call that gave so many has left none. */
  isLast(count: number): boolean {
    return count < this.size.messages;
  }

  /** Shows the datagrams of the last call where they lie. */
  show(count: number, each: EachArrival): void {
    for (let i = 0; i < count; i++) {
      const length = this.view.getUint32(i * this.messageLength + 7 * this.wordLength, LITTLE_ENDIAN);
      each(this.bytes, this.slotsOffset + i * this.size.slotLength, length);
    }
  }

  /** A copy of a datagram of the last call. */
  datagram(index: number): Uint8Array {
    const length = this.view.getUint32(index * this.messageLength + 7 * this.wordLength, LITTLE_ENDIAN);
    const slot = this.slotsOffset + index * this.size.slotLength;
    return this.bytes.slice(slot, slot + length);
  }

  /**
   * Finds a control message of a message of the last call.
   * @param length what its data must have at least
   * @returns where its data lie in the view; undefined where there is none
   */
  control(index: number, level: number, type: number, length: number): number | undefined {
    const { view, wordLength } = this;
    const headerLength = wordLength + 8;
    const begin = this.controlsOffset + index * this.size.controlLength;
    const end = begin + view.getUint32(this.lowerHalf(index * this.messageLength + 5 * wordLength), LITTLE_ENDIAN);
    for (let at = begin; at + headerLength <= end; ) {
      // struct cmsghdr: the length in a word, then level and type; the next one begins at a whole word.
      const messageLength = view.getUint32(this.lowerHalf(at), LITTLE_ENDIAN);
      if (messageLength < headerLength) return undefined;
      const isIt = view.getInt32(at + wordLength, LITTLE_ENDIAN) === level && view.getInt32(at + wordLength + 4, LITTLE_ENDIAN) === type;
      if (isIt) return messageLength >= headerLength + length && at + messageLength <= end ? at + headerLength : undefined;
      at += Math.ceil(messageLength / wordLength) * wordLength;
    }
    return undefined;
  }
}
