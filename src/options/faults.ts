/** `--fault`: what is to go wrong, as a list such as `drop=0.1,delay=20ms,rst-after=1000`. */
import type { Faults } from '../net/faults.ts';
import { CLEAN_PATH, type Misbehaviour } from '../probe/listen/request.ts';
import { usageError } from './errors.ts';
import { decimal, integer, quote, suggestion } from './values.ts';

type Reader = (option: string, name: string, value: string | undefined) => unknown;

const share: Reader = (option, name, text = '') => {
  const value = decimal(text);
  if (!(value <= 1)) throw usageError(`${option}: ${name}=${text} is no share`, `give 0 to 1, such as ${name}=0.05 for one in twenty`);
  return value;
};

const UNITS_US: Readonly<Record<string, number>> = { us: 1, ms: 1000, s: 1_000_000 };
const LONGEST_US = 60_000_000;

const duration: Reader = (option, name, text = '') => {
  const [, figure, unit] = /^(\d+\.?\d*|\.\d+)(us|ms|s)$/.exec(text) ?? [];
  const us = Number(figure) * (UNITS_US[unit ?? ''] ?? Number.NaN);
  if (!(us <= LONGEST_US))
    throw usageError(`${option}: ${name}=${text} is no time up to 60s`, `give a number and a unit, such as ${name}=20ms`);
  return us;
};

const bare: Reader = (option, name, text) => {
  if (text !== undefined) throw usageError(`${option}: ${name} takes no value`, `write ${name} alone`);
  return true;
};

/** What a path does. */
const PATH_FAULTS: Readonly<Record<string, { field: keyof Faults; read: Reader }>> = {
  drop: { field: 'loss', read: share },
  duplicate: { field: 'duplicate', read: share },
  reorder: { field: 'reorder', read: share },
  corrupt: { field: 'corrupt', read: share },
  delay: { field: 'delayUs', read: duration },
  jitter: { field: 'jitterUs', read: duration },
};

/** What an endpoint does. */
const OWN_FAULTS: Readonly<Record<string, { field: keyof Misbehaviour; read: Reader }>> = {
  'wrong-ack': { field: 'wrongAck', read: bare },
  'no-final-ack': { field: 'noFinalAck', read: bare },
  'zero-window': {
    field: 'zeroWindowMs',
    read: (option, name, text) => (text === undefined ? Number.POSITIVE_INFINITY : (duration(option, name, text) as number) / 1000),
  },
  'rst-after': {
    field: 'rstAfterBytes',
    read: (option, name, text = '') => integer(`${option}: ${name}`, text, 0, Number.MAX_SAFE_INTEGER),
  },
};

export const PATH_FAULT_NAMES = Object.keys(PATH_FAULTS);
export const FAULT_NAMES = [...PATH_FAULT_NAMES, ...Object.keys(OWN_FAULTS)];

/** @throws CliError where one is not known, twice there or out of range */
export function readFaults(
  option: string,
  texts: readonly string[],
  known: readonly string[],
): { path: Faults; own: Partial<Misbehaviour> } {
  const path: Partial<Record<keyof Faults, unknown>> = {};
  const own: Partial<Record<keyof Misbehaviour, unknown>> = {};
  const seen = new Set<string>();
  for (const item of texts.flatMap((text) => text.split(','))) {
    const equals = item.indexOf('=');
    const [name, value] = equals < 0 ? [item, undefined] : [item.slice(0, equals), item.slice(equals + 1)];
    if (!known.includes(name)) throw unknownFault(option, name, known);
    if (seen.has(name)) throw usageError(`${option}: ${name} twice`, 'give it once');
    seen.add(name);
    const fault = PATH_FAULTS[name];
    const ownFault = OWN_FAULTS[name];
    if (fault !== undefined) path[fault.field] = fault.read(option, name, value);
    else if (ownFault !== undefined) own[ownFault.field] = ownFault.read(option, name, value);
  }
  return { path: { ...CLEAN_PATH, ...(path as Partial<Faults>) }, own: own as Partial<Misbehaviour> };
}

function unknownFault(option: string, name: string, known: readonly string[]): Error {
  const isOfSending = FAULT_NAMES.includes(name);
  if (isOfSending) return usageError(`${option}: ${name} is nothing that happens to what comes`, 'give it to --fault');
  return usageError(`${option}: ${quote(name)} is not known`, suggestion(name, known, `there are ${known.join(', ')}`));
}
