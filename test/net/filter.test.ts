import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { icmpAboutAnyTcp, icmpAboutPorts, rejectAll, tcpFromPeers, tcpToPorts, tcpToPortsBySyn } from '../../src/net/filter.ts';
import { type Flow, flowOfIcmpError, flowOfSegment } from '../../src/net/flow.ts';
import { ACK, SYN } from '../../src/wire/flags.ts';
import { runFilter } from './bpf.ts';
import { fromPeer, icmpAbout, toPeer } from './datagrams.ts';

const flow: Flow = { address: 0x0a000002, port: 40_000, peerAddress: 0x0a000003, peerPort: 80 };
const other: Flow = { address: 0x0a000002, port: 50_000, peerAddress: 0xc0000201, peerPort: 443 };
const peerOf = ({ peerAddress, peerPort, port }: Flow) => ({ address: peerAddress, port: peerPort, low: port, high: port });
/** Router alert (RFC 2113): the header grows to six words. */
const options = Uint8Array.of(0x94, 4, 0, 0);

describe('the filter of nothing', () => {
  it('rejects', () => expect(runFilter(rejectAll, fromPeer(flow))).toBe(0));
});

describe('the filter of TCP by peer', () => {
  const program = tcpFromPeers([peerOf(flow), { ...peerOf(other), low: 45_000, high: 55_000 }]);
  const accepts = (datagram: Uint8Array): boolean => runFilter(program, datagram) > 0xffff;

  it('accepts what each peer sends to our ports', () => {
    expect(accepts(fromPeer(flow))).toBe(true);
    expect(accepts(fromPeer(other))).toBe(true);
    for (const port of [45_000, 55_000]) expect(accepts(fromPeer({ ...other, port }))).toBe(true);
  });

  it('reads past IP options', () => expect(accepts(fromPeer(flow, { options }))).toBe(true));

  it.each([
    ['another peer', { ...flow, peerAddress: flow.peerAddress + 1 }],
    ['another port of the peer', { ...flow, peerPort: 81 }],
    ['another port of ours', { ...flow, port: 40_001 }],
    ['a port below the range', { ...other, port: 44_999 }],
    ['a port above the range', { ...other, port: 55_001 }],
    ['the port that the other peer may use', { ...flow, port: other.port }],
  ])('rejects %s', (_, wrong) => expect(accepts(fromPeer(wrong))).toBe(false));

  it('rejects what we send ourselves', () => expect(accepts(toPeer(flow))).toBe(false));
  it('rejects other protocols', () => expect(accepts(fromPeer(flow, { protocol: 17 }))).toBe(false));
  it('rejects fragments but for the first', () => {
    expect(accepts(fromPeer(flow, { fragmentOffset: 1 }))).toBe(false);
    expect(accepts(fromPeer(flow, { fragmentOffset: 0x1000 }))).toBe(false);
    expect(accepts(fromPeer(flow, { moreFragments: true, dontFragment: false }))).toBe(true);
  });
  it('rejects what is cut off before the ports end', () => {
    for (let length = 0; length < 24; length++) expect(accepts(fromPeer(flow).subarray(0, length))).toBe(false);
    expect(accepts(fromPeer(flow).subarray(0, 24))).toBe(true);
  });
});

describe('the filter of TCP by port', () => {
  const accepts = (datagram: Uint8Array): boolean => runFilter(tcpToPorts({ low: 40_000, high: 40_010 }), datagram) > 0xffff;

  it('accepts anybody who speaks to our ports, and nobody else', () => {
    expect(accepts(fromPeer(flow))).toBe(true);
    expect(accepts(fromPeer({ ...other, port: 40_010 }, { options }))).toBe(true);
    expect(accepts(fromPeer({ ...other, port: 40_011 }))).toBe(false);
    expect(accepts(fromPeer({ ...other, port: 39_999 }))).toBe(false);
    expect(accepts(toPeer({ ...flow, peerPort: 80 }))).toBe(false);
  });
});

describe('the filter of TCP by port and SYN', () => {
  const flagged = (flags: number): Uint8Array => fromPeer(flow, {}, flags);

  it('parts those who want to connect from all others', () => {
    const { port } = flow;
    const of = (which: 'syn' | 'other') => (flags: number) =>
      runFilter(tcpToPortsBySyn(which, { low: port, high: port }), flagged(flags)) > 0xffff;
    const all = Array.from({ length: 256 }, (_, flags) => flags);
    const asking = all.filter((flags) => (flags & (SYN | ACK)) === SYN);
    expect(all.filter(of('syn'))).toEqual(asking);
    expect(all.filter(of('other'))).toEqual(all.filter((flags) => !asking.includes(flags)));
  });

  it('takes several ranges', () => {
    const program = tcpToPortsBySyn('other', { low: 7, high: 7 }, { low: 40_000, high: 40_010 }, { low: 80, high: 80 });
    const ports = [6, 7, 8, 79, 80, 81, 39_999, 40_000, 40_010, 40_011];
    const taken = ports.filter((port) => runFilter(program, fromPeer({ ...other, port }, {}, ACK)) > 0xffff);
    expect(taken).toEqual([7, 80, 40_000, 40_010]);
  });
});

