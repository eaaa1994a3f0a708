/** What is sent, and when: questions about hosts first, then ports for the first time, then those that did not answer. */
import { NetError } from '../../net/errors.ts';
import type { HostCheck } from './hosts.ts';
import { HELD, RESTING, SETTLED, WAITING } from './outstanding.ts';
import type { ProbeListener } from './prober.ts';
import type { Purpose, Survey } from './survey.ts';
import { outcomeOfSilence } from './technique.ts';

/** While in doubt one probe in so many asks a witness. */
const WITNESS_EVERY = 8;

export class Sending implements ProbeListener<Purpose> {
  /** Probes that have left. */
  probes = 0;
  /** Ports that were settled by silence, and how often the one tried least was. */
  silent = 0;
  attemptsOfSilent: number | undefined;
  readonly #survey: Survey;
  /** Is told the first probe that leaves. */
  readonly #begin: (datagram: Uint8Array) => void;
  /** Since a witness was asked. */
  #unwitnessed = 0;
  /** Some did not answer the first time. */
  #isLacking = false;
  #lastFirstUs = 0;
  #lastUs = 0;

  constructor(survey: Survey, begin: (datagram: Uint8Array) => void) {
    this.#survey = survey;
    this.#begin = begin;
    survey.prober.listener = this;
  }

