import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../src/net/random.ts';
import { copyId, craft, datagramOf, drawNumbers, piecesOf, type SegmentNumbers, type SegmentSpec } from '../../src/probe/segment-spec.ts';
import { ACK, FIN, PSH, RST, SYN } from '../../src/wire/flags.ts';
import { decodePacket, verifyIpv4Checksum, verifyTcpChecksum } from '../../src/wire/packet.ts';
import type { TcpOption } from '../../src/wire/tcp-options.ts';
import { byte, bytes, options, u16, u32 } from '../wire/arbitraries.ts';
import { hex } from '../wire/vectors/vector.ts';

const FLOW = { source: 0x0a000001, sourcePort: 40_000, destination: 0x0a000002, destinationPort: 80 };
const NUMBERS: SegmentNumbers = { seq: 0xfffffff0, ack: 7, ipId: 0x1234, timestamp: 1000, mss: 1460 };

/** The datagram of a spec, decoded again. */
function packetOf(spec: SegmentSpec) {
  const crafted = craft(spec, FLOW, NUMBERS);
  const datagram = datagramOf(crafted, copyId(spec, NUMBERS, 0));
  const { ip, tcp } = decodePacket(datagram);
  if (tcp === undefined) throw new Error('no TCP');
  return { ip, tcp, datagram, crafted };
}

describe('what is left open is as a Linux host would send it', () => {
  it('a SYN', () => {
    const { ip, tcp, datagram } = packetOf({});
    expect(ip).toMatchObject({
      tos: 0,
      id: 0x1234,
      ttl: 64,
      dontFragment: true,
      moreFragments: false,
      reservedBit: false,
      fragmentOffset: 0,
    });
    expect(tcp).toMatchObject({
      sourcePort: 40_000,
      destinationPort: 80,
      seq: 0xfffffff0,
      ack: 0,
      flags: SYN,
      window: 64_240,
      urgent: 0,
      reserved: 0,
    });
    expect(tcp.options.map(({ name }) => name)).toEqual(['mss', 'sack-permitted', 'timestamps', 'nop', 'window-scale']);
    expect(tcp.options[0]).toMatchObject({ mss: 1460 });
    expect(tcp.options[2]).toMatchObject({ value: 1000, echoReply: 0 });
    expect(verifyTcpChecksum(ip, datagram)).toBe('correct');
    expect(verifyIpv4Checksum(datagram)).toBe('correct');
  });

  it.each<[string, SegmentSpec, object]>([
    ['a SYN+ACK', { flags: SYN | ACK }, { ack: 7, window: 64_240, options: expect.objectContaining({ length: 5 }) }],
    ['an ACK', { flags: ACK }, { ack: 7, window: 502, options: [] }],
    ['a FIN', { flags: FIN }, { ack: 0, window: 502, options: [] }],
    ['a RST', { flags: RST }, { ack: 0, window: 0, options: [] }],
  ])('%s', (_name, spec, fields) => expect(packetOf(spec).tcp).toMatchObject(fields));

  it.each<[SegmentSpec]>([[{ moreFragments: true }], [{ fragmentOffset: 1 }], [{ fragmentBytes: 8 }]])(
    'DF is not set in a fragment: %j',
    (spec) => {
      expect(craft(spec, FLOW, NUMBERS).ip.dontFragment).toBe(false);
      expect(craft({ ...spec, dontFragment: true }, FLOW, NUMBERS).ip.dontFragment).toBe(true);
    },
  );
});

it('what is asked for is sent as it is', () => {
  const spec = fc.record({
    flags: fc.nat(0x1ff),
    seq: u32,
    ack: u32,
    window: u16,
    urgent: u16,
    reserved: fc.nat(7),
    ttl: byte,
    tos: byte,
    ipId: u16,
    dontFragment: fc.boolean(),
    evil: fc.boolean(),
    payload: bytes(0, 64),
    options,
  });
  fc.assert(
    fc.property(spec, (asked) => {
      const { ip, tcp, datagram } = packetOf({ ...asked, namedOptions: { preset: 'none' } });
      const { ttl, tos, ipId, dontFragment, evil, ...fields } = asked;
      expect(tcp).toMatchObject(fields);
      expect(ip).toMatchObject({ ttl, tos, id: ipId, dontFragment, reservedBit: evil });
      expect(verifyTcpChecksum(ip, datagram)).toBe('correct');
    }),
  );
});

describe('options', () => {
  it('named ones first, then the raw ones in order, duplicates and garbage after the end included', () => {
    const raw: TcpOption[] = [
      { kind: 2, name: 'mss', mss: 1 },
      { kind: 2, name: 'mss', mss: 2 },
      { kind: 0, name: 'end', padding: hex('dead') },
      { kind: 253, name: 'unknown', data: hex('07'), length: 9 },
    ];
    const { segment } = craft({ namedOptions: { preset: 'none', windowScale: 200 }, options: raw }, FLOW, NUMBERS);
    expect(segment.subarray(20)).toEqual(hex('01 0303c8 02040001 02040002 00dead fd0907 0000'));
  });

  it('a preset may be put on any segment', () => {
    expect(packetOf({ flags: PSH | ACK, namedOptions: { preset: 'windows' } }).tcp.options.map(({ name }) => name)).toContain(
      'sack-permitted',
    );
  });
});

