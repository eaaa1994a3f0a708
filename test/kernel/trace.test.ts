/** Trace over a path of forwarding kernels. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { openKernelNetwork } from '../../src/net/kernel.ts';
import type { Network } from '../../src/net/network.ts';
import type { TraceRequest } from '../../src/probe/trace/request.ts';
import { parseIpv4 } from '../../src/wire/address.ts';
import { describeNeeding } from '../support/capabilities.ts';
import { type Chain, createChain } from '../support/chain.ts';
import { moveInto } from '../support/inside.ts';
import type { Namespace } from '../support/netns.ts';
import { rawshake } from '../support/rawshake.ts';
import { startServers } from '../support/servers.ts';
import { changesOf, traced } from '../support/traced.ts';

const OPEN = 80;
const CLOSED = 81;
const FRESH_ADDRESS = '10.0.1.3';
const HOPS = [1, 2, 3, 4, 5, 6, 7, 8];

describeNeeding(['namespaces'], 'trace over seven routers', () => {
  let chain: Chain;
  let network: Network;
  let moveBack: () => void;

  beforeAll(async () => {
    chain = createChain({ twinAt: 5 });
    await startServers(chain.server, { [OPEN]: 'echo' });
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
    traced(network, { address: parseIpv4(chain.serverAddress) as number, port: OPEN, ...request });
  /** As it is, but for the hop with two routers. */
  const addresses = (hops: readonly { address: string | undefined }[]): (string | undefined)[] =>
    hops.map(({ address }) => address?.replace('10.1.5.1', '10.0.5.1'));

  it.each([
    ['open', OPEN, 0, 'syn-ack'],
    ['closed', CLOSED, 1, 'rst'],
  ] as const)('to a port that is %s', async (verdict, port, code, answer) => {
    const {
      code: exitCode,
      stderr,
      lines,
      stdout,
    } = await rawshake(chain.client, ['trace', chain.serverAddress, String(port), '-n', '--json']);
    expect({ exitCode, stderr }).toStrictEqual({ exitCode: code, stderr: '' });
    const told = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    const hops = told.filter(({ type }) => type === 'hop');
    expect(addresses(hops)).toStrictEqual(HOPS.map(chain.addressOf));
    for (const hop of hops)
      expect(hop).toMatchObject({ figures: { sent: 3, received: 3, lossPercent: 0 }, changes: [], remarks: [], rttClock: 'kernel' });
    expect(hops.map((hop) => hop.answer)).toStrictEqual([...Array(7).fill(undefined), answer]);
    expect(lines.at(-1)).toMatchObject({ reached: true, verdict, reason: answer, hops: 8, sent: 24, received: 24 });
    expect(chain.server.exec(['ss', '-Hnt', 'state', 'syn-recv', 'state', 'established'])).toBe('');
  });

  it('from one distance to another, and no further', async () => {
    const { hops, result } = await run({ firstTtl: 3, maxTtl: 5 });
    expect(hops.map(({ ttl }) => ttl)).toStrictEqual([3, 4, 5]);
    expect(result).toMatchObject({ reached: false, verdict: 'filtered', reason: 'icmp-ttl-exceeded', stop: { kind: 'max-ttl', ttl: 5 } });
  });

  it('keeps one flow on one of two equal ways', async () => {
    const seen = new Set<string>();
    for (let sourcePort = 41_000; sourcePort < 41_012; sourcePort++) {
      const { hops } = await run({ sourcePort, port: CLOSED });
      expect(hops[4]?.answerers).toHaveLength(1);
      seen.add(hops[4]?.address ?? '');
    }
    expect([...seen].sort()).toStrictEqual(['10.0.5.1', '10.1.5.1']);
  });

  it('inside a connection to a host whose answers name no probe, for want of SACK', async () => {
    chain.server.exec(['sh', '-c', 'echo 0 > /proc/sys/net/ipv4/tcp_sack']);
    try {
      const { hops, result } = await run({ inside: true });
      expect(addresses(hops)).toStrictEqual(HOPS.map(chain.addressOf));
      expect(result).toMatchObject({ reached: true, verdict: 'open', hops: 8, connection: { established: true, closed: true } });
    } finally {
      chain.server.exec(['sh', '-c', 'echo 1 > /proc/sys/net/ipv4/tcp_sack']);
    }
  });

  describe('that stops', () => {
    it('where all is dropped', async () => {
      router(4).firewall('forward', `tcp dport ${OPEN} drop`);
      const { hops, result } = await run();
      expect(addresses(hops.slice(0, 4))).toStrictEqual([1, 2, 3, 4].map(chain.addressOf));
      expect(hops.slice(4).every(({ address }) => address === undefined)).toBe(true);
      expect(result).toMatchObject({
        reached: false,
        verdict: 'filtered',
        reason: 'no-response',
        hops: 4,
        stop: { kind: 'silent', ttl: 4, address: '10.0.4.1' },
      });
    });

    it('at the host, silently', async () => {
      chain.server.firewall('input', `tcp dport ${OPEN} drop`);
      const { result } = await run({ gap: 3 });
      expect(result).toMatchObject({ reached: false, verdict: 'filtered', reason: 'no-response', stop: { kind: 'silent', ttl: 7 } });
    });

    it.each([
      'net-unreachable',
      'host-unreachable',
      'prot-unreachable',
      'port-unreachable',
      'net-prohibited',
      'host-prohibited',
      'admin-prohibited',
    ])('by %s', async (name) => {
      router(3).firewall('forward', `tcp dport ${OPEN} reject with icmp type ${name}`);
      const icmp = name.replace('prot-', 'protocol-');
      const { hops, result } = await run();
      expect(addresses(hops).at(-1)).toBe('10.0.3.1');
      expect(hops.at(-1)?.icmp).toBe(icmp);
      expect(changesOf({ hops })).toStrictEqual([]);
      expect(result).toMatchObject({
        reached: false,
        verdict: 'filtered',
        reason: `icmp-${icmp}`,
        stop: { kind: 'refused', ttl: 3, address: '10.0.3.1', icmp },
      });
    });

    it('at the host, with an ICMP error', async () => {
      chain.server.firewall('input', `tcp dport ${OPEN} reject with icmp type admin-prohibited`);
      const { hops, result } = await run();
      expect(hops.at(-1)).toMatchObject({ ttl: 8, address: chain.serverAddress, icmp: 'admin-prohibited', remarks: ['from-destination'] });
      expect(result).toMatchObject({ verdict: 'filtered', stop: { kind: 'refused', ttl: 8 } });
    });

    it('by a reset that a router sends in the name of the host', async () => {
      router(3).firewall('forward', `tcp dport ${OPEN} reject with tcp reset`);
      const { result } = await run();
      expect(result).toMatchObject({ reached: true, verdict: 'closed', reason: 'rst', hops: 4 });
    });
  });

  describe('with hops that answer', () => {
    /** Answers that the hop does not send, of those that it would. */
    const mute = (hop: number, statement = ''): void => router(hop).firewall('output', `icmp type time-exceeded ${statement} drop`);

    it('never: those behind them do', async () => {
      for (const hop of [2, 3, 6]) mute(hop);
      const { hops, result } = await run();
      expect(addresses(hops)).toStrictEqual(HOPS.map((hop) => ([2, 3, 6].includes(hop) ? undefined : chain.addressOf(hop))));
      expect(hops[1]?.figures).toMatchObject({ sent: 3, received: 0, lossPercent: 100 });
      expect(result).toMatchObject({ reached: true, hops: 8 });
    });

    it('now and then: that is loss', async () => {
      mute(4, 'numgen inc mod 4 == 1');
      const { hops } = await run({ probes: 8 });
      expect(hops[3]).toMatchObject({ remarks: [], figures: { sent: 8, received: 6, lossPercent: 25 } });
    });

    it('only so many a second: that is a limit', async () => {
      chain.client.ip(`addr add ${FRESH_ADDRESS}/24 dev far`);
      router(4).exec(['sh', '-c', 'echo 1000 > /proc/sys/net/ipv4/icmp_ratelimit']);
      try {
        // Towards an address that it has not sent errors to, a kernel lets six through at once.
        const { hops } = await run({ probes: 12, source: parseIpv4(FRESH_ADDRESS) });
        expect(hops.map(({ remarks }) => remarks)).toStrictEqual(HOPS.map((hop) => (hop === 4 ? ['rate-limited'] : [])));
        expect(hops[3]?.figures.received).toBe(6);
      } finally {
        router(4).exec(['sh', '-c', 'echo 0 > /proc/sys/net/ipv4/icmp_ratelimit']);
      }
    });
  });
});
