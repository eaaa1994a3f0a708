/** How much gets lost, and how often a silent port must be tried so that no loss makes it look silent. */

/**
 * With fewer answers than this a prior counts too: two of a hundred attempts lost, which is 1 % each way. It weighs as much as
 * twenty attempts: few answers do not pass for certainty, nor does the prior for long.
 */
const FEWEST_ANSWERS = 100;
const PRIOR_LOST = 0.4;
const PRIOR_ATTEMPTS = 20;
/** The estimate is taken so many standard errors too high. */
const STANDARD_ERRORS = 2;

const FEWEST_ATTEMPTS = 2;
const MOST_ATTEMPTS = 100;

/**
 * Of each port that answered it is known which of its attempts was the first to be answered: those before it are lost, the
 * probe or its answer, on the way or in the kernel's buffer. How many there are follows the geometric distribution, whose
 * parameter is estimated best by lost attempts over all attempts. Ports that are silent to the end say nothing. Where few
 * answer, those are asked again (witnesses.ts).
 */
export class LossEstimate {
  answers = 0;
  #attempts = 0;

  /** @param attempt the first that was answered, counted from 1 */
  answered(attempt: number): void {
    this.answers++;
    this.#attempts += attempt;
  }

  /** A port that answers was asked again, once. */
  witnessed(isAnswered: boolean): void {
    this.#attempts++;
    if (isAnswered) this.answers++;
  }

  get isMeasured(): boolean {
    return this.answers >= FEWEST_ANSWERS;
  }

  /** The likeliest share of attempts that go unanswered though somebody would answer, 0 to 1. */
  get share(): number {
    const lost = this.#attempts - this.answers;
    return this.isMeasured ? lost / this.#attempts : (lost + PRIOR_LOST) / (this.#attempts + PRIOR_ATTEMPTS);
  }

  /** What it is at most, to go by. */
  get highShare(): number {
    const attempts = this.#attempts + (this.isMeasured ? 0 : PRIOR_ATTEMPTS);
    // Where none was lost the next one may be.
    const mean = Math.max(this.share, 1 / attempts);
    return Math.min(0.99, mean + STANDARD_ERRORS * Math.sqrt((mean * (1 - mean)) / attempts));
  }

  /** How often to try a port so that, of so many, none at all looks silent by loss alone with this confidence, 0 to 1. */
  attemptsFor(ports: number, confidence: number): number {
    const attempts = Math.ceil(Math.log((1 - confidence) / ports) / Math.log(this.highShare));
    return Math.min(Math.max(attempts, FEWEST_ATTEMPTS), MOST_ATTEMPTS);
  }

  /** The confidence that so many silent ports were not made so by loss, tried so often. */
  confidenceOf(silent: number, attempts: number): number {
    return (1 - this.highShare ** attempts) ** silent;
  }
}
