/** RFC 9293 §3.10.7.4 for FIN-WAIT-1: our FIN is out and not acknowledged. */
import { describe, expect, it } from 'vitest';
import { as, atMs, transmission } from '../support/tcp-script.ts';
import { inState } from '../support/tcp-states.ts';
import { describeSynchronized } from '../support/tcp-synchronized.ts';

describeSynchronized('FIN-WAIT-1');

describe('FIN-WAIT-1', () => {
  it('goes to FIN-WAIT-2 when the FIN is acknowledged', () => {
    const t = inState('FIN-WAIT-1');
    t.wait(30);
    t.gets('. 1:1(0) ack 2');
    t.walks('FIN-WAIT-2');
    t.sendsNothing();
    expect(t.told('rtt')).toEqual([{ type: 'rtt', rttUs: 30_000, of: 'fin', transmission: 1 }]);
    expect(t.told('acked')).toEqual([]);
    expect(t.watch.deadlineUs).toBe(Number.POSITIVE_INFINITY);
  });

  it("goes to CLOSING on the peer's FIN that does not acknowledge ours", () => {
    const t = inState('FIN-WAIT-1');
    t.gets('F. 1:1(0) ack 1');
    t.sends('. 2:2(0) ack 2');
    t.walks('CLOSING');
  });

  it('walks through FIN-WAIT-2 on a FIN that acknowledges ours', () => {
    const t = inState('FIN-WAIT-1');
    t.gets('F. 1:1(0) ack 2');
    t.sends('. 2:2(0) ack 2');
    t.walks('FIN-WAIT-2', 'TIME-WAIT');
  });

  it('goes on receiving', () => {
    const t = inState('FIN-WAIT-1');
    t.gets('P. 1:11(10) ack 1');
    t.delivers(10);
    t.sends('. 2:2(0) ack 11');
    t.gets('FP. 11:21(10) ack 2');
    t.delivers(10);
    t.sends('. 2:2(0) ack 22');
    t.walks('FIN-WAIT-2', 'TIME-WAIT');
  });

  it('stays while only the data before the FIN are acknowledged', () => {
    const t = inState('ESTABLISHED');
    t.write(10);
    t.sends('P. 1:11(10) ack 1');
    t.close();
    t.sends('F. 11:11(0) ack 1');
    t.gets('. 1:1(0) ack 11');
    expect(t.state).toBe('FIN-WAIT-1');
    t.gets('. 1:1(0) ack 12');
    expect(t.state).toBe('FIN-WAIT-2');
  });

  it('sends its FIN again until it is acknowledged, then gives up with RST', () => {
    const t = inState('FIN-WAIT-1', { userTimeoutUs: 10_000_000 });
    t.wait(1000);
    t.sends('F. 1:1(0) ack 1', as('retransmission'), transmission(2), atMs(1000));
    t.wait(2000);
    t.sends('F. 1:1(0) ack 1', transmission(3), atMs(3000));
    t.wait(4000);
    t.sends('F. 1:1(0) ack 1', transmission(4), atMs(7000));
    t.wait(3000);
    t.sends('R 2:2(0)', atMs(10_000));
    t.ends('timeout');
  });
});
