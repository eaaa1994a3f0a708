/** Closes that no kernel plays: crossed, lost, doubled, forged, broken off at every step. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { describeNeeding } from '../support/capabilities.ts';
import { TunNetwork } from './device.ts';
import { connectTo, type Got, isFin, isReset, type ScriptedPeer } from './peer.ts';

const OPENING = ['CLOSED', 'SYN-SENT', 'ESTABLISHED'];

describeNeeding(['namespaces', 'tun'], 'close', () => {
  let network: TunNetwork;
  beforeAll(async () => {
    network = await TunNetwork.open();
  });
  afterAll(() => network.remove());

  const play = (...options: string[]) => connectTo(network, ['--time-wait', '0.2', ...options]);

  const theirFin = (peer: ScriptedPeer): Promise<Got> => peer.until('their FIN', isFin);

  describe('active', () => {
    it('FIN, ACK, FIN, ACK: each step its own segment', async () => {
      const { peer, run } = play();
      await peer.accept();
      await peer.expect('FA', { seq: 1, ack: 1, text: '' });
      peer.send('A');
      peer.send('FA');
      await peer.expect('A', { seq: 2, ack: 2 });
      const { code, result, of } = await run.finished;
      expect(code).toBe(0);
      expect(result.states).toEqual([...OPENING, 'FIN-WAIT-1', 'FIN-WAIT-2', 'TIME-WAIT']);
      expect(of('state').map(({ from, to }) => `${from} ${to}`)).toEqual([
        'CLOSED SYN-SENT',
        'SYN-SENT ESTABLISHED',
        'ESTABLISHED FIN-WAIT-1',
        'FIN-WAIT-1 FIN-WAIT-2',
        'FIN-WAIT-2 TIME-WAIT',
      ]);
      expect(peer.history.some(isReset)).toBe(false);
    });

    it('one segment that acknowledges our FIN and carries theirs', async () => {
      const { peer, run } = play();
      await peer.accept();
      await theirFin(peer);
      peer.send('FA');
      await peer.expect('A', { seq: 2, ack: 2 });
      const { result } = await run.finished;
      expect(result.states).toEqual([...OPENING, 'FIN-WAIT-1', 'FIN-WAIT-2', 'TIME-WAIT']);
    });

    it('FINs that cross', async () => {
      const { peer, run } = play();
      await peer.accept();
      await theirFin(peer);
      peer.send('FA', { ack: 1 });
      await peer.expect('A', { seq: 2, ack: 2 });
      peer.send('A');
      const { code, result } = await run.finished;
      expect(code).toBe(0);
      expect(result.states).toEqual([...OPENING, 'FIN-WAIT-1', 'CLOSING', 'TIME-WAIT']);
      expect(result.close).toMatchObject({ kind: 'active', initiator: 'local', completed: true, finalState: 'TIME-WAIT' });
    });

    it('a FIN that is lost is sent again', async () => {
      const { peer, run } = play();
      await peer.accept();
      await peer.expect('FA', { seq: 1 });
      await peer.expect('FA', { seq: 1 });
      await peer.finish();
      const { code, result, of } = await run.finished;
      expect(code).toBe(0);
      expect(result.retransmissions).toBe(1);
      expect(of('segment').filter(({ note }) => note === 'retransmission')).toMatchObject([{ flags: ['ACK', 'FIN'], transmission: 2 }]);
    });

    it('a FIN that is sent again is acknowledged again, in TIME-WAIT', async () => {
      const { peer, run } = play('--time-wait', '1');
      await peer.accept();
      await theirFin(peer);
      peer.send('A');
      peer.send('FA');
      await peer.expect('A', { seq: 2, ack: 2 });
      peer.send('FA', { seq: 1 });
      await peer.expect('A', { seq: 2, ack: 2 });
      const { code, result } = await run.finished;
      expect(code).toBe(0);
      expect(result.close).toMatchObject({ completed: true, finalState: 'TIME-WAIT' });
    });

    it('stays in TIME-WAIT long enough for one such FIN, by default', async () => {
      const { peer, run } = connectTo(network, []);
      await peer.accept();
      await theirFin(peer);
      peer.send('A');
      peer.send('FA');
      await peer.expect('A', { ack: 2 });
      // RFC 6298: a peer whose FIN got no ACK sends it again after a second.
      await new Promise((resolve) => setTimeout(resolve, 1000));
      peer.send('FA', { seq: 1 });
      await peer.expect('A', { seq: 2, ack: 2 });
      expect((await run.finished).code).toBe(0);
      await peer.expectSilence(100);
    });

    it('a FIN with data, out of order', async () => {
      const { peer, run } = play('--close', 'half');
      await peer.accept();
      await theirFin(peer);
      peer.send('A');
      peer.send('FA', { seq: 6, text: 'world' });
      await peer.expect('A', { ack: 1 });
      peer.send('A', { seq: 1, text: 'hello' });
      await peer.expect('A', { seq: 2, ack: 12 });
      const { code, result } = await run.finished;
      expect(code).toBe(0);
      expect(result.data?.receivedBytes).toBe(10);
      expect(result.states).toEqual([...OPENING, 'FIN-WAIT-1', 'FIN-WAIT-2', 'TIME-WAIT']);
    });

    it('data while we are in FIN-WAIT-2', async () => {
      const { peer, run } = play('--close', 'half', '--data', 'bye');
      await peer.accept();
      await theirFin(peer);
      peer.send('A');
      peer.send('A', { text: 'still ' });
      await peer.acked(7);
      peer.send('A', { text: 'here' });
      await peer.acked(11);
      peer.send('FA');
      await peer.acked(12);
      const { code, result, of } = await run.finished;
      expect(code).toBe(0);
      expect(result.data).toMatchObject({ sentBytes: 3, ackedBytes: 3, receivedBytes: 10 });
      const data = of('segment').filter(({ direction, length }) => direction === 'received' && length > 0);
      expect(data.map(({ state }) => state)).toEqual(['FIN-WAIT-2', 'FIN-WAIT-2']);
    });
  });

  describe('passive', () => {
    it('FIN, ACK, FIN, ACK', async () => {
      const { peer, run } = play('--close', 'passive');
      await peer.accept();
      peer.send('FA');
      const fin = await theirFin(peer);
      expect(fin).toMatchObject({ seq: 1, ack: 2 });
      peer.send('A');
      const { code, result } = await run.finished;
      expect(code).toBe(0);
      expect(result.states).toEqual([...OPENING, 'CLOSE-WAIT', 'LAST-ACK', 'CLOSED']);
      expect(result.close).toMatchObject({ kind: 'passive', initiator: 'peer', completed: true, finalState: 'CLOSED' });
      await peer.expectSilence(100);
    });

    it('a FIN that is sent again is acknowledged again, in LAST-ACK', async () => {
      const { peer, run } = play('--close', 'passive');
      await peer.accept();
      peer.send('FA');
      await theirFin(peer);
      peer.send('FA', { seq: 1, ack: 1 });
      await peer.expect('A', { seq: 2, ack: 2 });
      peer.send('A');
      const { code, result } = await run.finished;
      expect(code).toBe(0);
      expect(result.states).toEqual([...OPENING, 'CLOSE-WAIT', 'LAST-ACK', 'CLOSED']);
    });

    it('a FIN before the SYN+ACK was acknowledged', async () => {
      const { peer, run } = play('--close', 'passive');
      await peer.expect('S');
      peer.send('SA');
      peer.send('FA', { text: 'hi' });
      await peer.until('their FIN', (got) => isFin(got) && got.ack === 4);
      peer.send('A');
      const { code, result } = await run.finished;
      expect(code).toBe(0);
      expect(result.data?.receivedBytes).toBe(2);
    });
  });

  describe('simultaneous', () => {
    it('our FIN answers theirs without acknowledging it', async () => {
      const { peer, run } = play('--close', 'simultaneous');
      await peer.accept();
      peer.send('FA');
      await peer.expect('FA', { seq: 1, ack: 1 });
      await peer.expect('A', { seq: 2, ack: 2 });
      peer.send('A');
      const { code, result, of } = await run.finished;
      expect(code).toBe(0);
      expect(result.states).toEqual([...OPENING, 'FIN-WAIT-1', 'CLOSING', 'TIME-WAIT']);
      expect(result.close).toMatchObject({ kind: 'simultaneous', completed: true, finalState: 'TIME-WAIT' });
      expect(of('segment').map(({ note }) => note)).toContain('held');
    });

    it('with data on their FIN', async () => {
      const { peer, run } = play('--close', 'simultaneous');
      await peer.accept();
      peer.send('FA', { text: 'bye' });
      const fin = await theirFin(peer);
      // The data may be acknowledged, their FIN may not.
      expect(fin.ack).toBeLessThanOrEqual(4);
      await peer.acked(5);
      peer.send('A');
      const { code, result } = await run.finished;
      expect(code).toBe(0);
      expect(result.data?.receivedBytes).toBe(3);
      expect(result.states).toEqual([...OPENING, 'FIN-WAIT-1', 'CLOSING', 'TIME-WAIT']);
    });
  });

  it('reset: one RST with the exact number, and nothing after it', async () => {
    const { peer, run } = play('--close', 'reset', '--data', 'hello', '--idle', '0.1');
    await peer.accept();
    await peer.expect('A', { text: 'hello' });
    peer.send('A', { text: 'world' });
    await peer.acked(6);
    const reset = await peer.until('the RST', isReset);
    expect(reset).toMatchObject({ seq: 6, text: '' });
    const { code, result } = await run.finished;
    expect(code).toBe(0);
    expect(result.close).toMatchObject({ kind: 'reset', completed: true, finalState: 'CLOSED' });
    await peer.expectSilence(100);
  });

  it('none: nothing after the handshake', async () => {
    const { peer, run } = play('--close', 'none');
    await peer.accept();
    const { code, result } = await run.finished;
    expect(code).toBe(0);
    expect(result.close).toMatchObject({ kind: 'none', completed: false, finalState: 'ESTABLISHED' });
    await peer.expectSilence(300);
  });

  it('none with --hold: what still comes is shown and not answered', async () => {
    const { peer, run } = play('--close', 'none', '--hold', '1');
    await peer.accept();
    await new Promise((resolve) => setTimeout(resolve, 100));
    peer.send('A', { text: 'anybody?' });
    await peer.expectSilence(400);
    const { code, of } = await run.finished;
    expect(code).toBe(0);
    expect(of('segment').at(-1)).toMatchObject({ direction: 'received', length: 8 });
    // The guard is gone: now the kernel answers.
    peer.send('A', { text: 'anybody?', seq: 1 });
    expect(isReset(await peer.expect('R'))).toBe(true);
  });

  describe('RST in the connection (RFC 5961 §3)', () => {
    it('out of the window: dropped in silence', async () => {
      const { peer, run } = play('--close', 'passive');
      await peer.accept();
      peer.send('R', { seq: 1_000_000 });
      peer.send('R', { seq: -5 });
      peer.send('RA', { seq: 1_000_000 });
      await peer.expectSilence(150);
      peer.send('FA');
      await theirFin(peer);
      peer.send('A');
      expect(await run.finished).toMatchObject({ code: 0, result: { verdict: 'open', ignored: { 'bad-rst': 3 } } });
    });

    it('in the window: a challenge ACK, and on it goes', async () => {
      const { peer, run } = play('--close', 'passive');
      await peer.accept();
      peer.send('R', { seq: 100 });
      await peer.expect('A', { seq: 1, ack: 1, text: '' });
      peer.send('FA');
      await theirFin(peer);
      peer.send('A');
      const { code, of } = await run.finished;
      expect(code).toBe(0);
      expect(of('segment').filter(({ note }) => note === 'challenge-ack')).toHaveLength(1);
    });

    it('with the exact number: reset', async () => {
      const { peer, run } = play('--close', 'passive');
      await peer.accept();
      peer.send('R');
      const { code, result, of } = await run.finished;
      expect(code).toBe(3);
      expect(result).toMatchObject({ verdict: 'open', reason: 'syn-ack', ended: 'reset-by-peer' });
      expect(result.close).toMatchObject({ initiator: 'peer', completed: false, finalState: 'CLOSED' });
      expect(of('note').map(({ code: name }) => name)).toContain('reset-by-peer');
      await peer.expectSilence(100);
    });

    it('with text in it', async () => {
      const { peer, run } = play('--close', 'passive');
      await peer.accept();
      peer.send('RA', { text: 'connection refused by policy' });
      expect(await run.finished).toMatchObject({ code: 3, result: { ended: 'reset-by-peer' } });
    });

    it('in FIN-WAIT-2', async () => {
      const { peer, run } = play();
      await peer.accept();
      await theirFin(peer);
      peer.send('A');
      peer.send('R');
      expect(await run.finished).toMatchObject({ code: 3, result: { ended: 'reset-by-peer', close: { completed: false } } });
    });
  });

  it('a SYN in the connection: a challenge ACK, and on it goes (RFC 5961 §4)', async () => {
    const { peer, run } = play('--close', 'passive');
    await peer.accept();
    peer.send('S', { seq: 50 });
    await peer.expect('A', { seq: 1, ack: 1 });
    peer.send('FA');
    await theirFin(peer);
    peer.send('A');
    expect(await run.finished).toMatchObject({ code: 0, result: { ignored: { 'unexpected-syn': 1 } } });
  });

  describe('silence', () => {
    /** The peer says nothing more from here on; rawshake gives up after the timeout, with a RST. */
    async function expectGivingUp({ peer, run }: ReturnType<typeof play>, state: string): Promise<void> {
      const startedAt = performance.now();
      const { code, result } = await run.finished;
      expect(performance.now() - startedAt).toBeLessThan(4000);
      expect(code).toBe(3);
      expect(result).toMatchObject({ verdict: 'open', ended: 'timeout', exitCode: 3, close: { completed: false } });
      expect(result.states).toContain(state);
      await peer.until('a RST', isReset);
    }

    it('after our data', async () => {
      const playing = play('--data', 'hello?', '--timeout', '1.5');
      await playing.peer.accept();
      await expectGivingUp(playing, 'ESTABLISHED');
      expect(playing.peer.history.filter(({ text }) => text === 'hello?').length).toBeGreaterThan(1);
    });

    it('after our FIN', async () => {
      const playing = play('--timeout', '1.5');
      await playing.peer.accept();
      await theirFin(playing.peer);
      await expectGivingUp(playing, 'FIN-WAIT-1');
    });

    it('after the ACK of our FIN', async () => {
      const playing = play('--timeout', '1');
      await playing.peer.accept();
      await theirFin(playing.peer);
      playing.peer.send('A');
      await expectGivingUp(playing, 'FIN-WAIT-2');
    });

    it('instead of their FIN', async () => {
      const playing = play('--close', 'passive', '--timeout', '1');
      await playing.peer.accept();
      await expectGivingUp(playing, 'ESTABLISHED');
    });

    it('after their FIN and ours', async () => {
      const playing = play('--close', 'passive', '--timeout', '1.5');
      await playing.peer.accept();
      playing.peer.send('FA');
      await theirFin(playing.peer);
      await expectGivingUp(playing, 'LAST-ACK');
    });

    it('when the FINs have crossed', async () => {
      const playing = play('--close', 'simultaneous', '--timeout', '1.5');
      await playing.peer.accept();
      playing.peer.send('FA');
      await theirFin(playing.peer);
      await expectGivingUp(playing, 'CLOSING');
    });
  });
});
