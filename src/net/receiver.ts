import { ARRIVALS, Batch } from './batch.ts';
import type { MachineClock } from './clock.ts';
import { errno, systemError } from './errno.ts';
import { attachFilter, compile, type Program, rejectAll } from './filter.ts';
import { getsockoptNumber, libc, SO_MEMINFO, SO_RCVBUF, SO_TIMESTAMPNS_NEW, SOL_SOCKET, setBuffer } from './libc.ts';
import type { Moment } from './moment.ts';
import type { Arrival, EachArrival } from './network.ts';
import { RawSocket } from './raw.ts';
import { receiveStamp } from './stamp.ts';

/** The kernel grants twice this, which counts its own bookkeeping of some 700 bytes a datagram too. */
export const RECEIVE_BUFFER_BYTES = 8 << 20;

/** Batches read in one turn of the event loop; what is left then is told again. */
const BATCHES_PER_TURN = 16;

/** Words of SO_MEMINFO: bytes that wait in the receive buffer with the kernel's bookkeeping, and what was dropped because it was full. */
const MEMINFO_WORDS = 9;
const MEMINFO_WAITING = 0;
const MEMINFO_DROPS = 8;

/** From a datagram's stamp until it lies in the buffer, on a busy machine. */
const LONGEST_INTAKE_US = 10_000;

/** Reading is over before anything else runs, so one serves every socket. */
let batch: Batch | undefined;

/** A raw socket that receives the datagrams of one protocol that its filter lets through; nothing until one is set. */
export class Receiver {
  /** The receive buffer that was granted. */
  readonly bufferBytes: number;
  /** The kernel dates what arrives; else it is dated when we read it. */
  readonly isStamped: boolean;
  private readonly socket: RawSocket;
  private readonly clock: MachineClock;
  private readonly deliver: (arrival: Arrival) => void;
  private droppedAtClose = 0;
  /** All that had arrived by then was read: what is read later has arrived later. */
  private emptyAtUs: number;

  /**
   * @param stamps whether to ask the kernel for its dates
   * @param failed the socket broke: nothing will arrive any more
   * @param readable something has arrived; by default it is delivered
   * @param bufferBytes of its receive buffer, where so much is granted
   */
  constructor(
    protocol: number,
    clock: MachineClock,
    stamps: boolean,
    deliver: (arrival: Arrival) => void,
    failed: (error: Error) => void,
    readable: () => void = () => this.poll(),
    bufferBytes = RECEIVE_BUFFER_BYTES,
  ) {
    this.clock = clock;
    this.deliver = deliver;
    this.socket = new RawSocket(protocol);
    try {
      const { fd } = this.socket;
      this.setFilter(rejectAll);
      this.discard();
      setBuffer(fd, 'receive', bufferBytes);
      this.bufferBytes = getsockoptNumber(fd, SOL_SOCKET, SO_RCVBUF);
      this.isStamped = stamps && libc().setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS_NEW, 1) === 0;
      this.emptyAtUs = clock.nowUs();
    } catch (error) {
      this.socket.close();
      throw error;
    }
    this.socket.onArrival(readable, failed);
  }

  setFilter(program: Program): void {
    const result = attachFilter(this.socket.fd, compile(program));
    if (result < 0) throw systemError('attach', 'a filter to a raw socket', -result);
  }

  /**
   * Delivers what has arrived.
   * @param untilUs what came later may wait: where thousands of waits end at once, the first one has read for all
   */
  poll(untilUs = Number.POSITIVE_INFINITY): void {
    if (this.emptyAtUs < untilUs) this.read(this.deliver);
  }

  /** Shows what has arrived, undated, in the place of delivering it. */
  take(into: Batch, each: EachArrival): void {
    if (this.socket.closed) return;
    for (let i = 0; i < BATCHES_PER_TURN; i++) {
      const count = into.receive(this.socket.fd);
      if (count < 0) return;
      into.show(count, each);
      if (into.isLast(count)) return;
    }
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
    batch ??= new Batch(ARRIVALS);
    for (let i = 0; i < BATCHES_PER_TURN; i++) {
      const begunAtUs = this.clock.nowUs();
      const count = batch.receive(this.socket.fd);
      if (count === -errno.EAGAIN) this.emptyAtUs = begunAtUs;
      if (count < 0) return;
      const nowUs = this.clock.wall.check();
      if (deliver) {
        for (let n = 0; n < count; n++) {
          const { atUs, stamped, wallSteps } = this.date(batch, n, nowUs);
          deliver({ atUs, stamped, wallSteps, datagram: batch.datagram(n) });
        }
      }
      if (batch.isLast(count)) {
        this.emptyAtUs = begunAtUs;
        return;
      }
    }
  }

  /** By its stamp where that can be trusted, else by when it was read. */
  private date(batch: Batch, index: number, nowUs: number): Moment {
    const { wall } = this.clock;
    const stamp = receiveStamp(batch, index);
    const dated = stamp && wall.date(stamp, this.emptyAtUs - LONGEST_INTAKE_US, nowUs);
    return dated ?? { atUs: nowUs, stamped: false, wallSteps: wall.steps };
  }
}
