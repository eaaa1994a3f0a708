import { describe, expect, it } from 'vitest';
import { createClock } from '../../src/net/clock.ts';

describe('the clock', () => {
  it('counts microseconds and never goes back', () => {
    const clock = createClock();
    const startUs = clock.nowUs();
    const startMs = performance.now();
    let lastUs = startUs;
    while (performance.now() - startMs < 5) {
      expect(clock.nowUs()).toBeGreaterThanOrEqual(lastUs);
      lastUs = clock.nowUs();
    }
    expect(lastUs - startUs).toBeGreaterThan(4500);
  });

  it('knows the time of day', () => {
    const clock = createClock();
    expect(Math.abs(Number(clock.wallTimeNs(clock.nowUs()) / 1_000_000n) - Date.now())).toBeLessThan(50);
    // Both are rounded: our clock's own zero lies between two nanoseconds.
    expect(Math.abs(Number(clock.wallTimeNs(2_000_000.25) - clock.wallTimeNs(1_000_000)) - 1_000_000_250)).toBeLessThanOrEqual(1);
  });

  it('never calls back early', async () => {
    const clock = createClock();
    for (const delayUs of [0, 1, 999, 1000, 1001, 2500, 10_400]) {
      const atUs = clock.nowUs() + delayUs;
      await new Promise<void>((resolve) => {
        clock.setTimer(atUs, resolve);
      });
      expect(clock.nowUs()).toBeGreaterThanOrEqual(atUs);
    }
  });

  it('waits longer than a timer of Node can', async () => {
    const clock = createClock();
    let called = false;
    const cancel = clock.setTimer(clock.nowUs() + 40 * 86_400 * 1e6, () => {
      called = true;
    });
    await new Promise((resolve) => setTimeout(resolve, 20));
    cancel();
    expect(called).toBe(false);
  });

  it('does not call back once cancelled', async () => {
    const clock = createClock();
    let called = false;
    clock.setTimer(clock.nowUs() + 1000, () => {
      called = true;
    })();
    await new Promise((resolve) => setTimeout(resolve, 10));
    expect(called).toBe(false);
  });
});
