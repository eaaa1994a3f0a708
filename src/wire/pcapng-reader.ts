/** pcapng read block by block: sections, interfaces, packets. */
import { type CapturedPacket, type CaptureFormat, MAX_PACKET_LENGTH, type Piece } from './capture-format.ts';
import { DecodeError } from './errors.ts';
import {
  BLOCK_OVERHEAD,
  BYTE_ORDER_MAGIC,
  DEFAULT_RESOLUTION,
  decodeOptions,
  directionOf,
  ENHANCED_PACKET,
  INTERFACE_DESCRIPTION,
  INTERFACE_STATISTICS,
  OBSOLETE_PACKET,
  OPTION,
  padded,
  SECTION_HEADER,
  SIMPLE_PACKET,
} from './pcapng.ts';

/** As Wireshark's: a block that says it is longer is damaged. */
const MAX_BLOCK_LENGTH = 16 << 20;
/** The last moment that ECMAScript's dates have, in the year 275,760; as far before 1970 lies the first. */
const LAST_TIME_NS = 8_640_000_000_000_000_000_000n;
/** More than any machine has. */
const MAX_INTERFACES = 65_536;

/** An interface as a section describes it. */
interface Interface {
  linkType: number;
  snapLength: number;
  toNs(ticks: bigint): bigint;
  dropped: number | undefined;
}

export class PcapngFormat implements CaptureFormat {
  readonly name = 'pcapng';
  #littleEndian = true;
  #interfaces: Interface[] = [];
  /** Of the sections that are over. */
  #droppedBefore: number | undefined;
  /** Of the block that is being read. */
  #offset = 0;

  /** @param bytes the first four at least */
  static detect(bytes: Uint8Array): PcapngFormat | undefined {
    return viewOf(bytes).getUint32(0) === SECTION_HEADER ? new PcapngFormat() : undefined;
  }

  get dropped(): number | undefined {
    return this.#interfaces.reduce((sum, { dropped }) => (dropped === undefined ? sum : (sum ?? 0) + dropped), this.#droppedBefore);
  }

