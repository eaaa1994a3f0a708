import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DecodeError } from '../../src/wire/errors.ts';
import { formatPacket } from '../../src/wire/format.ts';
import { fromHex } from '../../src/wire/hex.ts';
import { decodeIcmp, readIcmpError } from '../../src/wire/icmp.ts';
import { decodeIpv4Header } from '../../src/wire/ipv4.ts';
import { decodePacket, verifyIcmpChecksum, verifyTcpChecksum } from '../../src/wire/packet.ts';
import { decodeTcp, decodeTcpLax } from '../../src/wire/tcp.ts';
import { decodeTcpOptions } from '../../src/wire/tcp-options.ts';
import { bytes, datagramLike } from './arbitraries.ts';

/** Every decoder, and all that interprets what one has read. */
const decoders: Record<string, (bytes: Uint8Array) => unknown> = {
  decodePacket,
  'decodePacket and formatPacket': (some) => formatPacket(decodePacket(some)),
  decodeIpv4Header,
  decodeTcp,
  decodeTcpLax,
  decodeTcpOptions,
  decodeIcmp,
  'decodeIcmp and readIcmpError': (some) => readIcmpError(decodeIcmp(some)),
  'decodeIpv4Header and verifyTcpChecksum': (some) => verifyTcpChecksum(decodeIpv4Header(some), some),
  'decodeIpv4Header and verifyIcmpChecksum': (some) => verifyIcmpChecksum(decodeIpv4Header(some), some),
};
/** Those that read as far as they can. */
const lax = new Set(['decodeTcpLax', 'decodeTcpOptions']);

/** What a decoder makes of the bytes: a value, or where and why it stopped. */
function outcome(decode: (bytes: Uint8Array) => unknown, some: Uint8Array): unknown {
  try {
    return { value: decode(some) };
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    expect(error.offset).toBeGreaterThanOrEqual(0);
    expect(error.offset).toBeLessThanOrEqual(some.length);
    return { protocol: error.protocol, offset: error.offset, reason: error.reason };
  }
}

/** The bytes in the middle of a larger buffer that is full of something else. */
function surrounded(some: Uint8Array, by: number): Uint8Array {
  const buffer = new Uint8Array(some.length + 80).fill(by);
  buffer.set(some, 13);
  return buffer.subarray(13, 13 + some.length);
}

describe.each(Object.entries(decoders))('%s', (name, decode) => {
  /** Bytes that begin where the decoder begins: a datagram, or what stands behind a header of 20 bytes. */
  const input = /decodePacket|Ipv4/.test(name)
    ? datagramLike
    : fc.oneof(
        bytes(0, 200),
        datagramLike.map((some) => some.subarray(20)),
      );

  it('throws nothing but a DecodeError, and does not look past either end', () => {
    fc.assert(
      fc.property(input, (some) => {
        const alone = outcome(decode, Uint8Array.from(some));
        // Both patterns would be read as more of the same: 0x45 begins an IPv4 header, 0x01 is a no-operation.
        expect(outcome(decode, surrounded(some, 0x45))).toStrictEqual(alone);
        expect(outcome(decode, surrounded(some, 0x01))).toStrictEqual(alone);
        if (lax.has(name)) expect(alone).toHaveProperty('value');
      }),
      { numRuns: 1000 },
    );
  });

  it('takes every length of bytes, of zeros and of ones', () => {
    for (const fill of [0x00, 0x45, 0xff]) {
      for (let length = 0; length <= 80; length++) outcome(decode, new Uint8Array(length).fill(fill));
    }
  });
});

describe('readIcmpError', () => {
  it('reads a quote cut off anywhere without a throw', () => {
    fc.assert(
      fc.property(
        datagramLike,
        fc.constantFrom(3, 11, 12),
        fc.nat(0xff),
        fc.nat(0xffff),
        bytes(0, 24),
        (quote, type, words, mtu, after) => {
          const body = Uint8Array.of(...quote, ...new Uint8Array(Math.max(0, words * 4 - quote.length) % 200), ...after);
          expect(readIcmpError({ type, code: 4, checksum: 0, rest: (words << 16) | mtu, body })).toHaveProperty('extensions');
        },
      ),
      { numRuns: 1000 },
    );
  });
});

describe('fromHex', () => {
  it('gives bytes or a DecodeError for any text', () => {
    const texts = fc.oneof(fc.string({ unit: 'binary' }), fc.string({ unit: fc.constantFrom(...'0123456789abcdefABCDEFxX :\t\n-+.e') }));
    fc.assert(
      fc.property(texts, (text) => {
        try {
          expect(fromHex(text).length).toBeLessThanOrEqual(text.length / 2);
        } catch (error) {
          expect(error).toBeInstanceOf(DecodeError);
        }
      }),
      { numRuns: 1000 },
    );
  });
});
