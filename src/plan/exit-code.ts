import type { RunResult } from '../probe/events.ts';

/** 0 where no test failed that was not known to, nor a plan's teardown; else 3. */
export const runExitCode = ({ failed, failures }: RunResult): 0 | 3 => (failed > 0 || failures.length > 0 ? 3 : 0);
