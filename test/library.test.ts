/** The library's calls on the network in memory, with a resolver of the test's own. */
import { lookup } from 'node:dns/promises';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { connect, ping, resultOf, scan, script, send, trace } from '../src/index.ts';
import { MemoryWire, VirtualClock } from '../src/net/memory.ts';

vi.mock('node:dns/promises', async (original) => ({ ...(await original<object>()), lookup: vi.fn() }));

const OURS = 0x0a000001;
const PEER = '10.0.0.2';

let clock: VirtualClock;
beforeEach(() => {
  clock = new VirtualClock();
});

/** A resolver that takes so long. */
const resolverTakes = (ms: number): void =>
  void (lookup as unknown as ReturnType<typeof vi.fn>).mockImplementation(async () => {
    await new Promise<void>((resolve) => void clock.setTimer(clock.nowUs() + ms * 1000, resolve));
    return [{ address: PEER, family: 4 }];
  });

/** A network on which nobody answers. */
const network = () => new MemoryWire(clock).host(OURS);

describe('deadlineMs counts the look-up, once', () => {
  const at = { host: 'peer', port: 80, deadlineMs: 2000 };
  it.each<[string, () => AsyncIterable<{ type: string }>]>([
    ['connect', () => connect({ ...at, timeoutMs: 9000 }, { network: network() })],
    ['send', () => send({ ...at, timeoutMs: 9000 }, { network: network() })],
    ['trace', () => trace(at, { network: network() })],
    ['script', () => script({ ...at, text: '> S\n< S.' }, { network: network() })],
    ['scan, its maxTimeMs', () => scan({ targets: ['peer'], ports: '80', maxTimeMs: 2000, timeoutMs: 9000 }, { network: network() })],
  ])('%s', async (_what, start) => {
    resolverTakes(1500);
    await clock.run(resultOf(start()));
    expect(clock.nowUs()).toBe(2_000_000);
  });
});

describe('a look-up is given up', () => {
  it('when deadlineMs is over', async () => {
    resolverTakes(9000);
    const run = connect({ host: 'peer', port: 80, deadlineMs: 2000 }, { network: network() });
    await expect(clock.run(resultOf(run))).rejects.toMatchObject({ code: 'name-not-resolved' });
    expect(clock.nowUs()).toBe(2_000_000);
  });

  it('when the signal comes', async () => {
    resolverTakes(9000);
    const controller = new AbortController();
    clock.setTimer(100_000, () => controller.abort());
    const run = ping({ host: 'peer', port: 80 }, { network: network(), signal: controller.signal });
    await expect(clock.run(resultOf(run))).rejects.toMatchObject({ code: 'name-not-resolved' });
    expect(clock.nowUs()).toBe(100_000);
  });
});
