/** A TCP endpoint on a port of ours: actions become datagrams and events, arrivals become actions and events. */
import { NetError } from '../net/errors.ts';
import type { Departure, Moment } from '../net/moment.ts';
import type { Arrival, Clock, ClockSources, Port } from '../net/network.ts';
import type { Action } from '../tcp/actions.ts';
import { handle, type TcpEvent } from '../tcp/endpoint.ts';
import { isSynchronized, type State } from '../tcp/state.ts';
import type { Tcb } from '../tcp/tcb.ts';
import type { Ipv4Address } from '../wire/address.ts';
import { RST } from '../wire/flags.ts';
import { ipv4Header } from '../wire/ipv4.ts';
import { encodePacket, MIN_HEADERS_LENGTH } from '../wire/packet.ts';
import { seqInWindow } from '../wire/seq.ts';
import type { TcpSegment } from '../wire/tcp.ts';
import { type Heard, hear } from './arrival.ts';
import type { ConnectEvent, NoteEvent, SegmentEvent, SegmentNote, StateEvent } from './events.ts';
import { hasLeft } from './leaving.ts';
import { ConnectionRecord } from './record.ts';
import { CLOCK_STEPPED, clockMark, icmpEvent, segmentEvent } from './segment-event.ts';
import { isFinalIcmp } from './verdict.ts';

/** The fields of our IPv4 headers. */
export interface IpFields {
  ttl: number;
  tos: number;
  /** The identification of the first datagram; each later one has one more, as on Linux. */
  firstId: number;
}

type HeardSegment = Extract<Heard, { type: 'segment' }>;
type HeardIcmp = Extract<Heard, { type: 'icmp' }>;

/** What a connection needs of its port. */
export type ConnectionPort = Pick<Port, 'route' | 'port' | 'guard' | 'queued' | 'dropped' | 'send' | 'pathMtu'>;

export interface ConnectionOptions {
  /** No events: for who wants none, they cost more than all else. */
  silent?: boolean | undefined;
  /** Takes the peer's stream as it comes. */
  deliver?: ((payload: Uint8Array) => void) | undefined;
  /** What leaves in the place of a segment; undefined: nothing does. */
  alter?: ((segment: TcpSegment) => TcpSegment | undefined) | undefined;
}

export class Connection<P extends ConnectionPort = Port> {
  readonly record = new ConnectionRecord();
  /** What dates the segments, as told at the start. */
  clocks: ClockSources = { transmit: 'user', receive: 'user' };
  /** When the connection last came nearer to its end: established, data either way, a FIN. */
  progressAtUs = 0;
  /** When the state was entered that stands now. */
  stateSinceUs = 0;
  /** When the close was first seen to have begun. */
  closeBeganAtUs: number | undefined;
  readonly #clock: Clock;
  #first: Departure | undefined;
  #startedAtUs: number | undefined;
  /** Their time is read when they are told: the stamp comes afterwards, and many by one call. */
  readonly #undated: { event: SegmentEvent | StateEvent; at: Moment }[] = [];
  /** How often the wall clock had been stepped when something last arrived, or the first segment left. */
  #wallSteps: number | undefined;
  #nextId: number;
  /** What the kernel's path MTU has sunk to, where the endpoint does not know it yet. */
  #narrowedTo: number | undefined;
  /** What was unacknowledged when the kernel first knew of a narrower path before we did. */
  #narrowedSince: number | undefined;
  /** The endpoint has put off its answer because more had arrived. */
  #owesAnswer = false;

  constructor(
    readonly port: P,
    readonly tcb: Tcb,
    readonly remoteAddress: Ipv4Address,
    private readonly ip: IpFields,
    clock: Clock,
    private readonly options: ConnectionOptions = {},
  ) {
    this.#clock = clock;
    this.#nextId = ip.firstId;
  }

  get state(): State {
    return this.tcb.state;
  }

  /** When the first segment left, or came to a passive open: the zero of all event times. It stays once it was told. */
  get startedAtUs(): number | undefined {
    this.#startedAtUs ??= this.#first?.atUs;
    return this.#startedAtUs;
  }

  get wasEstablished(): boolean {
    return this.record.established !== undefined;
  }

  /** Lets the endpoint handle an event and does what it says, at once. @throws NetError where this host can't send */
  apply(event: TcpEvent): Iterable<ConnectEvent> {
    this.#owesAnswer = false;
    const now = this.#now();
    const events: ConnectEvent[] = [];
    this.#perform(handle(this.tcb, event, now.atUs), now, events);
    this.#heedPath(events);
    return this.#tell(events);
  }

