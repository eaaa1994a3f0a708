/** Units of numbers: in an expression behind the number, in a field at the end of its name. */

export type Dimension = 'time' | 'size' | 'share';

export interface Unit {
  dimension: Dimension;
  /** How many of the smallest of its dimension it is. */
  factor: number;
}

const time = (factor: number): Unit => ({ dimension: 'time', factor });
const size = (factor: number): Unit => ({ dimension: 'size', factor });

/** As they are written. Times count in nanoseconds. */
export const UNITS = {
  ns: time(1),
  us: time(1e3),
  µs: time(1e3),
  ms: time(1e6),
  s: time(1e9),
  min: time(60e9),
  B: size(1),
  kB: size(1e3),
  KiB: size(1024),
  MB: size(1e6),
  MiB: size(1024 ** 2),
  '%': { dimension: 'share', factor: 1 },
} as const satisfies Record<string, Unit>;

export type UnitName = keyof typeof UNITS;

export const isUnit = (text: string): text is UnitName => Object.hasOwn(UNITS, text);

const SUFFIXES: readonly (readonly [suffix: RegExp, unit: UnitName])[] = [
  [/Ns$/, 'ns'],
  [/Us$/, 'us'],
  [/Ms$/, 'ms'],
  [/Bytes$/, 'B'],
  [/Percent$/, '%'],
];

/** The unit that a field's name ends in, such as `us` of `rttUs`. */
export const unitOf = (name: string): UnitName | undefined => SUFFIXES.find(([suffix]) => suffix.test(name))?.[1];

/** @returns undefined where one can't be told in the other */
export function convert(value: number, from: UnitName, to: UnitName): number | undefined {
  const [given, wanted]: [Unit, Unit] = [UNITS[from], UNITS[to]];
  return given.dimension === wanted.dimension ? (value * given.factor) / wanted.factor : undefined;
}
