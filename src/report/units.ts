/** Quantities for people, in three significant digits. */

/** @param value 0 or more */
function threeDigits(value: number): string {
  if (value === 0) return '0';
  if (value >= 99.95) return String(Math.round(value));
  return value.toFixed(value >= 9.995 ? 1 : 2);
}

/**
 * `'27.6 µs'`, `'1.02 ms'`, `'300 s'`; `'?'` for what is no number.
 * @param ascii writes `us` for `µs`
 */
export function formatDuration(us: number, ascii = false): string {
  if (!Number.isFinite(us)) return '?';
  const magnitude = Math.abs(us) < 0.005 ? 0 : Math.abs(us);
  const sign = us < 0 && magnitude > 0 ? '-' : '';
  if (magnitude < 999.5) return `${sign}${threeDigits(magnitude)} ${ascii ? 'us' : 'µs'}`;
  if (magnitude < 999_500) return `${sign}${threeDigits(magnitude / 1e3)} ms`;
  return `${sign}${threeDigits(magnitude / 1e6)} s`;
}

/** `'0.312'`, `'3.12'`, `'23.1'`, `'123'`: milliseconds without their unit, for columns of them. */
export function formatMilliseconds(us: number): string {
  const ms = us / 1000;
  if (ms >= 99.95) return String(Math.round(ms));
  return ms.toFixed(ms >= 9.995 ? 1 : ms >= 0.9995 ? 2 : 3);
}

const BYTE_UNITS = ['kB', 'MB', 'GB', 'TB'];

/** `'18 B'`, `'1.17 kB'`, `'105 MB'`: powers of 1,000. */
export function formatBytes(bytes: number): string {
  if (!Number.isFinite(bytes)) return '? B';
  if (bytes < 1000) return `${bytes} B`;
  let value = bytes / 1000;
  let unit = 0;
  while (value >= 999.5 && unit < BYTE_UNITS.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${threeDigits(value)} ${BYTE_UNITS[unit]}`;
}

/** `'1 byte'`, `'2 bytes'`. */
export const count = (n: number, noun: string): string => `${n} ${noun}${n === 1 ? '' : 's'}`;

/** `'1'`, `'65,535'`: for numbers that may be large. */
export const grouped = (n: number): string => String(n).replace(/\B(?=(\d{3})+$)/g, ',');

/** `'0 %'`, `'0.02 %'`, `'10.2 %'`, `'100 %'`: at most three digits, and 0 or 100 only where it is just that. */
export function formatPercent(percent: number): string {
  if (percent === 0 || percent === 100) return `${percent} %`;
  if (percent < 0.01) return '< 0.01 %';
  return percent > 99.9 ? '> 99.9 %' : `${Number(percent.toPrecision(percent < 1 ? 2 : 3))} %`;
}

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** A time that is waited for: `'7 s'`, `'12 min'`, `'3.5 h'`, `'16 days'`. */
export function formatSpan(ms: number): string {
  const seconds = ms / 1000;
  if (seconds < 100) return `${Math.ceil(seconds)} s`;
  if (seconds < 100 * MINUTE) return `${Math.ceil(seconds / MINUTE)} min`;
  if (seconds < 2 * DAY) return `${Number((seconds / HOUR).toFixed(1))} h`;
  return `${grouped(Math.ceil(seconds / DAY))} days`;
}
