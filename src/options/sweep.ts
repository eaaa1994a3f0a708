/** `--sweep FIELD=FROM..TO`: one segment for each value of a field. */
import { alphabet } from '../probe/alphabet.ts';
import type { SegmentSpec } from '../probe/segment-spec.ts';
import type { Variant } from '../probe/send/request.ts';
import { flagNames, flagText } from '../wire/flags.ts';
import { usageError } from './errors.ts';
import { checkSourcePorts } from './segment-target.ts';
import { integer, MAX_32, quote, suggestion } from './values.ts';

/** Each segment has a port of its own, and there are some 28,000 to choose from. */
const MOST_VALUES = 16_384;

interface Field {
  least?: number;
  most: number;
  set(base: Variant, value: number): Variant;
  show?(value: number): string;
}

/** A field of the segment, by how it changes the spec. */
const inSpec = (most: number, change: (spec: SegmentSpec, value: number) => SegmentSpec): Field => ({
  most,
  set: (base, value) => ({ ...base, spec: change(base.spec, value) }),
});

/** By the names of the options. */
const FIELDS: Readonly<Record<string, Field>> = {
  flags: { ...inSpec(0x1ff, (spec, flags) => ({ ...spec, flags })), show: (flags) => flagText(flagNames(flags)) },
  seq: inSpec(MAX_32, (spec, seq) => ({ ...spec, seq })),
  ack: inSpec(MAX_32, (spec, ack) => ({ ...spec, ack })),
  window: inSpec(0xffff, (spec, window) => ({ ...spec, window })),
  urgent: inSpec(0xffff, (spec, urgent) => ({ ...spec, urgent })),
  'data-offset': inSpec(15, (spec, dataOffset) => ({ ...spec, dataOffset })),
  reserved: inSpec(7, (spec, reserved) => ({ ...spec, reserved })),
  checksum: inSpec(0xffff, (spec, checksum) => ({ ...spec, checksum })),
  mss: inSpec(0xffff, (spec, mss) => ({ ...spec, namedOptions: { ...spec.namedOptions, mss } })),
  wscale: inSpec(255, (spec, windowScale) => ({ ...spec, namedOptions: { ...spec.namedOptions, windowScale } })),
  ttl: inSpec(255, (spec, ttl) => ({ ...spec, ttl })),
  tos: inSpec(255, (spec, tos) => ({ ...spec, tos })),
  dscp: inSpec(63, (spec, dscp) => ({ ...spec, tos: (dscp << 2) | ((spec.tos ?? 0) & 3) })),
  ecn: inSpec(3, (spec, ecn) => ({ ...spec, tos: ((spec.tos ?? 0) & ~3) | ecn })),
  'ip-id': inSpec(0xffff, (spec, ipId) => ({ ...spec, ipId })),
  'fragment-offset': inSpec(0x1fff, (spec, fragmentOffset) => ({ ...spec, fragmentOffset })),
  'data-length': inSpec(65_515, (spec, length) => ({ ...spec, payload: alphabet(length) })),
  'source-port': { least: 1, most: 0xffff, set: (base, sourcePort) => ({ ...base, sourcePort }) },
};

export const SWEEP_FIELDS: readonly string[] = Object.keys(FIELDS);

/** Those that --hex leaves to be chosen. */
const OUTSIDE_THE_SEGMENT = ['checksum', 'ttl', 'tos', 'dscp', 'ecn', 'ip-id', 'fragment-offset'];

/**
 * The segments of a sweep.
 * @param base what is the same in all of them
 * @throws CliError for a field that can't be swept, or more values than there are ports
 */
export function sweep(option: string, text: string, base: Variant): Variant[] {
  const match = /^([a-z-]+)=([^.]*)\.\.(.*)$/.exec(text);
  if (match === null) throw usageError(`${option}: ${quote(text)} is not FIELD=FROM..TO`, 'such as flags=0..63 or ttl=1..30');
  const [, name = '', fromText = '', toText = ''] = match;
  const field = Object.hasOwn(FIELDS, name) ? FIELDS[name] : undefined;
  if (field === undefined)
    throw usageError(
      `${option}: ${quote(name)} is no field to sweep`,
      suggestion(name, SWEEP_FIELDS, `give one of ${SWEEP_FIELDS.join(', ')}`),
    );
  if (base.spec.bytes !== undefined && !OUTSIDE_THE_SEGMENT.includes(name))
    throw usageError(`--hex and ${option} ${name} at once`, '--hex is the whole segment');
  const from = integer(`${option} ${name}`, fromText, field.least ?? 0, field.most);
  const to = integer(`${option} ${name}`, toText, field.least ?? 0, field.most);
  if (to < from) throw usageError(`${option}: ${text} runs backwards`, `give ${name}=${toText}..${fromText}`);
  const count = to - from + 1;
  if (count > MOST_VALUES) throw usageError(`${option}: ${text} is ${count} segments`, `sweep ${MOST_VALUES} values at a time`);
  const { sourcePort: first } = base;
  checkSourcePorts(first, count, 'segment');
  return Array.from({ length: count }, (_, i) => {
    const value = from + i;
    const sourcePort = first === undefined ? undefined : first + i;
    return { ...field.set({ ...base, sourcePort }, value), label: `${name}=${field.show?.(value) ?? value}` };
  });
}
