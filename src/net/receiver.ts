import { Batch } from './batch.ts';
import { systemError } from './errno.ts';
import { attachFilter, compile, type Program, rejectAll } from './filter.ts';
import { getsockoptNumber, libc, SO_MEMINFO, SO_RCVBUF, SO_RCVBUFFORCE, SOL_SOCKET } from './libc.ts';
import type { Arrival, Clock } from './network.ts';
import { RawSocket } from './raw.ts';

/** The kernel grants twice this, which counts its own bookkeeping of some 700 bytes a datagram too. */
const RECEIVE_BUFFER_BYTES = 8 << 20;

/** Batches read in one turn of the event loop; what is left then is told again. */
const BATCHES_PER_TURN = 16;

/** Words of SO_MEMINFO, and the one that counts what was dropped because the buffer was full. */
const MEMINFO_WORDS = 9;
const MEMINFO_DROPS = 8;

/** Reading is over before anything else runs, so one serves every socket. */
let batch: Batch | undefined;

/** A raw socket that receives the datagrams of one protocol that its filter lets through; nothing until one is set. */
export class Receiver {
  /** The receive buffer that was granted. */
  readonly bufferBytes: number;
  private readonly socket: RawSocket;
  private readonly clock: Clock;
  private readonly deliver: (arrival: Arrival) => void;
  private droppedAtClose = 0;

  /** @param failed the socket broke: nothing will arrive any more */
  constructor(protocol: number, clock: Clock, deliver: (arrival: Arrival) => void, failed: (error: Error) => void) {
    this.clock = clock;
    this.deliver = deliver;
    this.socket = new RawSocket(protocol);
    try {
      const { fd } = this.socket;
      this.setFilter(rejectAll);
      this.discard();
      const forced = libc().setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, RECEIVE_BUFFER_BYTES);
      if (forced < 0) libc().setsockopt(fd, SOL_SOCKET, SO_RCVBUF, RECEIVE_BUFFER_BYTES);
      this.bufferBytes = getsockoptNumber(fd, SOL_SOCKET, SO_RCVBUF);
    } catch (error) {
      this.socket.close();
      throw error;
    }
    this.socket.onArrival(() => this.poll(), failed);
  }

  setFilter(program: Program): void {
    const result = attachFilter(this.socket.fd, compile(program));
    if (result < 0) throw systemError('attach', 'a filter to a raw socket', -result);
  }

  /** Delivers what has arrived. */
  poll(): void {
    this.read(this.deliver);
  }

  /** Throws away what has arrived. */
  discard(): void {
    this.read(undefined);
  }

  /** Datagrams dropped since the socket was opened because its buffer was full. */
  get dropped(): number {
    if (this.socket.closed) return this.droppedAtClose;
    const words = new Uint32Array(MEMINFO_WORDS);
    libc().getsockopt(this.socket.fd, SOL_SOCKET, SO_MEMINFO, new Uint8Array(words.buffer));
    return words[MEMINFO_DROPS] as number;
  }

  /** Stops watching; the process does not stay alive for it. */
  pause(): void {
    this.socket.pause();
  }

  resume(): void {
    this.socket.resume();
  }

  close(): void {
    this.droppedAtClose = this.dropped;
    this.socket.close();
  }

  private read(deliver: ((arrival: Arrival) => void) | undefined): void {
    if (this.socket.closed) return;
    batch ??= new Batch();
    for (let i = 0; i < BATCHES_PER_TURN; i++) {
      const count = batch.receive(this.socket.fd);
      if (count < 0) return;
      // The one place where the time of an arrival is taken.
      const atUs = this.clock.nowUs();
      if (deliver) for (let n = 0; n < count; n++) deliver({ atUs, datagram: batch.datagram(n) });
      if (batch.isLast(count)) return;
    }
  }
}
