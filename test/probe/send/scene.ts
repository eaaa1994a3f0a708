import { expect } from 'vitest';
import { MemoryWire, VirtualClock } from '../../../src/net/memory.ts';
import type { Network } from '../../../src/net/network.ts';
import { createContext } from '../../../src/probe/context.ts';
import type { SegmentEvent, SendEvent, SendResult } from '../../../src/probe/events.ts';
import { SEND_DEFAULTS, type SendRequest } from '../../../src/probe/send/request.ts';
import { send } from '../../../src/probe/send/send.ts';
import { ACK, RST, SYN } from '../../../src/wire/flags.ts';
import { decodeIpv4Header, ipv4Header, PROTOCOL_ICMP } from '../../../src/wire/ipv4.ts';
import { decodePacket, encodePacket, type Packet } from '../../../src/wire/packet.ts';
import { seqAdd } from '../../../src/wire/seq.ts';
import { segLen, type TcpSegment, tcpSegment } from '../../../src/wire/tcp.ts';

export const A = 0x0a000001;
export const B = 0x0a000002;
export const SEQ = 0xffffffff;
export const IRS = 0xfffffff0;

export type Answer = Partial<TcpSegment> | Uint8Array | undefined;

/** What the peer does with the n-th segment that comes, counted from 1. */
export type Peer = (segment: TcpSegment, n: number, packet: Packet) => Answer | Answer[];

export class Scene {
  readonly clock = new VirtualClock();
  readonly wire = new MemoryWire(this.clock);
  /** All that we sent, as it left. */
  readonly sent: { packet: Packet; atUs: number }[] = [];
  network: Network;

  constructor(peer: Peer) {
    this.network = this.wire.host(A);
    this.wire.taps.push((datagram, atUs) => {
      if (decodeIpv4Header(datagram).source === A) this.sent.push({ packet: decodePacket(Uint8Array.from(datagram)), atUs });
    });
    let n = 0;
    this.wire.attach(B, (datagram) => {
      const packet = decodePacket(datagram);
      if (packet.tcp === undefined) return;
      const answers = peer(packet.tcp, ++n, packet);
      for (const answer of Array.isArray(answers) ? answers : [answers]) if (answer !== undefined) this.answer(packet.tcp, answer);
    });
  }

  answer(to: TcpSegment, answer: Exclude<Answer, undefined>): void {
    if (answer instanceof Uint8Array) return this.wire.send(answer);
    const tcp = tcpSegment({ sourcePort: to.destinationPort, destinationPort: to.sourcePort, window: 1000, ...answer });
    this.wire.send(encodePacket({ ip: ipv4Header({ source: B, destination: A, ttl: 61 }), tcp }));
  }

  async run(
    request: Partial<SendRequest> = {},
    signal?: AbortSignal,
  ): Promise<{ events: SendEvent[]; result: SendResult; segments: SegmentEvent[] }> {
    const whole: SendRequest = { ...SEND_DEFAULTS, host: 'peer', address: B, port: 80, variants: [{ spec: { seq: SEQ } }], ...request };
    const events: SendEvent[] = [];
    const collect = async () => {
      for await (const event of send(whole, { ...createContext(this.network, 1), signal })) events.push(event);
    };
    await this.clock.run(collect());
    const result = events.at(-1) as SendResult;
    expect(result.type).toBe('result');
    return { events, result, segments: events.filter((event) => event.type === 'segment') };
  }
}

export const synAck: Peer = ({ seq, flags }) => (flags & SYN ? { flags: SYN | ACK, seq: IRS, ack: seqAdd(seq, 1) } : undefined);
export const rst: Peer = (segment) =>
  segment.flags & ACK ? { flags: RST, seq: segment.ack } : { flags: RST | ACK, seq: 0, ack: seqAdd(segment.seq, segLen(segment)) };
export const silence: Peer = () => undefined;

export function icmp(type: number, code: number, about: Packet, from = B): Uint8Array {
  const quote = encodePacket({ ...about, ip: { ...about.ip, checksum: undefined } }).subarray(0, 28);
  return encodePacket({
    ip: ipv4Header({ source: from, destination: A, protocol: PROTOCOL_ICMP }),
    icmp: { type, code, rest: 0, body: quote },
  });
}
