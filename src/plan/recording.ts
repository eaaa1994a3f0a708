/** What a step told, kept as far as it may be needed: of a failed test, for its picture and its capture. */
import type { StepEvent, StepRecord } from '../probe/events.ts';

const MOST_EVENTS = 4000;
const MOST_BYTES = 4 << 20;

/** Bounded whatever the peer sends: the first events of many, and the result. */
export class Recording {
  readonly #events: StepEvent[] = [];
  #bytes = 0;
  #left = 0;

  constructor(
    private readonly kind: string,
    private readonly commandLine: string,
  ) {}

  add(event: StepEvent): void {
    const { length } = 'datagram' in event && event.datagram !== undefined ? event.datagram : { length: 0 };
    const isLast = event.type === 'result';
    if (!isLast && (this.#events.length >= MOST_EVENTS || this.#bytes + length > MOST_BYTES)) {
      this.#left++;
      return;
    }
    this.#bytes += length;
    // The bytes of a stream are in its segments.
    if (event.type !== 'data') this.#events.push(event);
  }

  get record(): StepRecord {
    const result = this.#events.findLast((event) => event.type === 'result');
    const outcome = result && outcomeOf(result);
    return { kind: this.kind, commandLine: this.commandLine, outcome, events: this.#events, left: this.#left };
  }
}

/** What a result says in a few words. */
function outcomeOf(result: StepEvent): string | undefined {
  if ('verdict' in result && 'reason' in result) return `${result.verdict} (${result.reason})`;
  if (!('counts' in result)) return undefined;
  return Object.entries(result.counts)
    .map(([verdict, count]) => `${count} ${verdict}`)
    .join(', ');
}
