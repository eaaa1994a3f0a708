/** A run as a capture: times to the nanosecond, and what the comments say. */
import { describe, expect, it } from 'vitest';
import type { ProbeEvent } from '../../src/probe/events.ts';
import { createCaptureWriter } from '../../src/report/pcapng.ts';
import { CaptureReader } from '../../src/wire/capture.ts';
import type { CapturedPacket } from '../../src/wire/capture-format.ts';
import { ACK, SYN } from '../../src/wire/flags.ts';
import { ipv4Header } from '../../src/wire/ipv4.ts';
import { encodePacket } from '../../src/wire/packet.ts';
import { tcpSegment } from '../../src/wire/tcp.ts';
import * as conversations from './conversations.ts';

const { change, icmp, note, received, sent, start } = conversations;

function capture(events: readonly ProbeEvent[]): {
  packets: CapturedPacket[];
  comments: (string | undefined)[];
  blocks: Uint8Array[];
  dropped?: number | undefined;
} {
  const blocks: Uint8Array[] = [];
  const writer = createCaptureWriter({
    write: (bytes) => blocks.push(bytes),
    commandLine: 'rawshake connect 10.0.0.2 80',
    version: '1.2.3',
  });
  for (const event of events) writer.event(event);
  writer.end(2);
  const reader = new CaptureReader();
  const packets: CapturedPacket[] = [];
  for (const block of blocks) {
    reader.push(block);
    for (let packet = reader.next(); packet !== undefined; packet = reader.next()) packets.push(packet);
    // Each write leaves a whole file.
    reader.end();
  }
  return { packets, comments: packets.map(({ comments }) => comments?.join('|')), blocks, dropped: reader.dropped };
}

const withoutResult = (events: readonly { type: string }[]) => events.filter(({ type }) => type !== 'result') as ProbeEvent[];

/** @param checksum undefined: the right one */
const datagram = (flags: number, checksum?: number): Uint8Array =>
  encodePacket({
    ip: ipv4Header({ source: 0x0a000002, destination: 0x0a000001 }),
    tcp: tcpSegment({ sourcePort: 80, destinationPort: 51234, flags, ...(checksum !== undefined && { checksum }) }),
  });

/** A SYN of ours, on its way. */
const own = encodePacket({
  ip: ipv4Header({ source: 0x0a000001, destination: 0x0a000002 }),
  tcp: tcpSegment({ sourcePort: 51234, destinationPort: 80, flags: SYN }),
});

describe('comments', () => {
  it('tell the changes of state', () => {
    expect(capture(withoutResult(conversations.active())).comments).toEqual([
      'CLOSED → SYN-SENT',
      'SYN-SENT → ESTABLISHED',
      ...[undefined, undefined, undefined, undefined, undefined],
      'ESTABLISHED → FIN-WAIT-1',
      'FIN-WAIT-1 → FIN-WAIT-2',
      'FIN-WAIT-2 → TIME-WAIT',
      undefined,
    ]);
  });

  it('tell what is sent again, and what did not count', () => {
    const { comments } = capture([
      start(),
      sent(0, 'SYN', 0, undefined, 'SYN-SENT', { datagram: own }),
      sent(1000, 'SYN', 0, undefined, 'SYN-SENT', { note: 'retransmission', transmission: 3, datagram: own }),
      received(2000, 'SYN+ACK', 0, 9, 'SYN-SENT', { note: 'bad-ack', datagram: datagram(SYN | ACK) }),
      received(3000, 'RST', 0, undefined, 'SYN-SENT', { note: 'bad-checksum', datagram: datagram(4, 1) }),
      { ...note(4000, 'ignored', 'Ignored a datagram: neither TCP nor an ICMP error.'), datagram: Uint8Array.of(0x45) },
      note(5000, 'zero-window', "The peer's window is closed."),
    ]);
    expect(comments).toEqual([
      'CLOSED → SYN-SENT',
      'retransmission 2',
      'ignored: ack not ours',
      'ignored: checksum wrong',
      'ignored: a datagram: neither TCP nor an ICMP error',
    ]);
  });

  it('tell a checksum that was left to the card', () => {
    // The sum of the pseudo-header alone: 0a00 0002 + 0a00 0001 + protocol 6 + length 20.
    const { comments } = capture([
      start(),
      sent(0, 'SYN', 0, undefined, 'SYN-SENT', { datagram: own }),
      received(1, 'SYN+ACK', 0, 1, 'ESTABLISHED', { datagram: datagram(SYN | ACK, 0x1400 + 0x3 + 6 + 20) }),
      received(2, 'ACK', 1, 1, 'ESTABLISHED', { datagram: datagram(ACK, 0x1234) }),
      received(3, 'ACK', 1, 1, 'ESTABLISHED', { datagram: datagram(ACK) }),
    ]);
    expect(comments.slice(1)).toEqual(['SYN-SENT → ESTABLISHED; checksum partial: offloaded on this host', 'checksum wrong', undefined]);
  });

  it('tell what an answer answers, and an ICMP error is about', () => {
    const stateless = { state: undefined, variant: 'ttl=3' };
    const { comments } = capture([
      start({ command: 'send' }),
      sent(0, 'SYN', 0, undefined, 'SYN-SENT', stateless),
      received(1, 'SYN+ACK', 0, 1, 'SYN-SENT', stateless),
      received(2, 'RST', 0, 1, 'SYN-SENT', { state: undefined }),
      icmp(3, 11, 0, 'ttl-exceeded', '10.0.0.254', { variant: 'ttl=3', datagram: datagram(0) }),
      sent(4, 'RST', 1, undefined, 'SYN-SENT', { state: undefined, note: 'cleanup' }),
    ]);
    expect(comments).toEqual(['ttl=3', 'answer to ttl=3', 'answer', 'ttl-exceeded about ttl=3, says 10.0.0.254', 'ends what is half open']);
  });
});

