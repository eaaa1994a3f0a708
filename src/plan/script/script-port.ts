/** The port under a script: what is sent and heard becomes events, and counts in the exchange. */
import type { Departure, Moment } from '../../net/moment.ts';
import type { Arrival, Clock, ClockSources, Port } from '../../net/network.ts';
import { type Heard, hear } from '../../probe/arrival.ts';
import type { ProbeContext } from '../../probe/context.ts';
import type { NoteEvent, ScriptEvent, SegmentNote, StartEvent } from '../../probe/events.ts';
import { hasLeft } from '../../probe/leaving.ts';
import { CLOCK_STEPPED, clockMark, icmpEvent, segmentEvent } from '../../probe/segment-event.ts';
import {
  copyId,
  craft,
  datagramOf,
  drawNumbers,
  type SegmentFlow,
  type SegmentNumbers,
  type SegmentSpec,
} from '../../probe/segment-spec.ts';
import { sourceOf, startEvent } from '../../probe/start-event.ts';
import { RST } from '../../wire/flags.ts';
import { Exchange } from './exchange.ts';
import type { ScriptTarget } from './request.ts';

/** What came for us and can be read. */
export interface Came {
  at: Moment;
  heard: Exclude<Heard, { type: 'unreadable' }>;
  /** The peer sends sequence numbers again that have come before. */
  isRetransmission: boolean;
  /** Its very like has come before. */
  isDuplicate: boolean;
}

/** Sequence numbers of ours that an ICMP error may quote: the latest ones. */
const MOST_QUOTABLE = 4096;

export class ScriptPort {
  readonly exchange: Exchange;
  /** The zero of all event times; undefined before the start is told. */
  startedAtUs: number | undefined;
  sent = 0;
  received = 0;
  readonly #port: Port;
  readonly #target: ScriptTarget;
  readonly #context: ProbeContext;
  readonly #clock: Clock;
  readonly #flow: SegmentFlow;
  readonly #numbers: SegmentNumbers;
  #clocks: ClockSources = { transmit: 'user', receive: 'user' };
  /** How often the wall clock had been stepped when something last came, or the first segment left. */
  #wallSteps = 0;
  readonly #quotable = new Set<number>();

