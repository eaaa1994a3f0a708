/** Failed tests as annotations of GitHub Actions: each shows at its line of the plan. */
import type { RunEvent } from '../probe/events.ts';
import { escapeLine } from './escape.ts';
import { failureSentence } from './run-failure.ts';

const data = (text: string): string => escapeLine(text).replaceAll('%', '%25');
const property = (text: string): string => data(text).replaceAll(':', '%3A').replaceAll(',', '%2C');

/** The workflow command of a failed test, its line feed included; undefined for all else. */
export function annotation(event: RunEvent): string | undefined {
  if (event.type !== 'test' || event.status !== 'failed') return undefined;
  const { plan, name, failures } = event;
  const line = failures[0]?.line ?? event.line;
  return `::error file=${property(plan)},line=${line},title=${property(name)}::${data(failures.map(failureSentence).join('; '))}\n`;
}
