/** RFC 9293 §3.10.7.1 */
import { describe, expect, it } from 'vitest';
import { Script } from '../support/tcp-script.ts';
import { inState } from '../support/tcp-states.ts';

describe('CLOSED', () => {
  it.each(['. 5:5(0)', 'P. 5:15(10)', 'F. 5:5(0)', 'S. 0:0(0)', 'FSP. 0:3(3)'])('answers %s ack 7 with RST at 7', (text) => {
    const t = inState('CLOSED');
    t.gets(`${text} ack 7`);
    t.notes('late');
    t.sends('R 7:7(0)');
  });

  it.each([
    ['S 0:0(0)', 1],
    ['S 0:10(10)', 11],
    ['F 5:5(0)', 6],
    ['FS 5:15(10)', 17],
    ['P 5:15(10)', 15],
    ['none 5:5(0)', 5],
  ])('answers %s, which has no ACK, with RST at 0 that acknowledges up to %i', (text, ack) => {
    const t = new Script({ iss: 0 });
    t.gets(text);
    t.notes('late');
    t.sends(`R. 0:0(0) ack ${ack} win 0 <>`);
  });

  it.each(['R 5:5(0)', 'R. 5:5(0) ack 7', 'RS 5:5(0)'])('says nothing to %s', (text) => {
    const t = inState('CLOSED');
    t.gets(text);
    t.notes('late');
    t.sendsNothing();
  });

  it('has nothing to close, abort, wait for or send', () => {
    const t = inState('CLOSED');
    t.close();
    t.abort();
    t.write(1000);
    t.wait(1_000_000);
    t.walks();
    expect(t.tcb.unsentBytes).toBe(0);
    expect(t.watch.deadlineUs).toBe(Number.POSITIVE_INFINITY);
  });

  it('once over, is not opened again', () => {
    const t = inState('ESTABLISHED');
    t.gets('R 1:1(0)');
    t.ends('reset');
    t.open();
    t.listen();
    expect(t.state).toBe('CLOSED');
  });
});
