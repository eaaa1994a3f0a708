/** Crafted segments, sent as asked, and all that comes back. */
import { NetError } from '../../net/errors.ts';
import { Inbox } from '../../net/inbox.ts';
import type { Departure } from '../../net/moment.ts';
import type { Arrival, Clock, ClockSources } from '../../net/network.ts';
import { formatIpv4 } from '../../wire/address.ts';
import { ipv4Header, withIdentification } from '../../wire/ipv4.ts';
import { encodePacket } from '../../wire/packet.ts';
import { hear } from '../arrival.ts';
import type { ProbeContext } from '../context.ts';
import {
  type NoteEvent,
  SCHEMA_VERSION,
  type SegmentEvent,
  type SegmentNote,
  type SendEvent,
  type SendResult,
  type StartEvent,
} from '../events.ts';
import { hasLeft } from '../leaving.ts';
import { Pace } from '../pace.ts';
import { CLOCK_STEPPED, clockMark, icmpEvent, isoTime, segmentEvent } from '../segment-event.ts';
import { datagramOf, drawNumbers } from '../segment-spec.ts';
import { VERSION } from '../version.ts';
import type { SendRequest, Variant } from './request.ts';
import { sendResult } from './result.ts';
import { Trial } from './trial.ts';

/** Sends in a row after which we see whether what has come back must be read: it may not overflow the kernel's buffer. */
const LOOK_EVERY = 64;
const FULL_BACKLOG = 0.5;
const MOST_UNTOLD = 16_384;
/** What has come is read by then, a full buffer too. */
const LONGEST_READING_US = 1_000_000;
/** Sends in a row after which signals and timers are looked at: some 50 ms. */
const BREATHE_EVERY = 4096;

/** A copy that was sent. Its bytes are made when it is told of: thousands of them would be a burden while we send. */
interface Outgoing {
  trial: Trial;
  departure: Departure;
  id: number;
}

/** What a trial's port has heard. */
interface HeardBy {
  trial: Trial;
  arrival: Arrival;
}

/**
 * Sends the segments and tells of each and of each answer. The last event is the result.
 * Leaving the loop early resets half-open connections, where cleanup is wanted.
 * @throws NetError where this machine can't begin; later errors stand in the result
 * @throws EncodeError where a segment can't be put into bytes
 */
export async function* send(request: SendRequest, context: ProbeContext): AsyncGenerator<SendEvent, void> {
  const run = new SendRun(request, context);
  const wake = () => run.inbox.wake();
  context.signal?.addEventListener('abort', wake);
  try {
    yield* run.events();
  } finally {
    context.signal?.removeEventListener('abort', wake);
    run.close();
  }
}

class SendRun {
  readonly inbox: Inbox<HeardBy>;
  private readonly request: SendRequest;
  private readonly context: ProbeContext;
  private readonly clock: Clock;
  private readonly trials: Trial[] = [];
  private readonly ignored: SendResult['ignored'] = {};
  /** Sent, and not yet told of: answers that came before it go first. */
  private readonly untold: Outgoing[] = [];
  /** How many of those have been told of meanwhile. */
  private told = 0;
  /** Copies sent since we saw how full the kernel's buffer is. */
  private sinceLook = 0;
  private sinceBreath = 0;
  /** The start has been told. */
  private begun = false;
  private startedAtUs: number | undefined;
  private lastSent: Departure | undefined;
  /** What dates the segments, as told at the start. */
  private clocks: ClockSources = { transmit: 'user', receive: 'user' };
  /** How often the wall clock had been stepped when something last arrived, or the first segment left. */
  private wallSteps = 0;
  private satisfied = false;

  constructor(request: SendRequest, context: ProbeContext) {
    this.request = request;
    this.context = context;
    this.clock = context.network.clock;
    this.inbox = new Inbox(this.clock);
  }

