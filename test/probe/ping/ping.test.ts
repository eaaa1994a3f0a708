/** The engine of `ping` with probes that are one segment each. */
import { describe, expect, it } from 'vitest';
import type { NoteEvent, StartEvent } from '../../../src/probe/events.ts';
import { pingExitCode } from '../../../src/probe/ping/result.ts';
import { ACK, FIN, PSH, RST, SYN, URG } from '../../../src/wire/flags.ts';
import { seqAdd } from '../../../src/wire/seq.ts';
import type { TcpSegment } from '../../../src/wire/tcp.ts';
import { B, C, IRS, icmp, later, of, rst, Scene, silence, synAck } from './scene.ts';

const FOUR = { count: 4, intervalMs: 100 };
const SEQ = 0xffffffff;

describe('probes to an open port', () => {
  it('are answered by SYN+ACK, and each of those by a RST with the number that the peer waits for', async () => {
    const scene = new Scene(synAck);
    const { events, replies, result } = await scene.run({ ...FOUR, spec: { seq: SEQ } });
    expect(of<StartEvent>(events, 'start')).toMatchObject([
      { command: 'ping', host: 'peer', address: '10.0.0.2', port: 80, guard: 'none' },
    ]);
    expect(replies.map(({ sequence, atUs, rttUs }) => [sequence, atUs, rttUs])).toEqual([
      [1, 200, 200],
      [2, 100_200, 200],
      [3, 200_200, 200],
      [4, 300_200, 200],
    ]);
    expect(replies[0]).toMatchObject({ verdict: 'open', reason: 'syn-ack', flags: ['ACK', 'SYN'], ttl: 61, window: 1000, note: undefined });
    expect(result).toMatchObject({ verdict: 'open', sent: 4, received: 4, lost: 0, lossPercent: 0, answers: { 'syn-ack': 4 } });
    const resets = scene.sent.filter(({ tcp }) => tcp.flags & RST);
    expect(resets.map(({ tcp }) => [tcp.flags, tcp.seq])).toEqual(Array(4).fill([RST, 0]));
    expect(resets.map(({ tcp }) => tcp.sourcePort)).toEqual(scene.probes.map(({ sourcePort }) => sourcePort));
    expect(pingExitCode(result)).toBe(0);
  });

  it('leave from a port each, and from one with a fixed port', async () => {
    const many = new Scene(synAck);
    await many.run(FOUR);
    expect(new Set(many.probes.map(({ sourcePort }) => sourcePort)).size).toBe(4);
    const one = new Scene(synAck);
    const { result } = await one.run({ ...FOUR, fixedPort: true });
    expect(new Set(one.probes.map(({ sourcePort }) => sourcePort)).size).toBe(1);
    expect(result.received).toBe(4);
  });

  it('that bear the same numbers: no time is taken from what may be the late answer to a lost one', async () => {
    const late = { count: 4, intervalMs: 60, timeoutMs: 50, fixedPort: true };
    const { result, replies, lost } = await new Scene(later(80_000, rst)).run({ ...late, spec: { seq: SEQ } });
    expect(lost.map(({ sequence }) => sequence)).toContain(1);
    expect(replies[0]).toMatchObject({ sequence: 2, rttUs: undefined, rttClock: undefined });
    expect(result.rttUs).toBeUndefined();
    expect(result.targets[0]?.course.cells[1]).toEqual({ meanUs: undefined, lost: 0 });
    const { replies: told } = await new Scene(later(80_000, rst)).run(late);
    expect(told[0]).toMatchObject({ sequence: 1, note: 'late', rttUs: 80_200 });
  });

  it('from a fixed port wait for each other', async () => {
    const { replies, result } = await new Scene(later(150_000, synAck)).run({ ...FOUR, fixedPort: true, spec: { seq: SEQ } });
    expect(replies.map(({ sequence, rttUs }) => [sequence, rttUs])).toEqual([1, 2, 3, 4].map((n) => [n, 150_200]));
    expect(result).toMatchObject({ received: 4, duplicates: 0 });
    const silent = new Scene(silence);
    await silent.run({ count: 2, intervalMs: 0, fixedPort: true });
    expect(silent.sent.map(({ atUs }) => atUs)).toEqual([0, 1_000_000]);
  });
});

