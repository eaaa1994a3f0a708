/** Peers that cost as much as they can, and loads that must not: memory, segments and time stay bounded. */
import { describe, expect, it } from 'vitest';
import { NO_FAULTS } from '../../src/net/faults.ts';
import { MemoryWire, VirtualClock } from '../../src/net/memory.ts';
import { handle } from '../../src/tcp/endpoint.ts';
import { DEFAULT_TCB_CONFIG } from '../../src/tcp/tcb.ts';
import { KIND_MSS, KIND_SACK_PERMITTED, KIND_WINDOW_SCALE, type TcpOption } from '../../src/wire/tcp-options.ts';
import { Host, type UserPlan } from '../support/tcp-host.ts';
import { PatternStream } from '../support/tcp-pattern.ts';
import { as, atMs, type Script } from '../support/tcp-script.ts';
import { established, inState } from '../support/tcp-states.ts';

const bytesOnTheirWay = (t: Script): number => [...t.tcb.unacked].reduce((sum, { length }) => sum + length, 0);

describe('a peer', () => {
  it('that never acknowledges gets no more than the initial window, and is given up', () => {
    const t = inState('ESTABLISHED', { userTimeoutUs: 30_000_000 });
    t.write(1 << 20);
    expect(bytesOnTheirWay(t)).toBe(14_600);
    t.forget();
    t.wait(29_999);
    expect(t.tcb.unacked.first?.sentAtUs).toHaveLength(5);
    t.forget();
    t.wait(1);
    t.sends('R 14601:14601(0)');
    t.ends('timeout');
  });

  it('that acknowledges byte by byte is sent each byte once', () => {
    const t = established({ userTimeoutUs: 600_000_000 }, 'S. 0:0(0) ack 1 win 500 <mss 100>');
    t.write(10_000);
    t.forget();
    for (let acked = 2; acked <= 10_001; acked++) {
      t.getsUnwatched(`. 1:1(0) ack ${acked} win 500`);
      expect(bytesOnTheirWay(t)).toBeLessThanOrEqual(500);
    }
    expect(t.watch.retransmissions).toBe(0);
    expect(t.told('acked').reduce((sum, { bytes }) => sum + bytes, 0)).toBe(10_000);
  });

  it('that repeats its ACK without end draws nothing more than its window holds', () => {
    const t = established({ userTimeoutUs: 600_000_000 }, 'S. 0:0(0) ack 1 win 20000 <mss 1000>');
    t.write(100_000);
    t.forget();
    for (let times = 0; times < 10_000; times++) t.getsUnwatched('. 1:1(0) ack 1 win 20000');
    expect(bytesOnTheirWay(t)).toBeLessThanOrEqual(20_000);
    expect(t.watch.retransmissions).toBe(1);
  });

  it('that says it has all by SACK and never acknowledges is sent it again by the timer', () => {
    const t = established(
      { userTimeoutUs: 10_000_000, synOptions: [{ kind: KIND_SACK_PERMITTED, name: 'sack-permitted' }] },
      'S. 0:0(0) ack 1 win 5000 <mss 1000,sackOK>',
    );
    t.write(50_000);
    t.forget();
    for (let times = 0; times < 100; times++) t.getsUnwatched('. 1:1(0) ack 1 win 5000 <sack 2:5001 1001:5001>');
    expect(bytesOnTheirWay(t)).toBe(5000);
    t.wait(1000);
    t.sends('. 1:1001(1000) ack 1', as('retransmission'));
    t.wait(8999);
    t.forget();
    t.wait(1);
    t.sends('R 5001:5001(0)');
    t.ends('timeout');
  });

  it('that closes and opens its window by turns gets no more a turn than the congestion window', () => {
    const t = established({ userTimeoutUs: 600_000_000 }, 'S. 0:0(0) ack 1 win 60000 <mss 1000>');
    t.write(60_000);
    t.forget();
    for (let times = 0; times < 100; times++) {
      t.gets('. 1:1(0) ack 1 win 0');
      t.sendsNothing();
      const before = t.watch.retransmissions;
      t.getsUnwatched('. 1:1(0) ack 1 win 60000');
      expect(t.watch.retransmissions - before).toBeLessThanOrEqual(10);
    }
  });

  it('that fills the window with single bytes holds a bounded part of it', () => {
    const t = inState('ESTABLISHED');
    for (let seq = 3; seq < 60_000; seq += 2) t.getsUnwatched(`. ${seq}:${seq + 1}(1) ack 1`);
    t.told('note');
    // What continues the stream is taken all the same, and with it what is held.
    t.gets('. 1:3(2) ack 1');
    t.sends('. 1:1(0) ack 4');
    t.delivers(3);
  });

  it('that sends every flag at once in every state is survived', () => {
    for (const state of ['LISTEN', 'SYN-SENT', 'SYN-RECEIVED', 'ESTABLISHED', 'CLOSE-WAIT', 'TIME-WAIT'] as const) {
      const t = inState(state);
      t.getsUnwatched(`FSRP.UEW ${t.rcvNxt}:${t.rcvNxt + 5}(5) ack ${t.sndNxt} urg 3`);
      expect(['CLOSED', 'LISTEN', state]).toContain(t.state);
    }
  });
});