  async *events(): AsyncGenerator<SendEvent, void> {
    const { request } = this;
    let error: NetError | undefined;
    try {
      yield* this.sendAll();
      yield* this.listenUntil(this.clock.nowUs() + request.timeoutMs * 1000);
      if (request.cleanup) yield* this.cleanUp();
      else yield* this.hold();
    } catch (caught) {
      // Before the first segment there is nothing to report but the error.
      if (!(caught instanceof NetError) || this.startedAtUs === undefined) throw caught;
      error = caught;
    }
    yield* this.tell(Number.POSITIVE_INFINITY);
    const sendingUs = this.lastSent === undefined ? 0 : this.relative(this.lastSent.atUs);
    yield sendResult(request, this.trials, { ignored: this.ignored, sendingUs, ended: this.ended, error });
  }

  /** Gives the ports back. What is still half open is reset as far as this host lets us. */
  close(): void {
    try {
      if (this.request.cleanup) for (const _event of this.cleanUp());
    } catch (error) {
      // This host could not send before either; the error that brought us here says more.
      if (!(error instanceof NetError)) throw error;
    } finally {
      for (const { port } of this.trials) port.close();
    }
  }

  private get interrupted(): boolean {
    return this.context.signal?.aborted === true;
  }

  private get deadlineUs(): number {
    return (this.startedAtUs ?? this.clock.nowUs()) + this.request.deadlineMs * 1000;
  }

  private get over(): boolean {
    return this.interrupted || this.satisfied || this.clock.nowUs() >= this.deadlineUs;
  }

  private get ended(): SendResult['ended'] {
    if (this.interrupted) return 'interrupted';
    if (this.request.repeatUntil !== undefined) return this.satisfied ? undefined : 'not-as-awaited';
    return this.over ? 'deadline' : undefined;
  }

  /** Each variant as often as asked, at the interval, listening in between. */
  private async *sendAll(): AsyncGenerator<SendEvent, void> {
    const { request, clock } = this;
    const intervalUs = request.intervalMs * 1000;
    const pace = new Pace();
    for (const variant of request.variants) {
      let trial: Trial | undefined;
      for (let left = request.count; left > 0; ) {
        if (clock.nowUs() < pace.dueAtUs) yield* this.listenUntil(pace.dueAtUs);
        else if (this.mustListen) yield* this.listenNow();
        if (this.sinceBreath >= BREATHE_EVERY) await this.breathe();
        if (this.over) return;
        trial ??= this.open(variant);
        const together = Math.min(left, this.mostTogether);
        const departure = this.sendCopies(trial, together);
        left -= together;
        if (this.startedAtUs === undefined) await this.begin(departure);
        pace.left(departure.handedOverAtUs, intervalUs);
      }
    }
  }

  /** Copies that may leave by one call: the first one tells when the run began, and an answer may end it. */
  private get mostTogether(): number {
    const { intervalMs, repeatUntil } = this.request;
    return intervalMs > 0 || repeatUntil !== undefined || this.startedAtUs === undefined ? 1 : LOOK_EVERY;
  }

  /** While there is no time to wait for answers: whether those that have come must be read before more is sent. */
  private get mustListen(): boolean {
    if (this.sinceLook < LOOK_EVERY) return false;
    this.sinceLook = 0;
    return this.request.repeatUntil !== undefined || this.untold.length >= MOST_UNTOLD || this.backlog > FULL_BACKLOG;
  }

  /** Where nothing comes, no promise waits for anything: signals and timers would wait for the end. */
  private async breathe(): Promise<void> {
    await new Promise(setImmediate);
    this.sinceBreath = 0;
  }

  private open(variant: Variant): Trial {
    const { request, context } = this;
    const port = context.network.openPort({
      destination: request.address,
      destinationPort: request.port,
      source: request.source,
      sourcePort: variant.sourcePort ?? request.sourcePort,
      interfaceName: request.interfaceName,
    });
    try {
      const { sourceAddress, mtu } = port.route;
      const flow = { source: sourceAddress, sourcePort: port.port, destination: request.address, destinationPort: request.port };
      const tuple = { localAddress: sourceAddress, localPort: port.port, remoteAddress: request.address, remotePort: request.port };
      const numbers = drawNumbers(context.random, mtu, () => context.iss(tuple, this.clock.nowUs()));
      const trial = new Trial(port, variant, flow, numbers);
      this.trials.push(trial);
      void this.hearAll(trial);
      return trial;
    } catch (error) {
      port.close();
      throw error;
    }
  }

