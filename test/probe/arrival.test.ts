import { describe, expect, it } from 'vitest';
import { hear } from '../../src/probe/arrival.ts';
import { ACK, SYN } from '../../src/wire/flags.ts';
import { ipv4Header, PROTOCOL_ICMP } from '../../src/wire/ipv4.ts';
import { encodePacket } from '../../src/wire/packet.ts';
import { tcpSegment } from '../../src/wire/tcp.ts';

const source = 0x0a000002;
const destination = 0x0a000001;
const segment = (checksum?: number) =>
  encodePacket({
    ip: ipv4Header({ source, destination }),
    tcp: tcpSegment({ sourcePort: 80, destinationPort: 40000, seq: 0xfffffffe, ack: 1, flags: SYN | ACK, checksum }),
  });
const hostUnreachable = (quote: Uint8Array, checksum?: number) =>
  encodePacket({
    ip: ipv4Header({ source, destination, protocol: PROTOCOL_ICMP }),
    icmp: { type: 3, code: 1, rest: 0, body: quote, checksum },
  });

describe('hear', () => {
  it('takes a segment, and says whether its checksum holds', () => {
    expect(hear(segment())).toMatchObject({ type: 'segment', tcp: { seq: 0xfffffffe }, checksumOk: true });
    expect(hear(segment(0xbad))).toMatchObject({ type: 'segment', checksumOk: false });
  });

  it('takes an ICMP error that quotes a sequence number', () => {
    const heard = hear(hostUnreachable(segment().subarray(0, 28)));
    expect(heard).toMatchObject({ type: 'icmp', error: { name: 'host-unreachable' }, quotedSeq: 0xfffffffe });
  });

  it.each([
    ['an ICMP error with a wrong checksum', hostUnreachable(segment(), 0xbad), 'ICMP with a wrong checksum'],
    ['an ICMP error that quotes less', hostUnreachable(segment().subarray(0, 27)), 'an ICMP error whose quote is too short'],
    [
      'UDP',
      encodePacket({ ip: ipv4Header({ source, destination, protocol: 17 }), payload: new Uint8Array(8) }),
      'neither TCP nor an ICMP error',
    ],
    ['half a header', segment().subarray(0, 19), 'IPv4: header cut off: 19 of at least 20 bytes (at byte 19)'],
  ])('passes over %s', (_, datagram, reason) => {
    expect(hear(datagram)).toEqual({ type: 'unreadable', reason });
  });
});
