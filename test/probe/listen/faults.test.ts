/** Over bad paths: every byte once and in order, or a reset; and what is done wrong on purpose is done just so. */
import { describe, expect, it } from 'vitest';
import { type Faults, NO_FAULTS } from '../../../src/net/faults.ts';
import { randomBelow, seededRandom } from '../../../src/net/random.ts';
import { CLEAN_PATH, LISTEN_DEFAULTS } from '../../../src/probe/listen/request.ts';
import { ACK, FIN, RST, SYN } from '../../../src/wire/flags.ts';
import { ipv4Header } from '../../../src/wire/ipv4.ts';
import { encodePacket } from '../../../src/wire/packet.ts';
import { tcpSegment } from '../../../src/wire/tcp.ts';
import { CLIENT, PORT, Scene, SERVER } from './scene.ts';

const pattern = (length: number): Uint8Array => Uint8Array.from({ length }, (_, i) => (i * 2_654_435_761) >>> 24);
const misbehaviour = (change: Partial<typeof LISTEN_DEFAULTS.misbehaviour> | object) => ({ ...LISTEN_DEFAULTS.misbehaviour, ...change });

describe('a bad path', () => {
  it.each(Array.from({ length: 12 }, (_, i) => 1000 + i))('brings each byte once and in order, or a reset: seed %i', async (seed) => {
    const random = seededRandom(seed);
    const share = (most: number): number => randomBelow(random, most * 1000) / 1000;
    const faults = { ...NO_FAULTS, delayUs: 5000, loss: share(0.15), duplicate: share(0.1), reorder: share(0.2), corrupt: share(0.05) };
    const own = { ...CLEAN_PATH, loss: share(0.1), duplicate: share(0.1), reorder: share(0.2), corrupt: share(0.05), delayUs: 3000 };
    // Half of them on the wire, half of them by the listener itself.
    const scene = new Scene(seed % 2 === 0 ? faults : { delayUs: 5000 }, seed);
    scene.listen({ echo: true, ...(seed % 2 === 0 ? {} : { sentFaults: own, receivedFaults: own }), segments: seed % 3 === 0 });
    const data = [1, 2, 3].map((n) => pattern(randomBelow(random, 30_000) + n));
    const calls = await scene.run(
      Promise.all(data.map((bytes) => scene.call({ data: [bytes], idleMs: 20_000, timeoutMs: 60_000, timeWaitMs: 0 }))),
    );
    for (const [i, { result, bytes }] of calls.entries()) {
      const sent = data[i] as Uint8Array;
      if (result.ended === undefined) expect(bytes).toEqual(sent);
      else expect(bytes).toEqual(sent.subarray(0, bytes.length));
    }
    expect(calls.some(({ result }) => result.ended === undefined)).toBe(true);
    await scene.end();
  });

  it.each([1, 2, 3, 4, 5, 6, 7, 8])('resets nobody whose SYN was answered by a cookie, whatever gets lost: seed %i', async (seed) => {
    const scene = new Scene({ loss: 0.2 }, seed);
    scene.listen({ echo: true, backlog: 0 });
    const bytes = pattern(3000);
    const calls = Array.from({ length: 3 }, () => scene.call({ data: [bytes], idleMs: 5000, timeoutMs: 30_000, timeWaitMs: 0 }));
    for (const { result, bytes: heard } of await scene.run(Promise.all(calls))) {
      expect(result.ended).toBeUndefined();
      expect(heard).toEqual(bytes);
    }
    expect(await scene.end()).toMatchObject({ connections: 3, cookiesUsed: 3 });
  });

  it('is the same one with the same seed', async () => {
    const runs = [];
    for (let i = 0; i < 2; i++) {
      const scene = new Scene({}, 5);
      scene.listen({ echo: true, count: 1, sentFaults: { ...CLEAN_PATH, loss: 0.2, duplicate: 0.2 } });
      await scene.run(scene.call({ data: [pattern(20_000)] }));
      await scene.end(false);
      runs.push(scene.packets.map(({ tcp }) => [tcp?.seq, tcp?.ack, tcp?.flags]));
    }
    expect(runs[0]).toEqual(runs[1]);
  });
});