  /** Brings what one port hears to where all is taken from, until the port is closed. */
  private async hearAll(trial: Trial): Promise<void> {
    try {
      for (;;) {
        const arrival = await trial.port.next(Number.POSITIVE_INFINITY);
        if (arrival === undefined) return;
        this.inbox.push({ trial, arrival });
      }
    } catch (error) {
      this.inbox.fail(error as Error);
    }
  }

  /** Sends now; each copy is told of in its turn among the answers. @returns of the last one */
  private sendCopies(trial: Trial, count: number): Departure {
    const { pieces, port } = trial;
    const ids: number[] = [];
    const datagrams: Uint8Array[] = [];
    for (let copy = 0; copy < count; copy++) {
      const id = trial.takeId();
      ids.push(id);
      for (const piece of pieces) datagrams.push(withIdentification(piece, id));
    }
    let gone = 0;
    while (gone < datagrams.length) {
      for (const departure of port.sendMany(gone === 0 ? datagrams : datagrams.slice(gone))) {
        // The last fragment completes the segment: the answer is to it.
        if (++gone % pieces.length > 0) continue;
        this.lastSent = departure;
        this.untold.push({ trial, departure, id: ids[gone / pieces.length - 1] as number });
      }
    }
    this.sinceLook += count;
    this.sinceBreath += count;
    return this.lastSent as Departure;
  }

  /** All times begin when the first segment has left. */
  private async begin(first: Departure): Promise<void> {
    await hasLeft(first, this.clock, () => this.inbox.length > 0);
    this.startedAtUs = first.atUs;
    this.wallSteps = first.wallSteps;
    this.clocks = { ...this.context.network.clockSources, transmit: first.stamped ? 'kernel' : 'user' };
  }

  /** Tells what was sent up to a time. */
  private *tell(untilUs: number): Generator<SendEvent, void> {
    const { untold } = this;
    for (; this.told < untold.length; this.told++) {
      const outgoing = untold[this.told] as Outgoing;
      if (outgoing.departure.atUs > untilUs) return;
      if (!this.begun) yield this.startEvent(outgoing.trial);
      this.begun = true;
      yield this.tellOne(outgoing);
    }
    untold.length = 0;
    this.told = 0;
  }

  private tellOne({ trial, departure, id }: Outgoing): SegmentEvent {
    const { crafted, variant } = trial;
    trial.sends(departure);
    return segmentEvent({ ...crafted.ip, id }, crafted.tcp, {
      direction: 'sent',
      atUs: this.relative(departure.atUs),
      clock: clockMark(departure, this.clocks.transmit),
      datagram: datagramOf(crafted, id),
      senderIsn: crafted.tcp.seq,
      receiverIsn: trial.irs,
      transmission: trial.sent,
      variant: variant.label,
      fragments: trial.fragments(id),
    });
  }

  private relative(atUs: number): number {
    return atUs - (this.startedAtUs ?? atUs);
  }

  /** What has come until now, and what was sent, in the order in which it happened. */
  private async *listenNow(): AsyncGenerator<SendEvent, void> {
    const nowUs = this.clock.nowUs();
    let isDue = true;
    // Somebody who goes on and on must not keep us here.
    while (isDue && (this.inbox.length > 0 || this.backlog > 0)) {
      // Lets the event loop look at the sockets.
      await new Promise(setImmediate);
      while (isDue && this.inbox.length > 0) {
        const heard = (await this.inbox.next(0)) as HeardBy;
        // Without a stamp all of them seem to come just now, when we read them.
        isDue = heard.arrival.atUs <= nowUs + (heard.arrival.stamped ? 0 : LONGEST_READING_US);
        yield* this.take(heard);
      }
    }
    yield* this.tell(Number.POSITIVE_INFINITY);
  }

  private async *listenUntil(untilUs: number): AsyncGenerator<SendEvent, void> {
    yield* this.listenNow();
    while (!this.over) {
      const heard = await this.inbox.next(Math.min(untilUs, this.deadlineUs));
      if (heard !== undefined) yield* this.take(heard);
      if (heard === undefined || heard.arrival.atUs > untilUs) {
        if (this.clock.nowUs() < untilUs) continue;
        // What came in time may still lie in the kernel's buffer.
        yield* this.listenNow();
        return;
      }
    }
  }

