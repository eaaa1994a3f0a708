import { describe, expect, it } from 'vitest';
import { sendExitCode } from '../../../src/probe/send/result.ts';
import { ACK, FIN, RST, SYN } from '../../../src/wire/flags.ts';
import { type Answer, icmp, type Peer, rst, Scene, silence, synAck } from './scene.ts';

describe('more than once', () => {
  it('--count copies at the interval, each with the next identification', async () => {
    const scene = new Scene(rst);
    const { result, segments } = await scene.run({ count: 4, intervalMs: 250 });
    expect(scene.sent.map(({ atUs }) => atUs)).toEqual([0, 250_000, 500_000, 750_000]);
    const ids = scene.sent.map(({ packet }) => packet.ip.id);
    expect(ids).toEqual(ids.map((_, i) => (((ids[0] as number) - 1 + i) % 0xffff) + 1));
    expect(new Set(scene.sent.map(({ packet }) => packet.tcp?.seq)).size).toBe(1);
    expect(segments.map(({ direction }) => direction).join()).toBe('sent,received,sent,received,sent,received,sent,received');
    expect(result).toMatchObject({ sent: 4, received: 4, rttUs: 200, sendingUs: 750_000, answers: { rst: 4 } });
  });

  it('the interval holds from the first copy on, whatever the clock says then', async () => {
    const scene = new Scene(silence);
    scene.clock.setTimer(1_000_000, () => {});
    scene.clock.step();
    await scene.run({ count: 5, intervalMs: 20 });
    expect(scene.sent.map(({ atUs }) => atUs - 1_000_000)).toEqual([0, 20_000, 40_000, 60_000, 80_000]);
  });

  it('without an interval: what is told is in order, and every answer is there', async () => {
    const scene = new Scene(rst);
    const { result, segments } = await scene.run({ count: 500, intervalMs: 0 });
    expect(result).toMatchObject({ sent: 500, received: 500 });
    const times = segments.map(({ atUs }) => atUs);
    expect(times).toEqual(times.toSorted((a, b) => a - b));
    expect(segments.filter(({ direction }) => direction === 'sent').map(({ transmission }) => transmission)).toEqual(
      Array.from({ length: 500 }, (_, i) => i + 1),
    );
  });

  it('an answer that comes again is a retransmission, and the round trip is the first one', async () => {
    const scene = new Scene(synAck);
    const twice: Peer = (segment, n, packet) => [synAck(segment, n, packet) as Answer, synAck(segment, n, packet) as Answer];
    const { segments, result } = await new Scene(twice).run();
    expect(segments.map(({ note }) => note)).toEqual([undefined, undefined, 'retransmission', 'cleanup']);
    expect(result).toMatchObject({ received: 2, rttUs: 200 });
    // But two copies may each have theirs.
    const { segments: ofTwo } = await scene.run({ count: 2 });
    expect(ofTwo.map(({ note }) => note)).not.toContain('retransmission');
  });

  it('one connection half open is reset once', async () => {
    const scene = new Scene(synAck);
    await scene.run({ count: 3, intervalMs: 10 });
    expect(scene.sent.filter(({ packet }) => (packet.tcp?.flags ?? 0) & RST)).toHaveLength(1);
  });
});

describe('--repeat-until', () => {
  const opensLater: Peer = (segment, n, packet) => (n < 4 ? rst(segment, n, packet) : synAck(segment, n, packet));

  it('ends with the answer that was awaited, whatever came before', async () => {
    const scene = new Scene(opensLater);
    const { result } = await scene.run({ repeatUntil: 'syn-ack', count: Number.POSITIVE_INFINITY });
    expect(result).toMatchObject({
      verdict: 'open',
      reason: 'syn-ack',
      sent: 4,
      awaited: 'syn-ack',
      ended: undefined,
      answers: { rst: 3, 'syn-ack': 1 },
    });
    expect(sendExitCode(result)).toBe(0);
    expect(scene.sent.at(-1)?.packet.tcp?.flags).toBe(RST);
  });

  it.each(['rst', 'any'] as const)('%s is an answer as good as any, and exit 0', async (repeatUntil) => {
    const { result } = await new Scene(rst).run({ repeatUntil, count: Number.POSITIVE_INFINITY });
    expect(result).toMatchObject({ verdict: 'closed', sent: 1 });
    expect(sendExitCode(result)).toBe(0);
  });

  it('icmp', async () => {
    const { result } = await new Scene((segment, n, packet) => (n < 2 ? rst(segment, n, packet) : icmp(3, 3, packet))).run({
      repeatUntil: 'icmp',
      count: 9,
    });
    expect(result).toMatchObject({ verdict: 'filtered', reason: 'icmp-port-unreachable', sent: 2 });
    expect(sendExitCode(result)).toBe(0);
  });

  it('ends at --count, with 3 where something else came and 2 where nothing did', async () => {
    const other = await new Scene(rst).run({ repeatUntil: 'syn-ack', count: 3 });
    expect(other.result).toMatchObject({ sent: 3, ended: 'not-as-awaited' });
    expect(sendExitCode(other.result)).toBe(3);
    const nothing = await new Scene(silence).run({ repeatUntil: 'syn-ack', count: 3 });
    expect(sendExitCode(nothing.result)).toBe(2);
  });

  it('ends at the deadline', async () => {
    const { result } = await new Scene(rst).run({ repeatUntil: 'syn-ack', count: Number.POSITIVE_INFINITY, deadlineMs: 4500 });
    expect(result).toMatchObject({ sent: 5, ended: 'not-as-awaited' });
  });
});

describe('a sweep', () => {
  const variants = [SYN, ACK, FIN].map((flags) => ({ label: `flags=${flags}`, spec: { flags } }));

  it('sends each from a port of its own, and tells which answer is whose', async () => {
    const scene = new Scene((segment, n, packet) =>
      segment.flags & SYN ? synAck(segment, n, packet) : segment.flags & ACK ? rst(segment, n, packet) : undefined,
    );
    const { result, segments } = await scene.run({ variants, intervalMs: 10 });
    expect(new Set(scene.sent.slice(0, 3).map(({ packet }) => packet.tcp?.sourcePort)).size).toBe(3);
    expect(result.sweep).toMatchObject([
      {
        variant: 'flags=2',
        verdict: 'open',
        reason: 'syn-ack',
        sent: 1,
        received: 1,
        rttUs: 200,
        answer: { flags: ['ACK', 'SYN'], ttl: 61, window: 1000 },
      },
      { variant: 'flags=16', verdict: 'unfiltered', reason: 'rst', answer: { flags: ['RST'] } },
      { variant: 'flags=1', verdict: 'open|filtered', reason: 'no-response', received: 0, answer: undefined },
    ]);
    expect(result).toMatchObject({ verdict: 'open', sent: 3, received: 2, differ: true });
    expect(segments.find(({ direction, flags }) => direction === 'received' && flags.includes('RST'))?.variant).toBe('flags=16');
    expect(sendExitCode(result)).toBe(0);
  });

  it('uses the source ports that it is given', async () => {
    const scene = new Scene(rst);
    await scene.run({ variants: variants.map((variant, i) => ({ ...variant, sourcePort: 5000 + i })), intervalMs: 0 });
    expect(scene.sent.map(({ packet }) => packet.tcp?.sourcePort)).toEqual([5000, 5001, 5002]);
  });

  it('that nothing answers ends with 2', async () => {
    const { result } = await new Scene(silence).run({ variants, intervalMs: 0 });
    expect(sendExitCode(result)).toBe(2);
  });
});
