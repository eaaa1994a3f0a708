/** A path whose routers do what a script says: what no kernel does to a segment. It stands behind a TUN device. */
import { ACK, RST, SYN } from '../../src/wire/flags.ts';
import { ICMP_TIME_EXCEEDED } from '../../src/wire/icmp.ts';
import { ipv4Header, PROTOCOL_ICMP } from '../../src/wire/ipv4.ts';
import { encodePacket, type Packet } from '../../src/wire/packet.ts';
import { seqAdd } from '../../src/wire/seq.ts';
import { segLen, type TcpSegment, tcpSegment } from '../../src/wire/tcp.ts';
import type { TunNetwork } from './device.ts';

/** A segment on its way. */
export type Passing = Packet & { tcp: TcpSegment };

/** What a router does otherwise than others. */
export interface ScriptedHop {
  /** Undefined: 10.98.k.1 for hop k. */
  address?: number;
  /** What it does to what goes on from it: see `withSegment` and `withHeader`. */
  change?: (passing: Passing) => Passing;
  /** Bytes of the segment that it quotes: all of them unless it is given. */
  quotedBytes?: number;
  /** What stands in its quote, if not what came. */
  quote?: (datagram: Uint8Array) => Uint8Array;
  /** Stands behind the quote, which is padded to 128 bytes for it (RFC 4884). */
  extensions?: Uint8Array;
  /** Whether it answers the so-manieth probe that ends here, from 0. */
  answers?: (probe: number) => boolean;
  /** It sends this for all that comes, whatever the TTL. */
  refuses?: { type: number; code: number };
  /** What is left of a TTL behind it, instead of one less. Nothing ends here that has one left. */
  ttlBehind?: (ttl: number) => number;
  /** It forwards what has a TTL of 1, as one of 0 (a bug of old routers). */
  zeroTtl?: boolean;
  /** The TTL of its own errors, as they arrive. */
  answerTtl?: number;
}

const QUOTE_WITH_EXTENSIONS = 128;

export class ScriptedPath {
  /** At the end of the path. */
  readonly address: number;
  /** All that the destination got. */
  readonly arrived: Passing[] = [];
  /** What the destination says to a SYN; undefined: nothing. */
  answer: 'syn-ack' | 'rst' | undefined = 'syn-ack';
  hops: ScriptedHop[];
  readonly #network: TunNetwork;
  #ended: number[] = [];

  constructor(network: TunNetwork, hops: ScriptedHop[]) {
    this.#network = network;
    this.hops = hops;
    this.address = network.addPeer((packet) => {
      if (packet.tcp !== undefined) this.#pass({ ...packet, tcp: packet.tcp }, 0);
    });
  }

  /** Other routers from now on. */
  become(hops: ScriptedHop[]): void {
    this.hops = hops;
    this.#ended = [];
    this.arrived.length = 0;
  }

  addressOf(hop: number): number {
    return this.hops[hop - 1]?.address ?? 0x0a620001 + hop * 256;
  }

  #pass(passing: Passing, at: number): void {
    const hop = this.hops[at];
    if (hop === undefined) {
      this.#arrive(passing);
      return;
    }
    const { ttl } = passing.ip;
    if (hop.refuses !== undefined) {
      this.#error(passing, at, hop.refuses);
    } else if (ttl === 0 || (ttl === 1 && hop.zeroTtl !== true && hop.ttlBehind === undefined)) {
      const probe = this.#ended[at] ?? 0;
      this.#ended[at] = probe + 1;
      if (hop.answers?.(probe) ?? true) this.#error(passing, at, { type: ICMP_TIME_EXCEEDED, code: 0 });
    } else {
      const changed = hop.change?.(passing) ?? passing;
      this.#pass({ ...changed, ip: { ...changed.ip, ttl: hop.ttlBehind?.(ttl) ?? ttl - 1, checksum: undefined } }, at + 1);
    }
  }

  #error(passing: Passing, at: number, { type, code }: { type: number; code: number }): void {
    const { quotedBytes, quote, extensions, answerTtl } = this.hops[at] as ScriptedHop;
    const datagram = encodePacket(passing);
    const headerLength = 4 * ((datagram[0] as number) & 15);
    const quoted = (quote?.(datagram) ?? datagram).subarray(0, quotedBytes === undefined ? undefined : headerLength + quotedBytes);
    const body = extensions === undefined ? quoted : new Uint8Array(QUOTE_WITH_EXTENSIONS + extensions.length);
    if (extensions !== undefined) {
      body.set(quoted.subarray(0, QUOTE_WITH_EXTENSIONS));
      body.set(extensions, QUOTE_WITH_EXTENSIONS);
    }
    // RFC 4884 §4: the length of the quote in words, where something is behind it.
    const rest = extensions === undefined ? 0 : (QUOTE_WITH_EXTENSIONS / 4) << 16;
    const source = this.addressOf(at + 1);
    const ip = ipv4Header({ source, destination: this.#sender(passing), protocol: PROTOCOL_ICMP, ttl: answerTtl ?? 64 - at });
    this.#network.send({ ip, icmp: { type, code, rest, body } });
  }

  /** Who the probe is from, whatever has become of its address on the way. */
  #sender({ ip }: Passing): number {
    return ip.source >>> 8 === this.address >>> 8 ? ip.source : this.address - (this.address & 0xff) + 1;
  }

  #arrive(passing: Passing): void {
    this.arrived.push(passing);
    const { tcp } = passing;
    if (this.answer === undefined || (tcp.flags & (SYN | RST)) !== SYN) return;
    const ack = seqAdd(tcp.seq, this.answer === 'rst' ? segLen(tcp) : 1);
    this.#network.send({
      ip: ipv4Header({ source: this.address, destination: this.#sender(passing), ttl: 64 - this.hops.length }),
      tcp: tcpSegment({
        sourcePort: tcp.destinationPort,
        destinationPort: tcp.sourcePort,
        flags: this.answer === 'rst' ? RST | ACK : SYN | ACK,
        seq: this.answer === 'rst' ? 0 : 0xfffffff0,
        ack,
        window: 512,
        options: this.answer === 'rst' ? [] : answeredOptions(tcp),
      }),
    });
  }
}

/** As a Linux host answers those that it understands. */
const answeredOptions = ({ options }: TcpSegment): TcpSegment['options'] =>
  options
    .filter(({ name }) => name === 'mss' || name === 'sack-permitted' || name === 'timestamps' || name === 'window-scale')
    .map((option) => (option.name === 'timestamps' ? { ...option, value: 9000, echoReply: option.value } : option));

/** A segment in the place of another, as a careful router writes it: its lengths and checksum are right. */
export const withSegment = ({ ip, tcp }: Passing, fields: Partial<TcpSegment>): Passing => ({
  ip: { ...ip, totalLength: undefined },
  tcp: { ...tcp, dataOffset: undefined, checksum: undefined, ...fields },
});

/** A header in the place of another, and the segment's checksum as it follows from it. */
export const withHeader = ({ ip, tcp }: Passing, fields: Partial<Packet['ip']>): Passing => ({
  ip: { ...ip, ihl: undefined, totalLength: undefined, ...fields },
  tcp: { ...tcp, checksum: undefined },
});
