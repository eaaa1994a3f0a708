/** The retransmission timer: RFC 6298, with Karn's rule and timestamps to tell sendings apart. */
import { describe, expect, it } from 'vitest';
import { afterLostSyn, backOff, createRto, measured } from '../../src/tcp/rto.ts';
import { DEFAULT_TCB_CONFIG } from '../../src/tcp/tcb.ts';
import { KIND_TIMESTAMPS, type TcpOption } from '../../src/wire/tcp-options.ts';
import { as, atMs, Script, transmission } from '../support/tcp-script.ts';
import { established, inState } from '../support/tcp-states.ts';

const TIMESTAMPS: { synOptions: TcpOption[] } = {
  synOptions: [{ kind: KIND_TIMESTAMPS, name: 'timestamps', value: 1000, echoReply: 0 }],
};

describe('the length of the timer', () => {
  it('is a second before the first measurement (§2.1)', () => {
    expect(createRto(DEFAULT_TCB_CONFIG)).toMatchObject({ srttUs: undefined, rtoUs: 1_000_000 });
  });

  it('follows the formulas of §2.2 and §2.3', () => {
    const rto = createRto({ ...DEFAULT_TCB_CONFIG, minRtoUs: 0 });
    measured(rto, 400_000);
    expect(rto).toMatchObject({ srttUs: 400_000, rttvarUs: 200_000, rtoUs: 1_200_000 });
    measured(rto, 800_000);
    // RTTVAR = 3/4 200 + 1/4 |400 - 800|, SRTT = 7/8 400 + 1/8 800.
    expect(rto).toMatchObject({ srttUs: 450_000, rttvarUs: 250_000, rtoUs: 1_450_000 });
  });

  it('is never under the least, never over the most (§2.4, §2.5)', () => {
    const rto = createRto(DEFAULT_TCB_CONFIG);
    measured(rto, 50);
    expect(rto.rtoUs).toBe(1_000_000);
    for (let times = 0; times < 10; times++) backOff(rto);
    expect(rto.rtoUs).toBe(60_000_000);
    measured(rto, 50);
    expect(rto.rtoUs).toBe(1_000_000);
  });

  it('stays above a round trip that never varies', () => {
    const rto = createRto(DEFAULT_TCB_CONFIG);
    for (let times = 0; times < 200; times++) measured(rto, 1_500_000);
    expect(rto.rtoUs).toBeGreaterThan(1_500_000);
  });

  it('is three seconds for data after a lost SYN (§5.7)', () => {
    const rto = createRto(DEFAULT_TCB_CONFIG);
    backOff(rto);
    afterLostSyn(rto);
    expect(rto.rtoUs).toBe(3_000_000);
  });
});

