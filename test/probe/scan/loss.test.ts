import { expect, it } from 'vitest';
import { chance, seededRandom } from '../../../src/net/random.ts';
import { LossEstimate } from '../../../src/probe/scan/loss.ts';

/** Ports that all answer, each tried until it has. */
function estimate(share: number, ports: number, seed = 1): LossEstimate {
  const random = seededRandom(seed);
  const loss = new LossEstimate();
  for (let i = 0; i < ports; i++) {
    let attempt = 1;
    while (chance(random, share)) attempt++;
    loss.answered(attempt);
  }
  return loss;
}

it('finds the share that is lost, and takes it a little higher to go by', () => {
  for (const share of [0, 0.02, 0.19, 0.4375, 0.75]) {
    const loss = estimate(share, 5000);
    expect(Math.abs(loss.share - share)).toBeLessThan(0.02);
    expect(loss.highShare).toBeGreaterThan(loss.share);
    expect(loss.highShare).toBeLessThan(loss.share + 0.03);
  }
});

it('asks for as many attempts as make it unlikely that any silent port of all was only lost', () => {
  const tenPercentEachWay = estimate(0.19, 100_000);
  // ln(65535 / 0.001) / ln(1 / 0.19) = 10.8 and ln(10 / 0.001) / ln(1 / 0.19) = 5.5.
  expect(tenPercentEachWay.attemptsFor(65_535, 0.999)).toBe(11);
  expect(tenPercentEachWay.attemptsFor(10, 0.999)).toBe(6);
  expect(tenPercentEachWay.confidenceOf(65_535, 11)).toBeGreaterThan(0.999);
  expect(tenPercentEachWay.confidenceOf(65_535, 10)).toBeLessThan(0.999);
});

it('goes by the prior as long as nothing is known, and less so with each answer', () => {
  const loss = new LossEstimate();
  expect(loss).toMatchObject({ isMeasured: false, share: 0.02 });
  expect(loss.attemptsFor(1, 0.999)).toBeGreaterThanOrEqual(2);
  const lossy = estimate(0.5, 30);
  expect(lossy.isMeasured).toBe(false);
  expect(lossy.highShare).toBeGreaterThan(0.4);
  for (let i = 0; i < 100; i++) loss.witnessed(i % 4 !== 0);
  expect(loss.isMeasured).toBe(false);
  for (let i = 0; i < 36; i++) loss.witnessed(i % 4 !== 0);
  expect(loss).toMatchObject({ isMeasured: true, share: 0.25 });
});

it('is never so sure that one attempt would do, nor so unsure that it tries for ever', () => {
  expect(estimate(0, 100_000).attemptsFor(1, 0.5)).toBe(2);
  const hopeless = new LossEstimate();
  for (let i = 0; i < 10_000; i++) hopeless.witnessed(i % 100 === 0);
  expect(hopeless.attemptsFor(65_535, 0.999)).toBe(100);
});
