/** The retransmission timer's length (RFC 6298). Linux goes down to 200 ms; we keep to the RFC's second unless told otherwise. */
export interface RtoConfig {
  /** Before the first measurement (RFC 6298 §2.1: 1 s). */
  initialRtoUs: number;
  /** RFC 6298 §2.4: 1 s. */
  minRtoUs: number;
  /** RFC 6298 §2.5: 60 s or more. */
  maxRtoUs: number;
}

export interface Rto {
  config: RtoConfig;
  /** Undefined before the first measurement. */
  srttUs: number | undefined;
  rttvarUs: number;
  /** What the timer is set to, back-off included. */
  rtoUs: number;
}

export const createRto = (config: RtoConfig): Rto => ({ config, srttUs: undefined, rttvarUs: 0, rtoUs: config.initialRtoUs });

const clamp = ({ minRtoUs, maxRtoUs }: RtoConfig, rtoUs: number): number => Math.min(Math.max(rtoUs, minRtoUs), maxRtoUs);

/** RFC 6298's G. On a path without jitter the timer would else fire as the answer arrives; a busy event loop takes this long. */
const GRANULARITY_US = 10_000;

/** RFC 6298 §2.2, §2.3. Ends any back-off. */
export function measured(rto: Rto, rttUs: number): void {
  if (rto.srttUs === undefined) {
    rto.srttUs = rttUs;
    rto.rttvarUs = rttUs / 2;
  } else {
    rto.rttvarUs = 0.75 * rto.rttvarUs + 0.25 * Math.abs(rto.srttUs - rttUs);
    rto.srttUs = 0.875 * rto.srttUs + 0.125 * rttUs;
  }
  rto.rtoUs = clamp(rto.config, rto.srttUs + Math.max(GRANULARITY_US, 4 * rto.rttvarUs));
}

/** RFC 6298 §5.5. */
export function backOff(rto: Rto): void {
  rto.rtoUs = clamp(rto.config, rto.rtoUs * 2);
}

/** RFC 6298 §5.7: a SYN was lost and nothing could be measured, so data begin with 3 s. */
export function afterLostSyn(rto: Rto): void {
  rto.rtoUs = clamp(rto.config, 3 * rto.config.initialRtoUs);
}
