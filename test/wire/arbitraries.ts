/** Records and bytes for the properties: any record that a decoder can give, and bytes that look like one as often as not. */
import fc, { type Arbitrary } from 'fast-check';
import type { IcmpMessage } from '../../src/wire/icmp.ts';
import { type Ipv4Header, ipv4HeaderLength, PROTOCOL_ICMP, PROTOCOL_TCP } from '../../src/wire/ipv4.ts';
import { encodePacket, type Packet } from '../../src/wire/packet.ts';
import { type TcpSegment, tcpEncodedLength } from '../../src/wire/tcp.ts';
import { MAX_OPTIONS_LENGTH, type TcpOption } from '../../src/wire/tcp-options.ts';

/** Plain objects, which alone are strictly equal to the decoders'. */
const record = <T>(model: { [K in keyof T]: Arbitrary<T[K]> }): Arbitrary<T> => fc.record(model, { noNullPrototype: true }) as Arbitrary<T>;

const bits = (count: number): Arbitrary<number> => fc.integer({ min: 0, max: 2 ** count - 1 });
export const byte = bits(8);
export const u16 = bits(16);
export const u32 = bits(32);

const near = (center: number): Arbitrary<number> => fc.integer({ min: -3, max: 3 }).map((n) => (center + n) >>> 0);
/** Sequence numbers, half of them around the wrap and the half of the space. */
export const seq: Arbitrary<number> = fc.oneof(u32, near(0), near(2 ** 31));

/** Bytes of exactly so many, or of a range of lengths. */
export const bytes = (minLength: number, maxLength = minLength): Arbitrary<Uint8Array> => fc.uint8Array({ minLength, maxLength });

const evenBytes = (minLength: number, maxLength: number): Arbitrary<Uint8Array> =>
  fc.constantFrom(...Array.from({ length: (maxLength - minLength) / 2 + 1 }, (_, i) => minLength + 2 * i)).chain((length) => bytes(length));

/** Kinds that have a definition here, and by it a length. */
const DEFINED = new Set([0, 1, 2, 3, 4, 5, 8, 19, 28, 30, 34]);
const undefinedKind = byte.filter((kind) => !DEFINED.has(kind));
const unknownOption = (kind: Arbitrary<number>, data: Arbitrary<Uint8Array>): Arbitrary<TcpOption> =>
  record({ kind, data }).map(({ kind, data }) => ({ kind, name: 'unknown', data, length: data.length + 2 }));

/** Any option that can stand in the middle of a list. */
const option: Arbitrary<TcpOption> = fc.oneof(
  fc.constant<TcpOption>({ kind: 1, name: 'nop' }),
  u16.map<TcpOption>((mss) => ({ kind: 2, name: 'mss', mss })),
  byte.map<TcpOption>((shift) => ({ kind: 3, name: 'window-scale', shift })),
  fc.constant<TcpOption>({ kind: 4, name: 'sack-permitted' }),
  fc
    .array(record({ left: seq, right: seq }), { minLength: 1, maxLength: 4 })
    .map<TcpOption>((blocks) => ({ kind: 5, name: 'sack', blocks })),
  record({ value: u32, echoReply: u32 }).map<TcpOption>((fields) => ({ kind: 8, name: 'timestamps', ...fields })),
  bytes(16).map<TcpOption>((digest) => ({ kind: 19, name: 'md5', digest })),
  record({ minutes: fc.boolean(), timeout: bits(15) }).map<TcpOption>((fields) => ({ kind: 28, name: 'user-timeout', ...fields })),
  bytes(1, 20).map<TcpOption>((data) => ({ kind: 30, name: 'mptcp', data })),
  fc.oneof(bytes(0), evenBytes(4, 16)).map<TcpOption>((cookie) => ({ kind: 34, name: 'fast-open', cookie })),
  unknownOption(undefinedKind, bytes(0, 20)),
  // Defined kinds with a length that is not theirs.
  unknownOption(fc.constantFrom(2, 3, 28), bytes(3, 20)),
  unknownOption(fc.constantFrom(4, 8, 19), bytes(1, 7)),
  unknownOption(fc.constantFrom(5, 30), bytes(0)),
  unknownOption(fc.constant(34), fc.oneof(bytes(1, 3), bytes(5), bytes(15), bytes(17, 20))),
);

const LENGTHS: Partial<Record<TcpOption['name'], number>> = {
  nop: 1,
  mss: 4,
  'window-scale': 3,
  'sack-permitted': 2,
  timestamps: 10,
  md5: 18,
  'user-timeout': 4,
};
function lengthOf(one: TcpOption): number {
  if (one.name === 'sack') return 2 + 8 * one.blocks.length;
  if (one.name === 'fast-open') return 2 + one.cookie.length;
  if (one.name === 'mptcp' || one.name === 'unknown') return 2 + one.data.length;
  return LENGTHS[one.name] ?? Number.NaN;
}