describe('a verdict', () => {
  it.each<[string, number, ReturnType<typeof pingExitCode>, string, string, typeof synAck]>([
    ['a SYN that is refused', SYN, 1, 'closed', 'rst', rst],
    ['a SYN that nobody answers', SYN, 2, 'filtered', 'no-response', silence],
    ['a FIN that nobody answers', FIN, 2, 'open|filtered', 'no-response', silence],
    ['a FIN that is refused', FIN | PSH | URG, 1, 'closed', 'rst', rst],
    ['an ACK that is refused', ACK, 0, 'unfiltered', 'rst', rst],
    ['a SYN answered by SYN', SYN, 0, 'open', 'syn', () => ({ flags: SYN, seq: 5 })],
    ['a SYN that is challenged', SYN, 0, 'unfiltered', 'ack', () => ({ flags: ACK, seq: 5, ack: 77 })],
  ])('of %s', async (_name, flags, exitCode, verdict, reason, peer) => {
    const { result } = await new Scene(peer).run({ spec: { flags } });
    expect(result).toMatchObject({ verdict, reason });
    expect(pingExitCode(result)).toBe(exitCode);
  });

  it('of a run is the best of its probes', async () => {
    const { result } = await new Scene((segment, n, packet) => [rst, synAck, silence, rst][n - 1]?.(segment, n, packet)).run(FOUR);
    expect(result).toMatchObject({ verdict: 'open', reason: 'syn-ack', received: 3, lost: 1, lossPercent: 25 });
    expect(result.answers).toEqual({ rst: 2, 'syn-ack': 1, 'no-response': 1 });
  });

  it('of a challenged SYN ends the connection that the peer remembers', async () => {
    const scene = new Scene(() => ({ flags: ACK, seq: 5, ack: 77 }));
    await scene.run();
    expect(scene.sent.at(-1)?.tcp).toMatchObject({ flags: RST, seq: 77 });
  });
});

describe('a probe without an answer', () => {
  it('is lost when its time is over, and not before', async () => {
    const scene = new Scene(silence);
    const { lost, result } = await scene.run({ count: 2, intervalMs: 100, timeoutMs: 1500 });
    expect(lost.map(({ sequence, atUs }) => [sequence, atUs])).toEqual([
      [1, 1_500_000],
      [2, 1_600_000],
    ]);
    expect(result).toMatchObject({ sent: 2, received: 0, lost: 2, lossPercent: 100, rttUs: undefined });
    expect(scene.clock.nowUs()).toBe(1_600_000);
  });

  it('of which a router tells is lost at once, and says who told', async () => {
    const { lost, result } = await new Scene((_segment, _n, packet) => icmp(3, 13, packet, C)).run();
    expect(lost).toMatchObject([{ sequence: 1, atUs: 200, rttUs: 200, reason: 'icmp-admin-prohibited', from: '10.0.0.3' }]);
    expect(result).toMatchObject({ verdict: 'filtered', reason: 'icmp-admin-prohibited', lost: 1, received: 0 });
  });

  it('says more by ICMP than by silence', async () => {
    const { result } = await new Scene((_segment, n, packet) => (n === 1 ? undefined : icmp(3, 1, packet, C))).run(FOUR);
    expect(result.reason).toBe('icmp-host-unreachable');
  });
});

