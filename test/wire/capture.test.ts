/** Capture files: what the encoder writes is what the reader reads, in both byte orders, and damage is told and never more. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CaptureReader } from '../../src/wire/capture.ts';
import type { CapturedPacket } from '../../src/wire/capture-format.ts';
import { DecodeError } from '../../src/wire/errors.ts';
import { linkPayload } from '../../src/wire/link.ts';
import { type EnhancedPacket, PcapngEncoder } from '../../src/wire/pcapng.ts';
import { bytes } from './arbitraries.ts';

const join = (...parts: (Uint8Array | readonly number[])[]): Uint8Array => Uint8Array.from(parts.flatMap((part) => [...part]));

/** Reads all of a file that comes in pieces of a size. @returns the packets before the damage, and the damage */
function readAll(file: Uint8Array, pieceLength = file.length): { packets: CapturedPacket[]; error: unknown; reader: CaptureReader } {
  const reader = new CaptureReader();
  const packets: CapturedPacket[] = [];
  try {
    for (let at = 0; at < file.length; at += pieceLength) {
      reader.push(file.slice(at, at + pieceLength));
      for (let packet = reader.next(); packet !== undefined; packet = reader.next()) packets.push(packet);
    }
    reader.end();
  } catch (error) {
    return { packets, error, reader };
  }
  return { packets, error: undefined, reader };
}

const words = (littleEndian: boolean, ...values: number[]): Uint8Array => {
  const view = new DataView(new ArrayBuffer(values.length * 4));
  values.forEach((value, i) => {
    view.setUint32(i * 4, value, littleEndian);
  });
  return new Uint8Array(view.buffer);
};

/** A pcap file with one packet: 1,700,000,000 s and 5 units. */
const pcap = (magic: number, littleEndian: boolean, linkType: number, packet: Uint8Array): Uint8Array =>
  join(
    words(littleEndian, magic),
    words(littleEndian, littleEndian ? 0x00040002 : 0x00020004, 0, 0, 65_535, linkType),
    words(littleEndian, 1_700_000_000, 5, packet.length, packet.length + 100),
    packet,
  );

const block = (littleEndian: boolean, type: number, ...body: (Uint8Array | readonly number[])[]): Uint8Array => {
  const content = join(...body);
  const length = 12 + content.length;
  return join(words(littleEndian, type, length), content, words(littleEndian, length));
};

const PACKET = Uint8Array.of(0x45, 0, 0, 20, 1, 2, 3, 4);
const ORDERS = [true, false];

describe('pcap', () => {
  it.each(ORDERS)('of microseconds, little-endian %s', (littleEndian) => {
    const { packets, error } = readAll(pcap(0xa1b2c3d4, littleEndian, 101, PACKET));
    expect(error).toBeUndefined();
    expect(packets).toEqual([{ timeNs: 1_700_000_000_000_005_000n, linkType: 101, bytes: PACKET, originalLength: 108 }]);
  });

  it.each(ORDERS)('of nanoseconds, little-endian %s', (littleEndian) => {
    const { packets } = readAll(pcap(0xa1b23c4d, littleEndian, 1, PACKET));
    expect(packets[0]?.timeNs).toBe(1_700_000_000_000_000_005n);
  });

  it('with a link type that tells of frame checksums', () => {
    expect(readAll(pcap(0xa1b2c3d4, true, 0x54000001, PACKET)).packets[0]?.linkType).toBe(1);
  });

  it('with a length that lies: no memory is taken for it', () => {
    const file = pcap(0xa1b2c3d4, true, 1, PACKET);
    new DataView(file.buffer).setUint32(24 + 8, 0xffffffff, true);
    expect(readAll(file).error).toEqual(new DecodeError('pcap', 32, 'damaged: a packet of 4294967295 bytes'));
  });
});

