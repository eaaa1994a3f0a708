/** `open` on the network in memory, against an endpoint of our own with a user's plan, over wires good and bad. */
import { describe, expect, it } from 'vitest';
import { type Faults, NO_FAULTS } from '../../src/net/faults.ts';
import { MemoryWire, VirtualClock } from '../../src/net/memory.ts';
import { createContext } from '../../src/probe/context.ts';
import { ConnectionError, type OpenConnection, open } from '../../src/probe/open/open.ts';
import { OPEN_DEFAULTS, type OpenRequest } from '../../src/probe/open/request.ts';
import { DEFAULT_TCB_CONFIG } from '../../src/tcp/tcb.ts';
import { seqDiff } from '../../src/wire/seq.ts';
import { Host, type UserPlan } from '../support/tcp-host.ts';
import { PatternStream } from '../support/tcp-pattern.ts';

const US = 0x0a000001;
const PEER = 0x0a000002;
const PORT = 80;

const ours = new PatternStream(1);
const theirs = new PatternStream(2);

interface Scene {
  faults?: Partial<Faults>;
  seed?: number;
  peer?: Partial<UserPlan>;
  request?: Partial<OpenRequest>;
  signal?: AbortSignal;
}

/** Runs a program with a connection. @returns what it returns, and the peer */
async function scene<T>(
  { faults, seed = 1, peer, request, signal }: Scene,
  program: (connection: OpenConnection, clock: VirtualClock, host: Host) => Promise<T>,
) {
  const clock = new VirtualClock();
  const wire = new MemoryWire(clock, { ...NO_FAULTS, ...faults }, seed);
  const plan: UserPlan = {
    openAtUs: 0,
    passive: true,
    writes: [],
    close: { on: 'peer-fin', afterUs: 0, lateBytes: 0 },
    abortAtUs: undefined,
    mtu: undefined,
    reader: undefined,
    lagUs: 0,
    deadlineUs: 3600e6,
    ...peer,
  };
  const config = { ...DEFAULT_TCB_CONFIG, localPort: PORT, remotePort: 0, iss: 0xffff_fff0, synOptions: [], userTimeoutUs: 600e6 };
  const host = new Host(wire, PEER, US, config, plan, theirs, ours);
  const context = { ...createContext(wire.host(US), seed), signal };
  const run = async () =>
    program(
      await open({ ...OPEN_DEFAULTS, timeoutMs: 600_000, host: 'peer', address: PEER, port: PORT, ...request }, context),
      clock,
      host,
    );
  return { result: await clock.run(run()), host, clock };
}

const sleep = (clock: VirtualClock, us: number): Promise<void> =>
  new Promise((resolve) => {
    clock.setTimer(clock.nowUs() + us, resolve);
  });

async function readAll(connection: OpenConnection): Promise<number> {
  let bytes = 0;
  for await (const chunk of connection) {
    expect(theirs.matches(bytes, chunk)).toBe(true);
    bytes += chunk.length;
  }
  return bytes;
}

const WILD: Partial<Faults> = { loss: 0.1, duplicate: 0.1, reorder: 0.2, corrupt: 0.02, delayUs: 10_000, jitterUs: 20_000 };

