/** Stamps of what is sent, from a kernel that gives them late, twice, in another order or not at all. */
import { describe, expect, it } from 'vitest';
import { Departures } from '../../src/net/departures.ts';
import type { Timespec } from '../../src/net/libc.ts';
import { VirtualClock } from '../../src/net/memory.ts';
import type { StampSource } from '../../src/net/stamp.ts';
import { WallClock } from '../../src/net/wall-clock.ts';

class Kernel implements StampSource {
  readonly clock = new VirtualClock();
  readonly wall = new WallClock(
    () => this.clock.nowUs(),
    () => this.stampAt(this.clock.nowUs()),
  );
  stamps = true;
  on = false;
  counted = 0;
  restarts = 0;
  reads = 0;
  readonly queue: { id: number; stamp: Timespec }[] = [];
  readonly departures = new Departures(this.clock, this.wall, this);

  stampAt(us: number): Timespec {
    return { seconds: 1_700_000_000 + Math.floor(us / 1e6), nanoseconds: Math.round((us % 1e6) * 1000) };
  }

  restart(): boolean {
    this.restarts++;
    this.counted = 0;
    this.on = this.stamps;
    return this.stamps;
  }

  stop(): void {
    this.on = false;
  }

  take(expected: number, each: (id: number, stamp: Timespec) => void): number {
    this.reads++;
    const taken = this.queue.splice(0, expected);
    for (const { id, stamp } of taken) each(id, stamp);
    return taken.length;
  }

  pass(us: number): void {
    this.clock.setTimer(this.clock.nowUs() + us, () => {});
    this.clock.step();
  }

  /** Takes a datagram. @returns its number, where it counts */
  accept(): number {
    return this.on ? this.counted++ : -1;
  }

  /** The datagram leaves now. */
  leaves(id: number): void {
    if (id >= 0) this.queue.push({ id: id >>> 0, stamp: this.stampAt(this.clock.nowUs()) });
  }

  /** Sends one that leaves at once, 3 µs after it was handed over. */
  send() {
    const departure = this.departures.begin();
    this.pass(3);
    this.leaves(this.accept());
    return departure;
  }
}

