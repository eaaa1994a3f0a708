/** `connect` on the network in memory, where it ends before it has begun. */
import { expect, it } from 'vitest';
import { MemoryWire, VirtualClock } from '../../src/net/memory.ts';
import { connect } from '../../src/probe/connect/connect.ts';
import { CONNECT_DEFAULTS } from '../../src/probe/connect/request.ts';
import { connectExitCode } from '../../src/probe/connect/result.ts';
import { createContext } from '../../src/probe/context.ts';
import type { ConnectEvent, ConnectResult } from '../../src/probe/events.ts';

it('sends nothing where the signal came before it', async () => {
  const clock = new VirtualClock();
  const wire = new MemoryWire(clock);
  let sent = 0;
  wire.taps.push(() => sent++);
  const context = { ...createContext(wire.host(0x0a000001), 1), signal: AbortSignal.abort() };
  const events: ConnectEvent[] = [];
  const collect = async () => {
    for await (const event of connect({ ...CONNECT_DEFAULTS, host: 'peer', address: 0x0a000002, port: 80 }, context)) events.push(event);
  };
  await clock.run(collect());
  expect(sent).toBe(0);
  expect(events).toMatchObject([{ type: 'result', verdict: 'filtered', reason: 'interrupted', ended: 'interrupted', states: ['CLOSED'] }]);
  expect(connectExitCode(events[0] as ConnectResult)).toBe(2);
});
