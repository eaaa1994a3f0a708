/** The last event of a ping. */
import type { PassedLimit, PingResult, PingTargetFigures } from '../events.ts';
import { verdictExitCode } from '../verdict.ts';
import type { PingRequest } from './request.ts';

type Limits = Pick<PingRequest, 'lossLimitPercent' | 'rttLimitMs'>;

export const passedLimits = (limits: Limits, targets: readonly PingTargetFigures[]): PassedLimit[] =>
  targets.flatMap((target) => passedBy(target, limits));

function passedBy({ address, port, lossPercent, rttUs }: PingTargetFigures, { lossLimitPercent, rttLimitMs }: Limits): PassedLimit[] {
  const passed: PassedLimit[] = [];
  if (lossLimitPercent !== undefined && lossPercent > lossLimitPercent)
    passed.push({ limit: 'loss', address, port, allowed: lossLimitPercent, found: lossPercent });
  if (rttLimitMs !== undefined && rttUs !== undefined && rttUs.p95 > rttLimitMs * 1000)
    passed.push({ limit: 'rtt', address, port, allowed: rttLimitMs * 1000, found: rttUs.p95 });
  return passed;
}

/** By the best verdict seen; 3 where a limit was passed. */
export function pingExitCode({ verdict, passedLimits }: PingResult): 0 | 1 | 2 | 3 {
  return passedLimits.length > 0 ? 3 : verdictExitCode(verdict);
}
