import { LITTLE_ENDIAN, libc, SO_TIMESTAMPNS_NEW, SOL_SOCKET, type Timespec } from './libc.ts';

/** Datagrams read by one call: a call costs as much as some ten copies of a short one. */
const BATCH = 32;
/** GRO and loopback hand over more than the MTU, up to the most that a total length can say. */
const SLOT_LENGTH = 65_536;
/** Room for one control message: its header, and a time in two words of 64 bits. */
const CONTROL_LENGTH = 32;
const TIMESPEC_LENGTH = 16;

/**
 * The memory that recvmmsg fills: an array of struct mmsghdr, and for each a struct iovec, a slot and room for a
 * control message, all in one buffer so that what they point to lives as long as they do. In words of a pointer's
 * length, msghdr is name, namelen, iov, iovlen, control, controllen, flags, and mmsghdr adds the length that was received.
 */
export class Batch {
  private readonly bytes: Uint8Array;
  private readonly view: DataView;
  private readonly wordLength: number;
  private readonly messageLength: number;
  private readonly controlsOffset: number;
  private readonly slotsOffset: number;
  /** Messages whose control length the kernel has changed since it was set. */
  private used = BATCH;

  constructor() {
    const { wordLength, addressOf } = libc();
    this.wordLength = wordLength;
    this.messageLength = 8 * wordLength;
    const iovecLength = 2 * wordLength;
    const iovecsOffset = BATCH * this.messageLength;
    this.controlsOffset = iovecsOffset + BATCH * iovecLength;
    this.slotsOffset = this.controlsOffset + BATCH * CONTROL_LENGTH;
    const buffer = new ArrayBuffer(this.slotsOffset + BATCH * SLOT_LENGTH);
    this.bytes = new Uint8Array(buffer);
    this.view = new DataView(buffer);
    const base = addressOf(this.bytes);
    const writeAddress = (offset: number, target: number): void => {
      const address = base + BigInt(target);
      if (wordLength === 8) this.view.setBigUint64(offset, address, LITTLE_ENDIAN);
      else this.view.setUint32(offset, Number(address), LITTLE_ENDIAN);
    };
    for (let i = 0; i < BATCH; i++) {
      const message = i * this.messageLength;
      const iovec = iovecsOffset + i * iovecLength;
      writeAddress(message + 2 * wordLength, iovec);
      this.writeLength(message + 3 * wordLength, 1);
      writeAddress(message + 4 * wordLength, this.controlsOffset + i * CONTROL_LENGTH);
      writeAddress(iovec, this.slotsOffset + i * SLOT_LENGTH);
      this.writeLength(iovec + wordLength, SLOT_LENGTH);
    }
  }

  /** A length below 2^32 in a word whose upper half stays zero. */
  private writeLength(offset: number, length: number): void {
    const lowerHalf = LITTLE_ENDIAN ? offset : offset + this.wordLength - 4;
    this.view.setUint32(lowerHalf, length, LITTLE_ENDIAN);
  }

  /** Reads what has arrived. @returns how many datagrams, or the negated errno */
  receive(fd: number): number {
    for (let i = 0; i < this.used; i++) this.writeLength(i * this.messageLength + 5 * this.wordLength, CONTROL_LENGTH);
    const count = libc().recvmmsg(fd, this.bytes, BATCH);
    this.used = Math.max(0, count);
    return count;
  }

  /** Whether a call that gave so many has left none. */
  isLast(count: number): boolean {
    return count < BATCH;
  }

  /** A copy of a datagram of the last call. */
  datagram(index: number): Uint8Array {
    const length = this.view.getUint32(index * this.messageLength + 7 * this.wordLength, LITTLE_ENDIAN);
    const slot = this.slotsOffset + index * SLOT_LENGTH;
    return this.bytes.slice(slot, slot + length);
  }

  /** When the kernel took in a datagram of the last call, by the wall clock; undefined where it does not say. */
  stamp(index: number): Timespec | undefined {
    const { view, wordLength } = this;
    const control = this.controlsOffset + index * CONTROL_LENGTH;
    // struct cmsghdr: the length in a word, then level and type.
    const [level, type, data] = [control + wordLength, control + wordLength + 4, control + wordLength + 8];
    const controlLength = view.getUint32(index * this.messageLength + 5 * wordLength + (LITTLE_ENDIAN ? 0 : wordLength - 4), LITTLE_ENDIAN);
    if (controlLength < data - control + TIMESPEC_LENGTH) return undefined;
    if (view.getInt32(level, LITTLE_ENDIAN) !== SOL_SOCKET || view.getInt32(type, LITTLE_ENDIAN) !== SO_TIMESTAMPNS_NEW) return undefined;
    return {
      seconds: Number(view.getBigInt64(data, LITTLE_ENDIAN)),
      nanoseconds: Number(view.getBigInt64(data + 8, LITTLE_ENDIAN)),
    };
  }
}
