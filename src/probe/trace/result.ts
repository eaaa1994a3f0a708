/** The exit code of a trace. */
import type { TraceResult } from '../events.ts';
import { verdictExitCode } from '../verdict.ts';

/** 0 where the port is open or unfiltered, 1 where it is closed, 2 where nothing sure came back. */
export const traceExitCode = ({ verdict }: Pick<TraceResult, 'verdict'>): 0 | 1 | 2 => verdictExitCode(verdict);
