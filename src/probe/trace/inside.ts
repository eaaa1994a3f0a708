/**
 * Probes inside a connection of our own: a byte, or more where a size is asked for, that was acknowledged before. Firewalls
 * that track connections let it pass, balancers send it the way of the connection, and whoever it is for answers with an ACK
 * (RFC 9293 §3.10.7.4, as to a keep-alive: RFC 9293 §3.8.4) and tells its program nothing.
 *
 * The numbers lie before the SYN's, for we have sent nothing else, and within the last window: that much older a firewall takes
 * for a retransmission (Linux's conntrack, pf). They differ, so that a quote names its probe. The ACK names it by D-SACK
 * (RFC 2883) where the peer has it; it is not rate-limited, for the probe has data (RFC 5961 §7 is about empty segments, Linux).
 */
import { NetError } from '../../net/errors.ts';
import { elapsed } from '../../net/moment.ts';
import type { Arrival, Clock, Port } from '../../net/network.ts';
import { nextDeadlineUs, type TcpEvent } from '../../tcp/endpoint.ts';
import { acknowledgedData } from '../../tcp/send.ts';
import { ACK, FIN, RST, SYN } from '../../wire/flags.ts';
import { ipv4Header } from '../../wire/ipv4.ts';
import { encodePacket, MIN_HEADERS_LENGTH } from '../../wire/packet.ts';
import { seqAdd } from '../../wire/seq.ts';
import { findOption } from '../../wire/tcp-options.ts';
import { type Heard, hear } from '../arrival.ts';
import { openConnection } from '../connect/connect.ts';
import { DEFAULT_TIME_WAIT_MS } from '../connect/request.ts';
import { connectResult } from '../connect/result.ts';
import type { Connection } from '../connection.ts';
import type { ProbeContext } from '../context.ts';
import type { ConnectEvent, Outcome, Stop, TraceResult } from '../events.ts';
import { copyId } from '../segment-spec.ts';
import { type Source, sourceOf } from '../start-event.ts';
import type { Teller, Timeline, ToldProbe } from '../teller.ts';
import { icmpFinding, openTracePort, quotedEnds } from './port.ts';
import { type Finding, firstFinding, type Probe, type ProbeChoice, type Prober } from './prober.ts';
import { fullTtlOf, type TraceRequest } from './request.ts';

/** Numbers that probes take in turn: fewer than any window in use has, more than are ever waited for. */
const NUMBERS = 4096;
const FEWEST_NUMBERS = 64;
/** A peer that takes part closes in a round trip or two: so long it has, also after the deadline. */
const CLOSE_GRACE_US = 1_000_000;
/** With the timestamps that the connection may have agreed on. */
const MOST_HEADERS_LENGTH = MIN_HEADERS_LENGTH + 12;

interface InsideProbe extends Probe, ToldProbe {
  readonly ipId: number;
  /** The number after its last byte. */
  readonly end: number;
  /** When it left, no other was on its way that the destination may answer. */
  readonly isAlone: boolean;
}

export class InsideProber implements Prober {
  readonly source: Source;
  readonly mtu: number;
  /** The last ICMP error that came in the place of a SYN+ACK. */
  #refusal: { address: string; icmp: string } | undefined;
  readonly #request: TraceRequest;
  readonly #port: Port;
  readonly #context: ProbeContext;
  readonly #clock: Clock;
  readonly #teller: Teller;
  readonly #connection: Connection;
  readonly #firstId: number;
  /** By sequence number; a new one takes the place of one long past. */
  readonly #probes = new Map<number, InsideProbe>();
  /** Sent and neither answered nor given up, oldest first. */
  readonly #waiting = new Set<InsideProbe>();
  /** The longest way that a quote came back from. */
  #farthestQuote = 0;
  /** The shortest way that an answer which names no probe seems to be to. */
  #nearestUnnamed = Number.POSITIVE_INFINITY;
  #count = 0;
  /** There was no time left for the handshake. */
  isLate = false;
  /** When the handshake was over, however it ended. */
  connectedAtUs = 0;