describe('departures', () => {
  it('have the time before the send until their stamp is there, then that', () => {
    const kernel = new Kernel();
    const departure = kernel.departures.begin();
    const id = kernel.accept();
    expect(departure).toMatchObject({ atUs: 0, stamped: false, pending: true });
    kernel.pass(1000);
    kernel.leaves(id);
    kernel.pass(500);
    expect(departure).toMatchObject({ atUs: 1000, stamped: true, pending: false, handedOverAtUs: 0 });
    expect(kernel.departures.stamped).toBe(true);
  });

  it('are told apart where stamps come in another order, and only some', () => {
    const kernel = new Kernel();
    const [a, b, c] = [1, 2, 3].map(() => {
      kernel.pass(10);
      return { departure: kernel.departures.begin(), id: kernel.accept() };
    });
    if (!a || !b || !c) throw new Error('three');
    kernel.pass(10);
    kernel.leaves(c.id);
    kernel.pass(10);
    kernel.leaves(a.id);
    expect(c.departure.atUs).toBe(40);
    expect(a.departure.atUs).toBe(50);
    expect(b.departure).toMatchObject({ atUs: 20, stamped: false, pending: true });
  });

  it('have the first of the stamps of copies that the kernel makes', () => {
    const kernel = new Kernel();
    const departure = kernel.departures.begin();
    const id = kernel.accept();
    for (let copy = 0; copy < 3; copy++) {
      kernel.pass(7);
      kernel.leaves(id);
    }
    const next = kernel.send();
    expect(departure.atUs).toBe(7);
    expect(next).toMatchObject({ stamped: true, atUs: 24 });
  });

  it('are matched over the wrap of the number', () => {
    const kernel = new Kernel();
    expect(kernel.send().stamped).toBe(true);
    // Four thousand million later.
    Object.assign(kernel.departures, { nextId: 0xffff_fffe });
    kernel.counted = 0xffff_fffe;
    const around = Array.from({ length: 6 }, () => {
      const departure = kernel.departures.begin();
      kernel.pass(3);
      kernel.leaves(kernel.counted++ >>> 0);
      return departure;
    });
    expect(around.map(({ atUs, handedOverAtUs, stamped }) => [atUs - handedOverAtUs, stamped])).toEqual(Array(6).fill([3, true]));
  });

  it.each([true, false])('count anew after a send that failed, whether the kernel counted it (%s) or not', (counts) => {
    const kernel = new Kernel();
    const before = kernel.send();
    kernel.departures.begin();
    if (counts) kernel.accept();
    kernel.departures.failed();
    const after = [kernel.send(), kernel.send()];
    expect([before, ...after].map(({ stamped }) => stamped)).toEqual([true, true, true]);
    expect(after.map(({ atUs, handedOverAtUs }) => atUs - handedOverAtUs)).toEqual([3, 3]);
  });

  it('have no stamp after a failed send until the late ones are in, so that none is mistaken', () => {
    const kernel = new Kernel();
    const late = kernel.departures.begin();
    const lateId = kernel.accept();
    kernel.departures.begin();
    kernel.departures.failed();
    const meanwhile = kernel.send();
    expect(meanwhile).toMatchObject({ stamped: false, pending: false });
    kernel.pass(100);
    kernel.leaves(lateId);
    expect(late).toMatchObject({ stamped: true });
    expect(kernel.send()).toMatchObject({ stamped: true });
  });

  it('give up what never left before they count anew', () => {
    const kernel = new Kernel();
    const never = kernel.departures.begin();
    kernel.accept();
    kernel.departures.begin();
    kernel.departures.failed();
    expect(kernel.send().stamped).toBe(false);
    kernel.pass(11_000_000);
    expect(kernel.send()).toMatchObject({ stamped: true });
    expect(never).toMatchObject({ atUs: 0, stamped: false, pending: false });
  });

  it('give up the oldest where thousands wait', () => {
    const kernel = new Kernel();
    const all = Array.from({ length: 5000 }, () => {
      kernel.accept();
      return kernel.departures.begin();
    });
    expect(all[0]?.pending).toBe(false);
    expect(all.at(-1)?.pending).toBe(true);
    kernel.pass(1);
    // A stamp of one that was given up is not taken for that of the one in its place.
    kernel.leaves(0);
    kernel.leaves(4999);
    expect(all.at(-1)?.stamped).toBe(true);
    expect(all[4096]?.stamped).toBe(false);
  });

  it('are read by few calls where nobody asks', () => {
    const kernel = new Kernel();
    const all = Array.from({ length: 1000 }, () => kernel.send());
    expect(kernel.reads).toBeLessThan(10);
    expect(kernel.queue.length).toBeLessThan(200);
    expect(all.every(({ stamped }) => stamped)).toBe(true);
  });

  it('of one call count those that were handed over', () => {
    const kernel = new Kernel();
    const many = kernel.departures.beginMany(5);
    kernel.pass(3);
    for (let i = 0; i < 3; i++) kernel.leaves(kernel.accept());
    kernel.departures.withdraw(1);
    kernel.departures.failed();
    expect(many.slice(0, 3).map(({ stamped }) => stamped)).toEqual([true, true, true]);
    expect(kernel.send()).toMatchObject({ stamped: true });
  });

  it('are dated by this process where the kernel stamps nothing', () => {
    const kernel = new Kernel();
    kernel.stamps = false;
    const departures = new Departures(kernel.clock, kernel.wall, kernel);
    expect(departures.begin()).toMatchObject({ atUs: 0, stamped: false, pending: false });
  });

  it('keep their own time where the stamp cannot be true', () => {
    const kernel = new Kernel();
    kernel.wall.check();
    const departure = kernel.departures.begin();
    kernel.pass(3);
    kernel.queue.push({ id: kernel.accept(), stamp: { seconds: 5, nanoseconds: 0 } });
    expect(departure).toMatchObject({ atUs: 0, stamped: false, pending: false });
  });
});