describe('faults of its own', () => {
  const NOTHING = { verdict: 'filtered', reason: 'no-response' };
  const called = async (faults: Partial<Record<'sentFaults' | 'receivedFaults', Faults>>) => {
    const scene = new Scene();
    scene.listen({ ...faults, segments: true, count: 1, deadlineMs: 5000 });
    const { result } = await scene.run(scene.call({ timeoutMs: 2000 }));
    const ended = await scene.end();
    return { scene, result, ended, synAcks: scene.packets.filter(({ tcp }) => tcp?.flags === (SYN | ACK)) };
  };

  it('lose what it sends', async () => {
    const { result, scene, ended } = await called({ sentFaults: { ...CLEAN_PATH, loss: 1 } });
    expect(result).toMatchObject(NOTHING);
    expect(scene.packets.some(({ ip }) => ip.source === SERVER)).toBe(false);
    expect(ended.halfOpen).toBe(1);
  });

  it('lose what it receives', async () => {
    const { result, ended } = await called({ receivedFaults: { ...CLEAN_PATH, loss: 1 } });
    expect(result).toMatchObject(NOTHING);
    expect(ended).toMatchObject({ halfOpen: 0, strays: 0 });
  });

  it('bring what it sends twice', async () => {
    const { result, synAcks } = await called({ sentFaults: { ...CLEAN_PATH, duplicate: 1 } });
    expect(result).toMatchObject({ verdict: 'open', close: { completed: true } });
    expect(synAcks).toHaveLength(2);
  });

  it('bring what it receives twice', async () => {
    const { result, ended, scene } = await called({ receivedFaults: { ...CLEAN_PATH, duplicate: 1 } });
    expect(result).toMatchObject({ verdict: 'open', close: { completed: true } });
    expect(ended.connections).toBe(1);
    const received = scene.events.filter((event) => event.type === 'segment' && event.direction === 'received');
    expect(received.length).toBeGreaterThan(scene.packets.filter(({ ip }) => ip.source !== SERVER).length);
  });

  it.each(['sentFaults', 'receivedFaults'] as const)('hold back: %s', async (way) => {
    const clean = await called({});
    const { result } = await called({ [way]: { ...CLEAN_PATH, delayUs: 30_000 } });
    expect(result.verdict).toBe('open');
    expect(result.rttUs).toBe((clean.result.rttUs as number) + 30_000);
  });

  it('damage what it sends behind its IP header, so that its checksum is wrong', async () => {
    const { result, scene } = await called({ sentFaults: { ...CLEAN_PATH, corrupt: 1 } });
    expect(result.verdict).toBe('filtered');
    expect(scene.packets.some(({ ip }) => ip.source === SERVER)).toBe(true);
    expect(scene.packets.every(({ ip: { source, destination } }) => [source, destination].includes(SERVER))).toBe(true);
  });

  it('damage what it receives', async () => {
    const { result, ended } = await called({ receivedFaults: { ...CLEAN_PATH, corrupt: 1 } });
    expect(result).toMatchObject(NOTHING);
    expect(ended.strays).toBeGreaterThan(0);
  });

  it('hold back no more than 32 MB: what comes then is lost', async () => {
    const scene = new Scene();
    scene.listen({ receivedFaults: { ...CLEAN_PATH, delayUs: 1e6 }, deadlineMs: 3000 });
    const port = scene.client.openPort({ destination: SERVER, destinationPort: PORT });
    const tcp = tcpSegment({ sourcePort: port.port, destinationPort: PORT, payload: new Uint8Array(60_000) });
    const datagram = encodePacket({ ip: ipv4Header({ source: CLIENT, destination: SERVER }), tcp });
    for (let i = 0; i < 1000; i++) port.send(datagram);
    expect((await scene.end(false)).strays).toBe(Math.floor((32 << 20) / (datagram.length + 500)));
  });

  it('let go of what is held back at the end', async () => {
    const { result, scene } = await called({ sentFaults: { ...CLEAN_PATH, delayUs: 6e6 } });
    expect(result).toMatchObject(NOTHING);
    while (scene.clock.step());
    expect(scene.packets.some(({ ip }) => ip.source === SERVER)).toBe(false);
  });
});

