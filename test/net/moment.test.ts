import { describe, expect, it } from 'vitest';
import { elapsed, type Moment, weaker } from '../../src/net/moment.ts';

const at = (atUs: number, stamped = true, wallSteps = 0): Moment => ({ atUs, stamped, wallSteps });

describe('the time between two moments', () => {
  it.each([
    ['two stamps', at(10), at(38.25), { us: 28.25, clock: 'kernel' }],
    ['stamps that no binary fraction is', at(1_000_000.1), at(1_000_061.802), { us: 61.702, clock: 'kernel' }],
    ['a stamp and a reading', at(10), at(300, false), { us: 290, clock: 'user' }],
    ['a reading and a stamp', at(10, false), at(38), { us: 28, clock: 'user' }],
    ['stamps across a step', at(10, true, 0), at(38, true, 1), { us: 28, clock: 'stepped' }],
    ['stamps across a step that came out wrong', at(38, true, 0), at(37.9, true, 1), { us: 0, clock: 'stepped' }],
  ] as const)('%s', (_what, from, to, figure) => {
    expect(elapsed(from, to)).toEqual(figure);
  });

  it('is as trustworthy as the weaker of two', () => {
    expect(weaker('kernel', 'kernel')).toBe('kernel');
    expect(weaker('kernel', 'user')).toBe('user');
    expect(weaker('user', 'kernel')).toBe('user');
    expect(weaker('user', 'stepped')).toBe('stepped');
  });
});
