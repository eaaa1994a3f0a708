import { describe, expect, it } from 'vitest';
import { internetChecksum } from '../../src/wire/checksum.ts';
import { decodeIcmp, type IcmpError, icmpName, readIcmpError } from '../../src/wire/icmp.ts';
import { decodePacket, verifyIcmpChecksum } from '../../src/wire/packet.ts';
import { icmpKernelVectors } from './vectors/icmp-kernel.ts';
import { hex } from './vectors/vector.ts';

/** A SYN of 44 bytes, as it is quoted. */
const SYN = hex('4500002c 00004000 0106621b 0a570102 0a570202 9c400fa0 fffffff0 00000000 60020400 d0a30000 020405b4');
/** One MPLS label in an extension structure with a correct checksum, with none, and with a wrong one. */
const MPLS = hex('20009a0d 00080101 03e84101');
const UNSUMMED = hex('20000000 00080101 03e84101');
const WRONG = hex('20001234 00080101 03e84101');
const OBJECTS = [{ class: 1, type: 1, data: hex('03e84101') }];

/** "Time exceeded" that states the quote's length in words, quotes the SYN padded to so many bytes, and goes on. */
function timeExceeded(statedWords: number, quoteLength: number, after: Uint8Array): IcmpError {
  const body = new Uint8Array(quoteLength + after.length);
  body.set(SYN);
  body.set(after, quoteLength);
  return readIcmpError({ type: 11, code: 0, rest: statedWords << 16, body }) as IcmpError;
}

describe('ICMP extensions (RFC 4884)', () => {
  it('have a checksum that holds in these tests', () => {
    expect(internetChecksum(MPLS)).toBe(0);
    expect(internetChecksum(WRONG)).not.toBe(0);
  });

  it.each([
    ['at the stated place', 32, 128, MPLS, OBJECTS],
    ['at a later stated place', 40, 160, MPLS, OBJECTS],
    ['at the stated place, without a checksum', 32, 128, UNSUMMED, OBJECTS],
    ['at the stated place, with a wrong checksum', 32, 128, WRONG, []],
    ['at the stated place, of another version', 32, 128, hex('10000000 00080101 03e84101'), []],
    ['at the stated place, cut off within the header', 32, 128, hex('200000'), []],
    ['at a stated place that is nearer than any may be', 11, 44, MPLS, []],
    ['at a stated place past the end', 200, 128, MPLS, []],
    ['of no object', 32, 128, hex('2000dfff'), []],
    ['of an object, and one whose length is under its header', 32, 128, hex('20000000 00080101 03e84101 00030101'), OBJECTS],
    ['of an object, and one that ends past the end', 32, 128, hex('20000000 00080101 03e84101 00090101 00000000'), OBJECTS],
    ['of an object, and the beginning of one', 32, 128, hex('20000000 00080101 03e84101 0004'), OBJECTS],
    ['where older routers put them, unstated', 0, 128, MPLS, OBJECTS],
    ['where older routers put them, without a checksum: more of the quote', 0, 128, UNSUMMED, []],
    ['where older routers put them, with a wrong checksum: more of the quote', 0, 128, WRONG, []],
  ])('%s', (_, statedWords, quoteLength, after, extensions) => {
    const error = timeExceeded(statedWords, quoteLength, after);
    expect(error.extensions).toStrictEqual(extensions);
    expect(error.tcp).toMatchObject({ sourcePort: 40000, seq: 0xfffffff0, options: [{ mss: 1460 }], payload: new Uint8Array(0) });
  });
});

describe('the quote', () => {
  /** Of a SYN whose quoted header has another total length. */
  function quoted(totalLength: number, quote = SYN): IcmpError {
    const body = Uint8Array.from(quote);
    new DataView(body.buffer).setUint16(2, totalLength);
    return readIcmpError({ type: 3, code: 1, rest: 0, body }) as IcmpError;
  }

  it('ends where the quoted datagram ends, not where its padding does', () => {
    expect(quoted(44, Uint8Array.of(...SYN, 0, 0, 0, 0)).tcp?.payload).toHaveLength(0);
    expect(quoted(46, Uint8Array.of(...SYN, 1, 2, 0, 0)).tcp?.payload).toStrictEqual(hex('0102'));
  });

  it.each([0, 20, 27, 0x2c00, 0xffff])('is read past a total length of %i, which can not be', (totalLength) => {
    expect(quoted(totalLength)).toMatchObject({ ip: { totalLength }, tcp: { seq: 0xfffffff0, window: 1024 } });
  });

  it('of a later fragment has no segment to read', () => {
    const fragment = Uint8Array.from(SYN);
    fragment[7] = 1;
    const error = quoted(44, fragment);
    expect(error).toMatchObject({ name: 'host-unreachable', ip: { fragmentOffset: 1 } });
    expect(error.tcp).toBeUndefined();
  });

  it('that is no IPv4 header is left out', () => {
    expect(quoted(44, hex('6500002c 00004000 0106621b 0a570102 0a570202'))).toStrictEqual({ name: 'host-unreachable', extensions: [] });
  });
});

describe('decodeIcmp', () => {
  it('wants eight bytes', () => {
    expect(() => decodeIcmp(new Uint8Array(7))).toThrow(
      expect.objectContaining({ protocol: 'ICMP', offset: 7, reason: 'header cut off: 7 of 8 bytes' }),
    );
  });

  it('gives what is no error for readIcmpError to pass over', () => {
    for (const type of [0, 4, 5, 8, 13, 40]) expect(readIcmpError({ type, code: 0, rest: 0, body: SYN })).toBeUndefined();
  });
});

describe('icmpName', () => {
  it.each([
    [3, 16, 'type-3-code-16'],
    [11, 2, 'type-11-code-2'],
    [12, 2, 'parameter-problem'],
    [0, 0, 'echo-reply'],
    [4, 0, 'source-quench'],
    [5, 1, 'redirect'],
    [8, 0, 'echo-request'],
    [40, 3, 'type-40-code-3'],
  ])('type %i, code %i', (type, code, name) => {
    expect(icmpName(type, code)).toBe(name);
  });
});

describe('verifyIcmpChecksum', () => {
  it('notices a changed byte, and not one after the end', () => {
    const captured = hex(icmpKernelVectors[0].hex);
    const { ip } = decodePacket(captured);
    expect(verifyIcmpChecksum(ip, Uint8Array.of(...captured, 7))).toBe('correct');
    captured[40] ^= 1;
    expect(verifyIcmpChecksum(ip, captured)).toBe('wrong');
  });
});
