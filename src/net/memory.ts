/** A network in memory: hosts on one wire that loses, duplicates, reorders, corrupts and delays from a seed, on a virtual clock. */
import type { Ipv4Address } from '../wire/address.ts';
import { decodeIpv4Header } from '../wire/ipv4.ts';
import { copiesOf, type Faults, NO_FAULTS } from './faults.ts';
import { flowOfIcmpError, flowOfSegment } from './flow.ts';
import { Inbox } from './inbox.ts';
import type { Departure } from './moment.ts';
import type {
  Arrival,
  Clock,
  Fan,
  FanRequest,
  ListenerRequest,
  ListeningPorts,
  Network,
  Port,
  PortArrival,
  PortRequest,
  SharedInbox,
} from './network.ts';
import { type Random, seededRandom } from './random.ts';

interface Timer {
  atUs: number;
  /** Timers of one time fire in the order they were set. */
  order: number;
  callback: () => void;
  /** Where it stands in the heap; -1 once it is out. */
  place: number;
}

const isEarlier = (a: Timer, b: Timer): boolean => a.atUs < b.atUs || (a.atUs === b.atUs && a.order < b.order);

/** A clock that stands still until told to run, and then jumps from timer to timer. */
export class VirtualClock implements Clock {
  private time = 0;
  private order = 0;
  /** A binary heap: each is earlier than the two at twice its place and one or two more. */
  private readonly heap: Timer[] = [];

  nowUs(): number {
    return this.time;
  }

  wallTimeNs(atUs: number): bigint {
    return BigInt(Math.round(atUs * 1000));
  }

  setTimer(atUs: number, callback: () => void): () => void {
    const timer = { atUs: Math.max(atUs, this.time), order: this.order++, callback, place: this.heap.length };
    this.heap.push(timer);
    this.rise(timer);
    return () => this.remove(timer);
  }

  /** Jumps to the next timer and fires it. @returns false where there is none */
  step(): boolean {
    const next = this.heap[0];
    if (next === undefined) return false;
    this.remove(next);
    this.time = next.atUs;
    next.callback();
    return true;
  }

  private remove(timer: Timer): void {
    const { place } = timer;
    if (place < 0) return;
    timer.place = -1;
    const last = this.heap.pop() as Timer;
    if (last === timer) return;
    this.put(last, place);
    this.rise(last);
    this.sink(last);
  }

  private put(timer: Timer, place: number): void {
    this.heap[place] = timer;
    timer.place = place;
  }

  private rise(timer: Timer): void {
    while (timer.place > 0) {
      const { place } = timer;
      const parent = this.heap[(place - 1) >> 1] as Timer;
      if (!isEarlier(timer, parent)) return;
      this.put(timer, parent.place);
      this.put(parent, place);
    }
  }

  private sink(timer: Timer): void {
    for (;;) {
      const { place } = timer;
      const left = this.heap[2 * place + 1];
      const right = this.heap[2 * place + 2];
      const child = left !== undefined && right !== undefined && isEarlier(right, left) ? right : left;
      if (child === undefined || !isEarlier(child, timer)) return;
      this.put(timer, child.place);
      this.put(child, place);
    }
  }

  /**
   * Steps until the promise settles, letting all that waits on promises go on between steps.
   * @throws Error where nothing is left to happen, or after too many steps
   */
  async run<T>(until: Promise<T>, mostSteps = 1_000_000): Promise<T> {
    let settled = false;
    const done = () => {
      settled = true;
    };
    until.then(done, done);
    let idle = 0;
    for (let steps = 0; steps < mostSteps; steps++) {
      await new Promise(setImmediate);
      if (settled) return until;
      // Who lets the event loop turn goes on in a later turn, not at a timer.
      if (this.step()) idle = 0;
      else if (++idle > MOST_IDLE_TURNS) throw new Error('the virtual clock has no timer left and the run has not ended');
    }
    throw new Error(`the run has not ended after ${mostSteps} steps`);
  }
}

const MOST_IDLE_TURNS = 10;

/** A datagram on the wire, as a test may watch it: before faults, with the sender's time. */
export type Tap = (datagram: Uint8Array, atUs: number) => void;

export class MemoryWire {
  private receivers = new Map<Ipv4Address, (datagram: Uint8Array, atUs: number) => void>();
  private random: Random;
  readonly taps: Tap[] = [];

  constructor(
    readonly clock: VirtualClock,
    public faults: Faults = NO_FAULTS,
    seed = 0,
  ) {
    this.random = seededRandom(seed);
  }

  /** Calls back with each datagram for the address. */
  attach(address: Ipv4Address, receive: (datagram: Uint8Array, atUs: number) => void): void {
    this.receivers.set(address, receive);
  }

  send(datagram: Uint8Array): void {
    const { clock, faults, random } = this;
    for (const tap of this.taps) tap(datagram, clock.nowUs());
    const { destination } = decodeIpv4Header(datagram);
    for (const copy of copiesOf(datagram, faults, random)) {
      clock.setTimer(clock.nowUs() + copy.delayUs, () => this.receivers.get(destination)?.(copy.datagram, clock.nowUs()));
    }
  }

  /** A host with this address whose ports a probe can use. */
  host(address: Ipv4Address, mtu = 1500): Network {
    return new MemoryHost(this, address, mtu);
  }
}

const FIRST_PORT = 49_152;
/** Datagrams that a fan sends at once. */
const FAN_SLOTS = 64;

