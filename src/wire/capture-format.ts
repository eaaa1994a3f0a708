/** What the formats of capture files have in common. */
import type { PacketDirection } from './pcapng.ts';

/** As libpcap's: no packet is longer, so a length above it is a lie. */
export const MAX_PACKET_LENGTH = 262_144;

export interface CapturedPacket {
  /** Nanoseconds since 1970; undefined where the file does not say (simple packet blocks). */
  timeNs: bigint | undefined;
  linkType: number;
  /** From the link's header on; a view of what was pushed. */
  bytes: Uint8Array;
  /** More than there are bytes where the capture cut it short. */
  originalLength: number;
  direction?: PacketDirection | undefined;
  comments?: readonly string[] | undefined;
}

/** What is next in a file: how many bytes it takes, and what it holds. */
export interface Piece {
  length: number;
  /** Undefined for what is no packet. */
  packet?: CapturedPacket | undefined;
}

/** One of the formats. */
export interface CaptureFormat {
  readonly name: 'pcap' | 'pcapng';
  /** Packets that the capturing system says it lost; undefined where it says nothing. */
  readonly dropped: number | undefined;
  /**
   * @param bytes of the file from `offset` on, as many as there are
   * @returns undefined where more are needed
   * @throws DecodeError
   */
  next(bytes: Uint8Array, offset: number): Piece | undefined;
}