describe('pcapng by hand', () => {
  const section = (littleEndian: boolean) =>
    block(littleEndian, 0x0a0d0d0a, words(littleEndian, 0x1a2b3c4d, littleEndian ? 1 : 0x10000, ~0, ~0));
  /** @param options code, value: each filled up to 32 bits */
  const description = (littleEndian: boolean, linkType: number, ...options: [code: number, value: number[]][]) => {
    const two = (a: number, b: number) => (littleEndian ? [a & 255, a >> 8, b & 255, b >> 8] : [a >> 8, a & 255, b >> 8, b & 255]);
    const filled = options.flatMap(([code, value]) => [...two(code, value.length), ...value, ...Array(-value.length & 3).fill(0)]);
    return block(littleEndian, 1, two(linkType, 0), words(littleEndian, 0), filled, options.length > 0 ? [0, 0, 0, 0] : []);
  };
  const packet = (littleEndian: boolean, id: number, ticks: bigint) =>
    block(
      littleEndian,
      6,
      words(littleEndian, id, Number(ticks >> 32n), Number(ticks & 0xffffffffn), PACKET.length, PACKET.length),
      PACKET,
    );

  it.each(ORDERS)('time stamps by resolution and offset, little-endian %s', (le) => {
    const offset = le ? [100, 0, 0, 0, 0, 0, 0, 0] : [0, 0, 0, 0, 0, 0, 0, 100];
    const file = join(
      section(le),
      description(le, 1),
      description(le, 101, [9, [9]]),
      description(le, 101, [9, [3]], [14, offset]),
      description(le, 101, [9, [0x80 | 10]]),
      description(le, 101, [9, [12]]),
      ...[7n, 7n, 7n, 2048n, 7_000_000n].map((ticks, i) => packet(le, i, ticks)),
    );
    const { packets, error } = readAll(file);
    expect(error).toBeUndefined();
    expect(packets.map(({ timeNs }) => timeNs)).toEqual([7000n, 7n, 100_007_000_000n, 2_000_000_000n, 7000n]);
    expect(packets.map(({ linkType }) => linkType)).toEqual([1, 101, 101, 101, 101]);
  });

  it.each(ORDERS)('simple and obsolete packets, unknown blocks and a second section, little-endian %s', (le) => {
    const file = join(
      section(!le),
      description(!le, 113),
      section(le),
      description(le, 101),
      block(le, 0xbad, words(le, 1, 2, 3)),
      block(le, 3, words(le, PACKET.length), PACKET),
      block(le, 2, [0, 0, 0xff, 0xff], words(le, 0, 9, PACKET.length, 60), PACKET),
    );
    const { packets, error } = readAll(file);
    expect(error).toBeUndefined();
    expect(packets).toEqual([
      { timeNs: undefined, linkType: 101, bytes: PACKET, originalLength: PACKET.length },
      { timeNs: 9000n, linkType: 101, bytes: PACKET, originalLength: 60 },
    ]);
  });

  it('a direction by flags of four bytes, and by nothing else', () => {
    const withOption = (code: number, value: number[]) =>
      block(
        true,
        6,
        words(true, 0, 0, 0, PACKET.length, PACKET.length),
        PACKET,
        [code, 0, value.length, 0, ...value, ...Array(-value.length & 3).fill(0)],
        [0, 0, 0, 0],
      );
    const file = join(
      section(true),
      description(true, 101),
      withOption(2, [1, 0, 0, 0]),
      withOption(2, [2, 0, 0, 0]),
      withOption(2, [1, 0]),
      withOption(6, [1, 0, 0, 0]),
    );
    const { packets, error } = readAll(file);
    expect(error).toBeUndefined();
    expect(packets.map(({ direction }) => direction)).toEqual(['inbound', 'outbound', undefined, undefined]);
  });

  it.each([
    ['a packet of an interface that is not described', join(section(true), packet(true, 0, 0n)), /interface 0, which is not described/],
    ['a block that is longer than any', join(section(true), words(true, 6, 1 << 30, 0)), /a block of 1073741824 bytes/],
    ['a block that ends otherwise than it began', join(section(true), words(true, 5, 12, 16)), /says 16 at its end/],
    [
      'a time that no calendar has',
      join(section(true), description(true, 101), packet(true, 0, 2n ** 64n - 1n)),
      /a time stamp that no calendar has/,
    ],
    ['a section of neither byte order', block(true, 0x0a0d0d0a, words(true, 1, 1, 0, 0)), /byte-order magic/],
  ])('%s is damage', (_name, file, reason) => {
    const { error } = readAll(file);
    expect(error).toBeInstanceOf(DecodeError);
    expect((error as DecodeError).reason).toMatch(reason);
  });
});

