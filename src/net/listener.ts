/** The kernel's side of a listener: sockets of its own, since what comes for it comes from anywhere and by the thousand. */
import { formatIpv4, type Ipv4Address, isLoopback } from '../wire/address.ts';
import { decodeIpv4Header, PROTOCOL_ICMP, PROTOCOL_TCP } from '../wire/ipv4.ts';
import type { MachineClock } from './clock.ts';
import { NetError } from './errors.ts';
import { icmpAboutPorts, tcpToPortsBySyn } from './filter.ts';
import { Guards } from './guard.ts';
import { Inbox } from './inbox.ts';
import { interfaceMtu } from './interfaces.ts';
import type { Departure } from './moment.ts';
import type { Arrival, Home, ListenerRequest, ListeningPorts, PortGuard, Route } from './network.ts';
import { localPortRange } from './ports.ts';
import { Receiver } from './receiver.ts';
import { findRoute, type Routes } from './route.ts';
import { Sender } from './sender.ts';

/** Bytes kept for a reader that does not come for them. */
const MOST_WAITING_BYTES = 32 << 20;

/** The kernel counts its own bookkeeping too. */
const BUFFER_PER_WINDOW = 4;

/**
 * SYNs have a buffer of their own, so that a flood of them drowns nobody else: some 10,000, what comes while this process
 * is kept waiting for a processor, and few enough to be answered before who sent them asks again.
 */
const SYN_BUFFER_BYTES = 4 << 20;

const ANY_ADDRESS = 0;

const FALLBACK_MTU = 1500;

const destinationOf = (datagram: Uint8Array): Ipv4Address => decodeIpv4Header(datagram).destination;

const home = (interfaceName: string): Home => ({ interfaceName, mtu: interfaceMtu(interfaceName) ?? FALLBACK_MTU });

export class KernelListener implements ListeningPorts {
  readonly guard: PortGuard;
  readonly receiveWindowBytes: number;
  private readonly request: ListenerRequest;
  private readonly clock: MachineClock;
  private readonly routes: Routes;
  private readonly sender: Sender;
  private readonly syns: Receiver;
  private readonly tcp: Receiver;
  private readonly icmp: Receiver;
  private readonly open: { close(): void }[] = [];
  /** Nothing is put in: it wakes who waits, and what has arrived is taken all at once. */
  private readonly signal: Inbox<never>;
  private arrivals: Arrival[] = [];
  private waitingBytes = 0;
  private overflow = 0;
  private homes: ReadonlyMap<Ipv4Address, Home> = new Map();
  /** Whose homes they are. */
  private addresses: ReadonlyMap<Ipv4Address, string> | undefined;
  /** Somebody waits and was not yet woken: else a wake would end the next wait. */
  private isAwaited = false;
  private isClosed = false;

  /** @throws NetError `port-in-use`, `no-permission`, `not-supported`, `module-missing`, `source-address` */
  constructor(request: ListenerRequest, clock: MachineClock, routes: Routes, stamps: boolean) {
    const { ports, address = ANY_ADDRESS, dated } = request;
    this.request = request;
    this.clock = clock;
    this.routes = routes;
    this.signal = new Inbox(clock, () => this.poll());
    try {
      const guards = this.keep(new Guards(localPortRange()));
      const held = ports.map((port) => this.keep(guards.openServer(address, port)));
      // All are made alike.
      this.guard = held[0]?.kind ?? 'none';
      this.sender = this.keep(new Sender(clock, stamps && dated, { source: request.address, amongStrangers: true }));
      this.tcp = this.keep(this.receiver(PROTOCOL_TCP, stamps));
      this.syns = this.keep(this.receiver(PROTOCOL_TCP, stamps, SYN_BUFFER_BYTES));
      this.icmp = this.keep(this.receiver(PROTOCOL_ICMP, stamps));
      const ranges = ports.map((port) => ({ low: port, high: port }));
      this.tcp.setFilter(tcpToPortsBySyn('other', ...ranges));
      this.syns.setFilter(tcpToPortsBySyn('syn', ...ranges));
      this.icmp.setFilter(icmpAboutPorts(...ranges));
      this.receiveWindowBytes = Math.floor(this.tcp.bufferBytes / BUFFER_PER_WINDOW);
      for (const each of [this.tcp, this.syns, this.icmp]) each.resume();
    } catch (error) {
      for (const each of this.open) each.close();
      throw error;
    }
  }

  private keep<T extends { close(): void }>(what: T): T {
    this.open.push(what);
    return what;
  }

  private receiver(protocol: number, stamps: boolean, bufferBytes?: number): Receiver {
    return new Receiver(
      protocol,
      this.clock,
      stamps,
      (arrival) => this.deliver(arrival),
      (error) => this.signal.fail(new NetError('system', 'receive', 'on the ports', error.message, undefined, { cause: error })),
      () => this.poll(),
      bufferBytes,
    );
  }

  private deliver(arrival: Arrival): void {
    const { length } = arrival.datagram;
    if (this.waitingBytes + length > MOST_WAITING_BYTES) {
      this.overflow++;
      return;
    }
    this.waitingBytes += length;
    this.arrivals.push(arrival);
    if (!this.isAwaited) return;
    this.isAwaited = false;
    this.signal.wake();
  }

  /** Reads all sockets, whichever has something: a SYN is not to overtake the RST before it. So what may come behind is read last. */
  private poll(): void {
    for (const each of [this.syns, this.tcp, this.icmp]) each.poll();
  }

  async next(deadlineUs: number): Promise<readonly Arrival[]> {
    if (this.arrivals.length === 0) {
      this.isAwaited = true;
      await this.signal.next(deadlineUs);
      this.isAwaited = false;
    }
    const taken = this.arrivals;
    this.arrivals = [];
    this.waitingBytes = 0;
    return taken.sort((a, b) => a.atUs - b.atUs);
  }

  wake(): void {
    this.signal.wake();
  }

  homeOf(address: Ipv4Address): Home | undefined {
    const { address: own = address } = this.request;
    if (own !== address) return undefined;
    const { addresses } = this.routes;
    if (addresses !== this.addresses) {
      this.homes = new Map([...addresses].map(([each, name]) => [each, home(name)]));
      this.addresses = addresses;
    }
    return this.homes.get(address) ?? (isLoopback(address) ? home('lo') : undefined);
  }

  routeTo(destination: Ipv4Address, source: Ipv4Address): Route {
    return this.routes.find({ destination, source });
  }

  pathMtu(destination: Ipv4Address, source: Ipv4Address): number {
    return findRoute({ destination, source }, this.routes.addresses).mtu;
  }

  send(datagram: Uint8Array): Departure {
    return this.sender.send(datagram, formatIpv4(destinationOf(datagram)));
  }

  sendMany(datagrams: readonly Uint8Array[]): void {
    let left = datagrams;
    while (left.length > 0) left = left.slice(this.sendSome(left));
  }

  /** @returns how many of the first ones are done with */
  private sendSome(datagrams: readonly Uint8Array[]): number {
    try {
      return this.sender.sendMany(datagrams, (i) => destinationOf(datagrams[i] as Uint8Array)).length;
    } catch (error) {
      if (!(error instanceof NetError)) throw error;
      return 1;
    }
  }

  get droppedSyns(): number {
    return this.syns.dropped;
  }

  get dropped(): number {
    return this.tcp.dropped + this.icmp.dropped + this.overflow;
  }

  close(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    for (const each of this.open) each.close();
    this.signal.wake();
  }
}
