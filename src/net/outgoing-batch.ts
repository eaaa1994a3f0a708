import type { Ipv4Address } from '../wire/address.ts';
import { AF_INET, LITTLE_ENDIAN, libc } from './libc.ts';

/** Datagrams of one call: more of them save little. */
const MESSAGES = 64;
/** Room for each: an Ethernet frame's worth and some more. */
const SLOT_LENGTH = 2048;
const SOCKADDR_LENGTH = 16;

/**
 * The memory that sendmmsg reads: an array of struct mmsghdr, and for each a struct iovec, a struct sockaddr_in and
 * a slot, all in one buffer so that what they point to lives as long as they do. (The words of a mmsghdr: see Batch.)
 */
export class OutgoingBatch {
  private readonly bytes: Uint8Array;
  private readonly view: DataView;
  private readonly wordLength = libc().wordLength;
  private readonly iovecsOffset: number;
  private readonly addressesOffset: number;
  private readonly slotsOffset: number;
  private count = 0;

  constructor() {
    const { addressOf } = libc();
    const { wordLength } = this;
    this.iovecsOffset = MESSAGES * 8 * wordLength;
    this.addressesOffset = this.iovecsOffset + MESSAGES * 2 * wordLength;
    this.slotsOffset = this.addressesOffset + MESSAGES * SOCKADDR_LENGTH;
    const buffer = new ArrayBuffer(this.slotsOffset + MESSAGES * SLOT_LENGTH);
    this.bytes = new Uint8Array(buffer);
    this.view = new DataView(buffer);
    const base = addressOf(this.bytes);
    for (let i = 0; i < MESSAGES; i++) {
      const message = i * 8 * wordLength;
      const [address, iovec] = [this.addressesOffset + i * SOCKADDR_LENGTH, this.iovecsOffset + i * 2 * wordLength];
      this.writeWord(message, base + BigInt(address));
      this.view.setUint32(message + wordLength, SOCKADDR_LENGTH, LITTLE_ENDIAN);
      this.writeWord(message + 2 * wordLength, base + BigInt(iovec));
      this.writeWord(message + 3 * wordLength, 1n);
      this.writeWord(iovec, base + BigInt(this.slotsOffset + i * SLOT_LENGTH));
      this.view.setUint16(address, AF_INET, LITTLE_ENDIAN);
    }
  }

  private writeWord(offset: number, value: bigint): void {
    if (this.wordLength === 8) this.view.setBigUint64(offset, value, LITTLE_ENDIAN);
    else this.view.setUint32(offset, Number(value), LITTLE_ENDIAN);
  }

  /** Copies a datagram in. @returns false where there is no room for it: the batch is full, or the datagram too long */
  add(datagram: Uint8Array, destination: Ipv4Address): boolean {
    const { count, view, wordLength } = this;
    if (count === MESSAGES || datagram.length > SLOT_LENGTH) return false;
    this.bytes.set(datagram, this.slotsOffset + count * SLOT_LENGTH);
    const length = this.iovecsOffset + (2 * count + 1) * wordLength;
    view.setUint32(LITTLE_ENDIAN ? length : length + wordLength - 4, datagram.length, LITTLE_ENDIAN);
    view.setUint32(this.addressesOffset + count * SOCKADDR_LENGTH + 4, destination);
    this.count++;
    return true;
  }

  clear(): void {
    this.count = 0;
  }

  /** Sends what was added, and keeps it. @returns how many have left, in order, or the negated errno of the first */
  send(fd: number): number {
    return libc().sendmmsg(fd, this.bytes, this.count);
  }
}
