/** The last event of a send. */
import type { Outcome, SendResult, SweepRow } from '../events.ts';
import { saysMore, verdictExitCode } from '../verdict.ts';
import type { SendRequest } from './request.ts';
import type { Trial } from './trial.ts';

/** What the run itself knows. */
type Remembered = Pick<SendResult, 'ignored' | 'sendingUs' | 'ended' | 'error'>;

const NOT_BEGUN: Outcome = { verdict: 'filtered', reason: 'interrupted' };

export function sendResult({ variants, repeatUntil }: SendRequest, trials: readonly Trial[], remembered: Remembered): SendResult {
  const outcomes = trials.map((trial) => (repeatUntil && trial.find(repeatUntil)) ?? trial.outcome);
  const { verdict, reason } = outcomes.length > 0 ? outcomes.reduce(saysMore) : NOT_BEGUN;
  const rtt = trials.find((trial) => trial.rtt !== undefined)?.rtt;
  const sum = (value: (trial: Trial) => number) => trials.reduce((total, trial) => total + value(trial), 0);
  return {
    type: 'result',
    verdict,
    reason,
    sent: sum((trial) => trial.sent),
    received: sum((trial) => trial.received),
    rttUs: rtt?.us,
    rttClock: rtt?.clock,
    sendingUs: remembered.sendingUs,
    ignored: remembered.ignored,
    sweep: variants.length > 1 ? trials.map(sweepRow) : undefined,
    differ: outcomes.some((outcome) => outcome.verdict !== verdict),
    awaited: repeatUntil,
    answers: answersOf(trials),
    ended: remembered.ended,
    // The ports share their sockets, and the first one saw all of it.
    kernelDrops: Math.max(0, ...trials.map((trial) => trial.port.dropped)),
    error: remembered.error,
  };
}

function answersOf(trials: readonly Trial[]): SendResult['answers'] {
  const answers: SendResult['answers'] = {};
  for (const [reason, count] of trials.flatMap((trial) => trial.answers)) answers[reason] = (answers[reason] ?? 0) + count;
  return answers;
}

const sweepRow = (trial: Trial): SweepRow => ({
  variant: trial.variant.label ?? '',
  sourcePort: trial.port.port,
  ...trial.outcome,
  sent: trial.sent,
  received: trial.received,
  rttUs: trial.rtt?.us,
  rttClock: trial.rtt?.clock,
  answer: trial.answer,
});

/** By the verdict; where an answer was awaited, by whether it came. A sweep is to show differences: any answer makes it 0. */
export function sendExitCode({ verdict, received, awaited, ended, sweep }: SendResult): 0 | 1 | 2 | 3 {
  if (awaited !== undefined && ended === undefined) return 0;
  if (awaited !== undefined) return received > 0 ? 3 : 2;
  if (sweep !== undefined) return received > 0 ? 0 : 2;
  return verdictExitCode(verdict);
}
