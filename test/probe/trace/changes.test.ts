import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Change, ChangedField } from '../../../src/probe/events.ts';
import { compareQuote } from '../../../src/probe/trace/changes.ts';
import { type IcmpError, readIcmpError } from '../../../src/wire/icmp.ts';
import { decodePacket, encodePacket, type Packet } from '../../../src/wire/packet.ts';
import type { TcpSegment } from '../../../src/wire/tcp.ts';
import type { TcpOption } from '../../../src/wire/tcp-options.ts';
import { packet as anyPacket } from '../../wire/arbitraries.ts';
import { hex } from '../../wire/vectors/vector.ts';

/**
 * IP (tos 0x28, ttl 3, id 258, offset 0, flags [DF], proto TCP (6), length 62)
 *     10.87.1.2.40000 > 10.87.2.2.80: Flags [S], cksum 0x2c73 (correct), seq 1000:1002, win 64240,
 *     options [mss 1460,sackOK,TS val 7 ecr 0,nop,wscale 7], length 2
 */
const SENT = hex(
  `4528003e 01024000 0306 5edf 0a570102 0a570202
   9c400050 000003e8 00000000 a002faf0 2c730000 020405b4 0402080a 00000007 00000000 01030307 6869`,
);
const SEGMENT = 20;

/** An ICMP error that quotes the first bytes of a datagram. */
function quoteOf(datagram: Uint8Array, length = datagram.length, type = 11): IcmpError {
  return readIcmpError({ type, code: 0, rest: 0, body: datagram.slice(0, length) }) as IcmpError;
}

/** What the router got: the probe as it left, its TTL used up, with other bytes at some places of its hexadecimal text. */
function arrived(changes: Record<number, string> = {}, rest = SENT.subarray(SEGMENT)): Uint8Array {
  const bytes = Uint8Array.of(...SENT.subarray(0, SEGMENT), ...rest);
  bytes[8] = 1;
  for (const [at, digits] of Object.entries(changes)) bytes.set(hex(digits), Number(at));
  return bytes;
}

const told = (changes: readonly Change[]): string[] =>
  changes.map(({ field, how, sent, seen }) => [field, how, ...(sent === undefined ? [] : [sent]), '→', seen ?? ''].join(' ').trim());
const ofQuote = (datagram: Uint8Array, length?: number, type?: number): string[] =>
  told(compareQuote(SENT, quoteOf(datagram, length, type)));

describe('a clean quote', () => {
  it.each<[string, Record<number, string>]>([
    ['with a TTL of 1', { 8: '01' }],
    ['with a TTL of 0', { 8: '00' }],
    ['with the total length in the order of the host', { 2: '3e00' }],
    ['with the total length less the header', { 2: '002a' }],
    ['with the total length less the header, in the order of the host', { 2: '2a00' }],
    ['with the total length and the header once more', { 2: '0052' }],
    ['with the identification in the order of the host', { 4: '0201' }],
    ['with a checksum left to the network card', { 36: partialChecksum() }],
  ])('%s', (_, changes) => {
    for (const length of [28, 40, SENT.length]) expect(ofQuote(arrived(changes), length)).toStrictEqual([]);
  });

  it('padded to 128 bytes, its total length in the order of the host', () => {
    expect(ofQuote(Uint8Array.of(...arrived({ 2: '3e00' }), ...new Uint8Array(66)))).toStrictEqual([]);
  });

  it('of an error from the middle of the way may have any TTL up to the one sent', () => {
    expect(ofQuote(arrived({ 8: '03' }), undefined, 3)).toStrictEqual([]);
    expect(ofQuote(arrived({ 8: '04' }), undefined, 3)).toStrictEqual(['ttl changed 3 → 4']);
  });

  it('from within an MPLS tunnel has the TTL that it came in with', () => {
    const quote = quoteOf(arrived({ 8: '02' }));
    expect(compareQuote(SENT, { ...quote, extensions: [{ class: 1, type: 1, data: hex('03e84101') }] })).toStrictEqual([]);
  });

  it('of which not even the header can be read says nothing', () => {
    expect(compareQuote(SENT, { name: 'ttl-exceeded', extensions: [] })).toStrictEqual([]);
  });

  it('has the identification that the kernel fills in where there was none', () => {
    const sent = Uint8Array.from(SENT);
    sent.fill(0, 4, 6);
    expect(compareQuote(sent, quoteOf(arrived()))).toStrictEqual([]);
  });
});

/** The sum of the pseudo-header alone: RFC 1071 by hand. */
function partialChecksum(): string {
  const words = [0x0a57, 0x0102, 0x0a57, 0x0202, 6, SENT.length - SEGMENT];
  const sum = words.reduce((total, word) => total + word, 0);
  return ((sum & 0xffff) + (sum >> 16)).toString(16).padStart(4, '0');
}

