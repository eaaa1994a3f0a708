/** `only-if` and `skip-if`: what a test can ask of the machine and of the plan's values. */
import { CAP_NET_ADMIN, CAP_NET_BIND_SERVICE, CAP_NET_RAW, hasCapability, ownCredentials } from '../net/credentials.ts';
import { nearest, quote } from '../options/values.ts';

/** The capabilities that matter to a probe, by number. */
const CAPABILITIES: ReadonlyMap<string, number> = new Map([
  ['cap_net_raw', CAP_NET_RAW],
  ['cap_net_admin', CAP_NET_ADMIN],
  ['cap_net_bind_service', CAP_NET_BIND_SERVICE],
]);

/** Those that this process has. */
export function ownCapabilities(): ReadonlySet<string> {
  const { effective } = ownCredentials();
  return new Set([...CAPABILITIES].filter(([, number]) => hasCapability(effective, number)).map(([name]) => name));
}

/** What a condition is held against. */
export interface Surroundings {
  env: Readonly<Record<string, string | undefined>>;
  /** Of this process, by name; see {@link ownCapabilities}. */
  capabilities: ReadonlySet<string>;
}

/** An environment variable by a name that a plan gives: what every object inherits, such as `constructor`, is none. */
export const environmentVariable = (env: Surroundings['env'], name: string): string | undefined =>
  Object.hasOwn(env, name) ? env[name] : undefined;

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
  if (word === 'env') return (environmentVariable(env, name) ?? '') !== '';
  const known = [...CAPABILITIES.keys()];
  if (!known.includes(name.toLowerCase()))
    throw new ConditionError(`${quote(name)} is no capability that matters here`, `give one of ${known.join(', ')}`);
  return capabilities.has(name.toLowerCase());
}
