import { PROTOCOL_ICMP, PROTOCOL_TCP } from '../wire/ipv4.ts';
import type { MachineClock } from './clock.ts';
import { type Flow, FlowTable, flowOfIcmpError, flowOfSegment } from './flow.ts';
import { Guards } from './guard.ts';
import { Intake } from './intake.ts';
import type { Arrival, ClockSource, ClockSources, PortRequest } from './network.ts';
import { localPortRange } from './ports.ts';
import { Receiver } from './receiver.ts';
import { Sender, type WayOut } from './sender.ts';
import { standStill } from './stand-still.ts';

/** How long the sockets are kept for the next port after the last one was closed. */
const LINGER_MS = 1000;

/** A reader of what arrives for its flow. */
export interface Listener extends Flow {
  /** Which ICMP errors it wants. */
  readonly quotes: PortRequest['quotes'];
  deliver(arrival: Arrival): void;
  /** Nothing will arrive any more. */
  fail(error: Error): void;
}

/** The first to ask for stamps has the kernel patch itself, beside us: without a moment for that the SYN+ACK comes too early. */
const STAMPS_BEGIN_MS = 1;

/**
 * The sockets that all ports of a network share: one that receives TCP, one that receives ICMP, one to send for each
 * way out that was asked for, and spare ones for guards. They are watched, and keep the process alive, while there is a listener.
 */
export class SharedSockets {
  private readonly tcp: Receiver;
  private readonly icmp: Receiver;
  private readonly senders = new Map<string, Sender>();
  readonly guards: Guards;
  private readonly listeners = new FlowTable<Listener>();
  private readonly intake: Intake;
  private readonly clock: MachineClock;
  private readonly stamps: boolean;
  private readonly keep: boolean;
  private readonly closed: () => void;
  private lingerTimer: NodeJS.Timeout | undefined;
  private lingers = true;
  private idleSinceMs = 0;

  /**
   * @param source what to date datagrams by, where the kernel can
   * @param keep whether they stay open until they are retired, though nobody listens
   * @param closed called when they have closed themselves
   * @throws NetError `no-permission`, `not-supported`, `module-missing`
   */
  constructor(clock: MachineClock, source: ClockSource, keep: boolean, closed: () => void) {
    this.clock = clock;
    this.keep = keep;
    this.stamps = source === 'kernel';
    this.closed = closed;
    const range = localPortRange();
    this.guards = new Guards(range);
    this.intake = new Intake(range);
    const failed = (error: Error): void => this.fail(error);
    const receiver = (protocol: number, deliver: (arrival: Arrival) => void): Receiver =>
      new Receiver(protocol, clock, this.stamps, deliver, failed);
    this.tcp = receiver(PROTOCOL_TCP, (arrival) => this.find(flowOfSegment(arrival.datagram))?.deliver(arrival));
    try {
      this.icmp = receiver(PROTOCOL_ICMP, (arrival) => this.deliverError(arrival));
    } catch (error) {
      this.tcp.close();
      throw error;
    }
    if (this.tcp.isStamped) standStill(STAMPS_BEGIN_MS);
    this.linger();
  }

  /** The receive buffer of the TCP socket in bytes. */
  get receiveBufferBytes(): number {
    return this.tcp.bufferBytes;
  }

  get clockSources(): ClockSources {
    const left = [...this.senders.values()].some((sender) => sender.isStamped);
    return { transmit: left ? 'kernel' : 'user', receive: this.tcp.isStamped ? 'kernel' : 'user' };
  }

  /** How full the fuller of the receive buffers is, 0 to 1. */
  get backlog(): number {
    return Math.max(this.tcp.backlog, this.icmp.backlog);
  }

  /** Datagrams dropped because these sockets were read too slowly. */
  get dropped(): number {
    return this.tcp.dropped + this.icmp.dropped;
  }

  /** The socket that sends so. */
  sender(way: WayOut): Sender {
    const key = `${way.interfaceName}/${way.source}/${way.ignoresPathMtu}`;
    let sender = this.senders.get(key);
    if (!sender) {
      sender = new Sender(this.clock, this.stamps, way);
      this.senders.set(key, sender);
    }
    return sender;
  }

  add(listener: Listener): void {
    const { tcp, icmp } = this.intake.add(listener, listener.quotes);
    if (tcp) this.tcp.setFilter(tcp);
    if (icmp) this.icmp.setFilter(icmp);
    if (this.listeners.size === 0) this.resume();
    this.listeners.add(listener);
  }

  delete(listener: Listener): void {
    this.listeners.delete(listener);
    this.intake.delete(listener);
    if (this.listeners.size === 0) this.pause();
  }

  /** Delivers what has arrived until a time and was not yet read. */
  poll(untilUs: number): void {
    // What routers say of probes comes before what the destination behind them says.
    this.icmp.poll(untilUs);
    this.tcp.poll(untilUs);
  }

  /** Closes the sockets, now or with the last listener. */
  retire(): void {
    this.lingers = false;
    if (this.listeners.size === 0) this.close();
  }

  private find(flow: Flow | undefined): Listener | undefined {
    return flow && this.listeners.find(flow);
  }

  /** One that quotes nobody's flow goes to all who take any quote. */
  private deliverError(arrival: Arrival): void {
    const flow = flowOfIcmpError(arrival.datagram);
    const owner = this.find(flow);
    if (owner !== undefined) owner.deliver(arrival);
    else if (flow !== undefined) for (const listener of this.listeners) if (listener.quotes === 'any') listener.deliver(arrival);
  }

  private resume(): void {
    // What came while nobody listened is of connections that are over.
    this.tcp.discard();
    this.icmp.discard();
    this.tcp.resume();
    this.icmp.resume();
  }

  private pause(): void {
    if (!this.lingers) {
      this.close();
      return;
    }
    this.tcp.pause();
    this.icmp.pause();
    this.linger();
  }

  /** Ports that follow each other fast share one timer. */
  private linger(): void {
    if (this.keep) return;
    this.idleSinceMs = performance.now();
    this.lingerTimer ??= setTimeout(() => this.endLinger(), LINGER_MS).unref();
  }

  private endLinger(): void {
    this.lingerTimer = undefined;
    if (this.listeners.size > 0) return;
    const leftMs = this.idleSinceMs + LINGER_MS - performance.now();
    if (leftMs > 0) this.lingerTimer = setTimeout(() => this.endLinger(), leftMs).unref();
    else this.close();
  }

  private fail(error: Error): void {
    this.lingers = false;
    this.close();
    for (const listener of this.listeners) listener.fail(error);
  }

  private close(): void {
    clearTimeout(this.lingerTimer);
    this.lingerTimer = undefined;
    this.tcp.close();
    this.icmp.close();
    for (const sender of this.senders.values()) sender.close();
    this.senders.clear();
    this.guards.close();
    this.closed();
  }
}