describe('answers', () => {
  it('that come twice are counted once, and the copy told', async () => {
    const { replies, result } = await new Scene((...of) => [synAck(...of), { afterUs: 50, answer: synAck(...of) }] as never).run(FOUR);
    expect(replies.map(({ sequence, note }) => [sequence, note])).toEqual(
      [1, 2, 3, 4]
        .flatMap((n) => [
          [n, undefined],
          [n, 'duplicate'],
        ])
        .slice(0, -1), // With the last answer the run is over.
    );
    expect(result).toMatchObject({ received: 4, duplicates: 3, retransmissions: 0, lossPercent: 0 });
  });

  it('that the peer sends again, because our RST was lost, are told from copies, and reset again', async () => {
    const scene = new Scene((...of) => [synAck(...of), { afterUs: 1_000_000, answer: synAck(...of) }] as never);
    const { replies, result } = await scene.run({ count: 3, intervalMs: 600 });
    expect(replies.map(({ sequence, note }) => [sequence, note])).toEqual([
      [1, undefined],
      [2, undefined],
      [1, 'retransmission'],
      [3, undefined],
    ]);
    expect(result).toMatchObject({ received: 3, duplicates: 0, retransmissions: 1 });
    expect(scene.sent.filter(({ tcp }) => tcp.flags & RST)).toHaveLength(4);
  });

  it('after the timeout leave their probe lost, whatever they say', async () => {
    const peer = later(1_200_000, synAck);
    const { events, replies, result } = await new Scene(peer).run({ count: 3, intervalMs: 500 });
    expect(events.flatMap((event) => ('sequence' in event ? [`${event.type} ${event.sequence}`] : []))).toEqual([
      'lost 1',
      'reply 1',
      'lost 2',
      'reply 2',
      'lost 3',
    ]);
    expect(replies[0]).toMatchObject({ note: 'late', rttUs: 1_200_200 });
    expect(result).toMatchObject({
      verdict: 'open',
      sent: 3,
      received: 0,
      lost: 3,
      late: 2,
      duplicates: 0,
      lossPercent: 100,
      rttUs: undefined,
    });
  });

  it('that come late, and then again, are late once', async () => {
    const peer = (...of: Parameters<typeof synAck>) =>
      [1_200_000, 1_250_000].map((afterUs) => ({ afterUs, answer: synAck(...of) as Partial<TcpSegment> }));
    const { result } = await new Scene(peer).run({ count: 5, intervalMs: 500 });
    expect(result).toMatchObject({ lost: 5, late: 4, duplicates: 4 });
  });

  it('that overtake each other are told', async () => {
    const peer = (...of: Parameters<typeof rst>) => ({ afterUs: of[1] === 1 ? 250_000 : 0, answer: rst(...of) as Partial<TcpSegment> });
    const { replies, result } = await new Scene(peer).run(FOUR);
    expect(replies.map(({ sequence, note }) => [sequence, note])).toEqual([
      [2, undefined],
      [3, undefined],
      [1, 'out-of-order'],
      [4, undefined],
    ]);
    expect(result).toMatchObject({ received: 4, outOfOrder: 1, lost: 0 });
  });

  it.each<[string, string, Partial<TcpSegment>]>([
    ['a SYN+ACK of another number', 'bad-ack', { flags: SYN | ACK, seq: IRS, ack: 2 }],
    ['a SYN+ACK of the number before', 'bad-ack', { flags: SYN | ACK, seq: IRS, ack: SEQ }],
    ['a RST of another number', 'bad-rst', { flags: RST | ACK, ack: 2 }],
    ['a RST of the number before', 'bad-rst', { flags: RST | ACK, ack: SEQ }],
    ['a RST without one', 'bad-rst', { flags: RST, seq: 0 }],
    ['neither ACK nor RST', 'no-ack', { flags: FIN, seq: 0 }],
  ])('that are none are passed over and counted: %s', async (_name, why, answer) => {
    const { events, replies, result } = await new Scene(() => answer).run({ spec: { seq: SEQ } });
    expect(replies).toEqual([]);
    expect(result).toMatchObject({ received: 0, lost: 1, ignored: { [why]: 1 } });
    expect(of<NoteEvent>(events, 'note')).toMatchObject([{ code: 'ignored' }]);
  });

  it('must acknowledge the data too, or the SYN alone', async () => {
    const payload = new Uint8Array(10);
    const refused = (ack: number) => new Scene(() => ({ flags: RST | ACK, ack })).run({ spec: { seq: SEQ, payload } });
    expect((await refused(10)).result.received).toBe(1);
    expect((await refused(0)).result.received).toBe(1);
    expect((await refused(9)).result.ignored).toEqual({ 'bad-rst': 1 });
  });

  it('with a wrong checksum do not count', async () => {
    const scene = new Scene((segment) => {
      const good = { flags: SYN | ACK, seq: IRS, ack: seqAdd(segment.seq, 1) };
      return { ...good, checksum: 1 };
    });
    expect((await scene.run()).result).toMatchObject({ received: 0, ignored: { 'bad-checksum': 1 } });
  });

  it('about segments that we did not send do not count either', async () => {
    const { result } = await new Scene((_segment, _n, packet) =>
      icmp(3, 1, { ...packet, tcp: { ...(packet.tcp as TcpSegment), seq: 1 } }),
    ).run();
    expect(result).toMatchObject({ reason: 'no-response', ignored: { icmp: 1 } });
  });
});

