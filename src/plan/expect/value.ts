/** What is read of a run, and what is asked of it. */
import type { ExpectationFailure } from '../../probe/events.ts';
import type { Span } from './error.ts';
import type { ListName } from './names.ts';
import type { Type } from './types.ts';

/** Where names are looked up: a whole run, or one record of a list. */
export interface Env {
  row: Readonly<Record<string, unknown>>;
  /** What a list that is not kept came to. */
  found(fold: Fold): Found;
}

/** What a name or a function stands for in a run. */
export interface Found {
  /** Undefined where there is none. */
  value: unknown;
  /** The events that it was taken from, the first few. */
  about: readonly object[];
  /** How many there are in all, where that is more. */
  aboutCount?: number;
  /** To be told in place of the value. */
  told?: string;
}

/** One of a list, and the events that it was taken from. */
export interface Item {
  value: unknown;
  about: readonly object[];
}

/** What is done to each item on its way: it may be let through, changed, cut up, or left out. */
type Step = (item: Item, next: (item: Item) => void) => void;

export interface List {
  item: Type;
  /** Events of the run, as they come; else `source` has them. */
  stream: ListName | undefined;
  source(env: Env): Item[];
  steps: readonly Step[];
}

/** Takes in the items of a list, and says what they come to. */
export interface Folding {
  take(item: Item): void;
  found(): Found;
}

export interface Fold {
  list: List;
  /** Begins anew, for one run. */
  begin(): Folding;
}

/** A name or a function that was looked up: a value, a list, or both. */
export interface Value {
  at: Span;
  /** As it stands in the expression. */
  text: string;
  type: Type | undefined;
  read(env: Env): Found;
  list: List | undefined;
}

/** True, false, or undefined where a value that it asks for is not there: neither of them. */
export type Truth = boolean | undefined;

export interface Condition {
  holds(env: Env): Truth;
  /** Why it does not hold; asked where it does not. */
  failures(env: Env): ExpectationFailure[];
}

/** Of an item of a list: its fields are the names. */
export const envOf = ({ value }: Item): Env => ({
  row: value as Env['row'],
  found: () => {
    throw new Error('a list of the run is asked for within a list');
  },
});

/** What was received, as far as it was kept. */
export class Text {
  /** @param isCut there was more */
  constructor(
    readonly text: string,
    readonly isCut: boolean,
  ) {}

  toString(): string {
    return this.text;
  }
}