  /** @param iss undefined: drawn. @throws NetError */
  constructor(target: ScriptTarget, context: ProbeContext, iss: number | undefined) {
    const { clock } = context.network;
    const { address, source, sourcePort, interfaceName } = target;
    this.#port = context.network.openPort({ destination: address, destinationPort: target.port, source, sourcePort, interfaceName });
    const { route, port } = this.#port;
    this.#flow = { source: route.sourceAddress, sourcePort: port, destination: address, destinationPort: target.port };
    const tuple = { localAddress: route.sourceAddress, localPort: port, remoteAddress: address, remotePort: target.port };
    this.#numbers = drawNumbers(context.random, route.mtu, () => iss ?? context.iss(tuple, clock.nowUs()));
    this.exchange = new Exchange(this.#numbers.seq);
    this.#target = target;
    this.#context = context;
    this.#clock = clock;
  }

  /** Our timestamp clock, in milliseconds from a random start. */
  get timestamp(): number {
    return (this.#numbers.timestamp + Math.floor(this.#clock.nowUs() / 1000)) >>> 0;
  }

  get kernelDrops(): number {
    return this.#port.dropped;
  }

  /** As {@link Port.next}. */
  next(deadlineUs: number): Promise<Arrival | undefined> {
    return this.#port.next(deadlineUs);
  }

  wake(): void {
    this.#port.wake();
  }

  close(): void {
    this.#port.close();
  }

  /** The start, told before anything else. @param at when it was */
  begin(at: Moment): StartEvent {
    const port = this.#port;
    this.startedAtUs = at.atUs;
    this.#wallSteps = at.wallSteps;
    this.#clocks = { ...this.#context.network.clockSources, transmit: at.stamped ? 'kernel' : 'user' };
    return startEvent('script', this.#target, sourceOf(port), { atUs: at.atUs, clocks: this.#clocks }, this.#clock);
  }

  /**
   * Sends a segment and tells of it, and of the start where it is the first.
   * @returns when it left
   * @throws NetError where this host can't send it
   * @throws EncodeError where it can't be put into bytes
   */
  async *send(spec: SegmentSpec): AsyncGenerator<ScriptEvent, Departure> {
    const { departure, tell } = this.#dispatch(spec, undefined);
    if (this.startedAtUs === undefined) {
      await hasLeft(departure, this.#clock, () => this.#port.queued > 0);
      yield this.begin(departure);
    }
    yield tell();
    return departure;
  }

  /** Resets what the peer holds open. @throws NetError */
  *reset(): Generator<ScriptEvent, void> {
    for (const seq of this.exchange.resets) yield this.#dispatch({ flags: RST, seq, namedOptions: { preset: 'none' } }, 'cleanup').tell();
  }

  #dispatch(spec: SegmentSpec, note: SegmentNote | undefined): { departure: Departure; tell: () => ScriptEvent } {
    const crafted = craft(spec, this.#flow, this.#numbers);
    const id = copyId(spec, this.#numbers, this.sent);
    const datagram = datagramOf(crafted, id);
    const departure = this.#port.send(datagram);
    const { tcp, ip } = crafted;
    const { exchange } = this;
    this.sent++;
    exchange.sends(tcp, spec.checksum === undefined);
    this.#quotable.add(tcp.seq);
    if (this.#quotable.size > MOST_QUOTABLE) this.#quotable.delete(this.#quotable.values().next().value as number);
    const tell = () =>
      segmentEvent({ ...ip, id }, tcp, {
        direction: 'sent',
        atUs: this.relative(departure.atUs),
        clock: clockMark(departure, this.#clocks.transmit),
        datagram,
        senderIsn: exchange.iss,
        receiverIsn: exchange.irs,
        note,
      });
    return { departure, tell };
  }

  /** Tells of what came. @returns it, where it is for us and can be read */
  *take(arrival: Arrival): Generator<ScriptEvent, Came | undefined> {
    const atUs = this.relative(arrival.atUs);
    if (arrival.wallSteps > this.#wallSteps) yield this.note('clock-stepped', CLOCK_STEPPED, arrival.atUs);
    this.#wallSteps = arrival.wallSteps;
    const heard = hear(arrival.datagram);
    if (heard.type === 'unreadable') {
      yield this.note('ignored', `Ignored a datagram: ${heard.reason}.`, arrival.atUs, arrival.datagram);
      return undefined;
    }
    if (heard.type === 'icmp') {
      if (!this.#quotable.has(heard.quotedSeq)) {
        const text = `Ignored an ICMP error (${heard.error.name}) about a segment that we did not send.`;
        yield this.note('icmp-ignored', text, arrival.atUs, arrival.datagram);
        return undefined;
      }
      yield icmpEvent(heard, atUs);
      return { at: arrival, heard, isRetransmission: false, isDuplicate: false };
    }
    const { exchange } = this;
    this.received++;
    const note = heard.checksumOk ? exchange.hears(heard.tcp) : 'bad-checksum';
    yield segmentEvent(heard.ip, heard.tcp, {
      direction: 'received',
      atUs,
      clock: clockMark(arrival, this.#clocks.receive),
      datagram: heard.datagram,
      senderIsn: exchange.irs,
      receiverIsn: exchange.iss,
      note,
    });
    if (note === 'bad-checksum') return undefined;
    return { at: arrival, heard, isRetransmission: note === 'retransmission', isDuplicate: note === 'duplicate' };
  }

  note(code: NoteEvent['code'], text: string, atUs: number, datagram?: Uint8Array): NoteEvent {
    return { type: 'note', atUs: this.relative(atUs), code, text, datagram };
  }

  relative(atUs: number): number {
    return atUs - (this.startedAtUs ?? atUs);
  }
}
