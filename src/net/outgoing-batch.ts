import type { Ipv4Address } from '../wire/address.ts';
import { AF_INET, LITTLE_ENDIAN, libc } from './libc.ts';
import type { Outgoing } from './network.ts';

/** Datagrams of one call: more of them save little. */
const MESSAGES = 64;
/** Room for each, where nothing else is said: an Ethernet frame's worth and some more. */
const SLOT_LENGTH = 2048;
/** Where the destination stands in an IPv4 header. */
const DESTINATION = 16;
const SOCKADDR_LENGTH = 16;

/**
 * The memory that sendmmsg reads: an array of struct mmsghdr, and for each a struct iovec, a struct sockaddr_in and
 * a slot, all in one buffer so that what they point to lives as long as they do. (The words of a mmsghdr: see Batch.)
 */
export class OutgoingBatch implements Outgoing {
  readonly slots = MESSAGES;
  readonly slotLength: number;
  readonly bytes: Uint8Array;
  private readonly view: DataView;
  private readonly wordLength = libc().wordLength;
  private readonly iovecsOffset: number;
  private readonly addressesOffset: number;
  /** Where the slots begin. */
  readonly offset: number;
  private count = 0;

  constructor(slotLength = SLOT_LENGTH) {
    this.slotLength = slotLength;
    const { addressOf } = libc();
    const { wordLength } = this;
    this.iovecsOffset = MESSAGES * 8 * wordLength;
    this.addressesOffset = this.iovecsOffset + MESSAGES * 2 * wordLength;
    this.offset = this.addressesOffset + MESSAGES * SOCKADDR_LENGTH;
    const buffer = new ArrayBuffer(this.offset + MESSAGES * slotLength);
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
      this.writeWord(iovec, base + BigInt(this.offset + i * slotLength));
      this.view.setUint16(address, AF_INET, LITTLE_ENDIAN);
    }
  }

  private writeWord(offset: number, value: bigint): void {
    if (this.wordLength === 8) this.view.setBigUint64(offset, value, LITTLE_ENDIAN);
    else this.view.setUint32(offset, Number(value), LITTLE_ENDIAN);
  }

  /** Copies a datagram in. @returns false where there is no room for it: the batch is full, or the datagram too long */
  add(datagram: Uint8Array, destination: Ipv4Address): boolean {
    const { count, view } = this;
    if (count === MESSAGES || datagram.length > this.slotLength) return false;
    this.bytes.set(datagram, this.offset + count * this.slotLength);
    this.setLength(count, datagram.length);
    view.setUint32(this.addressesOffset + count * SOCKADDR_LENGTH + 4, destination);
    this.count++;
    return true;
  }

  clear(): void {
    this.count = 0;
  }

  private setLength(slot: number, length: number): void {
    const at = this.iovecsOffset + (2 * slot + 1) * this.wordLength;
    this.view.setUint32(LITTLE_ENDIAN ? at : at + this.wordLength - 4, length, LITTLE_ENDIAN);
  }

  /** Sends what was added, and keeps it. @returns how many have left, in order, or the negated errno of the first */
  send(fd: number): number {
    return libc().sendmmsg(fd, this.bytes, this.count);
  }

  /** Every slot holds a datagram of this length from now on. */
  fill(length: number): void {
    for (let slot = 0; slot < MESSAGES; slot++) this.setLength(slot, length);
  }

  /** Sends what lies in slots, each to the destination in its header. @returns as `send` */
  sendSlots(fd: number, firstSlot: number, count: number): number {
    const { bytes, wordLength } = this;
    this.address(firstSlot, count);
    return libc().sendmmsg(fd, firstSlot === 0 ? bytes : bytes.subarray(firstSlot * 8 * wordLength), count);
  }

  /** The same for the first slots, on another thread: the memory is not to be touched until it is done. */
  sendSlotsBeside(fd: number, count: number, done: (sent: number) => void): void {
    this.address(0, count);
    libc().sendmmsgBeside(fd, this.bytes, count, done);
  }

  private address(firstSlot: number, count: number): void {
    const { bytes, slotLength } = this;
    for (let slot = firstSlot; slot < firstSlot + count; slot++) {
      const from = this.offset + slot * slotLength + DESTINATION;
      const to = this.addressesOffset + slot * SOCKADDR_LENGTH + 4;
      for (let i = 0; i < 4; i++) bytes[to + i] = bytes[from + i] as number;
    }
  }

  /** A copy of the datagram in a slot, as long as slots are. */
  datagram(slot: number): Uint8Array {
    return this.bytes.slice(this.offset + slot * this.slotLength, this.offset + (slot + 1) * this.slotLength);
  }
}
