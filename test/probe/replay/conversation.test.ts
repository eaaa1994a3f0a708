import { describe, expect, it } from 'vitest';
import { ACK, FIN, PSH, RST, SYN } from '../../../src/wire/flags.ts';
import { type Captured, client, data, handshake, IRS, ISS, replayed, START_NS, server } from './scene.ts';

describe('a whole connection', () => {
  it('closed by the initiator', async () => {
    const { segments, results, events } = await replayed([
      ...handshake(),
      client(200, PSH | ACK, 1, 1, data(10)),
      server(300, ACK, 1, 11),
      server(900, PSH | ACK, 1, 11, data(20)),
      client(950, ACK, 11, 21),
      client(1000, FIN | ACK, 11, 21),
      server(1100, ACK, 21, 12),
      server(1200, FIN | ACK, 21, 12),
      client(1250, ACK, 12, 22),
    ]);
    expect(segments).toEqual([
      '> 0 SYN-SENT',
      '< 0 ESTABLISHED',
      '> 1 ESTABLISHED',
      '> 1 ESTABLISHED',
      '< 1 ESTABLISHED',
      '< 1 ESTABLISHED',
      '> 11 ESTABLISHED',
      '> 11 FIN-WAIT-1',
      '< 21 FIN-WAIT-2',
      '< 21 TIME-WAIT',
      '> 12 TIME-WAIT',
    ]);
    expect(events[0]).toMatchObject({
      type: 'start',
      sourceAddress: '10.0.0.1',
      sourcePort: 40_000,
      address: '10.0.0.2',
      port: 80,
      startedAtNs: START_NS,
    });
    expect(results).toMatchObject([
      {
        verdict: 'open',
        reason: 'syn-ack',
        evidence: 'data-acknowledged',
        rttUs: 100,
        handshakeUs: 150,
        iss: ISS,
        irs: IRS,
        data: { sentBytes: 10, ackedBytes: 10, receivedBytes: 20, ackUs: 100, firstByteUs: 700 },
        close: { kind: 'active', initiator: 'local', completed: true, finalState: 'TIME-WAIT', durationUs: 200 },
        retransmissions: 0,
        durationUs: 1250,
        segments: { sent: 6, received: 5 },
        beginsMidway: false,
        ended: undefined,
      },
    ]);
  });

  it('closed by the peer', async () => {
    const { results } = await replayed([
      ...handshake(),
      server(200, FIN | ACK, 1, 1),
      client(300, FIN | ACK, 1, 2),
      server(400, ACK, 2, 2),
    ]);
    expect(results[0]?.close).toMatchObject({ kind: 'passive', initiator: 'peer', completed: true, finalState: 'CLOSED' });
  });

  it('closed by both at once', async () => {
    const { results } = await replayed([
      ...handshake(),
      client(200, FIN | ACK, 1, 1),
      server(201, FIN | ACK, 1, 1),
      client(300, ACK, 2, 2),
      server(301, ACK, 2, 2),
    ]);
    expect(results[0]?.states).toEqual(['CLOSED', 'SYN-SENT', 'ESTABLISHED', 'FIN-WAIT-1', 'CLOSING', 'TIME-WAIT']);
    expect(results[0]?.close).toMatchObject({ kind: 'simultaneous', completed: true });
  });

  it('reset by either side', async () => {
    const byPeer = await replayed([...handshake(), server(200, RST | ACK, 1, 1)]);
    expect(byPeer.results[0]).toMatchObject({ ended: 'reset-by-peer', close: { kind: 'reset', initiator: 'peer', finalState: 'CLOSED' } });
    expect(byPeer.notes).toEqual(['reset-by-peer']);
    const byUs = await replayed([...handshake(), client(200, RST, 1, 0), server(300, ACK, 1, 1)]);
    expect(byUs.results[0]).toMatchObject({
      ended: undefined,
      close: { kind: 'reset', initiator: 'local', completed: true },
      ignored: { late: 1 },
    });
  });

  it('left open, refused, and not answered', async () => {
    expect((await replayed(handshake())).results[0]).toMatchObject({ verdict: 'open', close: { kind: 'none', finalState: 'ESTABLISHED' } });
    expect((await replayed([client(0, SYN, 0, 0), server(70, RST | ACK, -IRS, 1)])).results[0]).toMatchObject({
      verdict: 'closed',
      reason: 'rst',
      rttUs: 70,
    });
    expect((await replayed([client(0, SYN, 0, 0)])).results[0]).toMatchObject({ verdict: 'filtered', reason: 'no-response' });
  });
});

