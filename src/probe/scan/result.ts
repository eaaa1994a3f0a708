import type { ScanResult, Verdict } from '../events.ts';
import { verdictExitCode } from '../verdict.ts';

/** What every port can be required to be, by the exit code that a single port would have. */
export const REQUIRED_VERDICTS = ['open', 'closed', 'filtered'] as const;
export type RequiredVerdict = (typeof REQUIRED_VERDICTS)[number];

/**
 * 0 where the scan is complete and every port is as required; of ports that are all the same but otherwise 1 where they are
 * closed, 2 where they are filtered; else 3, also where not every port has a verdict.
 * @param required undefined: a verdict of any kind
 */
export function scanExitCode({ done, pairs, unsent, counts }: ScanResult, required: RequiredVerdict | undefined): 0 | 1 | 2 | 3 {
  if (done < pairs || unsent > 0) return 3;
  const codes = new Set((Object.keys(counts) as Verdict[]).filter((verdict) => counts[verdict]).map(verdictExitCode));
  const [code] = codes;
  if (required === undefined || code === undefined) return 0;
  if (codes.size > 1) return 3;
  if (code === verdictExitCode(required)) return 0;
  return code === 0 ? 3 : code;
}