  next(bytes: Uint8Array, offset: number): Piece | undefined {
    this.#offset = offset;
    if (bytes.length < BLOCK_OVERHEAD) return undefined;
    const view = viewOf(bytes);
    // The type of a section header reads the same in both byte orders, and the magic in its body tells which it is.
    const isSectionHeader = view.getUint32(0) === SECTION_HEADER;
    if (isSectionHeader) this.#littleEndian = this.#byteOrder(view.getUint32(8));
    const type = view.getUint32(0, this.#littleEndian);
    const length = view.getUint32(4, this.#littleEndian);
    if (length < BLOCK_OVERHEAD || length % 4 !== 0 || length > MAX_BLOCK_LENGTH) throw this.#damaged(4, `a block of ${length} bytes`);
    if (bytes.length < length) return undefined;
    const lengthAgain = view.getUint32(length - 4, this.#littleEndian);
    if (lengthAgain !== length) throw this.#damaged(length - 4, `a block of ${length} bytes that says ${lengthAgain} at its end`);
    return { length, packet: this.#block(type, bytes.subarray(8, length - 4)) };
  }

  #byteOrder(magic: number): boolean {
    if (magic === BYTE_ORDER_MAGIC) return false;
    if (magic === SWAPPED_MAGIC) return true;
    throw this.#damaged(8, 'a section header without its byte-order magic');
  }

  /** @returns the packet, of a block that has one */
  #block(type: number, body: Uint8Array): CapturedPacket | undefined {
    switch (type) {
      case SECTION_HEADER:
        this.#section(body);
        return undefined;
      case INTERFACE_DESCRIPTION:
        this.#interface(body);
        return undefined;
      case INTERFACE_STATISTICS:
        this.#statistics(body);
        return undefined;
      case ENHANCED_PACKET:
        return this.#enhancedPacket(body);
      case SIMPLE_PACKET:
        return this.#simplePacket(body);
      case OBSOLETE_PACKET:
        return this.#obsoletePacket(body);
      default:
        return undefined;
    }
  }

  #section(body: Uint8Array): void {
    const view = this.#fields(body, 16, 'section header');
    const major = view.getUint16(4, this.#littleEndian);
    if (major !== 1) throw this.#damaged(12, `version ${major} of pcapng, where there is only 1`);
    this.#droppedBefore = this.dropped;
    this.#interfaces = [];
  }

  #interface(body: Uint8Array): void {
    const view = this.#fields(body, 8, 'interface description');
    if (this.#interfaces.length === MAX_INTERFACES) throw this.#damaged(0, `more than ${MAX_INTERFACES} interfaces`);
    let resolution = DEFAULT_RESOLUTION;
    let offsetSeconds = 0n;
    for (const { code, value } of decodeOptions(body, 8, this.#littleEndian)) {
      if (code === OPTION.interfaceResolution && value.length === 1) resolution = value[0] as number;
      if (code === OPTION.interfaceOffset && value.length === 8) offsetSeconds = viewOf(value).getBigInt64(0, this.#littleEndian);
    }
    this.#interfaces.push({
      linkType: view.getUint16(0, this.#littleEndian),
      snapLength: view.getUint32(4, this.#littleEndian),
      toNs: nanoseconds(resolution, offsetSeconds),
      dropped: undefined,
    });
  }

  #statistics(body: Uint8Array): void {
    const view = this.#fields(body, 12, 'interface statistics');
    const of = this.#interfaceOf(view.getUint32(0, this.#littleEndian), 8);
    for (const { code, value } of decodeOptions(body, 12, this.#littleEndian)) {
      // A later block counts from the beginning too.
      if (code === OPTION.statisticsDropped && value.length === 8) of.dropped = Number(viewOf(value).getBigUint64(0, this.#littleEndian));
    }
  }

  #enhancedPacket(body: Uint8Array): CapturedPacket {
    const view = this.#fields(body, 20, 'packet');
    const of = this.#interfaceOf(view.getUint32(0, this.#littleEndian), 8);
    const captured = view.getUint32(12, this.#littleEndian);
    const packet: CapturedPacket = {
      timeNs: this.#time(view, of),
      linkType: of.linkType,
      bytes: this.#packetBytes(body, 20, captured),
      originalLength: view.getUint32(16, this.#littleEndian),
    };
    for (const { code, value } of decodeOptions(body, 20 + padded(captured), this.#littleEndian)) {
      if (code === OPTION.packetFlags && value.length === 4) packet.direction = directionOf(viewOf(value).getUint32(0, this.#littleEndian));
      if (code === OPTION.comment) packet.comments = [...(packet.comments ?? []), decoder.decode(value)];
    }
    return packet;
  }

  /** Of the first interface; without a time, and as long as the block, or as that interface cuts it. */
  #simplePacket(body: Uint8Array): CapturedPacket {
    const view = this.#fields(body, 4, 'packet');
    const { linkType, snapLength } = this.#interfaceOf(0, 0);
    const originalLength = view.getUint32(0, this.#littleEndian);
    const captured = Math.min(originalLength, snapLength || originalLength, body.length - 4);
    return { timeNs: undefined, linkType, bytes: this.#packetBytes(body, 4, captured), originalLength };
  }

  #obsoletePacket(body: Uint8Array): CapturedPacket {
    const view = this.#fields(body, 20, 'packet');
    const of = this.#interfaceOf(view.getUint16(0, this.#littleEndian), 8);
    const captured = view.getUint32(12, this.#littleEndian);
    return {
      timeNs: this.#time(view, of),
      linkType: of.linkType,
      bytes: this.#packetBytes(body, 20, captured),
      originalLength: view.getUint32(16, this.#littleEndian),
    };
  }

  /** @param at the field in the block that names it, for the error */
  #interfaceOf(id: number, at: number): Interface {
    const found = this.#interfaces[id];
    if (found === undefined) throw this.#damaged(at, `a packet of interface ${id}, which is not described`);
    return found;
  }

  #packetBytes(body: Uint8Array, at: number, captured: number): Uint8Array {
    if (captured > body.length - at || captured > MAX_PACKET_LENGTH)
      throw this.#damaged(8, `a packet of ${captured} bytes in a block of ${body.length}`);
    return body.subarray(at, at + captured);
  }

  #time(view: DataView, { toNs }: Interface): bigint {
    const ticks = (BigInt(view.getUint32(4, this.#littleEndian)) << 32n) | BigInt(view.getUint32(8, this.#littleEndian));
    const timeNs = toNs(ticks);
    if (timeNs > LAST_TIME_NS || timeNs < -LAST_TIME_NS) throw this.#damaged(12, 'a time stamp that no calendar has');
    return timeNs;
  }

  #fields(body: Uint8Array, least: number, what: string): DataView {
    if (body.length < least) throw this.#damaged(4, `a ${what} of ${body.length} bytes`);
    return viewOf(body);
  }

  /** @param at in the block */
  #damaged(at: number, reason: string): DecodeError {
    return new DecodeError('pcapng', this.#offset + at, `damaged: ${reason}`);
  }
}

/** The byte-order magic as it reads in the other order. */
const SWAPPED_MAGIC = 0x4d3c2b1a;

const decoder = new TextDecoder();

/** What turns ticks into nanoseconds: by `if_tsresol` (a power of 10, or of 2 where the highest bit is set) and `if_tsoffset`. */
function nanoseconds(resolution: number, offsetSeconds: bigint): Interface['toNs'] {
  const offsetNs = offsetSeconds * 1_000_000_000n;
  const exponent = BigInt(resolution & 0x7f);
  if (resolution & 0x80) return (ticks) => ((ticks * 1_000_000_000n) >> exponent) + offsetNs;
  if (exponent > 9n) return (ticks) => ticks / 10n ** (exponent - 9n) + offsetNs;
  const factor = 10n ** (9n - exponent);
  return (ticks) => ticks * factor + offsetNs;
}

const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
