import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { VirtualClock } from '../../../src/net/memory.ts';
import { chance, type Random, seededRandom } from '../../../src/net/random.ts';
import { findPathMtu, type MtuLimits } from '../../../src/probe/trace/path-mtu.ts';
import type { Finding, Probe, ProbeChoice, Prober } from '../../../src/probe/trace/prober.ts';
import { formatIpv4 } from '../../../src/wire/address.ts';
import { ACK } from '../../../src/wire/flags.ts';
import { ipv4Header } from '../../../src/wire/ipv4.ts';

const DESTINATION = 0x0a000063;
const RTT_US = 10_000;

/** A router, and its link towards the destination. */
interface Hop {
  mtu: number;
  /** What it says of a datagram that is too large: its MTU, nothing of it as before RFC 1191, a lie, or nothing at all. */
  says: 'mtu' | 'zero' | 'silent' | { lie: number };
  /** It says "TTL exceeded". */
  answers: boolean;
  /** What its quotes show for a TTL; undefined: what was left. */
  quotesTtl?: number;
  /** It has said too much lately, and says no more until it is left alone for a second. */
  isTired?: boolean;
  /** It speaks from the address of this one. */
  speaksAs?: number;
}

interface World {
  /** Of our own interface. */
  mtu: number;
  hops: readonly Hop[];
  /** To which flags the destination answers; none: not at all. */
  answersTo: readonly ('ack' | 'segment')[];
  loss: number;
}

/** A path under a prober, at the size of a datagram and its TTL. */
class PathProber implements Prober {
  readonly source = { sourceAddress: '10.0.0.1', sourcePort: 1, guard: 'none' } as const;
  readonly silence = { verdict: 'filtered', reason: 'no-response' } as const;
  readonly dropped = 0;
  readonly queued = 0;
  readonly mtu: number;
  sent = 0;
  readonly open = new Set<Probe>();
  readonly #findings: { atUs: number; finding: Finding }[] = [];
  /** When routers that tire were last asked. */
  readonly #askedAtUs = new Map<number, number>();
  #wake: (() => void) | undefined;

  constructor(
    private readonly world: World,
    private readonly clock: VirtualClock,
    private readonly random: Random,
  ) {
    this.mtu = world.mtu;
  }

  send(ttl: number, { datagramBytes = 60, flags }: ProbeChoice = {}): Probe {
    const atUs = this.clock.nowUs();
    const departure = { atUs, handedOverAtUs: atUs, stamped: false, pending: false, wallSteps: 0 };
    const probe: Probe = { ttl, seq: this.sent++, datagram: new Uint8Array(datagramBytes), departure };
    expect(datagramBytes).toBeLessThanOrEqual(this.world.mtu);
    const finding = this.#walk(probe, flags === ACK ? 'ack' : 'segment');
    if (flags !== ACK) this.open.add(probe);
    if (finding !== undefined && !chance(this.random, this.world.loss)) this.#findings.push({ atUs: atUs + RTT_US, finding });
    return probe;
  }

  #walk(probe: Probe, kind: 'ack' | 'segment'): Finding | undefined {
    const size = probe.datagram.length;
    for (const [at, { mtu, says, answers }] of this.world.hops.entries()) {
      if (probe.ttl === at + 1) return answers && !this.#isTired(at) ? this.#icmp(probe, at, 'ttl-exceeded') : undefined;
      if (size <= mtu) continue;
      if (says === 'silent') return undefined;
      return this.#icmp(probe, at, 'fragmentation-needed', says === 'mtu' ? mtu : says === 'zero' ? 0 : says.lie);
    }
    if (!this.world.answersTo.includes(kind)) return undefined;
    const ip = ipv4Header({ source: DESTINATION, destination: 1 });
    const tcp = { sourcePort: 1, destinationPort: 1 } as Extract<Finding, { type: 'answer' }>['tcp'];
    return { type: 'answer', probe, atUs: 0, outcome: this.silence, round: undefined, ip, tcp, datagram: new Uint8Array() };
  }

  #isTired(at: number): boolean {
    if (this.world.hops[at]?.isTired !== true) return false;
    const askedAtUs = this.#askedAtUs.get(at) ?? Infinity;
    this.#askedAtUs.set(at, this.clock.nowUs());
    return this.clock.nowUs() - askedAtUs < 1e6 || askedAtUs === Infinity;
  }

  #icmp(probe: Probe, at: number, name: string, nextHopMtu?: number): Finding {
    const from = address(this.world.hops[at]?.speaksAs ?? at);
    const ip = ipv4Header({ source: from, destination: 1 });
    const ttl = this.world.hops[at]?.quotesTtl ?? probe.ttl - at;
    const quote = ipv4Header({ source: 1, destination: DESTINATION, ttl });
    const error = { name, extensions: [], ip: quote, ...(nextHopMtu === undefined ? {} : { nextHopMtu }) };
    return { type: 'icmp', probe, atUs: 0, from, round: { us: RTT_US, clock: 'user' }, error, ip, datagram: new Uint8Array() };
  }

  async next(untilUs: number): Promise<Finding | undefined> {
    const first = this.#findings[0];
    const atUs = Math.min(untilUs, first?.atUs ?? Infinity);
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
      this.clock.setTimer(atUs, resolve);
    });
    if (first === undefined || this.clock.nowUs() < first.atUs) return undefined;
    this.#findings.shift();
    if (first.finding.type !== 'ignored' && first.finding.probe) this.open.delete(first.finding.probe);
    return first.finding;
  }

  giveUp(probe: Probe): void {
    this.open.delete(probe);
  }

  wake(): void {
    this.#wake?.();
  }

  async close(): Promise<void> {}
}

