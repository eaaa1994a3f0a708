/** Data and FIN out of order, twice, overlapping, past the FIN: delivered once and in order, or not at all. */
import { describe, expect, it } from 'vitest';
import { established, inState } from '../support/tcp-states.ts';

describe('data', () => {
  it('ahead of a gap wait for it', () => {
    const t = inState('ESTABLISHED');
    t.gets('P. 11:21(10) ack 1');
    t.notes('out-of-order');
    t.sends('. 1:1(0) ack 1');
    t.delivers(0);
    t.gets('P. 21:31(10) ack 1');
    t.notes('out-of-order');
    t.sends('. 1:1(0) ack 1');
    t.gets('. 1:11(10) ack 1');
    t.notes();
    t.sends('. 1:1(0) ack 31');
    t.delivers(30);
  });

  it('that overlap are delivered once', () => {
    const t = inState('ESTABLISHED');
    t.getsUnwatched('. 11:31(20) ack 1');
    t.getsUnwatched('. 21:41(20) ack 1');
    t.getsUnwatched('. 6:16(10) ack 1');
    t.gets('. 1:26(25) ack 1');
    t.sends('. 1:1(0) ack 41');
    t.delivers(40);
  });

  it('that came before are said to be duplicates', () => {
    const t = inState('ESTABLISHED');
    t.getsUnwatched('. 1:11(10) ack 1');
    t.gets('. 1:11(10) ack 1');
    t.notes('duplicate');
    t.sends('. 1:1(0) ack 11');
    t.getsUnwatched('. 21:31(10) ack 1');
    t.notes('out-of-order');
    t.gets('. 21:31(10) ack 1');
    t.notes('duplicate');
    t.sends('. 1:1(0) ack 11');
  });

  it('outside the window are cut off, not kept', () => {
    const t = inState('ESTABLISHED', { synWindow: 100, fixedWindow: true });
    t.getsUnwatched('. 51:151(100) ack 1');
    t.gets('. 1:51(50) ack 1');
    t.sends('. 1:1(0) ack 101');
    t.delivers(100);
    t.gets('. 101:151(50) ack 1');
    t.sends('. 1:1(0) ack 151');
    t.delivers(50);
  });

  it('before the handshake is through wait for nothing: the SYN+ACK may carry them', () => {
    const t = inState('SYN-SENT');
    t.gets('SP. 0:20(20) ack 1');
    t.delivers(20);
    t.sends('. 1:1(0) ack 21');
    t.gets('SP. 0:20(20) ack 1');
    t.notes('duplicate');
    t.sends('. 1:1(0) ack 21');
  });
});

describe('FIN', () => {
  it('ahead of a gap waits for it', () => {
    const t = inState('ESTABLISHED');
    t.gets('FP. 11:21(10) ack 1');
    t.notes('out-of-order');
    t.sends('. 1:1(0) ack 1');
    t.walks();
    t.gets('. 1:11(10) ack 1');
    t.delivers(20);
    t.sends('. 1:1(0) ack 22');
    t.walks('CLOSE-WAIT');
  });

  it('alone ahead of its data waits for them', () => {
    const t = inState('ESTABLISHED');
    t.gets('F. 21:21(0) ack 1');
    t.notes('out-of-order');
    t.sends('. 1:1(0) ack 1');
    t.gets('P. 11:21(10) ack 1');
    t.sends('. 1:1(0) ack 1');
    t.gets('. 1:11(10) ack 1');
    t.delivers(20);
    t.sends('. 1:1(0) ack 22');
    t.walks('CLOSE-WAIT');
  });

  it('that comes again with data that came before is taken once', () => {
    const t = inState('ESTABLISHED');
    t.getsUnwatched('. 1:11(10) ack 1');
    t.gets('FP. 1:21(20) ack 1');
    t.delivers(10);
    t.sends('. 1:1(0) ack 22');
    t.gets('FP. 1:21(20) ack 1');
    t.notes('duplicate');
    t.sends('. 1:1(0) ack 22');
    t.walks('CLOSE-WAIT');
  });

  it('ends the stream: what came before it from after it is thrown away', () => {
    const t = established({}, 'S. 0:0(0) ack 1');
    t.getsUnwatched('. 11:41(30) ack 1');
    t.getsUnwatched('F. 21:21(0) ack 1');
    t.gets('. 1:11(10) ack 1');
    t.delivers(20);
    t.sends('. 1:1(0) ack 22');
    t.walks('SYN-SENT', 'ESTABLISHED', 'CLOSE-WAIT');
    expect(t.tcb.reassembly.isEmpty).toBe(true);
  });

  it('ends the stream: what comes later from after it is not delivered', () => {
    const t = inState('ESTABLISHED');
    t.getsUnwatched('F. 21:21(0) ack 1');
    t.getsUnwatched('. 11:41(30) ack 1');
    t.gets('. 1:31(30) ack 1');
    t.delivers(20);
    t.sends('. 1:1(0) ack 22');
    t.walks('CLOSE-WAIT');
  });

  it('is the first one: another elsewhere changes nothing', () => {
    const t = inState('ESTABLISHED');
    t.getsUnwatched('F. 21:21(0) ack 1');
    t.getsUnwatched('F. 11:11(0) ack 1');
    t.getsUnwatched('F. 31:31(0) ack 1');
    t.gets('. 1:11(10) ack 1');
    t.sends('. 1:1(0) ack 11');
    t.delivers(10);
    t.gets('. 11:21(10) ack 1');
    t.sends('. 1:1(0) ack 22');
    t.delivers(10);
    t.walks('CLOSE-WAIT');
  });

  it('far outside the window is none', () => {
    const t = inState('ESTABLISHED');
    t.getsUnwatched('F. 70000:70000(0) ack 1');
    expect(t.tcb.peerFinSeq).toBeUndefined();
  });
});

describe('half-close', () => {
  it('receives for as long as the peer sends', () => {
    const t = inState('ESTABLISHED');
    t.write(10);
    t.sends('P. 1:11(10) ack 1');
    t.close();
    t.sends('F. 11:11(0) ack 1');
    t.gets('P. 1:101(100) ack 12');
    t.sends('. 12:12(0) ack 101');
    t.delivers(100);
    t.wait(3_600_000);
    t.gets('P. 101:201(100) ack 12');
    t.sends('. 12:12(0) ack 201');
    t.delivers(100);
    t.gets('F. 201:201(0) ack 12');
    t.sends('. 12:12(0) ack 202');
    t.walks('FIN-WAIT-1', 'FIN-WAIT-2', 'TIME-WAIT');
  });

  it('sends for as long as we like after the peer is done', () => {
    const t = inState('CLOSE-WAIT');
    t.write(2000);
    t.sends('. 1:1461(1460) ack 2');
    t.sends('P. 1461:2001(540) ack 2');
    t.gets('. 2:2(0) ack 2001');
    t.wait(3_600_000);
    t.write(10);
    t.sends('P. 2001:2011(10) ack 2');
    t.close();
    t.sends('F. 2011:2011(0) ack 2');
    t.gets('. 2:2(0) ack 2012');
    t.ends('closed');
  });
});
