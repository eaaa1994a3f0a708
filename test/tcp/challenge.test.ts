/** Challenge ACKs are few (RFC 5961 §7), and two sides never answer each other without end. */
import { describe, expect, it } from 'vitest';
import { KIND_WINDOW_SCALE } from '../../src/wire/tcp-options.ts';
import { as } from '../support/tcp-script.ts';
import { established, inState } from '../support/tcp-states.ts';

/** What a blind attacker may send as often as it likes. */
const BLIND = [
  ['RST within the window', 'R 100:100(0)'],
  ['SYN', 'S 100:100(0)'],
  ['SYN outside the window', 'S 90000:90000(0)'],
  ['ACK of what was never sent', '. 1:1(0) ack 5000'],
  ['data with such an ACK', 'P. 1:1001(1000) ack 5000'],
  ['ACK from long ago', '. 1:1(0) ack -70000'],
  ['ACK outside the window', '. 90000:90000(0) ack 1'],
] as const;

describe.each(BLIND)('%s', (_what, text) => {
  it('draws ten challenge ACKs in five seconds, and then again', () => {
    const t = inState('ESTABLISHED');
    const flood = (): number => {
      let answers = 0;
      for (let times = 0; times < 1000; times++) {
        t.gets(text);
        if (times < 10) {
          t.sends('. 1:1(0) ack 1', as('challenge-ack'));
          answers++;
        }
      }
      return answers;
    };
    t.wait(100_000);
    expect(flood()).toBe(10);
    t.wait(4999);
    t.gets(text);
    t.sendsNothing();
    t.wait(1);
    expect(flood()).toBe(10);
    expect(t.state).toBe('ESTABLISHED');
  });
});

it('the range of ACKs grows with the largest window the peer has ever offered', () => {
  const t = established({ synOptions: [{ kind: KIND_WINDOW_SCALE, name: 'window-scale', shift: 0 }] }, 'S. 0:0(0) ack 1 win 5 <wscale 7>');
  t.gets('. 1:1(0) ack 1 win 5');
  t.gets('. 1:1(0) ack 1 win 1');
  t.gets('. 1:1(0) ack -639');
  t.notes();
  t.gets('. 1:1(0) ack -640');
  t.notes('bad-ack');
  t.sends('. 1:1(0) ack 1', as('challenge-ack'));
});

it('data that came before are acknowledged each time: the peer may have lost our ACK', () => {
  const t = inState('ESTABLISHED');
  t.getsUnwatched('P. 1:11(10) ack 1');
  for (let times = 0; times < 50; times++) {
    t.gets('P. 1:11(10) ack 1');
    t.sends('. 1:1(0) ack 11', as(undefined));
  }
});

it('a RST flood is never answered beyond that, and outside the window not at all', () => {
  const t = inState('ESTABLISHED');
  for (let seq = 65_536; seq < 70_000; seq++) t.gets(`R ${seq}:${seq}(0)`);
  t.sendsNothing();
});

it('two sides that have lost each other fall silent', () => {
  // Each holds what the other sends to acknowledge what was never sent (Joncheray's ACK storm).
  const a = inState('ESTABLISHED');
  const b = inState('ESTABLISHED');
  let answers = 0;
  for (let side = a; side.tcb.challenges <= 10; side = side === a ? b : a) {
    side.gets('. 1:1(0) ack 4000');
    if (side.tcb.challenges > 10) break;
    side.sends('. 1:1(0) ack 1', as('challenge-ack'));
    answers++;
  }
  expect(answers).toBe(20);
});
