import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeIpv4Options, type Ipv4Option, recordRoute, timestampOption } from '../../src/wire/ipv4-options.ts';
import { decodePacket, encodePacket, verifyTcpChecksum } from '../../src/wire/packet.ts';
import { bytes } from './arbitraries.ts';
import { hex } from './vectors/vector.ts';

describe('decodeIpv4Options', () => {
  it.each<[string, string, Ipv4Option[]]>([
    ['nothing', '', []],
    [
      'no-operation and end of list',
      '01 00 0000',
      [
        { kind: 1, name: 'nop' },
        { kind: 0, name: 'end', padding: hex('0000') },
      ],
    ],
    // tcpdump: options (RR 10.78.1.2, 0.0.0.0,EOL)
    [
      'a record route',
      '070b08 0a4e0102 00000000 00',
      [
        { kind: 7, name: 'record-route', pointer: 8, addresses: [0x0a4e0102, 0] },
        { kind: 0, name: 'end', padding: hex('') },
      ],
    ],
    // tcpdump: options (LSRR 10.0.0.1), options (SSRR 10.0.0.1)
    ['a loose source route', '830704 0a000001', [{ kind: 131, name: 'loose-source-route', pointer: 4, addresses: [0x0a000001] }]],
    ['a strict source route', '890704 0a000001', [{ kind: 137, name: 'strict-source-route', pointer: 4, addresses: [0x0a000001] }]],
    // tcpdump: options (timestamp TS{TSONLY 69626666@ ^ 0@ [1 hops not recorded]})
    [
      'a timestamp',
      '440c0910 04266b2a 00000000',
      [{ kind: 68, name: 'timestamp', pointer: 9, overflow: 1, flag: 0, words: [0x04266b2a, 0] }],
    ],
    // tcpdump: options (RA)
    ['a router alert', '94040000', [{ kind: 148, name: 'router-alert', value: 0 }]],
    ['a stream identifier, which has no name here', '8804abcd', [{ kind: 136, name: 'unknown', data: hex('abcd') }]],
    ['a record route of an odd length', '070604 0a0000', [{ kind: 7, name: 'unknown', data: hex('040a0000') }]],
    ['a length of one', '0701', [{ kind: 7, name: 'malformed', bytes: hex('0701') }]],
    [
      'a length past the end',
      '0107ff00',
      [
        { kind: 1, name: 'nop' },
        { kind: 7, name: 'malformed', bytes: hex('07ff00') },
      ],
    ],
    ['a kind without its length', '07', [{ kind: 7, name: 'malformed', bytes: hex('07') }]],
  ])('reads %s', (_name, digits, options) => {
    expect(decodeIpv4Options(hex(digits))).toEqual(options);
  });

  it('reads any bytes without a throw', () => {
    fc.assert(
      fc.property(bytes(0, 40), (area) => {
        expect(decodeIpv4Options(area).length).toBeLessThanOrEqual(area.length);
      }),
      { numRuns: 1000 },
    );
  });
});

it('the options made by name fill the area and are read as what they are', () => {
  expect(recordRoute()).toHaveLength(40);
  expect(decodeIpv4Options(recordRoute())).toEqual([
    { kind: 1, name: 'nop' },
    { kind: 7, name: 'record-route', pointer: 4, addresses: Array(9).fill(0) },
  ]);
  expect(timestampOption()).toHaveLength(40);
  expect(decodeIpv4Options(timestampOption())).toEqual([
    { kind: 68, name: 'timestamp', pointer: 5, overflow: 0, flag: 0, words: Array(9).fill(0) },
  ]);
});

describe('the checksum of a segment on a source route covers where it goes in the end', () => {
  // Made by scapy; of the last, whose route is at its end, tshark says that scapy was wrong.
  it.each([
    ['loose', '48000034000000004006cba20a0000010a000002830b040a0000080a000009009c40005000000001000000005002faf004570000', 'correct'],
    ['strict', '47000030000000004006ceb40a0000010a0000028907040a000009009c40005000000001000000005002faf004570000', 'correct'],
    ['at its end', '48000034000000004006c3a20a0000010a000002830b0c0a0000080a000009009c40005000000001000000005002faf004570000', 'wrong'],
  ])('%s', (_name, digits, verdict) => {
    const datagram = hex(digits);
    const { ip, tcp } = decodePacket(datagram);
    expect(verifyTcpChecksum(ip, datagram)).toBe(verdict);
    if (tcp === undefined) throw new Error('no TCP');
    const again = encodePacket({ ip, tcp: { ...tcp, checksum: undefined } });
    expect(verifyTcpChecksum(ip, again)).toBe('correct');
    if (verdict === 'correct') expect(again).toEqual(datagram);
  });
});
