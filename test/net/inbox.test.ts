import { describe, expect, it } from 'vitest';
import { Inbox } from '../../src/net/inbox.ts';
import { VirtualClock } from '../../src/net/memory.ts';

interface Item {
  name: string;
}
const a = { name: 'a' };
const b = { name: 'b' };

function setUp(refill?: (inbox: Inbox<Item>, untilUs: number) => void): { clock: VirtualClock; inbox: Inbox<Item> } {
  const clock = new VirtualClock();
  const inbox: Inbox<Item> = new Inbox(clock, (untilUs) => refill?.(inbox, untilUs));
  return { clock, inbox };
}

describe('an inbox', () => {
  it('gives what came before, in order', async () => {
    const { inbox } = setUp();
    inbox.push(a);
    inbox.push(b);
    expect(inbox.length).toBe(2);
    expect(await inbox.next(0)).toBe(a);
    expect(await inbox.next(0)).toBe(b);
    expect(await inbox.next(0)).toBeUndefined();
  });

  it('gives what comes while it is waited for, and leaves no timer behind', async () => {
    const { clock, inbox } = setUp();
    const next = inbox.next(1000);
    inbox.push(a);
    expect(await next).toBe(a);
    expect(clock.step()).toBe(false);
  });

  it('gives nothing at the deadline', async () => {
    const { clock, inbox } = setUp();
    expect(await clock.run(inbox.next(1000))).toBeUndefined();
    expect(clock.nowUs()).toBe(1000);
  });

  it('waits without a timer where there is no deadline', async () => {
    const { clock, inbox } = setUp();
    const next = inbox.next(Number.POSITIVE_INFINITY);
    expect(clock.step()).toBe(false);
    inbox.push(a);
    expect(await next).toBe(a);
  });

  it('looks once more at the deadline, as an event loop that was stalled has not read yet', async () => {
    const { clock, inbox } = setUp((it) => it.push(a));
    expect(await clock.run(inbox.next(1000))).toBe(a);
    expect(await inbox.next(0)).toBe(a);
  });

  it('says until when it wants to know what has arrived: the deadline, or now where that is over', async () => {
    const asked: number[] = [];
    const { clock, inbox } = setUp((_, untilUs) => asked.push(untilUs));
    await clock.run(inbox.next(1000));
    await inbox.next(500);
    expect(asked).toEqual([1000, clock.nowUs()]);
  });

  it('looks where nothing is to be waited for, woken or not, and then is woken no more', async () => {
    let isThere = true;
    const { clock, inbox } = setUp((it) => {
      if (isThere) it.push(a);
      isThere = false;
    });
    inbox.wake();
    expect(await inbox.next(0)).toBe(a);
    expect(await clock.run(inbox.next(1000))).toBeUndefined();
    expect(clock.nowUs()).toBe(1000);
  });

  it('ends a wait when woken', async () => {
    const { clock, inbox } = setUp();
    const next = inbox.next(1000);
    inbox.wake();
    expect(await next).toBeUndefined();
    expect(clock.nowUs()).toBe(0);
  });

  it('remembers that it was woken while nobody waited, but gives what has come first', async () => {
    const { clock, inbox } = setUp();
    inbox.wake();
    inbox.push(a);
    expect(await inbox.next(1000)).toBe(a);
    expect(await inbox.next(1000)).toBeUndefined();
    expect(clock.nowUs()).toBe(0);
    expect(await clock.run(inbox.next(1000))).toBeUndefined();
    expect(clock.nowUs()).toBe(1000);
  });

  it('rejects the wait and all later ones once it has failed, but gives what had come', async () => {
    const { inbox } = setUp();
    const next = inbox.next(1000);
    const error = new Error('broken');
    inbox.push(a);
    await next;
    const waiting = inbox.next(1000);
    inbox.fail(error);
    await expect(waiting).rejects.toBe(error);
    inbox.push(b);
    expect(await inbox.next(1000)).toBe(b);
    await expect(inbox.next(1000)).rejects.toBe(error);
  });

  it('has one reader', async () => {
    const { inbox } = setUp();
    const next = inbox.next(1000);
    expect(() => inbox.next(1000)).toThrow('under way');
    inbox.wake();
    await next;
  });
});
