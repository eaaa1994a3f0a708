/** Flows, the path MTU and probes inside a connection, over forwarding kernels. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { openKernelNetwork } from '../../src/net/kernel.ts';
import type { Network } from '../../src/net/network.ts';
import type { TraceRequest } from '../../src/probe/trace/request.ts';
import { parseIpv4 } from '../../src/wire/address.ts';
import { ACK } from '../../src/wire/flags.ts';
import { describeNeeding } from '../support/capabilities.ts';
import { resetsFrom, startCapture } from '../support/capture.ts';
import { type Chain, createChain } from '../support/chain.ts';
import { moveInto } from '../support/inside.ts';
import type { Lines } from '../support/lines.ts';
import type { Namespace } from '../support/netns.ts';
import { startRawshake } from '../support/rawshake.ts';
import { type ServerEvent, startServers } from '../support/servers.ts';
import { traced } from '../support/traced.ts';

const OPEN = 80;
const CLOSED = 81;
const LOUD = 82;
const NEVER_CLOSES = 83;

describeNeeding(['namespaces'], 'trace with more than one segment a hop', () => {
  let chain: Chain;
  let servers: Lines<ServerEvent>;
  let network: Network;
  let moveBack: () => void;

  beforeAll(async () => {
    chain = createChain({ routers: 4, twinAt: 2 });
    servers = await startServers(chain.server, { [OPEN]: 'echo', [LOUD]: 'send-and-close', [NEVER_CLOSES]: 'never-close' });
    moveBack = moveInto(chain.client);
    network = openKernelNetwork();
  });
  afterEach(() => chain.openFirewalls());
  afterAll(() => {
    network.close();
    moveBack();
    chain.remove();
  });

  const router = (hop: number): Namespace => chain.router(hop);
  const run = (request: Partial<TraceRequest> = {}) =>
    traced(network, { address: parseIpv4(chain.serverAddress) as number, port: OPEN, probes: 1, ...request });

  describe('flows', () => {
    it('find both of two equal ways, and where they meet again', async () => {
      const { hops, events, result } = await run({ flows: 16, sourcePort: 42_000 });
      const { nodes = [], links = [], flows, outcomes, confidencePercent } = result.multipath ?? {};
      expect(nodes.map(({ ttl, address }) => `${ttl} ${address}`).sort()).toEqual([
        '1 10.0.1.1',
        '2 10.0.2.1',
        '2 10.1.2.1',
        '3 10.0.3.1',
        '4 10.0.4.1',
        '5 10.0.5.1',
      ]);
      const twins = nodes.flatMap(({ ttl }, index) => (ttl === 2 ? [index] : []));
      for (const twin of twins) {
        expect(links.some(({ to }) => to === twin)).toBe(true);
        expect(nodes[links.find(({ from }) => from === twin)?.to ?? -1]?.ttl).toBe(3);
      }
      const ports = Array.from({ length: 16 }, (_, flow) => 42_000 + flow);
      expect(twins.flatMap((twin) => nodes[twin]?.sourcePorts ?? []).sort()).toEqual(ports);
      expect(flows).toBe(16);
      expect(outcomes).toEqual([{ verdict: 'open', reason: 'syn-ack', sourcePorts: ports }]);
      expect(confidencePercent).toBeGreaterThan(50);
      expect(new Set(events.flatMap((event) => (event.type === 'hop' ? [event.flow] : []))).size).toBe(16);
      expect(hops.at(-1)).toMatchObject({ ttl: 5, answer: 'syn-ack' });
      expect(result).toMatchObject({ verdict: 'open', received: 80 });
      expect(chain.server.exec(['ss', '-Hnt', 'state', 'syn-recv', 'state', 'established'])).toBe('');
    });

    it('that end otherwise than others are told', async () => {
      chain.twin?.firewall('forward', `tcp dport ${OPEN} reject with icmp type admin-prohibited`);
      const { result } = await run({ flows: 12, sourcePort: 42_000 });
      const [first, second] = result.multipath?.outcomes ?? [];
      expect([first?.reason, second?.reason].sort()).toEqual(['icmp-admin-prohibited', 'syn-ack']);
      expect((first?.sourcePorts.length ?? 0) + (second?.sourcePorts.length ?? 0)).toBe(12);
      expect(result.verdict).toBe('open');
    });

    it('keep to the rate together', async () => {
      const { result } = await run({ flows: 8, rate: 200, port: CLOSED });
      // What was late is made up for, for 10 ms.
      expect(result.durationMs).toBeGreaterThan((1000 * (result.sent - 8)) / 200 - 20);
    });
  });

  describe('the path MTU', () => {
    const DUMB = 'icmp type destination-unreachable icmp code 4 drop';
    const narrow = (): void => router(3).ip('link set far mtu 1400');
    const CONNTRACK = `ct state invalid drop\nct state established,related accept\ntcp flags & (syn|ack) == syn accept\ndrop`;

    afterEach(() => router(3).ip('link set far mtu 1500'));

    it('is told by a router, and again though our kernel remembers it', async () => {
      narrow();
      const expected = {
        mtu: 1400,
        found: 'icmp',
        by: 'ack',
        towards: chain.serverAddress,
        narrowings: [{ ttl: 3, address: '10.0.3.1', mtu: 1400 }],
      };
      for (const port of [OPEN, CLOSED, OPEN]) expect((await run({ mtu: true, port })).result.pathMtu).toEqual(expected);
      // Only who measures the path leaves that out.
      expect(chain.client.exec(['ip', 'route', 'get', chain.serverAddress])).toContain('mtu 1400');
    });

    it('is found where the router is silent about it', async () => {
      narrow();
      router(3).firewall('output', DUMB);
      expect((await run({ mtu: true })).result.pathMtu).toMatchObject({
        mtu: 1400,
        found: 'halving',
        narrowings: [{ ttl: 3, address: '10.0.3.1', mtu: 1400 }],
      });
    });

    it('is measured by SYNs with data where a firewall lets no other through, and leaves nothing behind', async () => {
      narrow();
      router(4).firewall('forward', CONNTRACK);
      expect((await run({ mtu: true })).result.pathMtu).toMatchObject({ mtu: 1400, found: 'icmp', by: 'segment' });
      expect(chain.server.exec(['ss', '-Hnt', 'state', 'syn-recv', 'state', 'established'])).toBe('');
    });

    it('is measured inside a connection too', async () => {
      narrow();
      router(4).firewall('forward', CONNTRACK);
      const { result } = await run({ mtu: true, inside: true });
      expect(result.pathMtu).toMatchObject({ mtu: 1400, found: 'icmp', by: 'connection' });
      expect(result.connection).toEqual({ established: true, closed: true });
    });

    it('is measured as far as the last router where the host is silent', async () => {
      router(4).firewall('forward', 'drop');
      expect((await run({ mtu: true, gap: 2 })).result.pathMtu).toMatchObject({
        mtu: 1500,
        found: 'whole',
        by: 'last-hop',
        towards: '10.0.4.1',
      });
    });
  });

  describe('inside a connection', () => {
    const CONNTRACK = `ct state invalid drop\nct state established,related accept\ntcp flags & (fin|syn|rst|ack) == syn accept\ndrop`;

    const strict = (): void => {
      router(3).firewall('forward', CONNTRACK);
      // Else it takes any ACK for a connection that began before it.
      router(3).exec(['sh', '-c', 'echo 0 > /proc/sys/net/netfilter/nf_conntrack_tcp_loose']);
    };

    it('probes pass a firewall that tracks connections, as ACKs of their own do not', async () => {
      strict();
      const outside = await run({ spec: { flags: ACK }, gap: 2 });
      expect(outside.result.stop).toMatchObject({ kind: 'silent', ttl: 3 });
      const { hops, result } = await run({ inside: true, probes: 3 });
      expect(hops.map(({ address }) => address?.replace('10.1.', '10.0.'))).toEqual([1, 2, 3, 4, 5].map(chain.addressOf));
      for (const { figures, rttUs } of hops) {
        expect(figures).toMatchObject({ sent: 3, received: 3 });
        expect(rttUs.every((us) => us !== null && us > 0)).toBe(true);
      }
      expect(hops.at(-1)?.answer).toBe('ack');
      expect(result).toMatchObject({ verdict: 'open', reason: 'syn-ack', reached: true, hops: 5, ignored: {} });
    });

    it('which is closed properly: the server sees our end, no reset and no data', async () => {
      const capture = await startCapture(chain.client);
      const { start, result } = await run({ inside: true });
      await capture.stop();
      expect(result.connection).toEqual({ established: true, closed: true });
      await servers.first('its close', ({ event, remotePort }) => event === 'close' && remotePort === start.sourcePort);
      const seen = servers.all.filter(({ remotePort }) => remotePort === start.sourcePort).map(({ event }) => event);
      expect(seen).toEqual(['connection', 'end', 'close']);
      expect(capture.packets(resetsFrom(chain.clientAddress))).toEqual([]);
    });

    it('whose server speaks and closes at once', async () => {
      const { start, hops, result } = await run({ inside: true, port: LOUD });
      expect(hops).toHaveLength(5);
      expect(result).toMatchObject({ verdict: 'open', connection: { established: true, closed: true } });
      const seen = servers.all.filter(({ remotePort }) => remotePort === start.sourcePort).map(({ event }) => event);
      expect(seen).not.toContain('error');
    });

    it('names each probe where the peer has no D-SACK, as soon as only one is on its way', async () => {
      const { hops, result } = await run({ inside: true, probes: 3, spec: { namedOptions: { sackPermitted: false } } });
      expect(result).toMatchObject({ reached: true, hops: 5, connection: { established: true, closed: true } });
      expect(hops.at(-1)?.figures.received).toBe(3);
    });

    it('is not there where the port is closed, or silent', async () => {
      const closed = await run({ inside: true, port: CLOSED });
      expect(closed.hops).toEqual([]);
      expect(closed.result).toMatchObject({
        verdict: 'closed',
        reason: 'rst',
        reached: true,
        sent: 0,
        connection: { established: false, closed: false },
      });
      router(2).firewall('forward', 'drop');
      chain.twin?.firewall('forward', 'drop');
      const silent = await run({ inside: true });
      expect(silent.result).toMatchObject({
        verdict: 'filtered',
        reason: 'no-response',
        reached: false,
        connection: { established: false },
      });
      router(2).firewall('forward', 'reject with icmp type admin-prohibited');
      chain.twin?.firewall('forward', 'reject with icmp type admin-prohibited');
      const refused = await run({ inside: true });
      expect(refused.result).toMatchObject({
        verdict: 'filtered',
        reason: 'icmp-admin-prohibited',
        stop: { kind: 'refused', icmp: 'admin-prohibited', address: expect.stringMatching(/^10\.[01]\.2\.1$/) },
      });
    });

    it('is reset on an interrupt, and the exit code says so', async () => {
      const capture = await startCapture(chain.client);
      const running = startRawshake(chain.client, ['trace', chain.serverAddress, String(OPEN), '-n', '--inside', '--json', '--rate', '4']);
      await running.first('the start', ({ type }) => type === 'start');
      await servers.first('the connection', ({ event }) => event === 'connection');
      await new Promise((resolve) => setTimeout(resolve, 300));
      running.child.kill('SIGINT');
      const ended = await running.finished;
      await capture.stop();
      expect(ended.code).toBe(130);
      expect(ended.result).toMatchObject({ verdict: 'open', ended: 'interrupted', connection: { established: true, closed: false } });
      expect(capture.packets(resetsFrom(chain.clientAddress))).toHaveLength(1);
    });

    it('whose peer does not close is reset in the end', async () => {
      const { result } = await run({ inside: true, port: NEVER_CLOSES });
      expect(result.connection).toEqual({ established: true, closed: false });
    });
  });
});
