/** The peer must not be left with half a connection because of a probe. */
import { NetError } from '../net/errors.ts';
import type { Port } from '../net/network.ts';
import { RST } from '../wire/flags.ts';
import { ipv4Header } from '../wire/ipv4.ts';
import { encodePacket } from '../wire/packet.ts';
import { tcpSegment } from '../wire/tcp.ts';
import type { SegmentFlow } from './segment-spec.ts';
import type { Teller, ToldProbe } from './teller.ts';

/**
 * Sends <SEQ=SEG.ACK><CTL=RST> (RFC 9293 §3.10.7.3) and tells of it.
 * @param id the identification of its datagram
 * @returns whether it left; where this machine can't send, the next probe will tell
 */
export function sendReset(
  port: Port,
  flow: SegmentFlow,
  { seq, id }: { seq: number; id: number },
  probe: ToldProbe | undefined,
  teller: Teller,
): boolean {
  const { source, sourcePort, destination, destinationPort } = flow;
  const tcp = tcpSegment({ sourcePort, destinationPort, seq, flags: RST });
  const ip = ipv4Header({ source, destination, id });
  const datagram = encodePacket({ ip, tcp });
  try {
    const departure = port.send(datagram);
    teller.sent({ ip, tcp, datagram, fragments: undefined, departure, probe, isReset: true });
    return true;
  } catch (error) {
    if (!(error instanceof NetError)) throw error;
    return false;
  }
}
