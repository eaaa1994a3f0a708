/** Handshakes that no kernel makes: wrong, doubled, late, crossed, forged, silent. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { seqAdd } from '../../src/wire/seq.ts';
import { describeNeeding } from '../support/capabilities.ts';
import { TunNetwork } from './device.ts';
import { connectTo, isFin, isReset, isSyn, OWN_ISN, PEER_ISN } from './peer.ts';

const OPENING = ['CLOSED', 'SYN-SENT', 'ESTABLISHED'];

describeNeeding(['namespaces', 'tun'], 'handshake', () => {
  let network: TunNetwork;
  beforeAll(async () => {
    network = await TunNetwork.open();
  });
  afterAll(() => network.remove());

  const play = (...options: string[]) => connectTo(network, ['--close', 'reset', ...options]);

  it('crosses the wrap of both sequence spaces', async () => {
    const { peer, run } = play('--data', 'hello', '--idle', '0.2');
    await peer.accept({ window: 1234, ip: { ttl: 57 }, options: [{ kind: 2, name: 'mss', mss: 1000 }] });
    await peer.expect('A', { seq: 1, text: 'hello' });
    peer.send('A', { text: 'world' });
    await peer.acked(6);
    await peer.until('the RST', (got) => isReset(got) && got.seq === 6);
    const { code, result } = await run.finished;
    expect(code).toBe(0);
    expect(result).toMatchObject({ verdict: 'open', reason: 'syn-ack', iss: OWN_ISN, irs: PEER_ISN, states: [...OPENING, 'CLOSED'] });
    expect(result.peer).toEqual({ mss: 1000, sackPermitted: false, timestamps: false, window: 1234, ttl: 57 });
    expect(result.data).toMatchObject({ sentBytes: 5, ackedBytes: 5, receivedBytes: 5 });
  });

  describe('simultaneous open (RFC 9293 §3.5, figure 8)', () => {
    it.each([
      ['the peer answers our SYN+ACK with its own', 'SA', { seq: 0 }],
      ['the peer answers our SYN+ACK with an ACK', 'A', {}],
    ] as const)('%s', async (_name, flags, fields) => {
      const { peer, run } = play();
      await peer.expect('S', { seq: 0 });
      peer.send('S');
      await peer.expect('SA', { seq: 0, ack: 1 });
      peer.send(flags, fields);
      await peer.until('the RST', isReset);
      const { code, result } = await run.finished;
      expect(code).toBe(0);
      expect(result).toMatchObject({ verdict: 'open', states: ['CLOSED', 'SYN-SENT', 'SYN-RECEIVED', 'ESTABLISHED', 'CLOSED'] });
    });
  });

  describe('wrong acknowledgment', () => {
    it.each([
      ['of what was never sent', 1000],
      ['of what was before our SYN', -1000],
      ['of our SYN not quite', 0],
    ])('SYN+ACK %s: RST with that number, and on we wait', async (_name, ack) => {
      const { peer, run } = play();
      await peer.expect('S');
      peer.send('SA', { ack });
      // The RST has the number of the wrong acknowledgment (RFC 9293 §3.10.7.3).
      await peer.expect('R', { seq: ack });
      peer.send('SA', { seq: 0 });
      await peer.expect('A', { seq: 1, ack: 1 });
      const { code, result, of } = await run.finished;
      expect(code).toBe(0);
      expect(result).toMatchObject({ verdict: 'open', ignored: { 'bad-ack': 1 } });
      expect(of('segment').filter(({ note }) => note === 'bad-ack')).toHaveLength(1);
    });

    it('SYN+ACK alone: no verdict but silence', async () => {
      const { peer, run } = play('--timeout', '1');
      await peer.expect('S');
      peer.send('SA', { ack: 1000 });
      await peer.expect('R', { seq: 1000 });
      expect(await run.finished).toMatchObject({
        code: 2,
        result: { verdict: 'filtered', reason: 'no-response', ignored: { 'bad-ack': 1 } },
      });
    });

    it('RST with a wrong ack is forged: ignored', async () => {
      const { peer, run } = play();
      await peer.expect('S');
      peer.send('RA', { ack: 1000 });
      peer.send('RA', { ack: 0 });
      peer.send('R');
      await peer.expectSilence(100);
      peer.send('SA');
      await peer.expect('A', { seq: 1, ack: 1 });
      expect(await run.finished).toMatchObject({ code: 0, result: { verdict: 'open', ignored: { 'bad-rst': 3 } } });
    });

    it('RST with the right ack is the answer: closed', async () => {
      const { peer, run } = play();
      await peer.expect('S');
      peer.send('RA');
      expect(await run.finished).toMatchObject({ code: 1, result: { verdict: 'closed', reason: 'rst' } });
      await peer.expectSilence(100);
    });
  });

  it('RST with text in it: closed, the text counted and never drawn raw', async () => {
    const { peer, run } = play();
    await peer.expect('S');
    peer.send('RA', { text: 'go away\u001b[31m' });
    const { code, result, of } = await run.finished;
    expect(code).toBe(1);
    expect(result.reason).toBe('rst');
    expect(of('segment').at(-1)).toMatchObject({ direction: 'received', length: 12 });
  });

  describe('SYN+ACK again', () => {
    it('is acknowledged again and told once', async () => {
      const { peer, run } = connectTo(network, ['--close', 'passive']);
      await peer.accept();
      peer.send('SA', { seq: 0 });
      await peer.expect('A', { seq: 1, ack: 1 });
      peer.send('SA', { seq: 0 });
      await peer.expect('A', { seq: 1, ack: 1 });
      peer.send('FA');
      await peer.until('the FIN', isFin);
      peer.send('A');
      const { code, result, of } = await run.finished;
      expect(code).toBe(0);
      expect(result.states).toEqual([...OPENING, 'CLOSE-WAIT', 'LAST-ACK', 'CLOSED']);
      expect(of('state').filter(({ to }) => to === 'ESTABLISHED')).toHaveLength(1);
    });
  });

  describe('late', () => {
    it('SYN+ACK after three seconds and two retransmissions: open, without a round trip that can be told', async () => {
      const { peer, run } = play();
      const first = await peer.expect('S', { seq: 0 });
      const second = await peer.expect('S', { seq: 0 });
      const third = await peer.expect('S', { seq: 0 });
      // RFC 6298: after one second, then after two more.
      expect(second.atMs - first.atMs).toBeGreaterThan(900);
      expect(second.atMs - first.atMs).toBeLessThan(1300);
      expect(third.atMs - second.atMs).toBeGreaterThan(1900);
      expect(third.atMs - second.atMs).toBeLessThan(2400);
      peer.send('SA');
      await peer.expect('A', { seq: 1, ack: 1 });
      const { code, result, of } = await run.finished;
      expect(code).toBe(0);
      expect(result).toMatchObject({ verdict: 'open', retransmissions: 2 });
      expect(result.rttUs).toBeUndefined();
      expect(
        of('segment')
          .filter(isSynLine)
          .map(({ note }) => note),
      ).toEqual([undefined, 'retransmission', 'retransmission']);
    });

    it('SYN+ACK whose time stamp says which SYN it answers: the round trip of that one', async () => {
      const { peer, run } = play();
      await peer.expect('S');
      const { segment } = await peer.expect('S');
      const echo = segment.options.find((option) => option.name === 'timestamps');
      const echoReply = echo?.name === 'timestamps' ? echo.value : 0;
      peer.send('SA', { options: [{ kind: 8, name: 'timestamps', value: 1, echoReply }] });
      await peer.until('the ACK', (got) => got.ack === 1);
      const { result } = await run.finished;
      expect(result.retransmissions).toBe(1);
      expect(result.rttUs).toBeGreaterThan(0);
      expect(result.rttUs).toBeLessThan(500_000);
    });

    it('SYN+ACK after the end: RST', async () => {
      const { peer, run } = play('--timeout', '0.5');
      await peer.expect('S');
      expect(await run.finished).toMatchObject({ code: 2, result: { reason: 'no-response' } });
      peer.send('SA');
      await peer.expect('R', { seq: 1 });
    });
  });

  it('a bad checksum does not count', async () => {
    const { peer, run } = play('--timeout', '0.8');
    await peer.expect('S');
    peer.send('SA', { checksum: 0xbad0 });
    peer.send('RA', { checksum: 0xbad0 });
    await peer.expectSilence(300);
    const { code, result, of } = await run.finished;
    expect(code).toBe(2);
    expect(result).toMatchObject({ verdict: 'filtered', reason: 'no-response', ignored: { 'bad-checksum': 2 } });
    expect(of('segment').filter(({ note }) => note === 'bad-checksum')).toHaveLength(2);
  });

  it('a checksum of the pseudo-header alone, as offloading leaves it, counts', async () => {
    const { peer, run } = play();
    await peer.expect('S');
    // 10.99.0.x and 10.99.0.1, protocol 6, 20 bytes.
    const words = [0x0a63, peer.address & 0xffff, 0x0a63, 0x0001, 6, 20];
    const sum = words.reduce((total, word) => total + word, 0);
    peer.send('SA', { checksum: (sum & 0xffff) + (sum >>> 16) });
    await peer.expect('A', { seq: 1, ack: 1 });
    expect((await run.finished).code).toBe(0);
  });

  it('an old connection answers with a challenge ACK: RST with its number, then the same SYN again', async () => {
    const { peer, run } = play();
    await peer.expect('S', { seq: 0 });
    peer.send('A', { seq: 5000, ack: 123_456 });
    await peer.expect('R', { seq: 123_456 });
    await peer.expect('S', { seq: 0 });
    peer.send('SA', { seq: 0 });
    await peer.expect('A', { seq: 1 });
    const { code, result, of } = await run.finished;
    expect(code).toBe(0);
    expect(result.verdict).toBe('open');
    expect(of('segment').map(({ note }) => note)).toContain('old-connection');
  });

  describe('malformed options', () => {
    it.each([
      ['length 0', { kind: 2, name: 'malformed', bytes: Uint8Array.from([2, 0, 0, 0]) }],
      ['length 1', { kind: 2, name: 'malformed', bytes: Uint8Array.from([2, 1, 0, 0]) }],
      ['past the end', { kind: 8, name: 'malformed', bytes: Uint8Array.from([8, 40, 0, 0]) }],
      ['an MSS of 3 bytes', { kind: 2, name: 'unknown', data: Uint8Array.from([5]) }],
    ] as const)('%s: the segment counts', async (_name, option) => {
      const { peer, run } = play();
      await peer.expect('S');
      peer.send('SA', { options: [option] });
      await peer.expect('A', { seq: 1, ack: 1 });
      const { code, result, of } = await run.finished;
      expect(code).toBe(0);
      expect(result.verdict).toBe('open');
      expect(of('segment')[1]).toMatchObject({ direction: 'received', note: 'malformed-options' });
    });
  });

  it('a lying data offset is ignored', async () => {
    const { peer, run } = play();
    await peer.expect('S');
    peer.send('SA', { seq: 0, dataOffset: 15 });
    peer.send('SA', { seq: 0, dataOffset: 2 });
    await peer.expectSilence(100);
    peer.send('SA');
    await peer.expect('A', { seq: 1, ack: 1 });
    expect(await run.finished).toMatchObject({ code: 0, result: { verdict: 'open', ignored: { malformed: 2 } } });
  });

  it('IP options in the answer', async () => {
    const { peer, run } = play();
    await peer.expect('S');
    // Router alert and padding.
    peer.send('SA', { ip: { options: Uint8Array.from([0x94, 4, 0, 0]) } });
    await peer.expect('A', { seq: 1, ack: 1 });
    expect((await run.finished).code).toBe(0);
  });

  it('data on the SYN+ACK', async () => {
    const { peer, run } = play();
    await peer.expect('S');
    peer.send('SA', { text: 'early' });
    await peer.acked(6);
    const { code, result } = await run.finished;
    expect(code).toBe(0);
    expect(result.data?.receivedBytes).toBe(5);
  });

  it('the four-tuple must fit: other ports are not heard', async () => {
    const { peer, run } = play('--timeout', '0.8');
    await peer.expect('S');
    peer.send('SA', { sourcePort: 81 });
    await peer.expectSilence(200);
    const { code, lines } = await run.finished;
    expect(code).toBe(2);
    expect(lines.filter((line) => line.type === 'segment' && line.direction === 'received')).toEqual([]);
  });

  it('silence: the same SYN again, with the same ISN', async () => {
    const { peer, run } = play('--timeout', '2');
    expect(await run.finished).toMatchObject({ code: 2, result: { verdict: 'filtered', reason: 'no-response', retransmissions: 1 } });
    expect(peer.history.every((got) => isSyn(got) && got.segment.seq === OWN_ISN)).toBe(true);
    expect(peer.history).toHaveLength(2);
  });

  it('what the options ask for is in the SYN', async () => {
    const options = [
      '--mss',
      '700',
      '--wscale',
      '3',
      '--no-sack-permitted',
      '--timestamps=5,6',
      '--window',
      '999',
      '--ttl',
      '33',
      '--tos',
      '0x28',
    ];
    const { peer, run } = play('--tcp-options', 'none', ...options);
    const { segment, ip } = await peer.expect('S');
    expect(segment.window).toBe(999);
    expect(ip).toMatchObject({ ttl: 33, tos: 0x28 });
    const named = segment.options.filter(({ name }) => name !== 'nop' && name !== 'end');
    expect(named).toEqual(
      expect.arrayContaining([
        { kind: 2, name: 'mss', mss: 700 },
        { kind: 3, name: 'window-scale', shift: 3 },
        { kind: 8, name: 'timestamps', value: 5, echoReply: 6 },
      ]),
    );
    expect(named).toHaveLength(3);
    peer.send('RA');
    expect((await run.finished).code).toBe(1);
    expect(segment.seq).toBe(seqAdd(OWN_ISN, 0));
  });
});

const isSynLine = ({ direction, flags }: { direction: string; flags: readonly string[] }): boolean =>
  direction === 'sent' && flags.length === 1 && flags[0] === 'SYN';
