/** What people type and read: flags, addresses, hex. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatIpv4, isLoopback, isMulticast, parseIpv4 } from '../../src/wire/address.ts';
import { ACK, AE, CWR, ECE, FIN, flagNames, formatFlags, PSH, parseFlags, RST, SYN, URG } from '../../src/wire/flags.ts';
import { fromHex, toHex } from '../../src/wire/hex.ts';
import { byte, u32 } from './arbitraries.ts';

const allFlags = Array.from({ length: 0x200 }, (_, flags) => flags);

describe('flags', () => {
  it('are named from the highest bit down', () => {
    expect(flagNames(0x1ff)).toEqual(['AE', 'CWR', 'ECE', 'URG', 'ACK', 'PSH', 'RST', 'SYN', 'FIN']);
    expect(flagNames(SYN | ACK)).toEqual(['ACK', 'SYN']);
    expect(flagNames(0)).toEqual([]);
  });

  it('are read back from every way in which they are written', () => {
    for (const flags of allFlags) {
      const names = flagNames(flags);
      expect(parseFlags(formatFlags(flags))).toBe(flags);
      expect(parseFlags(String(flags))).toBe(flags);
      expect(parseFlags(`0x${flags.toString(16)}`)).toBe(flags);
      expect(parseFlags(`0X${flags.toString(16).toUpperCase()}`)).toBe(flags);
      if (flags === 0) continue;
      for (const separator of [',', ', ', '+', ' + ', '|', ' ', '']) {
        expect(parseFlags(names.join(separator))).toBe(flags);
        expect(parseFlags(names.join(separator).toLowerCase())).toBe(flags);
        expect(parseFlags([...names].reverse().join(separator))).toBe(flags);
      }
    }
  });

  it.each([
    ['SYN,ACK', SYN | ACK],
    ['syn+ack', SYN | ACK],
    [' SA ', SYN | ACK],
    ['sa', SYN | ACK],
    ['S.', SYN | ACK],
    ['SYN,A', SYN | ACK],
    ['URGACKPSHRSTSYNFIN', URG | ACK | PSH | RST | SYN | FIN],
    ['none', 0],
    ['None', 0],
    ['0', 0],
    ['0x12', SYN | ACK],
    ['511', 0x1ff],
    // Names go first …
    ['AE', AE],
    ['ae', AE],
    ['ECE', ECE],
    ['CWR', CWR],
    ['CWRECE', CWR | ECE],
    ['SYN,AE,CWR,ECE', SYN | AE | CWR | ECE],
    // … then letters: tcpdump's W and nmap's C are both CWR.
    ['EA', ACK | ECE],
    ['ACE', ACK | CWR | ECE],
    ['SEC', SYN | ECE | CWR],
    ['SEW', SYN | ECE | CWR],
    ['SEWe', SYN | ECE | CWR | AE],
    ['E', ECE],
    ['e', AE],
    ['.e', ACK | AE],
    ['SS', SYN],
  ])('%j', (text, flags) => {
    expect(parseFlags(text)).toBe(flags);
  });

  // "sew" may mean ECE or AE.
  it.each([
    '',
    ' ',
    ',',
    'SYN,',
    ',SYN',
    'SYN,,ACK',
    'SYX',
    'SYNX',
    'S,none',
    'sew',
    'se',
    '0x200',
    '512',
    '-1',
    '1.5',
    '0x',
    '1e2',
    '0b10',
    'constructor',
  ])('%j is refused', (text) => {
    expect(parseFlags(text)).toBeUndefined();
  });

  it('give nine bits or nothing for any text', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.string({ unit: fc.constantFrom(...'FSRPA.UEWCe,+| 0x1') })), (text) => {
        const flags = parseFlags(text) ?? 0;
        expect(flags).toBe(flags & 0x1ff);
      }),
      { numRuns: 2000 },
    );
  });
});

describe('addresses', () => {
  it('are read back as they are written', () => {
    fc.assert(
      fc.property(u32, (address) => {
        expect(parseIpv4(formatIpv4(address))).toBe(address);
      }),
    );
    fc.assert(
      fc.property(byte, byte, byte, byte, (a, b, c, d) => {
        expect(formatIpv4(parseIpv4(`${a}.${b}.${c}.${d}`) as number)).toBe(`${a}.${b}.${c}.${d}`);
      }),
    );
    expect(parseIpv4('255.255.255.255')).toBe(0xffffffff);
    expect(formatIpv4(0xc0000201)).toBe('192.0.2.1');
  });

  it.each([
    '',
    '1.2.3',
    '1.2.3.4.5',
    '256.0.0.1',
    '01.2.3.4',
    '1.2.3.04',
    '1.2.3.4 ',
    ' 1.2.3.4',
    '1.2.3.4\n',
    '1..3.4',
    '0x7f.0.0.1',
    '1.2.3.-4',
    '١.2.3.4',
    '::1',
    'host',
  ])('%j is none', (text) => {
    expect(parseIpv4(text)).toBeUndefined();
  });

  it('are known by their kind', () => {
    const kind = (text: string) => [isMulticast, isLoopback].map((is) => is(parseIpv4(text) as number));
    expect(kind('224.0.0.1')).toEqual([true, false]);
    expect(kind('239.255.255.255')).toEqual([true, false]);
    expect(kind('223.255.255.255')).toEqual([false, false]);
    expect(kind('240.0.0.0')).toEqual([false, false]);
    expect(kind('127.255.0.1')).toEqual([false, true]);
    expect(kind('128.0.0.1')).toEqual([false, false]);
  });
});

describe('hex', () => {
  it.each([
    ['', ''],
    ['00ff', '00ff'],
    ['0x00FF', '00ff'],
    [' 0X00 ff\n', '00ff'],
    ['de:ad be\tef', 'deadbeef'],
    ['d ea d', 'dead'],
    ['0x', ''],
  ])('%j', (text, digits) => {
    expect(toHex(fromHex(text))).toBe(digits);
  });

  it.each([
    ['0', 1, 'an odd number of hex digits'],
    ['0x0', 3, 'an odd number of hex digits'],
    ['00 0g', 4, '"g" is not a hex digit'],
    ['000x', 3, '"x" is not a hex digit'],
    ['-1', 0, '"-" is not a hex digit'],
    ['00\u0000', 2, '"\\u0000" is not a hex digit'],
    ['00🙂', 2, '"🙂" is not a hex digit'],
  ])('%j stops at %i', (text, offset, reason) => {
    expect(() => fromHex(text)).toThrow(expect.objectContaining({ protocol: 'hex', offset, reason }));
  });
});
