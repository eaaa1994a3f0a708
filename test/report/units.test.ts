import fc from 'fast-check';
import { expect, test } from 'vitest';
import { count, formatBytes, formatDuration } from '../../src/report/units.ts';

test.each([
  [0, '0 µs'],
  [-0, '0 µs'],
  [0.001, '0 µs'],
  [0.42, '0.42 µs'],
  [27.6, '27.6 µs'],
  [312.4, '312 µs'],
  [9.996, '10.0 µs'],
  [99.96, '100 µs'],
  [999.4, '999 µs'],
  [999.6, '1.00 ms'],
  [1020, '1.02 ms'],
  [501_800, '502 ms'],
  [999_600, '1.00 s'],
  [3_000_340, '3.00 s'],
  [300_000_000, '300 s'],
  [-1090, '-1.09 ms'],
  [Number.NaN, '?'],
  [Number.POSITIVE_INFINITY, '?'],
])('%d µs is written %s', (us, text) => expect(formatDuration(us)).toBe(text));

test('in ASCII', () => expect(formatDuration(312, true)).toBe('312 us'));

test('any duration has at most three digits below 1,000 s, and nowhere a minus zero', () => {
  fc.assert(
    fc.property(fc.double({ min: -1e9, max: 1e9, noNaN: true }), (us) => {
      const digits = formatDuration(us).replace(/[^0-9]/g, '');
      expect(digits.length).toBeLessThanOrEqual(Math.abs(us) < 999.5e6 ? 3 : 4);
      expect(formatDuration(us)).not.toMatch(/-0(\.0+)? /);
    }),
  );
});

test.each([
  [0, '0 B'],
  [18, '18 B'],
  [999, '999 B'],
  [1000, '1.00 kB'],
  [999_500, '1.00 MB'],
  [104_857_600, '105 MB'],
  [5e15, '5000 TB'],
  [Number.NaN, '? B'],
])('%d bytes are written %s', (bytes, text) => expect(formatBytes(bytes)).toBe(text));

test('count', () => {
  expect(count(1, 'byte')).toBe('1 byte');
  expect(count(0, 'byte')).toBe('0 bytes');
});