describe('a changed header', () => {
  it.each([
    ['ttl changed 1 → 2', { 8: '02' }],
    ['dscp changed 10 → 0', { 1: '00' }],
    ['ecn changed not-ECT → CE', { 1: '2b' }],
    ['ip-id changed 258 → 0', { 4: '0000' }],
    ['df changed 1 → 0', { 6: '0000' }],
    ['reserved-bit changed 0 → 1', { 6: 'c000' }],
    ['more-fragments changed 0 → 1', { 6: '6000' }],
    ['total-length changed 62 → 61', { 2: '003d' }],
    ['source-address changed 10.87.1.2 → 10.87.1.9', { 12: '0a570109' }],
    ['destination-address changed 10.87.2.2 → 10.87.2.3', { 16: '0a570203' }],
    ['source-port changed 40000 → 40001', { 20: '9c41' }],
    ['destination-port changed 80 → 8080', { 22: '1f90' }],
    ['seq changed 1000 → 1001', { 24: '000003e9' }],
  ])('%s, told by eight bytes of the segment', (change, changes) => {
    expect(ofQuote(arrived(changes), 28)).toStrictEqual([change]);
  });

  it.each([
    ['ack changed 0 → 5', { 28: '00000005' }],
    ['data-offset changed 10 → 9', { 32: '90' }],
    ['reserved changed 0 → 4', { 32: 'a8' }],
    ['flags changed SYN → ECE SYN', { 33: '42' }],
    ['window changed 64240 → 512', { 34: '0200' }],
    ['checksum changed 0x2c73 → 0x1234', { 36: '1234' }],
    ['urgent changed 0 → 1', { 38: '0001' }],
    ['mss changed 1460 → 1400', { 42: '0578' }],
    ['timestamps changed TS val 7 ecr 0 → TS val 8 ecr 0', { 51: '08' }],
    ['window-scale changed 7 → 2', { 59: '02' }],
    ['payload changed 0x69 at byte 2 → 0x6a at byte 2', { 61: '6a' }],
  ])('%s, told by a whole quote', (change, changes) => {
    expect(ofQuote(arrived(changes))).toStrictEqual([change]);
  });

  it('tells all that it shows', () => {
    expect(ofQuote(arrived({ 1: '00', 24: '00000001', 34: '0001' }))).toStrictEqual([
      'dscp changed 10 → 0',
      'seq changed 1000 → 1',
      'window changed 64240 → 1',
    ]);
  });

  it('has IP options taken out, put in, blanked or changed', () => {
    const { ip, tcp } = decodePacket(SENT) as { ip: Packet['ip']; tcp: TcpSegment };
    const withOptions = (options: string): Uint8Array =>
      encodePacket({ ip: { ...ip, ttl: 1, ihl: undefined, totalLength: undefined, checksum: undefined, options: hex(options) }, tcp });
    const compare = (from: string, to: string): string[] => told(compareQuote(withOptions(from), quoteOf(withOptions(to))));
    expect(compare('94040000', '')).toStrictEqual(['ip-options removed 94040000 →']);
    expect(compare('', '94040000')).toStrictEqual(['ip-options added → 94040000']);
    expect(compare('94040000', '01010101')).toStrictEqual(['ip-options replaced 94040000 → 01010101']);
    expect(compare('94040000', '94040001')).toStrictEqual(['ip-options changed 94040000 → 94040001']);
    // A recorded route is written by every router.
    expect(compare('01070704 00000000', '01070708 0a570101')).toStrictEqual([]);
    expect(compare('44080500 00000000', '44080900 00bc614e')).toStrictEqual([]);
  });

  it('has the address of the next stop on a source route', () => {
    const { ip, tcp } = decodePacket(SENT) as { ip: Packet['ip']; tcp: TcpSegment };
    const at = (destination: number, options: string): Uint8Array =>
      encodePacket({
        ip: { ...ip, ttl: 1, ihl: undefined, totalLength: undefined, checksum: undefined, destination, options: hex(options) },
        tcp,
      });
    const sent = at(0x0a570101, '01830704 0a570202');
    expect(told(compareQuote(sent, quoteOf(at(0x0a570202, '01830708 0a570101'))))).toStrictEqual([]);
    expect(told(compareQuote(sent, quoteOf(at(0x0a570303, '01830708 0a570101'))))).toStrictEqual([
      'destination-address changed 10.87.1.1 → 10.87.3.3',
    ]);
  });
});

