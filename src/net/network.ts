/** What a probe needs of the world: a clock and ports to send from. The kernel's (kernel.ts) or the tests' (memory.ts). */
import type { Ipv4Address } from '../wire/address.ts';
import type { Departure, Moment } from './moment.ts';

/** A clock in microseconds from a start of its own, never stepped, and timers on it. */
export interface Clock {
  nowUs(): number;
  /** Nanoseconds since 1970 at a time of this clock. */
  wallTimeNs(atUs: number): bigint;
  /** Calls back once at or soon after the time. @returns a function that cancels it */
  setTimer(atUs: number, callback: () => void): () => void;
}

/** The way the kernel would send to a destination. */
export interface Route {
  sourceAddress: Ipv4Address;
  /** `''` where it can't be told. */
  interfaceName: string;
  /** The largest datagram in bytes. */
  mtu: number;
}

export interface PortRequest {
  destination: Ipv4Address;
  /** The peer's port: what comes from another one is not for us. */
  destinationPort: number;
  /** Undefined: the one the kernel's route has. */
  source?: Ipv4Address | undefined;
  /** Undefined: any free one. */
  sourcePort?: number | undefined;
  /** Undefined: the one the kernel's route has. */
  interfaceName?: string | undefined;
  /** Where its arrivals go in the place of its own `next`. */
  inbox?: SharedInbox | undefined;
  /**
   * `any`: also the ICMP errors that quote TCP which no port has sent as it stands there, for who translates addresses and ports
   * may leave the quote translated. What of them is about this port its reader must tell. Default: `own`.
   */
  quotes?: 'own' | 'any' | undefined;
  /**
   * `ignore`: what this host has learned of the path does not limit what is sent, only the interface's MTU, which is then the
   * route's too. For who measures the path: the kernel remembers for ten minutes what a router said. Default: `heed`.
   */
  pathMtu?: 'heed' | 'ignore' | undefined;
}

/** A datagram that came for a port: TCP from the peer, or an ICMP error that quotes what the port sent. */
export interface Arrival extends Moment {
  datagram: Uint8Array;
}

/** An arrival with the port that it came for. */
export interface PortArrival extends Arrival {
  port: Port;
}

/** What arrives for many ports, in order, for one reader. */
export interface SharedInbox {
  /** Arrivals that `next` gives without waiting. */
  readonly length: number;
  /** As {@link Port.next}. With a time that is over it looks what has arrived until now. */
  next(deadlineUs: number): Promise<PortArrival | undefined>;
  /** As {@link Port.wake}. */
  wake(): void;
  push(arrival: PortArrival): void;
  /** Nothing will arrive any more. */
  fail(error: Error): void;
}

/**
 * What keeps the kernel from answering for a port. `socket`: a listening socket of ours whose filter lets nothing in. `least-ttl`: the
 * same without a filter, where this process may attach none: what arrives with a TTL of 255 gets past it, and the kernel answers that.
 * `none`: nothing does; needless on a link of memory.
 */
export const PORT_GUARDS = ['socket', 'least-ttl', 'none'] as const;
export type PortGuard = (typeof PORT_GUARDS)[number];

/** A local TCP port that is ours alone until it is closed: no other program has it, and the kernel does not answer for it. */
export interface Port {
  readonly route: Route;
  readonly port: number;
  readonly guard: PortGuard;
  /**
   * Sends one IPv4 datagram, now.
   * @returns when it left
   * @throws NetError where this host can't send it
   */
  send(datagram: Uint8Array): Departure;
  /**
   * Sends datagrams one behind the other, faster than each by itself.
   * @returns when each of those that have left did: fewer than were given where the next one could not be sent
   * @throws NetError where this host can't send the first
   */
  sendMany(datagrams: readonly Uint8Array[]): readonly Departure[];
  /**
   * The next arrival, in order.
   * @param deadlineUs when to stop waiting
   * @returns undefined at the deadline or when woken
   */
  next(deadlineUs: number): Promise<Arrival | undefined>;
  /** Arrivals that `next` gives without waiting. */
  readonly queued: number;
  /** Ends a wait of `next` early; where there is none, the next one that finds nothing. */
  wake(): void;
  /** What may be in flight towards the port, in bytes, without fear that the kernel's receive buffer overflows. */
  readonly receiveWindowBytes: number;
  /** The largest datagram in bytes that the kernel lets out towards the peer: less than the route's once the path has said so. */
  pathMtu(): number;
  /** How full the kernel's receive buffer is with what has arrived and was not yet read, for any port: 0 to 1. */
  readonly backlog: number;
  /** Datagrams dropped because they were read too slowly, since the port was opened, on the sockets it reads from. */
  readonly dropped: number;
  /** Gives the port back. May be called twice. */
  close(): void;
}

export interface FanRequest {
  /** Undefined: the one the kernel's route has, destination by destination. */
  source?: Ipv4Address | undefined;
  /** Undefined: free ones. */
  sourcePort?: number | undefined;
  /** How many ports to have, one behind the other, where none was asked for: 1 unless it is given. */
  sourcePorts?: number | undefined;
  /** Undefined: the one the kernel's route has. */
  interfaceName?: string | undefined;
  /** Bytes of each datagram that is to be sent. */
  datagramLength: number;
}

