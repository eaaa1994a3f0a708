import { expect } from 'vitest';
import { MemoryWire, VirtualClock } from '../../../src/net/memory.ts';
import { parseScript } from '../../../src/plan/script/parse.ts';
import { runScript } from '../../../src/plan/script/run.ts';
import { createContext } from '../../../src/probe/context.ts';
import type { ScriptEvent, ScriptResult, SegmentEvent } from '../../../src/probe/events.ts';
import { ACK, SYN } from '../../../src/wire/flags.ts';
import { ipv4Header } from '../../../src/wire/ipv4.ts';
import { decodePacket, encodePacket, type Packet } from '../../../src/wire/packet.ts';
import { seqAdd } from '../../../src/wire/seq.ts';
import { segLen, type TcpSegment, tcpSegment } from '../../../src/wire/tcp.ts';

export const A = 0x0a000001;
export const B = 0x0a000002;
export const ISS = 0xfffffffe;
export const IRS = 0xfffffff0;

interface Answer extends Partial<TcpSegment> {
  /** After the segment that it answers. */
  afterMs?: number;
  ttl?: number;
}

/** What the peer does with each segment; a list is sent in its order. */
export type Peer = (segment: TcpSegment, packet: Packet) => Answer[] | undefined;

/** Acknowledges whatever has a length. */
export const acks = ({ flags, seq, ...rest }: TcpSegment): Answer => ({
  flags: flags & SYN ? SYN | ACK : ACK,
  seq: flags & SYN ? IRS : seqAdd(IRS, 1),
  ack: seqAdd(seq, segLen({ flags, seq, ...rest })),
});
export const acksAll = (segment: TcpSegment): Answer[] | undefined => (segLen(segment) > 0 ? [acks(segment)] : undefined);

export const HANDSHAKE = `iss ${ISS}
> S 0:0(0)
< S. 0:0(0) ack 1
> . 1:1(0) ack 1
`;

export class Scene {
  readonly clock = new VirtualClock();
  readonly wire = new MemoryWire(this.clock);
  readonly network = this.wire.host(A);
  /** What we sent, as it left. */
  readonly sent: { tcp: TcpSegment; packet: Packet; atUs: number }[] = [];

  constructor(peer: Peer) {
    this.wire.attach(B, (datagram, atUs) => {
      const packet = decodePacket(Uint8Array.from(datagram));
      const { tcp } = packet;
      if (tcp === undefined) return;
      this.sent.push({ tcp, packet, atUs });
      for (const answer of peer(tcp, packet) ?? []) this.answer(tcp, answer);
    });
  }

  private answer({ sourcePort, destinationPort }: TcpSegment, { afterMs = 0, ttl = 61, ...fields }: Answer): void {
    const tcp = tcpSegment({ sourcePort: destinationPort, destinationPort: sourcePort, window: 1000, ...fields });
    const datagram = encodePacket({ ip: ipv4Header({ source: B, destination: A, ttl }), tcp });
    this.clock.setTimer(this.clock.nowUs() + afterMs * 1000, () => this.wire.send(datagram));
  }

  async run(text: string, options?: { deadlineMs: number }, signal?: AbortSignal) {
    const events: ScriptEvent[] = [];
    const collect = async () => {
      const context = { ...createContext(this.network, 1), signal };
      for await (const event of runScript(parseScript(text), { host: 'peer', address: B, port: 80 }, context, options)) events.push(event);
    };
    await this.clock.run(collect());
    // What is still on its way arrives.
    while (this.clock.step());
    const result = events.at(-1) as ScriptResult;
    expect(result.type).toBe('result');
    const segments = events.filter((event): event is SegmentEvent => event.type === 'segment');
    return { events, result, segments };
  }
}

export const run = (peer: Peer, text: string, options?: { deadlineMs: number }) => new Scene(peer).run(text, options);
export const failuresOf = async (peer: Peer, text: string) => (await run(peer, text)).result.failures;