describe('a checksum', () => {
  const encode = (packet: Packet): Uint8Array => {
    const { ip, tcp } = packet;
    return encodePacket({
      ip: { ...ip, ttl: 1, checksum: undefined, totalLength: undefined },
      tcp: { ...(tcp as TcpSegment), checksum: undefined },
    });
  };
  const natted = (): Uint8Array => {
    const { ip, tcp } = decodePacket(SENT);
    return encode({ ip: { ...ip, destination: 0x0a570203 }, tcp: { ...(tcp as TcpSegment), destinationPort: 8080 } });
  };
  const NAT = ['destination-address changed 10.87.2.2 → 10.87.2.3', 'destination-port changed 80 → 8080'];

  it('that a NAT sets right is no change of its own, in a quote of any length', () => {
    for (let length = 28; length <= SENT.length; length++) expect(ofQuote(natted(), length)).toStrictEqual(NAT);
  });

  it('that was wrong on purpose and set right by difference is none', () => {
    const sent = Uint8Array.from(SENT);
    sent.set(hex('1234'), 36);
    const seen = Uint8Array.from(sent);
    seen[8] = 1;
    // 80 to 81: the sum grows by one, its complement shrinks (RFC 1624).
    seen.set(hex('0051'), 22);
    seen.set(hex('1233'), 36);
    expect(told(compareQuote(sent, quoteOf(seen)))).toStrictEqual(['destination-port changed 80 → 81']);
  });

  it('of a NAT that gives the quote its old address but not its old checksum', () => {
    expect(ofQuote(arrived({ 36: toDigits(natted().subarray(36, 38)) }))).toStrictEqual([
      expect.stringMatching(/^checksum changed 0x2c73 → 0x/),
    ]);
  });

  it('of which the quote shows less than two bytes says nothing', () => {
    expect(ofQuote(arrived({ 36: '1234' }), 37)).toStrictEqual([]);
    expect(ofQuote(arrived({ 36: '1234' }), 38)).toStrictEqual(['checksum changed 0x2c73 → 0x1234']);
  });
});

const toDigits = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

describe('TCP options', () => {
  const { ip, tcp } = decodePacket(SENT) as { ip: Packet['ip']; tcp: TcpSegment };
  const OPTIONS = tcp.options;
  const NOP: TcpOption = { kind: 1, name: 'nop' };
  const without = (...names: TcpOption['name'][]): TcpOption[] => OPTIONS.filter(({ name }) => !names.includes(name));
  const nops = (count: number): TcpOption[] => Array.from({ length: count }, () => NOP);
  const of = (options: readonly TcpOption[], more: Partial<TcpSegment> = {}): Uint8Array =>
    encodePacket({
      ip: { ...ip, ttl: 1, totalLength: undefined, checksum: undefined },
      tcp: { ...tcp, dataOffset: undefined, checksum: undefined, options, ...more },
    });

  it.each<[string[], TcpOption[]]>([
    [['sack-permitted removed sackOK →'], [...without('sack-permitted'), NOP, NOP]],
    [['mss removed 1460 →'], without('mss')],
    [['timestamps replaced TS val 7 ecr 0 → 10 nop'], OPTIONS.flatMap((option) => (option.name === 'timestamps' ? nops(10) : [option]))],
    [['sack-permitted replaced sackOK → 2 nop'], OPTIONS.flatMap((option) => (option.name === 'sack-permitted' ? nops(2) : [option]))],
    [['option added → mptcp 4 0x0001'], [...OPTIONS, { kind: 30, name: 'mptcp', data: hex('0001') }]],
    [['option added → unknown-76 0x0102'], [...OPTIONS, { kind: 76, name: 'unknown', data: hex('0102') }]],
    [
      ['option-order changed mss 1460,sackOK,TS val 7 ecr 0,wscale 7 → sackOK,mss 1460,TS val 7 ecr 0,wscale 7'],
      [...OPTIONS.slice(1, 2), ...OPTIONS.slice(0, 1), ...OPTIONS.slice(2)],
    ],
    [
      ['option-order changed mss 1460,sackOK,TS val 7 ecr 0,nop,wscale 7 → mss 1460,sackOK,TS val 7 ecr 0,wscale 7,nop'],
      [...without('nop'), NOP],
    ],
    [['mss removed 1460 →', 'sack-permitted removed sackOK →', 'timestamps removed TS val 7 ecr 0 →', 'window-scale removed 7 →'], []],
  ])('%j', (changes, options) => {
    expect(ofQuote(of(options))).toStrictEqual(changes);
  });

  it('that a quote cut off does not show may still be there', () => {
    const stripped = of([...without('sack-permitted'), NOP, NOP]);
    // Up to the MSS, where only the checksum tells that there is something, and up to the time stamps behind it.
    expect(ofQuote(stripped, 36)).toStrictEqual([]);
    expect(ofQuote(stripped, 44)).toStrictEqual([expect.stringMatching(/^checksum changed 0x2c73 → 0x/)]);
    expect(ofQuote(stripped, 54)).toStrictEqual(['sack-permitted removed sackOK →']);
  });

  it('that are gone behind the end of the quote are told by the data offset', () => {
    expect(ofQuote(of(without('mss')), 36)).toStrictEqual(['data-offset changed 10 → 9']);
  });

  it('that make the segment shorter than eight quoted bytes tell show in the total length', () => {
    expect(ofQuote(of(without('mss')), 28)).toStrictEqual(['total-length changed 62 → 58']);
  });

  it('leave a payload that is taken away to be told', () => {
    expect(ofQuote(of(OPTIONS, { payload: new Uint8Array(0) }))).toStrictEqual(['payload removed 2 bytes →']);
    expect(ofQuote(of(without('mss'), { payload: hex('68') }))).toStrictEqual(['mss removed 1460 →', 'payload changed 2 bytes → 1 byte']);
    expect(ofQuote(of(OPTIONS, { payload: hex('68') }), 60)).toStrictEqual(['total-length changed 62 → 61']);
  });
});

