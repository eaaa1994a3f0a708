/** Rounds without end: what is told after each, how the path may change meanwhile, and what this machine may fail in. */
import { describe, expect, it } from 'vitest';
import { NetError } from '../../../src/net/errors.ts';
import type { HopEvent, TraceEvent } from '../../../src/probe/events.ts';
import { failSends } from '../../support/ports.ts';
import { type SimulatedHop, type SimulatedPath, Simulation } from '../../support/simulated-path.ts';

const routers = (count: number, others: Record<number, Partial<SimulatedHop>> = {}): SimulatedHop[] =>
  Array.from({ length: count }, (_, i) => ({ address: `10.0.${i + 1}.1`, delayMs: 5, ...others[i + 1] }));

const pathOf = (hops: SimulatedHop[], port: SimulatedPath['destination']['port'] = 'open'): SimulatedPath => ({
  about: '',
  hops,
  destination: { port, delayMs: 5 },
  expect: { verdict: 'open', reason: 'syn-ack', hops: hops.length + 1 },
});

/** Watches until a number of rounds was told. @param each is called after every round */
async function watch(simulation: Simulation, rounds: number, watchMs = 1000, each: (round: number) => void = () => {}) {
  const controller = new AbortController();
  const told: HopEvent[][] = [[]];
  const roundsAtUs: number[] = [];
  const { result, events } = await simulation.trace({ watchMs }, { signal: controller.signal }, (event: TraceEvent) => {
    if (event.type === 'hop') told.at(-1)?.push(event);
    if (event.type !== 'round') return;
    expect(event.round).toBe(told.length);
    roundsAtUs.push(event.atUs);
    told.push([]);
    each(event.round);
    if (event.round === rounds) controller.abort();
  });
  return { result, events, rounds: told.slice(0, -1), roundsAtUs };
}

const addresses = (hops: readonly HopEvent[] | undefined) => hops?.map(({ address }) => address ?? null);

