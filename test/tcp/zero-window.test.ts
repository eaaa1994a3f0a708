/** Windows that close, stay closed, shrink or are silly: RFC 9293 §3.8.6. */
import { describe, expect, it } from 'vitest';
import { as, atMs, type Script, type ScriptConfig, transmission } from '../support/tcp-script.ts';
import { established, inState } from '../support/tcp-states.ts';

/** Established with a peer whose window is closed. */
const start = (config: ScriptConfig = {}): Script => {
  const t = established({ userTimeoutUs: 5_000_000, ...config }, 'S. 0:0(0) ack 1 win 0 <mss 1000>');
  t.told('window');
  return t;
};

describe("the peer's closed window", () => {
  it('is probed with one byte after the retransmission timeout, then ever later', () => {
    const t = start({ userTimeoutUs: 600_000_000 });
    t.write(10);
    t.sendsNothing();
    [1, 2, 4, 8, 16, 32, 64, 124, 184].forEach((second, i) => {
      t.wait(second * 1000 - t.nowUs / 1000);
      t.sends('. 1:2(1) ack 1', as('window-probe'), transmission(i + 1), atMs(second * 1000));
    });
  });

  it('is probed for as long as the peer answers', () => {
    const t = start();
    t.write(10);
    for (let times = 0; times < 50; times++) {
      t.wait((t.watch.deadlineUs - t.nowUs) / 1000);
      t.sends('. 1:2(1) ack 1', as('window-probe'));
      t.wait(20);
      t.gets('. 1:1(0) ack 1 win 0');
    }
    expect(t.nowUs).toBeGreaterThan(40 * 60 * 1_000_000);
    expect(t.state).toBe('ESTABLISHED');
    expect(t.told('window')).toEqual([]);
  });

  it('that opens between two probes is no reason to give up', () => {
    const t = start();
    t.write(10);
    for (const second of [1, 2, 4, 8]) {
      t.wait(second * 1000 - t.nowUs / 1000);
      t.sends('. 1:2(1) ack 1', as('window-probe'), atMs(second * 1000));
      t.wait(20);
      t.gets('. 1:1(0) ack 1 win 0');
    }
    t.wait(7000);
    t.gets('. 1:1(0) ack 1 win 100');
    t.sends('. 1:2(1) ack 1', as('retransmission'));
    t.sends('P. 2:11(9) ack 1');
    t.wait(100);
    expect(t.state).toBe('ESTABLISHED');
    t.gets('. 1:1(0) ack 11');
  });

  it('and no answer at all end the connection after the user timeout', () => {
    const t = start();
    t.write(10);
    t.wait(5999);
    for (const second of [1, 2, 4]) t.sends('. 1:2(1) ack 1', as('window-probe'), atMs(second * 1000));
    t.wait(1);
    // The peer takes nothing but its RCV.NXT.
    t.sends('R 1:1(0)', atMs(6000));
    t.ends('timeout');
  });

  it('that has been closed for long is no reason to give up on what is written now', () => {
    const t = start();
    t.wait(3_600_000);
    t.write(10);
    t.wait(1000);
    t.sends('. 1:2(1) ack 1', as('window-probe'));
  });

  it('that opens lets the probe out again, and all that fits', () => {
    const t = start();
    t.write(2500);
    t.wait(1000);
    t.sends('. 1:2(1) ack 1', as('window-probe'));
    t.gets('. 1:1(0) ack 1 win 1500');
    expect(t.told('window')).toEqual([{ type: 'window', closed: false }]);
    t.sends('. 1:2(1) ack 1', as('retransmission'));
    t.sends('. 2:1002(1000) ack 1', as(undefined));
    t.gets('. 1:1(0) ack 1002 win 2000');
    t.sends('. 1002:2002(1000) ack 1');
    t.sends('P. 2002:2501(499) ack 1');
  });

  it('that takes the probe and stays closed is probed with the next byte', () => {
    const t = start();
    t.write(3);
    t.wait(1000);
    t.sends('. 1:2(1) ack 1', as('window-probe'));
    t.gets('. 1:1(0) ack 2 win 0');
    t.wait(1000);
    t.sends('. 2:3(1) ack 1', as('window-probe'), transmission(1));
    t.gets('. 1:1(0) ack 3 win 0');
    t.wait(1000);
    t.sends('P. 3:4(1) ack 1', as('window-probe'));
    t.gets('. 1:1(0) ack 4 win 0');
    expect(t.watch.deadlineUs).toBe(Number.POSITIVE_INFINITY);
  });

  it('is probed with the FIN where nothing else waits', () => {
    const t = start({ userTimeoutUs: 60_000_000 });
    t.close();
    t.sendsNothing();
    expect(t.state).toBe('ESTABLISHED');
    t.wait(1000);
    t.sends('F. 1:1(0) ack 1', as('window-probe'));
    expect(t.state).toBe('FIN-WAIT-1');
    t.wait(1000);
    t.sends('F. 1:1(0) ack 1', as('window-probe'), transmission(2));
    t.gets('. 1:1(0) ack 1 win 1');
    t.sends('F. 1:1(0) ack 1', as('retransmission'));
    t.gets('. 1:1(0) ack 2 win 1');
    expect(t.state).toBe('FIN-WAIT-2');
  });

  it('holds the FIN back where the data fill it', () => {
    const t = established({}, 'S. 0:0(0) ack 1 win 100 <mss 1000>');
    t.write(100);
    t.sends('P. 1:101(100) ack 1');
    t.close();
    t.sendsNothing();
    t.gets('. 1:1(0) ack 101 win 0');
    expect(t.told('window')).toEqual([{ type: 'window', closed: true }]);
    t.gets('. 1:1(0) ack 101 win 100');
    t.sends('F. 101:101(0) ack 1', as(undefined));
  });

  it('lets our ACKs through at the left edge, though a probe is out', () => {
    const t = start();
    t.write(10);
    t.wait(1000);
    t.sends('. 1:2(1) ack 1', as('window-probe'));
    t.gets('P. 1:11(10) ack 1 win 0');
    t.delivers(10);
    t.sends('. 1:1(0) ack 11');
    t.gets('. 11:11(0) ack 1 win 0');
    t.abort();
    t.sends('R 1:1(0)');
  });

  it('is told once', () => {
    const t = established({}, 'S. 0:0(0) ack 1 win 100');
    t.gets('. 1:1(0) ack 1 win 0');
    t.gets('. 1:1(0) ack 1 win 0');
    expect(t.told('window')).toEqual([{ type: 'window', closed: true }]);
    t.gets('. 1:1(0) ack 1 win 10');
    t.gets('. 1:1(0) ack 1 win 100');
    expect(t.told('window')).toEqual([{ type: 'window', closed: false }]);
  });

  it('is probed in time though the peer goes on talking', () => {
    const t = start();
    t.write(10);
    for (let seq = 1; seq <= 9; seq++) {
      t.wait(100);
      t.getsUnwatched(`P. ${seq}:${seq + 1}(1) ack 1 win 0`);
    }
    t.wait(100);
    t.sends('. 1:2(1) ack 10', as('window-probe'), atMs(1000));
  });

  it('that opens for just the data leaves the FIN behind', () => {
    const t = start();
    t.write(100);
    t.close();
    t.gets('. 1:1(0) ack 1 win 100');
    t.sends('P. 1:101(100) ack 1');
    t.gets('. 1:1(0) ack 101 win 100');
    t.sends('F. 101:101(0) ack 1');
  });

  it('told by data from before the last ones is not believed (SND.WL1)', () => {
    const t = established({}, 'S. 0:0(0) ack 1 win 1000');
    t.getsUnwatched('. 11:21(10) ack 1 win 800');
    t.getsUnwatched('. 1:11(10) ack 1 win 0');
    expect(t.tcb.sndWnd).toBe(800);
  });

  it('told with an old acknowledgment is not believed', () => {
    const t = established({}, 'S. 0:0(0) ack 1 win 1000');
    t.write(20);
    t.sends('P. 1:21(20) ack 1');
    t.gets('. 1:1(0) ack 21 win 800');
    t.getsUnwatched('P. 1:11(10) ack 11 win 0');
    expect(t.tcb.sndWnd).toBe(800);
  });

  it('told by an old segment is not believed (SND.WL1, SND.WL2)', () => {
    const t = established({}, 'S. 0:0(0) ack 1 win 1000 <mss 1000>');
    t.write(20);
    t.sends('P. 1:21(20) ack 1');
    t.gets('. 1:11(10) ack 11 win 900');
    t.sends('. 21:21(0) ack 11');
    t.delivers(10);
    t.gets('. 11:11(0) ack 21 win 800');
    expect(t.tcb.sndWnd).toBe(800);
    // Sent before, overtaken: an older ACK, and older data that came ahead of it.
    t.gets('. 11:11(0) ack 11 win 0');
    expect(t.tcb.sndWnd).toBe(800);
    expect(t.told('window')).toEqual([]);
  });
});

