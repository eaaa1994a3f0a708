/** What is told of a run of `send`: what left and what came, in the order in which it happened, at times from the first segment on. */
import type { Departure } from '../../net/moment.ts';
import type { Arrival, ClockSources, Network } from '../../net/network.ts';
import type { Ipv4Header } from '../../wire/ipv4.ts';
import type { TcpSegment } from '../../wire/tcp.ts';
import { hear } from '../arrival.ts';
import type { NoteEvent, SegmentEvent, SegmentNote, SendEvent, SendResult, StartEvent } from '../events.ts';
import { CLOCK_STEPPED, clockMark, icmpEvent, segmentEvent } from '../segment-event.ts';
import { datagramOf } from '../segment-spec.ts';
import { sourceOf, startEvent } from '../start-event.ts';
import type { SendRequest } from './request.ts';
import type { Trial } from './trial.ts';

/** A copy that was sent. Its bytes are made when it is told of: thousands of them would be a burden while we send. */
interface Outgoing {
  trial: Trial;
  departure: Departure;
  id: number;
}

/** What a trial's port has heard. */
export interface HeardBy {
  trial: Trial;
  arrival: Arrival;
}

export class Account {
  /** What came and did not count. */
  readonly ignored: SendResult['ignored'] = {};
  readonly #request: SendRequest;
  readonly #network: Network;
  /** Sent, and not yet told of: answers that came before it go first. */
  readonly #untold: Outgoing[] = [];
  /** How many of those have been told of meanwhile. */
  #told = 0;
  /** The start has been told. */
  #hasBegun = false;
  #startedAtUs: number | undefined;
  /** What dates the segments, as told at the start. */
  #clocks: ClockSources = { transmit: 'user', receive: 'user' };
  /** How often the wall clock had been stepped when something last arrived, or the first segment left. */
  #wallSteps = 0;

  constructor(request: SendRequest, network: Network) {
    this.#request = request;
    this.#network = network;
  }

  /** When the first segment left; undefined before. */
  get startedAtUs(): number | undefined {
    return this.#startedAtUs;
  }

  get untold(): number {
    return this.#untold.length;
  }

  begin({ atUs, wallSteps, stamped }: Departure): void {
    this.#startedAtUs = atUs;
    this.#wallSteps = wallSteps;
    this.#clocks = { ...this.#network.clockSources, transmit: stamped ? 'kernel' : 'user' };
  }

  relative(atUs: number): number {
    return atUs - (this.#startedAtUs ?? atUs);
  }

  /** A copy has left; it is told of in its turn among the answers. */
  sent(copy: Outgoing): void {
    this.#untold.push(copy);
  }

  /** Tells what was sent up to a time. */
  *tell(untilUs: number): Generator<SendEvent, void> {
    for (; this.#told < this.#untold.length; this.#told++) {
      const copy = this.#untold[this.#told] as Outgoing;
      if (copy.departure.atUs > untilUs) return;
      if (!this.#hasBegun) yield this.#startEvent(copy);
      this.#hasBegun = true;
      yield this.#copyEvent(copy);
    }
    this.#untold.length = 0;
    this.#told = 0;
  }

  /** Tells what was sent before something came, and that. */
  *take({ trial, arrival }: HeardBy): Generator<SendEvent, void> {
    yield* this.tell(arrival.atUs);
    const what = hear(arrival.datagram);
    const atUs = this.relative(arrival.atUs);
    if (arrival.wallSteps > this.#wallSteps) yield this.#note('clock-stepped', CLOCK_STEPPED, atUs);
    this.#wallSteps = arrival.wallSteps;
    if (what.type === 'unreadable') {
      this.#ignore('malformed');
      yield this.#note('ignored', `Ignored a datagram: ${what.reason}.`, atUs, arrival.datagram);
    } else if (what.type === 'icmp') {
      if (what.quotedSeq !== trial.crafted.tcp.seq) {
        this.#ignore('icmp');
        const text = `Ignored an ICMP error (${what.error.name}) about a segment that we did not send.`;
        yield this.#note('icmp-ignored', text, atUs, arrival.datagram);
        return;
      }
      trial.hearsIcmp(what.error.name, arrival);
      yield icmpEvent(what, atUs, trial.variant.label);
    } else {
      const note = what.checksumOk ? trial.hears(what.tcp, what.ip.ttl, arrival) : 'bad-checksum';
      if (note !== undefined && note !== 'retransmission') this.#ignore(note);
      yield segmentEvent(what.ip, what.tcp, {
        direction: 'received',
        atUs,
        clock: clockMark(arrival, this.#clocks.receive),
        datagram: what.datagram,
        senderIsn: trial.irs,
        receiverIsn: trial.crafted.tcp.seq,
        note,
        variant: trial.variant.label,
      });
    }
  }

  resetEvent({ crafted, irs, variant }: Trial, ip: Ipv4Header, tcp: TcpSegment, datagram: Uint8Array, departure: Departure): SegmentEvent {
    return segmentEvent(ip, tcp, {
      direction: 'sent',
      atUs: this.relative(departure.atUs),
      clock: clockMark(departure, this.#clocks.transmit),
      datagram,
      senderIsn: crafted.tcp.seq,
      receiverIsn: irs,
      note: 'cleanup',
      variant: variant.label,
    });
  }

  /** Of half-open connections that are given up as they are. */
  releasedEvent(): NoteEvent {
    const text = "Half-open connections are left; from now on the kernel answers the peer's segments with RST.";
    return this.#note('guard-released', text, this.relative(this.#network.clock.nowUs()));
  }

  #copyEvent({ trial, departure, id }: Outgoing): SegmentEvent {
    const { crafted, variant } = trial;
    trial.sends(departure);
    return segmentEvent({ ...crafted.ip, id }, crafted.tcp, {
      direction: 'sent',
      atUs: this.relative(departure.atUs),
      clock: clockMark(departure, this.#clocks.transmit),
      datagram: datagramOf(crafted, id),
      senderIsn: crafted.tcp.seq,
      receiverIsn: trial.irs,
      transmission: trial.sent,
      variant: variant.label,
      fragments: trial.fragments(id),
    });
  }

  #ignore(note: SegmentNote | 'icmp'): void {
    this.ignored[note] = (this.ignored[note] ?? 0) + 1;
  }

  #note(code: NoteEvent['code'], text: string, atUs: number, datagram?: Uint8Array): NoteEvent {
    return { type: 'note', atUs, code, text, datagram };
  }

  #startEvent({ trial, departure }: Outgoing): StartEvent {
    const begun = { atUs: this.#startedAtUs ?? departure.atUs, clocks: this.#clocks };
    return startEvent('send', this.#request, sourceOf(trial.port), begun, this.#network.clock);
  }
}
