/** Copies of a template are what encodePacket gives. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EncodeError } from '../../src/wire/errors.ts';
import { SYN } from '../../src/wire/flags.ts';
import { type Ipv4Header, ipv4Header } from '../../src/wire/ipv4.ts';
import { decodePacket, encodePacket, verifyIpv4Checksum, verifyTcpChecksum } from '../../src/wire/packet.ts';
import { type TcpSegment, tcpSegment } from '../../src/wire/tcp.ts';
import { Template, type TemplateFields } from '../../src/wire/template.ts';
import { packet, segment, seq, u16, u32 } from './arbitraries.ts';

const extreme16 = fc.oneof(u16, fc.constantFrom(0, 1, 0x7fff, 0x8000, 0xfffe, 0xffff));
const extreme32 = fc.oneof(u32, seq, fc.constantFrom(0, 1, 0xffff, 0x10000, 0xffff0000, 0xfffffffe, 0xffffffff));
const fields: fc.Arbitrary<TemplateFields> = fc.record({
  destination: extreme32,
  sourcePort: extreme16,
  destinationPort: extreme16,
  seq: extreme32,
  ack: extreme32,
  ipId: extreme16,
});

/** Source routes, at their end and not, beside options of any kind. */
const route = fc.record({ kind: fc.constantFrom(131, 137), pointer: fc.constantFrom(4, 8, 12), first: u32, last: u32 });
const routeOptions = route.map(({ kind, pointer, first, last }) => {
  const bytes = new Uint8Array(12);
  bytes.set([kind, 11, pointer]);
  const view = new DataView(bytes.buffer);
  view.setUint32(3, first);
  view.setUint32(7, last);
  return bytes;
});

/** Headers and segments as decoding gives them, with checksums computed or given. */
const model: fc.Arbitrary<{ ip: Ipv4Header; tcp: TcpSegment }> = fc
  .record({
    ip: packet.map(({ ip }) => ip),
    tcp: segment,
    options: fc.option(routeOptions),
    ipChecksum: fc.boolean(),
    tcpChecksum: fc.boolean(),
  })
  .map(({ ip, tcp, options, ipChecksum, tcpChecksum }) => ({
    ip: { ...ip, options: options ?? ip.options, checksum: ipChecksum ? ip.checksum : undefined },
    tcp: { ...tcp, checksum: tcpChecksum ? tcp.checksum : undefined },
  }));

function whole({ ip, tcp }: { ip: Ipv4Header; tcp: TcpSegment }, { ipId, destination, ...ofTcp }: TemplateFields): Uint8Array {
  return encodePacket({ ip: { ...ip, destination, id: ipId }, tcp: { ...tcp, ...ofTcp } });
}

const syn = {
  ip: ipv4Header({ source: 0x0a000001, destination: 0 }),
  tcp: tcpSegment({
    sourcePort: 0,
    destinationPort: 0,
    flags: SYN,
    window: 64_240,
    options: [
      { kind: 2, name: 'mss', mss: 1460 },
      { kind: 4, name: 'sack-permitted' },
      { kind: 8, name: 'timestamps', value: 1, echoReply: 0 },
      { kind: 1, name: 'nop' },
      { kind: 3, name: 'window-scale', shift: 7 },
    ],
  }),
};
const some: TemplateFields = { destination: 0x0a000002, sourcePort: 40_000, destinationPort: 80, seq: 1, ack: 0, ipId: 7 };

describe('a copy of a template', () => {
  it('is the datagram that encodePacket gives, wherever it lies and whatever was there', () => {
    fc.assert(
      fc.property(model, fc.array(fields, { minLength: 1, maxLength: 4 }), fc.nat(7), (one, copies, at) => {
        const template = new Template(one);
        const arena = new Uint8Array(at + template.length + 3).fill(0xa5);
        template.copyTo(arena, at);
        for (const copy of copies) {
          template.patch(arena, at, copy);
          expect(arena.subarray(at, at + template.length)).toEqual(whole(one, copy));
        }
        expect([...arena.subarray(0, at), ...arena.subarray(at + template.length)]).toEqual(new Array(at + 3).fill(0xa5));
      }),
      { numRuns: 1000 },
    );
  });

  it('has checksums that are right', () => {
    fc.assert(
      fc.property(fields, (copy) => {
        const template = new Template(syn);
        const bytes = new Uint8Array(template.length);
        template.copyTo(bytes, 0);
        template.patch(bytes, 0, copy);
        expect([verifyIpv4Checksum(bytes), verifyTcpChecksum(decodePacket(bytes).ip, bytes)]).toEqual(['correct', 'correct']);
      }),
      { numRuns: 1000 },
    );
  });

  it('has a checksum of 0x0000 where that is the right one, and never 0xffff', () => {
    const template = new Template(syn);
    const bytes = new Uint8Array(template.length);
    template.copyTo(bytes, 0);
    const seen = new Set<number>();
    for (let seq = 0; seq <= 0xffff; seq++) {
      template.patch(bytes, 0, { ...some, seq });
      seen.add(((bytes[36] as number) << 8) | (bytes[37] as number));
    }
    expect(seen.size).toBe(0xffff);
    expect(seen).toContain(0);
    expect(seen).not.toContain(0xffff);
  });

  it('of a field that can not hold its value is refused', () => {
    const template = new Template(syn);
    const arena = new Uint8Array(template.length);
    expect(() => template.patch(arena, 0, { ...some, destinationPort: 65_536 })).toThrow(EncodeError);
    expect(() => template.patch(arena, 0, { ...some, seq: -1 })).toThrow('TCP sequence number');
  });
});
