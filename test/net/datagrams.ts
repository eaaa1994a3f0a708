import type { Flow } from '../../src/net/flow.ts';
import { ipv4Header, PROTOCOL_ICMP } from '../../src/wire/ipv4.ts';
import { encodePacket, type Packet } from '../../src/wire/packet.ts';
import { tcpSegment } from '../../src/wire/tcp.ts';

type Ip = Partial<Packet['ip']>;

/** A segment that the peer sends to us. */
export const fromPeer = ({ address, port, peerAddress, peerPort }: Flow, ip: Ip = {}, flags = 0): Uint8Array =>
  encodePacket({
    ip: ipv4Header({ source: peerAddress, destination: address, ...ip }),
    tcp: tcpSegment({ sourcePort: peerPort, destinationPort: port, flags }),
  });

/** A segment that we send to the peer. */
export const toPeer = ({ address, port, peerAddress, peerPort }: Flow, ip: Ip = {}): Uint8Array =>
  fromPeer({ address: peerAddress, port: peerPort, peerAddress: address, peerPort: port }, ip);

/** An ICMP error of a router that quotes a datagram. */
export const icmpAbout = (quoted: Uint8Array, type = 3, code = 1, ip: Ip = {}): Uint8Array =>
  encodePacket({
    ip: ipv4Header({ source: 0x0a000001, destination: 0x0a000002, protocol: PROTOCOL_ICMP, ...ip }),
    icmp: { type, code, rest: 0, body: quoted },
  });
