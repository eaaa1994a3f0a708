/** The last event of a send. */
import type { NetError } from '../../net/errors.ts';
import type { SegmentNote, SendResult, Verdict } from '../events.ts';
import { verdictExitCode } from '../verdict.ts';
import type { SendRequest } from './request.ts';
import type { Trial } from './trial.ts';

/** From the one that says most to the one that says least. */
const BEST_FIRST: readonly Verdict[] = ['open', 'unfiltered', 'closed', 'open|filtered', 'filtered'];

export function sendResult(
  { variants }: SendRequest,
  trials: readonly Trial[],
  ignored: Partial<Record<SegmentNote, number>>,
  ended: SendResult['ended'],
  error: NetError | undefined,
): SendResult {
  const best = [...trials].sort((a, b) => BEST_FIRST.indexOf(a.outcome.verdict) - BEST_FIRST.indexOf(b.outcome.verdict))[0];
  const { verdict, reason } = best?.outcome ?? { verdict: 'filtered', reason: 'interrupted' };
  const sum = (value: (trial: Trial) => number) => trials.reduce((total, trial) => total + value(trial), 0);
  return {
    type: 'result',
    verdict,
    reason,
    sent: sum((trial) => trial.sent),
    received: sum((trial) => trial.received),
    rttUs: trials.find((trial) => trial.rttUs !== undefined)?.rttUs,
    ignored,
    sweep: variants.length > 1 ? trials.map(sweepRow) : undefined,
    differ: trials.some((trial) => trial.outcome.verdict !== verdict),
    ended,
    kernelDrops: Math.max(0, ...trials.map((trial) => trial.port.dropped)),
    error,
  };
}

const sweepRow = (trial: Trial) => ({
  variant: trial.variant.label ?? '',
  sourcePort: trial.port.port,
  ...trial.outcome,
  sent: trial.sent,
  received: trial.received,
  rttUs: trial.rttUs,
});

/** By the verdict; 3 where what was awaited did not come. A sweep is to show differences: any answer makes it 0. */
export function sendExitCode(result: SendResult): 0 | 1 | 2 | 3 {
  if (result.ended === 'not-answered-as-awaited') return result.received > 0 ? 3 : 2;
  if (result.sweep !== undefined) return result.received > 0 ? 0 : 2;
  return verdictExitCode(result.verdict);
}
