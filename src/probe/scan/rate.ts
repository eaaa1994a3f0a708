/**
 * How fast to send. The rate begins low, doubles as long as answers keep up, and falls where they no longer do.
 *
 * The order of probes is a random one, so the share of first attempts that are answered is the same from one sample to the
 * next, be it 1 or 0.02, and whatever gets lost at random. If it falls when the rate rises, the rate is why: a full queue on
 * the way, a host that limits its RSTs, our own buffer. That is the idea of BBR (Cardwell et al., ACM Queue 14/5): loss alone
 * says nothing, delivery that no longer grows with the rate does.
 */

/** In probes a second. */
export interface RateLimits {
  startPps: number;
  /** Of what goes unanswered, for it tells nothing of the path. */
  silentPps: number;
  ceilingPps: number;
}

/**
 * Where no router is between, or answers come within 5 ms. 50,000 SYNs a second take a third of the slowest network that is
 * still around, Fast Ethernet (148,800 of the shortest frames a second), and a tenth of what one processor of a small host
 * answers (measured: 6 to 7 µs for a SYN and its RST on Linux 6.18).
 */
const NEAR: RateLimits = { startPps: 50_000, silentPps: 50_000, ceilingPps: 1_000_000 };
/** Anywhere else: 5,000 SYNs a second with all their frames are 3.4 Mbit/s, which any uplink carries beside its own load. */
const FAR: RateLimits = { startPps: 1000, silentPps: 5000, ceilingPps: 1_000_000 };
export const NEAR_RTT_US = 5000;

/** @param ratePps what the user allows; it is their word for silence too */
export function rateLimits(isNear: boolean, ratePps: number | undefined): RateLimits {
  const limits = isNear ? NEAR : FAR;
  if (ratePps === undefined) return limits;
  return { startPps: Math.min(limits.startPps, ratePps), silentPps: ratePps, ceilingPps: ratePps };
}

/** Never slower than this, but by the ceiling. */
const SLOWEST_PPS = 50;
/** What may be sent at once after a pause. */
const BURST_US = 3000;

/** A sample of first attempts: the time it is taken over, and how many they are at least. */
const SAMPLE_US = 2000;
const FEWEST_SAMPLES = 32;
/** Hosts that limit their RSTs count them by the second: after the share has fallen once a sample takes longer than that. */
const CAREFUL_SAMPLE_US = 1_200_000;
/** How long to wait for the last answers to a sample where no round trip is known. */
const UNKNOWN_RTT_US = 50_000;
/** A share that is so much below the usual, and by three standard errors more than chance, has fallen. */
const TOLERANCE = 0.1;
const STANDARD_ERRORS = 3;
/** Of witnesses, which are fewer, and of which the same is expected: that all is well with at least so many of them. */
const FEWEST_WITNESSES = 16;
const WITNESS_TOLERANCE = 0.25;
/** The usual share is that of the last so many attempts. */
const LONGEST_MEMORY = 10_000;
/** After so many samples at ever lower rates without a better share, the rate was not the reason. */
const VAIN_SAMPLES = 3;
/** What limits answers lets through the more of them the fewer are asked for: a share that is so many times the last is better. */
const BETTER = 1.5;

const CAREFUL_GROWTH = 1.25;
const CUT_BY_DROPS = 0.5;
const DEEPEST_CUT = 0.25;

/** What tells of congestion on this host. To ask may be a system call. */
export interface LocalTrouble {
  /** Datagrams that the kernel dropped because we read too slowly, so far. */
  readonly dropped: number;
  /** Sends that found the queue full, so far. */
  readonly sendRetries: number;
}

interface Fallen {
  fromPps: number;
  /** Of witnesses in the last sample. */
  share: number;
  /** Samples that were no better for a lower rate. */
  vain: number;
}

