/** RFC 9293 §3.10.7.4 for TIME-WAIT: both FINs are acknowledged, our last ACK may have been lost. */
import { describe, expect, it } from 'vitest';
import { DEFAULT_TCB_CONFIG } from '../../src/tcp/tcb.ts';
import { inState } from '../support/tcp-states.ts';
import { describeSynchronized } from '../support/tcp-synchronized.ts';

describeSynchronized('TIME-WAIT');

const config = { timeWaitUs: 4_000_000 };

describe('TIME-WAIT', () => {
  it('is over after 2 MSL', () => {
    const t = inState('TIME-WAIT', config);
    t.wait(3999);
    expect(t.state).toBe('TIME-WAIT');
    t.wait(1);
    t.walks('CLOSED');
    t.ends('closed');
  });

  it('takes 2 MSL for 4 minutes unless told otherwise', () => {
    expect(DEFAULT_TCB_CONFIG.timeWaitUs).toBe(240_000_000);
  });

  it.each(['F. 1:1(0) ack 2', 'F. 1:1(0) ack 1'])('acknowledges the FIN that comes again (%s) and begins anew', (text) => {
    const t = inState('TIME-WAIT', config);
    t.wait(3000);
    t.gets(text);
    t.notes('duplicate');
    t.sends('. 2:2(0) ack 2');
    t.wait(3999);
    expect(t.state).toBe('TIME-WAIT');
    t.wait(1);
    t.ends('closed');
  });

  it('begins anew for a FIN alone', () => {
    const t = inState('TIME-WAIT', config);
    t.wait(3000);
    t.gets('. 2:2(0) ack 2');
    t.wait(1000);
    t.ends('closed');
  });

  it.each(['. 1:1(0) ack 1', '. 1:1(0) ack 2', '. 70000:70000(0) ack 2'])(
    'leaves %s, which the FIN overtook, without an answer',
    (text) => {
      const t = inState('TIME-WAIT', config);
      t.gets(text);
      t.sendsNothing();
      expect(t.state).toBe('TIME-WAIT');
    },
  );

  it.each(['R 2:2(0)', 'R. 2:2(0) ack 2', 'R 3:3(0)', 'R 1:1(0)'])('does not end by %s (RFC 1337)', (text) => {
    const t = inState('TIME-WAIT', config);
    t.gets(text);
    t.sendsNothing();
    expect(t.state).toBe('TIME-WAIT');
  });

  it('delivers nothing more', () => {
    const t = inState('TIME-WAIT', config);
    t.gets('P. 2:12(10) ack 2');
    t.delivers(0);
    t.sends('. 2:2(0) ack 2');
  });

  it('comes from CLOSING as well', () => {
    const t = inState('CLOSING', config);
    t.wait(500);
    t.gets('. 2:2(0) ack 2');
    t.wait(4000);
    t.walks('TIME-WAIT', 'CLOSED');
    t.ends('closed');
  });
});
