/** What can be made of a list. */
import { type Condition, envOf, type Folding, type Found, type Item } from './value.ts';

/** Items that are told as examples. */
const EXAMPLES = 3;

/** Counts, and remembers the first few. */
function counting(found: (count: number, examples: Pick<Found, 'about' | 'aboutCount'>) => Found): Folding {
  const about = new Set<object>();
  let count = 0;
  return {
    take(item) {
      count += 1;
      for (const event of item.about) if (about.size < EXAMPLES) about.add(event);
    },
    found: () => found(count, { about: [...about], aboutCount: count }),
  };
}

const count = (): Folding => counting((value, examples) => ({ value, ...examples }));

const any = (): Folding => counting((value, examples) => ({ value: value > 0, told: 'false: there is none', ...examples }));

/** Of a condition: it holds for each item. */
export function all(condition: Condition): Folding {
  const failing = counting((value, examples) => ({ value, ...examples }));
  let taken = 0;
  let isKnown = true;
  return {
    take(item) {
      taken += 1;
      const holds = condition.holds(envOf(item));
      if (holds === true) return;
      isKnown &&= holds === false;
      failing.take(item);
    },
    found() {
      const { value: failed, ...examples } = failing.found();
      return {
        value: failed === 0 ? true : isKnown ? false : undefined,
        told: `${isKnown ? 'false' : 'not known'}: not for ${failed} of ${taken}`,
        ...examples,
      };
    },
  };
}

/** One of the items: the last that is better than the one before. */
function best(isBetter: (next: Item, last: Item) => boolean): Folding {
  let kept: Item | undefined;
  return {
    take(item) {
      if (kept === undefined || isBetter(item, kept)) kept = item;
    },
    found: () => kept ?? { value: undefined, about: [] },
  };
}

const first = (): Folding => best(() => false);
const last = (): Folding => best(() => true);
const min = (): Folding => best((next, kept) => Number(next.value) < Number(kept.value));
const max = (): Folding => best((next, kept) => Number(next.value) > Number(kept.value));

function sum(): Folding {
  let value = 0;
  return {
    take(item) {
      value += Number(item.value);
    },
    found: () => ({ value, about: [] }),
  };
}

/** Items that are told where one is missing. */
const TOLD = 8;

/** Whether one of the items is this one. @param nameOf what an item is known by */
export function having(wanted: unknown, nameOf: (item: unknown) => unknown): Folding {
  const seen = new Set<unknown>();
  let value = false;
  return {
    take(item) {
      const name = nameOf(item.value);
      value ||= name === wanted;
      if (seen.size <= TOLD) seen.add(name);
    },
    found() {
      const told = [...seen].slice(0, TOLD).join(' ');
      return { value, told: seen.size > TOLD ? `${told} and others` : told || 'an empty list', about: [] };
    },
  };
}

/** By name; `all` has a condition beside the list. */
export const FOLDINGS = { count, any, first, last, min, max, sum };