it('tells connections side by side apart by their ports, and one after the other by its SYN', () => {
  const from = (sourcePort: number) => {
    const ip = ipv4Header({ source: 0x0a000001, destination: 0x0a000002 });
    return { datagram: encodePacket({ ip, tcp: tcpSegment({ sourcePort, destinationPort: 80 }) }) };
  };
  const { comments } = capture([
    start(),
    sent(0, 'SYN', 0, undefined, 'SYN-SENT', from(1)),
    sent(1, 'SYN', 0, undefined, 'SYN-SENT', from(2)),
    sent(2, 'ACK', 1, 1, 'ESTABLISHED', from(1)),
    sent(3, 'ACK', 1, 1, 'ESTABLISHED', from(1)),
    sent(4, 'SYN', 0, undefined, 'SYN-SENT', from(1)),
  ]);
  expect(comments).toEqual(['CLOSED → SYN-SENT', 'CLOSED → SYN-SENT', 'SYN-SENT → ESTABLISHED', undefined, 'CLOSED → SYN-SENT']);
});

it('dates packets from the start, to the nanosecond', () => {
  const { packets } = capture([
    start({ startedAtNs: 5_000_000_000n }),
    sent(0, 'SYN', 0, undefined, 'SYN-SENT'),
    received(27.6124, 'RST', 0, 1, 'CLOSED'),
  ]);
  expect(packets.map(({ timeNs, direction, linkType }) => [timeNs, direction, linkType])).toEqual([
    [5_000_000_000n, 'outbound', 101],
    [5_000_027_612n, 'inbound', 101],
  ]);
});

it('writes fragments as they left', () => {
  const { packets, comments } = capture([
    start(),
    sent(0, 'SYN', 0, undefined, 'SYN-SENT', { state: undefined, fragments: [Uint8Array.of(1), Uint8Array.of(2)] }),
  ]);
  expect(packets.map(({ bytes }) => [...bytes])).toEqual([[1], [2]]);
  expect(comments).toEqual(['fragment 1 of 2', 'fragment 2 of 2']);
});

it('describes an interface once, and counts what the kernel dropped', () => {
  const run = (interfaceName: string) => [start({ interfaceName }), sent(0, 'SYN', 0, undefined, 'SYN-SENT')];
  const { blocks, packets, dropped } = capture([...run('lo'), change(1, 'SYN-SENT', 'CLOSED', 'gone'), ...run('lo'), ...run('eth0')]);
  // Section with interface, three packets, the second interface, the statistics.
  expect(blocks).toHaveLength(6);
  expect(packets).toHaveLength(3);
  expect(dropped).toBe(2);
});

it('dates the count of drops by the last packet', () => {
  const { blocks } = capture([
    start({ startedAtNs: 5_000_000_000n }),
    sent(0, 'SYN', 0, undefined, 'SYN-SENT'),
    received(20, 'RST', 0, 1, 'CLOSED'),
  ]);
  const statistics = blocks.at(-1) as Uint8Array;
  const view = new DataView(statistics.buffer, statistics.byteOffset);
  expect(view.getUint32(0, true)).toBe(5);
  expect((BigInt(view.getUint32(12, true)) << 32n) | BigInt(view.getUint32(16, true))).toBe(5_000_020_000n);
});

it('writes nothing of a run that did not begin', () => {
  const blocks: Uint8Array[] = [];
  createCaptureWriter({ write: (bytes) => blocks.push(bytes), commandLine: '', version: '' }).end(0);
  expect(blocks).toEqual([]);
});
