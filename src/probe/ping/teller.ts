/** Each segment and each ICMP error as an event, where they are to be told. */
import type { Departure } from '../../net/moment.ts';
import type { PortArrival } from '../../net/network.ts';
import { SYN } from '../../wire/flags.ts';
import type { Ipv4Header } from '../../wire/ipv4.ts';
import type { TcpSegment } from '../../wire/tcp.ts';
import type { Heard } from '../arrival.ts';
import type { IcmpEvent, NoteEvent, SegmentEvent, SegmentNote } from '../events.ts';
import { CLOCK_STEPPED, clockMark, icmpEvent, segmentEvent } from '../segment-event.ts';
import type { Timeline } from './probe.ts';
import type { SegmentProbe } from './segment-probe.ts';

interface Sent {
  ip: Ipv4Header;
  tcp: TcpSegment;
  datagram: Uint8Array;
  fragments: readonly Uint8Array[] | undefined;
  departure: Departure;
  probe: SegmentProbe | undefined;
  isReset: boolean;
}

export class Teller {
  readonly told: (SegmentEvent | IcmpEvent | NoteEvent)[] = [];
  /** Their stamps may still come. */
  readonly #sent: Sent[] = [];
  readonly #isWanted: boolean;
  readonly #timeline: Timeline;
  #wallSteps: number | undefined;

  constructor(isWanted: boolean, timeline: Timeline) {
    this.#isWanted = isWanted;
    this.#timeline = timeline;
  }

  /** It is told of with what is heard next, when its stamp has come. */
  sent(sent: Sent): void {
    if (this.#isWanted) this.#sent.push(sent);
  }

  /** Tells what has been sent. */
  flush(): void {
    for (const { ip, tcp, datagram, fragments, departure, probe, isReset } of this.#sent.splice(0)) {
      this.told.push(
        segmentEvent(ip, tcp, {
          direction: 'sent',
          atUs: this.relative(departure.atUs),
          clock: clockMark(departure, this.#timeline.begun?.clocks.transmit ?? 'user'),
          datagram,
          fragments,
          senderIsn: probe?.seq,
          receiverIsn: undefined,
          ...(isReset ? { note: 'cleanup' } : { transmission: 1 }),
          variant: variantOf(probe),
        }),
      );
    }
  }

  /** To be called with every arrival. */
  arrives({ atUs, wallSteps }: PortArrival): void {
    this.flush();
    if (wallSteps > (this.#wallSteps ?? wallSteps))
      this.told.push({ type: 'note', atUs: this.relative(atUs), code: 'clock-stepped', text: CLOCK_STEPPED });
    this.#wallSteps = wallSteps;
  }

  heard(
    { ip, tcp, datagram }: Extract<Heard, { type: 'segment' }>,
    arrival: PortArrival,
    probe: SegmentProbe | undefined,
    note: SegmentNote | undefined,
  ): void {
    if (!this.#isWanted) return;
    this.told.push(
      segmentEvent(ip, tcp, {
        direction: 'received',
        atUs: this.relative(arrival.atUs),
        clock: clockMark(arrival, this.#timeline.begun?.clocks.receive ?? 'user'),
        datagram,
        senderIsn: tcp.flags & SYN ? tcp.seq : undefined,
        receiverIsn: probe?.seq,
        note,
        variant: variantOf(probe),
      }),
    );
  }

  icmp(heard: Extract<Heard, { type: 'icmp' }>, { atUs }: PortArrival, probe: SegmentProbe): void {
    if (this.#isWanted) this.told.push(icmpEvent(heard, this.relative(atUs), variantOf(probe)));
  }

  relative(atUs: number): number {
    return atUs - (this.#timeline.begun?.atUs ?? atUs);
  }
}

const variantOf = (probe: SegmentProbe | undefined): string | undefined => probe && `probe ${probe.sequence}`;
