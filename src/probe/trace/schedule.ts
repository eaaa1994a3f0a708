/** When a trace does what: which hop is probed next, how long its answers are waited for, when a round is over. */
import { Pace } from '../pace.ts';
import type { Hop, Try } from './hop.ts';
import type { Path } from './path.ts';
import type { Probe } from './prober.ts';
import type { TraceRequest } from './request.ts';
import { overdueUs, patienceUs } from './waits.ts';

/** Of a hop that has never answered: no single probe says that it is silent. */
const LEAST_LOOKS = 2;

export class Schedule {
  readonly #request: TraceRequest;
  readonly #path: Path;
  readonly #pace = new Pace(true);
  /** From the begin of one round to the next; infinite without `watchMs`. */
  readonly #roundUs: number;
  /** With `watchMs`: the round that goes on, and when it began. */
  #round = 1;
  #roundAtUs = 0;
  /** This machine could not send: nothing more of the round is tried. */
  #isRoundLost = false;

  constructor(request: TraceRequest, path: Path) {
    this.#request = request;
    this.#path = path;
    this.#roundUs = (request.watchMs ?? Number.POSITIVE_INFINITY) * 1000;
  }

  get round(): number {
    return this.#round;
  }

  /** With `watchMs`: when the next round is to begin. */
  get nextRoundAtUs(): number {
    return this.#roundAtUs + this.#roundUs;
  }

  /** The first round begins. */
  begin(atUs: number): void {
    this.#roundAtUs = atUs;
  }

  beginNextRound(nowUs: number): void {
    // Where a round took longer than it may, the next ones don't follow at once to catch up.
    this.#roundAtUs = Math.max(this.nextRoundAtUs, nowUs - this.#roundUs);
    this.#round++;
    this.#isRoundLost = false;
  }

  loseRound(): void {
    this.#isRoundLost = true;
  }

  left({ departure }: Probe): void {
    this.#pace.left(departure.handedOverAtUs, 1e6 / this.#request.rate);
  }

  /** The round that the next probe of a hop belongs to. */
  roundOf(hop: Hop): number {
    return this.#request.watchMs === undefined ? hop.round + 1 : this.#round;
  }

  /** The distance that is to be probed now, where one is. */
  dueTtl(nowUs: number): number | undefined {
    return nowUs < this.#pace.dueAtUs ? undefined : this.#nextTtl(nowUs);
  }

  /** Up to when nothing is due. */
  nextUs(nowUs: number): number {
    const path = this.#path;
    const times = [this.nextRoundAtUs];
    const isDue = this.#nextTtl(nowUs) !== undefined;
    if (isDue) times.push(this.#pace.dueAtUs);
    for (const hop of path.known) {
      const patience = patienceUs(hop, path.hops, this.#request.wait);
      for (const { state, probe } of hop.tries) if (state === 'waiting') times.push(probe.departure.atUs + patience);
      const mayBeRepeated = !this.#isRoundLost && hop.ttl !== path.distance && hop.round < this.#roundsOf(hop);
      if (!isDue && mayBeRepeated && hop.last?.state === 'waiting') times.push(this.#overdueAtUs(hop, hop.last));
    }
    return Math.min(...times);
  }

  /** Those whose time is over. */
  *expired(nowUs: number): Generator<{ hop: Hop; one: Try }> {
    for (const hop of this.#path.known) {
      const patience = patienceUs(hop, this.#path.hops, this.#request.wait);
      for (const one of hop.tries) if (one.state === 'waiting' && nowUs >= one.probe.departure.atUs + patience) yield { hop, one };
    }
  }

  isSettled(hop: Hop): boolean {
    return hop.round >= this.#roundsOf(hop) && !hop.isWaiting;
  }

  get isRoundOver(): boolean {
    const { known, extent } = this.#path;
    if (this.#isRoundLost) return known.every(({ isWaiting }) => !isWaiting);
    return known.length === extent - this.#request.firstTtl + 1 && known.every((hop) => this.isSettled(hop));
  }

  #nextTtl(nowUs: number): number | undefined {
    const path = this.#path;
    if (this.#isRoundLost) return undefined;
    if (path.end === undefined && path.frontier <= this.#request.maxTtl && !this.#isGapPlain(nowUs)) return path.frontier;
    return path.known.find((hop) => this.#mayRepeat(hop, nowUs))?.ttl;
  }

  /** So many hops in a row are silent that there is no use in going further. */
  #isGapPlain(nowUs: number): boolean {
    const hop = this.#path.hops.get(this.#path.lastAnswered + this.#request.gap);
    return hop !== undefined && this.#isOverdue(hop, nowUs);
  }

  #roundsOf(hop: Hop): number {
    if (this.#request.watchMs !== undefined) return this.#round;
    return hop.hasAnswered ? this.#request.probes : Math.max(LEAST_LOOKS, this.#request.probes);
  }

  #mayRepeat(hop: Hop, nowUs: number): boolean {
    const { last } = hop;
    if (hop.round >= this.#roundsOf(hop)) return false;
    if (last === undefined) return true;
    // To an open destination the next one is only part of what the last one has begun.
    if (hop.ttl === this.#path.distance) return !hop.isWaiting;
    return last.state !== 'waiting' || this.#isOverdue(hop, nowUs);
  }

  #isOverdue(hop: Hop, nowUs: number): boolean {
    return hop.last !== undefined && nowUs >= this.#overdueAtUs(hop, hop.last);
  }

  #overdueAtUs(hop: Hop, { probe }: Try): number {
    return probe.departure.atUs + overdueUs(hop, this.#path.hops, this.#request.wait);
  }
}
