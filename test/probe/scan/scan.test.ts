/** The engine of scan against hosts on the wire of memory. */
import { expect, it } from 'vitest';
import { NetError } from '../../../src/net/errors.ts';
import { type Faults, NO_FAULTS } from '../../../src/net/faults.ts';
import { MemoryWire, VirtualClock } from '../../../src/net/memory.ts';
import type { Network, Outgoing } from '../../../src/net/network.ts';
import { createContext } from '../../../src/probe/context.ts';
import type { PortEvent, ScanEvent, ScanResult, Verdict } from '../../../src/probe/events.ts';
import { IntervalSet } from '../../../src/probe/scan/intervals.ts';
import { SCAN_DEFAULTS, type ScanRequest } from '../../../src/probe/scan/request.ts';
import { scan } from '../../../src/probe/scan/scan.ts';
import { TECHNIQUES } from '../../../src/probe/scan/technique.ts';
import { RST } from '../../../src/wire/flags.ts';
import { ipv4Header, PROTOCOL_ICMP } from '../../../src/wire/ipv4.ts';
import { decodePacket, encodePacket } from '../../../src/wire/packet.ts';
import { seqAdd } from '../../../src/wire/seq.ts';
import { type Answerer, address, attachHost, closed, open, reply, SYN_ACK, silent } from '../../support/scan-hosts.ts';

const US = address('10.0.0.1');
const HOST = address('10.0.0.2');

interface Setting {
  faults?: Partial<Faults>;
  seed?: number;
  hosts?: number;
  ports?: readonly [first: number, last: number];
  answer?: (port: number, host: number) => Answerer;
  request?: Partial<ScanRequest>;
  signal?: AbortSignal;
  network?: (network: Network) => Network;
  onEvent?: (event: ScanEvent) => void;
}

interface Outcome {
  events: ScanEvent[];
  ports: PortEvent[];
  result: ScanResult;
  probes: { at: number; address: number; port: number }[];
}

async function run(setting: Setting): Promise<Outcome> {
  const { faults = {}, seed = 1, hosts = 1, ports = [1, 100], answer = () => closed, request = {}, signal } = setting;
  const clock = new VirtualClock();
  const wire = new MemoryWire(clock, { ...NO_FAULTS, ...faults }, seed);
  const network = wire.host(US);
  const probes: Outcome['probes'] = [];
  for (let i = 0; i < hosts; i++)
    attachHost(wire, HOST + i, (port) => (seen) => {
      probes.push({ at: seen.atUs, address: seen.ip.destination, port });
      return answer(port, i)(seen);
    });
  const context = { ...createContext(setting.network?.(network) ?? network, seed), signal };
  const events: ScanEvent[] = [];
  const whole: ScanRequest = {
    ...SCAN_DEFAULTS,
    targets: { addresses: IntervalSet.of([{ first: HOST, last: HOST + hosts - 1 }]), excluded: 0, skipped: [] },
    ports: IntervalSet.of([{ first: ports[0], last: ports[1] }]),
    seed,
    ...request,
  };
  const ended = (async () => {
    for await (const event of scan(whole, context)) {
      events.push(event);
      setting.onEvent?.(event);
    }
  })();
  await clock.run(ended);
  return {
    events,
    ports: events.filter((event) => event.type === 'port'),
    result: events.at(-1) as ScanResult,
    probes,
  };
}

const verdicts = ({ ports }: Outcome): Map<string, Verdict> =>
  new Map(ports.map(({ address: a, port, verdict }) => [`${a}:${port}`, verdict]));