describe('a SYN', () => {
  it('is sent again after 1, 3, 7, 15, 31, 63 s and then each minute', () => {
    const t = new Script({ userTimeoutUs: 600_000_000 });
    t.open();
    t.sends('S 0:0(0) win 64240 <mss 1460>', atMs(0), transmission(1));
    [1, 3, 7, 15, 31, 63, 123, 183].forEach((second, i) => {
      t.wait(second * 1000 - t.nowUs / 1000);
      t.sends('S 0:0(0) win 64240 <mss 1460>', atMs(second * 1000), as('retransmission'), transmission(i + 2));
    });
  });

  it('that was lost tells no round trip, and data begin with 3 s and one segment', () => {
    const t = new Script();
    t.open();
    t.sends('S 0:0(0)');
    t.wait(1000);
    t.sends('S 0:0(0)');
    t.wait(20);
    t.gets('S. 0:0(0) ack 1 <mss 1460>');
    t.sends('. 1:1(0) ack 1');
    expect(t.told('rtt')).toEqual([]);
    t.write(4000);
    t.sends('. 1:1461(1460) ack 1', atMs(1020));
    t.wait(3000);
    t.sends('. 1:1461(1460) ack 1', as('retransmission'), atMs(4020));
  });

  it('that was lost is measured where the SYN+ACK echoes the last one', () => {
    const t = new Script(TIMESTAMPS);
    t.open();
    t.sends('S 0:0(0) <TS val 1000 ecr 0>');
    t.wait(1000);
    t.sends('S 0:0(0) <TS val 2000 ecr 0>');
    t.wait(20);
    t.gets('S. 0:0(0) ack 1 <TS val 5 ecr 2000>');
    t.sends('. 1:1(0) ack 1 <nop,nop,TS val 2020 ecr 5>');
    expect(t.told('rtt')).toEqual([{ type: 'rtt', rttUs: 20_000, of: 'syn', transmission: 2 }]);
    // One segment all the same (RFC 5681 §3.1); but the timer knows the path.
    t.write(2000);
    t.sends('. 1:525(524) ack 1');
    t.wait(1000);
    t.sends('. 1:525(524) ack 1', as('retransmission'));
  });

  // The first may have been answered late, or its answer lost and the second answered like a duplicate (RFC 7323 §4.3).
  it('that was lost is not measured where the SYN+ACK echoes the first one', () => {
    const t = new Script(TIMESTAMPS);
    t.open();
    t.sends('S 0:0(0)');
    t.wait(1000);
    t.sends('S 0:0(0)');
    t.wait(20);
    t.gets('S. 0:0(0) ack 1 <TS val 5 ecr 1000>');
    t.sends('. 1:1(0) ack 1');
    expect(t.told('rtt')).toEqual([]);
  });

  it('and a SYN+ACK that was lost leaves one segment to begin with', () => {
    const t = inState('SYN-RECEIVED');
    t.wait(1000);
    t.sends('S. 0:0(0) ack 1', as('retransmission'));
    t.gets('. 1:1(0) ack 1');
    t.write(4000);
    t.sends('. 1:1461(1460) ack 1');
  });
});

