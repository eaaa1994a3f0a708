/** `ping` on the network in memory, against a peer that does what each test says. */
import { expect } from 'vitest';
import { MemoryWire, VirtualClock } from '../../../src/net/memory.ts';
import type { Network } from '../../../src/net/network.ts';
import { createContext } from '../../../src/probe/context.ts';
import type { LostEvent, PingEvent, PingResult, ReplyEvent } from '../../../src/probe/events.ts';
import { ping } from '../../../src/probe/ping/ping.ts';
import { PING_DEFAULTS, type PingContext, type PingRequest } from '../../../src/probe/ping/request.ts';
import { ACK, RST, SYN } from '../../../src/wire/flags.ts';
import { decodeIpv4Header, ipv4Header, PROTOCOL_ICMP } from '../../../src/wire/ipv4.ts';
import { decodePacket, encodePacket, type Packet } from '../../../src/wire/packet.ts';
import { seqAdd } from '../../../src/wire/seq.ts';
import { segLen, type TcpSegment, tcpSegment } from '../../../src/wire/tcp.ts';

export const A = 0x0a000001;
export const B = 0x0a000002;
export const C = 0x0a000003;
export const IRS = 0xfffffff0;

/** A segment, bytes as they are, or either of them later. */
export type Answer = Partial<TcpSegment> | Uint8Array | { afterUs: number; answer: Partial<TcpSegment> | Uint8Array };

/** What the peer does with the n-th segment that comes without RST, counted from 1. */
export type Peer = (segment: TcpSegment, n: number, packet: Packet) => Answer | Answer[] | undefined;

export class Scene {
  readonly clock = new VirtualClock();
  readonly wire = new MemoryWire(this.clock);
  /** All that we sent, as it left. */
  readonly sent: { tcp: TcpSegment; packet: Packet; atUs: number }[] = [];
  network: Network = this.wire.host(A);

  constructor(peer: Peer, address = B) {
    this.wire.taps.push((datagram, atUs) => {
      if (decodeIpv4Header(datagram).source !== A) return;
      const packet = decodePacket(Uint8Array.from(datagram));
      this.sent.push({ tcp: packet.tcp as TcpSegment, packet, atUs });
    });
    this.attach(address, peer);
  }

  attach(address: number, peer: Peer): void {
    let n = 0;
    this.wire.attach(address, (datagram) => {
      const packet = decodePacket(datagram);
      if (packet.tcp === undefined || packet.tcp.flags & RST) return;
      const answers = peer(packet.tcp, ++n, packet);
      for (const answer of Array.isArray(answers) ? answers : [answers])
        if (answer !== undefined) this.#answer(address, packet.tcp, answer);
    });
  }

  #answer(address: number, to: TcpSegment, answer: Answer): void {
    if ('afterUs' in answer) {
      this.clock.setTimer(this.clock.nowUs() + answer.afterUs, () => this.#answer(address, to, answer.answer));
      return;
    }
    if (answer instanceof Uint8Array) return this.wire.send(answer);
    const tcp = tcpSegment({ sourcePort: to.destinationPort, destinationPort: to.sourcePort, window: 1000, ...answer });
    this.wire.send(encodePacket({ ip: ipv4Header({ source: address, destination: A, ttl: 61 }), tcp }));
  }

  /** The probes among what we sent. */
  get probes(): TcpSegment[] {
    return this.sent.map(({ tcp }) => tcp).filter(({ flags }) => !(flags & RST));
  }

  async run(request: Partial<PingRequest> = {}, context: Partial<PingContext> = {}, seen: (event: PingEvent) => void = () => undefined) {
    const whole: PingRequest = { ...PING_DEFAULTS, targets: [{ host: 'peer', address: B, port: 80 }], count: 1, ...request };
    const events: PingEvent[] = [];
    const collect = async () => {
      for await (const event of ping(whole, { ...createContext(this.network, 1), ...context })) {
        events.push(event);
        seen(event);
      }
    };
    await this.clock.run(collect());
    const result = events.at(-1) as PingResult;
    expect(result.type).toBe('result');
    expect(result.sent).toBe(result.received + result.lost + result.pending);
    return { events, result, replies: of<ReplyEvent>(events, 'reply'), lost: of<LostEvent>(events, 'lost') };
  }
}

export const of = <T extends PingEvent>(events: readonly PingEvent[], type: T['type']): T[] =>
  events.filter((event): event is T => event.type === type);

export const synAck: Peer = ({ seq, flags }) => (flags & SYN ? { flags: SYN | ACK, seq: IRS, ack: seqAdd(seq, 1) } : undefined);
export const rst: Peer = (segment) =>
  segment.flags & ACK ? { flags: RST, seq: segment.ack } : { flags: RST | ACK, seq: 0, ack: seqAdd(segment.seq, segLen(segment)) };
export const silence: Peer = () => undefined;

/** An answer as the peer gives it, later. */
export const later =
  (afterUs: number, peer: Peer): Peer =>
  (segment, n, packet) => {
    const answer = peer(segment, n, packet) as Partial<TcpSegment>;
    return answer === undefined ? undefined : { afterUs, answer };
  };

export function icmp(type: number, code: number, about: Packet, from = B): Uint8Array {
  const quote = encodePacket({ ...about, ip: { ...about.ip, checksum: undefined } }).subarray(0, 28);
  return encodePacket({
    ip: ipv4Header({ source: from, destination: A, protocol: PROTOCOL_ICMP }),
    icmp: { type, code, rest: 0, body: quote },
  });
}
