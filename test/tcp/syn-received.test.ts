/** RFC 9293 §3.10.7.4 for SYN-RECEIVED, from LISTEN and from SYN-SENT. */
import { describe, expect, it } from 'vitest';
import { KIND_MSS, KIND_WINDOW_SCALE } from '../../src/wire/tcp-options.ts';
import { as, atMs, type Script, type ScriptConfig } from '../support/tcp-script.ts';
import { inState } from '../support/tcp-states.ts';

const passive = (config?: ScriptConfig): Script => inState('SYN-RECEIVED', config);

function simultaneous(config?: ScriptConfig): Script {
  const t = inState('SYN-SENT', config);
  t.gets('S 0:0(0) <mss 1460>');
  return t.forget();
}

describe.each([
  ['from LISTEN', passive],
  ['from SYN-SENT', simultaneous],
])('SYN-RECEIVED %s', (_way, start) => {
  it('is established by the ACK of its SYN', () => {
    const t = start();
    t.gets('. 1:1(0) ack 1 win 7000');
    t.walks('ESTABLISHED');
    t.sendsNothing();
    expect(t.tcb.sndWnd).toBe(7000);
  });

  it('takes data and FIN with that ACK', () => {
    const t = start();
    t.gets('FP. 1:11(10) ack 1');
    t.delivers(10);
    t.walks('ESTABLISHED', 'CLOSE-WAIT');
    t.sends('. 1:1(0) ack 12');
  });

  it.each([0, -1, 2, 70_000])('answers an ACK of %i with RST at it, and waits on', (ack) => {
    const t = start();
    t.gets(`P. 1:11(10) ack ${ack}`);
    t.notes('bad-ack');
    t.delivers(0);
    t.sends(`R ${ack}:${ack}(0)`);
    expect(t.state).toBe('SYN-RECEIVED');
  });

  it('drops a segment without ACK', () => {
    const t = start();
    t.gets('P 1:11(10)');
    t.notes('no-ack');
    expect(t.state).toBe('SYN-RECEIVED');
  });

  it('acknowledges the SYN that comes again', () => {
    const t = start();
    t.gets('S 0:0(0) <mss 1460>');
    t.notes('duplicate');
    t.sends('. 1:1(0) ack 1');
    expect(t.state).toBe('SYN-RECEIVED');
  });

  it('acknowledges what lies outside the window', () => {
    const t = start();
    t.gets('. 70000:70000(0) ack 1');
    t.notes('out-of-window');
    t.sends('. 1:1(0) ack 1');
    expect(t.state).toBe('SYN-RECEIVED');
  });

  it('challenges a RST within the window that is not exact, ignores one outside', () => {
    const t = start();
    t.gets('R 2:2(0)');
    t.sends('. 1:1(0) ack 1', as('challenge-ack'));
    t.gets('R 0:0(0)');
    t.notes('bad-rst', 'bad-rst');
    expect(t.state).toBe('SYN-RECEIVED');
  });

  it('sends its SYN+ACK again', () => {
    const t = start();
    t.wait(1000);
    t.sends('S. 0:0(0) ack 1', as('retransmission'), atMs(1000));
    t.wait(2000);
    t.sends('S. 0:0(0) ack 1', as('retransmission'), atMs(3000));
  });

  it('gives up with RST', () => {
    const t = start({ userTimeoutUs: 500_000 });
    t.wait(500);
    t.sends('R 1:1(0)');
    t.ends('timeout');
  });

  it('sends RST when aborted', () => {
    const t = start();
    t.abort();
    t.sends('R 1:1(0)');
    t.ends('aborted');
  });

  it('keeps the FIN of a CLOSE until it is established', () => {
    const t = start();
    t.close();
    expect(t.state).toBe('SYN-RECEIVED');
    t.gets('. 1:1(0) ack 1');
    t.sends('F. 1:1(0) ack 1');
    t.walks('ESTABLISHED', 'FIN-WAIT-1');
  });

  it('is not opened again', () => {
    const t = start();
    t.open();
    t.listen();
    expect(t.state).toBe('SYN-RECEIVED');
  });
});

describe('SYN-RECEIVED from LISTEN', () => {
  it.each(['R 1:1(0)', 'S 1:1(0)', 'S 500:500(0)'])('returns there on %s', (text) => {
    const t = passive();
    t.gets(text);
    t.walks('LISTEN');
    t.sendsNothing();
    expect(t.watch.deadlineUs).toBe(Number.POSITIVE_INFINITY);
  });

  it('then knows nothing of the first peer', () => {
    const t = passive({
      synOptions: [
        { kind: KIND_MSS, name: 'mss', mss: 1460 },
        { kind: KIND_WINDOW_SCALE, name: 'window-scale', shift: 7 },
      ],
    });
    t.gets('R 1:1(0)');
    t.gets('S 0:0(0) win 1000 <mss 1000,wscale 9>');
    t.sends('S. 0:0(0) ack 1 <mss 1460,wscale 7>');
    t.wait(1000);
    t.sends('S. 0:0(0) ack 1');
    t.gets('R 1:1(0)');
    t.gets('S 0:0(0) <mss 1200>');
    t.sends('S. 0:0(0) ack 1 <mss 1460>', as(undefined));
    const again = t.nowUs / 1000 + 1000;
    t.wait(1000);
    t.sends('S. 0:0(0) ack 1', atMs(again));
    t.gets('. 1:1(0) ack 1 win 1000');
    expect(t.tcb).toMatchObject({ sndWnd: 1000, sndMss: 1200, sndWscale: 0, rcvWscale: 0 });
  });
});

describe('SYN-RECEIVED from SYN-SENT', () => {
  it('is refused by an exact RST', () => {
    const t = simultaneous();
    t.gets('R 1:1(0)');
    t.ends('refused');
  });

  it('challenges a SYN within the window', () => {
    const t = simultaneous();
    t.gets('S 1:1(0)');
    t.notes('unexpected-syn');
    t.sends('. 1:1(0) ack 1', as('challenge-ack'));
    expect(t.state).toBe('SYN-RECEIVED');
  });

  it('is not established by a SYN+ACK that is a RST too', () => {
    const t = simultaneous();
    t.gets('SR. 0:0(0) ack 1');
    t.notes('bad-rst');
    expect(t.state).toBe('SYN-RECEIVED');
  });
});