  /** Sends what may be sent now. */
  send(): void {
    const { outstanding, places, hosts, rto, rate, prober, nowUs } = this.#survey;
    this.#makeRoom();
    let budget = Math.min(prober.room, rate.budget(nowUs, !this.#hasNew));
    for (let check = hosts.due(nowUs, rto.rtoUs); check !== undefined && budget > 0; check = hosts.due(nowUs, rto.rtoUs)) {
      this.#ask(check);
      budget--;
    }
    budget -= this.#askWitnesses(budget);
    for (; budget > 0 && this.#hasNew; budget--) this.#try(outstanding.begin(places.pairAt(outstanding.next)));
    const { attempts } = this;
    while (budget > 0 && outstanding.oldestSentAtUs + rto.rtoUs <= nowUs) {
      const place = outstanding.oldest as number;
      if (!rate.isDoubtful && outstanding.trustedAttempts(place) >= attempts) {
        outstanding.set(place, RESTING);
        continue;
      }
      this.#isLacking = true;
      outstanding.take(place);
      this.#try(place);
      budget--;
    }
    prober.prepare();
    this.#survey.readClock();
    prober.flush();
  }

  /** When there will be something to do. */
  get dueUs(): number {
    const { outstanding, hosts, rto, rate, nowUs } = this.#survey;
    if (this.#isResting) return this.#restUntilUs;
    const isNew = this.#hasNew;
    const sendAtUs = isNew ? nowUs : Math.min(outstanding.oldestSentAtUs + rto.rtoUs, hosts.dueAtUs(rto.rtoUs));
    return Math.max(sendAtUs, rate.nextUs(!isNew));
  }

  get isDone(): boolean {
    const { outstanding, places } = this.#survey;
    return outstanding.first === places.count;
  }

  /** Ends it early: what has been tried often enough is silent, what is open is told. */
  end(): void {
    const { survey, outstanding } = { survey: this.#survey, outstanding: this.#survey.outstanding };
    survey.settleHeld(survey.hosts.giveUp());
    this.#settleResting(outstanding.next);
  }

  get #hasNew(): boolean {
    const { outstanding, places } = this.#survey;
    return outstanding.next < places.count && !outstanding.isFull;
  }

  /** All were probed and nothing is waited for, but that a late answer may come. */
  get #isResting(): boolean {
    const { outstanding, places } = this.#survey;
    return outstanding.next === places.count && outstanding.count(WAITING) === 0 && outstanding.count(HELD) === 0;
  }

  /** One timeout more than the attempts had, and for who never answered as long as for who is not known. */
  get #restUntilUs(): number {
    const { rto, request } = this.#survey;
    return Math.max(this.#lastUs + 2 * rto.rtoUs, this.#lastFirstUs + request.timeoutMs * 1000);
  }

  /** How often a port is tried before its silence is believed. */
  get attempts(): number {
    const { request, loss } = this.#survey;
    const { retries, confidence, targets, ports } = request;
    return retries === undefined ? loss.attemptsFor(targets.addresses.count * ports.count, confidence) : retries + 1;
  }

  #triesOf(place: number): number {
    const { outstanding } = this.#survey;
    return outstanding.attempts[outstanding.slotOf(place)] as number;
  }

  /** Settles silent places: where new ones need their room, and in the end. */
  #makeRoom(): void {
    const { outstanding, places, nowUs } = this.#survey;
    if (this.#isResting) {
      if (nowUs < this.#restUntilUs) return;
      // It may have turned out since that more gets lost than was thought.
      const { attempts } = this;
      for (let place = outstanding.first; place < outstanding.next; place++)
        if (outstanding.stateOf(place) === RESTING && outstanding.trustedAttempts(place) < attempts) outstanding.wait(place);
      if (outstanding.count(WAITING) === 0) this.#settleResting(outstanding.next);
    } else if (outstanding.isFull && outstanding.next < places.count) {
      let end = outstanding.first;
      while (end < outstanding.next && outstanding.stateOf(end) === RESTING) end++;
      this.#settleResting(end);
    }
  }

  #settleResting(end: number): void {
    const { outstanding, request } = this.#survey;
    const silence = outcomeOfSilence(request.technique);
    for (let place = outstanding.first; place < end; place++) {
      if (outstanding.stateOf(place) !== RESTING) continue;
      const tried = outstanding.trustedAttempts(place);
      this.silent++;
      this.attemptsOfSilent = Math.min(this.attemptsOfSilent ?? tried, tried);
      this.#survey.settle(place, silence, {});
    }
  }

  #try(place: number): void {
    const { outstanding, places, prober } = this.#survey;
    const pair = outstanding.pair[outstanding.slotOf(place)] as number;
    try {
      prober.put(places.addressOf(pair), places.portOf(pair), prober.portOf(this.#triesOf(place) + 1), place);
    } catch (error) {
      if (!(error instanceof NetError)) throw error;
      this.#unsent(place, error);
    }
  }

  #ask(check: HostCheck): void {
    const { hosts, nowUs, prober } = this.#survey;
    const over = hosts.ask(check, nowUs);
    if (over !== undefined) return this.#survey.settleHeld(over);
    prober.put(check.address, check.port, prober.checkPort, check);
  }

  /**
   * Asks ports that answer again: while it is doubtful whether the rate is the reason that others don't, and in the end where
   * too few answered to know what gets lost.
   * @returns how many
   */
  #askWitnesses(budget: number): number {
    const { witnesses, outstanding, rate, rto, loss, request, prober, nowUs } = this.#survey;
    for (let lost = witnesses.expire(nowUs, rto.rtoUs); lost > 0; lost--) this.#survey.witnessed(false);
    if (prober.witnessPorts === 0) return 0;
    const isOpen = this.#isLacking && outstanding.count(WAITING) + outstanding.count(RESTING) > 0;
    const isTooFew = request.retries === undefined && isOpen && !this.#hasNew && !loss.isMeasured && witnesses.any;
    const wanted = rate.isDoubtful ? Math.floor(this.#unwitnessed / WITNESS_EVERY) : isTooFew ? budget : 0;
    let asked = 0;
    for (; asked < Math.min(wanted, budget); asked++) {
      const witness = witnesses.ask(nowUs);
      if (witness === undefined) break;
      prober.put(witness.address, witness.port, prober.witnessPort(witness.questions), witness);
    }
    if (asked > 0) this.#unwitnessed = 0;
    return asked;
  }

  handed(purpose: Purpose, seq: number): void {
    const { outstanding, rate, nowUs } = this.#survey;
    this.probes++;
    if (typeof purpose !== 'number') return rate.sentBeside();
    this.#unwitnessed++;
    const slot = outstanding.slotOf(purpose);
    const isFirst = outstanding.attempts[slot] === 0;
    if (isFirst) {
      this.#lastFirstUs = nowUs;
      outstanding.epoch[slot] = rate.epoch;
    }
    this.#lastUs = nowUs;
    rate.sent(isFirst);
    outstanding.sent(purpose, seq, nowUs);
  }

  left(outgoing: number, slot: number): void {
    const { prober, transcript, begunAtUs, nowUs } = this.#survey;
    if (begunAtUs === undefined) this.#begin(prober.datagram(outgoing, slot));
    transcript?.sent(prober.datagram(outgoing, slot), this.#survey.relative(nowUs));
  }

  refused(purpose: Purpose, error: NetError): void {
    this.probes--;
    // What did not leave for want of room is as good as lost, and the rate falls (rate.ts); so is a question that may be asked again.
    if (typeof purpose === 'number' && error.code !== 'no-buffers') this.#unsent(purpose, error);
  }

  #unsent(place: number, error: NetError): void {
    const { outstanding, findings, nowUs } = this.#survey;
    const pair = outstanding.pair[outstanding.slotOf(place)] as number;
    outstanding.set(place, SETTLED);
    findings.couldNotSend(pair, error, this.#survey.relative(nowUs));
  }
}
