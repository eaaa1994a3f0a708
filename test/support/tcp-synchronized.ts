/** What holds in every synchronized state: the first to fifth step of RFC 9293 §3.10.7.4 with RFC 5961. */
import { describe, expect, it } from 'vitest';
import type { State } from '../../src/tcp/state.ts';
import { as, IRS, ISS, type Script } from './tcp-script.ts';
import { inState } from './tcp-states.ts';

/** Our ISN and the peer's: the wrap of 2^32, and of the sign at 2^31, just before, within and after what the tests send. */
const ISNS = [
  { iss: ISS, irs: IRS },
  { iss: 0xffff_ffff, irs: 0xffff_fffe },
  { iss: 0x7fff_fffe, irs: 0x7fff_ffff },
  { iss: 0, irs: 0xffff_0000 },
];

const WINDOW = 65_535;

export function describeSynchronized(state: Exclude<State, 'CLOSED' | 'LISTEN' | 'SYN-SENT' | 'SYN-RECEIVED'>): void {
  describe.each(ISNS)(`${state}, as any synchronized state, iss $iss, irs $irs`, (isns) => {
    const start = (): Script => inState(state, { timeWaitUs: 60_000_000, ...isns });

    /** <SEQ=SND.NXT><ACK=RCV.NXT><CTL=ACK>, and nothing has changed. */
    const acksAndStays = (t: Script): void => {
      t.sends(`. ${t.sndNxt}:${t.sndNxt}(0) ack ${t.rcvNxt}`);
      expect(t.state).toBe(state);
    };

    // RFC 1337 §3: TIME-WAIT does not end by RST.
    if (state !== 'TIME-WAIT') {
      it('is reset by a RST with the exact sequence number, and says nothing', () => {
        const t = start();
        t.gets(`R ${t.rcvNxt}:${t.rcvNxt}(0)`);
        t.ends('reset');
        t.notes();
      });

      it('is reset by a RST whatever it acknowledges', () => {
        const t = start();
        t.gets(`R. ${t.rcvNxt}:${t.rcvNxt}(0) ack 123456`);
        t.ends('reset');
      });

      it.each([1, WINDOW - 1])('challenges a RST within the window, at RCV.NXT + %i', (ahead) => {
        const t = start();
        const seq = t.rcvNxt + ahead;
        t.gets(`R ${seq}:${seq}(0)`);
        t.notes('bad-rst');
        t.sends(`. ${t.sndNxt}:${t.sndNxt}(0) ack ${t.rcvNxt}`, as('challenge-ack'));
        expect(t.state).toBe(state);
      });
    }

    it.each([-1, -1000, WINDOW, WINDOW + 1, 0x7fff_0000])('ignores a RST outside the window, at RCV.NXT + %i', (ahead) => {
      const t = start();
      const seq = t.rcvNxt + ahead;
      t.gets(`R ${seq}:${seq}(0)`);
      t.notes('bad-rst');
      t.sendsNothing();
      expect(t.state).toBe(state);
    });

    it.each([0, 1, WINDOW - 1])('challenges a SYN within the window, at RCV.NXT + %i', (ahead) => {
      const t = start();
      const seq = t.rcvNxt + ahead;
      t.gets(`S ${seq}:${seq}(0)`);
      t.notes('unexpected-syn');
      t.sends(`. ${t.sndNxt}:${t.sndNxt}(0) ack ${t.rcvNxt}`, as('challenge-ack'));
      expect(t.state).toBe(state);
    });

    it.each([-5000, WINDOW, 0x7fff_0000])('challenges a SYN outside the window too, at RCV.NXT + %i', (ahead) => {
      const t = start();
      const seq = t.rcvNxt + ahead;
      t.gets(`S ${seq}:${seq}(0)`);
      t.sends(`. ${t.sndNxt}:${t.sndNxt}(0) ack ${t.rcvNxt}`, as('challenge-ack'));
      expect(t.state).toBe(state);
    });

    it('answers a SYN+ACK that came twice with its ACK again', () => {
      const t = start();
      t.gets('S. 0:0(0) ack 1 <mss 1460>');
      t.notes('duplicate');
      acksAndStays(t);
    });

    it('drops a segment without ACK', () => {
      const t = start();
      t.gets(`P ${t.rcvNxt}:${t.rcvNxt + 10}(10)`);
      t.notes('no-ack');
      t.sendsNothing();
      expect(t.state).toBe(state);
    });

    it('answers an ACK of what was never sent, and drops what comes with it', () => {
      const t = start();
      t.gets(`P. ${t.rcvNxt}:${t.rcvNxt + 10}(10) ack ${t.sndNxt + 1}`);
      t.notes('bad-ack');
      t.delivers(0);
      acksAndStays(t);
    });

    it('challenges an ACK from too far back, and drops what comes with it', () => {
      const t = start();
      t.gets(`P. ${t.rcvNxt}:${t.rcvNxt + 10}(10) ack ${t.sndUna - WINDOW - 1}`);
      t.notes('bad-ack');
      t.delivers(0);
      t.sends(`. ${t.sndNxt}:${t.sndNxt}(0) ack ${t.rcvNxt}`, as('challenge-ack'));
      expect(t.state).toBe(state);
    });

    it('ignores an ACK that came before, as far back as a window', () => {
      const t = start();
      t.gets(`. ${t.rcvNxt}:${t.rcvNxt}(0) ack ${t.sndUna - WINDOW}`);
      t.notes();
      t.sendsNothing();
      expect(t.state).toBe(state);
    });

    it.each([
      ['a keep-alive with a byte', -1, 1, 'duplicate'],
      ['data from before', -1000, 1000, 'duplicate'],
      ['a byte past the window', WINDOW, 1, 'out-of-window'],
      ['data half a world away', 0x7fff_0000, 100, 'out-of-window'],
    ] as const)('answers %s', (_what, ahead, length, note) => {
      const t = start();
      const seq = t.rcvNxt + ahead;
      t.gets(`. ${seq}:${seq + length}(${length}) ack ${t.sndUna}`, { payload: new Uint8Array(length) });
      t.notes(note);
      t.delivers(0);
      acksAndStays(t);
    });

    // In TIME-WAIT it was overtaken by the FIN.
    if (state !== 'TIME-WAIT') {
      it.each([
        ['a keep-alive', -1, 'duplicate'],
        ['an ACK past the window', WINDOW, 'out-of-window'],
      ] as const)('challenges %s', (_what, ahead, note) => {
        const t = start();
        const seq = t.rcvNxt + ahead;
        t.gets(`. ${seq}:${seq}(0) ack ${t.sndUna}`);
        t.notes(note);
        t.sends(`. ${t.sndNxt}:${t.sndNxt}(0) ack ${t.rcvNxt}`, as('challenge-ack'));
        expect(t.state).toBe(state);
      });
    }

    it('sends RST at SND.NXT when aborted, but in TIME-WAIT', () => {
      const t = start();
      const { sndNxt } = t;
      t.abort();
      if (state !== 'TIME-WAIT') t.sends(`R ${sndNxt}:${sndNxt}(0)`);
      t.ends('aborted');
    });

    it('answers what comes after its end with RST', () => {
      const t = start();
      t.abort();
      t.forget();
      t.gets('P. 5:10(5) ack 7');
      t.notes('late');
      t.sends('R 7:7(0)');
    });

    it('takes no second OPEN', () => {
      const t = start();
      t.open();
      t.listen();
      expect(t.state).toBe(state);
    });
  });
}
