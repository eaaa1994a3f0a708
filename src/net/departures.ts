/** Datagrams that were sent, and the kernel's stamps of them, which come one by one afterwards. */
import type { Departure, Moment } from './moment.ts';
import type { Clock } from './network.ts';
import type { StampSource } from './stamp.ts';
import type { WallClock } from './wall-clock.ts';

/** Sends after which the stamps are read where nobody has asked for one: they must not fill the queue that they wait in. */
const READ_EVERY = 128;
/** Datagrams that may wait for their stamp at once. */
const MOST_PENDING = 16_384;
/** A stamp that has not come by then does not come. */
const LONGEST_WAIT_US = 10_000_000;

/** What one socket sends, matched to its stamps by the kernel's count of it. */
export class Departures {
  /** A stamp has come. */
  stamped = false;
  private readonly clock: Clock;
  private readonly wall: WallClock;
  private readonly source: StampSource | undefined;
  /** Those that wait for their stamp, by number, in the order in which they left. */
  private readonly pending = new Map<number, Departing>();
  private nextId = 0;
  /** We and the kernel count alike. */
  private inStep: boolean;
  private sinceRead = 0;

  /** @param source undefined: this process reads the clock */
  constructor(clock: Clock, wall: WallClock, source: StampSource | undefined) {
    this.clock = clock;
    this.wall = wall;
    this.inStep = source?.restart() ?? false;
    this.source = this.inStep ? source : undefined;
  }

  /** To be called just before a datagram is handed over. */
  begin(): Departure {
    if (this.source === undefined) return new Departing(this.now(), undefined);
    if (++this.sinceRead >= READ_EVERY) this.read();
    if (!this.inStep) this.recount(this.source);
    const departing = new Departing(this.now(), this.inStep ? this : undefined);
    if (this.inStep) this.pending.set(this.nextId, departing);
    this.nextId = (this.nextId + 1) >>> 0;
    if (this.pending.size > MOST_PENDING) this.giveUpOldest();
    return departing;
  }

  /** The last ones, which were not handed over after all. */
  withdraw(count: number): void {
    for (let i = 0; i < count; i++) {
      this.nextId = (this.nextId - 1) >>> 0;
      this.pending.delete(this.nextId);
    }
  }

  /** The kernel has refused the last one. Whether it has counted it depends on how far that came. */
  failed(): void {
    if (!this.inStep) return;
    this.pending.delete((this.nextId - 1) >>> 0);
    this.inStep = false;
    this.source?.stop();
  }

  /** Takes in the stamps that have come. */
  read(): void {
    this.sinceRead = 0;
    if (this.pending.size === 0) return;
    this.source?.take((id, stamp) => {
      const departing = this.pending.get(id);
      // The kernel stamps each copy that it makes of a datagram; the first one counts.
      if (departing === undefined) return;
      this.pending.delete(id);
      this.stamped = true;
      departing.settle(this.wall.date(stamp, departing.handedOverAtUs, this.clock.nowUs()));
    });
  }

  /** Begins to count anew as soon as none of the old numbers can come any more. */
  private recount(source: StampSource): void {
    this.read();
    const longAgoUs = this.clock.nowUs() - LONGEST_WAIT_US;
    for (const { handedOverAtUs } of this.pending.values()) {
      if (handedOverAtUs > longAgoUs) return;
      this.giveUpOldest();
    }
    this.inStep = source.restart();
    this.nextId = 0;
  }

  private giveUpOldest(): void {
    for (const [id, departing] of this.pending) {
      this.pending.delete(id);
      departing.settle(undefined);
      return;
    }
  }

  private now(): Moment {
    return { atUs: this.clock.nowUs(), stamped: false, wallSteps: this.wall.steps };
  }
}

class Departing implements Departure {
  readonly handedOverAtUs: number;
  private moment: Moment;
  /** Where its stamp will come; undefined once it has, or where none will. */
  private awaited: Departures | undefined;

  constructor(handedOver: Moment, awaited: Departures | undefined) {
    this.handedOverAtUs = handedOver.atUs;
    this.moment = handedOver;
    this.awaited = awaited;
  }

  /** @param moment of its stamp; undefined: it has none that can be trusted */
  settle(moment: Moment | undefined): void {
    this.moment = moment ?? this.moment;
    this.awaited = undefined;
  }

  get pending(): boolean {
    this.awaited?.read();
    return this.awaited !== undefined;
  }

  get atUs(): number {
    return this.latest.atUs;
  }

  get stamped(): boolean {
    return this.latest.stamped;
  }

  get wallSteps(): number {
    return this.latest.wallSteps;
  }

  private get latest(): Moment {
    this.awaited?.read();
    return this.moment;
  }
}
