/** `connect` on the network in memory: where it ends before it has begun, and where routers lie. */
import { expect, it } from 'vitest';
import { MemoryWire, VirtualClock } from '../../src/net/memory.ts';
import { connect } from '../../src/probe/connect/connect.ts';
import { CONNECT_DEFAULTS } from '../../src/probe/connect/request.ts';
import { connectExitCode } from '../../src/probe/connect/result.ts';
import { createContext } from '../../src/probe/context.ts';
import type { ConnectEvent, ConnectResult } from '../../src/probe/events.ts';
import { DEFAULT_TCB_CONFIG } from '../../src/tcp/tcb.ts';
import { ICMP_UNREACHABLE } from '../../src/wire/icmp.ts';
import { ipv4Header, PROTOCOL_ICMP } from '../../src/wire/ipv4.ts';
import { decodePacket, encodePacket } from '../../src/wire/packet.ts';
import { Host } from '../support/tcp-host.ts';
import { PatternStream } from '../support/tcp-pattern.ts';

const US = 0x0a000001;
const PEER = 0x0a000002;
const FRAGMENTATION_NEEDED = 4;

it('sends nothing where the signal came before it', async () => {
  const clock = new VirtualClock();
  const wire = new MemoryWire(clock);
  let sent = 0;
  wire.taps.push(() => sent++);
  const context = { ...createContext(wire.host(US), 1), signal: AbortSignal.abort() };
  const events: ConnectEvent[] = [];
  const collect = async () => {
    for await (const event of connect({ ...CONNECT_DEFAULTS, host: 'peer', address: PEER, port: 80 }, context)) events.push(event);
  };
  await clock.run(collect());
  expect(sent).toBe(0);
  expect(events).toMatchObject([{ type: 'result', verdict: 'filtered', reason: 'interrupted', ended: 'interrupted', states: ['CLOSED'] }]);
  expect(connectExitCode(events[0] as ConnectResult)).toBe(2);
});

it.each([
  [1000, ['The path takes datagrams of 1000 bytes at most; smaller segments from here on.']],
  [1500, []],
  [65_535, []],
])('tells once of a narrower path, and of a router that names an MTU of %i for each segment', async (mtu, told) => {
  const clock = new VirtualClock();
  const wire = new MemoryWire(clock);
  const [ours, theirs] = [new PatternStream(1), new PatternStream(2)];
  const config = { ...DEFAULT_TCB_CONFIG, localPort: 80, remotePort: 0, iss: 0xffff_fff0, synOptions: [] };
  const plan = {
    ...{ openAtUs: 0, passive: true, writes: [], close: { on: 'peer-fin', afterUs: 0, lateBytes: 0 } as const, abortAtUs: undefined },
    ...{ mtu: undefined, reader: undefined, lagUs: 0, deadlineUs: 60e6 },
  };
  const host = new Host(wire, PEER, US, config, plan, theirs, ours);
  let lies = 0;
  wire.taps.push((datagram) => {
    const { ip, tcp } = decodePacket(datagram);
    if (ip.source !== US || !tcp?.payload.length || ++lies > 3) return;
    const header = ipv4Header({ source: 0x0a0000fe, destination: US, protocol: PROTOCOL_ICMP });
    wire.send(encodePacket({ ip: header, icmp: { type: ICMP_UNREACHABLE, code: FRAGMENTATION_NEEDED, rest: mtu, body: datagram } }));
  });
  const notes: string[] = [];
  const collect = async () => {
    const request = { ...CONNECT_DEFAULTS, host: 'peer', address: PEER, port: 80, data: [ours.bytes(0, 1600)], synOptions: { mss: 1460 } };
    for await (const event of connect(request, createContext(wire.host(US), 1))) if (event.type === 'note') notes.push(event.text);
  };
  await clock.run(collect());
  expect(notes).toEqual(told);
  expect(host.watch.delivered).toBe(1600);
});
