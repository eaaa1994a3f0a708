import { describe, expect, it } from 'vitest';
import type { Timespec } from '../../src/net/libc.ts';
import { WallClock } from '../../src/net/wall-clock.ts';

/** Two clocks that a test moves: ours by time, the wall clock by steps too. */
class Scene {
  us = 1_000_000;
  /** Of the wall clock before ours. */
  aheadUs = 1_700_000_000_000_000;
  readonly wall = new WallClock(
    // Each reading takes its time, as on a real machine.
    () => {
      this.us += 0.1;
      return this.us;
    },
    () => this.stamp(),
  );

  /** What the kernel would stamp now. */
  stamp(): Timespec {
    const ns = BigInt(Math.round(this.us * 1000)) + BigInt(this.aheadUs) * 1000n;
    return { seconds: Number(ns / 1_000_000_000n), nanoseconds: Number(ns % 1_000_000_000n) };
  }

  pass(us: number): Timespec {
    this.us += us;
    return this.stamp();
  }
}

describe('the wall clock beside ours', () => {
  it('gives differences of stamps to the nanosecond, however often it is looked at in between', () => {
    const s = new Scene();
    s.wall.check();
    const first = s.pass(10);
    s.pass(5);
    s.wall.check();
    const second = s.pass(12.345);
    const [a, b] = [s.wall.date(first, 0, 2e6), s.wall.date(second, 0, 2e6)];
    const ns = (second.seconds - first.seconds) * 1e9 + second.nanoseconds - first.nanoseconds;
    expect(((b?.atUs ?? 0) - (a?.atUs ?? 0)) * 1000).toBeCloseTo(ns, 4);
    expect(s.wall.steps).toBe(0);
  });

  it('dates times of ours as the kernel stamps them', () => {
    const s = new Scene();
    s.wall.check();
    const stamp = s.pass(1234.567);
    const atUs = s.wall.date(stamp, 0, 2e6)?.atUs as number;
    expect(s.wall.timeNs(atUs)).toBe(BigInt(stamp.seconds) * 1_000_000_000n + BigInt(stamp.nanoseconds));
  });

  it.each([
    ['forward by an hour', 3_600_000_000],
    ['back by an hour', -3_600_000_000],
    ['forward by 50 ms', 50_000],
    ['back by 50 ms', -50_000],
    ['back by 50 µs', -50],
  ])('sees that it was stepped %s, and dates stamps of both sides', (_how, stepUs) => {
    const s = new Scene();
    s.wall.check();
    const before = s.pass(100);
    const beforeUs = s.us;
    s.wall.check();
    s.aheadUs += stepUs;
    const after = s.pass(1000);
    const afterUs = s.us;
    const nowUs = s.wall.check();
    expect(s.wall.steps).toBe(1);
    expect(s.wall.date(after, afterUs - 10, nowUs)).toMatchObject({ stamped: true, wallSteps: 1 });
    expect(Math.abs((s.wall.date(after, afterUs - 10, nowUs)?.atUs ?? 0) - afterUs)).toBeLessThan(0.5);
    // As one that waits for its stamp since then.
    const late = s.wall.date(before, beforeUs - 1, beforeUs + 2);
    expect(late).toMatchObject({ stamped: true, wallSteps: 0 });
    expect(Math.abs((late?.atUs ?? 0) - beforeUs)).toBeLessThan(0.5);
  });

  it('dates nothing that fits both sides of a step, nor what fits neither', () => {
    const s = new Scene();
    s.wall.check();
    const sinceUs = s.us;
    s.pass(1_000_000);
    s.aheadUs -= 400_000;
    const stamp = s.pass(500_000);
    const nowUs = s.wall.check();
    // By the relation before the step it was made 400 ms earlier than by the one after: both lie in between.
    expect(s.wall.date(stamp, sinceUs, nowUs)).toBeUndefined();
    expect(s.wall.date({ seconds: 5, nanoseconds: 0 }, sinceUs, nowUs)).toBeUndefined();
  });

  it('is not troubled by a step that is over', () => {
    const s = new Scene();
    s.wall.check();
    s.aheadUs -= 300;
    s.pass(1000);
    s.wall.check();
    for (let i = 0; i < 20; i++) {
      const sinceUs = s.us;
      const stamp = s.pass(1000);
      const nowUs = s.wall.check();
      expect(s.wall.date(stamp, sinceUs - 10_000, nowUs)).toMatchObject({ stamped: true, wallSteps: 1 });
    }
    expect(s.wall.steps).toBe(1);
  });

  it('takes a moment in which something came between its readings for no step', () => {
    let us = 0;
    // The first reading of each three is followed by a pause of a millisecond.
    let reading = 0;
    const wall = new WallClock(
      () => {
        us += reading++ % 3 === 0 ? 1000 : 0.1;
        return us;
      },
      () => ({ seconds: 1_700_000_000, nanoseconds: Math.round(us * 1000) }),
    );
    for (let i = 0; i < 50; i++) wall.check();
    expect(wall.steps).toBe(0);
  });
});
