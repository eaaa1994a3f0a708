/** Each segment and each ICMP error as an event, where they are to be told. */
import type { Departure } from '../net/moment.ts';
import type { Arrival, ClockSources } from '../net/network.ts';
import { SYN } from '../wire/flags.ts';
import type { Ipv4Header } from '../wire/ipv4.ts';
import type { TcpSegment } from '../wire/tcp.ts';
import type { Heard } from './arrival.ts';
import type { IcmpEvent, NoteEvent, SegmentEvent, SegmentNote } from './events.ts';
import { CLOCK_STEPPED, clockMark, icmpEvent, segmentEvent } from './segment-event.ts';

/** When the first probe left, from where on events count, and what dates them. Undefined until then. */
export interface Timeline {
  begun: { atUs: number; clocks: ClockSources } | undefined;
}

/** A probe that is one segment, as far as what is told of segments needs it. */
export interface ToldProbe {
  readonly seq: number;
  /** Which one it is, such as `probe 3`. */
  readonly label: string;
}

interface Sent {
  ip: Ipv4Header;
  tcp: TcpSegment;
  datagram: Uint8Array;
  fragments: readonly Uint8Array[] | undefined;
  departure: Departure;
  probe: ToldProbe | undefined;
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
          variant: probe?.label,
        }),
      );
    }
  }

  /** What somebody else has made an event of. */
  add(event: SegmentEvent | IcmpEvent | NoteEvent): void {
    if (this.#isWanted || event.type === 'note') this.told.push(event);
  }

  /** To be called with every arrival. */
  arrives({ atUs, wallSteps }: Arrival): void {
    this.flush();
    if (wallSteps > (this.#wallSteps ?? wallSteps))
      this.told.push({ type: 'note', atUs: this.relative(atUs), code: 'clock-stepped', text: CLOCK_STEPPED });
    this.#wallSteps = wallSteps;
  }

  heard(
    { ip, tcp, datagram }: Extract<Heard, { type: 'segment' }>,
    arrival: Arrival,
    probe: ToldProbe | undefined,
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
        variant: probe?.label,
      }),
    );
  }

  icmp(heard: Extract<Heard, { type: 'icmp' }>, { atUs }: Arrival, probe: ToldProbe): void {
    if (this.#isWanted) this.told.push(icmpEvent(heard, this.relative(atUs), probe.label));
  }

  relative(atUs: number): number {
    return atUs - (this.#timeline.begun?.atUs ?? atUs);
  }
}
