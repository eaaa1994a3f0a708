/** Trace against routers that do what no kernel does. */
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { openKernelNetwork } from '../../src/net/kernel.ts';
import type { Network } from '../../src/net/network.ts';
import type { TraceRequest } from '../../src/probe/trace/request.ts';
import { formatIpv4 } from '../../src/wire/address.ts';
import { RST } from '../../src/wire/flags.ts';
import { fromHex } from '../../src/wire/hex.ts';
import { describeNeeding } from '../support/capabilities.ts';
import { moveInto } from '../support/inside.ts';
import { BY_SCRIPT, CHANGING_HOP, expectedChangesOf } from '../support/path-changes.ts';
import { changesOf, quotedChangesOf, type Traced, traced } from '../support/traced.ts';
import { TunNetwork } from './device.ts';
import { type ScriptedHop, ScriptedPath } from './path.ts';

/** An ordinary router, some of it otherwise. */
const hops = (count: number, others: Record<number, ScriptedHop> = {}): ScriptedHop[] =>
  Array.from({ length: count }, (_, i) => others[i + 1] ?? {});

describeNeeding(['namespaces', 'tun'], 'a path with routers of every kind', () => {
  let tun: TunNetwork;
  let path: ScriptedPath;
  let network: Network;
  let moveBack: () => void;

  beforeAll(async () => {
    tun = await TunNetwork.open();
    path = new ScriptedPath(tun, []);
    moveBack = moveInto(tun.namespace);
    network = openKernelNetwork();
  });
  beforeEach(() => {
    path.answer = 'syn-ack';
  });
  afterAll(() => {
    network.close();
    moveBack();
    tun.remove();
  });

  function run(routers: ScriptedHop[], request: Partial<TraceRequest> = {}): Promise<Traced> {
    path.become(routers);
    return traced(network, { address: path.address, port: 80, ...request });
  }
  const router = (hop: number): string => formatIpv4(path.addressOf(hop));

  it('is walked to its open end, of which no connection is left', async () => {
    const { hops: told, result } = await run(hops(6));
    expect(told.map(({ address }) => address)).toStrictEqual([1, 2, 3, 4, 5, 6].map(router).concat(formatIpv4(path.address)));
    expect(told.map(({ rttUs }) => rttUs.length)).toStrictEqual(Array(7).fill(3));
    expect(told.flatMap(({ changes, remarks }) => [...changes, ...remarks])).toStrictEqual([]);
    expect(result).toMatchObject({ reached: true, verdict: 'open', hops: 7, stop: undefined });
    await vi.waitFor(() => expect(path.arrived.at(-1)?.tcp.flags).toBe(RST));
  });

  describe('changes', () => {
    it.each(BY_SCRIPT)('$kind', async (injected) => {
      const traced = await run(hops(6, { [CHANGING_HOP]: injected.hop }), { spec: injected.spec ?? {} });
      expect(quotedChangesOf(traced), changesOf(traced).join('\n')).toStrictEqual(expectedChangesOf(injected));
    });

    it('are laid to the first hop whose quote is long enough', async () => {
      const strip = BY_SCRIPT.find(({ kind }) => kind === 'MPTCP blanked by NOPs');
      const others = { 3: strip?.hop as ScriptedHop, 4: { quotedBytes: 8 }, 5: { quotedBytes: 28 } };
      expect(changesOf(await run(hops(6, others), { spec: strip?.spec ?? {} }))).toStrictEqual([
        expect.stringMatching(/^hop 5: checksum changed/),
        'hop 6: option replaced mptcp 4 0x0001 → 4 nop',
      ]);
    });

    it('that only the answer shows are laid to the destination', async () => {
      const strip: ScriptedHop = {
        change: ({ ip, tcp }) => ({
          ip: { ...ip, totalLength: undefined },
          tcp: { ...tcp, checksum: undefined, dataOffset: undefined, options: [] },
        }),
      };
      const { hops: told } = await run(hops(3, { 3: strip }));
      expect(told.at(-1)?.changes.map(({ field, how, shownBy }) => `${field} ${how} ${shownBy}`)).toStrictEqual([
        'window-scale unanswered answer',
        'sack-permitted unanswered answer',
        'timestamps unanswered answer',
      ]);
    });
  });

  it.each([
    [
      'MPLS labels behind a quote',
      fromHex('2000 0000 000c 0101 03e84040 00011701'),
      {
        mpls: [
          { label: 16004, trafficClass: 0, bottom: false, ttl: 64 },
          { label: 17, trafficClass: 3, bottom: true, ttl: 1 },
        ],
        interfaces: [],
        others: [],
      },
    ],
    [
      'the name of an interface (RFC 5837)',
      fromHex('2000 0000 000c 020a 0000 0001 0465 7468'),
      { mpls: [], interfaces: [{ role: 'incoming', index: 1, address: undefined, name: 'eth', mtu: undefined }], others: [] },
    ],
  ])('%s', async (_, extensions, read) => {
    const { hops: told } = await run(hops(3, { 2: { extensions } }));
    expect(told.map((hop) => hop.extensions)).toStrictEqual([undefined, read, undefined, undefined]);
    expect(told.flatMap(({ changes }) => changes)).toStrictEqual([]);
  });

  it('a router that forwards a TTL of zero is seen twice', async () => {
    const { hops: told } = await run(hops(5, { 2: { zeroTtl: true } }));
    expect(told.map(({ address }) => address)).toStrictEqual([
      router(1),
      router(3),
      router(3),
      router(4),
      router(5),
      formatIpv4(path.address),
    ]);
    expect(told.map(({ remarks }) => remarks)).toStrictEqual([[], [], ['zero-ttl'], [], [], []]);
  });

  it('a TTL that is set anew shows the hops behind it at none', async () => {
    const { hops: told, result } = await run(hops(6, { 3: { ttlBehind: () => 64 } }));
    expect(told).toHaveLength(3);
    expect(result).toMatchObject({ reached: true, hops: 3, verdict: 'open' });
  });

  it('a quote with more of a TTL than can be left is a TTL set anew', async () => {
    const quote = (datagram: Uint8Array): Uint8Array => Uint8Array.from(datagram, (byte, at) => (at === 8 ? 9 : byte));
    const { hops: told } = await run(hops(4, { 3: { quote } }));
    expect(changesOf({ hops: told })).toStrictEqual(['hop 3: ttl changed 1 → 9']);
    expect(told[2]?.remarks).toStrictEqual(['ttl-reset']);
  });

  it('a router that answers the first few of a burst is not taken for a lossy one', async () => {
    const { hops: told } = await run(hops(5, { 2: { answers: (probe) => probe < 3 }, 4: { answers: (probe) => probe % 4 !== 1 } }), {
      probes: 8,
    });
    expect(told.map(({ remarks }) => remarks)).toStrictEqual([[], ['rate-limited'], [], [], [], []]);
    expect(told[3]?.figures.lossPercent).toBe(25);
  });

  it('routers that send a segment back and forth end it', async () => {
    const [one, other] = [0x0a630201, 0x0a630202];
    const { result } = await run(
      hops(30, Object.fromEntries(Array.from({ length: 28 }, (_, i) => [i + 3, { address: i % 2 ? one : other }]))),
    );
    expect(result).toMatchObject({ reached: false, verdict: 'filtered', stop: { kind: 'loop' } });
  });

  it('a router that has the address of the destination is not the destination', async () => {
    const { hops: told, result } = await run(hops(4, { 4: { address: path.address, refuses: { type: 3, code: 13 } } }));
    expect(told[3]).toMatchObject({ remarks: ['from-destination'], icmp: 'admin-prohibited', answer: undefined });
    expect(result).toMatchObject({
      reached: false,
      verdict: 'filtered',
      reason: 'icmp-admin-prohibited',
      stop: { kind: 'refused', ttl: 4 },
    });
  });

  it('a way back of another length than the way there', async () => {
    const { hops: told } = await run(hops(6, { 4: { answerTtl: 50 } }));
    expect(told.map(({ remarks }) => remarks)).toStrictEqual([[], [], [], ['asymmetric'], [], [], []]);
  });

  /** Of a quote: cut off, or with bytes of it changed. */
  const LIES: [string, (datagram: Uint8Array) => Uint8Array][] = [
    ['of no byte', () => new Uint8Array(0)],
    ['cut off in its header', (datagram) => datagram.subarray(0, 12)],
    ['cut off before the number', (datagram) => datagram.subarray(0, 24)],
    ['of another protocol', (datagram) => Uint8Array.from(datagram, (byte, at) => (at === 9 ? 17 : byte))],
    ['of another version', (datagram) => Uint8Array.from(datagram, (byte, at) => (at === 0 ? 0x65 : byte))],
    ['whose header is longer than it', (datagram) => Uint8Array.from(datagram.subarray(0, 30), (byte, at) => (at === 0 ? 0x4f : byte))],
    ['of another number', (datagram) => Uint8Array.from(datagram, (byte, at) => (at === 4 || (at >= 24 && at < 28) ? byte ^ 0x55 : byte))],
    ['of zeros', (datagram) => new Uint8Array(datagram.length)],
    ['of other ports', (datagram) => Uint8Array.from(datagram, (byte, at) => (at >= 20 && at < 24 ? byte ^ 0x55 : byte))],
  ];
  it.each(LIES)('a quote %s counts for nothing', async (_, quote) => {
    const { hops: told, result } = await run(hops(3, { 2: { quote } }), { probes: 2 });
    expect(told.map(({ address }) => address)).toStrictEqual([router(1), undefined, router(3), formatIpv4(path.address)]);
    expect(result).toMatchObject({ reached: true, hops: 4 });
  });
});
