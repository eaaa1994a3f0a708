/** RFC 9293 §3.10.7.4 for CLOSING: both FINs crossed, ours is not acknowledged. */
import { describe, expect, it } from 'vitest';
import { as } from '../support/tcp-script.ts';
import { inState } from '../support/tcp-states.ts';
import { describeSynchronized } from '../support/tcp-synchronized.ts';

describeSynchronized('CLOSING');

describe('CLOSING', () => {
  it('goes to TIME-WAIT when its FIN is acknowledged', () => {
    const t = inState('CLOSING');
    t.gets('. 2:2(0) ack 2');
    t.walks('TIME-WAIT');
    t.sendsNothing();
  });

  it('stays on an ACK that does not cover its FIN', () => {
    const t = inState('CLOSING');
    t.gets('. 2:2(0) ack 1');
    t.sendsNothing();
    expect(t.state).toBe('CLOSING');
  });

  it('acknowledges the FIN that comes again, and learns nothing from its ACK', () => {
    const t = inState('CLOSING');
    t.gets('F. 1:1(0) ack 1');
    t.notes('duplicate');
    t.sends('. 2:2(0) ack 2');
    expect(t.state).toBe('CLOSING');
  });

  it('sends its FIN again, now with the ACK of the peer’s, and gives up with RST', () => {
    const t = inState('CLOSING', { userTimeoutUs: 2_000_000 });
    t.wait(1000);
    t.sends('F. 1:1(0) ack 2', as('retransmission'));
    t.wait(1000);
    t.sends('R 2:2(0)');
    t.ends('timeout');
  });

  it('delivers nothing more', () => {
    const t = inState('CLOSING');
    t.gets('P. 2:12(10) ack 1');
    t.delivers(0);
    t.sends('. 2:2(0) ack 2');
    expect(t.state).toBe('CLOSING');
  });
});
