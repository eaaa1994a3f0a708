/** Our window before a user who reads when it likes: RFC 9293 §3.8.6.2.2. */
import { describe, expect, it } from 'vitest';
import { KIND_WINDOW_SCALE, type TcpOption } from '../../src/wire/tcp-options.ts';
import { established } from '../support/tcp-states.ts';

/** Room for four segments of the peer's. */
const start = () => established({ userReads: true, synWindow: 4000, receiveBufferBytes: 4000, maxSegmentBytes: 1000 });

describe('a user who reads when it likes', () => {
  it('fills the window with what it leaves unread, and it opens by a segment at the least', () => {
    const t = start();
    t.gets('. 1:1001(1000) ack 1');
    t.sends('. 1:1(0) ack 1001 win 3000');
    t.delivers(1000);
    t.gets('. 1001:4001(3000) ack 1');
    t.sends('. 1:1(0) ack 4001 win 0');
    t.delivers(3000);
    t.reads(999);
    t.sendsNothing();
    t.reads(1);
    t.sends('. 1:1(0) ack 4001 win 1000');
    t.reads(3000);
    t.sends('. 1:1(0) ack 4001 win 4000');
  });

  it('counts as told what the field can say: less than a unit is none (RFC 7323 §2.4)', () => {
    const scale: TcpOption = { kind: KIND_WINDOW_SCALE, name: 'window-scale', shift: 8 };
    const config = { userReads: true, synOptions: [scale], synWindow: 4096, receiveBufferBytes: 4096, maxSegmentBytes: 1000 };
    const t = established(config, 'S. 0:0(0) ack 1 <wscale 0>');
    t.gets('. 1:4001(4000) ack 1');
    t.sends('. 1:1(0) ack 4001 win 0');
    t.delivers(4000);
    t.reads(903);
    t.sendsNothing();
    t.reads(1);
    t.sends('. 1:1(0) ack 4001 win 3');
  });

  it('sends no word of a window that is wide enough', () => {
    const t = start();
    t.gets('. 1:1001(1000) ack 1');
    t.sends('. 1:1(0) ack 1001 win 3000');
    t.delivers(1000);
    t.reads(1000);
    t.sendsNothing();
    expect(t.tcb.rcvWnd).toBe(4000);
  });

  it('gets what a full window was asked for and no more', () => {
    const t = start();
    t.gets('. 1:4001(4000) ack 1');
    t.sends('. 1:1(0) ack 4001 win 0');
    t.delivers(4000);
    t.gets('. 4001:4002(1) ack 1');
    t.sends('. 1:1(0) ack 4001 win 0');
    t.notes('out-of-window');
  });

  it('is told of no window once the peer has closed', () => {
    const t = start();
    t.gets('. 1:3501(3500) ack 1');
    t.sends('. 1:1(0) ack 3501 win 500');
    t.delivers(3500);
    t.gets('F. 3501:3501(0) ack 1');
    t.sends('. 1:1(0) ack 3502 win 500');
    t.reads(3500);
    t.sendsNothing();
  });
});