function sendNow(wire: MemoryWire, datagram: Uint8Array): Departure {
  wire.send(datagram);
  const atUs = wire.clock.nowUs();
  return { atUs, handedOverAtUs: atUs, stamped: false, pending: false, wallSteps: 0 };
}

interface Gathering {
  take(): readonly Arrival[];
  wait(deadlineUs: number): Promise<void>;
  wake(): void;
  close(): void;
}

class MemoryHost implements Network {
  readonly clock: Clock;
  readonly clockSources = { transmit: 'user', receive: 'user' } as const;
  private receivers = new Map<number, (arrival: Arrival) => void>();
  /** Of ports that take any quote. */
  private readonly anyQuotes = new Set<number>();
  private nextPort = FIRST_PORT;

  constructor(
    private readonly wire: MemoryWire,
    private readonly address: Ipv4Address,
    private readonly mtu: number,
  ) {
    this.clock = wire.clock;
    wire.attach(address, (datagram, atUs) => {
      const arrival: Arrival = { atUs, stamped: false, wallSteps: 0, datagram };
      const flow = flowOfSegment(datagram);
      if (flow !== undefined) this.receivers.get(flow.port)?.(arrival);
      const quoted = flowOfIcmpError(datagram);
      if (quoted === undefined) return;
      const ports = this.receivers.has(quoted.port) ? [quoted.port] : this.anyQuotes;
      for (const port of ports) this.receivers.get(port)?.(arrival);
    });
  }

  openPort(request: PortRequest): Port {
    const { wire, clock, receivers } = this;
    const shared = request.inbox;
    const port = request.sourcePort ?? this.nextPort++;
    const inbox = new Inbox<Arrival>(clock);
    const route = { sourceAddress: this.address, interfaceName: 'memory', mtu: this.mtu };
    const opened: Port = {
      route,
      port,
      guard: 'none',
      backlog: 0,
      pathMtu: () => route.mtu,
      dropped: 0,
      receiveWindowBytes: 1 << 20,
      sendMany(datagrams) {
        return datagrams.map((datagram) => opened.send(datagram));
      },
      send: (datagram) => sendNow(wire, datagram),
      next: (deadlineUs) => inbox.next(deadlineUs),
      get queued() {
        return inbox.length;
      },
      wake: () => inbox.wake(),
      close: () => {
        receivers.delete(port);
        this.anyQuotes.delete(port);
        inbox.wake();
      },
    };
    if (request.quotes === 'any') this.anyQuotes.add(port);
    receivers.set(port, (arrival) => (shared === undefined ? inbox.push(arrival) : shared.push({ ...arrival, port: opened })));
    return opened;
  }

  openFan({ sourcePort: wanted, sourcePorts: wantedPorts = 1, datagramLength }: FanRequest): Fan {
    const { wire } = this;
    const sourcePorts = wanted === undefined ? wantedPorts : 1;
    const sourcePort = wanted ?? this.nextPort;
    if (wanted === undefined) this.nextPort += sourcePorts;
    const ours = Array.from({ length: sourcePorts }, (_, i) => sourcePort + i);
    const bytes = new Uint8Array(FAN_SLOTS * datagramLength);
    const { take, wait, wake, close } = this.gather(ours);
    return {
      sourcePort,
      sourcePorts,
      outgoing: [{ bytes, offset: 0, slotLength: datagramLength, slots: FAN_SLOTS }],
      dropped: 0,
      sendRetries: 0,
      routeTo: () => ({ sourceAddress: this.address, interfaceName: 'memory', mtu: this.mtu, attached: true }),
      send(_outgoing, firstSlot, count) {
        for (let slot = firstSlot; slot < firstSlot + count; slot++)
          wire.send(bytes.slice(slot * datagramLength, (slot + 1) * datagramLength));
        return count;
      },
      sendBeside(outgoing, count, done) {
        done(this.send(outgoing, 0, count));
      },
      take(each) {
        for (const { datagram } of take()) each(datagram, 0, datagram.length);
      },
      wait,
      wake,
      close,
    };
  }

  openListener({ ports, address }: ListenerRequest): ListeningPorts {
    const { wire } = this;
    const route = { sourceAddress: this.address, interfaceName: 'memory', mtu: this.mtu };
    const { take, wait, wake, close } = this.gather(ports);
    return {
      guard: 'none',
      receiveWindowBytes: 1 << 20,
      dropped: 0,
      droppedSyns: 0,
      homeOf: (called) => (called === (address ?? this.address) ? route : undefined),
      routeTo: () => route,
      pathMtu: () => route.mtu,
      send: (datagram) => sendNow(wire, datagram),
      sendMany(datagrams) {
        for (const datagram of datagrams) wire.send(datagram);
      },
      async next(deadlineUs) {
        await wait(deadlineUs);
        return take();
      },
      wake,
      close,
    };
  }

  /** What arrives for some ports, all at once. */
  private gather(ports: readonly number[]): Gathering {
    const { receivers } = this;
    const signal = new Inbox<never>(this.clock);
    let arrivals: Arrival[] = [];
    for (const port of ports) {
      receivers.set(port, (arrival) => {
        arrivals.push(arrival);
        signal.wake();
      });
    }
    return {
      take: () => {
        const taken = arrivals;
        arrivals = [];
        return taken;
      },
      wait: async (deadlineUs) => {
        if (arrivals.length === 0) await signal.next(deadlineUs);
      },
      wake: () => signal.wake(),
      close: () => {
        for (const port of ports) receivers.delete(port);
        signal.wake();
      },
    };
  }

  openInbox(): SharedInbox {
    return new Inbox<PortArrival>(this.clock);
  }

  close(): void {}
}
