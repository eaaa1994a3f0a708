/** Every segment and ICMP error of a scan as an event, for captures. */
import { decodePacket } from '../../wire/packet.ts';
import { hear } from '../arrival.ts';
import type { ScanEvent, SegmentEvent } from '../events.ts';
import { icmpEvent, segmentEvent } from '../segment-event.ts';

export class Transcript {
  readonly #events: ScanEvent[];

  /** @param events what is told is put behind these */
  constructor(events: ScanEvent[]) {
    this.#events = events;
  }

  /** @param datagram its own copy, and so for what was heard */
  sent(datagram: Uint8Array, atUs: number): void {
    this.#tell(decodePacket(datagram), 'sent', atUs, datagram, undefined);
  }

  heard(datagram: Uint8Array, atUs: number): void {
    const heard = hear(datagram);
    if (heard.type === 'icmp') this.#events.push(icmpEvent(heard, atUs));
    else if (heard.type === 'segment') this.#tell(heard, 'received', atUs, datagram, heard.checksumOk ? undefined : 'bad-checksum');
  }

  #tell(
    { ip, tcp }: Pick<ReturnType<typeof decodePacket>, 'ip' | 'tcp'>,
    direction: SegmentEvent['direction'],
    atUs: number,
    datagram: Uint8Array,
    note: SegmentEvent['note'],
  ): void {
    if (tcp === undefined) return;
    this.#events.push(segmentEvent(ip, tcp, { direction, atUs, datagram, senderIsn: undefined, receiverIsn: undefined, note }));
  }
}
