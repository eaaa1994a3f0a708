/**
 * Our clock and the wall clock, by which the kernel dates. Linux disciplines both alike, so that what lies between
 * them is the same to the nanosecond until somebody steps the wall clock, or the machine sleeps (timekeeping in clock_gettime(2)).
 */
import { libc, type Timespec } from './libc.ts';
import type { Moment } from './moment.ts';

/** Both clocks at one moment, and for which times of ours that relation held. */
interface Relation {
  atUs: number;
  wall: Timespec;
  sinceUs: number;
  untilUs: number;
}

/** The wall clock, read between two readings of ours. */
interface Reading {
  beforeUs: number;
  wall: Timespec;
  afterUs: number;
}

/** Two readings of our clock so near to each other count as one moment. */
const TOGETHER_US = 1;
const MOST_TRIES = 10;

/** The clocks have come apart if what we read differs by more than the reading itself took, and this. */
const TOLERANCE_US = 2;

export class WallClock {
  /** How often it was seen stepped. */
  steps = 0;
  private readonly nowUs: () => number;
  private readonly readWall: () => Timespec;
  private relation: Relation | undefined;
  /** The one before the last step. */
  private former: Relation | undefined;
  private checkedAtUs = 0;

  /** @param readWall stands for the kernel's in tests */
  constructor(nowUs: () => number, readWall: () => Timespec = () => libc().clockRealtime()) {
    this.nowUs = nowUs;
    this.readWall = readWall;
  }

  /** Nanoseconds since 1970 at a time of ours. */
  timeNs(atUs: number): bigint {
    const relation = this.relationAt(atUs);
    const { seconds, nanoseconds } = relation.wall;
    return BigInt(seconds) * 1_000_000_000n + BigInt(nanoseconds) + BigInt(Math.round((atUs - relation.atUs) * 1000));
  }

  /** Looks whether it was stepped. @returns our time now */
  check(): number {
    const reading = this.readBoth(TOLERANCE_US);
    const { beforeUs, afterUs, wall } = reading;
    if (this.relation === undefined) this.relation = this.relate(Number.NEGATIVE_INFINITY);
    else {
      const expectedUs = convert(wall, this.relation);
      if (expectedUs < beforeUs - TOLERANCE_US || expectedUs > afterUs + TOLERANCE_US) {
        this.steps++;
        this.relation.untilUs = afterUs;
        this.former = this.relation;
        this.relation = this.relate(this.checkedAtUs);
      }
    }
    this.checkedAtUs = beforeUs;
    return afterUs;
  }

  /**
   * A stamp's moment on our clock.
   * @param earliestUs when it can have been made at the earliest, and `latestUs` at the latest
   * @returns undefined where it fits neither the relation of the clocks now nor the one before the last step, or both
   */
  date(stamp: Timespec, earliestUs: number, latestUs: number): Moment | undefined {
    const { former, steps } = this;
    const atUs = within(convert(stamp, this.current), this.current, earliestUs, latestUs);
    const formerUs = former && within(convert(stamp, former), former, earliestUs, latestUs);
    if (atUs !== undefined && formerUs === undefined) return { atUs, stamped: true, wallSteps: steps };
    if (formerUs !== undefined && atUs === undefined) return { atUs: formerUs, stamped: true, wallSteps: steps - 1 };
    return undefined;
  }

  private get current(): Relation {
    if (this.relation === undefined) this.check();
    return this.relation as Relation;
  }

  private relationAt(atUs: number): Relation {
    const { current, former } = this;
    return former && atUs < current.sinceUs ? former : current;
  }

  private relate(sinceUs: number): Relation {
    const { beforeUs, afterUs, wall } = this.readBoth(TOGETHER_US);
    return { atUs: (beforeUs + afterUs) / 2, wall, sinceUs, untilUs: Number.POSITIVE_INFINITY };
  }

  /** Reads again where something came between; in the end the best that there was. */
  private readBoth(togetherUs: number): Reading {
    let best: Reading | undefined;
    for (let tries = 0; tries < MOST_TRIES; tries++) {
      const beforeUs = this.nowUs();
      const wall = this.readWall();
      const afterUs = this.nowUs();
      if (best === undefined || afterUs - beforeUs < best.afterUs - best.beforeUs) best = { beforeUs, wall, afterUs };
      if (afterUs - beforeUs < togetherUs) break;
    }
    return best as Reading;
  }
}

const convert = (stamp: Timespec, { atUs, wall }: Relation): number =>
  atUs + (stamp.seconds - wall.seconds) * 1e6 + (stamp.nanoseconds - wall.nanoseconds) / 1e3;

function within(atUs: number, { sinceUs, untilUs }: Relation, earliestUs: number, latestUs: number): number | undefined {
  const low = Math.max(sinceUs, earliestUs) - TOLERANCE_US;
  const high = Math.min(untilUs, latestUs) + TOLERANCE_US;
  return low <= atUs && atUs <= high ? atUs : undefined;
}
