/** Data as no kernel sends or takes them: out of order, overlapping, forged, urgent, through windows of any size. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { describeNeeding } from '../support/capabilities.ts';
import { temporaryDirectory } from '../support/netns.ts';
import { TunNetwork } from './device.ts';
import { connectTo, isFin, isReset, type ScriptedPeer } from './peer.ts';

describeNeeding(['namespaces', 'tun'], 'data', () => {
  let network: TunNetwork;
  let directory: string;
  let files = 0;
  beforeAll(async () => {
    network = await TunNetwork.open();
    directory = temporaryDirectory();
  });
  afterAll(() => network.remove());

  const play = (...options: string[]) => connectTo(network, ['--time-wait', '0.1', ...options]);

  /** A run that saves what it gets and lets the peer close. */
  const receiving = (...options: string[]) => {
    const file = join(directory, `file${files++}`);
    const { peer, run } = play('--close', 'passive', '--save', file, ...options);
    return {
      peer,
      run,
      /** Closes from the peer's side. @returns what was saved */
      async saved(): Promise<string> {
        peer.send('FA');
        await peer.until('their FIN', isFin);
        peer.send('A');
        expect((await run.finished).code).toBe(0);
        return readFileSync(file, 'latin1');
      },
    };
  };

  describe('received', () => {
    it('in order', async () => {
      const { peer, saved } = receiving();
      await peer.accept();
      peer.send('A', { text: 'hello ' });
      peer.send('PA', { text: 'world' });
      await peer.acked(12);
      expect(await saved()).toBe('hello world');
    });

    it('out of order: what is missing is asked for, then all is delivered', async () => {
      const { peer, run, saved } = receiving();
      await peer.accept({ options: [{ kind: 4, name: 'sack-permitted' }] });
      peer.send('A', { seq: 7, text: 'world' });
      const ack = await peer.expect('A', { seq: 1, ack: 1 });
      const sack = ack.segment.options.find(({ name }) => name === 'sack');
      expect(sack).toMatchObject({ blocks: [{ left: 5, right: 10 }] });
      peer.send('A', { seq: 1, text: 'hello ' });
      await peer.acked(12);
      peer.sndNxt = 12;
      expect(await saved()).toBe('hello world');
      expect((await run.finished).of('segment').map(({ note }) => note)).toContain('out-of-order');
    });

    it('overlapping, each byte once', async () => {
      const { peer, saved } = receiving();
      await peer.accept();
      peer.send('A', { seq: 1, text: 'hello' });
      peer.send('A', { seq: 3, text: 'llo wo' });
      peer.send('A', { seq: 12, text: '!' });
      peer.send('A', { seq: 8, text: 'orld!' });
      await peer.acked(13);
      peer.sndNxt = 13;
      expect(await saved()).toBe('hello world!');
    });

    it('again: acknowledged again, delivered once', async () => {
      const { peer, run, saved } = receiving();
      await peer.accept();
      peer.send('A', { text: 'once' });
      await peer.acked(5);
      peer.send('A', { seq: 1, text: 'once' });
      await peer.expect('A', { ack: 5 });
      expect(await saved()).toBe('once');
      expect((await run.finished).of('segment').filter(({ note }) => note === 'duplicate')).toHaveLength(1);
    });

    it('outside the window: an ACK, no byte of it', async () => {
      const { peer, run, saved } = receiving();
      await peer.accept();
      peer.send('A', { seq: 10_000_000, text: 'forged' });
      await peer.expect('A', { seq: 1, ack: 1 });
      peer.send('A', { seq: -100, text: 'stale' });
      await peer.expect('A', { seq: 1, ack: 1 });
      peer.send('A', { text: 'right' });
      await peer.acked(6);
      expect(await saved()).toBe('right');
      expect((await run.finished).result.ignored).toMatchObject({ 'out-of-window': 1 });
    });

    it('with an acknowledgment of what was never sent: an ACK, no byte of it (RFC 5961 §5)', async () => {
      const { peer, run, saved } = receiving();
      await peer.accept();
      peer.send('A', { seq: 1, ack: 100_000, text: 'forged' });
      await peer.expect('A', { seq: 1, ack: 1 });
      peer.send('A', { text: 'right' });
      await peer.acked(6);
      expect(await saved()).toBe('right');
      expect((await run.finished).result.ignored).toMatchObject({ 'bad-ack': 1 });
    });

    it('with a bad checksum: as if it never came', async () => {
      const { peer, run, saved } = receiving();
      await peer.accept();
      peer.send('A', { seq: 1, text: 'wrong', checksum: 0x1234 });
      await peer.expectSilence(150);
      peer.send('A', { text: 'right' });
      await peer.acked(6);
      expect(await saved()).toBe('right');
      expect((await run.finished).result.ignored).toMatchObject({ 'bad-checksum': 1 });
    });

    it('urgent: in line, and said', async () => {
      const { peer, run, saved } = receiving();
      await peer.accept();
      peer.send('UA', { text: 'hurry!', urgent: 5 });
      await peer.acked(7);
      expect(await saved()).toBe('hurry!');
      const { of } = await run.finished;
      expect(of('note').map(({ code }) => code)).toContain('urgent-data');
      expect(of('segment').find(({ urgent }) => urgent === 5)?.flags).toContain('URG');
    });

    it('without ACK: dropped', async () => {
      const { peer, saved } = receiving();
      await peer.accept();
      peer.send('P', { seq: 1, text: 'forged' });
      await peer.expectSilence(150);
      peer.send('A', { text: 'right' });
      await peer.acked(6);
      expect(await saved()).toBe('right');
    });

    it('with an old time stamp: dropped and acknowledged (PAWS, RFC 7323 §5)', async () => {
      const { peer, run, saved } = receiving();
      const stamp = (value: number) => ({ options: [{ kind: 8, name: 'timestamps', value, echoReply: 0 } as const] });
      await peer.expect('S');
      peer.send('SA', stamp(1000));
      await peer.expect('A', { seq: 1 });
      peer.send('A', { seq: 1, text: 'stale', ...stamp(999) });
      await peer.expect('A', { ack: 1 });
      peer.send('A', { text: 'fresh', ...stamp(1001) });
      await peer.acked(6);
      peer.send('FA', stamp(1002));
      await peer.until('their FIN', isFin);
      peer.send('A', stamp(1003));
      expect((await run.finished).result.ignored).toMatchObject({ 'old-timestamp': 1 });
      void saved;
    });
  });

  describe('sent', () => {
    const text = (peer: ScriptedPeer): string => {
      let stream = '';
      for (const { seq, text: part } of peer.history) if (seq === stream.length + 1) stream += part;
      return stream;
    };

    it('waits for a window, probes it, and goes on when it opens', async () => {
      const { peer, run } = play('--data', 'abcdef', '--idle', '0.2', '--timeout', '10');
      await peer.accept({ window: 0 });
      const probe = await peer.next(4000);
      expect(probe?.text.length).toBeLessThanOrEqual(1);
      peer.send('A', { ack: 1, window: 0 });
      const second = await peer.next(6000);
      // Probes back off.
      expect((second?.atMs ?? 0) - (probe?.atMs ?? 0)).toBeGreaterThan(900);
      peer.send('A', { ack: 1, window: 100 });
      await peer.until('all of it', () => text(peer) === 'abcdef');
      peer.send('A', { ack: 7 });
      await peer.until('their FIN', isFin);
      await peer.finish();
      const { code, result, of } = await run.finished;
      expect(code).toBe(0);
      expect(result.data).toMatchObject({ sentBytes: 6, ackedBytes: 6 });
      expect(of('note').map(({ code: name }) => name)).toContain('zero-window');
      expect(of('segment').some(({ note }) => note === 'window-probe')).toBe(true);
    });

    it('probes a window that never opens until the deadline, while every probe is answered', async () => {
      const { peer, run } = play('--data', 'abcdef', '--timeout', '1.5', '--deadline', '6');
      await peer.accept({ window: 0 });
      for (let probes = 0; probes < 20; probes++) {
        const probe = await peer.next(4000);
        if (probe === undefined || isReset(probe)) break;
        peer.send('A', { ack: 1, window: 0 });
      }
      const { code, result } = await run.finished;
      expect(code).toBe(3);
      expect(result).toMatchObject({ verdict: 'open', ended: 'zero-window', exitCode: 3 });
      const [opening, ending] = [peer.history[0]?.atMs ?? 0, peer.history.at(-1)?.atMs ?? 0];
      expect(ending - opening).toBeGreaterThan(5500);
      expect(peer.history.some(isReset)).toBe(true);
    });

    it('never more than the window, however small', async () => {
      const { peer, run } = play('--data-length', '26', '--idle', '0.1');
      await peer.accept({ window: 10 });
      while (text(peer).length < 26) {
        await peer.until('more', ({ text: part }) => part.length > 0);
        const beyond = Math.max(...peer.history.map(({ seq, text: part }) => seq + part.length));
        const acked = text(peer).length + 1;
        expect(beyond).toBeLessThanOrEqual(acked + 10);
        peer.send('A', { ack: acked, window: 10 });
      }
      expect(text(peer)).toBe('ABCDEFGHIJKLMNOPQRSTUVWXYZ');
      await peer.until('their FIN', isFin);
      await peer.finish();
      expect((await run.finished).code).toBe(0);
    });

    it('no larger than the MSS of the peer', async () => {
      const { peer, run } = play('--data-length', '300', '--idle', '0.1');
      await peer.accept({ options: [{ kind: 2, name: 'mss', mss: 100 }] });
      await peer.until('the third', ({ text: part, seq }) => seq === 201 && part.length === 100);
      expect(Math.max(...peer.history.map(({ text: part }) => part.length))).toBe(100);
      peer.send('A', { ack: 301 });
      await peer.until('their FIN', isFin);
      await peer.finish();
      expect((await run.finished).code).toBe(0);
    });

    it('no larger than the MTU, though SACK blocks take room', async () => {
      const { peer, run } = play('--data-length', '5000', '--idle', '0.1', '--close', 'half');
      const stamps = { kind: 8, name: 'timestamps', value: 1, echoReply: 0 } as const;
      await peer.accept({ window: 0, options: [{ kind: 2, name: 'mss', mss: 1460 }, { kind: 4, name: 'sack-permitted' }, stamps] });
      // Three holes, so that every ACK of rawshake's has three blocks.
      for (const seq of [11, 21, 31]) peer.send('A', { seq, text: 'x', window: 0, options: [stamps] });
      peer.send('A', { seq: 32, ack: 1, options: [stamps] });
      await peer.until('all of it', () => text(peer).length === 5000);
      expect(Math.max(...peer.history.map(({ ip }) => ip.totalLength ?? 0))).toBeLessThanOrEqual(1500);
      peer.send('RA', { seq: 1, options: [stamps] });
      expect((await run.finished).code).toBe(3);
    });

    it('lost, sent again: after a second, then two (RFC 6298)', async () => {
      const { peer, run } = play('--data', 'hello', '--idle', '0.1', '--timeout', '8');
      await peer.accept();
      const first = await peer.expect('A', { seq: 1, text: 'hello' });
      const second = await peer.expect('A', { seq: 1, text: 'hello' });
      const third = await peer.expect('A', { seq: 1, text: 'hello' });
      expect(second.atMs - first.atMs).toBeGreaterThan(900);
      expect((third.atMs - second.atMs) / (second.atMs - first.atMs)).toBeGreaterThan(1.7);
      peer.send('A', { ack: 6 });
      await peer.until('their FIN', isFin);
      await peer.finish();
      const { code, result } = await run.finished;
      expect(code).toBe(0);
      expect(result).toMatchObject({ retransmissions: 2, data: { sentBytes: 5, ackedBytes: 5 } });
    });

    it('what three duplicate ACKs ask for is sent again at once (RFC 5681 §3.2)', async () => {
      const { peer, run } = play('--data-length', '500', '--idle', '0.1');
      await peer.accept({ options: [{ kind: 2, name: 'mss', mss: 100 }] });
      const last = await peer.until('the fifth', ({ seq }) => seq === 401);
      for (let i = 0; i < 4; i++) peer.send('A', { ack: 1 });
      const again = await peer.until('the first again', ({ seq }) => seq === 1);
      expect(again.atMs - last.atMs).toBeLessThan(500);
      peer.send('A', { ack: 501 });
      await peer.until('their FIN', isFin);
      await peer.finish();
      expect((await run.finished).code).toBe(0);
    });

    it('a RST that fits answers our data: reset', async () => {
      const { peer, run } = play('--data', 'hello');
      await peer.accept();
      await peer.expect('A', { text: 'hello' });
      peer.send('R');
      expect(await run.finished).toMatchObject({ code: 3, result: { ended: 'reset-by-peer', data: { sentBytes: 5, ackedBytes: 0 } } });
    });
  });
});