describe('as fast as answers come', () => {
  it('sends on as they come, and accounts for each', async () => {
    const scene = new Scene(rst);
    const { result } = await scene.run({ count: 5000, intervalMs: 0 });
    expect(result).toMatchObject({ sent: 5000, received: 5000, lost: 0, pending: 0 });
  });

  it('never has more than 1,000 unanswered', async () => {
    const scene = new Scene(silence);
    let waiting = 0;
    let most = 0;
    scene.wire.taps.push(() => {
      most = Math.max(most, ++waiting);
    });
    const { result } = await scene.run({ count: 2500, intervalMs: 0 }, {}, (event) => {
      if (event.type === 'lost') waiting--;
    });
    expect(most).toBe(1000);
    expect(result).toMatchObject({ sent: 2500, lost: 2500 });
    // Three times a thousand at most, each of them for a second.
    expect(scene.clock.nowUs()).toBe(3_000_000);
  });

  it('takes no port that one of the last thousand probes had', async () => {
    const scene = new Scene(rst);
    const { result } = await scene.run({ count: 6000, intervalMs: 0 });
    const ports = scene.probes.map(({ sourcePort }) => sourcePort);
    expect(new Set(ports).size).toBe(1001);
    for (let i = 1000; i < ports.length; i++) expect(ports.lastIndexOf(ports[i] as number, i - 1)).toBeLessThan(i - 1000);
    expect(result.received).toBe(6000);
  });

  it('loses what is lost, and nothing else, on a bad network', async () => {
    const scene = new Scene(rst);
    scene.wire.faults = { ...scene.wire.faults, loss: 0.1, duplicate: 0.1, reorder: 0.2, jitterUs: 500 };
    const { result, replies } = await scene.run({ count: 3000, intervalMs: 0.2 });
    expect(result.lost).toBeGreaterThan(400);
    expect(result.lost).toBeLessThan(800);
    expect(result.duplicates).toBeGreaterThan(200);
    expect(result.outOfOrder).toBeGreaterThan(200);
    expect(replies.filter(({ note }) => note === 'duplicate')).toHaveLength(result.duplicates);
    expect(new Set(replies.map(({ sequence }) => sequence)).size).toBe(result.received);
  });
});

describe('many targets', () => {
  it('take turns, and have figures each', async () => {
    const scene = new Scene(synAck);
    scene.attach(C, rst);
    const targets = [
      { host: 'one', address: B, port: 80 },
      { host: 'two', address: C, port: 443 },
    ];
    const { events, replies, result } = await scene.run({ targets, count: 3, intervalMs: 100 });
    expect(replies.map(({ address, sequence, atUs }) => `${address} ${sequence} ${atUs}`)).toEqual([
      '10.0.0.2 1 200',
      '10.0.0.3 1 50200',
      '10.0.0.2 2 100200',
      '10.0.0.3 2 150200',
      '10.0.0.2 3 200200',
      '10.0.0.3 3 250200',
    ]);
    expect(of<StartEvent>(events, 'start').map(({ host }) => host)).toEqual(['one', 'two']);
    expect(result).toMatchObject({ verdict: 'open', sent: 6, received: 6 });
    expect(result.targets).toMatchObject([
      { host: 'one', verdict: 'open', sent: 3 },
      { host: 'two', verdict: 'closed', sent: 3 },
    ]);
  });
});
