/** Congestion control: RFC 5681, 6582 and 6928, without SACK. */
import { describe, expect, it } from 'vitest';
import { as, type Script, type ScriptConfig } from '../support/tcp-script.ts';
import { established } from '../support/tcp-states.ts';

/** Established with an MSS of 1000 and a window that does not limit. */
const start = (config: ScriptConfig = {}): Script => {
  const t = established({ userTimeoutUs: 600_000_000, ...config }, 'S. 0:0(0) ack 1 <mss 1000>');
  t.told('rtt');
  return t;
};

/** Full segments from a sequence number on. */
function sendsFull(t: Script, from: number, count: number): void {
  for (let seq = from; seq < from + count * 1000; seq += 1000) t.sends(`. ${seq}:${seq + 1000}(1000) ack 1`, as(undefined));
}

/** Ten segments are on their way, 90 wait, and ten duplicate ACKs may come. */
function inFlight(): Script {
  const t = start();
  t.write(100_000);
  sendsFull(t, 1, 10);
  return t;
}

describe('the initial window (RFC 6928)', () => {
  it.each([
    [536, 10 * 536],
    [1000, 10_000],
    [1460, 14_600],
    [4000, 14_600],
    [8960, 2 * 8960],
  ])('of segments of %i bytes is %i bytes', (mss, cwnd) => {
    const t = established({ maxSegmentBytes: 8960 }, `S. 0:0(0) ack 1 <mss ${mss}>`);
    expect(t.tcb.cwnd).toBe(cwnd);
  });
});

describe('slow start', () => {
  it('lets two segments out for each one acknowledged', () => {
    const t = inFlight();
    for (let acked = 1; acked <= 10; acked++) {
      t.gets(`. 1:1(0) ack ${1 + acked * 1000}`);
      sendsFull(t, 10_001 + (acked - 1) * 2000, 2);
    }
    expect(t.tcb.cwnd).toBe(20_000);
  });

  it('counts bytes, so that an ACK for ten segments does as much as ten', () => {
    const t = inFlight();
    t.gets('. 1:1(0) ack 10001');
    sendsFull(t, 10_001, 20);
  });

  it('is no faster for a peer that acknowledges byte by byte', () => {
    const t = inFlight();
    for (let acked = 1; acked <= 1000; acked++) t.getsUnwatched(`. 1:1(0) ack ${1 + acked}`);
    expect(t.tcb.cwnd).toBe(11_000);
    expect(t.sndNxt).toBe(12_001);
  });
});

describe('congestion avoidance', () => {
  it('adds a segment a round trip', () => {
    const t = inFlight();
    t.tcb.ssthresh = 10_000;
    for (let acked = 1; acked <= 10; acked++) t.getsUnwatched(`. 1:1(0) ack ${1 + acked * 1000}`);
    expect(t.tcb.cwnd).toBeGreaterThan(10_900);
    expect(t.tcb.cwnd).toBeLessThanOrEqual(11_000);
  });

  it('begins where slow start ends', () => {
    const t = inFlight();
    t.tcb.ssthresh = 12_500;
    t.getsUnwatched('. 1:1(0) ack 10001');
    expect(t.tcb.cwnd).toBe(12_500);
  });
});