  /** Resets it, as far as this host can still send. */
  reset(): Iterable<ConnectEvent> {
    try {
      return this.apply({ type: 'abort' });
    } catch (error) {
      // Whoever gives up because this host can't send has an error that says more.
      if (!(error instanceof NetError)) throw error;
      return [];
    }
  }

  /** Gives up where an ICMP error in the place of a SYN+ACK has settled it. @throws NetError where this host can't send */
  heedIcmp(): Iterable<ConnectEvent> {
    const isSettled = !this.wasEstablished && isFinalIcmp(this.record.icmp ?? '');
    if (!isSettled || this.state === 'CLOSED') return [];
    return this.apply({ type: 'abort', cause: 'an ICMP error says that nothing will come' });
  }

  /**
   * Takes in what the port heard.
   * @param answersLater what is said next may carry the acknowledgment (RFC 9293 §3.10.7.4): `answer` must follow
   * @throws NetError where this host can't send the answer
   */
  take(arrival: Arrival, answersLater = false): Iterable<ConnectEvent> {
    const heard = hear(arrival.datagram);
    const events: ConnectEvent[] = [];
    if (this.#first === undefined) this.#startedAtUs ??= arrival.atUs;
    if (arrival.wallSteps > (this.#wallSteps ?? arrival.wallSteps)) events.push(this.note('clock-stepped', CLOCK_STEPPED, arrival.atUs));
    this.#wallSteps = arrival.wallSteps;
    if (heard.type === 'segment') this.#takeSegment(heard, arrival, answersLater, events);
    else if (heard.type === 'icmp') this.#takeIcmp(heard, arrival, events);
    else {
      this.record.remarks('malformed');
      events.push(this.note('ignored', `Ignored a datagram: ${heard.reason}.`, arrival.atUs, arrival.datagram));
    }
    this.#heedPath(events);
    if (!answersLater) events.push(...this.answer());
    return this.#tell(events);
  }

  /** Answers what `take` has left unanswered, unless more has arrived. @throws NetError where this host can't send */
  answer(): Iterable<ConnectEvent> {
    return this.#owesAnswer && this.port.queued === 0 ? this.apply({ type: 'timer' }) : [];
  }

  /** Shows what the port heard without answering it. */
  watch(arrival: Arrival): ConnectEvent[] {
    const heard = hear(arrival.datagram);
    if (heard.type === 'icmp')
      return [this.note('icmp-ignored', `An ICMP error (${heard.error.name}) about the connection.`, arrival.atUs, heard.datagram)];
    if (heard.type !== 'segment') return [];
    const events: ConnectEvent[] = [this.#received(heard, arrival, this.state, heard.checksumOk ? undefined : 'bad-checksum')];
    if (heard.checksumOk && heard.tcp.flags & RST && heard.tcp.seq === this.tcb.rcvNxt) this.#peerReset(arrival, events);
    return events;
  }

  #peerReset(at: Moment, events: ConnectEvent[]): void {
    this.record.end = 'reset';
    this.record.beginsClose('peer', at);
    events.push(this.note('reset-by-peer', 'The peer reset the connection.', at.atUs));
  }

  /** Waits a moment for the stamp of the first segment, so that all times begin when it has left. */
  async leaves(): Promise<void> {
    if (this.#first === undefined) return;
    await hasLeft(this.#first, this.#clock, () => this.port.queued > 0);
    this.clocks = { ...this.clocks, transmit: this.#first.stamped ? 'kernel' : 'user' };
    this.#wallSteps = this.#first.wallSteps;
  }

  /** The events, dated once they are asked for. */
  #tell(events: readonly ConnectEvent[]): Iterable<ConnectEvent> {
    if (this.options.silent) return [];
    return {
      [Symbol.iterator]: () => {
        this.#date();
        return events[Symbol.iterator]();
      },
    };
  }

  #date(): void {
    for (const { event, at } of this.#undated) {
      event.atUs = this.#relative(at.atUs);
      if (event.type === 'segment') event.clock = clockMark(at, this.clocks.transmit);
    }
    this.#undated.length = 0;
  }

  #now(): Moment {
    return { atUs: this.#clock.nowUs(), stamped: false, wallSteps: this.#wallSteps ?? 0 };
  }

  note(code: NoteEvent['code'], text: string, atUs = this.#clock.nowUs(), datagram?: Uint8Array): NoteEvent {
    return { type: 'note', atUs: this.#relative(atUs), code, text, datagram };
  }

  #relative(atUs: number): number {
    return atUs - (this.startedAtUs ?? atUs);
  }

  #takeSegment(heard: HeardSegment, at: Moment, answersLater: boolean, events: ConnectEvent[]): void {
    if (!heard.checksumOk) {
      this.record.remarks('bad-checksum');
      if (!this.options.silent) events.push(this.#received(heard, at, this.state, 'bad-checksum'));
      return;
    }
    const { record } = this;
    const before = this.state;
    this.#owesAnswer = answersLater || this.port.queued > 0;
    const actions = handle(this.tcb, { type: 'segment', segment: heard.tcp, more: this.#owesAnswer }, at.atUs);
    if (record.irs === undefined && (this.state === 'SYN-RECEIVED' || isSynchronized(this.state))) record.takesOffer(heard.tcp, heard.ip);
    const note = noteOf(actions);
    if (note !== undefined) record.remarks(note);
    // Its FIN was here first, though the endpoint sends ours before it looks at it.
    if (note === 'held') record.beginsClose('peer', at);
    if (!this.options.silent) events.push(this.#received(heard, at, stateAfter(actions, before), note));
    if (note === 'old-connection') events.push(this.note('old-connection', OLD_CONNECTION, at.atUs));
    this.#perform(actions, at, events);
  }

  #takeIcmp(heard: HeardIcmp, at: Moment, events: ConnectEvent[]): void {
    const { tcb } = this;
    const { atUs } = at;
    const { error, quotedSeq } = heard;
    // What the kernel acted on before us was on its way then, though its parts may have arrived since.
    const since = error.name === 'fragmentation-needed' ? (this.#narrowedSince ?? tcb.sndUna) : tcb.sndUna;
    const inFlight = since !== tcb.sndNxt && seqInWindow(quotedSeq, since, (tcb.sndNxt - since) >>> 0);
    // An answer to a segment that is not on its way is old or forged (RFC 5927 §4).
    if (!inFlight) {
      const text = `Ignored an ICMP error (${error.name}) about a segment that is not on its way.`;
      events.push(this.note('icmp-ignored', text, atUs, heard.datagram));
      return;
    }
    const isNew = this.record.icmp !== error.name;
    this.record.icmp = error.name;
    events.push(icmpEvent(heard, this.#relative(atUs)));
    // Our own kernel says so when its neighbour does not answer.
    const isOwn = heard.ip.source === this.port.route.sourceAddress && heard.ip.source !== this.remoteAddress;
    if (isOwn && isNew && error.name === 'host-unreachable') events.push(this.note('no-arp-answer', NO_ARP_ANSWER, atUs));
    if (error.name === 'fragmentation-needed') this.#lowerMtu(error.nextHopMtu ?? 0, at, events);
  }

  /** What the kernel would not let out for its size is cut up and sent again. */
  #heedPath(events: ConnectEvent[]): void {
    const mtu = this.#narrowedTo;
    this.#narrowedTo = undefined;
    if (mtu === undefined) return;
    this.#narrowedSince ??= this.tcb.sndUna;
    this.#lowerMtu(mtu, this.#now(), events);
  }

  /** RFC 1191: the router's MTU where it names one, else the least that every host takes. */
  #lowerMtu(nextHopMtu: number, at: Moment, events: ConnectEvent[]): void {
    const mtu = nextHopMtu >= MIN_MTU ? nextHopMtu : FALLBACK_MTU;
    // Told for each segment that was too large; or a lie.
    if (mtu - MIN_HEADERS_LENGTH >= this.tcb.config.maxSegmentBytes) return;
    events.push(this.note('mtu-lowered', `The path takes datagrams of ${mtu} bytes at most; smaller segments from here on.`, at.atUs));
    this.#perform(handle(this.tcb, { type: 'mtu', maxSegmentBytes: mtu - MIN_HEADERS_LENGTH }, at.atUs), at, events);
  }

  #perform(actions: readonly Action[], handledAt: Moment, events: ConnectEvent[]): void {
    const { record } = this;
    const { silent, deliver } = this.options;
    // What a segment of ours brings about happens when it leaves.
    let at = handledAt;
    for (const action of actions) {
      switch (action.type) {
        case 'state':
          record.enters(action.to, at);
          this.progressAtUs = this.stateSinceUs = handledAt.atUs;
          if (!silent) events.push(this.#dateLater({ type: 'state', from: action.from, to: action.to, atUs: 0, cause: action.cause }, at));
          break;
        case 'send':
          at = this.#send(action, events) ?? at;
          break;
        case 'deliver':
          record.receives(action.payload.length, at);
          this.progressAtUs = handledAt.atUs;
          deliver?.(action.payload);
          if (!silent) events.push({ type: 'data', atUs: this.#relative(at.atUs), payload: action.payload });
          break;
        case 'acked':
          record.acked(action.bytes, at);
          this.progressAtUs = handledAt.atUs;
          break;
        case 'rtt':
          if (action.of !== 'data') record.answered(action.of, action.transmission, at);
          break;
        case 'urgent':
          events.push(this.note('urgent-data', 'The peer marks data as urgent; they are delivered in line (RFC 6093).', at.atUs));
          break;
        case 'window':
          record.windowClosed = action.closed;
          events.push(this.note('zero-window', action.closed ? WINDOW_CLOSED : WINDOW_OPEN, at.atUs));
          break;
        case 'end':
          record.end = action.reason;
          if (action.reason === 'reset') this.#peerReset(at, events);
          break;
      }
    }
    if (record.closeBegan) this.closeBeganAtUs ??= handledAt.atUs;
  }

  #dateLater<E extends SegmentEvent | StateEvent>(event: E, at: Moment): E {
    this.#undated.push({ event, at });
    return event;
  }

  /** @returns when it left; undefined where it did not */
  #send(
    { segment: intended, state, note, transmission }: Extract<Action, { type: 'send' }>,
    events: ConnectEvent[],
  ): Departure | undefined {
    const { port, ip, record, options } = this;
    const segment = options.alter === undefined ? intended : options.alter(intended);
    if (segment === undefined) return undefined;
    const id = this.#nextId;
    // The kernel fills in an identification of zero by itself.
    this.#nextId = id === 0xffff ? 1 : id + 1;
    const header = ipv4Header({ source: port.route.sourceAddress, destination: this.remoteAddress, ttl: ip.ttl, tos: ip.tos, id });
    const datagram = encodePacket({ ip: header, tcp: segment });
    let departure: Departure;
    try {
      departure = port.send(datagram);
    } catch (error) {
      if (!(error instanceof NetError)) throw error;
      // As lost as on the wire, and sent again as such: the queue stayed full, or the kernel has heard of a narrower path.
      if (error.code === 'no-buffers') events.push(this.note('kernel-drops', `This host's send queue is full; ${error.reason}.`));
      else if (error.code === 'message-too-long' && port.pathMtu() < datagram.length) this.#narrowedTo = port.pathMtu();
      else throw error;
      return undefined;
    }
    this.#first ??= departure;
    record.sends(segment, transmission, departure);
    if (options.silent) return departure;
    // A RST before there is a connection bears the number that its offender asked for, not one of ours.
    const senderIsn = segment.flags & RST && record.irs === undefined ? undefined : this.tcb.iss;
    const receiverIsn = record.irs;
    const context = { direction: 'sent', atUs: 0, datagram, senderIsn, receiverIsn, state, note, transmission } as const;
    const event = segmentEvent(header, segment, context);
    events.push(this.#dateLater(event, departure));
    return departure;
  }

  #received({ tcp, ip, datagram }: HeardSegment, at: Moment, state: State, note: SegmentNote | undefined): SegmentEvent {
    const { record, tcb } = this;
    return segmentEvent(ip, tcp, {
      direction: 'received',
      atUs: this.#relative(at.atUs),
      datagram,
      senderIsn: record.irs,
      receiverIsn: tcb.iss,
      clock: clockMark(at, this.clocks.receive),
      state,
      note,
    });
  }
}

const NO_ARP_ANSWER = 'Our own kernel says so: the host, or the router on the way to it, gives no ARP answer.';
const OLD_CONNECTION = 'The peer remembers an older connection between these ports: we reset it and send our SYN again.';
export const WINDOW_CLOSED = "The peer's window is closed: it takes no more data.";
export const WINDOW_OPEN = "The peer's window is open again.";
/** RFC 791: what every link takes. */
const MIN_MTU = 68;
/** RFC 791: what every host takes. */
const FALLBACK_MTU = 576;

/** What is remarkable about a segment; that it did not count before all else. */
function noteOf(actions: readonly Action[]): SegmentNote | undefined {
  let note: SegmentNote | undefined;
  for (const action of actions) if (action.type === 'note' && (note === undefined || note === 'malformed-options')) note = action.note;
  return note;
}

/** The state once the segment was taken in and before anything was sent because of it. */
function stateAfter(actions: readonly Action[], before: State): State {
  let state = before;
  for (const action of actions) {
    if (action.type === 'send' || (action.type === 'note' && action.note === 'held')) break;
    if (action.type === 'state') state = action.to;
  }
  return state;
}