/** What fills the last word of a list of so many bytes: no-operations, an end of list with garbage after it, or an option whose length lies. */
function filling(length: number, kind: number, garbage: Uint8Array): TcpOption[] {
  const room = 4 - (length % 4);
  if (kind === 1 || length + room > MAX_OPTIONS_LENGTH) return Array.from({ length: room % 4 }, () => ({ kind: 1, name: 'nop' }));
  if (kind === 0) return [{ kind, name: 'end', padding: garbage.slice(0, room - 1) }];
  const lie = garbage[0] % 2 === 0 ? (garbage[0] % 4) >> 1 : Math.max(room + 1, garbage[0]);
  return [{ kind, name: 'malformed', bytes: Uint8Array.of(kind, lie, ...garbage).slice(0, room) }];
}

/** A list of options as it can stand in a header: whole words, 40 bytes at most. */
export const options: Arbitrary<TcpOption[]> = record({
  wanted: fc.array(option, { maxLength: 6 }),
  kind: fc.oneof(fc.constantFrom(0, 1), byte),
  garbage: bytes(4),
}).map(({ wanted, kind, garbage }) => {
  const list: TcpOption[] = [];
  let length = 0;
  for (const one of wanted) {
    if (length + lengthOf(one) > MAX_OPTIONS_LENGTH) continue;
    list.push(one);
    length += lengthOf(one);
  }
  return [...list, ...filling(length, kind, garbage)];
});

/** A segment with every field stated, as decoding gives it. */
export const segment: Arbitrary<TcpSegment> = record({
  sourcePort: u16,
  destinationPort: u16,
  seq,
  ack: seq,
  reserved: bits(3),
  flags: bits(9),
  window: u16,
  checksum: u16,
  urgent: u16,
  options: fc.oneof(fc.constant([]), options),
  payload: bytes(0, 64),
}).map((fields) => ({ ...fields, dataOffset: (tcpEncodedLength(fields) - fields.payload.length) / 4 }));

export const icmpMessage: Arbitrary<IcmpMessage> = record({
  type: fc.oneof(fc.constantFrom(0, 3, 8, 11, 12), byte),
  code: fc.oneof(bits(4), byte),
  checksum: u16,
  rest: u32,
  body: bytes(0, 64),
});

const header: Arbitrary<Ipv4Header> = record({
  tos: byte,
  id: u16,
  reservedBit: fc.boolean(),
  dontFragment: fc.boolean(),
  moreFragments: fc.boolean(),
  fragmentOffset: fc.oneof(fc.constant(0), bits(13)),
  ttl: byte,
  protocol: byte,
  checksum: u16,
  source: u32,
  destination: u32,
  options: fc.constantFrom(0, 0, 0, 4, 8, 40).chain((length) => bytes(length)),
}).map((fields) => ({ ...fields, ihl: ipv4HeaderLength(fields) / 4 }));

/** A datagram with every field stated, as decoding gives it. */
export const packet: Arbitrary<Packet> = record({
  ip: header,
  body: fc.oneof(
    segment.map((tcp) => ({ tcp })),
    icmpMessage.map((icmp) => ({ icmp })),
    bytes(0, 64).map((payload) => ({ payload })),
  ),
  trailer: bytes(0, 8),
  totalLengthZero: fc.nat(9).map((n) => n === 0),
}).map(({ ip, body, trailer, totalLengthZero }) => {
  const whole = { moreFragments: false, fragmentOffset: 0 };
  if ('tcp' in body) Object.assign(ip, whole, { protocol: PROTOCOL_TCP });
  else if ('icmp' in body) Object.assign(ip, whole, { protocol: PROTOCOL_ICMP });
  else if (!ip.moreFragments && ip.fragmentOffset === 0) ip.protocol |= 0x80;
  const totalLength = totalLengthZero ? 0 : encodePacket({ ip, ...body }).length;
  return { ip: { ...ip, totalLength }, ...body, ...(totalLength > 0 && trailer.length > 0 && { trailer }) };
});

/** Bytes: any at all, or a datagram of which some were changed and the end may be cut off. */
export const datagramLike: Arbitrary<Uint8Array> = fc.oneof(
  bytes(0, 128),
  record({ packet, changes: fc.array(fc.tuple(fc.nat(80), byte), { maxLength: 3 }), cut: fc.oneof(fc.constant(0), fc.nat(80)) }).map(
    ({ packet, changes, cut }) => {
      const datagram = encodePacket(packet);
      for (const [at, value] of changes) if (at < datagram.length) datagram[at] = value;
      return datagram.subarray(0, Math.max(0, datagram.length - cut));
    },
  ),
);
