/** The engine of scan against real kernels and firewalls, with packets lost on the way. */
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { openKernelNetwork } from '../../src/net/kernel.ts';
import type { Network as RawNetwork } from '../../src/net/network.ts';
import { createContext } from '../../src/probe/context.ts';
import type { PortEvent, ScanEvent, ScanResult, ScanStartEvent } from '../../src/probe/events.ts';
import { type Interval, IntervalSet } from '../../src/probe/scan/intervals.ts';
import { SCAN_DEFAULTS, type ScanRequest } from '../../src/probe/scan/request.ts';
import { scan } from '../../src/probe/scan/scan.ts';
import { parseTarget } from '../../src/probe/scan/targets.ts';
import { describeNeeding } from '../support/capabilities.ts';
import { moveInto } from '../support/inside.ts';
import { createPair, type Namespace, type Network } from '../support/netns.ts';
import { startServers } from '../support/servers.ts';

const LISTENING = [22, 80, 443, 1999];
const DROPPED = [100, 101, 102, 103];
const REJECTED = 200;

/** Drops so many of a hundred segments that come in, and what the test wants dropped. */
function loseInput(namespace: Namespace, percent: number, rules = ''): void {
  const loss = percent > 0 ? `ip protocol tcp numgen random mod 100 < ${percent} drop` : '';
  namespace.firewall('input', `${loss}\n${rules}`);
}

describeNeeding(['namespaces'], 'the engine of scan', () => {
  let place: Network;
  let moveBack: () => void;
  let network: RawNetwork;

  beforeAll(async () => {
    place = createPair();
    await startServers(place.server, Object.fromEntries(LISTENING.map((port) => [port, 'echo' as const])));
    place.server.ip('route add local 10.99.0.0/16 dev lo');
    place.client.ip(`route add 10.99.0.0/16 via ${place.serverAddress}`);
    moveBack = moveInto(place.client);
    network = openKernelNetwork();
  });
  afterEach(() => {
    place.server.openFirewall();
    place.client.openFirewall();
  });
  afterAll(() => {
    network.close();
    moveBack();
    place.remove();
  });

  async function run(targets: string, ports: Interval, request: Partial<ScanRequest> = {}) {
    const events: ScanEvent[] = [];
    const whole: ScanRequest = {
      ...SCAN_DEFAULTS,
      targets: { addresses: IntervalSet.of([parseTarget({ text: targets, from: 'TARGETS' }) as Interval]), excluded: 0, skipped: [] },
      ports: IntervalSet.of([ports]),
      seed: 1,
      ...request,
    };
    for await (const event of scan(whole, createContext(network))) events.push(event);
    return { events, ports: events.filter((event) => event.type === 'port'), result: events.at(-1) as ScanResult };
  }

  const FIREWALL = `tcp dport { ${DROPPED.join(', ')} } drop\ntcp dport ${REJECTED} reject with icmp type admin-prohibited`;

  function isWrong({ port, verdict }: PortEvent): boolean {
    if (LISTENING.includes(port)) return verdict !== 'open';
    if (DROPPED.includes(port) || port === REJECTED) return verdict !== 'filtered';
    return verdict !== 'closed';
  }

  for (const [percent, seeds] of [
    [0, [1]],
    [10, [1, 2, 3]],
    [25, [4, 5, 6]],
  ] as const)
    it(`has every verdict right with ${percent} % lost each way`, { timeout: 60_000 }, async () => {
      for (const seed of seeds) {
        loseInput(place.server, percent, FIREWALL);
        loseInput(place.client, percent);
        const { ports, result } = await run(place.serverAddress, { first: 1, last: 2000 }, { seed });
        expect(ports.filter(isWrong), `seed ${seed}`).toEqual([]);
        expect(ports).toHaveLength(2000);
        expect(Math.abs(result.estimatedLossPercent - 100 * (1 - (1 - percent / 100) ** 2))).toBeLessThan(6);
      }
      expect(place.server.exec(['ss', '-Htn', 'state', 'established'])).toBe('');
    });

  it('tells an ICMP error, by whom, and a RST', async () => {
    loseInput(place.server, 0, FIREWALL);
    const { ports } = await run(place.serverAddress, { first: REJECTED, last: REJECTED + 1 });
    expect(ports.find(({ port }) => port === REJECTED)).toMatchObject({
      reason: 'icmp-admin-prohibited',
      from: place.serverAddress,
      attempts: 1,
    });
    expect(ports.find(({ port }) => port === REJECTED + 1)).toMatchObject({ verdict: 'closed', reason: 'rst', ttl: 64 });
  });

  it('finds every one of many hosts, and takes none for a proxy', { timeout: 60_000 }, async () => {
    const { result } = await run('10.99.0.0/20', { first: 80, last: 80 }, { tell: new Set() });
    expect(result).toMatchObject({ hosts: 4096, counts: { open: 4096 }, proxied: 0, kernelDrops: 0 });
    // A port of each, and one beside it.
    expect(result.probes).toBe(2 * 4096);
  });

  it('says what this host refuses, and of the broadcast address what it is', async () => {
    loseInput(place.client, 0);
    place.client.firewall('output', 'tcp dport 81 drop');
    const refused = await run(place.serverAddress, { first: 80, last: 82 });
    expect(refused.result).toMatchObject({ counts: { open: 1, closed: 1 }, unsent: 1 });
    expect(refused.events.find(({ type }) => type === 'unsent')).toMatchObject({ port: 81, code: 'local-firewall' });
    place.client.openFirewall();
    const subnet = await run('10.77.1.254-255', { first: 80, last: 80 }, { timeoutMs: 200 });
    expect(subnet.events.find(({ type }) => type === 'unsent')).toMatchObject({ address: '10.77.1.255', code: 'bad-destination' });
  });

  it('throws where there is no way at all', async () => {
    await expect(run('203.0.113.9', { first: 1, last: 10 })).rejects.toMatchObject({ code: 'no-route' });
  });

  it('goes as slowly as it is told', async () => {
    const { result } = await run(place.serverAddress, { first: 1, last: 500 }, { ratePps: 1000 });
    expect(result.durationMs).toBeGreaterThan(450);
    expect(result.durationMs).toBeLessThan(1500);
  });

  it('leaves no socket and no half-open connection behind', async () => {
    const { events } = await run(place.serverAddress, { first: 1, last: 100 });
    expect(place.client.exec(['ss', '-Htanw'])).toBe('');
    const [start] = events.filter((event) => event.type === 'start');
    const { sourcePort, sourcePorts } = start as ScanStartEvent;
    // Of runs in which our RSTs were lost, some may still be.
    const ours = `( dport >= ${sourcePort} and dport < ${sourcePort + sourcePorts} )`;
    expect(place.server.exec(['ss', '-Htn', 'state', 'syn-recv', ours])).toBe('');
  });
});
