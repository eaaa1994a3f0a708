/** Crafted segments, sent as asked, and all that comes back. */
import { NetError } from '../../net/errors.ts';
import { Inbox } from '../../net/inbox.ts';
import type { Departure } from '../../net/moment.ts';
import type { Clock } from '../../net/network.ts';
import { ipv4Header, withIdentification } from '../../wire/ipv4.ts';
import { encodePacket } from '../../wire/packet.ts';
import type { ProbeContext } from '../context.ts';
import type { SendEvent, SendResult } from '../events.ts';
import { hasLeft } from '../leaving.ts';
import { Pace } from '../pace.ts';
import { drawNumbers } from '../segment-spec.ts';
import { Account, type HeardBy } from './account.ts';
import type { SendRequest, Variant } from './request.ts';
import { sendResult } from './result.ts';
import { Trial } from './trial.ts';

/** Sends in a row after which we see whether what has come back must be read: it may not overflow the kernel's buffer. */
const LOOK_EVERY = 64;
const FULL_BACKLOG = 0.5;
const MOST_UNTOLD = 16_384;
/** What has come is read by then, a full buffer too. */
const LONGEST_READING_US = 1_000_000;
/** Sends in a row after which signals and timers are looked at: some 50 ms. */
const BREATHE_EVERY = 4096;

/**
 * Sends the segments and tells of each and of each answer. The last event is the result.
 * Leaving the loop early resets half-open connections, where cleanup is wanted.
 * @throws NetError where this machine can't begin; later errors stand in the result
 * @throws EncodeError where a segment can't be put into bytes
 */
export async function* send(request: SendRequest, context: ProbeContext): AsyncGenerator<SendEvent, void> {
  const run = new SendRun(request, context);
  const wake = () => run.inbox.wake();
  context.signal?.addEventListener('abort', wake);
  try {
    yield* run.events();
  } finally {
    context.signal?.removeEventListener('abort', wake);
    run.close();
  }
}

class SendRun {
  readonly inbox: Inbox<HeardBy>;
  readonly #request: SendRequest;
  readonly #context: ProbeContext;
  readonly #clock: Clock;
  readonly #trials: Trial[] = [];
  readonly #account: Account;
  /** Copies sent since we saw how full the kernel's buffer is. */
  #sinceLook = 0;
  #sinceBreath = 0;
  #lastSent: Departure | undefined;
  #satisfied = false;

