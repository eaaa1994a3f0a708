/** A connection for a program: made, then read from and written to, then closed. */
import { NetError } from '../../net/errors.ts';
import type { Clock } from '../../net/network.ts';
import { nextDeadlineUs, type TcpEvent } from '../../tcp/endpoint.ts';
import type { State } from '../../tcp/state.ts';
import { formatIpv4 } from '../../wire/address.ts';
import { openConnection } from '../connect/connect.ts';
import { connectResult, type EarlyEnd } from '../connect/result.ts';
import type { Connection } from '../connection.ts';
import type { ProbeContext } from '../context.ts';
import type { ConnectEvent, ConnectResult, Outcome } from '../events.ts';
import type { OpenRequest } from './request.ts';

/** A write is done once less than this waits to be sent. */
const WRITE_AHEAD_BYTES = 256 * 1024;
/** Pieces that are no longer than this together are kept as one: a window full of single bytes would cost hundreds of times its size. */
const CRUMBS_BYTES = 1024;

/** There is no connection, or none any more. */
export class ConnectionError extends Error {
  override readonly name = 'ConnectionError';
  /**
   * @param code `refused`: a RST in the place of a SYN+ACK; `unreachable`: an ICMP error in its place; `reset`: by the peer;
   *   `timeout`: no answer, or none any more; `aborted`: by this side
   * @param outcome what that says of the port
   */
  constructor(
    readonly code: 'refused' | 'unreachable' | 'reset' | 'timeout' | 'aborted',
    message: string,
    readonly outcome: Outcome,
  ) {
    super(message);
  }
}

/**
 * Makes a connection (RFC 9293 §3.5).
 * @throws ConnectionError where the peer refuses it, or nothing answers for `timeoutMs`
 * @throws NetError where this machine can't make it
 */
export async function open(request: OpenRequest, context: ProbeContext): Promise<OpenConnection> {
  context.signal?.throwIfAborted();
  const port = context.network.openPort({ ...request, destination: request.address, destinationPort: request.port });
  try {
    const opened = new OpenConnection(request, context, openConnection(request, context, port, { userReads: true }));
    await opened.established();
    return opened;
  } catch (error) {
    port.close();
    throw error;
  }
}

/** Somebody who waits for the connection to come to something. */
interface Waiter {
  isDone(): boolean;
  resolve(): void;
}

/** One side of a connection. All of it is reset where the signal of its context is aborted. */
export class OpenConnection implements AsyncDisposable {
  readonly #request: OpenRequest;
  readonly #connection: Connection;
  readonly #clock: Clock;
  readonly #signal: AbortSignal | undefined;
  /** Delivered and not yet read. */
  readonly #unread: Uint8Array[] = [];
  #waiters: Waiter[] = [];
  /** The last of the reads that were asked for. */
  #reading: Promise<unknown> = Promise.resolve();
  /** What the peer had acknowledged when it last acknowledged something new, and when that was. */
  #acked: { una: number; atUs: number };
  /** When `close` was called. */
  #closingSinceUs: number | undefined;
  #early: EarlyEnd = { ended: undefined };
  /** What went wrong on this side. */
  #failure: unknown;
  /** Nothing will happen any more. */
  #isOver = false;
  /** Resolves when the connection is over and its port is free, however it ended. */
  readonly over: Promise<void>;
  readonly #abort = (): void => this.abort();

