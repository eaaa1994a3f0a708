/** RFC 9293 §3.10.7.4 for LAST-ACK: our FIN answers the peer's and waits for the last ACK. */
import { describe, expect, it } from 'vitest';
import { as, atMs } from '../support/tcp-script.ts';
import { inState } from '../support/tcp-states.ts';
import { describeSynchronized } from '../support/tcp-synchronized.ts';

describeSynchronized('LAST-ACK');

describe('LAST-ACK', () => {
  it('is over with the ACK of its FIN', () => {
    const t = inState('LAST-ACK');
    t.gets('. 2:2(0) ack 2');
    t.walks('CLOSED');
    t.ends('closed');
  });

  it('stays on an ACK that does not cover its FIN', () => {
    const t = inState('LAST-ACK');
    t.gets('. 2:2(0) ack 1');
    t.sendsNothing();
    expect(t.state).toBe('LAST-ACK');
  });

  it('acknowledges the FIN that comes again', () => {
    const t = inState('LAST-ACK');
    t.gets('F. 1:1(0) ack 1');
    t.notes('duplicate');
    t.sends('. 2:2(0) ack 2');
    expect(t.state).toBe('LAST-ACK');
  });

  it('sends its FIN again until it is acknowledged, then gives up with RST', () => {
    const t = inState('LAST-ACK', { userTimeoutUs: 4_000_000 });
    t.wait(3000);
    t.sends('F. 1:1(0) ack 2', as('retransmission'), atMs(1000));
    t.sends('F. 1:1(0) ack 2', atMs(3000));
    t.wait(1000);
    t.sends('R 2:2(0)');
    t.ends('timeout');
  });
});
