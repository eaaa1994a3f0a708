/** What came of the hosts of a scan, without a memory of each. */
import type { HostEvent, OutcomeCount, Verdict } from '../probe/events.ts';
import { reasonText } from './entries.ts';
import type { Style } from './style.ts';
import { grouped } from './units.ts';

export class HostTally {
  /** Hosts with a port that is listed. */
  listed = 0;
  /** Hosts of which something came, but no port that is listed. */
  answering = 0;
  /** Hosts of which nothing came at all. */
  silent = 0;
  /** Hosts that this machine could not send to. */
  unsent = 0;
  /** What is not listed of those that are. */
  readonly #rest = new Map<string, readonly OutcomeCount[]>();
  /** Most hosts have the same. */
  readonly #known = new Map<string, readonly OutcomeCount[]>();

  constructor(private readonly shown: ReadonlySet<Verdict>) {}

  add({ address, outcomes }: HostEvent): void {
    const rest = outcomes.filter(({ verdict }) => !this.shown.has(verdict));
    if (rest.length < outcomes.length) {
      this.listed++;
      if (rest.length > 0) this.#rest.set(address, this.#shared(rest));
    } else if (outcomes.length === 0) this.unsent++;
    else if (rest.every(({ reason }) => reason === 'no-response')) this.silent++;
    else this.answering++;
  }

  #shared(outcomes: readonly OutcomeCount[]): readonly OutcomeCount[] {
    const key = outcomes.map(({ verdict, reason, count }) => `${verdict} ${reason} ${count}`).join();
    const known = this.#known.get(key) ?? outcomes;
    this.#known.set(key, known);
    return known;
  }

  /** Of a host of which a port is listed: the others, `'65,531 closed (RST)'` each. */
  restOf(address: string, style: Style): readonly string[] {
    return outcomeTexts(this.#rest.get(address) ?? [], style);
  }
}

/** Among as many of one as of another. */
const ORDER: readonly Verdict[] = ['open', 'unfiltered', 'closed', 'open|filtered', 'filtered'];

/** `'65,531 closed (RST)'` each, the most frequent first. */
export function outcomeTexts(outcomes: readonly OutcomeCount[], style: Style): string[] {
  const sorted = [...outcomes].sort(
    (a, b) => b.count - a.count || ORDER.indexOf(a.verdict) - ORDER.indexOf(b.verdict) || (a.reason < b.reason ? -1 : 1),
  );
  return sorted.map(({ verdict, reason, count }) => `${grouped(count)} ${verdict} (${reasonText(reason, style)})`);
}
