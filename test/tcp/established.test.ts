/** RFC 9293 §3.10.7.4 for ESTABLISHED. */
import { describe, expect, it } from 'vitest';
import { as } from '../support/tcp-script.ts';
import { established, inState } from '../support/tcp-states.ts';
import { describeSynchronized } from '../support/tcp-synchronized.ts';

describeSynchronized('ESTABLISHED');

describe('ESTABLISHED', () => {
  it('delivers data and acknowledges them at once', () => {
    const t = inState('ESTABLISHED');
    t.gets('. 1:1461(1460) ack 1');
    t.sends('. 1:1(0) ack 1461');
    t.delivers(1460);
    t.gets('P. 1461:1471(10) ack 1');
    t.sends('. 1:1(0) ack 1471');
    t.delivers(10);
    t.notes();
    expect(t.state).toBe('ESTABLISHED');
  });

  it('delivers of a segment only what is new', () => {
    const t = inState('ESTABLISHED');
    t.gets('. 1:11(10) ack 1');
    t.sends('. 1:1(0) ack 11');
    t.delivers(10);
    t.gets('. 5:21(16) ack 1');
    t.sends('. 1:1(0) ack 21');
    t.delivers(10);
  });

  it('delivers of a segment only what is within the window', () => {
    const t = inState('ESTABLISHED', { synWindow: 100, fixedWindow: true });
    t.gets('. 1:151(150) ack 1');
    t.sends('. 1:1(0) ack 101 win 100');
    t.delivers(100);
  });

  it('sends data as the MSS cuts them, with PSH on the last', () => {
    const t = established({}, 'S. 0:0(0) ack 1 <mss 1000>');
    t.write(2500);
    t.sends('. 1:1001(1000) ack 1', as(undefined));
    t.sends('. 1001:2001(1000) ack 1');
    t.sends('P. 2001:2501(500) ack 1');
    t.gets('. 1:1(0) ack 1501');
    t.gets('. 1:1(0) ack 2501');
    expect(t.told('acked')).toEqual([
      { type: 'acked', bytes: 1500 },
      { type: 'acked', bytes: 1000 },
    ]);
    expect(t.watch.deadlineUs).toBe(Number.POSITIVE_INFINITY);
  });

  it("acknowledges the peer's data with its own", () => {
    const t = established({}, 'S. 0:0(0) ack 1 win 100 <mss 1460>');
    t.write(150);
    t.sends('. 1:101(100) ack 1');
    t.gets('. 1:11(10) ack 101 win 100');
    t.sends('P. 101:151(50) ack 11');
    t.delivers(10);
  });

  it('counts an ACK within a segment byte by byte', () => {
    const t = inState('ESTABLISHED');
    t.write(10);
    t.sends('P. 1:11(10) ack 1');
    t.gets('. 1:1(0) ack 4');
    t.gets('. 1:1(0) ack 4');
    t.gets('. 1:1(0) ack 11');
    expect(t.told('acked')).toEqual([
      { type: 'acked', bytes: 3 },
      { type: 'acked', bytes: 7 },
    ]);
  });

  it("goes to CLOSE-WAIT on the peer's FIN", () => {
    const t = inState('ESTABLISHED');
    t.gets('F. 1:1(0) ack 1');
    t.sends('. 1:1(0) ack 2');
    t.walks('CLOSE-WAIT');
  });

  it('takes the data before the FIN of the same segment', () => {
    const t = inState('ESTABLISHED');
    t.gets('FP. 1:11(10) ack 1');
    t.delivers(10);
    t.sends('. 1:1(0) ack 12');
    t.walks('CLOSE-WAIT');
  });

  it('leaves a FIN just past the window to come again', () => {
    const t = inState('ESTABLISHED', { synWindow: 100, fixedWindow: true });
    t.gets('F. 1:101(100) ack 1');
    t.delivers(100);
    t.sends('. 1:1(0) ack 101');
    expect(t.state).toBe('ESTABLISHED');
    t.gets('F. 101:101(0) ack 1');
    t.sends('. 1:1(0) ack 102');
    expect(t.state).toBe('CLOSE-WAIT');
  });

  it('goes to FIN-WAIT-1 with its own FIN', () => {
    const t = inState('ESTABLISHED');
    t.close();
    t.sends('F. 1:1(0) ack 1');
    t.walks('FIN-WAIT-1');
  });

  it('sends its FIN with the last data', () => {
    const t = established({}, 'S. 0:0(0) ack 1 win 2000 <mss 1460>');
    t.write(3000);
    t.sends('. 1:1461(1460) ack 1');
    t.close();
    expect(t.state).toBe('ESTABLISHED');
    t.gets('. 1:1(0) ack 1461 win 2000');
    t.sends('. 1461:2921(1460) ack 1');
    t.sends('FP. 2921:3001(80) ack 1');
    expect(t.state).toBe('FIN-WAIT-1');
  });

  it('takes no more from the user once its FIN is out', () => {
    const t = inState('ESTABLISHED');
    t.close();
    t.sends('F. 1:1(0) ack 1');
    t.write(10);
    expect(t.tcb.unsentBytes).toBe(0);
    t.gets('. 1:1(0) ack 2');
    expect(t.state).toBe('FIN-WAIT-2');
  });
});