describe('open', () => {
  it.each([1, 2, 3, 4, 5, 6, 7, 8])('brings every byte both ways once and in order over a wild wire, seed %i', async (seed) => {
    const bytes = 60_000;
    const { result, host } = await scene({ faults: WILD, seed, peer: { writes: [{ bytes, afterUs: 0 }] } }, async (connection) => {
      for (let at = 0; at < bytes; at += 10_000) await connection.write(ours.bytes(at, 10_000));
      connection.end();
      const got = await readAll(connection);
      return { got, end: await connection.close() };
    });
    expect(result.got).toBe(bytes);
    expect(host.watch.delivered).toBe(bytes);
    expect(result.end).toMatchObject({ verdict: 'open', ended: undefined, close: { completed: true }, data: { ackedBytes: bytes } });
  });

  it('makes a peer wait whose bytes nobody reads, and goes on when somebody does', async () => {
    const bytes = 300_000;
    const peer = { writes: [{ bytes, afterUs: 0 }] };
    const { result } = await scene({ peer, request: { synOptions: { preset: 'none' } } }, async (connection, clock, host) => {
      await sleep(clock, 60e6);
      const { tcb } = host.watch;
      // Without a window scale that is all that a window can say.
      expect(seqDiff(tcb.sndUna, tcb.iss) - 1).toBeLessThanOrEqual(0xffff);
      connection.end();
      return readAll(connection);
    });
    expect(result).toBe(bytes);
  });

  it('tells silence after its timeout', async () => {
    const silent = scene({ faults: { loss: 1 }, request: { timeoutMs: 3000 } }, async () => undefined);
    await expect(silent).rejects.toMatchObject({ code: 'timeout', outcome: { verdict: 'filtered', reason: 'no-response' } });
  });

  it('gives what came before a RST, and then throws', async () => {
    await scene({ peer: { writes: [{ bytes: 100, afterUs: 0 }], abortAtUs: 1e6 } }, async (connection, clock) => {
      await sleep(clock, 2e6);
      expect(await connection.read()).toHaveLength(100);
      await expect(connection.read()).rejects.toMatchObject({ code: 'reset' });
      await expect(connection.write('more')).rejects.toBeInstanceOf(ConnectionError);
    });
  });

  it('resets where its signal says so, whoever waits', async () => {
    const controller = new AbortController();
    const { host } = await scene({ signal: controller.signal }, async (connection, clock) => {
      const reading = connection.read();
      controller.abort();
      await expect(reading).rejects.toMatchObject({ code: 'aborted' });
      await sleep(clock, 1e6);
    });
    expect(host.watch.ended).toBe('reset');
  });

  it('closes at the end of its block, and says how it went', async () => {
    const { result, host } = await scene({}, async (connection) => {
      {
        await using inBlock = connection;
        await inBlock.write(ours.bytes(0, 5));
      }
      return connection.close();
    });
    expect(result).toMatchObject({ close: { completed: true, initiator: 'local' }, states: expect.arrayContaining(['TIME-WAIT']) });
    expect(host.watch.delivered).toBe(5);
  });

  it('resets a peer that does not close its side in time', async () => {
    const close: UserPlan['close'] = { on: 'peer-fin', afterUs: 60e6, lateBytes: 0 };
    const { result } = await scene({ peer: { close }, request: { timeoutMs: 2000 } }, (connection) => connection.close());
    expect(result).toMatchObject({ ended: 'timeout', close: { completed: false } });
  });

  it('lets nobody write after the end', async () => {
    await scene({}, async (connection) => {
      connection.end();
      await expect(connection.write('x')).rejects.toThrow('write after end');
      await connection.close();
    });
  });

  it('serves reads in the order they were asked for, each with bytes of its own', async () => {
    const peer = { writes: [0, 1, 2].map(() => ({ bytes: 2000, afterUs: 1e6 })) };
    const { result } = await scene({ peer, request: { synOptions: { preset: 'none' } } }, async (connection) => {
      const chunks = await Promise.all([1, 2, 3, 4, 5].map(() => connection.read()));
      await connection.close();
      return chunks;
    });
    let at = 0;
    for (const chunk of result) {
      expect(chunk?.length).toBeGreaterThan(0);
      expect(theirs.matches(at, chunk as Uint8Array)).toBe(true);
      at += (chunk as Uint8Array).length;
    }
  });

  it('keeps crumbs together that nobody reads', async () => {
    const peer = { writes: Array.from({ length: 3000 }, () => ({ bytes: 1, afterUs: 1000 })) };
    const { result } = await scene({ peer }, async (connection, clock) => {
      await sleep(clock, 10e6);
      connection.end();
      const chunks: Uint8Array[] = [];
      for await (const chunk of connection) chunks.push(chunk);
      return chunks;
    });
    expect(theirs.matches(0, Buffer.concat(result))).toBe(true);
    expect(result.map(({ length }) => length)).toEqual([1024, 1024, 952]);
  });

  it('closes though the peer takes nothing, by RST', async () => {
    const peer = { reader: { everyUs: 1e12, bytes: 1 } };
    const { result, host } = await scene({ peer, request: { timeoutMs: 4000 } }, async (connection, clock) => {
      void connection.write(ours.bytes(0, 2_000_000)).catch(() => undefined);
      await sleep(clock, 60e6);
      expect(connection.state).toBe('ESTABLISHED');
      const before = clock.nowUs();
      const closed = await connection.close();
      expect(clock.nowUs() - before).toBeLessThan(5e6);
      await sleep(clock, 1e6);
      return closed;
    });
    expect(result).toMatchObject({ ended: 'timeout', close: { completed: false } });
    expect(host.watch.ended).toBe('reset');
  });

  describe('where its listener throws', () => {
    const broken = new Error('listener');
    const throwing = (type: string) => ({
      onEvent: (event: { type: string }) => {
        if (event.type === type) throw broken;
      },
    });

    it.each(['state', 'segment'])('is not opened (%s)', async (type) => {
      await expect(scene({ request: throwing(type) }, async () => undefined)).rejects.toBe(broken);
    });

    it('ends for all who wait, and resets the peer', async () => {
      const { host } = await scene(
        { peer: { writes: [{ bytes: 10, afterUs: 1e6 }] }, request: throwing('data') },
        async (connection, clock) => {
          const waiting = [connection.read(), connection.read()];
          const both = await Promise.allSettled(waiting);
          expect(both).toMatchObject([{ value: { length: 10 } }, { reason: broken }]);
          await expect(connection.write('x')).rejects.toBe(broken);
          await expect(connection.close()).rejects.toBe(broken);
          await sleep(clock, 1e6);
        },
      );
      expect(host.watch.ended).toBe('reset');
    });

    it('does not throw into the signal that aborts it', async () => {
      const controller = new AbortController();
      let armed = false;
      const onEvent = () => {
        if (armed) throw broken;
      };
      const { host } = await scene({ signal: controller.signal, request: { onEvent } }, async (connection, clock) => {
        const reading = connection.read();
        armed = true;
        controller.abort();
        await expect(reading).rejects.toBe(broken);
        await sleep(clock, 1e6);
      });
      expect(host.watch.ended).toBe('reset');
    });
  });

  it('is closed twice, and disposed of after an error, without another error', async () => {
    await scene({ peer: { abortAtUs: 1e6 } }, async (connection, clock) => {
      await sleep(clock, 2e6);
      await expect(connection.read()).rejects.toMatchObject({ code: 'reset' });
      const [first, second] = await Promise.all([connection.close(), connection.close()]);
      expect(first).toEqual(second);
      await connection[Symbol.asyncDispose]();
      connection.abort();
      connection.end();
    });
  });

  it('takes an empty write for nothing', async () => {
    const { result } = await scene({}, async (connection) => {
      await connection.write('');
      await connection.write(new Uint8Array(0));
      return connection.close();
    });
    expect(result).toMatchObject({ data: { sentBytes: 0 }, close: { completed: true } });
  });
});
