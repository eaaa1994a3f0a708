/** RFC 9293 §3.10.7.4 for CLOSE-WAIT: the peer has sent its FIN, we may go on. */
import { describe, expect, it } from 'vitest';
import { as } from '../support/tcp-script.ts';
import { inState } from '../support/tcp-states.ts';
import { describeSynchronized } from '../support/tcp-synchronized.ts';

describeSynchronized('CLOSE-WAIT');

describe('CLOSE-WAIT', () => {
  it('goes on sending', () => {
    const t = inState('CLOSE-WAIT');
    t.write(10);
    t.sends('P. 1:11(10) ack 2');
    t.wait(1000);
    t.sends('P. 1:11(10) ack 2', as('retransmission'));
    t.gets('. 2:2(0) ack 11');
    expect(t.state).toBe('CLOSE-WAIT');
  });

  it('goes to LAST-ACK with its FIN', () => {
    const t = inState('CLOSE-WAIT');
    t.close();
    t.sends('F. 1:1(0) ack 2');
    t.walks('LAST-ACK');
  });

  it('sends its FIN after its data', () => {
    const t = inState('CLOSE-WAIT');
    t.write(10);
    t.sends('P. 1:11(10) ack 2');
    t.close();
    t.sends('F. 11:11(0) ack 2');
    t.walks('LAST-ACK');
  });

  it('acknowledges the FIN that comes again', () => {
    const t = inState('CLOSE-WAIT');
    t.gets('F. 1:1(0) ack 1');
    t.notes('duplicate');
    t.sends('. 1:1(0) ack 2');
    expect(t.state).toBe('CLOSE-WAIT');
  });

  it('delivers nothing from after the FIN', () => {
    const t = inState('CLOSE-WAIT');
    t.gets('P. 2:12(10) ack 1');
    t.delivers(0);
    t.sends('. 1:1(0) ack 2');
    t.gets('FP. 2:12(10) ack 1');
    t.delivers(0);
    t.sends('. 1:1(0) ack 2');
    expect(t.state).toBe('CLOSE-WAIT');
  });

  it('waits for the user without a timer', () => {
    const t = inState('CLOSE-WAIT');
    expect(t.watch.deadlineUs).toBe(Number.POSITIVE_INFINITY);
  });
});