it('tells open, closed and silent ports of two hosts, each once, and a result', async () => {
  const outcome = await run({ hosts: 2, answer: (port) => (port === 80 ? open : port === 81 ? silent : closed) });
  const { result } = outcome;
  expect(outcome.ports).toHaveLength(200);
  expect(verdicts(outcome).size).toBe(200);
  for (const { port, verdict, reason } of outcome.ports)
    expect([port, verdict, reason]).toEqual(
      port === 80 ? [80, 'open', 'syn-ack'] : port === 81 ? [81, 'filtered', 'no-response'] : [port, 'closed', 'rst'],
    );
  expect(result).toMatchObject({
    type: 'result',
    hosts: 2,
    ports: 100,
    pairs: 200,
    done: 200,
    counts: { open: 2, closed: 196, filtered: 2 },
    differ: true,
    ended: undefined,
    error: undefined,
    kernelDrops: 0,
    proxied: 0,
    unsent: 0,
  });
  expect(outcome.events[0]).toMatchObject({ type: 'start', command: 'scan', hosts: 2, ports: 100, pairs: 200, sourceAddress: '10.0.0.1' });
  const [found] = outcome.ports.filter(({ port }) => port === 80);
  expect(found).toMatchObject({ ttl: 64, proxied: false, proxiedReason: undefined, attempts: 1 });
  expect(found?.rttUs).toBeGreaterThanOrEqual(200);
});

const TRUTH = (port: number): Answerer => (port % 10 === 0 ? silent : port % 10 === 1 ? open : closed);
const VERDICT = (port: number): Verdict => (port % 10 === 0 ? 'filtered' : port % 10 === 1 ? 'open' : 'closed');

for (const [loss, name] of [
  [0.1, '10 %'],
  [0.25, '25 %'],
] as const)
  it(`has no wrong verdict in 20 runs at ${name} loss each way`, { timeout: 120_000 }, async () => {
    for (let seed = 1; seed <= 20; seed++) {
      const outcome = await run({ seed, ports: [1, 500], faults: { loss, jitterUs: 300 }, answer: TRUTH });
      const wrong = outcome.ports.filter(({ port, verdict }) => verdict !== VERDICT(port));
      expect(wrong, `seed ${seed}`).toEqual([]);
      expect(outcome.result.done).toBe(500);
      expect(outcome.result.lossBasis).toBe('measured');
      expect(outcome.result.confidence).toBeGreaterThan(0.998);
      const expected = 100 * (1 - (1 - loss) ** 2);
      expect(Math.abs(outcome.result.estimatedLossPercent - expected), `seed ${seed}`).toBeLessThan(8);
    }
  });

it('tries silent ports as often as the loss asks for, and as told by --retries', async () => {
  const lossless = await run({ ports: [1, 1000], answer: TRUTH });
  const lossy = await run({ ports: [1, 1000], answer: TRUTH, faults: { loss: 0.1 } });
  const fixed = await run({ ports: [1, 1000], answer: TRUTH, faults: { loss: 0.1 }, request: { retries: 1 } });
  const of = ({ ports }: Outcome): number[] => ports.filter(({ verdict }) => verdict === 'filtered').map(({ attempts }) => attempts);
  expect(Math.max(...of(lossless))).toBeLessThanOrEqual(4);
  // ln(1000 × 1000) / ln(1 / 0.19) = 8.3, and the estimate is taken a little too high.
  expect(Math.min(...of(lossy))).toBeGreaterThanOrEqual(9);
  expect(Math.max(...of(lossy))).toBeLessThanOrEqual(11);
  expect(new Set(of(fixed))).toEqual(new Set([2]));
});

it('never calls silent what answers late', async () => {
  const outcome = await run({ ports: [1, 20], faults: { delayUs: 400_000 } });
  expect(outcome.result.counts).toEqual({ closed: 20 });
});

it('counts nothing that was not asked for', async () => {
  const forged = (seen: Parameters<Answerer>[0]): Uint8Array => reply(seen, { ...SYN_ACK, ack: seqAdd(seen.tcp.seq, 2) });
  const stale: Answerer = (seen) => reply(seen, { flags: RST, seq: 5 });
  const outcome = await run({ ports: [1, 10], answer: (port) => (port === 3 ? forged : port === 4 ? stale : closed) });
  expect(verdicts(outcome).get('10.0.0.2:3')).toBe('filtered');
  expect(verdicts(outcome).get('10.0.0.2:4')).toBe('filtered');
  expect(outcome.result.counts).toEqual({ closed: 8, filtered: 2 });
  expect(outcome.result.ignored).toBeGreaterThanOrEqual(4);
});

