/** RFC 9293 §3.10.7.2 */
import { describe, expect, it } from 'vitest';
import { KIND_MSS, KIND_SACK_PERMITTED, KIND_WINDOW_SCALE } from '../../src/wire/tcp-options.ts';
import { as, REMOTE_PORT, transmission } from '../support/tcp-script.ts';
import { inState } from '../support/tcp-states.ts';

describe('LISTEN', () => {
  it('waits without a timer', () => {
    const t = inState('LISTEN');
    expect(t.watch.deadlineUs).toBe(Number.POSITIVE_INFINITY);
  });

  it.each(['R 0:0(0)', 'RS 0:0(0)', 'R. 0:0(0) ack 1'])('ignores %s', (text) => {
    const t = inState('LISTEN');
    t.gets(text);
    t.notes('bad-rst');
    expect(t.state).toBe('LISTEN');
  });

  it.each(['. 0:0(0)', 'S. 0:0(0)', 'F. 0:0(0)', 'P. 0:10(10)'])('answers %s ack 9 with RST at 9', (text) => {
    const t = inState('LISTEN');
    t.gets(`${text} ack 9`);
    t.notes('bad-ack');
    t.sends('R 9:9(0)');
    expect(t.state).toBe('LISTEN');
  });

  it.each(['none 0:0(0)', 'F 0:0(0)', 'P 0:10(10)'])('drops %s, which is neither RST, ACK nor SYN', (text) => {
    const t = inState('LISTEN');
    t.gets(text);
    t.notes('no-syn');
    expect(t.state).toBe('LISTEN');
  });

  it('answers a SYN with SYN+ACK', () => {
    const t = inState('LISTEN', { synWindow: 5000 });
    t.gets('S 0:0(0) win 1000 <mss 1000>');
    t.sends('S. 0:0(0) ack 1 win 5000 <mss 1460>', as(undefined), transmission(1));
    t.walks('SYN-RECEIVED');
    t.notes();
    expect(t.tcb.remotePort).toBe(REMOTE_PORT);
    expect(t.tcb.passive).toBe(true);
    expect(t.tcb.sndMss).toBe(1000);
  });

  it.each(['S 0:10(10)', 'FS 0:0(0)', 'FSP 0:10(10)'])('acknowledges of %s the SYN alone', (text) => {
    const t = inState('LISTEN');
    t.gets(text);
    t.sends('S. 0:0(0) ack 1');
    t.delivers(0);
    expect(t.state).toBe('SYN-RECEIVED');
  });

  it('answers only the options that were offered, in its own order', () => {
    const t = inState('LISTEN', {
      synOptions: [
        { kind: KIND_SACK_PERMITTED, name: 'sack-permitted' },
        { kind: KIND_MSS, name: 'mss', mss: 1460 },
        { kind: KIND_WINDOW_SCALE, name: 'window-scale', shift: 7 },
      ],
    });
    t.gets('S 0:0(0) <wscale 3,mss 536>');
    t.sends('S. 0:0(0) ack 1 <mss 1460,wscale 7>');
  });

  it('sends what was written before the handshake after it', () => {
    const t = inState('LISTEN');
    t.write(10);
    t.gets('S 0:0(0)');
    t.sends('S. 0:0(0) ack 1');
    t.gets('. 1:1(0) ack 1');
    t.sends('P. 1:11(10) ack 1');
  });

  it('is closed and aborted without a segment', () => {
    const closed = inState('LISTEN');
    closed.close();
    closed.ends('closed');
    const aborted = inState('LISTEN');
    aborted.abort();
    aborted.ends('aborted');
  });
});
