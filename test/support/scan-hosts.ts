/** Hosts on the wire of memory that answer probes, each port as it is told to. */
import type { MemoryWire } from '../../src/net/memory.ts';
import { type Ipv4Address, parseIpv4 } from '../../src/wire/address.ts';
import { ACK, RST, SYN } from '../../src/wire/flags.ts';
import { type Ipv4Header, ipv4Header } from '../../src/wire/ipv4.ts';
import { decodePacket, encodePacket, type Packet, verifyTcpChecksum } from '../../src/wire/packet.ts';
import { seqAdd } from '../../src/wire/seq.ts';
import { segLen, type TcpSegment, tcpSegment } from '../../src/wire/tcp.ts';
import { KIND_MSS } from '../../src/wire/tcp-options.ts';

export const address = (text: string): Ipv4Address => parseIpv4(text) as Ipv4Address;

/** A probe as a host sees it. */
export interface Seen {
  ip: Ipv4Header;
  tcp: TcpSegment;
  datagram: Uint8Array;
  atUs: number;
}

/** What a port says to a probe; undefined: nothing. */
export type Answerer = (probe: Seen) => Uint8Array | undefined;

/** A segment back to who sent the probe. */
export function reply({ ip, tcp }: Seen, fields: Partial<TcpSegment>, ttl = 64): Uint8Array {
  return encodePacket({
    ip: ipv4Header({ source: ip.destination, destination: ip.source, ttl }),
    tcp: tcpSegment({ sourcePort: tcp.destinationPort, destinationPort: tcp.sourcePort, ...fields }),
  });
}

/** What a listener of Linux's says. */
export const SYN_ACK = { flags: SYN | ACK, seq: 7000, window: 64_240, options: [{ kind: KIND_MSS, name: 'mss', mss: 1460 } as const] };

export const open: Answerer = (probe) => reply(probe, { ...SYN_ACK, ack: seqAdd(probe.tcp.seq, 1) });

/** RFC 9293 §3.10.7.1. */
export const closed: Answerer = (probe) => {
  const { flags, seq, ack } = probe.tcp;
  if (flags & ACK) return reply(probe, { flags: RST, seq: ack });
  return reply(probe, { flags: RST | ACK, seq: 0, ack: seqAdd(seq, segLen(probe.tcp)) });
};

export const silent: Answerer = () => undefined;

/** Puts a host on the wire. */
export function attachHost(wire: MemoryWire, at: Ipv4Address, answererOf: (port: number) => Answerer): void {
  wire.attach(at, (datagram, atUs) => {
    const { ip, tcp } = readable(datagram) ?? {};
    if (ip === undefined || tcp === undefined || verifyTcpChecksum(ip, datagram) === 'wrong') return;
    const answer = answererOf(tcp.destinationPort)({ ip, tcp, datagram, atUs });
    if (answer !== undefined) wire.send(answer);
  });
}

/** Undefined where it was garbled on the way. */
function readable(datagram: Uint8Array): Packet | undefined {
  try {
    return decodePacket(datagram);
  } catch {
    return undefined;
  }
}
