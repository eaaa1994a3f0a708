import { describe, expect, it } from 'vitest';
import { hopExtensions } from '../../../src/probe/trace/extensions.ts';
import { hex } from '../../wire/vectors/vector.ts';

describe('hopExtensions', () => {
  it('reads a label stack (RFC 4950), and leaves other objects as they are', () => {
    const data = hex('03e84440 00011701 00');
    const other = { class: 4, type: 0x0a, data: hex('00000001') };
    expect(hopExtensions([{ class: 1, type: 1, data }, other])).toStrictEqual({
      mpls: [
        { label: 16004, trafficClass: 2, bottom: false, ttl: 64 },
        { label: 17, trafficClass: 3, bottom: true, ttl: 1 },
      ],
      interfaces: [],
      others: [other],
    });
  });

  it.each([
    ['index', 0x08, '00000004', { index: 4 }],
    ['address, of the interface it would go out by', 0x84, '00010000 0a000302', { role: 'outgoing', address: '10.0.3.2' }],
    ['name', 0x02, '08657468 31000000', { name: 'eth1' }],
    ['MTU, of the next hop', 0xc1, '00002328', { role: 'next-hop', mtu: 9000 }],
    [
      'all',
      0x4f,
      '00000004 00010000 0a000302 04657468 000005dc',
      { role: 'sub-ip-incoming', index: 4, address: '10.0.3.2', name: 'eth', mtu: 1500 },
    ],
  ])('reads an interface (RFC 5837): its %s', (_, type, data, read) => {
    const nothing = { role: 'incoming', index: undefined, address: undefined, name: undefined, mtu: undefined };
    expect(hopExtensions([{ class: 2, type, data: hex(data) }])?.interfaces).toStrictEqual([{ ...nothing, ...read }]);
  });

  it.each([
    ['no index where there should be one', 0x08, '000004'],
    ['more than it says', 0x08, '00000004 00'],
    ['an address of IPv6', 0x04, '00020000 20010db8 00000000 00000000 00000001'],
    ['a name of no length', 0x02, '00657468'],
    ['a name that is longer than it', 0x02, '08657468'],
  ])('leaves an interface that has %s as it is', (_, type, data) => {
    const object = { class: 2, type, data: hex(data) };
    expect(hopExtensions([object])).toStrictEqual({ mpls: [], interfaces: [], others: [object] });
  });

  it('is undefined where there are none', () => {
    expect(hopExtensions([])).toBeUndefined();
  });

  it('keeps no view of what was received', () => {
    const data = hex('01020304');
    const extensions = hopExtensions([{ class: 3, type: 1, data }]);
    data.fill(0);
    expect(extensions?.others[0]?.data).toStrictEqual(hex('01020304'));
  });
});
