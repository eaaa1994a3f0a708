/** RFC 9293 §3.10.7.4 for FIN-WAIT-2: our FIN is acknowledged, the peer may go on for as long as it likes. */
import { describe, expect, it } from 'vitest';
import { inState } from '../support/tcp-states.ts';
import { describeSynchronized } from '../support/tcp-synchronized.ts';

describeSynchronized('FIN-WAIT-2');

describe('FIN-WAIT-2', () => {
  it('goes on receiving, without a timer', () => {
    const t = inState('FIN-WAIT-2');
    t.gets('P. 1:11(10) ack 2');
    t.delivers(10);
    t.sends('. 2:2(0) ack 11');
    t.wait(3_600_000);
    t.gets('P. 11:21(10) ack 2');
    t.delivers(10);
    t.sends('. 2:2(0) ack 21');
    expect(t.state).toBe('FIN-WAIT-2');
  });

  it("goes to TIME-WAIT on the peer's FIN", () => {
    const t = inState('FIN-WAIT-2');
    t.gets('F. 1:1(0) ack 2');
    t.sends('. 2:2(0) ack 2');
    t.walks('TIME-WAIT');
  });

  it('takes data and FIN of one segment', () => {
    const t = inState('FIN-WAIT-2');
    t.gets('FP. 1:11(10) ack 2');
    t.delivers(10);
    t.sends('. 2:2(0) ack 12');
    t.walks('TIME-WAIT');
  });

  it('waits for what is missing before the FIN', () => {
    const t = inState('FIN-WAIT-2');
    t.gets('F. 11:11(0) ack 2');
    t.notes('out-of-order');
    t.sends('. 2:2(0) ack 1');
    expect(t.state).toBe('FIN-WAIT-2');
    t.gets('. 1:11(10) ack 2');
    t.delivers(10);
    t.sends('. 2:2(0) ack 12');
    t.walks('TIME-WAIT');
  });

  it('takes nothing more from the user', () => {
    const t = inState('FIN-WAIT-2');
    t.write(10);
    t.close();
    t.wait(10_000);
    expect(t.tcb.unsentBytes).toBe(0);
    expect(t.state).toBe('FIN-WAIT-2');
  });
});