describe('fast retransmit and fast recovery (RFC 5681 §3.2, RFC 6582)', () => {
  it('sends one new segment for each of the first two duplicate ACKs (RFC 3042), the missing one at the third', () => {
    const t = inFlight();
    t.gets('. 1:1(0) ack 1');
    sendsFull(t, 10_001, 1);
    t.gets('. 1:1(0) ack 1');
    sendsFull(t, 11_001, 1);
    t.gets('. 1:1(0) ack 1');
    t.sends('. 1:1001(1000) ack 1', as('retransmission'));
    expect(t.tcb).toMatchObject({ ssthresh: 6000, cwnd: 6000 });
    // Half the flight must have left the network before more goes in: 12 segments less 7 are under 6.
    for (let duplicate = 4; duplicate <= 6; duplicate++) t.gets('. 1:1(0) ack 1');
    t.gets('. 1:1(0) ack 1');
    sendsFull(t, 12_001, 1);
    t.gets('. 1:1(0) ack 1');
    sendsFull(t, 13_001, 1);
    // All that was out when the loss was found: recovery is over.
    t.gets('. 1:1(0) ack 12001');
    expect(t.tcb).toMatchObject({ cwnd: 3000, recover: undefined });
    sendsFull(t, 14_001, 1);
  });

  it('sends the next missing one for each ACK of a part', () => {
    const t = inFlight();
    for (let duplicate = 1; duplicate <= 2; duplicate++) t.getsUnwatched('. 1:1(0) ack 1');
    t.gets('. 1:1(0) ack 1');
    t.sends('. 1:1001(1000) ack 1', as('retransmission'));
    t.gets('. 1:1(0) ack 4001');
    t.sends('. 4001:5001(1000) ack 1', as('retransmission'));
    t.getsUnwatched('. 1:1(0) ack 7001');
    expect(t.tcb.unacked.first?.sentAtUs).toHaveLength(2);
  });

  it('is let out no further by duplicate ACKs than there were segments to draw them', () => {
    const t = inFlight();
    for (let duplicate = 1; duplicate <= 100; duplicate++) t.getsUnwatched('. 1:1(0) ack 1');
    // 12 were out; the flight that the loss leaves is 6.
    expect(t.tcb).toMatchObject({ recoverSegments: 12, cwnd: 6000 });
    expect(t.sndNxt).toBe(18_001);
  });

  it.each([
    ['data in them', 'P. 1:11(10) ack 1'],
    ['a FIN in them', 'F. 1:1(0) ack 1'],
  ])('takes no ACKs with %s for duplicates', (_what, text) => {
    const t = inFlight();
    for (let times = 0; times < 5; times++) {
      t.getsUnwatched(text);
      expect(t.tcb.dupAcks).toBe(0);
    }
  });

  it('takes no ACKs that change the window for duplicates', () => {
    const t = inFlight();
    for (let times = 0; times < 5; times++) t.getsUnwatched(`. 1:1(0) ack 1 win ${60_000 - times}`);
    expect(t.tcb.dupAcks).toBe(0);
    expect(t.watch.retransmissions).toBe(0);
  });

  it('takes no ACKs for duplicates where nothing is on its way', () => {
    const t = start();
    for (let times = 0; times < 5; times++) t.gets('. 1:1(0) ack 1');
    t.write(1000);
    t.sends('P. 1:1001(1000) ack 1', as(undefined));
  });
});

describe('a timeout (RFC 5681 §3.1)', () => {
  it('goes back to one segment and to half of what was on its way', () => {
    const t = inFlight();
    t.wait(1000);
    t.sends('. 1:1001(1000) ack 1', as('retransmission'));
    expect(t.tcb).toMatchObject({ cwnd: 1000, ssthresh: 5000 });
    t.gets('. 1:1(0) ack 1001');
    t.sends('. 1001:2001(1000) ack 1', as('retransmission'));
    t.sends('. 2001:3001(1000) ack 1', as('retransmission'));
    // The rest had arrived: no more than these two was sent again.
    t.gets('. 1:1(0) ack 10001');
    expect(t.tcb.cwnd).toBe(5000);
    sendsFull(t, 10_001, 5);
  });

  it('that comes again for the same segment leaves the threshold as it is', () => {
    const t = inFlight();
    t.wait(3000);
    t.sends('. 1:1001(1000) ack 1');
    t.sends('. 1:1001(1000) ack 1');
    expect(t.tcb).toMatchObject({ cwnd: 1000, ssthresh: 5000 });
  });

  it('ends a recovery under way', () => {
    const t = inFlight();
    for (let duplicate = 1; duplicate <= 3; duplicate++) t.getsUnwatched('. 1:1(0) ack 1');
    expect(t.tcb.recover).toBeDefined();
    t.wait(1000);
    t.forget();
    expect(t.tcb).toMatchObject({ cwnd: 1000, recover: undefined });
  });

  it('counts duplicate ACKs from nought', () => {
    const t = inFlight();
    for (let duplicate = 1; duplicate <= 2; duplicate++) t.getsUnwatched('. 1:1(0) ack 1');
    t.wait(1000);
    t.sends('. 1:1001(1000) ack 1', as('retransmission'));
    t.gets('. 1:1(0) ack 1');
    t.sends('. 1001:2001(1000) ack 1', as('retransmission'));
    expect(t.tcb.recover).toBeUndefined();
  });

  it('never lets the threshold under two segments', () => {
    const t = start();
    t.write(1000);
    t.sends('P. 1:1001(1000) ack 1');
    t.wait(1000);
    t.sends('P. 1:1001(1000) ack 1');
    expect(t.tcb.ssthresh).toBe(2000);
  });
});