describe('what is written', () => {
  /** The options of a block: code and value, up to the end of options. */
  const optionsOf = (bytes: Uint8Array, at: number): [number, string][] => {
    const view = new DataView(bytes.buffer, bytes.byteOffset);
    const options: [number, string][] = [];
    for (let code = view.getUint16(at, true); code !== 0; code = view.getUint16(at, true)) {
      const length = view.getUint16(at + 2, true);
      options.push([code, Buffer.from(bytes.subarray(at + 4, at + 4 + length)).toString('latin1')]);
      at += 4 + Math.ceil(length / 4) * 4;
    }
    return options;
  };
  const encoder = new PcapngEncoder();

  // draft-ietf-opsawg-pcapng §3.5, §4.1, §4.2, §4.3, §4.6: shb_userappl, if_name, if_tsresol, epb_flags, isb_ifdrop, opt_comment.
  it.each<[string, Uint8Array, number, [number, string][]]>([
    [
      'section header',
      encoder.sectionHeader({ application: 'us', comment: 'why' }),
      24,
      [
        [4, 'us'],
        [1, 'why'],
      ],
    ],
    [
      'interface description',
      encoder.interfaceDescription({ linkType: 101, name: 'eth0' }),
      16,
      [
        [2, 'eth0'],
        [9, '\x09'],
      ],
    ],
    [
      'enhanced packet',
      encoder.enhancedPacket({ interfaceId: 0, timeNs: 1n, bytes: new Uint8Array(5), direction: 'outbound', comment: 'c' }),
      36,
      [
        [1, 'c'],
        [2, '\x02\0\0\0'],
      ],
    ],
    ['interface statistics', encoder.interfaceStatistics({ interfaceId: 0, timeNs: 1n, dropped: 7 }), 20, [[5, '\x07\0\0\0\0\0\0\0']]],
  ])('has the options that others look for: %s', (_block, bytes, at, options) => {
    expect(optionsOf(bytes, at)).toEqual(options);
  });
});

const enhancedPacket = fc.record<Omit<EnhancedPacket, 'interfaceId'>>({
  timeNs: fc.bigInt({ min: 0n, max: 2n ** 63n }),
  bytes: bytes(0, 100),
  originalLength: fc.integer({ min: 0, max: 0xffffffff }),
  direction: fc.constantFrom('inbound', 'outbound', undefined),
  comment: fc.oneof(fc.string({ unit: 'grapheme', minLength: 1 }), fc.constant(undefined)),
});

/** A file as the encoder writes it, whole in each of its blocks. */
function write(encoder: PcapngEncoder, packets: readonly Omit<EnhancedPacket, 'interfaceId'>[]): Uint8Array[] {
  return [
    encoder.sectionHeader({ application: 'rawshake', comment: 'rawshake connect ' }),
    encoder.interfaceDescription({ linkType: 101, name: 'lo' }),
    ...packets.map((packet) => encoder.enhancedPacket({ interfaceId: 0, ...packet })),
    encoder.interfaceStatistics({ interfaceId: 0, timeNs: 1n, dropped: 3 }),
  ];
}

describe('what the encoder writes', () => {
  it('is read back, in either byte order and in pieces of any size', () => {
    fc.assert(
      fc.property(
        fc.boolean(),
        fc.array(enhancedPacket, { maxLength: 5 }),
        fc.integer({ min: 1, max: 200 }),
        (littleEndian, packets, size) => {
          const read = readAll(join(...write(new PcapngEncoder(littleEndian), packets)), size);
          expect(read.error).toBeUndefined();
          expect(read.reader.dropped).toBe(3);
          expect(read.packets).toEqual(
            packets.map(({ timeNs, bytes, originalLength, direction, comment }) => ({
              timeNs,
              linkType: 101,
              bytes,
              originalLength,
              ...(direction && { direction }),
              ...(comment && { comments: [comment] }),
            })),
          );
        },
      ),
    );
  });

  it('a comment longer than an option is cut between characters', () => {
    const [, , packet] = write(new PcapngEncoder(), [{ timeNs: 0n, bytes: PACKET, comment: '→'.repeat(30_000) }]);
    const { packets } = readAll(join(...write(new PcapngEncoder(), []).slice(0, 2), packet as Uint8Array));
    expect(packets[0]?.comments).toEqual(['→'.repeat(21_845)]);
  });
});

