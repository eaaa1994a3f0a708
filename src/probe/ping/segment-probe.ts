/** A probe that is one segment. */
import type { Departure } from '../../net/moment.ts';
import { endOf, type Question } from '../answer.ts';
import type { Verdict } from '../events.ts';
import type { Crafted } from '../segment-spec.ts';
import type { ToldProbe } from '../teller.ts';
import { probeKind, verdictOf } from '../verdict.ts';
import type { Probe } from './probe.ts';
import type { Target } from './target.ts';

/**
 * Used again and again by its port: what is remembered of thousands of probes would else be thrown away only after it
 * had grown old, and that takes the collector long.
 */
export class SegmentProbe implements Probe, Question, Departure, ToldProbe {
  sequence = 0;
  silence: Verdict = 'filtered';
  state: Probe['state'] = 'answered';
  answeredAtUs: number | undefined;
  before: Probe | undefined;
  after: Probe | undefined;
  flags = 0;
  seq = 0;
  ack = 0;
  end = 0;
  departure: Departure = this;
  atUs = 0;
  handedOverAtUs = 0;
  stamped = false;
  wallSteps = 0;
  readonly pending = false;

  constructor(
    readonly target: Target,
    readonly source: Probe['source'],
  ) {}

  get label(): string {
    return `probe ${this.sequence}`;
  }

  leaves(sequence: number, crafted: Crafted, departure: Departure): void {
    const { flags, seq, ack } = crafted.tcp;
    this.sequence = sequence;
    this.silence = verdictOf(probeKind(flags), 'none');
    this.state = 'waiting';
    this.answeredAtUs = undefined;
    this.flags = flags;
    this.seq = seq;
    this.ack = ack;
    this.end = endOf(crafted);
    this.departure = departure;
  }

  /** Its stamp has come, or will not any more: only its numbers are kept. */
  settleDeparture(): void {
    const { atUs, handedOverAtUs, stamped, wallSteps } = this.departure;
    this.atUs = atUs;
    this.handedOverAtUs = handedOverAtUs;
    this.stamped = stamped;
    this.wallSteps = wallSteps;
    this.departure = this;
  }
}
