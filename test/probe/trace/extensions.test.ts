import { describe, expect, it } from 'vitest';
import { hopExtensions } from '../../../src/probe/trace/extensions.ts';
import { hex } from '../../wire/vectors/vector.ts';

describe('hopExtensions', () => {
  it('reads a label stack (RFC 4950), and leaves other objects as they are', () => {
    const data = hex('03e84440 00011701 00');
    const other = { class: 2, type: 0x0a, data: hex('00000001') };
    expect(hopExtensions([{ class: 1, type: 1, data }, other])).toStrictEqual({
      mpls: [
        { label: 16004, trafficClass: 2, bottom: false, ttl: 64 },
        { label: 17, trafficClass: 3, bottom: true, ttl: 1 },
      ],
      others: [other],
    });
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
