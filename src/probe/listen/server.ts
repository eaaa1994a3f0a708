/** All conversations on the ports: who calls is answered, and what comes is given to its conversation. */
import { NetError } from '../../net/errors.ts';
import { type Flow, FlowTable, flowOfIcmpError, flowOfSegment } from '../../net/flow.ts';
import type { Arrival, ListeningPorts, Route } from '../../net/network.ts';
import { handle } from '../../tcp/endpoint.ts';
import { createTcb, type Tcb } from '../../tcp/tcb.ts';
import { isMulticast } from '../../wire/address.ts';
import { ACK, RST, SYN } from '../../wire/flags.ts';
import { ipv4Header } from '../../wire/ipv4.ts';
import { encodePacket } from '../../wire/packet.ts';
import { seqAdd, seqGt } from '../../wire/seq.ts';
import { type TcpSegment, tcpSegment } from '../../wire/tcp.ts';
import { findOption } from '../../wire/tcp-options.ts';
import { type Heard, hear } from '../arrival.ts';
import { Connection, type ConnectionOptions, type ConnectionPort } from '../connection.ts';
import type { ProbeContext } from '../context.ts';
import type { ListenEvent } from '../events.ts';
import { EndpointConfigs } from './endpoint-configs.ts';
import type { Path } from './path.ts';
import type { ListenRequest } from './request.ts';
import { Served, withWrongAck } from './served.ts';
import { carriedOptions, carryingTimestamp, rememberedOptions, SynCookies } from './syn-cookies.ts';
import { Tally } from './tally.ts';
import { Told } from './told.ts';

type HeardSegment = Extract<Heard, { type: 'segment' }>;

/** RFC 1122 §3.2.1.3: no host has such an address. */
const CLASS_E = 0xf0000000;
/** What a SYN that names none is held to say (RFC 9293 §3.7.1). */
const DEFAULT_MSS = 536;

export class Server {
  readonly tally = new Tally();
  readonly #request: ListenRequest;
  readonly #context: ProbeContext;
  readonly #ports: ListeningPorts;
  readonly #path: Path;
  readonly #flows = new FlowTable<Served>();
  readonly #cookies: SynCookies;
  readonly #configs: EndpointConfigs;
  readonly #told: Told;
  #halfOpen = 0;
  /** Until then nothing is due: the earliest that any of them wanted, though it may want something later by now. */
  #dueAtUs = Number.POSITIVE_INFINITY;
  /** For whom something came that was not yet taken in. */
  readonly #touched = new Set<Served>();
  /** To who has no conversation, not yet sent. */
  #answers: Uint8Array[] = [];

  constructor(request: ListenRequest, context: ProbeContext, ports: ListeningPorts, path: Path, startedAtUs: number) {
    this.#request = request;
    this.#context = context;
    this.#ports = ports;
    this.#path = path;
    this.#cookies = new SynCookies(context.random);
    this.#configs = new EndpointConfigs(request, context.random, ports.receiveWindowBytes);
    this.#told = new Told(request.segments, context.network.clock, startedAtUs);
  }

  get dueAtUs(): number {
    return this.#dueAtUs;
  }

  get isFull(): boolean {
    return this.tally.connections >= this.#request.count;
  }

  /** All connections that were asked for were made, and are over. */
  get isDone(): boolean {
    return this.isFull && this.#open === 0;
  }

