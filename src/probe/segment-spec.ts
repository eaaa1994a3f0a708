/** A segment to be crafted: every field of TCP and IPv4 that a raw socket lets us choose. */
import type { Ipv4Address } from '../wire/address.ts';
import { decodeIpv4Header, type Ipv4Header, ipv4Header, ipv4HeaderLength } from '../wire/ipv4.ts';
import { encodePacket, verifyTcpChecksum } from '../wire/packet.ts';
import { TCP_CHECKSUM_OFFSET, type TcpSegment } from '../wire/tcp.ts';
import type { TcpOption } from '../wire/tcp-options.ts';

/** Undefined means what a Linux host would send, or what is computed; a value is sent as it is, legal or not. */
export interface SegmentSpec {
  /** Nine bits, see wire/flags.ts. */
  flags: number;
  seq: number | undefined;
  ack: number | undefined;
  window: number;
  urgent: number;
  dataOffset: number | undefined;
  reserved: number;
  options: readonly TcpOption[];
  /** `wrong`: any but the right one. */
  checksum: number | 'wrong' | undefined;
  payload: Uint8Array;
  ttl: number;
  tos: number;
  ipId: number | undefined;
  dontFragment: boolean;
  moreFragments: boolean;
  /** The reserved bit of the IPv4 header, "evil" by RFC 3514. */
  evil: boolean;
  /** In units of 8 bytes. */
  fragmentOffset: number;
  ipOptions: Uint8Array;
}

/** Between which two the segment goes. */
export interface SegmentFlow {
  source: Ipv4Address;
  sourcePort: number;
  destination: Ipv4Address;
  destinationPort: number;
}

/** The numbers that stand for what the spec leaves open. */
export interface SegmentNumbers {
  seq: number;
  ack: number;
  ipId: number;
}

export interface Crafted {
  ip: Ipv4Header;
  tcp: TcpSegment;
  datagram: Uint8Array;
}

/** @throws EncodeError where a field can't hold its value */
export function craft(spec: SegmentSpec, flow: SegmentFlow, numbers: SegmentNumbers): Crafted {
  const tcp: TcpSegment = {
    sourcePort: flow.sourcePort,
    destinationPort: flow.destinationPort,
    seq: spec.seq ?? numbers.seq,
    ack: spec.ack ?? numbers.ack,
    dataOffset: spec.dataOffset,
    reserved: spec.reserved,
    flags: spec.flags,
    window: spec.window,
    checksum: spec.checksum === 'wrong' ? undefined : spec.checksum,
    urgent: spec.urgent,
    options: spec.options,
    payload: spec.payload,
  };
  const ip = ipv4Header({
    source: flow.source,
    destination: flow.destination,
    tos: spec.tos,
    id: spec.ipId ?? numbers.ipId,
    reservedBit: spec.evil,
    dontFragment: spec.dontFragment,
    moreFragments: spec.moreFragments,
    fragmentOffset: spec.fragmentOffset,
    ttl: spec.ttl,
    options: padded(spec.ipOptions),
  });
  if (spec.checksum === 'wrong') tcp.checksum = wrongChecksum(ip, tcp);
  return { ip, tcp, datagram: encodePacket({ ip, tcp }) };
}

/** IPv4 options end on a word; end-of-list fills the rest (RFC 791 §3.1). */
function padded(options: Uint8Array): Uint8Array {
  const bytes = new Uint8Array((options.length + 3) & ~3);
  bytes.set(options);
  return bytes;
}

/** Neither the right one nor the pseudo-header's sum alone, which passes for one left to the network card. */
function wrongChecksum(ip: Ipv4Header, tcp: TcpSegment): number {
  const datagram = encodePacket({ ip, tcp });
  const at = ipv4HeaderLength(ip) + TCP_CHECKSUM_OFFSET;
  const right = ((datagram[at] as number) << 8) | (datagram[at + 1] as number);
  const isWrong = (checksum: number): boolean => {
    datagram[at] = checksum >> 8;
    datagram[at + 1] = checksum & 0xff;
    return verifyTcpChecksum(decodeIpv4Header(datagram), datagram) === 'wrong';
  };
  // Any change but one makes it wrong, and that one can be hit but once.
  return isWrong(right ^ 0x5555) ? right ^ 0x5555 : right ^ 0xaaaa;
}