const address = (at: number): number => 0x0a000001 + at;

async function measure(world: Partial<World>, limits: Partial<MtuLimits> = {}, seed = 1) {
  const clock = new VirtualClock();
  const whole: World = { mtu: 1500, hops: [], answersTo: ['ack', 'segment'], loss: 0, ...world };
  const prober = new PathProber(whole, clock, seededRandom(seed));
  const path = {
    destination: formatIpv4(DESTINATION),
    hops: whole.hops.flatMap(({ answers }, at) => (answers ? [{ ttl: at + 1, address: formatIpv4(address(at)) }] : [])),
    rttUs: RTT_US,
  };
  const usual = { clock, signal: undefined, untilUs: Infinity, inside: false, fullTtl: 64 };
  const found = await clock.run(findPathMtu(prober, path, { ...usual, ...limits }));
  expect(prober.open.size).toBe(0);
  return { ...found, sent: prober.sent, tookUs: clock.nowUs() };
}

const hop = (mtu = 1500, says: Hop['says'] = 'mtu', answers = true): Hop => ({ mtu, says, answers });

describe('the path MTU', () => {
  it('is that of the interface where all passes, by two probes', async () => {
    expect(await measure({ hops: [hop(), hop()] })).toMatchObject({
      mtu: 1500,
      found: 'whole',
      by: 'ack',
      towards: '10.0.0.99',
      narrowings: [],
      sent: 2,
    });
  });

  it('is found beyond 64 hops too, where the path is looked at so far', async () => {
    const hops = [...Array.from({ length: 80 }, () => hop()), hop(1400)];
    expect(await measure({ hops }, { fullTtl: 100 })).toMatchObject({
      mtu: 1400,
      found: 'icmp',
      by: 'ack',
      narrowings: [{ ttl: 81, mtu: 1400 }],
    });
  });

  it('is what routers say, one after the other', async () => {
    expect(await measure({ hops: [hop(), hop(1400), hop(), hop(1280), hop()] })).toMatchObject({
      mtu: 1280,
      found: 'icmp',
      narrowings: [
        { ttl: 2, address: '10.0.0.2', mtu: 1400 },
        { ttl: 4, address: '10.0.0.4', mtu: 1280 },
      ],
      sent: 5,
    });
  });

  it('is found by halving where a router drops in silence, and where that is', async () => {
    expect(await measure({ hops: [hop(), hop(), hop(1433, 'silent'), hop()] })).toMatchObject({
      mtu: 1433,
      found: 'halving',
      narrowings: [{ ttl: 3, address: '10.0.0.3', mtu: 1433 }],
    });
  });

  it('is found by plateaus where a router names no size (RFC 1191 §7.1)', async () => {
    expect(await measure({ hops: [hop(), hop(1300, 'zero')] })).toMatchObject({
      mtu: 1300,
      found: 'icmp',
      narrowings: [{ ttl: 2, address: '10.0.0.2', mtu: 1300 }],
    });
  });

  it.each([60, 1500, 9000, 600])('does not believe a router that names %i', async (lie) => {
    expect(await measure({ hops: [hop(), hop(1300, { lie })] })).toMatchObject({ mtu: 1300, narrowings: [{ ttl: 2, mtu: 1300 }] });
  });

  it('has of a router that names one size after the other the least', async () => {
    expect(await measure({ hops: [hop(), hop(1450), { ...hop(1400), speaksAs: 1 }, hop()] })).toMatchObject({
      mtu: 1400,
      narrowings: [{ address: '10.0.0.2', mtu: 1400 }],
    });
  });

  it('has a silent narrowing before one that is told, and behind one', async () => {
    const before = await measure({ hops: [hop(), hop(1450, 'silent'), hop(), hop(1280)] });
    expect(before).toMatchObject({
      mtu: 1280,
      narrowings: [
        { ttl: 2, mtu: 1450 },
        { ttl: 4, mtu: 1280 },
      ],
    });
    const behind = await measure({ hops: [hop(), hop(1450), hop(), hop(1280, 'silent')] });
    expect(behind).toMatchObject({
      mtu: 1280,
      found: 'halving',
      narrowings: [
        { ttl: 2, mtu: 1450 },
        { ttl: 4, mtu: 1280 },
      ],
    });
  });

  it('lays a black hole to the last hop that answers before it, where others say nothing at all', async () => {
    const hops = [hop(), hop(1500, 'mtu', false), hop(1300, 'silent', false), hop()];
    expect(await measure({ hops })).toMatchObject({ mtu: 1300, narrowings: [{ ttl: 1, address: '10.0.0.1', mtu: 1300 }] });
  });

  it('gives a router that has said too much lately a rest before it is taken for one that says nothing', async () => {
    const found = await measure({ hops: [hop(), hop(), { ...hop(1400, 'silent'), isTired: true }, hop()] });
    expect(found).toMatchObject({ mtu: 1400, narrowings: [{ ttl: 3, mtu: 1400 }] });
  });

  it('knows by what is left of the TTL how far a router is that was not seen', async () => {
    const hops = [hop(), hop(1500, 'mtu', false), hop(1300, 'mtu', false)];
    expect(await measure({ hops })).toMatchObject({ mtu: 1300, narrowings: [{ ttl: 3, address: '10.0.0.3', mtu: 1300 }] });
  });

  it('does not know it where somebody has set the TTL to more than it began with', async () => {
    const hops = [hop(), { ...hop(1300), answers: false, quotesTtl: 184 }];
    expect(await measure({ hops })).toMatchObject({ mtu: 1300, narrowings: [{ ttl: undefined, address: '10.0.0.2', mtu: 1300 }] });
  });

  it('asks with the segment itself where ACKs draw nothing, and leaves nothing open', async () => {
    expect(await measure({ hops: [hop(1400)], answersTo: ['segment'] })).toMatchObject({ mtu: 1400, by: 'segment' });
  });

  it('measures as far as the last router where the destination is silent', async () => {
    expect(await measure({ hops: [hop(1400), hop(1300, 'silent'), hop()], answersTo: [] })).toMatchObject({
      mtu: 1300,
      by: 'last-hop',
      towards: '10.0.0.3',
    });
  });

  it('is not there where nothing answers', async () => {
    expect((await measure({ hops: [hop(1500, 'silent', false)], answersTo: [] })).mtu).toBeUndefined();
  });

  it('ends at the time given, with what is sure', async () => {
    const found = await measure({ hops: [hop(1433, 'silent')] }, { untilUs: 500_000 });
    expect(found).toMatchObject({ found: 'unfinished', narrowings: [] });
    expect(found.mtu).toBeLessThanOrEqual(1433);
    expect(found.tookUs).toBeLessThanOrEqual(500_000);
  });

  it('is exact on any path, however much is silent, and with loss', async () => {
    const anyHop = fc.record({
      mtu: fc.oneof(fc.constant(9000), fc.integer({ min: 100, max: 9000 })),
      says: fc.constantFrom<Hop['says'][]>('mtu', 'zero', 'silent'),
      answers: fc.boolean(),
    });
    const world = fc.record({
      mtu: fc.constantFrom(1500, 9000, 65_535),
      hops: fc.array(anyHop, { maxLength: 6 }),
      answersTo: fc.constantFrom<World['answersTo'][]>(['ack'], ['segment'], ['ack', 'segment']),
    });
    await fc.assert(
      fc.asyncProperty(world, async (world) => {
        const found = await measure(world);
        const narrowest = Math.min(world.mtu, ...world.hops.map(({ mtu }) => mtu));
        expect(found.mtu).toBe(narrowest);
        expect(found.found === 'whole').toBe(narrowest === world.mtu);
        expect(found.sent).toBeLessThan(250);
        for (const { ttl, mtu } of found.narrowings ?? []) {
          const there = world.hops[(ttl ?? 0) - 1];
          if (there === undefined || !world.hops.every(({ answers }) => answers)) continue;
          if (there.says === 'zero') expect(mtu).toBeLessThanOrEqual(there.mtu);
          else expect(mtu).toBe(there.mtu);
        }
      }),
      { numRuns: 60 },
    );
  });

  it('takes no lost probe for a black hole', async () => {
    for (let seed = 1; seed <= 30; seed++) {
      const found = await measure({ hops: [hop(), hop(1400), hop(1280)], loss: 0.05 }, {}, seed);
      expect(found.mtu, `seed ${seed}`).toBe(1280);
    }
  });
});
