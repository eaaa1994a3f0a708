/** What was said in a connection and how it ended, from what was recorded. */
import { elapsed, type Figure, type FigureClock, weaker } from '../net/moment.ts';
import type { CloseKind, CloseReport, DataReport } from './events.ts';
import type { ConnectionRecord } from './record.ts';

export function dataReport(record: ConnectionRecord): DataReport {
  const { sentBytes, ackedBytes, receivedBytes, dataAck } = record;
  const asked = record.firstDataSent ?? record.established;
  const firstByte = asked && record.firstByte && elapsed(asked, record.firstByte);
  return { sentBytes, ackedBytes, receivedBytes, ackUs: dataAck?.us, firstByteUs: firstByte?.us, clock: clockOf(dataAck, firstByte) };
}

const clockOf = (a: Figure | undefined, b: Figure | undefined): FigureClock | undefined =>
  a && b ? weaker(a.clock, b.clock) : (a ?? b)?.clock;

export function closeReport(kind: CloseKind, record: ConnectionRecord): CloseReport {
  const finalState = record.states.at(-1) ?? 'CLOSED';
  const { initiator, closeBegan, stateSince, finAck } = record;
  const duration = closeBegan && stateSince && elapsed(closeBegan, stateSince);
  return {
    kind,
    initiator,
    completed: record.established !== undefined && isComplete(kind, record),
    finalState,
    durationUs: duration?.us,
    finAckUs: finAck?.us,
    clock: clockOf(finAck, duration),
  };
}

/** Both FINs acknowledged, by the path that was asked for; or our RST, where that was asked for. */
function isComplete(kind: CloseKind, { states, end }: ConnectionRecord): boolean {
  if (kind === 'reset') return end === 'aborted';
  if (kind === 'none') return false;
  const closed = states.at(-1) === 'TIME-WAIT' || end === 'closed';
  return kind === 'simultaneous' ? closed && states.includes('CLOSING') : closed;
}