  get #open(): number {
    return this.#flows.size - this.#halfOpen;
  }

  /** Takes in what has arrived. */
  take(arrivals: readonly Arrival[]): void {
    for (const arrival of arrivals) {
      const flow = flowOfSegment(arrival.datagram) ?? flowOfIcmpError(arrival.datagram);
      if (flow === undefined) continue;
      const served = this.#find(flow, arrival) ?? this.#meet(flow, arrival);
      if (served === undefined) continue;
      served.pending.push(arrival);
      this.#touched.add(served);
    }
    this.#sendAnswers();
    const nowUs = this.#context.network.clock.nowUs();
    for (const served of this.#touched) this.#advance(served, nowUs);
    this.#touched.clear();
    this.#sendAnswers();
  }

  #sendAnswers(): void {
    this.#path.sendMany(this.#answers);
    this.#answers = [];
  }

  /** Does what is due. */
  tick(): void {
    const nowUs = this.#context.network.clock.nowUs();
    if (nowUs < this.#dueAtUs) return;
    this.#dueAtUs = Number.POSITIVE_INFINITY;
    for (const served of [...this.#flows]) {
      if (nowUs >= served.untilUs) this.#advance(served, nowUs);
      else this.#dueAtUs = Math.min(this.#dueAtUs, served.untilUs);
    }
  }

  /** Ends all conversations. */
  end(ended: 'deadline' | 'interrupted'): void {
    for (const served of [...this.#flows]) {
      this.#told.steps(served, served.abort(ended));
      this.#remove(served, served.isHalfOpen);
    }
  }

  /** What there is to tell since this was asked last. */
  events(): Iterable<ListenEvent> {
    return this.#told.events();
  }

  /** Who already speaks with us. A SYN beyond the end of a connection begins the next one (RFC 9293 §3.10.7.4, TIME-WAIT). */
  #find(flow: Flow, { datagram }: Arrival): Served | undefined {
    const served = this.#flows.find(flow);
    if (served === undefined || this.#isJustOver(served, datagram)) return undefined;
    if (served.isHalfOpen) return this.#isOvertaken(served, datagram) ? undefined : served;
    if (served.connection.state !== 'TIME-WAIT') return served;
    const heard = hear(datagram);
    const isNew = heard.type === 'segment' && isSyn(heard.tcp) && seqGt(heard.tcp.seq, served.connection.tcb.rcvNxt);
    if (!isNew) return served;
    this.#told.steps(served, served.abort(undefined));
    this.#remove(served, false);
    return undefined;
  }

  /** A SYN right behind a RST calls anew, and is to get another ISN (RFC 9293 §3.4.1, MUST-8). */
  #isJustOver(served: Served, datagram: Uint8Array): boolean {
    if (served.pending.length === 0) return false;
    const heard = hear(datagram);
    if (heard.type !== 'segment' || !isSyn(heard.tcp)) return false;
    this.#advance(served, this.#context.network.clock.nowUs());
    return served.isOver;
  }

  /** An earlier SYN of a peer that calls again was answered by a cookie: what counts is which answer it takes. */
  #isOvertaken(served: Served, datagram: Uint8Array): boolean {
    const { tcb } = served.connection;
    if (!this.#cookies.isAwaited(this.#context.network.clock.nowUs())) return false;
    const heard = hear(datagram);
    if (heard.type !== 'segment' || !isBareAck(heard.tcp) || heard.tcp.ack === seqAdd(tcb.iss, 1)) return false;
    if (this.#readCookie(served, heard.tcp) === undefined) return false;
    this.#remove(served, true);
    return true;
  }

  #readCookie(flow: Flow, { seq, ack }: TcpSegment): number | undefined {
    return this.#cookies.read(flow, seqAdd(seq, -1), seqAdd(ack, -1), this.#context.network.clock.nowUs());
  }

  /** Somebody we don't know. @returns the conversation that begins */
  #meet(flow: Flow, arrival: Arrival): Served | undefined {
    const { tally } = this;
    const heard = hear(arrival.datagram);
    const home = this.#ports.homeOf(flow.address);
    const isSane = heard.type === 'segment' && heard.checksumOk && home !== undefined && isHost(flow) && !isOurself(flow);
    if (!isSane) {
      tally.strays++;
      return undefined;
    }
    const { tcp } = heard;
    if (isSyn(tcp) && !this.isFull) {
      if (this.#open >= this.#request.maxConnections) {
        tally.refused++;
        this.#told.note('table-full', `There are ${this.#open} connections, as many as may be: more are not answered.`);
      } else if (this.#halfOpen >= this.#request.backlog) this.#answerByCookie(flow, tcp, home.mtu);
      else return this.#begin(flow, undefined);
      return undefined;
    }
    const mayBringCookie = isBareAck(tcp) && !this.isFull && this.#cookies.isAwaited(this.#context.network.clock.nowUs());
    if (mayBringCookie && this.#open < this.#request.maxConnections) {
      const served = this.#recall(flow, heard, arrival);
      if (served !== undefined) return served;
    }
    tally.strays++;
    // The ACK that brings the cookie may have been lost, and only its number fits: a later segment is not to end it all.
    if (mayBringCookie) return undefined;
    const tcb = createTcb(this.#configs.of(flow, home.mtu, 0, 0, this.#open));
    // Where no more are awaited, nobody listens (RFC 9293 §3.10.7.1 and 2).
    const nowUs = this.#context.network.clock.nowUs();
    if (!this.isFull) handle(tcb, { type: 'open', passive: true }, nowUs);
    this.#answer(flow, tcb, tcp, nowUs);
    return undefined;
  }

  /** Remembers nothing of a SYN, but answers it. */
  #answerByCookie(flow: Flow, syn: TcpSegment, mtu: number): void {
    const { clock } = this.#context.network;
    const nowUs = clock.nowUs();
    const options = carriedOptions(syn.options);
    const iss = this.#cookies.make(flow, syn.seq, findOption(options, 'mss')?.mss ?? DEFAULT_MSS, nowUs);
    const timestamp = carryingTimestamp(Math.floor(nowUs / 1000), options);
    const tcb = createTcb(this.#configs.of(flow, mtu, iss, timestamp, this.#open));
    handle(tcb, { type: 'open', passive: true }, nowUs);
    // At the same moment, or its timestamp would have moved on, and with it what is in its low bits.
    this.#answer(flow, tcb, { ...syn, options }, nowUs);
    this.tally.cookiesSent++;
    this.#told.note('syn-cookies', `There are ${this.#halfOpen} handshakes under way: more SYNs are answered by SYN cookies (RFC 4987).`);
  }

  /** The conversation whose SYN was answered by a cookie, where an ACK brings one back. */
  #recall(flow: Flow, { tcp, ip }: HeardSegment, arrival: Arrival): Served | undefined {
    const mss = this.#readCookie(flow, tcp);
    if (mss === undefined) return undefined;
    const irs = seqAdd(tcp.seq, -1);
    const { sourcePort, destinationPort } = tcp;
    const options = rememberedOptions(mss, tcp.options);
    const syn = tcpSegment({ sourcePort, destinationPort, flags: SYN, seq: irs, window: tcp.window, options });
    const served = this.#begin(flow, { iss: seqAdd(tcp.ack, -1), timestamp: findOption(tcp.options, 'timestamps')?.echoReply ?? 0 });
    if (served === undefined) return undefined;
    served.remember(syn, ip, arrival);
    this.tally.cookiesUsed++;
    return served;
  }

  #begin(flow: Flow, cookie: { iss: number; timestamp: number } | undefined): Served | undefined {
    const { random, network, iss } = this.#context;
    const { address, port, peerAddress, peerPort } = flow;
    let route: Route;
    try {
      route = this.#ports.routeTo(peerAddress, address);
    } catch (error) {
      if (!(error instanceof NetError)) throw error;
      this.tally.strays++;
      return undefined;
    }
    const nowUs = network.clock.nowUs();
    const tuple = { localAddress: address, localPort: port, remoteAddress: peerAddress, remotePort: peerPort };
    const ownIss = cookie?.iss ?? this.#request.iss ?? iss(tuple, nowUs);
    const tcb = createTcb(this.#configs.of(flow, route.mtu, ownIss, cookie?.timestamp ?? this.#configs.firstTimestamp(), this.#open));
    const connect = (served: Served, options: ConnectionOptions): Connection<ConnectionPort> => {
      const { ttl, tos } = this.#request;
      const ownPort = this.#portOf(served, { ...route, sourceAddress: address });
      return new Connection(ownPort, tcb, peerAddress, { ttl, tos, firstId: 1 + (random.uint32() % 0xffff) }, network.clock, options);
    };
    const served = new Served(address, port, peerAddress, peerPort, cookie !== undefined, connect, this.#request);
    const { receive, transmit } = network.clockSources;
    served.connection.clocks = { receive, transmit };
    this.#flows.add(served);
    this.#halfOpen++;
    return served;
  }

  #portOf(served: Served, route: Route): ConnectionPort {
    const ports = this.#ports;
    const { peerAddress, address } = served;
    return {
      route,
      port: served.port,
      guard: ports.guard,
      get queued() {
        return served.pending.length;
      },
      get dropped() {
        return ports.dropped;
      },
      send: (datagram) => this.#path.send(datagram),
      pathMtu: () => ports.pathMtu(peerAddress, address),
    };
  }

  /** What an endpoint of no conversation has to say to a segment. */
  #answer({ address, peerAddress }: Flow, tcb: Tcb, segment: TcpSegment, nowUs: number): void {
    const { ttl, tos, misbehaviour } = this.#request;
    const actions = handle(tcb, { type: 'segment', segment }, nowUs);
    const ip = ipv4Header({ source: address, destination: peerAddress, ttl, tos, id: 1 + (this.#context.random.uint32() % 0xffff) });
    for (const action of actions) {
      if (action.type !== 'send') continue;
      const isWrong = misbehaviour.wrongAck && action.segment.flags & SYN;
      this.#answers.push(encodePacket({ ip, tcp: isWrong ? withWrongAck(action.segment) : action.segment }));
    }
  }

  #advance(served: Served, nowUs: number): void {
    const { isHalfOpen } = served;
    const told = served.advance(nowUs);
    if (isHalfOpen && !served.isHalfOpen) {
      this.#halfOpen--;
      this.tally.connections++;
      if (this.isFull) this.#refuseOthers();
    }
    this.#told.introduces(served);
    for (const events of told) this.#told.steps(served, events);
    if (served.isOver) this.#remove(served, served.isHalfOpen);
    else this.#dueAtUs = Math.min(this.#dueAtUs, served.untilUs);
  }

  /** No more are awaited: handshakes under way go no further, and whose SYN was not yet taken in finds nobody who listens. */
  #refuseOthers(): void {
    for (const other of [...this.#flows]) {
      if (!other.isHalfOpen) continue;
      if (other.connection.state === 'LISTEN') {
        this.#forget(other, true);
        for (const arrival of other.pending) this.#meet(other, arrival);
      } else {
        this.#told.steps(other, other.abort(undefined));
        this.#remove(other, true);
      }
    }
  }

  #forget(served: Served, wasHalfOpen: boolean): void {
    this.#flows.delete(served);
    this.#touched.delete(served);
    if (wasHalfOpen) this.#halfOpen--;
  }

  #remove(served: Served, wasHalfOpen: boolean): void {
    this.#forget(served, wasHalfOpen);
    const result = served.result();
    this.tally.counts(served, result);
    this.#told.ends(served, result);
  }
}

const isSyn = ({ flags }: TcpSegment): boolean => (flags & (SYN | ACK | RST)) === SYN;

const isBareAck = ({ flags }: TcpSegment): boolean => (flags & (SYN | ACK | RST)) === ACK;

const isHost = ({ peerAddress }: Flow): boolean => peerAddress !== 0 && !isMulticast(peerAddress) && peerAddress < CLASS_E;

/** A SYN from our own port to itself would have us answer ourselves for ever. */
const isOurself = ({ address, port, peerAddress, peerPort }: Flow): boolean => address === peerAddress && port === peerPort;
