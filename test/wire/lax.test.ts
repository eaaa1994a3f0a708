/** Datagrams and segments that are cut off or lie: what is read of them, and where and why it ends. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DecodeError } from '../../src/wire/errors.ts';
import { ACK, SYN } from '../../src/wire/flags.ts';
import { decodeIcmpLax, type IcmpMessage } from '../../src/wire/icmp.ts';
import { decodeIpv4HeaderLax, ipv4Header } from '../../src/wire/ipv4.ts';
import { decodePacket, decodePacketLax, decodeSegmentLax, encodePacket, type LaxPacket, looksLikeIpv4 } from '../../src/wire/packet.ts';
import { tcpEncodedLength, tcpSegment, writeTcp } from '../../src/wire/tcp.ts';
import { bytes, datagramLike, packet, segment } from './arbitraries.ts';
import { hex } from './vectors/vector.ts';

const syn = hex(`4500003c 1c464000 4006 9c1b 0a4e0101 0a4e0102
  9c400050 00000001 00000000 a002faf0 1c3d0000 020405b4 0402080a 00000001 00000000 01030307`);

const stopped = ({ stopped }: LaxPacket) => stopped && { protocol: stopped.protocol, offset: stopped.offset, reason: stopped.reason };

describe('decodePacketLax', () => {
  it('reads what decodePacket reads', () => {
    fc.assert(
      fc.property(packet, (record) => {
        const encoded = encodePacket(record);
        expect(decodePacketLax(encoded)).toStrictEqual(decodePacket(encoded));
      }),
      { numRuns: 500 },
    );
  });

  it.each([
    [0, 'IPv4', 0, 'header cut off: 0 of at least 20 bytes'],
    [19, 'IPv4', 19, 'header cut off: 19 of at least 20 bytes'],
    [20, 'TCP', 20, 'header cut off: 0 of at least 20 bytes'],
    [39, 'TCP', 39, 'header cut off: 19 of at least 20 bytes'],
    [40, 'TCP', 40, 'header cut off: 20 of 40 bytes'],
    [59, 'TCP', 59, 'header cut off: 39 of 40 bytes'],
  ])('of %i bytes', (length, protocol, offset, reason) => {
    expect(stopped(decodePacketLax(syn.subarray(0, length)))).toEqual({ protocol, offset, reason });
  });

  it.each([
    ['the first', { moreFragments: true }],
    ['the last', { fragmentOffset: 3 }],
  ])('reads no header in a fragment: %s (RFC 791 §3.2)', (_which, place) => {
    const payload = syn.subarray(20);
    const read = decodePacketLax(encodePacket({ ip: ipv4Header({ source: 1, destination: 2, ...place }), payload }));
    expect(read).toMatchObject({ payload, ip: place });
    expect(read).not.toHaveProperty('tcp');
    expect(read.stopped).toBeUndefined();
  });

  it('gives the data that are there, of a datagram cut off among them', () => {
    const ip = ipv4Header({ source: 1, destination: 2 });
    const whole = encodePacket({ ip, tcp: tcpSegment({ sourcePort: 1, destinationPort: 2, payload: hex('0102030405') }) });
    const read = decodePacketLax(whole.subarray(0, 42));
    expect(read.tcp?.payload).toEqual(hex('0102'));
    expect(stopped(read)).toEqual({ protocol: 'IPv4', offset: 42, reason: 'datagram cut off: 42 of 45 bytes' });
  });

  it('reads every field that stands before the cut', () => {
    const whole = decodePacket(syn);
    for (let length = 0; length < syn.length; length++) {
      const { ip = {}, tcp = {} } = decodePacketLax(syn.subarray(0, length));
      const { options: _, payload: __, ...fields } = tcp;
      const { options: ___, ...header } = ip;
      expect(whole.ip).toMatchObject(header);
      expect(whole.tcp).toMatchObject(fields);
    }
    expect(Object.keys(decodePacketLax(syn.subarray(0, 20)).ip ?? {})).toHaveLength(14);
    expect(decodePacketLax(syn.subarray(0, 28)).tcp).toEqual({ sourcePort: 40_000, destinationPort: 80, seq: 1 });
  });

  it.each([
    ['a version that is not 4', '6500003c', { protocol: 'IPv4', offset: 4, reason: 'header cut off: 4 of at least 20 bytes' }, {}],
    [
      'a header length under five words',
      '44000028000000004006000000000001000000020001000200000000000000005002000000000000',
      { protocol: 'IPv4', offset: 0, reason: 'header length 16, less than 20' },
      { ihl: 4, protocol: 6, destination: 2 },
    ],
    [
      'a total length under the header',
      '45000010000000004006000000000001000000020001000200000000000000005002000000000000',
      { protocol: 'IPv4', offset: 2, reason: 'total length 16, less than the header' },
      { totalLength: 16 },
    ],
  ])('of %s', (_name, digits, wanted, header) => {
    const read = decodePacketLax(hex(digits));
    expect(stopped(read)).toEqual(wanted);
    expect(read.ip).toMatchObject(header);
  });

  it('tells where a data offset lies, counted from the first byte of the datagram', () => {
    const read = decodePacketLax(
      encodePacket({
        ip: ipv4Header({ source: 1, destination: 2 }),
        tcp: tcpSegment({ sourcePort: 7, destinationPort: 8, dataOffset: 3 }),
      }),
    );
    expect(stopped(read)).toEqual({ protocol: 'TCP', offset: 32, reason: 'data offset 3, less than 5' });
    expect(read.tcp).toMatchObject({ sourcePort: 7, destinationPort: 8, dataOffset: 3, urgent: 0 });
  });

  it('reads no further than the datagram goes by its own length, and keeps the rest', () => {
    const read = decodePacketLax(hex('450000190000000040060000000000010000000200010002000000000000000050020000'));
    expect(stopped(read)).toEqual({ protocol: 'TCP', offset: 25, reason: 'header cut off: 5 of at least 20 bytes' });
    expect(read.tcp).toEqual({ sourcePort: 1, destinationPort: 2 });
    expect(read.trailer).toEqual(hex('0000000000000050020000'));
  });

  it('stops where decodePacket throws, for the same reason', () => {
    fc.assert(
      fc.property(fc.oneof(bytes(0, 100), datagramLike), (some) => {
        const { stopped } = decodePacketLax(some);
        if (stopped === undefined) expect(decodePacketLax(some)).toStrictEqual(decodePacket(some));
        else expect(() => decodePacket(some)).toThrow(new DecodeError(stopped.protocol, stopped.offset, stopped.reason));
      }),
      { numRuns: 1000 },
    );
  });

  it('reads the first bytes of an ICMP message', () => {
    const ip = ipv4Header({ source: 1, destination: 2, protocol: 1 });
    const whole = encodePacket({ ip, icmp: { type: 3, code: 1, rest: 0, body: hex('45') } });
    expect(decodePacketLax(whole.subarray(0, 22))).toMatchObject({ icmp: { type: 3, code: 1 }, stopped: { protocol: 'ICMP', offset: 22 } });
    expect(decodePacketLax(whole.subarray(0, 28))).toMatchObject({
      icmp: { rest: 0, body: new Uint8Array(0) },
      stopped: { protocol: 'IPv4' },
    });
  });

  it('reads any bytes without a throw, and stops within them', () => {
    fc.assert(
      fc.property(fc.oneof(bytes(0, 100), datagramLike), (some) => {
        const { stopped } = decodePacketLax(some);
        if (stopped !== undefined) expect(stopped.offset).toBeLessThanOrEqual(some.length);
      }),
      { numRuns: 1000 },
    );
  });
});

it('decodeIpv4HeaderLax gives options as far as they go', () => {
  expect(decodeIpv4HeaderLax(hex('4700003c1c4640004006000000000001000000020102')).options).toEqual(hex('0102'));
});

it('decodeIcmpLax reads each field that is there', () => {
  const whole = hex('0301abcd0000000145');
  const fields: Partial<IcmpMessage> = { type: 3, code: 1, checksum: 0xabcd, rest: 1 };
  const needs = { type: 1, code: 2, checksum: 4, rest: 8 };
  for (let length = 0; length < 9; length++) {
    const { body, ...read } = decodeIcmpLax(whole.subarray(0, length));
    expect(read).toEqual(Object.fromEntries(Object.entries(fields).filter(([name]) => needs[name as keyof typeof needs] <= length)));
    expect(body).toEqual(length < 8 ? undefined : whole.subarray(8, length));
  }
});

describe('decodeSegmentLax', () => {
  it('reads a whole segment', () => {
    expect(decodeSegmentLax(syn.subarray(20))).toMatchObject({ tcp: { sourcePort: 40_000, seq: 1, flags: SYN } });
  });

  it('says where one is cut off', () => {
    expect(stopped(decodeSegmentLax(syn.subarray(20, 30)))).toEqual({
      protocol: 'TCP',
      offset: 10,
      reason: 'header cut off: 10 of at least 20 bytes',
    });
  });
});

describe('looksLikeIpv4', () => {
  it('knows a datagram, whole or cut off, even with a checksum that is wrong', () => {
    for (let length = 1; length <= syn.length; length++) expect(looksLikeIpv4(syn.subarray(0, length))).toBe(true);
    const unchecked = Uint8Array.from(syn).fill(0, 10, 12);
    expect(looksLikeIpv4(unchecked)).toBe(true);
  });

  it('knows a segment, even from a port that begins as an IPv4 header does', () => {
    fc.assert(
      fc.property(segment, fc.integer({ min: 0x4500, max: 0x4fff }), (record, sourcePort) => {
        const whole = { ...record, sourcePort, flags: record.flags | ACK };
        const encoded = new Uint8Array(tcpEncodedLength(whole));
        writeTcp({ ...whole, dataOffset: undefined }, encoded, 0, 0);
        // The second half of the destination port and the first of the sequence number would have to hit the length.
        fc.pre(((encoded[2] as number) << 8) + (encoded[3] as number) !== encoded.length);
        fc.pre(encoded.length >= ((sourcePort >> 8) & 15) * 4);
        expect(looksLikeIpv4(encoded)).toBe(false);
      }),
    );
  });

  it('takes nothing else for a datagram', () => {
    expect(looksLikeIpv4(hex(''))).toBe(false);
    expect(looksLikeIpv4(hex('6000000000'))).toBe(false);
    expect(looksLikeIpv4(hex('4400000000'))).toBe(false);
    expect(looksLikeIpv4(hex('9c400050'))).toBe(false);
  });
});