describe('data', () => {
  it('are sent again from the first on, one segment, ever later', () => {
    const t = inState('ESTABLISHED', { userTimeoutUs: 600_000_000 });
    t.write(4000);
    t.sends('. 1:1461(1460) ack 1');
    t.sends('. 1461:2921(1460) ack 1');
    t.sends('P. 2921:4001(1080) ack 1');
    [1, 3, 7, 15, 31, 63, 123].forEach((second, i) => {
      t.wait(second * 1000 - t.nowUs / 1000);
      t.sends('. 1:1461(1460) ack 1', as('retransmission'), atMs(second * 1000), transmission(i + 2));
    });
  });

  it('restart the timer with each ACK of something new (§5.3), and stop it with the last (§5.2)', () => {
    const t = inState('ESTABLISHED');
    t.write(2920);
    t.sends('. 1:1461(1460) ack 1');
    t.sends('P. 1461:2921(1460) ack 1');
    t.wait(600);
    t.gets('. 1:1(0) ack 1461');
    // SRTT 75 ms after 0 and 600, RTTVAR 150 ms: the least of a second.
    t.wait(999);
    t.sendsNothing();
    t.wait(1);
    t.sends('P. 1461:2921(1460) ack 1', as('retransmission'), atMs(1600));
    t.gets('. 1:1(0) ack 2921');
    expect(t.watch.deadlineUs).toBe(Number.POSITIVE_INFINITY);
  });

  it('do not restart the timer with a duplicate ACK', () => {
    const t = inState('ESTABLISHED');
    t.write(10);
    t.sends('P. 1:11(10) ack 1');
    t.wait(900);
    t.gets('. 1:1(0) ack 1');
    t.wait(100);
    t.sends('P. 1:11(10) ack 1', atMs(1000));
  });

  it('keep the longer timer until something was measured (Karn)', () => {
    const t = inState('ESTABLISHED');
    t.write(10);
    t.sends('P. 1:11(10) ack 1');
    t.wait(1000);
    t.sends('P. 1:11(10) ack 1');
    t.told('rtt');
    t.gets('. 1:1(0) ack 11');
    expect(t.told('rtt')).toEqual([]);
    t.write(10);
    t.sends('P. 11:21(10) ack 1', atMs(1000));
    t.wait(2000);
    t.sends('P. 11:21(10) ack 1', as('retransmission'), atMs(3000));
    t.gets('. 1:1(0) ack 21');
    t.write(10);
    t.sends('P. 21:31(10) ack 1');
    t.gets('. 1:1(0) ack 31');
    expect(t.told('rtt')).toHaveLength(1);
    t.write(10);
    t.sends('P. 31:41(10) ack 1', atMs(3000));
    t.wait(1000);
    t.sends('P. 31:41(10) ack 1', as('retransmission'), atMs(4000));
  });

  it('are measured by the last of the segments that an ACK covers', () => {
    const t = inState('ESTABLISHED');
    t.write(10);
    t.sends('P. 1:11(10) ack 1');
    t.wait(50);
    t.write(10);
    t.sends('P. 11:21(10) ack 1');
    t.wait(30);
    t.gets('. 1:1(0) ack 21');
    expect(t.told('rtt').map(({ rttUs }) => rttUs)).toEqual([30_000]);
  });

  describe('with timestamps', () => {
    const start = () => {
      const t = established(TIMESTAMPS, 'S. 0:0(0) ack 1 <mss 1460,TS val 7 ecr 1000>');
      t.told('rtt');
      t.write(10);
      t.sends('P. 1:11(10) ack 1 <nop,nop,TS val 1000 ecr 7>');
      t.wait(100);
      t.write(10);
      t.sends('P. 11:21(10) ack 1 <nop,nop,TS val 1100 ecr 7>');
      t.wait(900);
      t.sends('P. 1:11(10) ack 1 <nop,nop,TS val 2000 ecr 7>', as('retransmission'));
      t.wait(40);
      return t;
    };

    it('are measured where the last sending is echoed', () => {
      const t = start();
      t.gets('. 1:1(0) ack 21 <TS val 9 ecr 2000>');
      expect(t.told('rtt')).toEqual([{ type: 'rtt', rttUs: 40_000, of: 'data', transmission: 2 }]);
    });

    it.each([1000, 1100, 1999, 2001, 0])('are not measured by the echo of %i', (echo) => {
      const t = start();
      t.gets(`. 1:1(0) ack 21 <TS val 9 ecr ${echo}>`);
      expect(t.told('rtt')).toEqual([]);
    });
  });
});

describe('the user timeout (RFC 9293 §3.8.3)', () => {
  it('counts from the last progress', () => {
    const t = inState('ESTABLISHED', { userTimeoutUs: 5_000_000 });
    t.wait(60_000);
    t.write(2000);
    t.sends('. 1:1461(1460) ack 1');
    t.sends('P. 1461:2001(540) ack 1');
    t.wait(2000);
    t.sends('. 1:1461(1460) ack 1', atMs(61_000));
    t.gets('. 1:1(0) ack 1461');
    t.sends('P. 1461:2001(540) ack 1', as('retransmission'));
    t.wait(4999);
    t.sends('P. 1461:2001(540) ack 1');
    t.wait(1);
    t.sends('R 2001:2001(0)', atMs(67_000));
    t.ends('timeout');
  });

  it('takes no duplicate ACK for progress', () => {
    const t = inState('ESTABLISHED', { userTimeoutUs: 900_000 });
    t.write(10);
    t.sends('P. 1:11(10) ack 1');
    for (let times = 0; times < 8; times++) {
      t.wait(100);
      t.gets(`. 1:1(0) ack 1 win ${60_000 + times}`);
    }
    t.wait(99);
    expect(t.state).toBe('ESTABLISHED');
    t.wait(1);
    t.sends('R 11:11(0)');
    t.ends('timeout');
  });
});