  /** @throws NetError as {@link Network.openPort} */
  constructor(request: TraceRequest, context: ProbeContext, teller: Teller) {
    const { host, address, port, source, sourcePort, interfaceName, spec } = request;
    this.#request = request;
    this.#context = context;
    this.#clock = context.network.clock;
    this.#teller = teller;
    this.#port = openTracePort(context.network, request, sourcePort);
    this.source = sourceOf(this.#port);
    this.mtu = this.#port.route.mtu;
    this.#connection = openConnection(
      {
        ...{ host, address, port, source, sourcePort, interfaceName },
        iss: spec.seq,
        synOptions: spec.namedOptions ?? {},
        window: spec.window,
        ttl: spec.ttl ?? fullTtlOf(request),
        tos: spec.tos ?? 0,
        timeoutMs: request.wait.maxMs,
        timeWaitMs: DEFAULT_TIME_WAIT_MS,
      },
      context,
      this.#port,
    );
    this.#connection.clocks = context.network.clockSources;
    this.#firstId = 1 + (context.random.uint32() % 0xffff);
  }

  get dropped(): number {
    return this.#port.dropped;
  }

  get queued(): number {
    return this.#port.queued;
  }

  /** What the handshake has said of the port. */
  get silence(): Outcome {
    const { verdict, reason } = connectResult('active', this.#connection, { ended: this.#isInterrupted ? 'interrupted' : undefined });
    return { verdict, reason };
  }

  get state(): NonNullable<TraceResult['connection']> {
    const { close } = connectResult('active', this.#connection, { ended: undefined });
    return { established: this.#connection.wasEstablished, closed: close.completed };
  }

  /** Where there is no connection: who refused it, or silence. */
  get stop(): Stop | undefined {
    if (this.#connection.wasEstablished || this.#connection.record.end === 'refused') return undefined;
    if (this.#refusal === undefined) return { kind: 'silent', ttl: 0, address: undefined, icmp: undefined };
    return { kind: 'refused', ttl: 0, ...this.#refusal };
  }

  /** Makes the handshake. All times begin when its SYN has left. @throws NetError where this machine can't send */
  async connect(timeline: Timeline): Promise<void> {
    if (this.#isInterrupted) return;
    const connection = this.#connection;
    const opening = connection.apply({ type: 'open', passive: false });
    await connection.leaves();
    timeline.begun = { atUs: connection.startedAtUs ?? this.#clock.nowUs(), clocks: connection.clocks };
    this.#tell(opening);
    while (connection.state === 'SYN-SENT' || connection.state === 'SYN-RECEIVED') {
      this.isLate = this.#clock.nowUs() >= this.#overAtUs;
      if (this.#isInterrupted || this.isLate) this.#apply({ type: 'abort' });
      else await this.#hear(this.#overAtUs);
      this.#tell(connection.heedIcmp());
    }
    this.connectedAtUs = this.#clock.nowUs();
  }

  send(ttl: number, { datagramBytes = 0 }: ProbeChoice = {}): Probe {
    const { tcb } = this.#connection;
    const numbers = Math.min(NUMBERS, Math.max(FEWEST_NUMBERS, tcb.maxSndWnd));
    const end = seqAdd(tcb.sndUna, -1 - (this.#count % numbers));
    const headers = tcb.tsOk ? MOST_HEADERS_LENGTH : MIN_HEADERS_LENGTH;
    const payload = new Uint8Array(Math.max(1, datagramBytes - headers));
    const tcp = acknowledgedData(tcb, seqAdd(end, -payload.length), payload, this.#clock.nowUs());
    const ipId = copyId({}, { ipId: this.#firstId }, this.#count);
    const { sourceAddress } = this.#port.route;
    const ip = ipv4Header({ source: sourceAddress, destination: this.#request.address, ttl, tos: this.#request.spec.tos ?? 0, id: ipId });
    const datagram = encodePacket({ ip, tcp });
    const departure = this.#port.send(datagram);
    this.#count++;
    const probe: InsideProbe = {
      ttl,
      seq: tcp.seq,
      end,
      isAlone: this.#unquoted.length === 0,
      ipId,
      datagram,
      departure,
      label: `ttl=${ttl}`,
    };
    this.#probes.delete(tcp.seq);
    this.#probes.set(tcp.seq, probe);
    if (this.#probes.size > NUMBERS) this.#probes.delete(this.#probes.keys().next().value as number);
    this.#waiting.add(probe);
    this.#teller.sent({ ip, tcp, datagram, fragments: undefined, departure, probe, isReset: false });
    return probe;
  }

  next(untilUs: number): Promise<Finding | undefined> {
    return firstFinding(() => this.#hear(untilUs));
  }

  giveUp(probe: Probe): void {
    this.#waiting.delete(probe as InsideProbe);
  }

  wake(): void {
    this.#port.wake();
  }

  /** Closes the connection, as far as the peer takes part (RFC 9293 §3.6); an interrupt, where it is not the normal end, resets it. */
  async finish(): Promise<void> {
    const connection = this.#connection;
    const { wait, watchMs } = this.#request;
    const isNormalEnd = watchMs !== undefined;
    const nowUs = this.#clock.nowUs();
    const untilUs = Math.min(nowUs + wait.maxMs * 1000, Math.max(this.#overAtUs, nowUs + CLOSE_GRACE_US));
    try {
      if (isNormalEnd || !this.#isInterrupted) this.#apply({ type: 'close' });
      while (connection.state !== 'CLOSED' && connection.state !== 'TIME-WAIT') {
        if ((this.#isInterrupted && !isNormalEnd) || this.#clock.nowUs() >= untilUs) this.#apply({ type: 'abort' });
        else await this.#hear(untilUs);
      }
    } catch (error) {
      // What this machine can't send it can't close; the hops are known all the same.
      if (!(error instanceof NetError)) throw error;
    }
  }

  async close(): Promise<void> {
    const connection = this.#connection;
    try {
      const untilUs = connection.stateSinceUs + DEFAULT_TIME_WAIT_MS * 1000;
      while (connection.state === 'TIME-WAIT' && this.#clock.nowUs() < untilUs && !this.#isInterrupted) await this.#hear(untilUs);
      if (connection.state !== 'TIME-WAIT') this.#apply({ type: 'abort' });
    } catch (error) {
      if (!(error instanceof NetError)) throw error;
    } finally {
      this.#port.close();
    }
  }

  /** When all of it should be over. */
  get #overAtUs(): number {
    return (this.#connection.startedAtUs ?? this.#clock.nowUs()) + this.#request.deadlineMs * 1000;
  }

  get #isInterrupted(): boolean {
    return this.#context.signal?.aborted === true;
  }

  #apply(event: TcpEvent): void {
    this.#tell(this.#connection.apply(event));
  }

  #tell(events: Iterable<ConnectEvent>): void {
    for (const event of events) {
      if (event.type === 'icmp') this.#refusal = { address: event.from, icmp: event.name };
      if (event.type === 'segment' || event.type === 'icmp' || event.type === 'note') this.#teller.add(event);
    }
  }

  /** @returns `nothing`: what came is the connection's own affair; undefined: nothing has come */
  async #hear(untilUs: number): Promise<Finding | 'nothing' | undefined> {
    const { tcb } = this.#connection;
    if (this.#clock.nowUs() >= nextDeadlineUs(tcb)) {
      // That may have been the end of it.
      this.#apply({ type: 'timer' });
      return 'nothing';
    }
    const arrival = await this.#port.next(Math.min(untilUs, nextDeadlineUs(tcb)));
    if (arrival === undefined) return undefined;
    this.#teller.flush();
    const heard = hear(arrival.datagram);
    if (heard.type === 'icmp') return this.#hearIcmp(heard, arrival);
    // The endpoint judges it first: what moves its numbers is no mere answer to a probe.
    const { rcvNxt, sndNxt } = tcb;
    this.#tell(this.#connection.take(arrival));
    return heard.type === 'segment' && heard.checksumOk ? (this.#answer(heard, arrival, rcvNxt, sndNxt) ?? 'nothing') : 'nothing';
  }

  /** An ACK of all that we have sent and nothing more; or, once it has forgotten the connection, a RST. */
  #answer({ tcp, ip }: Extract<Heard, { type: 'segment' }>, arrival: Arrival, rcvNxt: number, sndNxt: number): Finding | undefined {
    const isAck = (tcp.flags & (ACK | SYN | FIN | RST)) === ACK && tcp.ack === sndNxt;
    const isBare = tcp.payload.length === 0 && tcp.seq === rcvNxt;
    if (!isBare || !(isAck || tcp.flags & RST) || this.#count === 0) return undefined;
    const [duplicate] = findOption(tcp.options, 'sack')?.blocks ?? [];
    const named = duplicate && this.#probes.get(duplicate.left);
    const probe = named !== undefined && named.end === duplicate?.right ? this.#settle(named) : this.#settleOne();
    if (probe === 'beyond') return undefined;
    const { atUs, datagram } = arrival;
    return {
      type: 'answer',
      probe,
      atUs,
      outcome: { verdict: 'open', reason: isAck ? 'ack' : 'rst' },
      round: probe && elapsed(probe.departure, arrival),
      ip,
      tcp,
      datagram,
    };
  }

  #settle(probe: InsideProbe): InsideProbe {
    this.#waiting.delete(probe);
    return probe;
  }

  /**
   * There is one answer to each probe that came so far, mostly in order: one that names none is to the oldest.
   * @returns that, if it is sure; `beyond`: it went further than the destination is, which says nothing
   */
  #settleOne(): InsideProbe | 'beyond' | undefined {
    const [oldest, next] = this.#unquoted;
    if (oldest === undefined) return undefined;
    this.#settle(oldest);
    if (oldest.isAlone && next === undefined) return oldest;
    this.#nearestUnnamed = Math.min(this.#nearestUnnamed, oldest.ttl);
    return oldest.ttl > this.#nearestUnnamed ? 'beyond' : undefined;
  }

  /** Those on their way that may have reached the destination. */
  get #unquoted(): InsideProbe[] {
    return [...this.#waiting].filter(({ ttl }) => ttl > this.#farthestQuote);
  }

  #hearIcmp(heard: Extract<Heard, { type: 'icmp' }>, arrival: Arrival): Finding | 'nothing' {
    const { error, quotedSeq } = heard;
    const { isOurs, isTheirs } = quotedEnds(error, this.#port, this.#request);
    // Who rewrites sequence numbers leaves the identification.
    const numbered = isOurs || isTheirs ? this.#probes.get(quotedSeq) : undefined;
    const probe = numbered ?? (isOurs && isTheirs ? this.#withId(error.ip?.id) : undefined);
    if (probe === undefined) {
      if (isOurs) this.#tell(this.#connection.take(arrival));
      return 'nothing';
    }
    this.#settle(probe);
    this.#farthestQuote = Math.max(this.#farthestQuote, probe.ttl);
    // A router is there: what seemed to be the destination's was to one that went further.
    if (probe.ttl >= this.#nearestUnnamed) this.#nearestUnnamed = Number.POSITIVE_INFINITY;
    this.#teller.icmp(heard, arrival, probe);
    return icmpFinding(heard, arrival, probe);
  }

  #withId(id: number | undefined): InsideProbe | undefined {
    for (const probe of this.#probes.values()) if (probe.ipId === id) return probe;
    return undefined;
  }
}
