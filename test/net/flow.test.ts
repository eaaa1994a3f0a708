import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Flow, FlowTable, flowOfIcmpError, flowOfSegment } from '../../src/net/flow.ts';
import { fromPeer, icmpAbout, toPeer } from './datagrams.ts';

const flow: Flow = { address: 0x0a000002, port: 40_000, peerAddress: 0xfffffffe, peerPort: 80 };

describe('the flow of a segment', () => {
  it('has our side first', () => expect(flowOfSegment(fromPeer(flow))).toEqual(flow));
  it('is read past IP options', () => expect(flowOfSegment(fromPeer(flow, { options: new Uint8Array(40) }))).toEqual(flow));
  it('is not read from other protocols, later fragments or cut-off headers', () => {
    expect(flowOfSegment(fromPeer(flow, { protocol: 17 }))).toBeUndefined();
    expect(flowOfSegment(fromPeer(flow, { fragmentOffset: 3 }))).toBeUndefined();
    expect(flowOfSegment(fromPeer(flow).subarray(0, 23))).toBeUndefined();
    expect(flowOfSegment(fromPeer(flow, { ihl: 15 }))).toBeUndefined();
    expect(flowOfSegment(fromPeer(flow, { ihl: 4 }))).toBeUndefined();
    expect(flowOfSegment(new Uint8Array(0))).toBeUndefined();
  });
});

describe('the flow of an ICMP error', () => {
  it('is that of the quoted segment', () => {
    for (const type of [3, 11, 12]) expect(flowOfIcmpError(icmpAbout(toPeer(flow), type))).toEqual(flow);
  });
  it('is read from a quote of eight bytes', () => expect(flowOfIcmpError(icmpAbout(toPeer(flow).subarray(0, 28)))).toEqual(flow));
  it('is not read from other messages', () => {
    expect(flowOfIcmpError(icmpAbout(toPeer(flow), 8))).toBeUndefined();
    expect(flowOfIcmpError(icmpAbout(toPeer(flow).subarray(0, 23)))).toBeUndefined();
    expect(flowOfIcmpError(icmpAbout(new Uint8Array(0)))).toBeUndefined();
    expect(flowOfIcmpError(icmpAbout(toPeer(flow, { protocol: 17 })))).toBeUndefined();
    expect(flowOfIcmpError(fromPeer(flow))).toBeUndefined();
  });
});

it('no bytes upset the reading of flows', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 120 }), (bytes) => {
      flowOfSegment(bytes);
      flowOfIcmpError(bytes);
    }),
  );
});

describe('a table of flows', () => {
  it('tells flows apart by each of the four numbers', () => {
    const table = new FlowTable<Flow>();
    const all: Flow[] = [flow, { ...flow, address: 1 }, { ...flow, port: 1 }, { ...flow, peerAddress: 1 }, { ...flow, peerPort: 1 }];
    for (const one of all) table.add(one);
    expect(table.size).toBe(5);
    expect([...table]).toHaveLength(5);
    for (const one of all) expect(table.find({ ...one })).toBe(one);
    expect(table.find({ ...flow, port: 2 })).toBeUndefined();
    for (const one of all) {
      table.delete(one);
      table.delete(one);
      expect(table.find(one)).toBeUndefined();
    }
    expect(table.size).toBe(0);
  });
});
