import { LITTLE_ENDIAN, libc } from './libc.ts';

/** Datagrams read by one call: a call costs as much as some ten copies of a short one. */
const BATCH = 32;
/** GRO and loopback hand over more than the MTU, up to the most that a total length can say. */
const SLOT_LENGTH = 65_536;

/**
 * The memory that recvmmsg fills: an array of struct mmsghdr, a struct iovec each, and a slot each, all in one
 * buffer so that what they point to lives as long as they do. In words of a pointer's length, msghdr is
 * name, namelen, iov, iovlen, control, controllen, flags, and mmsghdr adds the length that was received.
 */
export class Batch {
  private readonly bytes: Uint8Array;
  private readonly view: DataView;
  private readonly messageLength: number;
  private readonly lengthOffset: number;
  private readonly slotsOffset: number;

  constructor() {
    const { wordLength, addressOf } = libc();
    this.messageLength = 8 * wordLength;
    this.lengthOffset = 7 * wordLength;
    const iovecLength = 2 * wordLength;
    const iovecsOffset = BATCH * this.messageLength;
    this.slotsOffset = iovecsOffset + BATCH * iovecLength;
    const buffer = new ArrayBuffer(this.slotsOffset + BATCH * SLOT_LENGTH);
    this.bytes = new Uint8Array(buffer);
    this.view = new DataView(buffer);
    const base = addressOf(this.bytes);
    const writeWord = (offset: number, value: bigint): void => {
      if (wordLength === 8) this.view.setBigUint64(offset, value, LITTLE_ENDIAN);
      else this.view.setUint32(offset, Number(value), LITTLE_ENDIAN);
    };
    for (let i = 0; i < BATCH; i++) {
      const message = i * this.messageLength;
      const iovec = iovecsOffset + i * iovecLength;
      writeWord(message + 2 * wordLength, base + BigInt(iovec));
      writeWord(message + 3 * wordLength, 1n);
      writeWord(iovec, base + BigInt(this.slotsOffset + i * SLOT_LENGTH));
      writeWord(iovec + wordLength, BigInt(SLOT_LENGTH));
    }
  }

  /** Reads what has arrived. @returns how many datagrams, or the negated errno */
  receive(fd: number): number {
    return libc().recvmmsg(fd, this.bytes, BATCH);
  }

  /** Whether a call that gave so many has left none. */
  isLast(count: number): boolean {
    return count < BATCH;
  }

  /** A copy of a datagram of the last call. */
  datagram(index: number): Uint8Array {
    const length = this.view.getUint32(index * this.messageLength + this.lengthOffset, LITTLE_ENDIAN);
    const slot = this.slotsOffset + index * SLOT_LENGTH;
    return this.bytes.slice(slot, slot + length);
  }
}
