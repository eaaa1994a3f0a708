/** What `decode` and `send --dry-run` tell. */
import type { ChecksumVerdict } from '../../wire/checksum.ts';
import type { FlagName } from '../../wire/flags.ts';
import type { Ipv4Option } from '../../wire/ipv4-options.ts';
import type { TcpOption } from '../../wire/tcp-options.ts';

/** An IPv4 header as it was read. Here and below, undefined is what could not be read, or is not there. */
export interface Ipv4Reading {
  source: string | undefined;
  destination: string | undefined;
  /** In bytes. */
  ipHeaderLength: number | undefined;
  tos: number | undefined;
  totalLength: number | undefined;
  ipId: number | undefined;
  /** The reserved bit. */
  evil: boolean | undefined;
  dontFragment: boolean | undefined;
  moreFragments: boolean | undefined;
  /** In units of 8 bytes. */
  fragmentOffset: number | undefined;
  ttl: number | undefined;
  protocol: number | undefined;
  ipChecksum: number | undefined;
  ipChecksumVerdict: ChecksumVerdict | undefined;
  ipOptions: readonly Ipv4Option[] | undefined;
}

/** What every line of a reading has. */
interface ReadingLine {
  /** Of a sweep: which of its segments this is. */
  variant: string | undefined;
  /** Bytes after the end that the header states. */
  trailer: Uint8Array | undefined;
  /** Where and why reading stopped, where it did. */
  stopped: { protocol: string; offset: number; reason: string } | undefined;
  /** The bytes themselves. */
  hex: Uint8Array;
}

/** A segment as `decode` and `send --dry-run` read it; without its datagram there is no IPv4 header. */
export interface SegmentReading extends Partial<Ipv4Reading>, ReadingLine {
  type: 'segment';
  sourcePort: number | undefined;
  destinationPort: number | undefined;
  seq: number | undefined;
  ack: number | undefined;
  /** In words. */
  dataOffset: number | undefined;
  reserved: number | undefined;
  flags: readonly FlagName[] | undefined;
  window: number | undefined;
  checksum: number | undefined;
  checksumVerdict: ChecksumVerdict | undefined;
  urgent: number | undefined;
  options: readonly TcpOption[] | undefined;
  /** Payload bytes. */
  length: number | undefined;
  payload: Uint8Array | undefined;
}

export interface IcmpReading extends Ipv4Reading, ReadingLine {
  type: 'icmp';
  icmpType: number | undefined;
  code: number | undefined;
  name: string | undefined;
  checksum: number | undefined;
  checksumVerdict: ChecksumVerdict | undefined;
  rest: number | undefined;
  /** Of "fragmentation needed", in bytes. */
  nextHopMtu: number | undefined;
  /** Of "parameter problem": the byte that is wrong. */
  pointer: number | undefined;
  /** What an error says of the datagram that it is about. */
  quoted: (Ipv4Reading & Partial<Pick<SegmentReading, 'sourcePort' | 'destinationPort' | 'seq'>>) | undefined;
  payload: Uint8Array | undefined;
}

/** A datagram of another protocol, or a fragment. */
export interface DatagramReading extends Ipv4Reading, ReadingLine {
  type: 'datagram';
  payload: Uint8Array | undefined;
}

/** A line of `decode` and of `send --dry-run`. */
export type Reading = SegmentReading | IcmpReading | DatagramReading;

/** The last line of `decode` and of `send --dry-run`. */
export interface ReadingResult {
  type: 'result';
  datagrams: number;
  /** Of them, those that could not be read to their end. */
  stopped: number;
}