describe('misbehaviour', () => {
  const flagsOf = (scene: Scene): (number | undefined)[] =>
    scene.packets.filter(({ ip }) => ip.source === SERVER).map(({ tcp }) => tcp?.flags);

  const ways = [
    ['a connection', {}],
    ['a cookie', { backlog: 0 }],
  ] as const;

  it.each(ways)('wrong-ack: %s acknowledges what was never sent, and nothing comes of it', async (_, how) => {
    const scene = new Scene();
    scene.listen({ misbehaviour: misbehaviour({ wrongAck: true }), deadlineMs: 20_000, ...how });
    const { result } = await scene.run(scene.call({ timeoutMs: 2000 }));
    expect(result.verdict).not.toBe('open');
    expect(result.ignored['bad-ack']).toBeGreaterThan(0);
    expect((await scene.end()).connections).toBe(0);
  });

  it("no-final-ack: the caller's FIN is never acknowledged", async () => {
    const scene = new Scene();
    scene.listen({ misbehaviour: misbehaviour({ noFinalAck: true }), data: () => [pattern(10)], close: 'active' });
    const { result } = await scene.run(scene.call({ close: 'passive', timeoutMs: 3000 }));
    expect(result.close).toMatchObject({ completed: false });
    expect(result.ended).toBe('timeout');
    const fin = scene.packets.find(({ ip, tcp }) => ip.source !== SERVER && tcp !== undefined && tcp.flags & FIN);
    const acks = scene.packets
      .filter(({ ip, tcp }) => ip.source === SERVER && tcp !== undefined && tcp.flags & ACK)
      .map(({ tcp }) => tcp?.ack);
    expect(acks).not.toContain(((fin?.tcp?.seq ?? 0) + (fin?.tcp?.payload.length ?? 0) + 1) >>> 0);
    await scene.end();
  });

  it.each(ways)('zero-window: nothing is taken by %s until it opens', async (_, how) => {
    const scene = new Scene();
    scene.listen({ misbehaviour: misbehaviour({ zeroWindowMs: 3000 }), count: 1, ...how });
    const told: string[] = [];
    const call = scene.call({ data: [pattern(5000)], timeoutMs: 10_000 }, (event) => {
      if (event.type === 'note' && event.code === 'zero-window') told.push(event.text);
    });
    const { result } = await scene.run(call);
    expect(told).toEqual([expect.stringMatching(/closed/), expect.stringMatching(/open/)]);
    expect(result.data).toMatchObject({ sentBytes: 5000, ackedBytes: 5000 });
    expect(result.data.ackUs).toBeUndefined();
    const windows = scene.packets.filter(({ ip }) => ip.source === SERVER).map(({ tcp }) => tcp?.window);
    expect(windows.slice(0, 2)).toEqual([0, 0]);
    expect(windows.at(-1)).toBeGreaterThan(0);
    await scene.end(false);
    expect(scene.conversations[0]?.data.receivedBytes).toBe(5000);
  });

  it('zero-window for ever: the caller gives up', async () => {
    const scene = new Scene();
    scene.listen({ misbehaviour: misbehaviour({ zeroWindowMs: Number.POSITIVE_INFINITY }) });
    const { result } = await scene.run(scene.call({ data: [pattern(5000)], timeoutMs: 1000, deadlineMs: 8000 }));
    expect(result.ended).toBe('zero-window');
    await scene.end();
  });

  it('rst-after: the connection is reset once so much was said', async () => {
    const scene = new Scene();
    scene.listen({ misbehaviour: misbehaviour({ rstAfterBytes: 3000 }), count: 1 });
    const { result } = await scene.run(scene.call({ data: [pattern(100_000)] }));
    expect(result.ended).toBe('reset-by-peer');
    expect(flagsOf(scene).some((flags) => flags !== undefined && flags & RST)).toBe(true);
    await scene.end(false);
    expect(scene.conversations[0]).toMatchObject({ close: { kind: 'reset', completed: true, initiator: 'local' } });
    expect(scene.conversations[0]?.data.receivedBytes).toBeGreaterThanOrEqual(3000);
  });

  it('rst-after: right then, though there is more to read and to say', async () => {
    const scene = new Scene();
    scene.listen({ echo: true, misbehaviour: misbehaviour({ rstAfterBytes: 3000 }), count: 1 });
    await scene.run(scene.call({ data: [pattern(20_000)] }));
    await scene.end(false);
    const { receivedBytes = 0, sentBytes = 0 } = scene.conversations[0]?.data ?? {};
    expect(receivedBytes + sentBytes).toBeGreaterThanOrEqual(3000);
    expect(receivedBytes + sentBytes).toBeLessThan(3000 + 1460);
  });

  it('rst-after 0: the handshake is all there is', async () => {
    const scene = new Scene();
    scene.listen({ misbehaviour: misbehaviour({ rstAfterBytes: 0 }), count: 1 });
    await scene.run(scene.call({ close: 'passive' }));
    expect(flagsOf(scene)[0]).toBe(SYN | ACK);
    expect((flagsOf(scene)[1] ?? 0) & RST).toBe(RST);
    await scene.end(false);
  });
});
