import { formatIpv4, type Ipv4Address } from '../wire/address.ts';
import { decodeIpv4Header } from '../wire/ipv4.ts';
import type { MachineClock } from './clock.ts';
import { Departures } from './departures.ts';
import { errno, errnoOfText, noRouteError, systemError } from './errno.ts';
import { NetError } from './errors.ts';
import { attachFilter, compile, rejectAll } from './filter.ts';
import { bindToInterface } from './interfaces.ts';
import { IP_MTU_DISCOVER, IP_NODEFRAG, IP_PMTUDISC_PROBE, IP_RECVERR, libc, SOL_IP, setBuffer } from './libc.ts';
import type { Departure } from './moment.ts';
import { OutgoingBatch } from './outgoing-batch.ts';
import { PROTOCOL_RAW, RawSocket } from './raw.ts';
import { notOurs } from './route.ts';
import { ErrorQueue } from './stamp.ts';
import { standStill } from './stand-still.ts';

const SEND_BUFFER_BYTES = 4 << 20;
/** Where stamps wait to be read: some 900 bytes each. */
const STAMP_BUFFER_BYTES = 1 << 20;

/** Waits between attempts while the queue is full, 3 ms in all: the event loop stands still meanwhile. */
const BACKOFF_MS = [0.1, 0.2, 0.4, 0.8, 1.6];
/** Among strangers: so long nothing is tried again after a queue that stayed full. */
const REST_US = 100_000;

/** How a socket sends; undefined leaves the choice to the kernel. */
export interface WayOut {
  interfaceName?: string | undefined;
  /** The kernel's route does not look at the header's. */
  source?: Ipv4Address | undefined;
  /** What was learned of the path does not limit what is sent. */
  ignoresPathMtu?: boolean | undefined;
  /**
   * Who it sends to called first, and may be a forged neighbour that fills the kernel's table of them (ENOBUFS): waiting
   * for room each time would have the event loop stand still.
   */
  amongStrangers?: boolean | undefined;
}

/**
 * The socket that sends datagrams with a header of our own. Never watched: libuv would take its error queue
 * for a broken descriptor, and raw-socket would close it.
 */
export class Sender {
  /** How often a send was tried again because the queue was full. */
  retries = 0;
  private readonly socket: RawSocket;
  private readonly departures: Departures;
  private readonly clock: MachineClock;
  private readonly amongStrangers: boolean;
  private restsUntilUs = 0;

  /**
   * @param stamps whether to ask the kernel when what is sent has left
   */
  constructor(clock: MachineClock, stamps: boolean, { interfaceName, source, ignoresPathMtu, amongStrangers = false }: WayOut) {
    this.clock = clock;
    this.amongStrangers = amongStrangers;
    this.socket = new RawSocket(PROTOCOL_RAW);
    try {
      const { fd } = this.socket;
      if (interfaceName !== undefined) bindToInterface(fd, interfaceName);
      if (source !== undefined) this.bind(source);
      if (ignoresPathMtu) libc().setsockopt(fd, SOL_IP, IP_MTU_DISCOVER, IP_PMTUDISC_PROBE);
      // Connection tracking would hold a lone fragment back, and cut those that are whole anew.
      libc().setsockopt(fd, SOL_IP, IP_NODEFRAG, 1);
      // Without it a full queue drops in silence.
      libc().setsockopt(fd, SOL_IP, IP_RECVERR, 1);
      setBuffer(fd, 'send', SEND_BUFFER_BYTES);
      setBuffer(fd, 'receive', STAMP_BUFFER_BYTES);
      // Nobody's datagrams of the same protocol may take the room of the stamps.
      attachFilter(fd, compile(rejectAll));
      this.departures = new Departures(clock, clock.wall, stamps ? new ErrorQueue(fd) : undefined);
    } catch (error) {
      this.socket.close();
      throw error;
    }
  }

  private bind(source: Ipv4Address): void {
    const result = libc().bind(this.socket.fd, source, 0);
    if (result === -errno.EADDRNOTAVAIL) throw notOurs(source);
    if (result < 0) throw systemError('bind', formatIpv4(source), -result);
  }

  /**
   * Sends a datagram now.
   * @param destination dotted quad
   * @throws NetError where this host can't send it
   */
  send(datagram: Uint8Array, destination: string): Departure {
    for (let attempt = 0; ; attempt++) {
      const departure = this.departures.begin();
      try {
        this.socket.send(datagram, destination);
        return departure;
      } catch (error) {
        this.departures.failed();
        const number = errnoOfText((error as Error).message);
        if (number === undefined) throw error;
        if (!this.mayTryAgain(number, attempt)) throw sendError(number, datagram, destination);
      }
    }
  }

