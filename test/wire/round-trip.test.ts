import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { internetChecksum } from '../../src/wire/checksum.ts';
import { DecodeError } from '../../src/wire/errors.ts';
import { fromHex, toHex } from '../../src/wire/hex.ts';
import { decodeIcmp, icmpEncodedLength, writeIcmp } from '../../src/wire/icmp.ts';
import { decodeIpv4Header, writeIpv4Header } from '../../src/wire/ipv4.ts';
import { decodePacket, encodePacket, type Packet, verifyIcmpChecksum, verifyTcpChecksum } from '../../src/wire/packet.ts';
import { decodeTcp, tcpEncodedLength, writeTcp } from '../../src/wire/tcp.ts';
import { decodeTcpOptions, tcpOptionsLength, writeTcpOptions } from '../../src/wire/tcp-options.ts';
import { bytes, datagramLike, icmpMessage, options, packet, segment } from './arbitraries.ts';

const RUNS = { numRuns: 1000 };

/** Where the bytes decode at all. */
function decoded<T>(decode: (bytes: Uint8Array) => T, from: Uint8Array): T | undefined {
  try {
    return decode(from);
  } catch (error) {
    if (error instanceof DecodeError) return undefined;
    throw error;
  }
}

describe('a record encodes to bytes that decode to the same record', () => {
  it('datagram', () => {
    fc.assert(
      fc.property(packet, (record) => {
        expect(decodePacket(encodePacket(record))).toStrictEqual(record);
      }),
      RUNS,
    );
  });

  it('segment', () => {
    fc.assert(
      fc.property(segment, (record) => {
        const encoded = new Uint8Array(tcpEncodedLength(record));
        writeTcp(record, encoded, 0, 0);
        expect(decodeTcp(encoded)).toStrictEqual(record);
      }),
      RUNS,
    );
  });

  it('TCP options', () => {
    fc.assert(
      fc.property(options, (list) => {
        const area = new Uint8Array(tcpOptionsLength(list));
        writeTcpOptions(list, area, 0);
        expect(decodeTcpOptions(area)).toStrictEqual(list);
      }),
      RUNS,
    );
  });

  it('ICMP message', () => {
    fc.assert(
      fc.property(icmpMessage, (record) => {
        const encoded = new Uint8Array(icmpEncodedLength(record));
        writeIcmp(record, encoded, 0);
        expect(decodeIcmp(encoded)).toStrictEqual(record);
      }),
    );
  });

  it('hex', () => {
    fc.assert(
      fc.property(bytes(0, 64), (some) => {
        expect(fromHex(toHex(some))).toStrictEqual(some);
      }),
    );
  });
});

describe('bytes that decode encode to themselves', () => {
  it('datagram', () => {
    let count = 0;
    fc.assert(
      fc.property(datagramLike, (some) => {
        const record = decoded(decodePacket, some);
        if (record === undefined) return;
        count += 1;
        expect(encodePacket(record)).toStrictEqual(Uint8Array.from(some));
      }),
      { numRuns: 2000 },
    );
    expect(count).toBeGreaterThan(250);
  });

  it('segment', () => {
    fc.assert(
      fc.property(bytes(20, 80), fc.integer({ min: 5, max: 15 }), (some, dataOffset) => {
        some[12] = (dataOffset << 4) | (some[12] & 0xf);
        const record = decoded(decodeTcp, some);
        if (record === undefined) return;
        const encoded = new Uint8Array(tcpEncodedLength(record));
        writeTcp(record, encoded, 0, 0);
        expect(encoded).toStrictEqual(some);
      }),
      RUNS,
    );
  });

  it('any option area', () => {
    fc.assert(
      fc.property(
        fc
          .integer({ min: 0, max: 10 })
          .chain((words) =>
            fc.array(fc.oneof(fc.integer({ min: 0, max: 34 }), fc.nat(255)), { minLength: 4 * words, maxLength: 4 * words }),
          ),
        (some) => {
          const area = Uint8Array.from(some);
          const list = decodeTcpOptions(area);
          const encoded = new Uint8Array(tcpOptionsLength(list));
          writeTcpOptions(list, encoded, 0);
          expect(encoded).toStrictEqual(area);
        },
      ),
      RUNS,
    );
  });

  it('IPv4 header', () => {
    fc.assert(
      fc.property(bytes(60), fc.integer({ min: 5, max: 15 }), (some, ihl) => {
        some[0] = 0x40 | ihl;
        const encoded = new Uint8Array(60);
        encoded.set(some.subarray(ihl * 4), ihl * 4);
        writeIpv4Header(decodeIpv4Header(some), encoded, 60);
        expect(encoded).toStrictEqual(some);
      }),
    );
  });
});

describe('what is left undefined is computed', () => {
  it('lengths and checksums of any datagram', () => {
    fc.assert(
      fc.property(packet, ({ ip, tcp, icmp, payload, trailer = new Uint8Array(0) }) => {
        const record: Packet = { ip: { ...ip, ihl: undefined, totalLength: undefined, checksum: undefined }, trailer };
        if (tcp) record.tcp = { ...tcp, dataOffset: undefined, checksum: undefined };
        if (icmp) record.icmp = { ...icmp, checksum: undefined };
        if (payload) record.payload = payload;
        const encoded = encodePacket(record);
        const back = decodePacket(encoded);
        expect(back.ip).toMatchObject({ ihl: ip.ihl, totalLength: encoded.length - trailer.length });
        expect(internetChecksum(encoded, 0, (back.ip.ihl as number) * 4)).toBe(0);
        expect(back.tcp?.dataOffset).toBe(tcp?.dataOffset);
        if (back.tcp) expect(verifyTcpChecksum(back.ip, encoded)).not.toBe('wrong');
        if (back.icmp) expect(verifyIcmpChecksum(back.ip, encoded)).toBe('correct');
      }),
      RUNS,
    );
  });
});