/** A probe: any segment, in any datagram with a whole and true header. */
const probe = anyPacket
  .filter(({ tcp }) => tcp !== undefined)
  .map(({ ip, tcp }) => ({
    ip: { ...ip, id: ip.id || 1, totalLength: undefined, options: new Uint8Array(0), ihl: 5, moreFragments: false },
    tcp: tcp as TcpSegment,
  }));

describe('any probe', () => {
  it('is not changed where the quote is clean, however long', () => {
    fc.assert(
      fc.property(probe, fc.nat(200), fc.constantFrom(0, 1), ({ ip, tcp }, cut, ttl) => {
        const sent = encodePacket({ ip, tcp });
        const seen = Uint8Array.from(sent);
        seen[8] = ttl;
        expect(compareQuote(sent, quoteOf(seen, Math.max(28, sent.length - cut)))).toStrictEqual([]);
      }),
    );
  });

  /** A field, the bits of the datagram that hold it, and how many bytes of the segment a quote must have to show them. */
  const FIELDS: readonly [ChangedField, number, number, number][] = [
    ['dscp', 1, 0x40, 8],
    ['ecn', 1, 0x01, 8],
    ['ip-id', 4, 0x20, 8],
    ['df', 6, 0x40, 8],
    ['reserved-bit', 6, 0x80, 8],
    ['source-address', 15, 0x02, 8],
    ['destination-address', 16, 0x04, 8],
    ['source-port', 21, 0x01, 8],
    ['destination-port', 22, 0x80, 8],
    ['seq', 27, 0x08, 8],
    ['ack', 28, 0x10, 12],
    ['data-offset', 32, 0x10, 13],
    ['reserved', 32, 0x02, 14],
    ['flags', 33, 0x12, 14],
    ['window', 35, 0x01, 16],
    ['checksum', 36, 0x81, 18],
    ['urgent', 39, 0x40, 20],
  ];

  it('is told to be changed in the one field that is, where the quote shows it', () => {
    fc.assert(
      fc.property(probe, fc.constantFrom(...FIELDS), fc.nat(100), ({ ip, tcp }, [field, at, mask, shown], more) => {
        const sent = encodePacket({ ip, tcp });
        const seen = Uint8Array.from(sent);
        seen[8] = 1;
        seen[at] = (seen[at] as number) ^ mask;
        const changes = compareQuote(sent, quoteOf(seen, SEGMENT + shown + more));
        // A data offset that points elsewhere makes options of a payload; swapping bytes is a router's own way to quote.
        if (field === 'data-offset') expect(changes.length).toBeGreaterThan(0);
        else if (field !== 'ip-id' || ip.id !== 0) expect(changes.map((change) => change.field)).toContain(field);
        for (const change of changes) if (field !== 'data-offset') expect(['checksum', field]).toContain(change.field);
      }),
    );
  });

  it('whatever the quote says, is compared without harm', () => {
    fc.assert(
      fc.property(probe, fc.uint8Array({ maxLength: 140 }), fc.nat(64), ({ ip, tcp }, noise, from) => {
        const sent = encodePacket({ ip, tcp });
        const seen = Uint8Array.of(...sent, ...new Uint8Array(140));
        seen.set(noise.subarray(0, seen.length - from), from);
        for (const change of compareQuote(sent, quoteOf(seen))) expect(change.sent).not.toBe(change.seen);
      }),
    );
  });
});
