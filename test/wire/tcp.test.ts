import { describe, expect, it } from 'vitest';
import { ACK, FIN, SYN } from '../../src/wire/flags.ts';
import { formatTcpOption } from '../../src/wire/format.ts';
import { decodeTcp, decodeTcpLax, segLen, tcpSegment } from '../../src/wire/tcp.ts';
import { findOption, hasMalformedOptions, type TcpOption } from '../../src/wire/tcp-options.ts';
import { end, hex, malformed, mss, NOP, SACK_OK, text, tfo, ts, unknown } from './vectors/vector.ts';

describe('segLen', () => {
  it('counts SYN, FIN and each byte once (RFC 9293 §3.4)', () => {
    const ports = { sourcePort: 1, destinationPort: 2 };
    expect(segLen(tcpSegment(ports))).toBe(0);
    expect(segLen(tcpSegment({ ...ports, flags: SYN | ACK }))).toBe(1);
    expect(segLen(tcpSegment({ ...ports, flags: FIN, payload: text('abc') }))).toBe(4);
    expect(segLen(tcpSegment({ ...ports, flags: SYN | FIN }))).toBe(2);
  });
});

describe('decodeTcp', () => {
  it.each([
    ['', 0, 'header cut off: 0 of at least 20 bytes'],
    ['9c400fa0 fffffff0 00000000 50020400 e85f00', 19, 'header cut off: 19 of at least 20 bytes'],
    ['9c400fa0 fffffff0 00000000 40020400 e85f0000', 12, 'data offset 4, less than 5'],
    ['9c400fa0 fffffff0 00000000 60020400 e85f0000', 20, 'header cut off: 20 of 24 bytes'],
  ])('%j stops at %i', (digits, offset, reason) => {
    expect(() => decodeTcp(hex(digits))).toThrow(expect.objectContaining({ name: 'DecodeError', protocol: 'TCP', offset, reason }));
  });
});

describe('decodeTcpLax', () => {
  const whole = hex('9c400fa0 fffffff0 00000007 6e120400 e85f0005 020405b4 6869');
  const fields = {
    sourcePort: 40000,
    destinationPort: 4000,
    seq: 0xfffffff0,
    ack: 7,
    dataOffset: 6,
    reserved: 7,
    flags: SYN | ACK,
    window: 1024,
    checksum: 0xe85f,
    urgent: 5,
  };

  it('reads what decodeTcp reads', () => {
    expect(decodeTcpLax(whole)).toStrictEqual(decodeTcp(whole));
    expect(decodeTcpLax(whole)).toStrictEqual({ ...fields, options: [mss(1460)], payload: text('hi') });
  });

  it('reads each field that is there, and says why it stopped', () => {
    /** How many bytes a field needs to be read. */
    const needs = {
      sourcePort: 2,
      destinationPort: 4,
      seq: 8,
      ack: 12,
      dataOffset: 14,
      reserved: 14,
      flags: 14,
      window: 16,
      checksum: 18,
      urgent: 20,
    };
    for (let length = 0; length < 24; length++) {
      const { stopped, options, ...read } = decodeTcpLax(whole.subarray(0, length));
      const readable = Object.entries(fields).filter(([name]) => needs[name as keyof typeof needs] <= length);
      expect(read).toStrictEqual(Object.fromEntries(readable));
      expect(stopped).toBe(`TCP: header cut off: ${length} of ${length < 20 ? 'at least 20' : '24'} bytes (at byte ${length})`);
      const cutOption = [{ kind: 2, name: 'malformed', bytes: whole.subarray(20, length) }];
      expect(options).toStrictEqual(length < 20 ? undefined : length === 20 ? [] : cutOption);
    }
  });
});

describe('options', () => {
  it('are found by name, the first of them', () => {
    expect(findOption([NOP, mss(1), mss(2)], 'mss')).toEqual({ kind: 2, name: 'mss', mss: 1 });
    expect(findOption([NOP], 'timestamps')).toBeUndefined();
  });

  it.each<[string, TcpOption[], boolean]>([
    ['none', [], false],
    ['usual ones', [mss(1460), SACK_OK, ts(1, 0), NOP, tfo()], false],
    ['a kind not known here', [unknown(172, '00'), NOP], false],
    ['garbage after the end of the list', [end('020405')], false],
    ['a known kind with a length that is not its own', [unknown(2, '05')], true],
    ['a length that lies', [NOP, malformed('0200')], true],
  ])('%s: malformed or not', (_, list, expected) => {
    expect(hasMalformedOptions(list)).toBe(expected);
  });

  it('of which the length byte was set to lie say so', () => {
    expect(formatTcpOption({ kind: 8, name: 'unknown', data: hex('01'), length: 10 })).toBe('unknown-8 0x01[len 10]');
    expect(formatTcpOption({ kind: 8, name: 'unknown', data: hex('01') })).toBe('unknown-8 0x01');
  });
});
