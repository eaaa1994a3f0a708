import { expect, it } from 'vitest';
import { chance, seededRandom } from '../../../src/net/random.ts';
import { RateControl, rateLimits } from '../../../src/probe/scan/rate.ts';

/**
 * Drives the control for a while against a path that answers after 1 ms.
 * @param answers whether a first attempt is answered, sent at this time as the n-th within its second
 */
function drive(
  rate: RateControl,
  seconds: number,
  answers: (atUs: number, nth: number) => boolean,
  dropped = (_atUs: number) => 0,
): number[] {
  const inFlight: { atUs: number; epoch: number; witness: boolean }[] = [];
  const sentBySecond: number[] = new Array(Math.ceil(seconds)).fill(0);
  for (let nowUs = 0; nowUs < seconds * 1e6; nowUs += 500) {
    const second = Math.floor(nowUs / 1e6);
    for (let budget = Math.min(1000, rate.budget(nowUs, false)); budget > 0; budget--) {
      const nth = (sentBySecond[second] as number)++;
      const isAnswered = answers(nowUs, nth);
      // One in eight is a witness while in doubt, as in sending.ts.
      const witness = rate.isDoubtful && nth % 8 === 0;
      if (witness) rate.sentBeside();
      else rate.sent(true);
      if (isAnswered) inFlight.push({ atUs: nowUs + 1000, epoch: rate.epoch, witness });
      else if (witness) rate.witnessed(false);
    }
    while (inFlight.length > 0 && (inFlight[0] as { atUs: number }).atUs <= nowUs) {
      const { epoch, witness } = inFlight.shift() as { epoch: number; witness: boolean };
      if (witness) rate.witnessed(true);
      else rate.answered(epoch, true);
    }
    rate.judge(nowUs, 50_000, { dropped: dropped(nowUs), sendRetries: 0 }, 1);
  }
  return sentBySecond;
}

it('begins low, and rises as long as all is answered', () => {
  const rate = new RateControl(rateLimits(false, undefined), 0);
  const [first = 0, second = 0] = drive(rate, 2, () => true);
  expect(first).toBeGreaterThan(10_000);
  expect(second).toBeGreaterThan(first);
  expect(rate.pps).toBe(1_000_000);
});

it('sends into silence at its limit and no faster, near or far', () => {
  for (const [isNear, limit] of [
    [true, 50_000],
    [false, 5000],
  ] as const) {
    const rate = new RateControl(rateLimits(isNear, undefined), 0);
    for (const sent of drive(rate, 3, () => false)) expect(sent).toBeLessThanOrEqual(limit * 1.01);
    expect(rate.pps).toBe(limit);
  }
});

it('does not slow down for loss that has nothing to do with the rate', () => {
  const random = seededRandom(1);
  const rate = new RateControl(rateLimits(true, undefined), 0);
  drive(rate, 2, () => !chance(random, 0.4375));
  // What goes unanswered stays under 50,000 a second.
  expect(rate.pps).toBeGreaterThan(100_000);
  expect(rate.isDoubtful).toBe(false);
});

it('slows down where the path carries no more', () => {
  const rate = new RateControl(rateLimits(true, undefined), 0);
  const CAPACITY = 20_000;
  // A queue of 10 ms: what comes faster than it drains is lost.
  let queue = 0;
  let lastUs = 0;
  const sent = drive(rate, 20, (atUs) => {
    queue = Math.max(0, queue - ((atUs - lastUs) * CAPACITY) / 1e6);
    lastUs = atUs;
    if (queue >= CAPACITY / 100) return false;
    queue++;
    return true;
  });
  const late = sent.slice(10);
  expect(Math.max(...late)).toBeLessThan(2 * CAPACITY);
  expect(late.reduce((sum, each) => sum + each) / late.length).toBeGreaterThan(CAPACITY / 4);
});

it('slows down when the kernel drops what we read too slowly', () => {
  const steady = new RateControl(rateLimits(true, undefined), 0);
  drive(steady, 0.5, () => true);
  const dropping = new RateControl(rateLimits(true, undefined), 0);
  drive(
    dropping,
    0.5,
    () => true,
    (atUs) => Math.floor(atUs / 5000),
  );
  expect(dropping.pps).toBeLessThan(steady.pps / 4);
});

it('never exceeds what the user allows, and needs no permission for silence under it', () => {
  const rate = new RateControl(rateLimits(false, 20_000), 0);
  for (const sent of drive(rate, 2, () => false)) expect(sent).toBeLessThanOrEqual(20_100);
  expect(rate.pps).toBe(20_000);
  const slow = new RateControl(rateLimits(true, 10), 0);
  expect(drive(slow, 3, () => true).every((sent) => sent <= 11)).toBe(true);
});

it('takes a path that has become worse for good as it is', () => {
  const random = seededRandom(2);
  const rate = new RateControl(rateLimits(true, undefined), 0);
  drive(rate, 12, (atUs) => atUs < 1e6 || !chance(random, 0.5));
  expect(rate.isDoubtful).toBe(false);
  expect(rate.pps).toBeGreaterThan(50_000);
});
