/** Our side of a conversation: data as the endpoint takes them, and the close that was asked for. */
import { nextDeadlineUs } from '../tcp/endpoint.ts';
import { type Decision, decide, type Standing, type Waits } from './connect/script.ts';
import type { Connection, ConnectionPort } from './connection.ts';
import type { CloseKind, ConnectEvent } from './events.ts';

/** Our data are handed to the endpoint while it has less than this unsent. */
const WRITE_AHEAD_BYTES = 256 * 1024;

export class Dialogue {
  readonly #data: Writer;
  #closeAsked = false;

  /**
   * @param data what to say, piece by piece
   * @param answers there is more to say than the data: what the peer says is answered
   */
  constructor(
    private readonly connection: Connection<ConnectionPort>,
    private readonly kind: CloseKind,
    private readonly waits: Waits,
    data: Iterable<Uint8Array>,
    private readonly answers = false,
  ) {
    this.#data = new Writer(data);
  }

  /** Does what the endpoint has waited for, where its time has come. @throws NetError where this host can't send */
  timers(nowUs: number): Iterable<ConnectEvent> {
    return nowUs >= nextDeadlineUs(this.connection.tcb) ? this.connection.apply({ type: 'timer' }) : [];
  }

  /** Hands over what the endpoint takes. @throws NetError where this host can't send */
  *write(): Generator<ConnectEvent, void> {
    const { connection } = this;
    if (connection.state !== 'ESTABLISHED' && connection.state !== 'CLOSE-WAIT') return;
    while (connection.tcb.unsentBytes < WRITE_AHEAD_BYTES && !this.#data.done) {
      const chunk = this.#data.next();
      if (chunk !== undefined) yield* connection.apply({ type: 'send', data: chunk });
    }
  }

  /** What to do next. A wait ends when the endpoint wants to be called, too. */
  decide(nowUs: number): Decision {
    const decision = decide(this.kind, this.#standing(nowUs), this.waits);
    if (decision.do !== 'wait') return decision;
    return { do: 'wait', untilUs: Math.min(decision.untilUs, nextDeadlineUs(this.connection.tcb)) };
  }

  /** Our FIN. @throws NetError where this host can't send */
  close(): Iterable<ConnectEvent> {
    this.#closeAsked = true;
    return this.connection.apply({ type: 'close' });
  }

  /** Takes no more data: what they come from may be closed. */
  end(): void {
    this.#data.close();
  }

  #standing(nowUs: number): Standing {
    const { connection } = this;
    const { tcb, startedAtUs = nowUs } = connection;
    return {
      state: connection.state,
      nowUs,
      dataLeft: !this.#data.done || tcb.unsentBytes > 0 || tcb.unacked.length > 0,
      dataWritten: this.#data.done,
      hasData: this.#data.wrote || this.answers,
      closeAsked: this.#closeAsked,
      startedAtUs,
      progressAtUs: connection.progressAtUs,
      closeBeganAtUs: connection.closeBeganAtUs ?? startedAtUs,
      timeWaitSinceUs: connection.stateSinceUs,
    };
  }
}

/** The data to send, taken piece by piece. */
class Writer {
  readonly #chunks: Iterator<Uint8Array>;
  #upcoming: IteratorResult<Uint8Array>;
  wrote = false;

  constructor(data: Iterable<Uint8Array>) {
    this.#chunks = data[Symbol.iterator]();
    this.#upcoming = this.#chunks.next();
  }

  /** All pieces were taken. */
  get done(): boolean {
    return this.#upcoming.done === true;
  }

  /** Takes no more: what the pieces come from may be closed. */
  close(): void {
    this.#chunks.return?.();
  }

  next(): Uint8Array | undefined {
    const { value, done } = this.#upcoming;
    if (done === true) return undefined;
    this.#upcoming = this.#chunks.next();
    this.wrote = true;
    return value;
  }
}