describe('checksum', () => {
  it('wrong is neither right nor what passes for offloaded', () => {
    fc.assert(
      fc.property(u32, u32, bytes(0, 40), (seq, ack, payload) => {
        const { ip, datagram } = packetOf({ seq, ack, payload, checksum: 'wrong' });
        expect(verifyTcpChecksum(ip, datagram)).toBe('wrong');
      }),
    );
  });

  it('a value is sent as it is', () => expect(packetOf({ checksum: 0xbeef }).tcp.checksum).toBe(0xbeef));
  it('stands in the record that is told of', () => {
    for (const checksum of [undefined, 'wrong', 0xbeef] as const) {
      const { tcp, crafted } = packetOf({ checksum });
      expect(crafted.tcp.checksum).toBe(tcp.checksum);
    }
  });
});

describe('a data offset of our own', () => {
  it.each([0, 5, 15])('%i leaves the bytes as they are', (dataOffset) => {
    const { segment, tcp } = craft({ dataOffset, payload: hex('616263') }, FLOW, NUMBERS);
    expect(segment).toHaveLength(43);
    expect((segment[12] as number) >> 4).toBe(dataOffset);
    // We know what we sent, however it will be read.
    expect(tcp).toMatchObject({ dataOffset, payload: hex('616263') });
  });
});

describe('a segment given as bytes', () => {
  const syn = hex('9c400050 00000001 00000000 5002faf0 00000000');

  it('gets its checksum, and is told of as what it is', () => {
    const { ip, tcp, datagram } = packetOf({ bytes: syn });
    expect(verifyTcpChecksum(ip, datagram)).toBe('correct');
    expect({ ...tcp, checksum: 0 }).toMatchObject({ sourcePort: 40_000, seq: 1, flags: SYN, window: 64_240 });
    expect(datagram.subarray(20, 36)).toEqual(syn.subarray(0, 16));
  });

  it('keeps the checksum that it has where it is told to', () => {
    expect(packetOf({ bytes: hex('9c400050 00000001 00000000 5002faf0 beef0000'), checksum: 'keep' }).tcp.checksum).toBe(0xbeef);
  });

  it('may be shorter than a header', () => {
    const { segment, tcp } = craft({ bytes: hex('9c4000500000') }, FLOW, NUMBERS);
    expect(segment).toEqual(hex('9c4000500000'));
    expect(tcp).toMatchObject({ sourcePort: 40_000, destinationPort: 80, seq: 0, flags: 0 });
    expect(() => craft({ bytes: hex('9c4000500000'), checksum: 'wrong' }, FLOW, NUMBERS)).toThrow(
      'TCP checksum: the segment ends before it',
    );
  });

  it('is not changed in place', () => {
    craft({ bytes: syn }, FLOW, NUMBERS);
    expect(syn.subarray(16)).toEqual(hex('00000000'));
  });
});

it('IPv4 options are padded to whole words with end-of-list', () => {
  expect(packetOf({ ipOptions: hex('94040000 01') }).ip).toMatchObject({ ihl: 7, options: hex('94040000 01000000') });
});

it('fragments carry the whole segment', () => {
  const spec = { fragmentBytes: 16, payload: hex('00'.repeat(100)) };
  const crafted = craft(spec, FLOW, NUMBERS);
  const pieces = piecesOf(datagramOf(crafted, 9), spec);
  expect(Buffer.concat(pieces.map((piece) => piece.subarray(20)))).toEqual(Buffer.from(crafted.segment));
  expect(pieces).toHaveLength(9);
});

it.each<[string, SegmentSpec, string]>([
  [
    '41 bytes of options',
    { options: [{ kind: 253, name: 'unknown', data: new Uint8Array(39) }], namedOptions: { preset: 'none' } },
    'TCP options: 41 bytes',
  ],
  ['41 bytes of IPv4 options', { ipOptions: new Uint8Array(41) }, 'IPv4 options: 41 bytes, 40 at most'],
  ['a window of 70,000', { window: 70_000 }, 'TCP window: 70000'],
  ['65,500 bytes of data', { payload: new Uint8Array(65_500) }, 'IPv4 total length'],
])('refuses %s', (_name, spec, message) => {
  expect(() => packetOf(spec)).toThrow(message);
});

describe('numbers', () => {
  it('are the same again for a seed', () => {
    const draw = () => {
      const random = seededRandom(5);
      return drawNumbers(random, 1500, () => random.uint32());
    };
    expect(draw()).toEqual(draw());
    expect(draw().ipId).toBeGreaterThan(0);
  });

  it('the identification goes up by one a copy, and over the zero that the kernel would replace', () => {
    expect([0, 1, 2].map((copy) => copyId({}, { ...NUMBERS, ipId: 0xfffe }, copy))).toEqual([0xfffe, 0xffff, 1]);
    expect([0, 1].map((copy) => copyId({ ipId: 0 }, NUMBERS, copy))).toEqual([0, 0]);
  });
});
