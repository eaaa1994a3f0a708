import { describe, expect, it } from 'vitest';
import { copiesOf, type Faults, NO_FAULTS } from '../../src/net/faults.ts';
import { seededRandom } from '../../src/net/random.ts';

const datagram = Uint8Array.from({ length: 100 }, (_, i) => i);
const CLEAN: Faults = { ...NO_FAULTS, delayUs: 0 };
const ROUNDS = 10_000;

/** How often something is so of so many datagrams. */
function shareOf(faults: Partial<Faults>, is: (copies: ReturnType<typeof copiesOf>) => boolean): number {
  const random = seededRandom(1);
  let times = 0;
  for (let i = 0; i < ROUNDS; i++) if (is(copiesOf(datagram, { ...CLEAN, ...faults }, random))) times++;
  return times / ROUNDS;
}

describe('what a path does to a datagram', () => {
  it('nothing, where nothing is asked for', () => {
    expect(copiesOf(datagram, CLEAN, seededRandom(1))).toEqual([{ datagram, delayUs: 0 }]);
  });

  it('each share is what was asked for', () => {
    expect(shareOf({ loss: 0.2 }, (copies) => copies.length === 0)).toBeCloseTo(0.2, 1);
    expect(shareOf({ duplicate: 0.3 }, (copies) => copies.length === 2)).toBeCloseTo(0.3, 1);
    expect(shareOf({ corrupt: 0.1 }, ([copy]) => !Buffer.from(copy?.datagram ?? []).equals(datagram))).toBeCloseTo(0.1, 1);
    expect(shareOf({ reorder: 0.4 }, ([copy]) => (copy?.delayUs ?? 0) > 0)).toBeCloseTo(0.4, 1);
  });

  it('holds back by one to four times the delay, or by milliseconds without one', () => {
    expect(shareOf({ reorder: 1, delayUs: 20 }, ([copy]) => [40, 60, 80, 100].includes(copy?.delayUs ?? 0))).toBe(1);
    expect(shareOf({ reorder: 1 }, ([copy]) => [1000, 2000, 3000, 4000].includes(copy?.delayUs ?? 0))).toBe(1);
  });

  it('changes one bit, where it may', () => {
    const random = seededRandom(2);
    for (let i = 0; i < 1000; i++) {
      const [copy] = copiesOf(datagram, { ...CLEAN, corrupt: 1 }, random, { from: 20, to: 40 });
      const changed = [...(copy?.datagram ?? [])].flatMap((byte, at) => (byte === at ? [] : [{ at, bits: byte ^ at }]));
      expect(changed).toHaveLength(1);
      expect(changed[0]?.at).toBeGreaterThanOrEqual(20);
      expect(changed[0]?.at).toBeLessThan(40);
      expect(Math.log2(changed[0]?.bits ?? 0) % 1).toBe(0);
    }
  });
});