describe('what is lost, late or double', () => {
  it('a SYN sent again leaves the round trip in doubt (Karn)', async () => {
    const { segments, results } = await replayed([
      client(0, SYN, 0, 0),
      client(1_000_000, SYN, 0, 0),
      server(1_000_050, SYN | ACK, 0, 1),
      client(1_000_060, ACK, 1, 1),
    ]);
    expect(segments[1]).toBe('> 0 SYN-SENT retransmission');
    expect(results[0]).toMatchObject({ retransmissions: 1, rttUs: undefined, handshakeUs: undefined });
  });

  it('a clock that was set back makes no negative duration', async () => {
    const { results } = await replayed([client(0, SYN, 0, 0), server(-80, SYN | ACK, 0, 1), client(-50, ACK, 1, 1)]);
    expect(results[0]).toMatchObject({ verdict: 'open', rttUs: 0, handshakeUs: 0, durationUs: 0 });
  });

  it('a FIN with the number of the SYN is not acknowledged twice', async () => {
    const { results } = await replayed([client(0, SYN, 0, 0), client(10, FIN | ACK, 0, 0), server(100, SYN | ACK, 0, 1)]);
    expect(results[0]).toMatchObject({ data: { ackedBytes: 0 } });
  });

  it('unless a time stamp comes back', async () => {
    const stamps = (value: number, echoReply: number) => ({ options: [{ kind: 8, name: 'timestamps', value, echoReply } as const] });
    const { results } = await replayed([
      client(0, SYN, 0, 0, stamps(10, 0)),
      client(1_000_000, SYN, 0, 0, stamps(1010, 0)),
      server(1_000_050, SYN | ACK, 0, 1, stamps(5, 1010)),
    ]);
    expect(results[0]?.rttUs).toBe(50);
  });

  it('data sent again, by us and by them, and a copy that the network made', async () => {
    const sent = client(200, PSH | ACK, 1, 1, data(10));
    const { segments, results } = await replayed([
      ...handshake(),
      sent,
      { ...sent, atUs: 210 },
      client(300_000, PSH | ACK, 1, 1, data(10)),
      server(300_100, PSH | ACK, 1, 11, data(5)),
      server(600_000, PSH | ACK, 1, 11, data(5)),
    ]);
    expect(segments.slice(3)).toEqual([
      '> 1 ESTABLISHED',
      '> 1 ESTABLISHED duplicate',
      '> 1 ESTABLISHED retransmission',
      '< 1 ESTABLISHED',
      '< 1 ESTABLISHED retransmission',
    ]);
    expect(results[0]).toMatchObject({
      retransmissions: 1,
      peerRetransmissions: 1,
      data: { sentBytes: 10, receivedBytes: 5 },
      ignored: {},
    });
  });

  it('data out of order, overtaken or filled in late', async () => {
    const { segments, results } = await replayed([
      ...handshake(),
      server(200, ACK, 11, 1, data(10)),
      server(201, ACK, 1, 1, data(10)),
      server(300, ACK, 31, 1, data(10)),
      server(200_000, ACK, 21, 1, data(10)),
      client(200_010, ACK, 1, 41),
    ]);
    expect(segments.slice(3)).toEqual([
      '< 11 ESTABLISHED out-of-order',
      '< 1 ESTABLISHED',
      '< 31 ESTABLISHED out-of-order',
      '< 21 ESTABLISHED retransmission',
      '> 1 ESTABLISHED',
    ]);
    expect(results[0]).toMatchObject({ data: { receivedBytes: 40 }, missingBytes: 0 });
  });

  it('a FIN that waits for what comes before it', async () => {
    const { segments } = await replayed([...handshake(), server(200, FIN | ACK, 11, 1), server(201, ACK, 1, 1, data(10))]);
    expect(segments.slice(3)).toEqual(['< 11 ESTABLISHED out-of-order', '< 1 CLOSE-WAIT']);
  });

  it('bytes that were acknowledged and are not in the capture', async () => {
    const { results, notes } = await replayed([
      ...handshake(),
      server(200, ACK, 1, 101),
      server(300, ACK, 51, 101, data(10)),
      client(310, ACK, 101, 61),
    ]);
    expect(notes).toEqual(['not-captured', 'not-captured']);
    expect(results[0]).toMatchObject({ missingBytes: 150, data: { ackedBytes: 100, receivedBytes: 10 } });
  });

  it('a keep-alive, a closed window and its probe', async () => {
    const { segments, notes } = await replayed([
      ...handshake(),
      client(1000, ACK, 0, 1),
      server(1100, ACK, 1, 1, { window: 0 }),
      client(2000, ACK, 0, 1),
      server(3000, ACK, 1, 1),
    ]);
    expect(segments.slice(3)).toEqual(['> 0 ESTABLISHED keep-alive', '< 1 ESTABLISHED', '> 0 ESTABLISHED window-probe', '< 1 ESTABLISHED']);
    expect(notes).toEqual(['zero-window', 'zero-window']);
  });

  it('a wrong checksum counts where others of that side are right', async () => {
    const wrong = (atUs: number) => server(atUs, ACK, 1, 1, { checksum: 1 });
    expect((await replayed([...handshake(), wrong(200)])).results[0]?.ignored).toEqual({ 'bad-checksum': 1 });
    // Offloaded by a card that does not even fill in the pseudo-header.
    const offloaded = (packets: Captured[]) => packets.map((packet) => ({ ...packet, bytes: packet.bytes.with(37, 1) }));
    expect((await replayed(offloaded(handshake()))).results[0]).toMatchObject({ verdict: 'open', ignored: {} });
  });

  it('a forged RST and a forged SYN+ACK end nothing', async () => {
    const { segments } = await replayed([
      client(0, SYN, 0, 0),
      server(50, SYN | ACK, 5, 77),
      server(60, RST | ACK, 0, 9),
      ...handshake().slice(1),
      server(200, RST, 500, 0),
    ]);
    expect(segments).toEqual([
      '> 0 SYN-SENT',
      '< SYN-SENT bad-ack',
      '< SYN-SENT bad-rst',
      '< 0 ESTABLISHED',
      '> 1 ESTABLISHED',
      '< 500 ESTABLISHED bad-rst',
    ]);
  });
});
