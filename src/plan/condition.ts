/** `only-if` and `skip-if`: what a test can ask of the machine and of the plan's values. */
import { nearest, quote } from '../options/values.ts';

/** What a condition is held against. */
export interface Surroundings {
  env: Readonly<Record<string, string | undefined>>;
  /** The capabilities of this process, by their names in lower case, such as `cap_net_admin`. */
  capabilities: ReadonlySet<string>;
}

/** A condition that can't be read. */
export class ConditionError extends Error {
  constructor(
    message: string,
    readonly hint: string,
  ) {
    super(message);
  }
}

const FORMS = 'give "capability NAME", "env NAME", "VALUE == VALUE" or "VALUE != VALUE"';
const WORDS = ['capability', 'env'] as const;

/**
 * @param condition with its variables put in: `capability cap_net_admin`, `env CI`, `443 == 80`, `443 != 80`
 * @throws ConditionError
 */
export function holds(condition: string, { env, capabilities }: Surroundings): boolean {
  const comparison = /^(.*?)\s*(==|!=)\s*(.*)$/s.exec(condition);
  if (comparison !== null) {
    const [, left = '', sign, right = ''] = comparison;
    return (left.trim() === right.trim()) === (sign === '==');
  }
  const [word = '', name, ...rest] = condition.trim().split(/\s+/);
  if (name === undefined || rest.length > 0 || !(WORDS as readonly string[]).includes(word)) {
    const near = nearest(word, WORDS);
    throw new ConditionError(`${quote(condition)} is no condition`, near === undefined || near === word ? FORMS : `did you mean ${near}?`);
  }
  if (word === 'env') return (env[name] ?? '') !== '';
  return capabilities.has(name.toLowerCase());
}
