/** The four cases of RFC 9293 §3.4, table 6. */
import { describe, expect, it } from 'vitest';
import { isAcceptable } from '../../src/tcp/arrives.ts';
import { FIN, SYN } from '../../src/wire/flags.ts';
import { seqAdd } from '../../src/wire/seq.ts';
import { tcpSegment } from '../../src/wire/tcp.ts';

/** Segment length, receive window, and where from RCV.NXT a segment may begin: first, last; undefined for nowhere. */
const CASES: [segLen: number, rcvWnd: number, range: [number, number] | undefined][] = [
  [0, 0, [0, 0]],
  [0, 1, [0, 0]],
  [0, 1000, [0, 999]],
  [1, 0, undefined],
  [1000, 0, undefined],
  [1, 1, [0, 0]],
  [1, 1000, [0, 999]],
  // The table wants one end of the segment within the window: one that covers it all is not acceptable.
  [10, 1000, [-9, 999]],
  [1000, 1000, [-999, 999]],
  [1, 2 ** 30, [0, 2 ** 30 - 1]],
];

const acceptable = (rcvNxt: number, rcvWnd: number, ahead: number, length: number, flags = 0) =>
  isAcceptable(
    { rcvNxt, rcvWnd },
    tcpSegment({ sourcePort: 1, destinationPort: 2, seq: seqAdd(rcvNxt, ahead), flags, payload: new Uint8Array(length) }),
  );

describe.each([0, 1, 0xffff_ffff, 0xffff_fff0, 0x7fff_ffff, 0x8000_0000])('RCV.NXT %i', (rcvNxt) => {
  it.each(CASES)('takes segments of length %i into a window of %i from %j', (length, rcvWnd, range) => {
    if (range === undefined) {
      for (const ahead of [-length, -1, 0, 1]) expect(acceptable(rcvNxt, rcvWnd, ahead, length)).toBe(false);
      return;
    }
    const [first, last] = range;
    expect(acceptable(rcvNxt, rcvWnd, first - 1, length)).toBe(false);
    expect(acceptable(rcvNxt, rcvWnd, first, length)).toBe(true);
    expect(acceptable(rcvNxt, rcvWnd, last, length)).toBe(true);
    expect(acceptable(rcvNxt, rcvWnd, last + 1, length)).toBe(false);
  });

  it('counts SYN and FIN', () => {
    expect(acceptable(rcvNxt, 100, -1, 0, FIN)).toBe(false);
    expect(acceptable(rcvNxt, 100, -1, 1, FIN)).toBe(true);
    expect(acceptable(rcvNxt, 100, -1, 0, SYN | FIN)).toBe(true);
    expect(acceptable(rcvNxt, 0, 0, 0, FIN)).toBe(false);
  });
});
