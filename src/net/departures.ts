/** Datagrams that were sent, and the kernel's stamps of them, which come one by one afterwards. */
import type { Timespec } from './libc.ts';
import type { Departure, Moment } from './moment.ts';
import type { Clock } from './network.ts';
import type { StampSource } from './stamp.ts';
import type { WallClock } from './wall-clock.ts';

/** Sends after which the stamps are read where nobody has asked for one: they must not fill the queue that they wait in. */
const READ_EVERY = 128;
/** Datagrams that may wait for their stamp at once: a power of two, so that their places go round with the numbers. */
const MOST_WAITING = 4096;
/** A stamp that has not come by then does not come. */
const LONGEST_WAIT_US = 10_000_000;

/** What one socket sends, matched to its stamps by the kernel's count of it. */
export class Departures {
  /** A stamp has come. */
  stamped = false;
  private readonly clock: Clock;
  private readonly wall: WallClock;
  private readonly source: StampSource | undefined;
  /** Those that wait for their stamp, each in the place of its number. */
  private readonly places: (Departing | undefined)[] = new Array(MOST_WAITING).fill(undefined);
  private waiting = 0;
  /** As the kernel counts: modulo 2^32. */
  private nextId = 0;
  /** We and the kernel count alike. */
  private inStep: boolean;
  private sinceRead = 0;
  private lastAtUs = 0;

  /** @param source undefined: this process reads the clock */
  constructor(clock: Clock, wall: WallClock, source: StampSource | undefined) {
    this.clock = clock;
    this.wall = wall;
    this.inStep = source?.restart() ?? false;
    this.source = this.inStep ? source : undefined;
  }

  /** To be called just before a datagram is handed over. */
  begin(): Departure {
    this.prepare(1);
    return this.next();
  }

  /** The same for datagrams that are handed over by one call. */
  beginMany(count: number): Departure[] {
    this.prepare(count);
    return Array.from({ length: count }, () => this.next());
  }

  private prepare(count: number): void {
    this.sinceRead += count;
    if (this.sinceRead >= READ_EVERY) this.read();
    if (this.source && !this.inStep) this.recount(this.source);
  }

  private next(): Departing {
    const departing = new Departing(this.clock.nowUs(), this.wall.steps, this.inStep ? this : undefined);
    if (!this.inStep) return departing;
    const place = this.nextId % MOST_WAITING;
    this.release(place)?.settle(undefined);
    this.places[place] = departing;
    this.waiting++;
    this.nextId = (this.nextId + 1) >>> 0;
    this.lastAtUs = departing.handedOverAtUs;
    return departing;
  }

  /** The last ones, which were not handed over after all. */
  withdraw(count: number): void {
    if (!this.inStep) return;
    for (let i = 0; i < count; i++) {
      this.nextId = (this.nextId - 1) >>> 0;
      this.release(this.nextId % MOST_WAITING);
    }
  }

  /** The kernel has refused the last one. Whether it has counted it depends on how far that came. */
  failed(): void {
    if (!this.inStep) return;
    this.withdraw(1);
    this.inStep = false;
    this.source?.stop();
  }

  /** Takes in the stamps that have come. */
  read(): void {
    this.sinceRead = 0;
    const { source } = this;
    if (source === undefined) return;
    while (this.waiting > 0 && source.take(this.waiting, (id, stamp) => this.settle(id, stamp)) > 0);
  }

  private settle(id: number, stamp: Timespec): void {
    // The kernel stamps each copy that it makes of a datagram; the first one counts. Older ones were given up.
    const isCurrent = (this.nextId - 1 - id) >>> 0 < MOST_WAITING;
    const departing = isCurrent ? this.release(id % MOST_WAITING) : undefined;
    if (departing === undefined) return;
    this.stamped = true;
    departing.settle(this.wall.date(stamp, departing.handedOverAtUs, this.clock.nowUs()));
  }

  /** Begins to count anew as soon as none of the old numbers can come any more. */
  private recount(source: StampSource): void {
    this.read();
    const isOver = this.waiting === 0 || this.lastAtUs < this.clock.nowUs() - LONGEST_WAIT_US;
    if (!isOver) return;
    for (let place = 0; this.waiting > 0; place++) this.release(place)?.settle(undefined);
    this.inStep = source.restart();
    this.nextId = 0;
  }

  private release(place: number): Departing | undefined {
    const departing = this.places[place];
    if (departing === undefined) return undefined;
    this.places[place] = undefined;
    this.waiting--;
    return departing;
  }
}

class Departing implements Departure {
  readonly handedOverAtUs: number;
  private us: number;
  private isStamped = false;
  private steps: number;
  /** Where its stamp will come; undefined once it has, or where none will. */
  private awaited: Departures | undefined;

  constructor(handedOverAtUs: number, wallSteps: number, awaited: Departures | undefined) {
    this.handedOverAtUs = handedOverAtUs;
    this.us = handedOverAtUs;
    this.steps = wallSteps;
    this.awaited = awaited;
  }

  /** @param moment of its stamp; undefined: it has none that can be trusted */
  settle(moment: Moment | undefined): void {
    this.awaited = undefined;
    if (moment === undefined) return;
    this.us = moment.atUs;
    this.isStamped = moment.stamped;
    this.steps = moment.wallSteps;
  }

  get pending(): boolean {
    this.awaited?.read();
    return this.awaited !== undefined;
  }

  get atUs(): number {
    this.awaited?.read();
    return this.us;
  }

  get stamped(): boolean {
    this.awaited?.read();
    return this.isStamped;
  }

  get wallSteps(): number {
    this.awaited?.read();
    return this.steps;
  }
}