  /** To be had by `open`. */
  constructor(request: OpenRequest, { network, signal }: ProbeContext, connection: Connection) {
    this.#request = request;
    this.#connection = connection;
    this.#clock = network.clock;
    this.#signal = signal;
    this.#acked = { una: connection.tcb.sndUna, atUs: this.#clock.nowUs() };
    connection.clocks = network.clockSources;
    signal?.addEventListener('abort', this.#abort);
    this.over = this.#live();
  }

  /** Our address and port. */
  get local(): { address: string; port: number } {
    const { route, port } = this.#connection.port;
    return { address: formatIpv4(route.sourceAddress), port };
  }

  get remote(): { address: string; port: number } {
    return { address: formatIpv4(this.#request.address), port: this.#request.port };
  }

  /** As RFC 9293 §3.3.2 names it. */
  get state(): State {
    return this.#connection.state;
  }

  /** SYN to SYN+ACK, in microseconds; undefined where it can't be told which SYN was answered. */
  get rttUs(): number | undefined {
    return this.#connection.record.rtt?.us;
  }

  /**
   * The next bytes of the peer's, as many as are here. What is not read fills the window, and the peer waits. Several
   * reads at once are served in the order they were asked for.
   * @returns undefined when the peer has closed its side
   * @throws ConnectionError where the connection ended otherwise
   */
  read(): Promise<Uint8Array | undefined> {
    const read = this.#reading.then(() => this.#readNext());
    this.#reading = read.catch(() => undefined);
    return read;
  }

  async #readNext(): Promise<Uint8Array | undefined> {
    await this.#until(() => this.#unread.length > 0 || this.#peerIsDone);
    const bytes = this.#unread.shift();
    if (bytes === undefined) {
      this.#throwIfBroken();
      return undefined;
    }
    this.#apply({ type: 'taken', bytes: bytes.length });
    return bytes;
  }

  /** Reads until the peer has closed its side. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void> {
    for (let bytes = await this.read(); bytes !== undefined; bytes = await this.read()) yield bytes;
  }

  /**
   * Sends bytes. They are not copied: leave them alone.
   * @returns when there is room for more
   * @throws ConnectionError where the connection has ended
   */
  async write(data: Uint8Array | string): Promise<void> {
    const { tcb } = this.#connection;
    if (tcb.finQueued) throw new TypeError('write after end: our side of the connection is closed');
    this.#throwIfBroken();
    this.#apply({ type: 'send', data: typeof data === 'string' ? new TextEncoder().encode(data) : data });
    await this.#until(() => tcb.unsentBytes < WRITE_AHEAD_BYTES);
    this.#throwIfBroken();
  }

  /** Closes our side after all that was written; the peer may go on. */
  end(): void {
    if (!this.#isOver) this.#apply({ type: 'close' });
  }

  /**
   * Closes the connection: our FIN after all that was written, the peer's within `timeoutMs`, and `timeWaitMs` of
   * TIME-WAIT where it was ours first. A peer that takes nothing for `timeoutMs`, or does not close, is reset. What comes
   * meanwhile is thrown away.
   * @returns how it went, as `connect` tells it; what went wrong on this side stands there too
   */
  async close(): Promise<ConnectResult> {
    this.#closingSinceUs ??= this.#clock.nowUs();
    this.#drop();
    this.end();
    await this.over;
    if (this.#failure !== undefined && !(this.#failure instanceof NetError)) throw this.#failure;
    return connectResult('active', this.#connection, this.#early);
  }

  /** Resets the connection at once. */
  abort(): void {
    if (this.#isOver || this.#failure !== undefined) return;
    if (this.state !== 'TIME-WAIT') this.#early = { ended: 'interrupted' };
    this.#apply({ type: 'abort' });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** For `open`. @throws ConnectionError, NetError */
  async established(): Promise<void> {
    const { record } = this.#connection;
    await this.#until(() => record.established !== undefined);
    if (record.established === undefined) this.#throwIfBroken();
  }

  /** From the SYN to the end. Errors are kept for those who ask. */
  async #live(): Promise<void> {
    const { port } = this.#connection;
    try {
      this.#apply({ type: 'open', passive: false });
      await this.#connection.leaves();
      while (!this.#isDone && this.#failure === undefined) await this.#step();
    } catch (error) {
      this.#fail(error);
    }
    // The peer is not left with half of a connection.
    if (this.#failure !== undefined) this.#connection.reset();
    this.#isOver = true;
    this.#signal?.removeEventListener('abort', this.#abort);
    port.close();
    this.#wakeWaiters();
  }

  /** Something went wrong on this side: the connection ends by it, whoever called. */
  #fail(error: unknown): void {
    this.#failure ??= error;
    this.#early = { ended: undefined, error: this.#failure instanceof NetError ? this.#failure : undefined };
    this.#wakeWaiters();
  }

  async #step(): Promise<void> {
    const connection = this.#connection;
    const nowUs = this.#clock.nowUs();
    if (nowUs >= nextDeadlineUs(connection.tcb)) this.#apply({ type: 'timer' });
    if (nowUs >= this.#endsAtUs && this.state !== 'TIME-WAIT') {
      this.#early = { ended: 'timeout' };
      this.#apply({ type: 'abort' });
      return;
    }
    const arrival = await connection.port.next(Math.min(nextDeadlineUs(connection.tcb), this.#endsAtUs));
    if (arrival === undefined) return;
    this.#take(connection.take(arrival));
    this.#take(connection.heedIcmp());
  }

  get #isDone(): boolean {
    return this.state === 'CLOSED' || (this.state === 'TIME-WAIT' && this.#clock.nowUs() >= this.#endsAtUs);
  }

  /** TIME-WAIT, a peer that takes nothing and its FIN are not waited for without end. */
  get #endsAtUs(): number {
    const { state, stateSinceUs } = this.#connection;
    if (state === 'TIME-WAIT') return stateSinceUs + this.#request.timeWaitMs * 1000;
    if (this.#closingSinceUs === undefined) return Number.POSITIVE_INFINITY;
    return Math.max(this.#acked.atUs, this.#closingSinceUs) + this.#request.timeoutMs * 1000;
  }

  #apply(event: TcpEvent): void {
    if (this.#isOver) return;
    try {
      this.#take(this.#connection.apply(event));
    } catch (error) {
      this.#fail(error);
    }
    // Its timers may stand elsewhere now.
    this.#connection.port.wake();
  }

  #take(events: Iterable<ConnectEvent>): void {
    const { sndUna } = this.#connection.tcb;
    if (sndUna !== this.#acked.una) this.#acked = { una: sndUna, atUs: this.#clock.nowUs() };
    for (const event of events) {
      if (event.type === 'data') this.#keep(event.payload);
      this.#request.onEvent?.(event);
    }
    if (this.#closingSinceUs !== undefined) this.#drop();
    this.#wakeWaiters();
  }

  #keep(payload: Uint8Array): void {
    const last = this.#unread.at(-1);
    if (last === undefined || last.length + payload.length > CRUMBS_BYTES) this.#unread.push(payload);
    else this.#unread[this.#unread.length - 1] = Buffer.concat([last, payload]);
  }

  #drop(): void {
    for (const { length } of this.#unread.splice(0)) this.#apply({ type: 'taken', bytes: length });
  }

  get #peerIsDone(): boolean {
    return this.#connection.tcb.peerFinSeq !== undefined && this.state !== 'ESTABLISHED' && !this.state.startsWith('FIN-WAIT');
  }

  get #isEnding(): boolean {
    return this.#isOver || this.#failure !== undefined;
  }

  /** Waits until it is so, or the connection is over. */
  async #until(isDone: () => boolean): Promise<void> {
    if (this.#isEnding || isDone()) return;
    await new Promise<void>((resolve) => this.#waiters.push({ isDone, resolve }));
  }

  #wakeWaiters(): void {
    const waiting = this.#waiters;
    this.#waiters = waiting.filter(({ isDone }) => !this.#isEnding && !isDone());
    for (const waiter of waiting) if (!this.#waiters.includes(waiter)) waiter.resolve();
  }

  /** Where it was closed as it should be there is nothing to throw. */
  #throwIfBroken(): void {
    if (this.#failure !== undefined) throw this.#failure;
    if (!this.#isOver) return;
    const { end } = this.#connection.record;
    if (end === 'closed' || this.state === 'TIME-WAIT') return;
    const { verdict, reason } = connectResult('active', this.#connection, this.#early);
    throw connectionError(end, { verdict, reason }, `${this.remote.address}:${this.remote.port}`);
  }
}

function connectionError(end: Connection['record']['end'], outcome: Outcome, peer: string): ConnectionError {
  if (end === 'refused') return new ConnectionError('refused', `connect ${peer}: the port is closed (RST)`, outcome);
  if (outcome.reason.startsWith('icmp-'))
    return new ConnectionError('unreachable', `connect ${peer}: ${outcome.reason.slice('icmp-'.length)} (ICMP)`, outcome);
  if (end === 'reset') return new ConnectionError('reset', `${peer} reset the connection`, outcome);
  if (end === 'aborted') return new ConnectionError('aborted', `the connection to ${peer} was reset by this side`, outcome);
  return new ConnectionError('timeout', `${peer} does not answer`, outcome);
}