describe('time', () => {
  it('that stood still for an hour brings one retransmission, not a burst', () => {
    const t = inState('ESTABLISHED', { userTimeoutUs: 4 * 3_600_000_000 });
    t.write(10_000);
    t.forget();
    t.stall(3_600_000);
    t.sends('. 1:1461(1460) ack 1', as('retransmission'), atMs(3_600_000));
    t.wait(1999);
    t.sendsNothing();
  });

  it('of the timer and of the ACK may be one: whichever comes first, the other does no harm', () => {
    const ackFirst = inState('ESTABLISHED');
    ackFirst.write(10);
    ackFirst.sends('P. 1:11(10) ack 1');
    ackFirst.nowUs += 1_000_000;
    ackFirst.gets('. 1:1(0) ack 11');
    ackFirst.wait(5000);
    ackFirst.sendsNothing();
    const timerFirst = inState('ESTABLISHED');
    timerFirst.write(10);
    timerFirst.sends('P. 1:11(10) ack 1');
    timerFirst.wait(1000);
    timerFirst.sends('P. 1:11(10) ack 1');
    timerFirst.gets('. 1:1(0) ack 11');
    timerFirst.wait(5000);
    timerFirst.sendsNothing();
  });
});

it('a congestion window under a segment still lets data out', () => {
  const t = inState('ESTABLISHED');
  t.tcb.cwnd = 100;
  t.write(250);
  t.sends('. 1:101(100) ack 1');
  t.gets('. 1:1(0) ack 101');
  t.sends('P. 101:251(150) ack 1');
});

describe('loads', () => {
  const SCALE_AND_SACK: TcpOption[] = [
    { kind: KIND_MSS, name: 'mss', mss: 1460 },
    { kind: KIND_WINDOW_SCALE, name: 'window-scale', shift: 10 },
    { kind: KIND_SACK_PERMITTED, name: 'sack-permitted' },
  ];
  const MEBIBYTE = 1 << 20;

  /** Both sides write so many bytes at once. @returns the two, when both are over */
  function exchange(mebibytes: number, receiveBufferBytes: number, loss: number): [Host, Host] {
    const clock = new VirtualClock();
    const wire = new MemoryWire(clock, { ...NO_FAULTS, delayUs: 20_000, loss }, 1);
    const streams = [new PatternStream(1), new PatternStream(2)] as const;
    const host = (me: 0 | 1): Host => {
      const other = me === 0 ? 1 : 0;
      const ports = [5000, 80] as const;
      const config = {
        ...DEFAULT_TCB_CONFIG,
        localPort: ports[me],
        remotePort: ports[other],
        iss: 0xffff_0000,
        synOptions: SCALE_AND_SACK,
        receiveBufferBytes,
        userTimeoutUs: 600_000_000,
        timeWaitUs: 1_000_000,
      };
      const plan: UserPlan = {
        openAtUs: me === 0 ? 1 : 0,
        passive: me === 1,
        writes: Array.from({ length: mebibytes }, () => ({ bytes: MEBIBYTE, afterUs: 0 })),
        close: { on: 'written', afterUs: 0 },
        abortAtUs: undefined,
        mtu: undefined,
        reader: undefined,
        lagUs: 0,
        deadlineUs: 3_600_000_000,
      };
      return new Host(wire, me + 1, other + 1, config, plan, streams[me], streams[other]);
    };
    const hosts: [Host, Host] = [host(0), host(1)];
    while (!hosts.every(({ isOver }) => isOver)) expect(clock.step()).toBe(true);
    return hosts;
  }

  // What took quadratic time would not end before the test's time is up.
  it.each([
    ['a mebibyte', MEBIBYTE, 0],
    ['64 mebibytes', 64 * MEBIBYTE, 0],
    ['a mebibyte and one loss in a hundred', MEBIBYTE, 0.01],
  ])('of ten mebibytes each way go through a window of %s', { timeout: 30_000 }, (_what, window, loss) => {
    for (const { watch } of exchange(10, window, loss)) {
      expect(watch.delivered).toBe(10 * MEBIBYTE);
      expect(watch.ended).toBe('closed');
      if (loss === 0) expect(watch.retransmissions).toBe(0);
    }
  });

  it('of a hundred thousand writes of ten bytes make full segments', { timeout: 30_000 }, () => {
    const t = established({}, 'S. 0:0(0) ack 1 win 0 <mss 1000>');
    const data = new PatternStream(1);
    for (let i = 0; i < 100_000; i++) handle(t.tcb, { type: 'send', data: data.bytes(10 * i, 10) }, 0);
    for (let acked = 1; t.sndNxt <= 1_000_000; acked = t.sndNxt) t.getsUnwatched(`. 1:1(0) ack ${acked} win 65535`);
    expect(t.tcb.unsent).toEqual([]);
  });
});
