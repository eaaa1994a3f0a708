/** A listener and its callers on one wire in memory, on a virtual clock. */
import { type Faults, NO_FAULTS } from '../../../src/net/faults.ts';
import { MemoryWire, VirtualClock } from '../../../src/net/memory.ts';
import { connect } from '../../../src/probe/connect/connect.ts';
import { CONNECT_DEFAULTS, type ConnectRequest } from '../../../src/probe/connect/request.ts';
import { createContext } from '../../../src/probe/context.ts';
import type { ConnectEvent, ConnectResult, ListenEvent, ListenResult, ServedResult } from '../../../src/probe/events.ts';
import { listen } from '../../../src/probe/listen/listen.ts';
import { LISTEN_DEFAULTS, type ListenRequest } from '../../../src/probe/listen/request.ts';
import { parseIpv4 } from '../../../src/wire/address.ts';
import { decodePacket, type Packet } from '../../../src/wire/packet.ts';

export const SERVER = parseIpv4('10.0.0.2') as number;
export const CLIENT = parseIpv4('10.0.0.1') as number;
export const PORT = 7;

/** A call as its caller saw it. */
export interface Call {
  result: ConnectResult;
  /** All that the listener said. */
  bytes: Uint8Array;
}

export class Scene {
  readonly clock = new VirtualClock();
  readonly wire: MemoryWire;
  readonly packets: Packet[] = [];
  readonly events: ListenEvent[] = [];
  readonly server: ReturnType<MemoryWire['host']>;
  readonly client: ReturnType<MemoryWire['host']>;
  readonly #seed: number;
  readonly #stop = new AbortController();
  #run: Promise<ListenResult> | undefined;

  constructor(faults: Partial<Faults> = {}, seed = 1) {
    this.#seed = seed;
    this.wire = new MemoryWire(this.clock, { ...NO_FAULTS, ...faults }, seed);
    this.wire.taps.push((datagram) => this.packets.push(decodePacket(datagram)));
    this.server = this.wire.host(SERVER);
    this.client = this.wire.host(CLIENT);
  }

  /** Begins to listen. */
  listen(request: Partial<ListenRequest> = {}): void {
    this.#run = this.#listen(request);
    this.#run.catch(() => undefined);
  }

  /** A call from the other host. @param seen is shown every event of it */
  async call(request: Partial<ConnectRequest> = {}, seen: (event: ConnectEvent) => void = () => {}): Promise<Call> {
    const asked = { ...CONNECT_DEFAULTS, host: 'server', address: SERVER, port: PORT, ...request };
    const received: Uint8Array[] = [];
    for await (const event of connect(asked, createContext(this.client, this.#seed + 1))) {
      seen(event);
      if (event.type === 'data') received.push(event.payload);
      if (event.type === 'result') return { result: event, bytes: new Uint8Array(Buffer.concat(received)) };
    }
    throw new Error('no result');
  }

  /** Runs until it is done. */
  run<T>(what: Promise<T>): Promise<T> {
    return this.clock.run(what, 3_000_000);
  }

  /** Stops to listen, if it does not end by itself. */
  async end(stop = true): Promise<ListenResult> {
    if (stop) this.#stop.abort();
    return this.run(this.#run as Promise<ListenResult>);
  }

  get conversations(): ServedResult[] {
    return this.events.filter((event): event is ServedResult => event.type === 'result' && 'conversation' in event);
  }

  async #listen(request: Partial<ListenRequest>): Promise<ListenResult> {
    const asked = { ...LISTEN_DEFAULTS, ports: [PORT], ...request };
    for await (const event of listen(asked, { ...createContext(this.server, this.#seed), signal: this.#stop.signal })) {
      this.events.push(event);
      if (event.type === 'result' && !('conversation' in event)) return event;
    }
    throw new Error('no result');
  }
}
