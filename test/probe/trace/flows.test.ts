/** Several flows on the network in memory, over one simulated path. */
import { describe, expect, it } from 'vitest';
import { NetError } from '../../../src/net/errors.ts';
import { traceExitCode } from '../../../src/probe/trace/result.ts';
import { failSends } from '../../support/ports.ts';
import { type SimulatedPath, Simulation } from '../../support/simulated-path.ts';

const path = (changes: Partial<SimulatedPath> = {}): SimulatedPath => ({
  about: '',
  hops: ['10.0.1.1', '10.0.2.1', '10.0.3.1'].map((address) => ({ address, delayMs: 5 })),
  destination: { port: 'closed', delayMs: 5 },
  expect: { verdict: 'closed', reason: 'rst', hops: 4 },
  ...changes,
});

describe('flows', () => {
  it('go side by side, each from a port of its own, with one start and one result', async () => {
    const simulation = new Simulation(path());
    const { events, hops, result } = await simulation.trace({ flows: 4, sourcePort: 50_000 });
    expect(events.map(({ type }) => type).filter((type) => type !== 'hop')).toEqual(['start', 'result']);
    expect(hops).toHaveLength(16);
    for (const flow of [0, 1, 2, 3]) expect(hops.filter((hop) => hop.flow === flow).map(({ ttl }) => ttl)).toEqual([1, 2, 3, 4]);
    expect(new Set(simulation.sent.map(({ packet }) => packet.tcp?.sourcePort))).toEqual(new Set([50_000, 50_001, 50_002, 50_003]));
    expect(result).toMatchObject({ verdict: 'closed', rounds: 3, hops: 4 });
    expect(result.multipath).toMatchObject({ flows: 4, outcomes: [{ verdict: 'closed', reason: 'rst' }] });
    // As long as one alone, and not four times that.
    const alone = await new Simulation(path()).trace();
    expect(result.durationMs).toBeLessThan(1.5 * alone.result.durationMs);
  });

  it('are no tree where there is one', async () => {
    const { hops, result } = await new Simulation(path()).trace();
    expect(result.multipath).toBeUndefined();
    expect(hops.every(({ flow }) => flow === undefined)).toBe(true);
  });

  it('keep to the rate together', async () => {
    const simulation = new Simulation(path());
    await simulation.trace({ flows: 5, rate: 10, probes: 1 });
    const times = simulation.sent.map(({ atUs }) => atUs);
    // The first of each goes at once, the three after it each half a second later.
    expect(times.length).toBeGreaterThanOrEqual(20);
    expect(Math.max(...times) - Math.min(...times)).toBeGreaterThan(1.4e6);
  });

  it('are told after each round of a watch together', async () => {
    const controller = new AbortController();
    const { events } = await new Simulation(path()).trace({ flows: 3, watchMs: 1000 }, { signal: controller.signal }, (event) => {
      if (event.type === 'round' && event.round === 3) controller.abort();
    });
    const rounds = events.flatMap((event) => (event.type === 'round' ? [event.round] : []));
    expect(rounds).toEqual([1, 2, 3]);
    const first = events.slice(
      0,
      events.findIndex(({ type }) => type === 'round'),
    );
    expect(first.filter(({ type }) => type === 'hop')).toHaveLength(12);
  });

  it('ask for each name once', async () => {
    const asked: string[] = [];
    const reverse = async (address: string): Promise<string> => {
      asked.push(address);
      return `host-${address}`;
    };
    const { result } = await new Simulation(path()).trace({ flows: 3 }, { reverse });
    expect(asked.sort()).toEqual(['10.0.1.1', '10.0.2.1', '10.0.3.1', '10.9.9.9']);
    expect(result.multipath?.nodes.map(({ name }) => name)).toContain('host-10.0.2.1');
  });

  it('take silence by a limit for what it is: the tree has no way that is not there', async () => {
    const limited = path();
    (limited.hops[1] as SimulatedPath['hops'][number]).limit = { burst: 6, perSecond: 1 };
    const { result } = await new Simulation(limited).trace({ flows: 12, probes: 1 });
    expect(result.multipath?.nodes.map(({ address }) => address)).toEqual(['10.0.1.1', '10.0.2.1', '10.0.3.1', '10.9.9.9']);
    expect(result.multipath?.confidencePercent).toBeGreaterThan(90);
  });

  it('are all over when interrupted, and when nobody wants the rest', async () => {
    const interrupted = new Simulation(path());
    const controller = new AbortController();
    interrupted.clock.setTimer(12_000, () => controller.abort());
    const { result, hops } = await interrupted.trace({ flows: 3 }, { signal: controller.signal });
    expect(result.ended).toBe('interrupted');
    expect(interrupted.clock.nowUs()).toBe(12_000);
    expect(hops.filter(({ address }) => address === '10.0.1.1')).toHaveLength(3);
    const left = new Simulation(path());
    const stop = new Error('enough');
    await expect(
      left.trace({ flows: 3 }, {}, ({ type }) => {
        if (type === 'hop') throw stop;
      }),
    ).rejects.toBe(stop);
    const { length } = left.sent;
    await left.pass(1000);
    expect(left.sent).toHaveLength(length);
  });

  it('end with the error of any of them', async () => {
    const simulation = new Simulation(path());
    const full = new NetError('no-buffers', 'send', 'to 10.9.9.9', 'the send queue of this host is full');
    let left = 2;
    failSends(simulation.network, (_n, _datagram, { sourcePort }) => (sourcePort === 50_001 && left-- <= 0 ? full : undefined));
    const { result } = await simulation.trace({ flows: 2, sourcePort: 50_000, mtu: true });
    expect(result.error).toBe(full);
    expect(result.pathMtu).toBeUndefined();
  });

  it('whose verdicts differ make an exit code of 3', () => {
    const outcome = (verdict: 'open' | 'filtered') => ({ verdict, reason: 'answer', sourcePorts: [1] }) as const;
    const code = (...verdicts: ('open' | 'filtered')[]) =>
      traceExitCode({
        verdict: 'open',
        connection: undefined,
        ended: undefined,
        multipath: { nodes: [], links: [], flows: 2, confidencePercent: 0, outcomes: verdicts.map(outcome) },
      });
    expect([code('open'), code('open', 'filtered')]).toEqual([0, 3]);
  });
});
