/** The exit code of a trace. */
import type { TraceResult } from '../events.ts';
import { verdictExitCode } from '../verdict.ts';

/**
 * 0 where the port is open or unfiltered, 1 where it is closed, 2 where nothing sure came back; 3 where the verdicts of flows
 * differ, or the connection of `inside` was to be closed and was not.
 */
export function traceExitCode({
  verdict,
  connection,
  multipath,
  ended,
}: Pick<TraceResult, 'verdict' | 'connection' | 'multipath' | 'ended'>): 0 | 1 | 2 | 3 {
  const verdicts = new Set(multipath?.outcomes.map((outcome) => outcome.verdict));
  if (verdicts.size > 1) return 3;
  const code = verdictExitCode(verdict);
  const isLeft = connection?.established === true && !connection.closed;
  // What was interrupted was reset, as it should be.
  return code === 0 && isLeft && ended !== 'interrupted' ? 3 : code;
}
