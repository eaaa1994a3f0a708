import { expect, it } from 'vitest';
import { randomBelow, seededRandom } from '../../../src/net/random.ts';
import { HELD, MOST_OUTSTANDING, Outstanding, RESTING, SETTLED, WAITING } from '../../../src/probe/scan/outstanding.ts';

function sentOnes(count: number): Outstanding {
  const outstanding = new Outstanding();
  for (let i = 0; i < count; i++) outstanding.sent(outstanding.begin(1000 + i), i, i * 10);
  return outstanding;
}

it('keeps those that wait in the order in which they were sent last', () => {
  const outstanding = sentOnes(4);
  expect([outstanding.oldest, outstanding.oldestSentAtUs]).toEqual([0, 0]);
  outstanding.take(0);
  outstanding.sent(0, 77, 100);
  expect(outstanding.oldest).toBe(1);
  outstanding.set(2, SETTLED);
  outstanding.set(1, RESTING);
  expect(outstanding.oldest).toBe(3);
  outstanding.set(3, HELD);
  expect([outstanding.oldest, outstanding.oldestSentAtUs]).toEqual([0, 100]);
  expect(outstanding.attempts[outstanding.slotOf(0)]).toBe(2);
  outstanding.set(0, SETTLED);
  expect([outstanding.oldest, outstanding.oldestSentAtUs]).toEqual([undefined, Number.POSITIVE_INFINITY]);
});

it('moves on over what is settled, and only over that', () => {
  const outstanding = sentOnes(5);
  outstanding.set(1, SETTLED);
  expect(outstanding.first).toBe(0);
  expect(outstanding.count(SETTLED)).toBe(1);
  outstanding.set(0, SETTLED);
  expect(outstanding.first).toBe(2);
  expect([outstanding.count(SETTLED), outstanding.count(WAITING)]).toEqual([0, 3]);
  expect([1, 2, 4, 5].map((place) => outstanding.has(place))).toEqual([false, true, true, false]);
});

it('counts no attempt that was made before it is to distrust them, and lets who rests wait again', () => {
  const outstanding = sentOnes(2);
  outstanding.set(0, RESTING);
  outstanding.distrust();
  expect(outstanding.stateOf(0)).toBe(WAITING);
  expect(outstanding.oldest).toBe(0);
  expect([0, 1].map((place) => outstanding.trustedAttempts(place))).toEqual([0, 0]);
  outstanding.take(1);
  outstanding.sent(1, 5, 50);
  expect([outstanding.trustedAttempts(1), outstanding.attempts[outstanding.slotOf(1)]]).toEqual([1, 2]);
});

it('has those that rested before all others, and loses none of them', () => {
  const outstanding = sentOnes(4);
  outstanding.set(0, RESTING);
  outstanding.set(2, RESTING);
  outstanding.distrust();
  outstanding.sent(outstanding.begin(1), 4, 40);
  const order: number[] = [];
  for (let { oldest } = outstanding; oldest !== undefined; { oldest } = outstanding) {
    order.push(oldest);
    outstanding.take(oldest);
  }
  expect(order).toEqual([2, 0, 1, 3, 4]);
});

it('goes round far beyond 2^32 places with every place in its slot', () => {
  const outstanding = new Outstanding();
  outstanding.first = 2 ** 40 - 3;
  outstanding.next = 2 ** 40 - 3;
  const random = seededRandom(3);
  const pairs = new Map<number, number>();
  for (let turn = 0; turn < 300_000; turn++) {
    if (!outstanding.isFull && randomBelow(random, 5) < 3) {
      const place = outstanding.begin(turn);
      outstanding.sent(place, turn, turn);
      pairs.set(place, turn);
      continue;
    }
    const { oldest } = outstanding;
    if (oldest === undefined) continue;
    if (outstanding.pair[outstanding.slotOf(oldest)] !== pairs.get(oldest)) throw new Error(`place ${oldest} has lost its pair`);
    outstanding.set(oldest, SETTLED);
    pairs.delete(oldest);
  }
  expect(outstanding.next).toBeGreaterThan(2 ** 40 + MOST_OUTSTANDING);
  expect(outstanding.count(WAITING)).toBe(pairs.size);
});
