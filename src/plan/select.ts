/** Some of the tests, by name. */
import { usageError } from '../options/errors.ts';
import { nearest, quote } from '../options/values.ts';
import type { Plan } from './model.ts';

/** @throws CliError for an expression that can't be read */
function matcher(filter: string): (name: string) => boolean {
  const expression = /^\/(.*)\/(i?)$/s.exec(filter);
  if (expression === null) return (name) => name.toLowerCase().includes(filter.toLowerCase());
  try {
    const pattern = new RegExp(expression[1] as string, `u${expression[2]}`);
    return (name) => pattern.test(name);
  } catch (error) {
    throw usageError(`--filter: ${(error as Error).message}`, 'give part of a name, or a regular expression between slashes');
  }
}

/**
 * The plans with those of their tests that a filter is for; none: all.
 * @param filters part of a name in any case, or a regular expression between slashes
 * @throws CliError where no test is left
 */
export function selectTests(plans: readonly Plan[], filters: readonly string[]): Plan[] {
  if (filters.length === 0) return [...plans];
  const matchers = filters.map(matcher);
  const selected = plans.map((plan) => ({ ...plan, tests: plan.tests.filter(({ name }) => matchers.some((fits) => fits(name))) }));
  if (selected.some(({ tests }) => tests.length > 0)) return selected.filter(({ tests }) => tests.length > 0);
  const names = plans.flatMap(({ tests }) => tests.map(({ name }) => name));
  const near = nearest(filters[0] as string, names);
  throw usageError(
    `--filter: no test is called ${filters.map(quote).join(' or ')}`,
    near === undefined ? `there are ${names.length}, such as ${quote(names[0] as string)}` : `did you mean ${quote(near)}?`,
  );
}
