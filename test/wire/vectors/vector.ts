/** What the vectors are made of: datagrams as bytes, tcpdump's reading of them, and the record they must give. */
import type { ChecksumVerdict } from '../../../src/wire/checksum.ts';
import type { IcmpError, IcmpMessage } from '../../../src/wire/icmp.ts';
import type { Ipv4Header } from '../../../src/wire/ipv4.ts';
import type { Packet } from '../../../src/wire/packet.ts';
import type { LaxTcpSegment, TcpSegment } from '../../../src/wire/tcp.ts';
import type { TcpOption } from '../../../src/wire/tcp-options.ts';

interface Vector {
  name: string;
  /** The line of `tcpdump -nntS -r` 4.99.3, without its "IP ". */
  tcpdump: string;
  /** Our own reading, where it means to be another one (see format.ts). */
  ours?: string;
  hex: string;
  /** How the checksum of the segment or message stands to it; a fragment has none to judge. */
  checksum?: ChecksumVerdict;
  /** The total length is not the length, so it can't be computed again. */
  lies?: true;
}

export interface TcpVector extends Vector {
  packet: Packet;
}

export interface IcmpVector extends Vector {
  ip: Ipv4Header;
  /** Its body is all that follows its header. */
  icmp: Omit<IcmpMessage, 'body'>;
  error: Omit<IcmpError, 'ip' | 'tcp' | 'segment'>;
  /** Some fields of the quoted header; without it, none could be read. */
  quotedIp?: Partial<Ipv4Header>;
  quotedTcp?: LaxTcpSegment;
}

/** Hex digits to bytes, by Node and not by what is tested. */
export const hex = (digits: string): Uint8Array => Uint8Array.from(Buffer.from(digits.replaceAll(/\s/g, ''), 'hex'));
export const text = (characters: string): Uint8Array => Uint8Array.from(Buffer.from(characters));

export const NONE = new Uint8Array(0);

/** 10.87.1.2, 10.87.2.2 and the router between them, 10.87.1.1. */
export const A = 0x0a570102;
export const B = 0x0a570202;
export const R = 0x0a570101;
export const LOOPBACK = 0x7f000001;

/** What most of the headers have in common. */
export const IP: Ipv4Header = {
  ihl: 5,
  tos: 0,
  totalLength: 40,
  id: 0,
  reservedBit: false,
  dontFragment: true,
  moreFragments: false,
  fragmentOffset: 0,
  ttl: 64,
  protocol: 6,
  checksum: 0,
  source: A,
  destination: B,
  options: NONE,
};
export const TCP: TcpSegment = {
  sourcePort: 40000,
  destinationPort: 4000,
  seq: 0xfffffff0,
  ack: 0,
  dataOffset: 5,
  reserved: 0,
  flags: 0,
  window: 1024,
  checksum: 0,
  urgent: 0,
  options: [],
  payload: NONE,
};

export const NOP: TcpOption = { kind: 1, name: 'nop' };
export const SACK_OK: TcpOption = { kind: 4, name: 'sack-permitted' };
export const end = (padding = ''): TcpOption => ({ kind: 0, name: 'end', padding: hex(padding) });
export const mss = (bytes: number): TcpOption => ({ kind: 2, name: 'mss', mss: bytes });
export const wscale = (shift: number): TcpOption => ({ kind: 3, name: 'window-scale', shift });
export const sack = (...edges: [left: number, right: number][]): TcpOption => ({
  kind: 5,
  name: 'sack',
  blocks: edges.map(([left, right]) => ({ left, right })),
});
export const ts = (value: number, echoReply: number): TcpOption => ({ kind: 8, name: 'timestamps', value, echoReply });
export const md5 = (digest: string): TcpOption => ({ kind: 19, name: 'md5', digest: hex(digest) });
export const uto = (timeout: number, unit: 's' | 'min'): TcpOption => ({
  kind: 28,
  name: 'user-timeout',
  minutes: unit === 'min',
  timeout,
});
export const mptcp = (data: string): TcpOption => ({ kind: 30, name: 'mptcp', data: hex(data) });
export const tfo = (cookie = ''): TcpOption => ({ kind: 34, name: 'fast-open', cookie: hex(cookie) });
export const unknown = (kind: number, data = ''): TcpOption => ({ kind, name: 'unknown', data: hex(data), length: data.length / 2 + 2 });
export const malformed = (bytes: string): TcpOption => ({ kind: hex(bytes)[0], name: 'malformed', bytes: hex(bytes) });
