import { formatIpv4 } from '../wire/address.ts';
import { createClock, type MachineClock } from './clock.ts';
import { NetError } from './errors.ts';
import { KernelFan } from './fan.ts';
import type { Guard } from './guard.ts';
import { Inbox } from './inbox.ts';
import { KernelListener } from './listener.ts';
import type { Departure } from './moment.ts';
import type {
  Arrival,
  ClockSource,
  ClockSources,
  Fan,
  FanRequest,
  ListenerRequest,
  ListeningPorts,
  Network,
  Port,
  PortArrival,
  PortGuard,
  PortRequest,
  Route,
  SharedInbox,
} from './network.ts';
import { findRoute, Routes, withoutPathMtu } from './route.ts';
import type { Sender } from './sender.ts';
import { type Listener, SharedSockets } from './sockets.ts';

/** Arrivals kept for a reader that does not come for them. */
const LONGEST_INBOX = 16_384;

/** The kernel counts its own bookkeeping too, and other ports share the buffer. */
const BUFFER_PER_WINDOW = 4;

export interface KernelNetworkOptions {
  /** What to date datagrams by: the kernel's stamps where it has them, or this process alone. Default: `kernel`. */
  clock?: ClockSource | undefined;
  /**
   * Whether the sockets stay open until `close`, also while no port is: who has given up the privilege could not open them
   * again. Default: they are closed soon after the last port.
   */
  keepSockets?: boolean | undefined;
}

/** The network of this host, by raw sockets that are opened with the first port. */
export const openKernelNetwork = ({ clock = 'kernel', keepSockets = false }: KernelNetworkOptions = {}): Network =>
  new KernelNetwork(clock, keepSockets);

class KernelNetwork implements Network {
  readonly clock = createClock();
  private readonly routes = new Routes(this.clock);
  private readonly source: ClockSource;
  private readonly keepSockets: boolean;
  private sockets: SharedSockets | undefined;

  constructor(source: ClockSource, keepSockets: boolean) {
    this.source = source;
    this.keepSockets = keepSockets;
  }

  openPort(request: PortRequest): Port {
    const { destination, source, interfaceName } = request;
    const ignoresPathMtu = request.pathMtu === 'ignore';
    const known = this.routes.find({ destination, source, interfaceName });
    const route = ignoresPathMtu ? withoutPathMtu(known) : known;
    const sockets = this.openSockets();
    const sender = sockets.sender({ interfaceName, source, ignoresPathMtu });
    const guard = sockets.guards.open(route.sourceAddress, request.sourcePort);
    try {
      return new KernelPort(request, route, guard, sender, sockets, this.clock);
    } catch (error) {
      guard.close();
      throw error;
    }
  }

  openFan(request: FanRequest): Fan {
    return new KernelFan(request, this.clock);
  }

  openListener(request: ListenerRequest): ListeningPorts {
    return new KernelListener(request, this.clock, this.routes, this.source === 'kernel');
  }

  openInbox(): SharedInbox {
    return new Inbox<PortArrival>(this.clock, (untilUs) => this.sockets?.poll(untilUs));
  }

  get clockSources(): ClockSources {
    return this.sockets?.clockSources ?? { transmit: 'user', receive: 'user' };
  }

  close(): void {
    const sockets = this.sockets;
    this.sockets = undefined;
    sockets?.retire();
  }

  private openSockets(): SharedSockets {
    if (!this.sockets) {
      const sockets = new SharedSockets(this.clock, this.source, this.keepSockets, () => {
        if (this.sockets === sockets) this.sockets = undefined;
      });
      this.sockets = sockets;
    }
    return this.sockets;
  }
}

class KernelPort implements Port, Listener {
  readonly route: Route;
  readonly guard: PortGuard;
  readonly address: number;
  readonly port: number;
  readonly peerAddress: number;
  readonly peerPort: number;
  readonly receiveWindowBytes: number;
  readonly quotes: PortRequest['quotes'];
  private readonly guardSocket: Guard;
  private readonly sender: Sender;
  private readonly sockets: SharedSockets;
  private readonly inbox: Inbox<Arrival>;
  private readonly sharedInbox: SharedInbox | undefined;
  private readonly destination: string;
  private readonly interfaceName: string | undefined;
  private readonly droppedBefore: number;
  private overflow = 0;
  private closed = false;

  constructor(request: PortRequest, route: Route, guard: Guard, sender: Sender, sockets: SharedSockets, clock: MachineClock) {
    this.route = route;
    this.address = route.sourceAddress;
    this.port = guard.port;
    this.guard = guard.kind;
    this.peerAddress = request.destination;
    this.peerPort = request.destinationPort;
    this.receiveWindowBytes = Math.floor(sockets.receiveBufferBytes / BUFFER_PER_WINDOW);
    this.quotes = request.quotes;
    this.destination = formatIpv4(request.destination);
    this.interfaceName = request.interfaceName;
    this.guardSocket = guard;
    this.sender = sender;
    this.sockets = sockets;
    this.inbox = new Inbox(clock, (untilUs) => sockets.poll(untilUs));
    this.sharedInbox = request.inbox;
    this.droppedBefore = sockets.dropped;
    sockets.add(this);
  }

  send(datagram: Uint8Array): Departure {
    if (this.closed) throw new Error(`port ${this.port} is closed`);
    return this.sender.send(datagram, this.destination);
  }

  sendMany(datagrams: readonly Uint8Array[]): readonly Departure[] {
    if (this.closed) throw new Error(`port ${this.port} is closed`);
    return this.sender.sendMany(datagrams, () => this.peerAddress);
  }

  next(deadlineUs: number): Promise<Arrival | undefined> {
    return this.inbox.next(deadlineUs);
  }

  pathMtu(): number {
    return findRoute({ destination: this.peerAddress, source: this.address, interfaceName: this.interfaceName }).mtu;
  }

  get queued(): number {
    return this.inbox.length;
  }

  wake(): void {
    this.inbox.wake();
  }

  get backlog(): number {
    return this.sockets.backlog;
  }

  get dropped(): number {
    return this.sockets.dropped - this.droppedBefore + this.overflow;
  }

  deliver(arrival: Arrival): void {
    const { inbox, sharedInbox } = this;
    if ((sharedInbox ?? inbox).length >= LONGEST_INBOX) this.overflow++;
    else if (sharedInbox !== undefined) sharedInbox.push({ port: this, ...arrival });
    else inbox.push(arrival);
  }

  fail(error: Error): void {
    (this.sharedInbox ?? this.inbox).fail(
      new NetError('system', 'receive', `on port ${this.port}`, error.message, undefined, { cause: error }),
    );
  }

  close(): void {
    if (this.closed) return;
    this.closed = true;
    this.sockets.delete(this);
    this.guardSocket.close();
    this.inbox.wake();
  }
}