describe('a damaged file', () => {
  const packets = [1n, 2n, 3n].map((timeNs) => ({
    timeNs,
    bytes: PACKET,
    direction: 'inbound' as const,
    comment: 'SYN-SENT → ESTABLISHED',
  }));
  const files: [string, Uint8Array][] = [
    ['pcapng, little-endian', join(...write(new PcapngEncoder(true), packets))],
    ['pcapng, big-endian', join(...write(new PcapngEncoder(false), packets))],
    ['pcap', join(pcap(0xa1b2c3d4, true, 101, PACKET), words(true, 1, 2, PACKET.length, PACKET.length), PACKET)],
    ['modified pcap', join(pcap(0xa1b2cd34, false, 101, PACKET).subarray(0, 40), words(false, 1, 0x08000000), PACKET)],
  ];

  it.each(files)('%s: cut anywhere, what came before is read', (_name, file) => {
    const whole = readAll(file);
    expect(whole.error).toBeUndefined();
    expect(whole.packets.length).toBeGreaterThan(0);
    for (let length = 0; length < file.length; length++) {
      const { packets: some, error } = readAll(file.subarray(0, length));
      expect(some).toEqual(whole.packets.slice(0, some.length));
      if (error !== undefined) expect(error).toBeInstanceOf(DecodeError);
    }
  });

  it.each(files)('%s: with any byte flipped, is read or is damage', (_name, file) => {
    for (let at = 0; at < file.length; at++) {
      for (const mask of [0xff, 0x01, 0x80]) {
        const flipped = file.slice();
        flipped[at] = (flipped[at] as number) ^ mask;
        const { error } = readAll(flipped);
        if (error !== undefined) expect(error, `byte ${at} ^ ${mask}`).toBeInstanceOf(DecodeError);
      }
    }
  });

  it.each([
    ['gzip', [0x1f, 0x8b, 8, 0], /compressed by gzip/],
    ['text', [0x68, 0x65, 0x6c, 0x6c, 0x6f], /not a capture file/],
    ['a few bytes', [0x0a, 0x0d], /not a capture file/],
    ['nothing', [], /an empty file/],
  ])('%s is named', (_name, file, reason) => {
    expect((readAll(Uint8Array.from(file), 8).error as DecodeError).reason).toMatch(reason);
  });
});

describe('links', () => {
  const datagram = Uint8Array.of(0x45, 1, 2, 3);
  const zeros = (n: number): number[] => Array(n).fill(0);

  it.each<[string, number, number[], boolean | undefined]>([
    ['Ethernet', 1, [...zeros(12), 8, 0], undefined],
    ['Ethernet with a VLAN tag', 1, [...zeros(12), 0x81, 0, 0, 7, 8, 0], undefined],
    ['Ethernet with two tags', 1, [...zeros(12), 0x88, 0xa8, 0, 1, 0x81, 0, 0, 7, 8, 0], undefined],
    ['raw (12)', 12, [], undefined],
    ['raw (14)', 14, [], undefined],
    ['raw (101)', 101, [], undefined],
    ['IPv4', 228, [], undefined],
    ['cooked, sent', 113, [0, 4, ...zeros(12), 8, 0], true],
    ['cooked, received', 113, [0, 0, ...zeros(12), 8, 0], false],
    ['cooked 2, sent', 276, [8, 0, ...zeros(8), 4, ...zeros(9)], true],
    ['cooked 2, received', 276, [8, 0, ...zeros(18)], false],
    ['NULL of a little-endian machine', 0, [2, 0, 0, 0], undefined],
    ['NULL of a big-endian machine', 0, [0, 0, 0, 2], undefined],
    ['LOOP', 108, [0, 0, 0, 2], undefined],
  ])('%s', (_name, linkType, header, outgoing) => {
    const frame = Uint8Array.from([...header, ...datagram]);
    expect(linkPayload(linkType, frame)).toEqual({ type: 'ipv4', datagram, ...(outgoing !== undefined && { outgoing }) });
    for (let length = 0; length < header.length; length++) expect(linkPayload(linkType, frame.subarray(0, length))?.type).not.toBe('ipv4');
  });

  it('tells what is not IPv4', () => {
    expect(linkPayload(1, Uint8Array.from([...zeros(12), 0x86, 0xdd, 0x60]))).toEqual({ type: 'ipv6' });
    expect(linkPayload(1, Uint8Array.from([...zeros(12), 8, 6]))).toEqual({ type: 'other' });
    expect(linkPayload(101, Uint8Array.of(0x60))).toEqual({ type: 'ipv6' });
    expect(linkPayload(0, Uint8Array.of(30, 0, 0, 0, 0x60))).toEqual({ type: 'ipv6' });
    expect(linkPayload(147, datagram)).toBeUndefined();
  });
});
