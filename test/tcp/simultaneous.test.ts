/** Both sides at once: open (RFC 9293 §3.5, figure 7) and close (§3.6, figure 13), and closes that are made to cross. */
import { describe, expect, it } from 'vitest';
import { as } from '../support/tcp-script.ts';
import { established, inState } from '../support/tcp-states.ts';

describe('simultaneous open', () => {
  it('goes by SYN+ACK both ways', () => {
    const t = inState('SYN-SENT');
    t.gets('S 0:0(0) <mss 1000>');
    t.walks('SYN-RECEIVED');
    t.sends('S. 0:0(0) ack 1 win 64240 <mss 1460>');
    t.gets('S. 0:0(0) ack 1 win 7000 <mss 1000>');
    t.walks('ESTABLISHED');
    t.sends('. 1:1(0) ack 1');
    expect(t.tcb).toMatchObject({ sndWnd: 7000, sndMss: 1000 });
    t.gets('. 1:1(0) ack 1');
    t.sendsNothing();
  });

  it('goes on where the peer has seen our SYN+ACK first', () => {
    const t = inState('SYN-SENT');
    t.gets('S 0:0(0)');
    t.sends('S. 0:0(0) ack 1');
    t.gets('P. 1:11(10) ack 1');
    t.walks('SYN-RECEIVED', 'ESTABLISHED');
    t.delivers(10);
    t.sends('. 1:1(0) ack 11');
    // Its SYN+ACK, overtaken.
    t.gets('S. 0:0(0) ack 1');
    t.notes('duplicate');
    t.sends('. 1:1(0) ack 11');
  });

  it('takes data that come with the SYN+ACK', () => {
    const t = inState('SYN-SENT');
    t.gets('S 0:0(0)');
    t.sends('S. 0:0(0) ack 1');
    t.gets('FSP. 0:10(10) ack 1');
    t.delivers(10);
    t.sends('. 1:1(0) ack 12');
    t.walks('SYN-RECEIVED', 'ESTABLISHED', 'CLOSE-WAIT');
  });

  it('gets over a SYN+ACK that was lost', () => {
    const t = inState('SYN-SENT');
    t.gets('S 0:0(0)');
    t.sends('S. 0:0(0) ack 1');
    t.gets('S 0:0(0)');
    t.notes('duplicate');
    t.sends('. 1:1(0) ack 1');
    t.wait(1000);
    t.sends('S. 0:0(0) ack 1', as('retransmission'));
    t.gets('S. 0:0(0) ack 1');
    t.sends('. 1:1(0) ack 1');
    expect(t.state).toBe('ESTABLISHED');
  });

  it('measures no round trip: the answer may be to either of ours', () => {
    const t = inState('SYN-SENT');
    t.wait(100);
    t.gets('S 0:0(0)');
    t.sends('S. 0:0(0) ack 1');
    t.wait(50);
    t.gets('. 1:1(0) ack 1');
    expect(t.told('rtt')).toEqual([]);
    // And no SYN was lost: the timer stays at a second.
    t.write(1);
    t.sends('P. 1:2(1) ack 1');
    t.wait(1000);
    t.sends('P. 1:2(1) ack 1', as('retransmission'));
  });

  it('is no way in for a SYN+ACK with other numbers', () => {
    const t = inState('SYN-SENT');
    t.gets('S 0:0(0)');
    t.sends('S. 0:0(0) ack 1');
    t.gets('S. 0:0(0) ack 2');
    t.notes('duplicate');
    t.sends('. 1:1(0) ack 1');
    t.gets('S. 5:5(0) ack 1');
    t.notes('unexpected-syn');
    t.sends('. 1:1(0) ack 1', as('challenge-ack'));
    expect(t.state).toBe('SYN-RECEIVED');
  });
});

describe('simultaneous close', () => {
  it('goes by CLOSING', () => {
    const t = inState('ESTABLISHED');
    t.close();
    t.sends('F. 1:1(0) ack 1');
    t.gets('F. 1:1(0) ack 1');
    t.sends('. 2:2(0) ack 2');
    t.gets('. 2:2(0) ack 2');
    t.walks('FIN-WAIT-1', 'CLOSING', 'TIME-WAIT');
  });

  it('with data that cross as well', () => {
    const t = inState('ESTABLISHED');
    t.write(10);
    t.sends('P. 1:11(10) ack 1');
    t.close();
    t.sends('F. 11:11(0) ack 1');
    t.gets('FP. 1:21(20) ack 1');
    t.delivers(20);
    t.sends('. 12:12(0) ack 22');
    t.gets('. 22:22(0) ack 12');
    t.walks('FIN-WAIT-1', 'CLOSING', 'TIME-WAIT');
  });

  it('without the last ACK sends the FIN again', () => {
    const t = inState('CLOSING');
    t.wait(1000);
    t.sends('F. 1:1(0) ack 2', as('retransmission'));
    t.gets('. 2:2(0) ack 2');
    t.walks('TIME-WAIT');
  });
});

describe('crossFin', () => {
  const crossing = { crossFin: true };

  it("answers the peer's FIN by one that does not acknowledge it, then acknowledges it", () => {
    const t = established(crossing);
    t.gets('F. 1:1(0) ack 1');
    t.notes('held');
    t.sends('F. 1:1(0) ack 1');
    t.sends('. 2:2(0) ack 2');
    t.walks('SYN-SENT', 'ESTABLISHED', 'FIN-WAIT-1', 'CLOSING');
    t.gets('. 2:2(0) ack 2');
    t.walks('TIME-WAIT');
  });

  it('acknowledges the data before the FIN', () => {
    const t = established(crossing);
    t.gets('FP. 1:11(10) ack 1');
    t.delivers(10);
    t.sends('F. 1:1(0) ack 11');
    t.sends('. 2:2(0) ack 12');
  });

  it('changes nothing where our FIN is out already', () => {
    const t = inState('FIN-WAIT-1', crossing);
    t.gets('F. 1:1(0) ack 1');
    t.notes();
    t.sends('. 2:2(0) ack 2');
    t.walks('CLOSING');
  });

  it.each([
    ['the window is closed', 0],
    ['data wait', 5],
  ])('closes passively where %s', (_why, window) => {
    const t = established(crossing, `S. 0:0(0) ack 1 win ${window}`);
    t.write(10);
    t.forget();
    t.gets(`F. 1:1(0) ack 1 win ${window}`);
    t.notes();
    t.sends(`. ${t.sndNxt}:${t.sndNxt}(0) ack 2`);
    expect(t.state).toBe('CLOSE-WAIT');
  });
});