  /**
   * Sends datagrams now by as few calls as may be.
   * @param destinationOf of each, by its place among them
   * @returns of those that have left
   * @throws NetError where this host can't send the first
   */
  sendMany(datagrams: readonly Uint8Array[], destinationOf: (index: number) => Ipv4Address): readonly Departure[] {
    // Its number may be another descriptor's by now.
    if (this.socket.closed) throw new Error('the socket is closed');
    const batch = Sender.batch();
    let count = 0;
    while (count < datagrams.length && batch.add(datagrams[count] as Uint8Array, destinationOf(count))) count++;
    const first = datagrams[0] as Uint8Array;
    if (count === 0) return [this.send(first, formatIpv4(destinationOf(0)))];
    for (let attempt = 0; ; attempt++) {
      const departures = this.departures.beginMany(count);
      const sent = batch.send(this.socket.fd);
      if (sent === count) return departures;
      // Those behind the one that was refused were not tried.
      this.departures.withdraw(count - Math.max(0, sent) - 1);
      this.departures.failed();
      if (sent > 0) return departures.slice(0, sent);
      if (!this.mayTryAgain(-sent, attempt)) throw sendError(-sent, first, formatIpv4(destinationOf(0)));
    }
  }

  /**
   * Sends what lies in slots of a batch, undated.
   * @returns how many have left: fewer than asked for where the next one could not be sent
   * @throws NetError where this host can't send the first
   */
  sendSlots(batch: OutgoingBatch, firstSlot: number, count: number): number {
    if (this.socket.closed) throw new Error('the socket is closed');
    for (let attempt = 0; ; attempt++) {
      const sent = batch.sendSlots(this.socket.fd, firstSlot, count);
      if (sent > 0) return sent;
      if (this.mayTryAgain(-sent, attempt)) continue;
      const datagram = batch.datagram(firstSlot);
      throw sendError(-sent, datagram, formatIpv4(decodeIpv4Header(datagram).destination));
    }
  }

  /** Sends what lies in the first slots of a batch on another thread. @param done is told how many have left, and not why no more */
  sendSlotsBeside(batch: OutgoingBatch, count: number, done: (sent: number) => void): void {
    if (this.socket.closed) throw new Error('the socket is closed');
    batch.sendSlotsBeside(this.socket.fd, count, done);
  }

  private static outgoing: OutgoingBatch | undefined;

  /** Empty. One for all: a call reads it and is done with it. */
  private static batch(): OutgoingBatch {
    Sender.outgoing ??= new OutgoingBatch();
    Sender.outgoing.clear();
    return Sender.outgoing;
  }

  /** Whether the queue was full, and may be less so now. */
  private mayTryAgain(number: number, attempt: number): boolean {
    const backoffMs = BACKOFF_MS[attempt];
    if (!isFull(number)) return false;
    if (this.amongStrangers && this.clock.nowUs() < this.restsUntilUs) return false;
    if (backoffMs === undefined) {
      this.restsUntilUs = this.clock.nowUs() + REST_US;
      return false;
    }
    this.retries++;
    standStill(backoffMs);
    return true;
  }

  /** The kernel has told when something left. */
  get isStamped(): boolean {
    if (!this.departures.stamped) this.departures.read();
    return this.departures.stamped;
  }

  close(): void {
    this.socket.close();
  }
}

const isFull = (number: number): boolean => number === errno.ENOBUFS || number === errno.EAGAIN || number === errno.ENOMEM;

function sendError(number: number, datagram: Uint8Array, destination: string): NetError {
  const subject = `to ${destination}`;
  const fail = (code: 'message-too-long' | 'local-firewall' | 'no-buffers' | 'system', reason: string, hint: string): NetError =>
    new NetError(code, 'send', subject, reason, hint);
  if (isFull(number)) return fail('no-buffers', 'the send queue of this host is full and stays so', 'send less at a time');
  if (number === errno.EMSGSIZE) {
    return fail(
      'message-too-long',
      `${datagram.length} bytes are more than the MTU of the interface`,
      'put less into one datagram, or cut it into fragments',
    );
  }
  if (number === errno.EPERM) {
    return fail(
      'local-firewall',
      'a firewall on this host refused to let it out',
      'see its rules for output: `nft list ruleset`, `iptables -S`',
    );
  }
  if (number === errno.EINVAL && ((datagram[0] ?? 0) & 15) * 4 > datagram.length) {
    return fail('system', 'the kernel refuses an IPv4 header that is longer than its datagram', 'give it a header length that fits');
  }
  return noRouteError('send', subject, destination, number) ?? systemError('send', subject, number);
}
