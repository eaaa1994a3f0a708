/** The probes of a trace: their numbers, when they go out, how long they are waited for, and what is left behind. */
import { describe, expect, it } from 'vitest';
import { ACK, FIN, RST, SYN } from '../../../src/wire/flags.ts';
import { decodeIpv4Header } from '../../../src/wire/ipv4.ts';
import { seqAdd, seqDiff } from '../../../src/wire/seq.ts';
import { tcpSegment } from '../../../src/wire/tcp.ts';
import { type SimulatedHop, type SimulatedPath, Simulation } from '../../support/simulated-path.ts';

const routers = (count: number, delayMs = 5, others: Record<number, Partial<SimulatedHop>> = {}): SimulatedHop[] =>
  Array.from({ length: count }, (_, i) => ({ address: `10.0.${i + 1}.1`, delayMs, ...others[i + 1] }));

const pathOf = (hops: SimulatedHop[], port: SimulatedPath['destination']['port'] = 'open'): SimulatedPath => ({
  about: '',
  hops,
  destination: { port, delayMs: 5 },
  expect: { verdict: 'open', reason: 'syn-ack', hops: hops.length + 1 },
});

const segmentsOf = ({ sent }: Simulation) =>
  sent.map(({ packet, atUs }) => ({ ...(packet.tcp ?? tcpSegment({ sourcePort: 0, destinationPort: 0 })), ip: packet.ip, atUs }));
const isProbe = ({ flags }: { flags: number }): boolean => (flags & RST) === 0;

describe('the numbers', () => {
  it('name every probe: one four-tuple, sequence numbers further apart than any window, identifications of their own', async () => {
    const simulation = new Simulation(pathOf(routers(5)));
    // The numbers wrap.
    await simulation.trace({ probes: 5, spec: { seq: 0xffff_0000 } });
    const probes = segmentsOf(simulation).filter(isProbe);
    expect(probes[0]?.seq).toBe(0xffff_0000);
    expect(new Set(probes.map(({ sourcePort, destinationPort }) => `${sourcePort} ${destinationPort}`)).size).toBe(1);
    expect(new Set(probes.map(({ ip }) => ip.id)).size).toBe(probes.length);
    for (const a of probes) for (const b of probes) if (a !== b) expect(Math.abs(seqDiff(a.seq, b.seq))).toBeGreaterThan(2 ** 17);
  });

  it('of ACK probes acknowledge something else each time, so that a RST names its probe', async () => {
    const simulation = new Simulation(pathOf(routers(2)));
    const { hops, result } = await simulation.trace({ spec: { flags: ACK } });
    expect(result).toMatchObject({ verdict: 'unfiltered', reason: 'rst', hops: 3 });
    expect(hops.at(-1)?.rttUs).toEqual([30_000, 30_000, 30_000]);
    expect(segmentsOf(simulation).every(isProbe)).toBe(true);
  });

  it('that all acknowledge the same leave the destination without times, and still found', async () => {
    const simulation = new Simulation(pathOf(routers(2)));
    const { hops, result } = await simulation.trace({ spec: { flags: ACK, ack: 7 } });
    expect(result).toMatchObject({ verdict: 'unfiltered', reason: 'rst', reached: true, hops: 3 });
    expect(hops.at(-1)).toMatchObject({ address: '10.9.9.9', rttUs: [null, null, null], figures: { received: 3 } });
  });

  it('have the data that were asked for at their beginning, also where they are made long', async () => {
    const simulation = new Simulation(pathOf(routers(2), 'closed'));
    const payload = new TextEncoder().encode('hello');
    const { result } = await simulation.trace({ mtu: true, spec: { payload } });
    expect(result.pathMtu?.mtu).toBe(1500);
    const probes = segmentsOf(simulation).filter(isProbe);
    expect(probes.every((probe) => Buffer.compare(probe.payload.subarray(0, 5), payload) === 0)).toBe(true);
    expect(Math.max(...probes.map(({ ip }) => ip.totalLength ?? 0))).toBe(1500);
  });

  it('stay with an identification that was asked for', async () => {
    const simulation = new Simulation(pathOf(routers(2)));
    const { result } = await simulation.trace({ spec: { ipId: 77 } });
    expect(result.hops).toBe(3);
    expect(
      segmentsOf(simulation)
        .filter(isProbe)
        .every(({ ip }) => ip.id === 77),
    ).toBe(true);
  });
});

