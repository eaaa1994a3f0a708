/** What can't be encoded is refused by name, never wrapped or cut in silence. */
import { describe, expect, it } from 'vitest';
import { EncodeError } from '../../src/wire/errors.ts';
import type { IcmpMessage } from '../../src/wire/icmp.ts';
import { type Ipv4Header, ipv4Header } from '../../src/wire/ipv4.ts';
import { decodePacket, encodePacket, type Packet } from '../../src/wire/packet.ts';
import { type TcpSegment, tcpSegment } from '../../src/wire/tcp.ts';
import type { TcpOption } from '../../src/wire/tcp-options.ts';
import { A, B, hex, mss, NOP, sack } from './vectors/vector.ts';

const ip = (fields: Partial<Ipv4Header>): Packet => ({ ip: ipv4Header({ source: A, destination: B, ...fields }), payload: hex('') });
const tcp = (fields: Partial<TcpSegment>): Packet => ({
  ip: ipv4Header({ source: A, destination: B }),
  tcp: tcpSegment({ sourcePort: 1, destinationPort: 2, ...fields }),
});
const icmp = (fields: Partial<IcmpMessage>): Packet => ({
  ip: ipv4Header({ source: A, destination: B, protocol: 1 }),
  icmp: { type: 8, code: 0, rest: 0, body: hex(''), ...fields },
});
const option = (one: TcpOption): Packet => tcp({ options: [one] });

/** A field's name in the error, its largest value, and a datagram that has the value there. */
const fields: [string, number, (value: number) => Packet][] = [
  ['IPv4 header length', 15, (ihl) => ip({ ihl })],
  ['IPv4 type of service', 0xff, (tos) => ip({ tos })],
  ['IPv4 total length', 0xffff, (totalLength) => ip({ totalLength })],
  ['IPv4 identification', 0xffff, (id) => ip({ id })],
  ['IPv4 fragment offset', 0x1fff, (fragmentOffset) => ip({ fragmentOffset })],
  ['IPv4 time to live', 0xff, (ttl) => ip({ ttl })],
  ['IPv4 protocol', 0xff, (protocol) => ip({ protocol })],
  ['IPv4 checksum', 0xffff, (checksum) => ip({ checksum })],
  ['IPv4 source', 0xffffffff, (source) => ip({ source })],
  ['IPv4 destination', 0xffffffff, (destination) => ip({ destination })],
  ['TCP source port', 0xffff, (sourcePort) => tcp({ sourcePort })],
  ['TCP destination port', 0xffff, (destinationPort) => tcp({ destinationPort })],
  ['TCP sequence number', 0xffffffff, (seq) => tcp({ seq })],
  ['TCP acknowledgment number', 0xffffffff, (ack) => tcp({ ack })],
  ['TCP data offset', 15, (dataOffset) => tcp({ dataOffset })],
  ['TCP reserved bits', 7, (reserved) => tcp({ reserved })],
  ['TCP flags', 0x1ff, (flags) => tcp({ flags })],
  ['TCP window', 0xffff, (window) => tcp({ window })],
  ['TCP checksum', 0xffff, (checksum) => tcp({ checksum })],
  ['TCP urgent pointer', 0xffff, (urgent) => tcp({ urgent })],
  ['TCP option kind', 0xff, (kind) => option({ kind, name: 'unknown', data: hex('') })],
  ['TCP option length', 0xff, (length) => option({ kind: 99, name: 'unknown', data: hex(''), length })],
  ['TCP option mss', 0xffff, (value) => option(mss(value))],
  ['TCP option window scale', 0xff, (shift) => option({ kind: 3, name: 'window-scale', shift })],
  ['TCP option SACK', 0xffffffff, (left) => option(sack([left, 0]))],
  ['TCP option SACK', 0xffffffff, (right) => option(sack([0, right]))],
  ['TCP option timestamps', 0xffffffff, (value) => option({ kind: 8, name: 'timestamps', value, echoReply: 0 })],
  ['TCP option timestamps', 0xffffffff, (echoReply) => option({ kind: 8, name: 'timestamps', value: 0, echoReply })],
  ['TCP option user timeout', 0x7fff, (timeout) => option({ kind: 28, name: 'user-timeout', minutes: false, timeout })],
  ['ICMP type', 0xff, (type) => icmp({ type })],
  ['ICMP code', 0xff, (code) => icmp({ code })],
  ['ICMP rest of header', 0xffffffff, (rest) => icmp({ rest })],
  ['ICMP checksum', 0xffff, (checksum) => icmp({ checksum })],
];

describe('fields', () => {
  it.each(fields)('%s: 0 … %i and no other', (field, max, withValue) => {
    for (const value of [0, max]) expect(encodePacket(withValue(value))).toBeInstanceOf(Uint8Array);
    for (const value of [-1, max + 1, 2 ** 32, 2 ** 53, 0.5, Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(() => encodePacket(withValue(value))).toThrow(new EncodeError(field, `${value} is not a whole number in 0 … ${max}`));
    }
  });
});

describe('lengths', () => {
  it('refuses 41 bytes of TCP options', () => {
    expect(() => encodePacket(tcp({ options: Array.from({ length: 41 }, () => NOP) }))).toThrow(
      new EncodeError('TCP options', '41 bytes, 40 at most'),
    );
  });

  it('refuses 41 bytes of IP options', () => {
    expect(() => encodePacket(ip({ options: new Uint8Array(41) }))).toThrow(new EncodeError('IPv4 options', '41 bytes, 40 at most'));
  });

  it('refuses a datagram of 65,536 bytes, but for one whose total length is stated', () => {
    const payload = new Uint8Array(65536 - 40);
    expect(() => encodePacket(tcp({ payload }))).toThrow(new EncodeError('IPv4 total length', '65536 is not a whole number in 0 … 65535'));
    expect(encodePacket(tcp({ payload: payload.subarray(1) }))).toHaveLength(65535);
    const header = ipv4Header({ source: A, destination: B, totalLength: 0 });
    expect(encodePacket({ ip: header, tcp: tcpSegment({ sourcePort: 1, destinationPort: 2, payload }) })).toHaveLength(65536);
  });

  it('pads options to whole words with zeros', () => {
    const encoded = encodePacket({
      ...tcp({ options: [mss(1460), NOP] }),
      ip: ipv4Header({ source: A, destination: B, options: hex('01') }),
    });
    const { ip: header, tcp: segment } = decodePacket(encoded);
    expect(header).toMatchObject({ ihl: 6, options: hex('01000000') });
    expect(segment).toMatchObject({ dataOffset: 7, options: [mss(1460), NOP, { kind: 0, padding: hex('0000') }] });
  });
});

describe('decodePacket', () => {
  it.each([
    ['', 0, 'header cut off: 0 of at least 20 bytes'],
    ['6500002c 00004000 0106621b 0a570102 0a570202', 0, 'version 6, not 4'],
    ['4400002c 00004000 0106621b 0a570102 0a570202', 0, 'header length 16, less than 20'],
    ['4600002c 00004000 0106621b 0a570102 0a570202', 20, 'header cut off: 20 of 24 bytes'],
    ['45000013 00004000 01fd621b 0a570102 0a570202', 2, 'total length 19, less than the header'],
    ['45000015 00004000 01fd621b 0a570102 0a570202', 20, 'datagram cut off: 20 of 21 bytes'],
  ])('%j stops at %i', (digits, offset, reason) => {
    expect(() => decodePacket(hex(digits))).toThrow(expect.objectContaining({ name: 'DecodeError', protocol: 'IPv4', offset, reason }));
  });
});
