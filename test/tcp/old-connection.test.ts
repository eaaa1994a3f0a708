/** A peer that still has a connection between our ports, from a run that is gone (RFC 9293 §3.10.7.3, RFC 5961 §4). */
import { expect, it } from 'vitest';
import { as, atMs, transmission } from '../support/tcp-script.ts';
import { inState } from '../support/tcp-states.ts';

it('is cleared away: RST where it stands, and our SYN again at once', () => {
  const t = inState('SYN-SENT');
  t.wait(10);
  // It challenges our SYN with an ACK of its own numbers.
  t.gets('. 123456:123456(0) ack 7000000');
  t.notes('old-connection');
  t.sends('R 7000000:7000000(0)', as(undefined));
  t.sends('S 0:0(0)', as('retransmission'), transmission(2), atMs(10));
  t.gets('S. 0:0(0) ack 1');
  t.sends('. 1:1(0) ack 1');
  expect(t.state).toBe('ESTABLISHED');
  // Which of the two SYNs was answered can't be told; but none was lost.
  expect(t.told('rtt')).toEqual([]);
  t.write(1);
  t.sends('P. 1:2(1) ack 1');
  t.wait(1000);
  t.sends('P. 1:2(1) ack 1', as('retransmission'));
});

it('may be behind us as well as ahead', () => {
  const t = inState('SYN-SENT');
  t.gets('. 5:5(0) ack -1000');
  t.sends('R -1000:-1000(0)');
  t.sends('S 0:0(0)');
});

it('draws no more than three SYNs beside those of the timer', () => {
  const t = inState('SYN-SENT', { userTimeoutUs: 600_000_000 });
  for (let times = 1; times <= 10; times++) {
    t.gets('. 5:5(0) ack 5000');
    t.sends('R 5000:5000(0)');
    if (times <= 3) t.sends('S 0:0(0)', transmission(1 + times));
  }
  t.wait(1000);
  t.sends('S 0:0(0)', atMs(1000), transmission(5));
});

it('is not seen in a RST, a SYN+ACK or the right ACK', () => {
  const t = inState('SYN-SENT');
  t.gets('R. 5:5(0) ack 5000');
  t.gets('S. 5:5(0) ack 5000');
  t.sends('R 5000:5000(0)');
  t.gets('. 5:5(0) ack 1');
  t.notes('bad-rst', 'bad-ack', 'no-syn');
  t.sendsNothing();
});

it('with data or a FIN is cleared away too', () => {
  for (const text of ['P. 5:15(10) ack 5000', 'F. 5:5(0) ack 5000']) {
    const t = inState('SYN-SENT');
    t.gets(text);
    t.notes('old-connection');
    t.delivers(0);
    t.sends('R 5000:5000(0)');
    t.sends('S 0:0(0)');
  }
});
