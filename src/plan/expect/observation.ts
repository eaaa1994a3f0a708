/** What was seen of a run, as far as expectations ask for it: memory does not grow with the run. */
import type { ProbeEvent, ProbeResult } from '../../probe/events.ts';
import { type ListName, listsOf } from './names.ts';
import { type Env, type Fold, type Folding, type Found, Text } from './value.ts';

/** Bytes of what the peer sent that are kept for `data.text`. */
export const KEPT_BYTES = 64 * 1024;

export class Observation implements Env {
  readonly row: Record<string, unknown> = {};
  readonly #foldings = new Map<Fold, Folding>();
  readonly #byList = new Map<ListName, Folding[]>();
  /** A distance of a path is told again after each round: the last word counts. */
  readonly #hops = new Map<string, ProbeEvent & { type: 'hop' }>();
  readonly #received: Uint8Array[] = [];
  #receivedBytes = 0;

  constructor(expectations: readonly { readonly folds: readonly Fold[] }[]) {
    for (const fold of expectations.flatMap(({ folds }) => folds)) {
      const folding = fold.begin();
      const { stream } = fold.list;
      this.#foldings.set(fold, folding);
      if (stream !== undefined) this.#byList.set(stream, [...(this.#byList.get(stream) ?? []), folding]);
    }
  }

  /** To be called with each event of the run, the result last. */
  event(event: ProbeEvent | ProbeResult): void {
    if (event.type === 'start') this.row.start = event;
    else if (event.type === 'data') this.#keep(event.payload);
    else if (event.type === 'hop') this.#hops.set(`${event.flow} ${event.ttl}`, event);
    else if (event.type === 'result') this.#end(event);
    else this.#take(event);
  }

  found(fold: Fold): Found {
    const folding = this.#foldings.get(fold);
    if (folding === undefined) throw new Error('the expectation is not among those that were observed for');
    return folding.found();
  }

  #take(event: ProbeEvent): void {
    if (this.#byList.size === 0) return;
    for (const list of listsOf(event)) for (const folding of this.#byList.get(list) ?? []) folding.take({ value: event, about: [event] });
  }

  #keep(payload: Uint8Array): void {
    const room = KEPT_BYTES - Math.min(KEPT_BYTES, this.#receivedBytes);
    if (room > 0) this.#received.push(payload.slice(0, room));
    this.#receivedBytes += payload.length;
  }

  #end(result: ProbeResult): void {
    for (const hop of this.#hops.values()) this.#take(hop);
    Object.assign(this.row, result);
    if ('data' in result) {
      const isCut = this.#receivedBytes > KEPT_BYTES;
      // A character that is cut in two is left out.
      const text = new TextDecoder().decode(Buffer.concat(this.#received), { stream: isCut });
      this.row.data = { ...result.data, text: new Text(text, isCut) };
    }
  }
}
