/** What came of the probes to one target, or to all of them together. */
import { formatIpv4, type Ipv4Address } from '../../wire/address.ts';
import type { Outcome, PingFigures, PingTargetFigures, ProbeName } from '../events.ts';
import { saysMore } from '../verdict.ts';
import { CourseRecorder } from './course.ts';
import { Figures } from './figures.ts';
import type { PingTarget } from './request.ts';

export class Tally {
  sent = 0;
  received = 0;
  lost = 0;
  late = 0;
  outOfOrder = 0;
  duplicates = 0;
  retransmissions = 0;
  unsent = 0;
  notClosed = 0;
  readonly rounds = new Figures();
  readonly #answers: PingFigures['answers'] = {};
  #best: Outcome | undefined;

  /** What came of a probe. */
  counts(outcome: Outcome): void {
    const { reason } = outcome;
    this.#answers[reason] = (this.#answers[reason] ?? 0) + 1;
    this.#best = this.#best === undefined ? outcome : saysMore(this.#best, outcome);
  }

  /** Still waited for. */
  get pending(): number {
    return this.sent - this.received - this.lost;
  }

  get figures(): PingFigures {
    const { sent, received, lost, late, outOfOrder, duplicates, retransmissions, unsent, notClosed } = this;
    const { verdict, reason } = this.#best ?? { verdict: 'filtered', reason: 'interrupted' };
    return {
      verdict,
      reason,
      sent,
      received,
      lost,
      pending: this.pending,
      lossPercent: lost === 0 ? 0 : (100 * lost) / (received + lost),
      late,
      outOfOrder,
      duplicates,
      retransmissions,
      unsent,
      notClosed,
      answers: this.#answers,
      rttUs: this.rounds.rttUs,
      rttClock: this.rounds.clock,
    };
  }
}

export class Target {
  readonly host: string;
  readonly address: Ipv4Address;
  readonly port: number;
  readonly tally = new Tally();
  readonly course = new CourseRecorder();
  /** Of the probe that was tried last. */
  sequence = 0;
  /** Of those answered the last one sent. */
  highestAnswered = 0;
  /** Its start has been told. */
  isTold = false;
  readonly #shownAddress: string;

  constructor({ host, address, port }: PingTarget) {
    this.host = host;
    this.address = address;
    this.port = port;
    this.#shownAddress = formatIpv4(address);
  }

  nameOf(sequence: number): ProbeName {
    return { address: this.#shownAddress, port: this.port, sequence };
  }

  get figures(): PingTargetFigures {
    const { host, port, tally, course } = this;
    return { host, address: this.#shownAddress, port, ...tally.figures, buckets: tally.rounds.buckets, course: course.course };
  }
}
