/** How many pairs of host and port came out how. */
import type { Outcome, OutcomeCount, ScanResult } from '../events.ts';

export class Outcomes {
  /** They are few: finding one is looking through all. */
  readonly #counts: OutcomeCount[] = [];

  add({ verdict, reason }: Outcome, count = 1): void {
    for (const each of this.#counts) {
      if (each.verdict !== verdict || each.reason !== reason) continue;
      each.count += count;
      return;
    }
    this.#counts.push({ verdict, reason, count });
  }

  /** With those of earlier runs, the most frequent first. */
  list(earlier: readonly OutcomeCount[] = []): OutcomeCount[] {
    const sum = new Outcomes();
    for (const outcome of [...earlier, ...this.#counts]) sum.add(outcome, outcome.count);
    return sum.#counts.sort((a, b) => b.count - a.count);
  }
}

/** The same by verdict. */
export function countVerdicts(outcomes: readonly OutcomeCount[]): ScanResult['counts'] {
  const counts: ScanResult['counts'] = {};
  for (const { verdict, count } of outcomes) counts[verdict] = (counts[verdict] ?? 0) + count;
  return counts;
}
