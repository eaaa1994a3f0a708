/**
 * Blocks of pcapng (draft-ietf-opsawg-pcapng): the numbers, and how blocks are put into bytes.
 *
 *    |                          Block Type                           |
 *    |                      Block Total Length                       |
 *    |              body, its options last, to 32 bits               |
 *    |                      Block Total Length                       |
 *
 * Who writes a section chooses its byte order.
 */

export const SECTION_HEADER = 0x0a0d0d0a;
export const INTERFACE_DESCRIPTION = 1;
/** What came before the enhanced packet block; old files have it. */
export const OBSOLETE_PACKET = 2;
export const SIMPLE_PACKET = 3;
export const INTERFACE_STATISTICS = 5;
export const ENHANCED_PACKET = 6;

export const BYTE_ORDER_MAGIC = 0x1a2b3c4d;

/** Type and both lengths. */
export const BLOCK_OVERHEAD = 12;

/** Option codes; each block has its own from 2 on. */
export const OPTION = {
  end: 0,
  comment: 1,
  sectionApplication: 4,
  interfaceName: 2,
  interfaceResolution: 9,
  interfaceOffset: 14,
  packetFlags: 2,
  statisticsDropped: 5,
} as const;

/** Of `if_tsresol`: time stamps count 10^-9 s. */
const NANOSECONDS = 9;
/** Of `if_tsresol` where there is none: 10^-6 s. */
export const DEFAULT_RESOLUTION = 6;

/** The lowest two bits of `epb_flags`. */
const DIRECTION_BITS = { inbound: 1, outbound: 2 } as const;
export type PacketDirection = keyof typeof DIRECTION_BITS;

export const directionOf = (flags: number): PacketDirection | undefined =>
  (flags & 3) === DIRECTION_BITS.inbound ? 'inbound' : (flags & 3) === DIRECTION_BITS.outbound ? 'outbound' : undefined;

/** The longest value that an option can have: its length is in 16 bits. */
const MAX_OPTION_LENGTH = 0xffff;

export interface PcapngOption {
  code: number;
  value: Uint8Array;
}

/** What a section begins with. */
export interface SectionHeader {
  /** The program that writes it. */
  application?: string | undefined;
  comment?: string | undefined;
}

export interface InterfaceDescription {
  linkType: number;
  name?: string | undefined;
}

export interface EnhancedPacket {
  interfaceId: number;
  /** Nanoseconds since 1970. */
  timeNs: bigint;
  bytes: Uint8Array;
  /** Undefined: as many as there are. */
  originalLength?: number | undefined;
  direction?: PacketDirection | undefined;
  comment?: string | undefined;
}

export interface InterfaceStatistics {
  interfaceId: number;
  timeNs: bigint;
  /** Packets that were lost for want of room. */
  dropped: number;
}

/** Puts blocks into bytes; time stamps are in nanoseconds. */
export class PcapngEncoder {
  /** @param littleEndian the byte order of the section */
  constructor(private readonly littleEndian = true) {}