/** The way from a fan to a destination. */
export interface FanRoute extends Route {
  /** No router is between. */
  attached: boolean;
}

/** Where datagrams that are to be sent together are put: `slots` of them, `slotLength` bytes from one to the next. */
export interface Outgoing {
  readonly bytes: Uint8Array;
  /** Where the first one begins. */
  readonly offset: number;
  readonly slotLength: number;
  readonly slots: number;
}

/** Is shown an arrival where it lies: bytes[at … at + length) hold it until this returns. */
export type EachArrival = (bytes: Uint8Array, at: number, length: number) => void;

/**
 * A few local ports towards any number of hosts, for probes by the thousand: nothing is copied, dated or made an object of.
 * No connection comes of them: the ports are reserved but not guarded, so that our kernel answers a SYN+ACK with the RST
 * that ends what it began.
 */
export interface Fan {
  /** The first of the ports that are ours, at every source address. */
  readonly sourcePort: number;
  /** How many they are: fewer than asked for where there are not so many in a row. */
  readonly sourcePorts: number;
  /** Several, so that some can be filled while others are sent. */
  readonly outgoing: readonly Outgoing[];
  /** The way to a destination. @throws NetError as {@link Network.openPort} */
  routeTo(destination: Ipv4Address): FanRoute;
  /**
   * Sends what lies in slots of one of `outgoing`, now, each to the destination in its header.
   * @returns how many have left: fewer than asked for where the next one could not be sent
   * @throws NetError where this host can't send the first
   */
  send(outgoing: number, firstSlot: number, count: number): number;
  /**
   * Sends what lies in the first slots beside this thread, which goes on; their memory is not to be touched until it is done,
   * nor may the fan be closed.
   * @param done is told how many have left: fewer than asked for where the next one could not be sent
   */
  sendBeside(outgoing: number, count: number, done: (sent: number) => void): void;
  /** Shows what has arrived until now: TCP for our ports from anybody, and ICMP errors that quote what was sent from them. */
  take(each: EachArrival): void;
  /** Waits for the next arrival, until a time or until woken. */
  wait(deadlineUs: number): Promise<void>;
  /** As {@link Port.wake}. */
  wake(): void;
  /** As {@link Port.dropped}. */
  readonly dropped: number;
  /** How often a send was tried again because the send queue of this host was full. */
  readonly sendRetries: number;
  /** Gives the ports back. May be called twice. */
  close(): void;
}

export interface ListenerRequest {
  ports: readonly number[];
  /** Undefined: every address of this host. */
  address?: Ipv4Address | undefined;
  /** Whether it is to be known when each datagram left: it costs more than the sending. */
  dated: boolean;
}

/** Where an address of this host lives. */
export interface Home {
  interfaceName: string;
  /** Of the interface, in bytes. */
  mtu: number;
}

/** Ports of ours that anybody may speak to. No other program has them, and the kernel answers nobody for them. */
export interface ListeningPorts {
  readonly guard: PortGuard;
  /** Where an address lives that a datagram was sent to; undefined where it is not one that we listen on, but a broadcast's. */
  homeOf(address: Ipv4Address): Home | undefined;
  /** The way back to a peer from the address that it called. @throws NetError as {@link Network.openPort} */
  routeTo(destination: Ipv4Address, source: Ipv4Address): Route;
  /** As {@link Port.send}, to the destination in its header. */
  send(datagram: Uint8Array): Departure;
  /** Sends datagrams to the destinations in their headers by as few calls as may be. One that can't be sent is as lost as on the wire. */
  sendMany(datagrams: readonly Uint8Array[]): void;
  /** As {@link Port.pathMtu}. */
  pathMtu(destination: Ipv4Address, source: Ipv4Address): number;
  /**
   * All that has arrived, in order: TCP for the ports, and ICMP errors about what was sent from them.
   * @param deadlineUs when to stop waiting for the first
   * @returns nothing at the deadline or when woken
   */
  next(deadlineUs: number): Promise<readonly Arrival[]>;
  /** As {@link Port.wake}. */
  wake(): void;
  /** As {@link Port.receiveWindowBytes}, for all peers together. */
  readonly receiveWindowBytes: number;
  /** Of SYNs, which are kept apart: a flood of them drowns nobody else. */
  readonly droppedSyns: number;
  /** As {@link Port.dropped}, of all others. */
  readonly dropped: number;
  /** Gives the ports back. May be called twice. */
  close(): void;
}

/** What dates a datagram: the kernel's stamp, or this process by reading the clock. */
export const CLOCK_SOURCES = ['kernel', 'user'] as const;
export type ClockSource = (typeof CLOCK_SOURCES)[number];

export interface ClockSources {
  transmit: ClockSource;
  receive: ClockSource;
}

export interface Network {
  readonly clock: Clock;
  /** Known of `receive` once a port is open, of `transmit` once something has left. */
  readonly clockSources: ClockSources;
  /** Reserves a local port towards a destination. @throws NetError */
  openPort(request: PortRequest): Port;
  /** @throws NetError */
  openFan(request: FanRequest): Fan;
  /** @throws NetError */
  openListener(request: ListenerRequest): ListeningPorts;
  /** An inbox for ports that are opened with it. */
  openInbox(): SharedInbox;
  /** Closes what is shared between ports. Ports still open stay usable. */
  close(): void;
}
