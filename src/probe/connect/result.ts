/** The last event of a connect, from what was recorded. */
import type { NetError } from '../../net/errors.ts';
import { finAcked } from '../../tcp/send.ts';
import type { Connection, ConnectionPort } from '../connection.ts';
import { closeReport, dataReport } from '../connection-report.ts';
import type { CloseKind, ConnectResult, Reason, Verdict } from '../events.ts';

/** Why the run ended before its script did. */
export interface EarlyEnd {
  ended: ConnectResult['ended'];
  error?: NetError | undefined;
}

export function connectResult(kind: CloseKind, { tcb, record, port }: Connection<ConnectionPort>, early: EarlyEnd): ConnectResult {
  const { verdict, reason } = verdictOf(record.established !== undefined, record.end, record.icmp, early);
  const close = closeReport(kind, record);
  return {
    type: 'result',
    verdict,
    reason,
    rttUs: record.rtt?.us,
    rttClock: record.rtt?.clock,
    evidence:
      record.established === undefined
        ? undefined
        : record.ackedBytes > 0
          ? 'data-acknowledged'
          : finAcked(tcb)
            ? 'fin-acknowledged'
            : 'syn-ack',
    iss: tcb.iss,
    irs: record.irs,
    peer: record.peer,
    retransmissions: record.retransmissions,
    ignored: record.ignored,
    data: dataReport(record),
    close,
    states: [...record.states],
    ended: endedEarly(record, early, close.completed),
    kernelDrops: port.dropped,
    error: early.error,
  };
}

function verdictOf(
  established: boolean,
  end: Connection['record']['end'],
  icmp: string | undefined,
  early: EarlyEnd,
): { verdict: Verdict; reason: Reason } {
  if (established) return { verdict: 'open', reason: 'syn-ack' };
  if (end === 'refused') return { verdict: 'closed', reason: 'rst' };
  if (icmp !== undefined) return { verdict: 'filtered', reason: `icmp-${icmp}` };
  return { verdict: 'filtered', reason: early.ended === 'interrupted' ? 'interrupted' : 'no-response' };
}

function endedEarly(record: Connection['record'], early: EarlyEnd, completed: boolean): ConnectResult['ended'] {
  if (early.ended !== undefined) return early.ended === 'deadline' && record.windowClosed ? 'zero-window' : early.ended;
  if (completed) return undefined;
  if (record.end === 'reset') return 'reset-by-peer';
  return record.end === 'timeout' ? 'timeout' : undefined;
}

/** 0 open and closed as asked, 1 closed port, 2 filtered, 3 open but not as asked. */
export const connectExitCode = (result: ConnectResult): 0 | 1 | 2 | 3 => exitCodeBy(result);

/** The same for a conversation that somebody else made. */
export function exitCodeBy(result: Pick<ConnectResult, 'verdict' | 'close' | 'ended'>): 0 | 1 | 2 | 3 {
  if (result.verdict === 'closed') return 1;
  if (result.verdict !== 'open') return 2;
  const asAsked = result.ended === undefined && (result.close.completed || result.close.kind === 'none');
  return asAsked ? 0 : 3;
}