export class RateControl {
  /** Probes a second, were they all answered as first attempts are. */
  pps: number;
  /** To be noted of first attempts that are sent now: which sample they belong to; 0 for none. */
  epoch = 0;
  #limits: RateLimits;
  #tokens = 1;
  #filledAtUs: number;
  /** The sample under way, or awaited: `epoch` is 0 then. */
  #sample = { epoch: 1, beganAtUs: 0, endsAtUs: 0, sent: 0, answered: 0 };
  #trouble: LocalTrouble = { dropped: 0, sendRetries: 0 };
  /** The usual share, as attempts and answers. */
  #usual = { sent: 0, answered: 0 };
  /** Of attempts after the first, lately. */
  #again = { sent: 0, answered: 0 };
  /** Since the share fell. */
  #fallen: Fallen | undefined;
  #isCareful = false;
  /** From one sample to the next; slow from the first trouble on. */
  #growth = 2;
  /** Of ports that answer, asked again since the share fell. */
  #witnesses = { asked: 0, answered: 0 };

  constructor(limits: RateLimits, nowUs: number) {
    this.#limits = limits;
    this.pps = limits.startPps;
    this.#filledAtUs = nowUs;
    this.#begin(nowUs);
  }

  set limits(limits: RateLimits) {
    this.#limits = limits;
  }