  private get backlog(): number {
    return this.trials.at(-1)?.port.backlog ?? 0;
  }

  private *take({ trial, arrival }: HeardBy): Generator<SendEvent, void> {
    yield* this.tell(arrival.atUs);
    const what = hear(arrival.datagram);
    const atUs = this.relative(arrival.atUs);
    if (arrival.wallSteps > this.wallSteps) yield this.note('clock-stepped', CLOCK_STEPPED, atUs);
    this.wallSteps = arrival.wallSteps;
    if (what.type === 'unreadable') {
      this.ignore('malformed');
      yield this.note('ignored', `Ignored a datagram: ${what.reason}.`, atUs, arrival.datagram);
      return;
    }
    if (what.type === 'icmp') {
      if (what.quotedSeq !== trial.crafted.tcp.seq) {
        this.ignore('icmp');
        const text = `Ignored an ICMP error (${what.error.name}) about a segment that we did not send.`;
        yield this.note('icmp-ignored', text, atUs, arrival.datagram);
        return;
      }
      trial.hearsIcmp(what.error.name, arrival);
      yield icmpEvent(what, atUs, trial.variant.label);
    } else {
      const note = what.checksumOk ? trial.hears(what.tcp, what.ip.ttl, arrival) : 'bad-checksum';
      if (note !== undefined && note !== 'retransmission') this.ignore(note);
      yield segmentEvent(what.ip, what.tcp, {
        direction: 'received',
        atUs,
        clock: clockMark(arrival, this.clocks.receive),
        datagram: what.datagram,
        senderIsn: trial.irs,
        receiverIsn: trial.crafted.tcp.seq,
        note,
        variant: trial.variant.label,
      });
    }
    const { repeatUntil } = this.request;
    if (repeatUntil !== undefined && trial.find(repeatUntil) !== undefined) this.satisfied = true;
  }

  private ignore(note: SegmentNote | 'icmp'): void {
    this.ignored[note] = (this.ignored[note] ?? 0) + 1;
  }

  private note(code: NoteEvent['code'], text: string, atUs: number, datagram?: Uint8Array): NoteEvent {
    return { type: 'note', atUs, code, text, datagram };
  }

  /** The peer must not be left with half a connection that nobody wants. */
  private *cleanUp(): Generator<SendEvent, void> {
    for (const trial of this.trials) {
      const { crafted, port, variant, irs: receiverIsn } = trial;
      const { source, destination } = crafted.ip;
      for (const tcp of trial.takeResets()) {
        const ip = ipv4Header({ source, destination, id: trial.takeId() });
        const datagram = encodePacket({ ip, tcp });
        const departure = port.send(datagram);
        const [atUs, clock] = [this.relative(departure.atUs), clockMark(departure, this.clocks.transmit)];
        const isns = { senderIsn: crafted.tcp.seq, receiverIsn };
        yield segmentEvent(ip, tcp, { direction: 'sent', atUs, clock, datagram, ...isns, note: 'cleanup', variant: variant.label });
      }
    }
  }

  /** Keeps the guards, and shows what still comes. */
  private async *hold(): AsyncGenerator<SendEvent, void> {
    yield* this.listenUntil(this.clock.nowUs() + this.request.holdMs * 1000);
    if (!this.trials.some((trial) => trial.isHalfOpen)) return;
    const text = "Half-open connections are left; from now on the kernel answers the peer's segments with RST.";
    yield this.note('guard-released', text, this.relative(this.clock.nowUs()));
  }

  private startEvent({ port }: Trial): StartEvent {
    const { request, clock } = this;
    const startedAtNs = clock.wallTimeNs(this.startedAtUs ?? clock.nowUs());
    return {
      type: 'start',
      schema: SCHEMA_VERSION,
      version: VERSION,
      command: 'send',
      host: request.host,
      address: formatIpv4(request.address),
      port: request.port,
      sourceAddress: formatIpv4(port.route.sourceAddress),
      sourcePort: port.port,
      interfaceName: port.route.interfaceName || undefined,
      startedAt: isoTime(startedAtNs),
      startedAtNs,
      clock: this.clocks,
      guard: port.guard,
    };
  }
}
