/**
 * Lists and what is made of them. A run's events are not kept: each is taken in as it comes, so that a run of any length
 * needs no more memory than a short one.
 */
import type { ListName } from './names.ts';
import type { ListType, Type } from './types.ts';
import { type Condition, type Env, envOf, type Fold, type Folding, type Found, type Item, type List } from './value.ts';

/** A list of events of the run. */
export const eventList = (stream: ListName, item: Type): List => ({ item, stream, source: () => [], steps: [] });

/** A list that is a value. */
export const valueList = ({ item }: ListType, read: (env: Env) => Found): List => ({
  item,
  stream: undefined,
  source(env) {
    const { value, about } = read(env);
    return Array.isArray(value) ? value.map((each) => ({ value: each, about })) : [];
  },
  steps: [],
});

export const where = (list: List, condition: Condition): List => ({
  ...list,
  steps: [...list.steps, (item, next) => condition.holds(envOf(item)) === true && next(item)],
});

export const those = (list: List, fits: (value: unknown) => boolean): List => ({
  ...list,
  steps: [...list.steps, (item, next) => fits(item.value) && next(item)],
});

/** What stands in the place of each item; lists are joined, and what is not there is left out. */
export const each = (list: List, type: Type, read: (value: unknown) => unknown): List => ({
  ...list,
  item: type.kind === 'list' ? type.item : type,
  steps: [
    ...list.steps,
    ({ value, about }, next) => {
      const inner = read(value);
      const all: readonly unknown[] = type.kind === 'list' && Array.isArray(inner) ? inner : [inner];
      for (const one of all) if (one !== undefined && one !== null) next({ value: one, about });
    },
  ],
});

/** The items go through the list's steps first. */
export const foldOf = (list: List, begin: () => Folding): Fold => ({
  list,
  begin() {
    const folding = begin();
    let take = (item: Item): void => folding.take(item);
    for (const step of list.steps.toReversed()) {
      const next = take;
      take = (item) => step(item, next);
    }
    return { take, found: () => folding.found() };
  },
});

/** What a list comes to. */
export function fold(it: Fold, env: Env): Found {
  if (it.list.stream !== undefined) return env.found(it);
  const folding = it.begin();
  for (const item of it.list.source(env)) folding.take(item);
  return folding.found();
}