describe('the filter of ICMP', () => {
  it('takes several ranges', () => {
    const program = icmpAboutPorts({ low: 7, high: 7 }, { low: 80, high: 80 });
    const ports = [6, 7, 8, 79, 80, 81];
    expect(ports.filter((port) => runFilter(program, icmpAbout(toPeer({ ...flow, port }), 3)) > 0xffff)).toEqual([7, 80]);
  });

  const accepts = (datagram: Uint8Array): boolean => runFilter(icmpAboutPorts({ low: 40_000, high: 40_010 }), datagram) > 0xffff;

  it.each([3, 11, 12])('accepts errors of type %i about what we sent', (type) => expect(accepts(icmpAbout(toPeer(flow), type))).toBe(true));
  it.each([0, 4, 5, 8])('rejects type %i', (type) => expect(accepts(icmpAbout(toPeer(flow), type))).toBe(false));

  it('reads past IP options, outside and inside', () => {
    expect(accepts(icmpAbout(toPeer(flow), 3, 1, { options }))).toBe(true);
    expect(accepts(icmpAbout(toPeer(flow, { options }), 3, 1, { options }))).toBe(true);
  });
  it('is content with eight bytes of the segment', () => expect(accepts(icmpAbout(toPeer(flow).subarray(0, 28)))).toBe(true));
  it('rejects errors about other ports and protocols', () => {
    expect(accepts(icmpAbout(toPeer({ ...flow, port: 40_011 })))).toBe(false);
    expect(accepts(icmpAbout(toPeer({ ...flow, port: 39_999 })))).toBe(false);
    expect(accepts(icmpAbout(toPeer(flow, { protocol: 17 })))).toBe(false);
    expect(accepts(fromPeer(flow))).toBe(false);
  });
  it('rejects a quote that is cut off before the port', () => expect(accepts(icmpAbout(toPeer(flow).subarray(0, 21)))).toBe(false));
});

describe('the filters and the reading of flows', () => {
  const flows = fc.record({
    address: fc.constantFrom(flow.address, other.address),
    port: fc.constantFrom(flow.port, other.port, 1),
    peerAddress: fc.constantFrom(flow.peerAddress, other.peerAddress, 1),
    peerPort: fc.constantFrom(flow.peerPort, other.peerPort, 1),
  });
  const optionBytes = fc.integer({ min: 0, max: 10 }).map((words) => new Uint8Array(4 * words).fill(1));

  it('agree on every segment', () => {
    const program = tcpFromPeers([peerOf(flow), peerOf(other)]);
    fc.assert(
      fc.property(flows, optionBytes, fc.nat({ max: 60 }), (any, options, length) => {
        const datagram = fromPeer(any, { options }).subarray(0, length);
        const found = flowOfSegment(datagram);
        const wanted = [flow, other].some(
          (one) => found?.peerAddress === one.peerAddress && found.peerPort === one.peerPort && found.port === one.port,
        );
        expect(runFilter(program, datagram) > 0).toBe(wanted);
      }),
    );
  });

  it('agree on every ICMP error', () => {
    const program = icmpAboutPorts({ low: flow.port, high: flow.port });
    fc.assert(
      fc.property(
        flows,
        optionBytes,
        optionBytes,
        fc.nat({ max: 150 }),
        fc.constantFrom(0, 3, 11, 12),
        (any, outer, inner, length, type) => {
          const datagram = icmpAbout(toPeer(any, { options: inner }), type, 0, { options: outer }).subarray(0, length);
          const found = flowOfIcmpError(datagram);
          // The filter reads the source port alone, the flow both.
          if (found) expect(runFilter(program, datagram) > 0).toBe(found.port === flow.port);
        },
      ),
    );
  });
});

describe('the filter of ICMP about any TCP', () => {
  const accepts = (datagram: Uint8Array): boolean => runFilter(icmpAboutAnyTcp, datagram) > 0xffff;

  it.each([3, 11, 12])('accepts errors of type %i, whoever sent what they quote', (type) => {
    expect(accepts(icmpAbout(toPeer(flow), type))).toBe(true);
    expect(accepts(icmpAbout(toPeer({ ...flow, port: 1 }, { options }), type, 0, { options }))).toBe(true);
  });
  it.each([0, 4, 5, 8])('rejects type %i', (type) => expect(accepts(icmpAbout(toPeer(flow), type))).toBe(false));
  it('rejects errors about other protocols, and what is no error', () => {
    expect(accepts(icmpAbout(toPeer(flow, { protocol: 17 })))).toBe(false);
    expect(accepts(fromPeer(flow))).toBe(false);
  });
});