describe('a round', () => {
  it('goes out at once and by rising TTL, at the rate', async () => {
    const simulation = new Simulation(pathOf(routers(10)));
    await simulation.trace({ probes: 1, rate: 100 });
    const probes = segmentsOf(simulation).filter(isProbe);
    expect(probes.slice(0, 10).map(({ ip }) => ip.ttl)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    expect((probes[9]?.atUs ?? 0) - (probes[0]?.atUs ?? 0)).toBeGreaterThanOrEqual(80_000);
    // 110 ms are eleven probes; what comes back says that there is no use in more.
    expect(probes.length).toBeLessThan(24);
  });

  it('stops at the gap where the rate leaves time to see it', async () => {
    const simulation = new Simulation(pathOf(routers(4, 5, { 2: { drops: true } })));
    const { result } = await simulation.trace({ probes: 1, rate: 4, gap: 3 });
    expect(result).toMatchObject({ verdict: 'filtered', stop: { kind: 'silent', ttl: 2 } });
    expect(Math.max(...segmentsOf(simulation).map(({ ip }) => ip.ttl))).toBeLessThan(10);
  });

  it('tells routers again and again without waiting for the destination', async () => {
    const { result } = await new Simulation(pathOf(routers(19), 'closed')).trace();
    // 20 hops of 10 ms: three probes one behind the other to the furthest.
    expect(result.durationMs).toBeLessThanOrEqual(3.1 * 200);
  });

  it.each([
    ['open', 'syn-ack'],
    ['closed', 'rst'],
  ] as const)('has a time of the destination each, where it is %s', async (port, reason) => {
    const simulation = new Simulation(pathOf(routers(3), port));
    const { hops, result } = await simulation.trace({ probes: 4 });
    expect(result.reason).toBe(reason);
    expect(hops.at(-1)).toMatchObject({ answer: reason, rttUs: [40_000, 40_000, 40_000, 40_000], figures: { lossPercent: 0 } });
  });
});

describe('an open destination', () => {
  it('is reset exactly before it is asked again, and at the end', async () => {
    const simulation = new Simulation(pathOf(routers(3)));
    await simulation.trace();
    const resets = segmentsOf(simulation).filter((segment) => !isProbe(segment));
    const asked = segmentsOf(simulation).filter((segment) => isProbe(segment) && segment.ip.ttl === 4);
    expect(simulation.opened).toBe(3);
    expect(resets.map(({ seq }) => seq)).toEqual(asked.map(({ seq }) => seqAdd(seq, 1)));
    await simulation.pass(100);
    expect(simulation.halfOpen).toBeUndefined();
  });

  it.each([1, 12, 25, 39, 41, 60, 99])('is not left half open by an interrupt after %i ms', async (ms) => {
    const simulation = new Simulation(pathOf(routers(3)));
    const controller = new AbortController();
    simulation.clock.setTimer(ms * 1000, () => controller.abort());
    const { result, hops } = await simulation.trace({}, { signal: controller.signal });
    expect(result.ended).toBe('interrupted');
    expect(simulation.clock.nowUs()).toBe(ms * 1000);
    expect(result.verdict).toBe(ms < 40 ? 'filtered' : 'open');
    if (ms < 40) expect(result.reason).toBe('interrupted');
    // What is known is told.
    expect(hops.filter(({ address }) => address !== undefined).length).toBe(Math.min(4, Math.floor(ms / 10)));
    if (ms >= 40) expect(segmentsOf(simulation).filter((segment) => !isProbe(segment)).length).toBeGreaterThan(0);
  });
});

describe('a late answer', () => {
  it('goes to the round that it is to', async () => {
    // The first answer of hop 2 comes after its second.
    const simulation = new Simulation(pathOf(routers(6, 5, { 2: { lateMs: { '1': 55 } } })));
    const { hops, result } = await simulation.trace({ probes: 4 });
    expect(result.ignored).toEqual({});
    expect(hops[1]).toMatchObject({ rttUs: [75_000, 20_000, 20_000, 20_000], figures: { sent: 4, received: 4, lossPercent: 0 } });
  });
});

describe('the wait', () => {
  it('is the longest where nothing tells how far a hop is', async () => {
    const { result } = await new Simulation(pathOf(routers(3, 5, { 2: { drops: true } }))).trace({
      probes: 1,
      wait: { maxMs: 2000, here: 3, near: 10 },
    });
    expect(result.durationMs).toBeGreaterThanOrEqual(2000);
    expect(result.durationMs).toBeLessThan(3000);
  });

  it('is told by the hops behind where they answer', async () => {
    const silent = routers(6, 5, { 3: { answers: '.' } });
    const short = await new Simulation(pathOf(silent)).trace({ wait: { maxMs: 5000, here: 3, near: 2 } });
    const long = await new Simulation(pathOf(silent)).trace({ wait: { maxMs: 5000, here: 3, near: 20 } });
    expect(short.result.durationMs).toBeLessThan(300);
    expect(long.result.durationMs).toBeGreaterThan(20 * 40);
    expect(long.result.durationMs).toBeLessThan(20 * 40 + 300);
  });

  it('ends at the deadline', async () => {
    const { result } = await new Simulation(pathOf(routers(2), 'silent')).trace({ deadlineMs: 700 });
    expect(result).toMatchObject({ ended: 'deadline', verdict: 'filtered' });
    expect(result.durationMs).toBeCloseTo(700, 0);
  });
});

describe('hops', () => {
  it('are told as soon as they are settled, in order', async () => {
    const simulation = new Simulation(pathOf(routers(8, 20)));
    const toldAtUs: number[] = [];
    await simulation.trace({}, {}, (event) => {
      if (event.type === 'hop') toldAtUs[event.ttl] = simulation.clock.nowUs();
    });
    expect(toldAtUs[1]).toBeLessThan(300_000);
    for (let ttl = 2; ttl <= 9; ttl++) expect(toldAtUs[ttl]).toBeGreaterThanOrEqual(toldAtUs[ttl - 1] as number);
    expect(toldAtUs[9]).toBeGreaterThan(900_000);
  });

  it('have their names, which are waited for no longer than a moment', async () => {
    const asked: string[] = [];
    const simulation = new Simulation(pathOf(routers(3)));
    const reverse = async (address: string): Promise<string | undefined> => {
      asked.push(address);
      if (address === '10.0.2.1') throw new Error('no server answers');
      if (address === '10.0.3.1') return new Promise(() => {});
      return `host-${address.replaceAll('.', '-')}`;
    };
    const { hops, result } = await simulation.trace({}, { reverse });
    expect(asked.sort()).toEqual(['10.0.1.1', '10.0.2.1', '10.0.3.1', '10.9.9.9']);
    expect(hops.map(({ name }) => name)).toEqual(['host-10-0-1-1', undefined, undefined, 'host-10-9-9-9']);
    expect(hops[0]?.answerers[0]?.name).toBe('host-10-0-1-1');
    expect(result.durationMs).toBeLessThan(200);
    expect(simulation.clock.nowUs()).toBeLessThan(1_400_000);
  });

  it('tell their segments with all bytes where that was asked for', async () => {
    const { events } = await new Simulation(pathOf(routers(1))).trace({ segments: true, probes: 1, maxTtl: 2 });
    const told = events.filter((event) => event.type === 'segment' || event.type === 'icmp');
    expect(
      told.map((event) =>
        event.type === 'segment' ? `${event.direction} ${event.flags.join()} ${event.variant}` : `${event.name} ${event.variant}`,
      ),
    ).toEqual(['sent SYN ttl=1', 'sent SYN ttl=2', 'ttl-exceeded ttl=1', 'received ACK,SYN ttl=2', 'sent RST ttl=2']);
    expect(told.every(({ datagram }) => decodeIpv4Header(datagram).ihl === 5)).toBe(true);
  });

  it('are not much of a burden with FIN, data and a raw segment', async () => {
    const fin = await new Simulation(pathOf(routers(2), 'closed')).trace({ spec: { flags: FIN } });
    expect(fin.result).toMatchObject({ verdict: 'closed', hops: 3 });
    const data = await new Simulation(pathOf(routers(2), 'closed')).trace({ spec: { flags: SYN, payload: new Uint8Array(700) } });
    expect(data.result).toMatchObject({ verdict: 'closed', hops: 3 });
    expect(data.hops[0]?.quotedBytes).toBe(740);
  });
});
