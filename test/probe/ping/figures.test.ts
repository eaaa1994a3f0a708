/** Figures without the values they are of: against the values themselves. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { RttFigures } from '../../../src/probe/events.ts';
import { CourseRecorder } from '../../../src/probe/ping/course.ts';
import { Figures } from '../../../src/probe/ping/figures.ts';
import { Histogram } from '../../../src/probe/ping/histogram.ts';

/** From 1 ns to a day, as likely in each order of magnitude. */
const duration = fc.double({ min: -3, max: 10.9, noNaN: true }).map((exponent) => 10 ** exponent);
const durations = fc.array(duration, { minLength: 1, maxLength: 300 });

const figuresOf = (values: readonly number[]): RttFigures => {
  const figures = new Figures();
  for (const value of values) figures.add({ us: value, clock: 'kernel' });
  return figures.rttUs as RttFigures;
};

const relativeError = (found: number, right: number): number => Math.abs(found - right) / right;

describe('quantiles', () => {
  it('are within 1 % of the value of that rank', () => {
    fc.assert(
      fc.property(durations, fc.double({ min: 0, max: 1, noNaN: true }), (values, share) => {
        const histogram = new Histogram();
        for (const value of values) histogram.add(value);
        const sorted = [...values].sort((a, b) => a - b);
        const right = sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] as number;
        expect(relativeError(histogram.quantile(share), right)).toBeLessThan(0.01);
      }),
    );
  });

  it('are in order, and within the values', () => {
    fc.assert(
      fc.property(durations, (values) => {
        const { min, median, p95, p99, max } = figuresOf(values);
        expect([min, median, p95, p99, max]).toEqual([min, median, p95, p99, max].sort((a, b) => a - b));
        expect([min, max]).toEqual([Math.min(...values), Math.max(...values)]);
      }),
    );
  });

  it('are the least and the greatest value themselves where they fall on these', () => {
    const { min, median, p95, p99, max } = figuresOf([40.62, 45.24]);
    expect([min, median, p95, p99, max]).toEqual([40.62, 40.62, 45.24, 45.24, 45.24]);
  });

  it('of values too short or too long to count are those of the nearest that can be', () => {
    const histogram = new Histogram();
    for (const value of [0, -5, 1e15]) histogram.add(value);
    expect(histogram.quantile(0)).toBeCloseTo(0.001);
    expect(histogram.quantile(1)).toBeGreaterThan(86_400e6);
    expect(histogram.buckets().reduce((sum, { count }) => sum + count, 0)).toBe(3);
  });

  it('of nothing are no number', () => {
    expect(new Histogram().quantile(0.5)).toBeNaN();
    expect(new Figures().rttUs).toBeUndefined();
  });
});

it('buckets hold what fell into them, and are narrow', () => {
  fc.assert(
    fc.property(durations, (values) => {
      const histogram = new Histogram();
      for (const value of values) histogram.add(value);
      for (const { fromUs, toUs, count } of histogram.buckets()) {
        expect(values.filter((value) => value >= fromUs && value < toUs)).toHaveLength(count);
        expect(toUs / fromUs).toBeLessThanOrEqual(65 / 64);
      }
    }),
  );
});

it('mean and standard deviation are those of the values', () => {
  fc.assert(
    fc.property(fc.array(fc.double({ min: 1, max: 1e6, noNaN: true }), { minLength: 1, maxLength: 300 }), (values) => {
      const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
      const deviation = Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length);
      const found = figuresOf(values);
      expect(relativeError(found.mean, mean)).toBeLessThan(1e-9);
      expect(Math.abs(found.stddev - deviation)).toBeLessThan(1e-6 * mean);
    }),
  );
});

it('the standard deviation does not drown in a large mean', () => {
  expect(figuresOf([1e10, 1e10 + 1, 1e10 + 2]).stddev).toBeCloseTo(Math.sqrt(2 / 3), 5);
});

it('jitter is that of RFC 3550: a sixteenth of each difference, smoothed', () => {
  expect(figuresOf([100]).jitter).toBe(0);
  expect(figuresOf([100, 116]).jitter).toBe(1);
  expect(figuresOf([100, 116, 100]).jitter).toBe(1 + 15 / 16);
});

describe('the course of a run', () => {
  it('has a cell for each probe while there are few', () => {
    const recorder = new CourseRecorder();
    recorder.add(1, 10);
    recorder.add(2, undefined);
    recorder.add(4, 30);
    expect(recorder.course).toEqual({
      probesPerCell: 1,
      cells: [
        { meanUs: 10, lost: 0 },
        { meanUs: undefined, lost: 1 },
        { meanUs: undefined, lost: 0 },
        { meanUs: 30, lost: 0 },
      ],
    });
  });

  it('has 256 cells at most, and in them every probe', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 3000 }), (count) => {
        const recorder = new CourseRecorder();
        for (let sequence = 1; sequence <= count; sequence++) recorder.add(sequence, sequence % 3 === 0 ? undefined : sequence);
        const { cells, probesPerCell } = recorder.course;
        expect(cells.length).toBe(Math.ceil(count / probesPerCell));
        expect(cells.length).toBeLessThanOrEqual(256);
        expect(cells.reduce((sum, { lost }) => sum + lost, 0)).toBe(Math.floor(count / 3));
        cells.forEach(({ meanUs }, i) => {
          if (meanUs === undefined) return;
          expect(meanUs).toBeGreaterThan(i * probesPerCell);
          expect(meanUs).toBeLessThanOrEqual((i + 1) * probesPerCell);
        });
      }),
      { numRuns: 50 },
    );
  });
});
