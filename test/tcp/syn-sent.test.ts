/** RFC 9293 §3.10.7.3 */
import { describe, expect, it } from 'vitest';
import { as, atMs, transmission } from '../support/tcp-script.ts';
import { inState } from '../support/tcp-states.ts';

const ISS = [0xffff_fffe, 0xffff_ffff, 0, 0x7fff_ffff];

describe('SYN-SENT', () => {
  it('has sent a SYN with its window, MSS and ISN', () => {
    const t = inState('CLOSED', { synWindow: 1234, iss: 5 });
    t.open();
    t.sends('S 0:0(0) win 1234 <mss 1460>', as(undefined), transmission(1), atMs(0));
    t.walks('SYN-SENT');
    expect(t.tcb.iss).toBe(5);
  });

  it.each(ISS)('acknowledges a SYN+ACK, iss %i', (iss) => {
    const t = inState('SYN-SENT', { iss });
    t.wait(40);
    t.gets('S. 0:0(0) ack 1 win 8000 <mss 1000>');
    t.sends('. 1:1(0) ack 1');
    t.walks('ESTABLISHED');
    t.notes();
    expect(t.told('rtt')).toEqual([{ type: 'rtt', rttUs: 40_000, of: 'syn', transmission: 1 }]);
    expect(t.tcb).toMatchObject({ sndWnd: 8000, sndMss: 1000 });
    expect(t.watch.deadlineUs).toBe(Number.POSITIVE_INFINITY);
  });

  describe.each(ISS)('iss %i', (iss) => {
    it.each([0, -1, 2, 1000, 0x7fff_ffff])('answers a SYN+ACK that acknowledges %i with RST at it, and waits on', (ack) => {
      const t = inState('SYN-SENT', { iss });
      t.gets(`S. 0:0(0) ack ${ack}`);
      t.notes('bad-ack');
      t.sends(`R ${ack}:${ack}(0)`);
      expect(t.state).toBe('SYN-SENT');
    });

    it.each([0, 2, -70_000])('ignores a RST that acknowledges %i', (ack) => {
      const t = inState('SYN-SENT', { iss });
      t.gets(`R. 0:0(0) ack ${ack}`);
      t.notes('bad-rst');
      expect(t.state).toBe('SYN-SENT');
    });
  });

  it('is refused by a RST that acknowledges the SYN, whatever its sequence number', () => {
    for (const text of ['R. 0:0(0) ack 1', 'R. 77:77(0) ack 1', 'SR. 0:0(0) ack 1', 'R. 0:20(20) ack 1']) {
      const t = inState('SYN-SENT');
      t.gets(text);
      t.ends('refused');
      t.notes();
    }
  });

  it.each(['R 0:0(0)', 'RS 0:0(0)', 'R 1:1(0)'])('ignores %s, which has no ACK', (text) => {
    const t = inState('SYN-SENT');
    t.gets(text);
    t.notes('bad-rst');
    expect(t.state).toBe('SYN-SENT');
  });

  it.each(['. 0:0(0) ack 1', 'F. 0:0(0) ack 1', 'P. 1:11(10) ack 1', 'none 0:0(0)', 'P 0:10(10)'])('drops %s, which has no SYN', (text) => {
    const t = inState('SYN-SENT');
    t.gets(text);
    t.notes('no-syn');
    t.delivers(0);
    expect(t.state).toBe('SYN-SENT');
  });

  it('takes data and FIN with the SYN+ACK', () => {
    const t = inState('SYN-SENT');
    t.gets('FSP. 0:10(10) ack 1');
    t.delivers(10);
    t.sends('. 1:1(0) ack 12');
    t.walks('ESTABLISHED', 'CLOSE-WAIT');
  });

  it('sends what was written before, with the ACK of the SYN+ACK in it', () => {
    const t = inState('SYN-SENT');
    t.write(10);
    t.gets('S. 0:0(0) ack 1');
    t.sends('P. 1:11(10) ack 1');
  });

  it('is closed and aborted without a segment', () => {
    const closed = inState('SYN-SENT');
    closed.close();
    closed.ends('closed');
    const aborted = inState('SYN-SENT');
    aborted.abort();
    aborted.ends('aborted');
    aborted.gets('S. 0:0(0) ack 1');
    aborted.notes('late');
    aborted.sends('R 1:1(0)');
  });

  it('gives up without RST', () => {
    const t = inState('SYN-SENT', { userTimeoutUs: 2_000_000 });
    t.wait(1000);
    t.sends('S 0:0(0)', as('retransmission'));
    t.wait(1000);
    t.ends('timeout');
  });

  it('is not opened again', () => {
    const t = inState('SYN-SENT');
    t.open();
    t.listen();
    expect(t.state).toBe('SYN-SENT');
  });
});
