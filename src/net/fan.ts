/** The kernel's side of a fan: sockets of its own, since what comes for it comes by the thousand and from anywhere. */
import type { Ipv4Address } from '../wire/address.ts';
import { PROTOCOL_ICMP, PROTOCOL_TCP } from '../wire/ipv4.ts';
import type { MachineClock } from './clock.ts';
import { icmpAboutPorts, type PortRange, tcpToPorts } from './filter.ts';
import { Inbox } from './inbox.ts';
import type { Departure } from './moment.ts';
import type { Arrival, ClockSource, Fan, FanPath, FanRequest } from './network.ts';
import { Receiver } from './receiver.ts';
import { type Reservation, reservePort } from './reservation.ts';
import { findRoute } from './route.ts';
import { Sender } from './sender.ts';

export class KernelFan implements Fan {
  private readonly request: FanRequest;
  private readonly sender: Sender;
  private readonly tcp: Receiver;
  private readonly icmp: Receiver;
  /** By source address: the port that is ours there. */
  private readonly reservations = new Map<Ipv4Address, Reservation>();
  private range: PortRange | undefined;
  /** Nothing is put in: it wakes who waits, and what has arrived is taken all at once. */
  private readonly signal: Inbox<never>;
  private arrivals: Arrival[] = [];
  private isClosed = false;

  /** @throws NetError `no-permission`, `not-supported`, `module-missing`, `source-address`, `no-such-interface` */
  constructor(request: FanRequest, clock: MachineClock, source: ClockSource) {
    this.request = request;
    this.signal = new Inbox(clock, () => this.poll());
    const stamps = source === 'kernel';
    const deliver = (arrival: Arrival): void => {
      if (this.arrivals.push(arrival) === 1) this.signal.wake();
    };
    const failed = (error: Error): void => this.signal.fail(error);
    this.sender = new Sender(clock, stamps && request.stampSent === true, request.interfaceName, request.source);
    const open: { close(): void }[] = [this.sender];
    try {
      this.tcp = new Receiver(PROTOCOL_TCP, clock, stamps, deliver, failed);
      open.push(this.tcp);
      this.icmp = new Receiver(PROTOCOL_ICMP, clock, stamps, deliver, failed);
    } catch (error) {
      for (const each of open) each.close();
      throw error;
    }
    this.tcp.resume();
    this.icmp.resume();
  }

  pathTo(destination: Ipv4Address): FanPath {
    const { source, sourcePort, interfaceName } = this.request;
    const route = findRoute({ destination, source, interfaceName });
    let reservation = this.reservations.get(route.sourceAddress);
    if (reservation === undefined) {
      reservation = reservePort(route.sourceAddress, sourcePort);
      this.reservations.set(route.sourceAddress, reservation);
      this.admit(reservation.port);
    }
    return { ...route, sourcePort: reservation.port };
  }

  private admit(port: number): void {
    const { low, high } = this.range ?? { low: port, high: port };
    this.range = { low: Math.min(low, port), high: Math.max(high, port) };
    this.tcp.setFilter(tcpToPorts(this.range));
    this.icmp.setFilter(icmpAboutPorts(this.range));
  }

  sendMany(datagrams: readonly Uint8Array[], destinationOf: (index: number) => Ipv4Address): readonly Departure[] {
    return this.sender.sendMany(datagrams, destinationOf);
  }

  take(): readonly Arrival[] {
    this.poll();
    const { arrivals } = this;
    this.arrivals = [];
    return arrivals;
  }

  async wait(deadlineUs: number): Promise<void> {
    if (this.arrivals.length > 0) return;
    await this.signal.next(deadlineUs);
  }

  wake(): void {
    this.signal.wake();
  }

  get backlog(): number {
    return Math.max(this.tcp.backlog, this.icmp.backlog);
  }

  get dropped(): number {
    return this.tcp.dropped + this.icmp.dropped;
  }

  get sendRetries(): number {
    return this.sender.retries;
  }

  close(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    for (const socket of [this.sender, this.tcp, this.icmp, ...this.reservations.values()]) socket.close();
    this.signal.wake();
  }

  private poll(): void {
    this.tcp.poll();
    this.icmp.poll();
  }
}
