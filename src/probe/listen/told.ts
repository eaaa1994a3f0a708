/** What a listener has to tell: of each conversation its steps and its end, of all of them what is worth a note. */
import type { Clock } from '../../net/network.ts';
import { formatIpv4 } from '../../wire/address.ts';
import type { ConnectEvent, ConnectResult, ListenEvent, NoteEvent, ServedEvent } from '../events.ts';
import { sourceOf, startEvent } from '../start-event.ts';
import type { Served } from './served.ts';

/** A flood is told of once in so long. */
const NOTE_EVERY_US = 10_000_000;

export class Told {
  readonly #segments: boolean;
  readonly #clock: Clock;
  readonly #startedAtUs: number;
  #lastNumber = 0;
  #waiting: { served: Served | undefined; events: Iterable<ListenEvent | ConnectEvent> }[] = [];
  readonly #notedAtUs = new Map<NoteEvent['code'], number>();

  /** @param segments whether each segment is told */
  constructor(segments: boolean, clock: Clock, startedAtUs: number) {
    this.#segments = segments;
    this.#clock = clock;
    this.#startedAtUs = startedAtUs;
  }

  /** What there is to tell since this was asked last. */
  *events(): Generator<ListenEvent> {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const { served, events } of waiting) {
      if (served === undefined) yield* events as Iterable<ListenEvent>;
      else for (const event of events) yield { ...event, conversation: served.number } as ServedEvent;
    }
  }

  /** To be called whenever something has come of a conversation: what is no more than begun is told of with its segments alone. */
  introduces(served: Served): void {
    if (served.number !== undefined || (served.isHalfOpen && !this.#segments)) return;
    served.number = ++this.#lastNumber;
    const { connection } = served;
    const { clocks, startedAtUs = this.#clock.nowUs() } = connection;
    const peer = { host: formatIpv4(served.peerAddress), address: served.peerAddress, port: served.peerPort };
    const start = startEvent('listen', peer, sourceOf(connection.port), { atUs: startedAtUs, clocks }, this.#clock);
    this.#waiting.push({ served, events: [start] });
  }

  steps(served: Served, events: Iterable<ConnectEvent>): void {
    if (this.#segments) this.#waiting.push({ served, events });
  }

  ends(served: Served, result: ConnectResult): void {
    if (served.number === undefined) return;
    const nowUs = this.#clock.nowUs();
    const durationUs = nowUs - (served.connection.startedAtUs ?? nowUs);
    const ending = { ...result, conversation: served.number, durationUs, fromCookie: served.fromCookie };
    this.#waiting.push({ served: undefined, events: [ending] });
  }

  note(code: NoteEvent['code'], text: string): void {
    const nowUs = this.#clock.nowUs();
    if (nowUs - (this.#notedAtUs.get(code) ?? Number.NEGATIVE_INFINITY) < NOTE_EVERY_US) return;
    this.#notedAtUs.set(code, nowUs);
    this.#waiting.push({ served: undefined, events: [{ type: 'note', atUs: nowUs - this.#startedAtUs, code, text }] });
  }
}
