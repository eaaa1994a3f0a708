/** How a ping ends, what it tells in between, and what this machine may fail at. */
import { describe, expect, it } from 'vitest';
import { NetError } from '../../../src/net/errors.ts';
import type { FiguresEvent, PingEvent, SegmentEvent, UnsentEvent } from '../../../src/probe/events.ts';
import { pingExitCode } from '../../../src/probe/ping/result.ts';
import { changePorts, failSends } from '../../support/ports.ts';
import { A, B, later, of, rst, Scene, synAck } from './scene.ts';

const FOUR = { count: 4, intervalMs: 100 };

describe('limits', () => {
  const half = new Map([
    [25, 3],
    [50, 0],
  ]);
  it.each([...half])('of %s %% where half are lost: exit %s', async (lossLimitPercent, exitCode) => {
    const { result } = await new Scene((segment, n, packet) => (n % 2 ? synAck(segment, n, packet) : undefined)).run({
      ...FOUR,
      lossLimitPercent,
    });
    expect(pingExitCode(result)).toBe(exitCode);
    expect(result.passedLimits).toEqual(exitCode === 0 ? [] : [{ limit: 'loss', address: '10.0.0.2', port: 80, allowed: 25, found: 50 }]);
  });

  it('of the round trip hold for its 95th percentile', async () => {
    const { result } = await new Scene(later(9_800, rst)).run({ ...FOUR, rttLimitMs: 9.9 });
    expect(result.passedLimits).toMatchObject([{ limit: 'rtt', allowed: 9900, found: 10_000 }]);
    expect(pingExitCode(result)).toBe(3);
    const { result: other } = await new Scene(later(9_800, rst)).run({ ...FOUR, rttLimitMs: 10 });
    expect(pingExitCode(other)).toBe(1);
  });
});

describe('the end', () => {
  it('comes when it is asked for: what is under way is neither received nor lost', async () => {
    const controller = new AbortController();
    const scene = new Scene(later(30_000, synAck));
    const { result } = await scene.run({ count: Number.POSITIVE_INFINITY, intervalMs: 20 }, { signal: controller.signal }, (event) => {
      if (event.type === 'reply' && event.sequence === 3) controller.abort();
    });
    expect(result).toMatchObject({ ended: 'interrupted', received: 3, lost: 0, lossPercent: 0 });
    expect(result.pending).toBeGreaterThan(0);
  });

  it('comes at the deadline', async () => {
    const scene = new Scene(synAck);
    const { result } = await scene.run({ count: Number.POSITIVE_INFINITY, deadlineMs: 2500 });
    expect(result).toMatchObject({ ended: 'deadline', sent: 3, received: 3 });
    expect(scene.clock.nowUs()).toBe(2_500_000);
  });

  it('may come before anything was sent', async () => {
    const controller = new AbortController();
    controller.abort();
    const { result } = await new Scene(synAck).run({}, { signal: controller.signal });
    expect(result).toMatchObject({ verdict: 'filtered', reason: 'interrupted', sent: 0 });
  });

  it('gives every port back', async () => {
    const scene = new Scene(synAck);
    let open = 0;
    changePorts(scene.network, (port) => {
      open++;
      const close = port.close.bind(port);
      port.close = () => {
        open--;
        close();
      };
    });
    await scene.run({ count: 100, intervalMs: 0 });
    expect(open).toBe(0);
  });
});

it('tells the figures so far when they are wanted', async () => {
  let want = () => {};
  let isListening = false;
  const onFiguresWanted = (callback: () => void) => {
    want = callback;
    isListening = true;
    return () => {
      isListening = false;
    };
  };
  const { events } = await new Scene(synAck).run({ ...FOUR }, { onFiguresWanted }, (event) => {
    if (event.type === 'reply' && event.sequence === 2) want();
  });
  const figures = of<FiguresEvent>(events, 'figures');
  expect(figures).toHaveLength(1);
  expect(figures[0]?.targets).toMatchObject([{ received: 2, rttUs: { median: 200, min: 200, max: 200 } }]);
  expect(isListening).toBe(false);
});

it('tells every segment where that is asked for, each with its probe', async () => {
  const { events } = await new Scene(synAck).run({ count: 2, segments: true });
  expect(of<SegmentEvent>(events, 'segment').map(({ direction, variant, note }) => [direction, variant, note])).toEqual([
    ['sent', 'probe 1', undefined],
    ['received', 'probe 1', undefined],
    ['sent', 'probe 1', 'cleanup'],
    ['sent', 'probe 2', undefined],
    ['received', 'probe 2', undefined],
    ['sent', 'probe 2', 'cleanup'],
  ]);
});

describe('an error of this machine', () => {
  const down = new NetError('no-route', 'send', 'to 10.0.0.2', 'the network is down');

  const fail = ({ network }: Scene, fails: (n: number) => boolean): void => failSends(network, (n) => (fails(n) ? down : undefined));

  it('before anything was sent ends the run', async () => {
    const scene = new Scene(rst);
    fail(scene, () => true);
    await expect(scene.run()).rejects.toBe(down);
  });

  it('in between is told and counted, not lost, and the run goes on', async () => {
    const scene = new Scene(rst);
    fail(scene, (n) => n === 2 || n === 3);
    const { events, result } = await scene.run({ count: 5, intervalMs: 100 });
    expect(of<UnsentEvent>(events, 'unsent')).toMatchObject([
      { sequence: 2, atUs: 100_000, code: 'no-route', message: down.message },
      { sequence: 3 },
    ]);
    expect(result).toMatchObject({ sent: 3, received: 3, lost: 0, unsent: 2, lossPercent: 0 });
  });

  it('does not make it try without end as fast as it goes', async () => {
    const scene = new Scene(rst);
    fail(scene, (n) => n > 10);
    const { result } = await scene.run({ count: 20, intervalMs: 0 });
    expect(result).toMatchObject({ received: 10, unsent: 10 });
    expect(scene.clock.nowUs()).toBeGreaterThanOrEqual(900_000);
  });

  it('of one target leaves the others', async () => {
    const scene = new Scene(synAck);
    fail(scene, (n) => n === 1);
    const targets = [A + 8, B].map((address) => ({ host: 'peer', address, port: 80 }));
    const { events, result } = await scene.run({ targets, count: 1 });
    expect(events.map(({ type }: PingEvent) => type)).toEqual(['unsent', 'start', 'reply', 'result']);
    expect(result).toMatchObject({ verdict: 'open', sent: 1, unsent: 1 });
  });

  it('is no reason to give up where only the RST could not leave', async () => {
    const scene = new Scene(synAck);
    fail(scene, (n) => n === 2);
    expect((await scene.run({ count: 2, intervalMs: 100 })).result).toMatchObject({ received: 2, unsent: 0 });
  });
});