describe('a window that shrinks', () => {
  it('to nothing makes probes of what is on its way, which all is sent again when it opens', () => {
    const t = established({ userTimeoutUs: 60_000_000 }, 'S. 0:0(0) ack 1 win 3000 <mss 1000>');
    t.write(3000);
    t.sends('. 1:1001(1000) ack 1');
    t.sends('. 1001:2001(1000) ack 1');
    t.sends('P. 2001:3001(1000) ack 1');
    t.gets('. 1:1(0) ack 1001 win 0');
    t.wait(1000);
    t.sends('. 1001:2001(1000) ack 1', as('window-probe'));
    t.wait(2000);
    t.sends('. 1001:2001(1000) ack 1', as('window-probe'));
    t.gets('. 1:1(0) ack 1001 win 3000');
    t.sends('. 1001:2001(1000) ack 1', as('retransmission'));
    t.sends('P. 2001:3001(1000) ack 1', as('retransmission'));
  });

  it('below what is on its way lets nothing new out', () => {
    const t = established({}, 'S. 0:0(0) ack 1 win 3000 <mss 1000>');
    t.write(5000);
    for (const seq of [1, 1001, 2001]) t.sends(`. ${seq}:${seq + 1000}(1000) ack 1`);
    t.gets('. 1:1(0) ack 1001 win 500');
    t.gets('. 1:1(0) ack 2001 win 500');
    t.sendsNothing();
    t.gets('. 1:1(0) ack 3001 win 1000');
    t.sends('. 3001:4001(1000) ack 1');
  });
});

