/** What a scan knows while it goes on: what was asked for, what is under way, what was found, and what the path is like. */
import type { Clock } from '../../net/network.ts';
import { createRto, type Rto } from '../../tcp/rto.ts';
import type { ProbeContext } from '../context.ts';
import type { Outcome } from '../events.ts';
import { Findings, type PortAnswer } from './findings.ts';
import { type HeldPort, type HostCheck, Hosts } from './hosts.ts';
import type { IntervalSet } from './intervals.ts';
import { LossEstimate } from './loss.ts';
import { Outstanding, SETTLED } from './outstanding.ts';
import { Places } from './places.ts';
import { Prober } from './prober.ts';
import { NEAR_RTT_US, RateControl, rateLimits } from './rate.ts';
import type { ScanRequest } from './request.ts';
import { Transcript } from './transcript.ts';
import { type Witness, Witnesses } from './witnesses.ts';

/** RFC 6298 has one second for connections of any kind; a probe too many costs less than waiting. */
const SHORTEST_TIMEOUT_US = 50_000;
const LONGEST_TIMEOUT_US = 3_000_000;

const OPEN: Outcome = { verdict: 'open', reason: 'syn-ack' };

/** What a probe is for: a place, a host, or to see what gets lost. */
export type Purpose = number | HostCheck | Witness;

export class Survey {
  readonly request: ScanRequest;
  readonly places: Places;
  readonly prober: Prober<Purpose>;
  readonly outstanding = new Outstanding();
  readonly findings: Findings;
  readonly hosts: Hosts;
  readonly loss = new LossEstimate();
  readonly witnesses = new Witnesses();
  readonly rate: RateControl;
  readonly rto: Rto;
  readonly transcript: Transcript | undefined;
  /** The time, as it was read last. */
  nowUs: number;
  readonly #clock: Clock;
  /** When the first probe left. */
  begunAtUs: number | undefined;
  #isNear: boolean;

  /** @throws NetError, EncodeError as Prober */
  constructor(request: ScanRequest, context: ProbeContext) {
    const { targets, ports, timeoutMs, ratePps } = request;
    this.request = request;
    this.#clock = context.network.clock;
    this.nowUs = this.#clock.nowUs();
    this.places = new Places(request);
    this.findings = new Findings(this.places, request);
    const timeoutUs = timeoutMs * 1000;
    this.rto = createRto({
      initialRtoUs: timeoutUs,
      minRtoUs: Math.min(SHORTEST_TIMEOUT_US, timeoutUs),
      maxRtoUs: Math.max(LONGEST_TIMEOUT_US, timeoutUs),
    });
    this.prober = new Prober(request, context);
    this.hosts = new Hosts(ports, context.random, this.prober.fan.sourcePorts > 1);
    this.#isNear = this.#isAttached(targets.addresses);
    this.rate = new RateControl(rateLimits(this.#isNear, ratePps), this.nowUs);
    if (request.segments) this.transcript = new Transcript(this.findings.events);
  }

  /** A port that answers was asked again. */
  witnessed(isAnswered: boolean): void {
    if (this.rate.isDoubtful) this.rate.witnessed(isAnswered);
    else this.loss.witnessed(isAnswered);
  }

  readClock(): void {
    this.nowUs = this.#clock.nowUs();
  }

  /** Since the first probe. */
  relative(atUs: number): number {
    return atUs - (this.begunAtUs ?? atUs);
  }

  /** Adapts the rate to what has come. */
  judgeRate(): void {
    const { srttUs, rtoUs } = this.rto;
    if (!this.#isNear && srttUs !== undefined && srttUs < NEAR_RTT_US) {
      this.#isNear = true;
      this.rate.limits = rateLimits(true, this.request.ratePps);
    }
    const { isDoubtful } = this.rate;
    const waitUs = srttUs === undefined ? undefined : rtoUs;
    this.rate.judge(this.nowUs, waitUs, this.prober.fan, 1 - this.loss.share);
    // What was sent too fast to be answered was not asked.
    if (this.rate.isDoubtful !== isDoubtful) this.outstanding.distrust();
  }

  /** A place in view has its verdict. */
  settle(place: number, outcome: Outcome, answer: PortAnswer, atUs = this.nowUs): void {
    const { outstanding } = this;
    const slot = outstanding.slotOf(place);
    const sentAtUs = this.relative(outstanding.sentAtUs[slot] as number);
    const attempts = outstanding.attempts[slot] as number;
    this.findings.found(outstanding.pair[slot] as number, outcome, answer, this.relative(atUs), attempts, sentAtUs);
    outstanding.set(place, SETTLED);
  }

  /** Open ports whose host is known now, or must do without. */
  settleHeld(ports: readonly HeldPort[]): void {
    for (const held of ports) {
      const { place, atUs, rttUs, ttl } = held;
      const pair = this.outstanding.pair[this.outstanding.slotOf(place)] as number;
      const proxiedReason = this.hosts.suspicion(this.places.hostOf(pair), held);
      this.settle(place, OPEN, { rttUs, ttl, proxiedReason }, atUs);
    }
  }

  /** No router is between us and any of the targets, as far as the first and the last tell. */
  #isAttached(addresses: IntervalSet): boolean {
    try {
      return [0, addresses.count - 1].every((i) => this.prober.fan.routeTo(addresses.at(i)).attached);
    } catch {
      // Which of them have no way is told one by one.
      return false;
    }
  }
}