it('drops what was garbled on the way, and asks again', async () => {
  const outcome = await run({ ports: [1, 300], faults: { corrupt: 0.1 }, answer: TRUTH });
  expect(outcome.ports.filter(({ port, verdict }) => verdict !== VERDICT(port))).toEqual([]);
});

/** "Unreachable" with a code, from a router. */
const unreachable =
  (code: number, change: (quote: Uint8Array) => void = () => undefined): Answerer =>
  (seen) => {
    const quote = seen.datagram.slice(0, 28);
    change(quote);
    return encodePacket({
      ip: ipv4Header({ source: address('10.9.9.9'), destination: seen.ip.source, protocol: PROTOCOL_ICMP, ttl: 63 }),
      icmp: { type: 3, code, rest: 0, body: quote },
    });
  };

it('takes ICMP errors about its own segments, and no others', async () => {
  const otherSeq = (quote: Uint8Array): void => {
    quote[24] = (quote[24] as number) ^ 1;
  };
  const outcome = await run({
    ports: [1, 4],
    answer: (port) => [closed, unreachable(13), unreachable(13, otherSeq), unreachable(4)][port - 1] as Answerer,
  });
  const found = new Map(outcome.ports.map((event) => [event.port, event]));
  expect(found.get(2)).toMatchObject({ verdict: 'filtered', reason: 'icmp-admin-prohibited', from: '10.9.9.9', attempts: 1, ttl: 63 });
  expect(found.get(3)).toMatchObject({ verdict: 'filtered', reason: 'no-response' });
  expect(found.get(4)).toMatchObject({ verdict: 'filtered', reason: 'no-response' });
  expect(outcome.result.ignored).toBeGreaterThan(0);
});

it('reads answers by the technique', async () => {
  const counts = async (technique: ScanRequest['technique'], answer: (port: number) => Answerer) =>
    (await run({ ports: [1, 10], answer, request: { technique } })).result.counts;
  expect(await counts(TECHNIQUES.ack, () => closed)).toEqual({ unfiltered: 10 });
  expect(await counts(TECHNIQUES.fin, (port) => (port < 4 ? silent : closed))).toEqual({ 'open|filtered': 3, closed: 7 });
  expect(await counts(TECHNIQUES.null, () => closed)).toEqual({ closed: 10 });
  expect(await counts(TECHNIQUES.xmas, () => closed)).toEqual({ closed: 10 });
  const windowed: Answerer = (seen) => reply(seen, { flags: RST, seq: seen.tcp.ack, window: 4096 });
  expect(await counts(TECHNIQUES.window, (port) => (port === 2 ? windowed : closed))).toEqual({ open: 1, closed: 9 });
});

it("marks a host that answers SYN+ACK everywhere, and SYN+ACKs that are no host's own", async () => {
  const bare: Answerer = (seen) => reply(seen, { ...SYN_ACK, options: [], ack: seqAdd(seen.tcp.seq, 1) });
  const shut: Answerer = (seen) => reply(seen, { ...SYN_ACK, window: 0, ack: seqAdd(seen.tcp.seq, 1) });
  const nearer: Answerer = (seen) => reply(seen, { ...SYN_ACK, ack: seqAdd(seen.tcp.seq, 1) }, 63);
  const all = await run({ ports: [1, 10], answer: () => open });
  expect(all.ports.map(({ proxiedReason }) => proxiedReason)).toEqual(new Array(10).fill('answers-all'));
  expect(all.result).toMatchObject({ counts: { open: 10 }, proxied: 10 });
  const some = await run({
    ports: [1, 5],
    answer: (port) => (({ 1: bare, 2: shut, 3: nearer, 4: open }) as Record<number, Answerer>)[port] ?? closed,
  });
  expect(Object.fromEntries(some.ports.map(({ port, proxiedReason }) => [port, proxiedReason]))).toEqual({
    1: 'no-options',
    2: 'zero-window',
    3: 'other-ttl',
    4: undefined,
    5: undefined,
  });
  expect(some.result.proxied).toBe(3);
});

it('asks no more than a few ports beside those asked for', async () => {
  const { probes } = await run({ ports: [80, 80], answer: (port) => (port === 80 ? open : closed) });
  expect(probes).toHaveLength(2);
  expect(probes[1]?.port).toBeGreaterThanOrEqual(49_152);
});

