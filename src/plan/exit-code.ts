import type { RunResult } from '../probe/events.ts';

/** 0 where no test failed that was not known to; else 3. */
export const runExitCode = ({ failed }: RunResult): 0 | 3 => (failed > 0 ? 3 : 0);
