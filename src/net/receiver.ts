import { Batch } from './batch.ts';
import { systemError } from './errno.ts';
import { attachFilter, compile, type Program, rejectAll } from './filter.ts';
import { getsockoptNumber, libc, SO_MEMINFO, SO_RCVBUF, SO_RCVBUFFORCE, SO_TIMESTAMPNS_NEW, SOL_SOCKET, type Timespec } from './libc.ts';
import type { Arrival, Clock } from './network.ts';
import { RawSocket } from './raw.ts';

/** The kernel grants twice this, which counts its own bookkeeping of some 700 bytes a datagram too. */
export const RECEIVE_BUFFER_BYTES = 8 << 20;

/** Batches read in one turn of the event loop; what is left then is told again. */
const BATCHES_PER_TURN = 16;

/** Words of SO_MEMINFO: bytes that wait in the receive buffer with the kernel's bookkeeping, and what was dropped because it was full. */
const MEMINFO_WORDS = 9;
const MEMINFO_WAITING = 0;
const MEMINFO_DROPS = 8;

/** Between our reading of the one clock and of the other. */
const CLOCKS_APART_US = 1000;

/** Two readings of our clock so near to each other count as one moment. */
const TOGETHER_US = 10;
const MOST_TRIES = 5;

/** Reading is over before anything else runs, so one serves every socket. */
let batch: Batch | undefined;

/** A raw socket that receives the datagrams of one protocol that its filter lets through; nothing until one is set. */
export class Receiver {
  /** The receive buffer that was granted. */
  readonly bufferBytes: number;
  /** The kernel dates what arrives; else it is dated when we read it. */
  readonly isStamped: boolean;
  private readonly socket: RawSocket;
  private readonly clock: Clock;
  private readonly deliver: (arrival: Arrival) => void;
  private droppedAtClose = 0;
  /** When all that had arrived was read last: what is read later has arrived later. */
  private emptyAtUs: number;

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
      this.isStamped = libc().setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS_NEW, 1) === 0;
      this.emptyAtUs = clock.nowUs();
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
    return this.memoryInfo(MEMINFO_DROPS);
  }

  /** How full its buffer is, 0 to 1. */
  get backlog(): number {
    return this.socket.closed ? 0 : this.memoryInfo(MEMINFO_WAITING) / this.bufferBytes;
  }

  private memoryInfo(word: number): number {
    const words = new Uint32Array(MEMINFO_WORDS);
    libc().getsockopt(this.socket.fd, SOL_SOCKET, SO_MEMINFO, new Uint8Array(words.buffer));
    return words[word] as number;
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
      const dates = this.dates();
      if (deliver) for (let n = 0; n < count; n++) deliver({ atUs: dates(batch.stamp(n)), datagram: batch.datagram(n) });
      if (batch.isLast(count)) {
        this.emptyAtUs = this.clock.nowUs();
        return;
      }
    }
  }

  /**
   * The one place where the time of an arrival is taken: our clock now, less the stamp's age by the wall clock. Where
   * that gives a time at which it was not yet there, or is not yet over, the wall clock was stepped and now must do.
   */
  private dates(): (stamp: Timespec | undefined) => number {
    const { nowUs, wall } = this.bothClocks();
    return (stamp) => {
      if (stamp === undefined) return nowUs;
      const ageUs = (wall.seconds - stamp.seconds) * 1e6 + (wall.nanoseconds - stamp.nanoseconds) / 1e3;
      const atUs = nowUs - ageUs;
      return ageUs >= 0 && atUs >= this.emptyAtUs - CLOCKS_APART_US ? atUs : nowUs;
    };
  }

  /** One moment by both clocks: the wall clock is read between two readings of ours, again where something came between. */
  private bothClocks(): { nowUs: number; wall: Timespec } {
    const { clock } = this;
    for (let tries = 1; ; tries++) {
      const beforeUs = clock.nowUs();
      const wall = libc().clockRealtime();
      const afterUs = clock.nowUs();
      if (afterUs - beforeUs < TOGETHER_US || tries === MOST_TRIES) return { nowUs: (beforeUs + afterUs) / 2, wall };
    }
  }
}
