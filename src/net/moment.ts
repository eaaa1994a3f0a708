/** When datagrams left and came, and what the time between two such moments rests on. */

/** When a datagram left or came, on our clock. */
export interface Moment {
  readonly atUs: number;
  /** The kernel dated it; else this process read the clock, before a send or after an arrival. */
  readonly stamped: boolean;
  /** How often the wall clock, which the kernel dates by, had been seen stepped. */
  readonly wallSteps: number;
}

/** A datagram that was sent. Until its stamp comes it has the time just before it was handed over. */
export interface Departure extends Moment {
  /** The time just before it was handed over. */
  readonly handedOverAtUs: number;
  /** Its stamp may still come: the interface is busy, or the neighbour's address is being asked for. */
  readonly pending: boolean;
}

/**
 * What a duration rests on: two stamps of the kernel's; this process's own reading at one end or both; stamps between
 * which the wall clock was stepped, so that they could only be compared by way of our own clock.
 */
export type FigureClock = 'kernel' | 'user' | 'stepped';

/** Microseconds between two times, to the nanosecond: a stamp says no more, and what else there is comes of subtracting. */
export const usBetween = (fromUs: number, toUs: number): number => Math.round((toUs - fromUs) * 1000) / 1000;

/** A duration in microseconds, never negative. */
export interface Figure {
  us: number;
  clock: FigureClock;
}

export function elapsed(from: Moment, to: Moment): Figure {
  const us = Math.max(0, usBetween(from.atUs, to.atUs));
  if (from.wallSteps !== to.wallSteps) return { us, clock: 'stepped' };
  return { us, clock: from.stamped && to.stamped ? 'kernel' : 'user' };
}

/** Of two figures in one record: the less trustworthy. */
export function weaker(a: FigureClock, b: FigureClock): FigureClock {
  if (a === 'stepped' || b === 'stepped') return 'stepped';
  return a === 'user' ? a : b;
}
