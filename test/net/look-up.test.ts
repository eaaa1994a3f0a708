/** The time of a look-up, on a clock of the test's own. */
import { describe, expect, it } from 'vitest';
import { inTime } from '../../src/net/look-up.ts';
import { VirtualClock } from '../../src/net/memory.ts';

const LATE = { code: 'name-not-resolved', message: 'resolve "a": the resolver has not answered in time' };

/** What ends after so many ms. */
const later = (clock: VirtualClock, ms: number): Promise<string> =>
  new Promise((resolve) => void clock.setTimer(clock.nowUs() + ms * 1000, () => resolve('found')));

describe('a look-up takes its time from what follows', () => {
  it.each([
    ['half of it', 500, 1000, 500],
    ['none of what has no end', 500, Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY],
  ])('%s', async (_what, takesMs, limitMs, leftMs) => {
    const clock = new VirtualClock();
    const run = inTime(later(clock, takesMs), '"a"', { clock, limitMs, signal: undefined });
    expect(await clock.run(run)).toEqual({ found: 'found', leftMs });
  });

  it('and is given up when that is over', async () => {
    const clock = new VirtualClock();
    await expect(clock.run(inTime(later(clock, 2000), '"a"', { clock, limitMs: 1000, signal: undefined }))).rejects.toMatchObject(LATE);
    expect(clock.nowUs()).toBe(1_000_000);
  });

  it('and is given up when the signal comes', async () => {
    const clock = new VirtualClock();
    const controller = new AbortController();
    clock.setTimer(300_000, () => controller.abort());
    const run = inTime(later(clock, 2000), '"a"', { clock, limitMs: Number.POSITIVE_INFINITY, signal: controller.signal });
    await expect(clock.run(run)).rejects.toMatchObject(LATE);
    expect(clock.nowUs()).toBe(300_000);
  });

  it('fails as it fails', async () => {
    const clock = new VirtualClock();
    const failure = new Error('no such name');
    await expect(inTime(Promise.reject(failure), '"a"', { clock, limitMs: 1000, signal: undefined })).rejects.toBe(failure);
  });

  it('needs none where it is known already, also where all is over', async () => {
    const clock = new VirtualClock();
    const patience = { clock, limitMs: 0, signal: AbortSignal.abort() };
    expect(await inTime(Promise.resolve('known'), '"a"', patience)).toEqual({ found: 'known', leftMs: 0 });
    await expect(clock.run(inTime(later(clock, 1), '"a"', patience))).rejects.toMatchObject(LATE);
  });
});
