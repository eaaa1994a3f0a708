/** One RST, all commands: what moves no connection settles no probe. */
import { describe, expect, it } from 'vitest';
import { connect, ping, resultOf, scan, send, trace } from '../../src/index.ts';
import { MemoryWire, VirtualClock } from '../../src/net/memory.ts';
import { ACK, RST } from '../../src/wire/flags.ts';
import { ipv4Header } from '../../src/wire/ipv4.ts';
import { decodePacket, encodePacket } from '../../src/wire/packet.ts';
import { seqAdd } from '../../src/wire/seq.ts';
import { tcpSegment } from '../../src/wire/tcp.ts';

const OURS = 0x0a000001;
const PEER = 0x0a000002;

/** A peer that answers each segment with a RST that acknowledges so much of it. */
function run<E extends { type: string }>(acknowledged: number, start: (network: ReturnType<MemoryWire['host']>) => AsyncIterable<E>) {
  const clock = new VirtualClock();
  const wire = new MemoryWire(clock);
  wire.attach(PEER, (datagram) => {
    const { tcp } = decodePacket(datagram);
    if (tcp === undefined || tcp.flags & RST) return;
    const { sourcePort, destinationPort } = tcp;
    const rst = { sourcePort: destinationPort, destinationPort: sourcePort, flags: RST | ACK, seq: 0, ack: seqAdd(tcp.seq, acknowledged) };
    wire.send(encodePacket({ ip: ipv4Header({ source: PEER, destination: OURS }), tcp: tcpSegment(rst) }));
  });
  return clock.run(resultOf(start(wire.host(OURS))));
}

const AT = { host: '10.0.0.2', port: 80 };
type Net = ReturnType<MemoryWire['host']>;
const verdictOf = async (run: Promise<{ verdict?: string }>) => (await run).verdict;

const COMMANDS: [string, (acknowledged: number) => Promise<string | undefined>][] = [
  ['connect', (ack) => verdictOf(run(ack, (network: Net) => connect(AT, { network })))],
  ['send', (ack) => verdictOf(run(ack, (network: Net) => send(AT, { network })))],
  ['ping', (ack) => verdictOf(run(ack, (network: Net) => ping({ ...AT, count: 1 }, { network })))],
  ['ping of whole connections', (ack) => verdictOf(run(ack, (network: Net) => ping({ ...AT, count: 1, full: {} }, { network })))],
  [
    'scan',
    async (ack) => {
      const { counts } = await run(ack, (network: Net) => scan({ targets: ['10.0.0.2'], ports: '80' }, { network }));
      return Object.keys(counts).find((verdict) => counts[verdict as keyof typeof counts]);
    },
  ],
  ['trace', (ack) => verdictOf(run(ack, (network: Net) => trace({ ...AT, maxTtl: 1 }, { network })))],
];

describe.each(COMMANDS)('a RST to the SYN of %s', (_name, verdictAfter) => {
  it('closes the port where it acknowledges the SYN', async () => {
    expect(await verdictAfter(1)).toBe('closed');
  });

  it.each([0, 2])('says nothing where it acknowledges %i', async (acknowledged) => {
    expect(await verdictAfter(acknowledged)).toBe('filtered');
  });
});