describe('a watch', () => {
  it('tells all hops after each round, begun at the interval, until it is stopped', async () => {
    const simulation = new Simulation(pathOf(routers(3)));
    const { result, rounds, roundsAtUs } = await watch(simulation, 5);
    expect(rounds.map((hops) => hops.map(({ ttl }) => ttl))).toEqual(Array(5).fill([1, 2, 3, 4]));
    expect(rounds.map((hops) => hops.map(({ rttUs }) => rttUs))).toEqual(Array(5).fill([[10_000], [20_000], [30_000], [40_000]]));
    expect(rounds[4]?.map(({ figures }) => [figures.sent, figures.received, figures.lossPercent])).toEqual(Array(4).fill([5, 5, 0]));
    expect(roundsAtUs.map((us) => Math.round(us / 1000))).toEqual([40, 1040, 2040, 3040, 4040]);
    expect(result).toMatchObject({ verdict: 'open', reason: 'syn-ack', rounds: 5, ended: 'interrupted', hops: 4 });
    await simulation.pass(3000);
    expect(simulation.halfOpen).toBeUndefined();
    // Later rounds go no further than the destination.
    expect(simulation.sent.filter(({ atUs, packet }) => atUs > 900_000 && packet.ip.ttl > 4 && packet.tcp?.flags === 2)).toEqual([]);
  });

  it('keeps its interval where the end is silent, and gives late answers to their round', async () => {
    const simulation = new Simulation(pathOf(routers(3, { 2: { lateMs: { '2': 1200 } } }), 'silent'));
    const { result, rounds, roundsAtUs } = await watch(simulation, 5);
    expect(roundsAtUs.map((us) => Math.round(us / 1e6))).toEqual([1, 2, 3, 4, 5]);
    expect(rounds.map((hops) => hops[1]?.rttUs)).toEqual([[20_000], [null], [20_000], [20_000], [20_000]]);
    expect(rounds[4]?.[1]?.figures).toMatchObject({ sent: 5, received: 5, lossPercent: 0, rttUs: { max: 1_220_000 } });
    expect(addresses(rounds[0])).toEqual(['10.0.1.1', '10.0.2.1', '10.0.3.1', null, null, null, null, null]);
    expect(result).toMatchObject({ verdict: 'filtered', reason: 'no-response', stop: { kind: 'silent', ttl: 3 } });
  });

  it('follows a path that becomes longer, and shorter', async () => {
    const path = pathOf(routers(3));
    const simulation = new Simulation(path);
    const { rounds } = await watch(simulation, 6, 1000, (round) => {
      if (round === 2) simulation.become(routers(5));
      if (round === 4) simulation.become(routers(1));
    });
    expect(rounds.map((hops) => hops.length)).toEqual([4, 4, 6, 6, 2, 2]);
    expect(rounds[3]?.at(-1)).toMatchObject({ address: '10.9.9.9', answer: 'syn-ack' });
    expect(rounds[5]?.at(-1)).toMatchObject({ address: '10.9.9.9', answer: 'syn-ack' });
  });

  it('sees a firewall open', async () => {
    const simulation = new Simulation(pathOf(routers(3, { 2: { refuses: 13 } })));
    const { rounds, result } = await watch(simulation, 6, 1000, (round) => {
      if (round === 2) simulation.become(routers(3));
    });
    expect(addresses(rounds[1])).toEqual(['10.0.1.1', '10.0.2.1', '10.0.2.1']);
    expect(addresses(rounds[5])).toEqual(['10.0.1.1', '10.0.2.1', '10.0.3.1', '10.9.9.9']);
    expect(result).toMatchObject({ verdict: 'open', stop: undefined });
  });

  it('remembers no more after thousands of rounds than after some', async () => {
    const simulation = new Simulation(pathOf(routers(1)));
    const { result, rounds } = await watch(simulation, 600, 100);
    expect(result).toMatchObject({ sent: 600 * 2 + 28, rounds: 600 });
    expect(rounds.at(-1)?.[0]).toMatchObject({
      rttUs: [10_000],
      figures: { sent: 600, received: 600, rttUs: { median: 10_000, stddev: 0 } },
    });
  });
});

/** It can't send from one datagram of ours to another. */
const breakDown = ({ network }: Simulation, from: number, to: number): void =>
  failSends(network, (n) => (n > from && n <= to ? new NetError('no-route', 'send', 'to 10.9.9.9', 'the network is down') : undefined));

describe('a machine that can not send', () => {
  it('from the first probe on is an error', async () => {
    const simulation = new Simulation(pathOf(routers(2)));
    breakDown(simulation, 0, 1);
    await expect(simulation.trace()).rejects.toThrow('the network is down');
  });

  it('in the middle ends a trace, with what is known', async () => {
    const simulation = new Simulation(pathOf(routers(2)));
    breakDown(simulation, 2, 100);
    const { result } = await simulation.trace({ rate: 10 });
    expect(result).toMatchObject({ ended: undefined, verdict: 'filtered', hops: 2, error: { code: 'no-route' } });
  });

  it('in the middle of a watch costs the rounds until it can again, each with a note', async () => {
    const simulation = new Simulation(pathOf(routers(2)));
    breakDown(simulation, 60, 63);
    const controller = new AbortController();
    let ended = 0;
    const { events, result } = await simulation.trace({ watchMs: 1000 }, { signal: controller.signal }, (event) => {
      if (event.type === 'round' && ++ended === 20) controller.abort();
    });
    const notes = events.filter((event) => event.type === 'note');
    expect(notes.map(({ code }) => code)).toEqual(['unsent', 'unsent', 'unsent']);
    expect(notes[0]?.text).toContain('the network is down');
    expect(result).toMatchObject({ verdict: 'open', rounds: 20, error: undefined, ended: 'interrupted' });
    const last = events.filter((event) => event.type === 'hop').slice(-3);
    expect(last.map(({ rttUs }) => rttUs)).toEqual([[10_000], [20_000], [30_000]]);
  });
});