  sectionHeader({ application, comment }: SectionHeader): Uint8Array {
    const options = [text(OPTION.sectionApplication, application), text(OPTION.comment, comment)];
    return this.#block(SECTION_HEADER, 16, options, (view, at) => {
      view.setUint32(at, BYTE_ORDER_MAGIC, this.littleEndian);
      view.setUint16(at + 4, 1, this.littleEndian);
      // The section's length is not known while it is written: all ones.
      view.setBigInt64(at + 8, -1n, this.littleEndian);
    });
  }

  interfaceDescription({ linkType, name }: InterfaceDescription): Uint8Array {
    const options = [text(OPTION.interfaceName, name), { code: OPTION.interfaceResolution, value: Uint8Array.of(NANOSECONDS) }];
    return this.#block(INTERFACE_DESCRIPTION, 8, options, (view, at) => view.setUint16(at, linkType, this.littleEndian));
  }

  enhancedPacket({ interfaceId, timeNs, bytes, originalLength = bytes.length, direction, comment }: EnhancedPacket): Uint8Array {
    const flags = direction === undefined ? undefined : { code: OPTION.packetFlags, value: this.#uint32(DIRECTION_BITS[direction]) };
    return this.#block(ENHANCED_PACKET, 20 + padded(bytes.length), [text(OPTION.comment, comment), flags], (view, at) => {
      view.setUint32(at, interfaceId, this.littleEndian);
      this.#time(view, at + 4, timeNs);
      view.setUint32(at + 12, bytes.length, this.littleEndian);
      view.setUint32(at + 16, originalLength, this.littleEndian);
      new Uint8Array(view.buffer).set(bytes, at + 20);
    });
  }

  interfaceStatistics({ interfaceId, timeNs, dropped }: InterfaceStatistics): Uint8Array {
    const value = new Uint8Array(8);
    new DataView(value.buffer).setBigUint64(0, BigInt(dropped), this.littleEndian);
    return this.#block(INTERFACE_STATISTICS, 12, [{ code: OPTION.statisticsDropped, value }], (view, at) => {
      view.setUint32(at, interfaceId, this.littleEndian);
      this.#time(view, at + 4, timeNs);
    });
  }

  /** The upper word first, in either byte order. */
  #time(view: DataView, at: number, timeNs: bigint): void {
    const unsigned = BigInt.asUintN(64, timeNs);
    view.setUint32(at, Number(unsigned >> 32n), this.littleEndian);
    view.setUint32(at + 4, Number(unsigned & 0xffffffffn), this.littleEndian);
  }

  #uint32(value: number): Uint8Array {
    const bytes = new Uint8Array(4);
    new DataView(bytes.buffer).setUint32(0, value, this.littleEndian);
    return bytes;
  }

  /**
   * @param bodyLength of the body before the options, a multiple of 4
   * @param write puts that body where it begins
   */
  #block(
    type: number,
    bodyLength: number,
    given: readonly (PcapngOption | undefined)[],
    write: (view: DataView, at: number) => void,
  ): Uint8Array {
    const options = given.filter((option) => option !== undefined);
    const end = options.length === 0 ? 0 : 4;
    const length = options.reduce((sum, { value }) => sum + 4 + padded(value.length), BLOCK_OVERHEAD + bodyLength + end);
    const bytes = new Uint8Array(length);
    const view = new DataView(bytes.buffer);
    view.setUint32(0, type, this.littleEndian);
    view.setUint32(4, length, this.littleEndian);
    write(view, 8);
    let at = 8 + bodyLength;
    for (const { code, value } of options) {
      view.setUint16(at, code, this.littleEndian);
      view.setUint16(at + 2, value.length, this.littleEndian);
      bytes.set(value, at + 4);
      at += 4 + padded(value.length);
    }
    view.setUint32(length - 4, length, this.littleEndian);
    return bytes;
  }
}

/** All parts of a block end at a multiple of 32 bits. */
export const padded = (length: number): number => (length + 3) & ~3;

const encoder = new TextEncoder();

/** Cut where it is too long, between characters. */
function text(code: number, value: string | undefined): PcapngOption | undefined {
  if (value === undefined || value === '') return undefined;
  const bytes = new Uint8Array(Math.min(MAX_OPTION_LENGTH, value.length * 3));
  const { written } = encoder.encodeInto(value, bytes);
  return { code, value: bytes.subarray(0, written) };
}

/** The options from an offset to the end, up to one whose length lies. */
export function decodeOptions(bytes: Uint8Array, start: number, littleEndian: boolean): PcapngOption[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const options: PcapngOption[] = [];
  for (let at = start; at + 4 <= bytes.length; ) {
    const code = view.getUint16(at, littleEndian);
    const length = view.getUint16(at + 2, littleEndian);
    if (code === OPTION.end || at + 4 + length > bytes.length) break;
    options.push({ code, value: bytes.subarray(at + 4, at + 4 + length) });
    at += 4 + padded(length);
  }
  return options;
}