describe('a small window (RFC 9293 §3.8.6.2.1)', () => {
  it('is filled where nothing is on its way', () => {
    const t = established({}, 'S. 0:0(0) ack 1 win 100 <mss 1000>');
    t.write(250);
    t.sends('. 1:101(100) ack 1');
    t.gets('. 1:1(0) ack 101 win 100');
    t.sends('. 101:201(100) ack 1');
    t.gets('. 1:1(0) ack 201 win 100');
    t.sends('P. 201:251(50) ack 1');
  });

  it('that opens byte by byte is left to grow while something is on its way', () => {
    const t = established({}, 'S. 0:0(0) ack 1 win 1000 <mss 1000>');
    t.write(3000);
    t.sends('. 1:1001(1000) ack 1');
    for (let acked = 1; acked < 1000; acked++) t.gets(`. 1:1(0) ack ${1 + acked} win 1000`);
    t.gets('. 1:1(0) ack 1001 win 1000');
    t.sends('. 1001:2001(1000) ack 1');
  });

  it('lets out the last of the data, however little', () => {
    const t = established({}, 'S. 0:0(0) ack 1 win 1500 <mss 1000>');
    t.write(1400);
    t.sends('. 1:1001(1000) ack 1');
    t.sends('P. 1001:1401(400) ack 1');
  });
});

describe('our own closed window', () => {
  const closed: ScriptConfig = { synWindow: 0, fixedWindow: true };

  it('takes no data and no FIN, but what they acknowledge', () => {
    const t = inState('ESTABLISHED', closed);
    t.write(10);
    t.sends('P. 1:11(10) ack 1 win 0');
    t.gets('P. 1:2(1) ack 11');
    t.notes('out-of-window');
    t.delivers(0);
    t.sends('. 11:11(0) ack 1 win 0');
    expect(t.sndUna).toBe(11);
    t.gets('F. 1:1(0) ack 11');
    t.notes('out-of-window');
    t.sends('. 11:11(0) ack 1');
    expect(t.state).toBe('ESTABLISHED');
  });

  it('sees its own FIN acknowledged by a probe', () => {
    const t = inState('FIN-WAIT-1', closed);
    t.gets('P. 1:2(1) ack 2');
    t.walks('FIN-WAIT-2');
    t.sends('. 2:2(0) ack 1');
  });

  it('is reset by an exact RST, and by no other', () => {
    const t = inState('ESTABLISHED', closed);
    t.gets('R 2:2(0)');
    t.notes('bad-rst');
    t.gets('R 1:1(0)');
    t.ends('reset');
  });
});