it('probes in the same order with the same seed, and in another with another', async () => {
  const order = async (seed: number) => (await run({ seed, ports: [1, 50] })).probes.map(({ port }) => port);
  expect(await order(5)).toEqual(await order(5));
  expect(await order(5)).not.toEqual(await order(6));
});

it('splits over shards that are disjoint and make up the whole', async () => {
  const parts = await Promise.all([1, 2, 3].map((index) => run({ hosts: 3, ports: [1, 33], request: { shard: { index, count: 3 } } })));
  const names = parts.flatMap((part) => [...verdicts(part).keys()]);
  expect(names).toHaveLength(99);
  expect(new Set(names).size).toBe(99);
});

it('stops when told to, says what is known, and goes on from there', async () => {
  const controller = new AbortController();
  let seen = 0;
  const first = await run({
    hosts: 2,
    ports: [1, 400],
    signal: controller.signal,
    request: { ratePps: 1000 },
    onEvent: ({ type }) => {
      if (type === 'port' && ++seen === 100) controller.abort();
    },
  });
  expect(first.result.ended).toBe('interrupted');
  expect(first.result.done).toBe(first.ports.length);
  expect(first.result.done).toBeLessThan(800);
  const second = await run({ hosts: 2, ports: [1, 400], request: { resume: first.result.state } });
  expect(second.result).toMatchObject({ ended: undefined, pairs: 800 - first.result.done, done: 800 - first.result.done });
  expect(new Set([...verdicts(first).keys(), ...verdicts(second).keys()]).size).toBe(800);
  expect(second.result.state.done).toEqual([{ first: 0, last: 799 }]);
});

it('ends at its time', async () => {
  const { result } = await run({ ports: [1, 1000], request: { ratePps: 100, maxTimeMs: 500 } });
  expect(result.ended).toBe('max-time');
  expect(result.durationMs).toBeLessThan(510);
  expect(result.done).toBeGreaterThan(30);
  expect(result.done).toBeLessThan(60);
});

it('sends no faster than asked for', async () => {
  const { probes, result } = await run({ ports: [1, 500], request: { ratePps: 1000 } });
  expect(result.durationMs).toBeGreaterThan(480);
  expect(result.durationMs).toBeLessThan(600);
  const most = probes.map(({ at }) => probes.filter((other) => other.at >= at && other.at < at + 100_000).length);
  expect(Math.max(...most)).toBeLessThanOrEqual(105);
});

it('slows down for a host that limits its RSTs, and calls nothing filtered for it', { timeout: 60_000 }, async () => {
  const LIMIT = 200;
  let second = -1;
  let sent = 0;
  const limited: Answerer = (seen) => {
    const now = Math.floor(seen.atUs / 1e6);
    if (now !== second) [second, sent] = [now, 0];
    return ++sent > LIMIT ? undefined : closed(seen);
  };
  const outcome = await run({ ports: [1, 3000], answer: () => limited });
  expect(outcome.result.counts).toEqual({ closed: 3000 });
  // At the limit alone it takes 15 s.
  expect(outcome.result.durationMs).toBeLessThan(60_000);
});

it('is not slowed down by loss alone', async () => {
  const outcome = await run({ ports: [1, 5000], faults: { loss: 0.25 } });
  expect(outcome.result.counts).toEqual({ closed: 5000 });
  expect(outcome.result.durationMs).toBeLessThan(2500);
});

/** A network that can't send to some. */
const refusing =
  (isRefused: (port: number) => boolean) =>
  (network: Network): Network => ({
    ...network,
    clock: network.clock,
    clockSources: network.clockSources,
    openPort: (request) => network.openPort(request),
    openInbox: () => network.openInbox(),
    close: () => network.close(),
    openFan(request) {
      const fan = network.openFan(request);
      const { bytes, offset, slotLength } = fan.outgoing[0] as Outgoing;
      const portIn = (slot: number): number => {
        const at = offset + slot * slotLength + 22;
        return ((bytes[at] as number) << 8) | (bytes[at + 1] as number);
      };
      return Object.assign(Object.create(fan), {
        send(outgoing: number, firstSlot: number, count: number): number {
          for (let n = 0; n < count; n++) {
            if (!isRefused(portIn(firstSlot + n))) continue;
            if (n > 0) return fan.send(outgoing, firstSlot, n);
            throw new NetError('local-firewall', 'send', 'to 10.0.0.2', 'a firewall on this host refused to let it out');
          }
          return fan.send(outgoing, firstSlot, count);
        },
      });
    },
  });

