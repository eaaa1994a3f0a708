/**
 * What is remembered of the probes under way: a ring of places, from the first that is not settled to the last that was
 * probed. Its memory is the same for any scan.
 */

/** A power of two. As many as one host has ports, so that a scan of one host has them all in view. */
export const MOST_OUTSTANDING = 65_536;
const MASK = MOST_OUTSTANDING - 1;
const NONE = -1;

export const SETTLED = 0;
/** For an answer. */
export const WAITING = 1;
/** Tried often enough; an answer still counts. */
export const RESTING = 2;
/** Open; its host is being checked. */
export const HELD = 3;
export type PlaceState = typeof SETTLED | typeof WAITING | typeof RESTING | typeof HELD;

/** What is known of a place in view lies in its slot, the place modulo the ring's length. */
export class Outstanding {
  /** The first place that is not settled. */
  first = 0;
  /** The place to be probed next for the first time. */
  next = 0;
  readonly pair = new Float64Array(MOST_OUTSTANDING);
  readonly attempts = new Uint8Array(MOST_OUTSTANDING);
  /** How many of them count for silence: those since the last {@link distrust}. */
  readonly #trusted = new Uint8Array(MOST_OUTSTANDING);
  readonly #trust = new Uint8Array(MOST_OUTSTANDING);
  #trustNow = 0;
  /** The sequence number of the last attempt. */
  readonly seq = new Uint32Array(MOST_OUTSTANDING);
  /** When the last attempt was sent. */
  readonly sentAtUs = new Float64Array(MOST_OUTSTANDING);
  /** In which epoch the first attempt was sent (rate.ts). */
  readonly epoch = new Uint8Array(MOST_OUTSTANDING);
  readonly #state = new Uint8Array(MOST_OUTSTANDING);
  /** How many places in view are in each state. */
  readonly #count = [0, 0, 0, 0];
  /** Those that wait and were sent, from the oldest: a list through the ring. */
  readonly #later = new Int32Array(MOST_OUTSTANDING).fill(NONE);
  readonly #earlier = new Int32Array(MOST_OUTSTANDING).fill(NONE);
  #oldest = NONE;
  #newest = NONE;

  get isFull(): boolean {
    return this.next - this.first === MOST_OUTSTANDING;
  }

  has(place: number): boolean {
    return this.first <= place && place < this.next;
  }

  /** Exact beyond 2^32 too: the operator takes a number modulo 2^32. */
  slotOf(place: number): number {
    return place & MASK;
  }

  /** The place in view that has a slot. */
  placeIn(slot: number): number {
    return this.first + ((slot - this.first) & MASK);
  }

  stateOf(place: number): PlaceState {
    return this.#state[place & MASK] as PlaceState;
  }

  count(state: PlaceState): number {
    return this.#count[state] as number;
  }

  /** Takes the next place into view: it waits. @returns it */
  begin(pair: number): number {
    const place = this.next++;
    const slot = place & MASK;
    this.pair[slot] = pair;
    this.attempts[slot] = 0;
    this.#state[slot] = WAITING;
    this.#add(WAITING, 1);
    return place;
  }

  /** An attempt of a place that waits has left: it is the last of those that wait. */
  sent(place: number, seq: number, atUs: number): void {
    const slot = place & MASK;
    this.#trusted[slot] = Math.min(255, this.trustedAttempts(place) + 1);
    this.#trust[slot] = this.#trustNow;
    this.attempts[slot] = Math.min(255, (this.attempts[slot] as number) + 1);
    this.seq[slot] = seq;
    this.sentAtUs[slot] = atUs;
    this.#append(slot);
  }

  /** How many attempts to a place its silence may be believed by. */
  trustedAttempts(place: number): number {
    const slot = place & MASK;
    return this.attempts[slot] === 0 || this.#trust[slot] !== this.#trustNow ? 0 : (this.#trusted[slot] as number);
  }

  /** Attempts up to now say nothing: those places that rest wait again. */
  distrust(): void {
    this.#trustNow = (this.#trustNow + 1) & 255;
    for (let place = this.first; place < this.next; place++) if (this.stateOf(place) === RESTING) this.wait(place);
  }

  /** Changes the state of a place in view. What is settled leaves it, as soon as all before it are. */
  set(place: number, state: PlaceState): void {
    const slot = place & MASK;
    const before = this.#state[slot] as PlaceState;
    if (before === WAITING) this.#remove(slot);
    this.#add(before, -1);
    this.#add(state, 1);
    this.#state[slot] = state;
    while (this.first < this.next && this.#state[this.first & MASK] === SETTLED) {
      this.#add(SETTLED, -1);
      this.first++;
    }
  }

  /** The place whose attempt is the oldest of those that wait; undefined where none was sent. */
  get oldest(): number | undefined {
    return this.#oldest === NONE ? undefined : this.placeIn(this.#oldest);
  }

  /** When the oldest of those that wait was sent. */
  get oldestSentAtUs(): number {
    return this.#oldest === NONE ? Number.POSITIVE_INFINITY : (this.sentAtUs[this.#oldest] as number);
  }

  /** Takes a place out of those whose time runs, until it is sent again. It goes on waiting. */
  take(place: number): void {
    this.#remove(place & MASK);
  }

  /** A place that rests waits again, the oldest of all. */
  wait(place: number): void {
    this.set(place, WAITING);
    const slot = place & MASK;
    this.#later[slot] = this.#oldest;
    if (this.#oldest === NONE) this.#newest = slot;
    else this.#earlier[this.#oldest] = slot;
    this.#oldest = slot;
  }

  #add(state: PlaceState, difference: number): void {
    this.#count[state] = (this.#count[state] as number) + difference;
  }

  #append(slot: number): void {
    this.#earlier[slot] = this.#newest;
    this.#later[slot] = NONE;
    if (this.#newest === NONE) this.#oldest = slot;
    else this.#later[this.#newest] = slot;
    this.#newest = slot;
  }

  #remove(slot: number): void {
    const [earlier, later] = [this.#earlier[slot] as number, this.#later[slot] as number];
    if (earlier !== NONE) this.#later[earlier] = later;
    else if (this.#oldest === slot) this.#oldest = later;
    else return;
    if (later !== NONE) this.#earlier[later] = earlier;
    else this.#newest = earlier;
    this.#earlier[slot] = NONE;
    this.#later[slot] = NONE;
  }
}