  /** How many probes may leave now. @param again they are not first attempts */
  budget(nowUs: number, again: boolean): number {
    const pps = this.#ppsOf(again);
    this.#tokens = Math.min(this.#tokens + ((nowUs - this.#filledAtUs) * pps) / 1e6, Math.max(1, (BURST_US * pps) / 1e6));
    this.#filledAtUs = nowUs;
    return Math.floor(this.#tokens);
  }

  /** When the next one may leave. */
  nextUs(again: boolean): number {
    return this.#filledAtUs + (Math.max(0, 1 - this.#tokens) * 1e6) / this.#ppsOf(again);
  }

  /** The share of answers has fallen, and it is not clear yet that the rate is low enough: silence says nothing now. */
  get isDoubtful(): boolean {
    return this.#fallen !== undefined;
  }

  /** Something else than an attempt to a port was sent. */
  sentBeside(): void {
    this.#tokens--;
  }

  /** In doubt: a port that answers was asked again. */
  witnessed(isAnswered: boolean): void {
    this.#witnesses.asked++;
    if (isAnswered) this.#witnesses.answered++;
  }

  sent(isFirst: boolean): void {
    this.#tokens--;
    if (!isFirst) this.#again.sent++;
    else if (this.epoch !== 0) this.#sample.sent++;
  }

  /** @param epoch that was noted of the first attempt @param isFirst it is the one that was answered */
  answered(epoch: number, isFirst: boolean): void {
    if (!isFirst) this.#again.answered++;
    else if (epoch === this.#sample.epoch) this.#sample.answered++;
    // A sample is not waited for to the last.
    else if (epoch !== 0) this.#usual.answered++;
  }

  /**
   * Looks whether a sample is complete, and what it says.
   * @param waitUs the longest to wait for its answers; undefined where no round trip is known
   * @param trouble asked only where a sample is complete
   * @param witnessShare of ports that answer: how many would do so again
   */
  judge(nowUs: number, waitUs: number | undefined, trouble: LocalTrouble, witnessShare: number): void {
    const sample = this.#sample;
    if (this.#fallen !== undefined) {
      const { asked, answered } = this.#witnesses;
      if (nowUs - sample.beganAtUs < CAREFUL_SAMPLE_US || asked < FEWEST_WITNESSES) return;
      this.#weighWitnesses(answered / asked, witnessShare);
      this.#begin(nowUs);
      return;
    }
    if (this.epoch !== 0) {
      const lengthUs = this.#isCareful ? CAREFUL_SAMPLE_US : SAMPLE_US;
      if (nowUs - sample.beganAtUs < lengthUs || sample.sent < FEWEST_SAMPLES) return;
      this.epoch = 0;
      sample.endsAtUs = nowUs + (waitUs ?? UNKNOWN_RTT_US);
    }
    const isComplete = sample.answered === sample.sent || (this.#usual.sent > 0 && !this.#hasFallen(sample.sent, sample.answered));
    if (!isComplete && nowUs < sample.endsAtUs) return;
    this.#weigh(sample.sent, sample.answered, trouble);
    this.#forget(this.#again);
    this.#begin(nowUs);
  }

  #begin(nowUs: number): void {
    const epoch = 1 + (this.#sample.epoch % 255);
    this.#sample = { epoch, beganAtUs: nowUs, endsAtUs: 0, sent: 0, answered: 0 };
    this.#witnesses = { asked: 0, answered: 0 };
    this.epoch = epoch;
  }

  #weigh(sent: number, answered: number, { dropped, sendRetries }: LocalTrouble): void {
    const hasTrouble = dropped > this.#trouble.dropped || sendRetries > this.#trouble.sendRetries;
    this.#trouble = { dropped, sendRetries };
    if (hasTrouble) {
      this.#growth = CAREFUL_GROWTH;
      this.#set(this.pps * CUT_BY_DROPS);
    } else if (this.#hasFallen(sent, answered)) this.#fall(sent, answered);
    else this.#rise(sent, answered);
  }

  #hasFallen(sent: number, answered: number): boolean {
    if (this.#usual.sent === 0) return false;
    const share = this.#usualShare;
    const variance = share * (1 - share) * sent * (1 + sent / this.#usual.sent);
    // A share of exactly one knows no chance; one answer may always be missing.
    return answered < sent * share * (1 - TOLERANCE) - STANDARD_ERRORS * Math.sqrt(variance) - 1;
  }

  /** From now on witnesses tell: the ports that are left may be silent ones. */
  #fall(sent: number, answered: number): void {
    const share = answered / sent;
    this.#fallen = { fromPps: this.pps, share, vain: 0 };
    this.#isCareful = true;
    this.#growth = CAREFUL_GROWTH;
    this.#cut(share / this.#usualShare);
  }

  #weighWitnesses(share: number, usual: number): void {
    const fallen = this.#fallen as Fallen;
    if (share >= usual * (1 - WITNESS_TOLERANCE)) {
      this.#fallen = undefined;
      return;
    }
    fallen.vain = share > fallen.share * BETTER ? 0 : fallen.vain + 1;
    fallen.share = share;
    if (fallen.vain < VAIN_SAMPLES) return this.#cut(share / usual);
    // It is the path that has changed.
    this.#usual = { sent: 0, answered: 0 };
    this.#fallen = undefined;
    this.#isCareful = false;
    this.#growth = 2;
    this.#set(fallen.fromPps);
  }

  #cut(factor: number): void {
    this.#set(this.pps * Math.min(CUT_BY_DROPS, Math.max(DEEPEST_CUT, factor)));
  }

  #rise(sent: number, answered: number): void {
    this.#usual.sent += sent;
    this.#usual.answered += answered;
    this.#forget(this.#usual);
    this.#set(this.pps * this.#growth);
  }

  #forget(memory: { sent: number; answered: number }): void {
    if (memory.sent < LONGEST_MEMORY) return;
    memory.sent /= 2;
    memory.answered /= 2;
  }

  /** What goes unanswered stays under its limit. */
  #set(pps: number): void {
    this.pps = Math.max(Math.min(SLOWEST_PPS, this.#limits.ceilingPps), Math.min(pps, this.#mostAt(this.#usualShare)));
  }

  #mostAt(share: number): number {
    return Math.min(this.#limits.ceilingPps, this.#limits.silentPps / Math.max(1e-9, 1 - share));
  }

  #ppsOf(again: boolean): number {
    if (!again) return this.pps;
    const { sent, answered } = this.#again;
    return Math.min(this.pps, this.#mostAt((answered + this.#usualShare) / (sent + 1)));
  }

  get #usualShare(): number {
    const { sent, answered } = this.#usual;
    return sent === 0 ? 0 : Math.min(1, answered / sent);
  }
}