it('says of ports that this host refuses to send to why, and gives them no verdict', async () => {
  const outcome = await run({ ports: [1, 20], network: refusing((port) => port <= 5) });
  expect(outcome.result).toMatchObject({ counts: { closed: 15 }, unsent: 5, done: 20 });
  const unsent = outcome.events.filter((event) => event.type === 'unsent');
  expect(unsent.map(({ port }) => port).sort()).toEqual([1, 2, 3, 4, 5]);
  expect(unsent[0]).toMatchObject({ address: '10.0.0.2', code: 'local-firewall' });
});

it('throws where nothing at all can be sent', async () => {
  await expect(run({ ports: [1, 20], network: refusing(() => true) })).rejects.toThrow(/firewall on this host/);
});

it('tells of some verdicts alone, counts all, and tells progress and segments where asked to', async () => {
  const outcome = await run({
    ports: [1, 200],
    answer: TRUTH,
    request: { tell: new Set(['open']), progressMs: 20, segments: true, ratePps: 2000 },
  });
  expect(outcome.ports).toHaveLength(20);
  expect(outcome.result.counts).toEqual({ open: 20, closed: 160, filtered: 20 });
  const progress = outcome.events.filter((event) => event.type === 'progress');
  expect(progress.length).toBeGreaterThan(5);
  expect(progress.at(-1)).toMatchObject({ total: 200 });
  const sent = outcome.events.filter((event) => event.type === 'segment').filter(({ direction }) => direction === 'sent');
  expect(sent).toHaveLength(outcome.result.probes);
  // Each as it left, though many leave at a time.
  const portsTold = sent.map(({ datagram }) => decodePacket(datagram as Uint8Array).tcp?.destinationPort);
  expect(portsTold).toEqual(outcome.probes.map(({ port }) => port));
});

it('tells what came of each host when its last port is settled, and where it would go on', async () => {
  const { events, result } = await run({
    hosts: 3,
    ports: [1, 60],
    answer: TRUTH,
    request: { tellHosts: true, checkpointMs: 20, ratePps: 1000 },
  });
  const hosts = events.filter((event) => event.type === 'host');
  expect(hosts.map(({ address: of }) => of).sort()).toEqual(['10.0.0.2', '10.0.0.3', '10.0.0.4']);
  for (const { outcomes } of hosts)
    expect(outcomes).toEqual([
      { verdict: 'closed', reason: 'rst', count: 48 },
      expect.objectContaining({ count: 6 }),
      expect.objectContaining({ count: 6 }),
    ]);
  const checkpoints = events.filter((event) => event.type === 'checkpoint');
  expect(checkpoints.length).toBeGreaterThan(3);
  for (const { state } of checkpoints) {
    const settled = state.done.reduce((sum, { first, last }) => sum + last - first + 1, 0);
    expect(state.outcomes.reduce((sum, { count }) => sum + count, 0)).toBe(settled);
  }
  expect(result.state.done).toEqual([{ first: 0, last: 179 }]);
});

it('adds what earlier runs found to what it finds', async () => {
  const whole = await run({ ports: [1, 100], answer: TRUTH });
  const earlier = {
    ...whole.result.state,
    done: [{ first: 0, last: 39 }],
    outcomes: [{ verdict: 'closed', reason: 'rst', count: 40 }] as const,
  };
  const { result, probes } = await run({ ports: [1, 100], answer: TRUTH, request: { resume: earlier } });
  expect(result).toMatchObject({ pairs: 60, done: 60 });
  expect(Object.values(result.counts).reduce((sum, count) => sum + count, 0)).toBe(100);
  expect(new Set(probes.map(({ port }) => port).filter((port) => port <= 100)).size).toBe(60);
});