  constructor(request: SendRequest, context: ProbeContext) {
    this.#request = request;
    this.#context = context;
    this.#clock = context.network.clock;
    this.inbox = new Inbox(this.#clock);
    this.#account = new Account(request, context.network);
  }

  async *events(): AsyncGenerator<SendEvent, void> {
    const request = this.#request;
    let error: NetError | undefined;
    try {
      yield* this.#sendAll();
      yield* this.#listenUntil(this.#clock.nowUs() + request.timeoutMs * 1000);
      if (request.cleanup) yield* this.#cleanUp();
      else yield* this.#hold();
    } catch (caught) {
      // Before the first segment there is nothing to report but the error.
      if (!(caught instanceof NetError) || this.#account.startedAtUs === undefined) throw caught;
      error = caught;
    }
    yield* this.#account.tell(Number.POSITIVE_INFINITY);
    const sendingUs = this.#lastSent === undefined ? 0 : this.#account.relative(this.#lastSent.atUs);
    yield sendResult(request, this.#trials, { ignored: this.#account.ignored, sendingUs, ended: this.#ended, error });
  }

  /** Gives the ports back. What is still half open is reset as far as this host lets us. */
  close(): void {
    try {
      if (this.#request.cleanup) for (const _event of this.#cleanUp());
    } catch (error) {
      // This host could not send before either; the error that brought us here says more.
      if (!(error instanceof NetError)) throw error;
    } finally {
      for (const { port } of this.#trials) port.close();
    }
  }

  get #interrupted(): boolean {
    return this.#context.signal?.aborted === true;
  }

  get #deadlineUs(): number {
    return (this.#account.startedAtUs ?? this.#clock.nowUs()) + this.#request.deadlineMs * 1000;
  }

  get #over(): boolean {
    return this.#interrupted || this.#satisfied || this.#clock.nowUs() >= this.#deadlineUs;
  }

  get #ended(): SendResult['ended'] {
    if (this.#interrupted) return 'interrupted';
    if (this.#request.repeatUntil !== undefined) return this.#satisfied ? undefined : 'not-as-awaited';
    return this.#over ? 'deadline' : undefined;
  }

  /** Each variant as often as asked, at the interval, listening in between. */
  async *#sendAll(): AsyncGenerator<SendEvent, void> {
    const request = this.#request;
    const clock = this.#clock;
    const intervalUs = request.intervalMs * 1000;
    const pace = new Pace();
    for (const variant of request.variants) {
      let trial: Trial | undefined;
      for (let left = request.count; left > 0; ) {
        if (clock.nowUs() < pace.dueAtUs) yield* this.#listenUntil(pace.dueAtUs);
        else if (this.#mustListen) yield* this.#listenNow();
        if (this.#sinceBreath >= BREATHE_EVERY) await this.#breathe();
        if (this.#over) return;
        trial ??= this.#open(variant);
        const together = Math.min(left, this.#mostTogether);
        const departure = this.#sendCopies(trial, together);
        left -= together;
        if (this.#account.startedAtUs === undefined) await this.#begin(departure);
        pace.left(departure.handedOverAtUs, intervalUs);
      }
    }
  }

  /** Copies that may leave by one call: the first one tells when the run began, and an answer may end it. */
  get #mostTogether(): number {
    const { intervalMs, repeatUntil } = this.#request;
    return intervalMs > 0 || repeatUntil !== undefined || this.#account.startedAtUs === undefined ? 1 : LOOK_EVERY;
  }

  /** While there is no time to wait for answers: whether those that have come must be read before more is sent. */
  get #mustListen(): boolean {
    if (this.#sinceLook < LOOK_EVERY) return false;
    this.#sinceLook = 0;
    return this.#request.repeatUntil !== undefined || this.#account.untold >= MOST_UNTOLD || this.#backlog > FULL_BACKLOG;
  }

  /** Where nothing comes, no promise waits for anything: signals and timers would wait for the end. */
  async #breathe(): Promise<void> {
    await new Promise(setImmediate);
    this.#sinceBreath = 0;
  }

  #open(variant: Variant): Trial {
    const request = this.#request;
    const context = this.#context;
    const port = context.network.openPort({
      destination: request.address,
      destinationPort: request.port,
      source: request.source,
      sourcePort: variant.sourcePort ?? request.sourcePort,
      interfaceName: request.interfaceName,
    });
    try {
      const { sourceAddress, mtu } = port.route;
      const flow = { source: sourceAddress, sourcePort: port.port, destination: request.address, destinationPort: request.port };
      const tuple = { localAddress: sourceAddress, localPort: port.port, remoteAddress: request.address, remotePort: request.port };
      const numbers = drawNumbers(context.random, mtu, () => context.iss(tuple, this.#clock.nowUs()));
      const trial = new Trial(port, variant, flow, numbers);
      this.#trials.push(trial);
      void this.#hearAll(trial);
      return trial;
    } catch (error) {
      port.close();
      throw error;
    }
  }

  /** Brings what one port hears to where all is taken from, until the port is closed. */
  async #hearAll(trial: Trial): Promise<void> {
    try {
      for (;;) {
        const arrival = await trial.port.next(Number.POSITIVE_INFINITY);
        if (arrival === undefined) return;
        this.inbox.push({ trial, arrival });
      }
    } catch (error) {
      this.inbox.fail(error as Error);
    }
  }

  /** Sends now; each copy is told of in its turn among the answers. @returns of the last one */
  #sendCopies(trial: Trial, count: number): Departure {
    const { pieces, port } = trial;
    const ids: number[] = [];
    const datagrams: Uint8Array[] = [];
    for (let copy = 0; copy < count; copy++) {
      const id = trial.takeId();
      ids.push(id);
      for (const piece of pieces) datagrams.push(withIdentification(piece, id));
    }
    let gone = 0;
    while (gone < datagrams.length) {
      for (const departure of port.sendMany(gone === 0 ? datagrams : datagrams.slice(gone))) {
        // The last fragment completes the segment: the answer is to it.
        if (++gone % pieces.length > 0) continue;
        this.#lastSent = departure;
        this.#account.sent({ trial, departure, id: ids[gone / pieces.length - 1] as number });
      }
    }
    this.#sinceLook += count;
    this.#sinceBreath += count;
    return this.#lastSent as Departure;
  }

  /** All times begin when the first segment has left. */
  async #begin(first: Departure): Promise<void> {
    await hasLeft(first, this.#clock, () => this.inbox.length > 0);
    this.#account.begin(first);
  }

  /** What has come until now, and what was sent, in the order in which it happened. */
  async *#listenNow(): AsyncGenerator<SendEvent, void> {
    const nowUs = this.#clock.nowUs();
    let isDue = true;
    // Somebody who goes on and on must not keep us here.
    while (isDue && (this.inbox.length > 0 || this.#backlog > 0)) {
      // Lets the event loop look at the sockets.
      await new Promise(setImmediate);
      while (isDue && this.inbox.length > 0) {
        const heard = (await this.inbox.next(0)) as HeardBy;
        // Without a stamp all of them seem to come just now, when we read them.
        isDue = heard.arrival.atUs <= nowUs + (heard.arrival.stamped ? 0 : LONGEST_READING_US);
        yield* this.#take(heard);
      }
    }
    yield* this.#account.tell(Number.POSITIVE_INFINITY);
  }

  async *#listenUntil(untilUs: number): AsyncGenerator<SendEvent, void> {
    yield* this.#listenNow();
    while (!this.#over) {
      const heard = await this.inbox.next(Math.min(untilUs, this.#deadlineUs));
      if (heard !== undefined) yield* this.#take(heard);
      if (heard === undefined || heard.arrival.atUs > untilUs) {
        if (this.#clock.nowUs() < untilUs) continue;
        // What came in time may still lie in the kernel's buffer.
        yield* this.#listenNow();
        return;
      }
    }
  }

  *#take(heard: HeardBy): Generator<SendEvent, void> {
    yield* this.#account.take(heard);
    const { repeatUntil } = this.#request;
    if (repeatUntil !== undefined && heard.trial.find(repeatUntil) !== undefined) this.#satisfied = true;
  }

  get #backlog(): number {
    return this.#trials.at(-1)?.port.backlog ?? 0;
  }

  /** The peer must not be left with half a connection that nobody wants. */
  *#cleanUp(): Generator<SendEvent, void> {
    for (const trial of this.#trials) {
      const { source, destination } = trial.crafted.ip;
      for (const tcp of trial.takeResets()) {
        const ip = ipv4Header({ source, destination, id: trial.takeId() });
        const datagram = encodePacket({ ip, tcp });
        yield this.#account.resetEvent(trial, ip, tcp, datagram, trial.port.send(datagram));
      }
    }
  }

  /** Keeps the guards, and shows what still comes. */
  async *#hold(): AsyncGenerator<SendEvent, void> {
    yield* this.#listenUntil(this.#clock.nowUs() + this.#request.holdMs * 1000);
    if (this.#trials.some((trial) => trial.isHalfOpen)) yield this.#account.releasedEvent();
  }
}
