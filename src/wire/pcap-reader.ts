/** The old format of libpcap (draft-ietf-opsawg-pcap): a header of 24 bytes, and a header of 16 or 24 before each packet. */
import { type CaptureFormat, MAX_PACKET_LENGTH, type Piece } from './capture-format.ts';
import { DecodeError } from './errors.ts';

const HEADER_LENGTH = 24;
const LINK_TYPE = 20;

interface Kind {
  /** Nanoseconds in a unit of the second word. */
  unitNs: bigint;
  recordHeaderLength: number;
}

/** By the first word, which also tells the byte order. */
const KINDS: ReadonlyMap<number, Kind> = new Map([
  [0xa1b2c3d4, { unitNs: 1000n, recordHeaderLength: 16 }],
  [0xa1b23c4d, { unitNs: 1n, recordHeaderLength: 16 }],
  // Kuznetzov's patch of long ago: interface, protocol and packet type too.
  [0xa1b2cd34, { unitNs: 1000n, recordHeaderLength: 24 }],
]);

export class PcapFormat implements CaptureFormat {
  readonly name = 'pcap';
  readonly dropped = undefined;
  #linkType: number | undefined;

  private constructor(
    private readonly kind: Kind,
    private readonly littleEndian: boolean,
  ) {}

  /** @param bytes the first four at least */
  static detect(bytes: Uint8Array): PcapFormat | undefined {
    const view = viewOf(bytes);
    for (const littleEndian of [true, false]) {
      const kind = KINDS.get(view.getUint32(0, littleEndian));
      if (kind !== undefined) return new PcapFormat(kind, littleEndian);
    }
    return undefined;
  }

  next(bytes: Uint8Array, offset: number): Piece | undefined {
    const view = viewOf(bytes);
    if (this.#linkType === undefined) {
      if (bytes.length < HEADER_LENGTH) return undefined;
      // The upper half tells of checksums at the end of each frame.
      this.#linkType = view.getUint32(LINK_TYPE, this.littleEndian) & 0xffff;
      return { length: HEADER_LENGTH };
    }
    const { recordHeaderLength, unitNs } = this.kind;
    if (bytes.length < recordHeaderLength) return undefined;
    const word = (n: number): number => view.getUint32(n * 4, this.littleEndian);
    const [seconds, fraction, captured, originalLength] = [word(0), word(1), word(2), word(3)];
    if (captured > MAX_PACKET_LENGTH) throw new DecodeError('pcap', offset + 8, `damaged: a packet of ${captured} bytes`);
    const length = recordHeaderLength + captured;
    if (bytes.length < length) return undefined;
    const timeNs = BigInt(seconds) * 1_000_000_000n + BigInt(fraction) * unitNs;
    return { length, packet: { timeNs, linkType: this.#linkType, bytes: bytes.subarray(recordHeaderLength, length), originalLength } };
  }
}

const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
