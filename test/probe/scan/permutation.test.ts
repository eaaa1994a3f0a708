/** The order of probes: each pair once, no host in a burst, and back again from a pair to its place. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../../src/net/random.ts';
import { ProbeOrder } from '../../../src/probe/scan/permutation.ts';

const small = fc.record({ hosts: fc.integer({ min: 1, max: 70 }), ports: fc.integer({ min: 1, max: 70 }), seed: fc.nat(0xffffffff) });
const large = fc
  .record({
    hosts: fc.oneof(fc.constantFrom(1, 2 ** 16, 2 ** 16 + 1, 2 ** 24, 2 ** 32 - 1, 2 ** 32), fc.integer({ min: 1, max: 2 ** 32 })),
    ports: fc.oneof(fc.constantFrom(1, 1000, 65_535, 65_536), fc.integer({ min: 1, max: 65_536 })),
    seed: fc.nat(0xffffffff),
    share: fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }),
  })
  .map(({ share, ...order }) => ({ ...order, place: Math.floor(order.hosts * order.ports * share) }));

const orderOf = ({ hosts, ports, seed }: { hosts: number; ports: number; seed: number }) =>
  new ProbeOrder(hosts, ports, seededRandom(seed));
const all = (order: ProbeOrder): number[] => Array.from({ length: order.count }, (_, place) => order.at(place));

describe('an order of probes', () => {
  it('has each pair once', () => {
    fc.assert(
      fc.property(small, (size) => {
        const order = orderOf(size);
        expect(order.count).toBe(size.hosts * size.ports);
        expect(all(order).sort((a, b) => a - b)).toEqual(Array.from({ length: order.count }, (_, i) => i));
      }),
    );
  });

  it('knows the place of each pair, also among 2^48', () => {
    const there = (size: { hosts: number; ports: number; seed: number; place: number }) => {
      const order = orderOf(size);
      const pair = order.at(size.place);
      expect(pair).toBeGreaterThanOrEqual(0);
      expect(pair).toBeLessThan(order.count);
      expect(order.placeOf(pair)).toBe(size.place);
      expect(order.at(order.placeOf(size.place))).toBe(size.place);
    };
    fc.assert(fc.property(large, there), { numRuns: 2000 });
    for (const place of [0, 1, 2 ** 32 - 1, 2 ** 32, 2 ** 47, 2 ** 48 - 1]) there({ hosts: 2 ** 32, ports: 2 ** 16, seed: 7, place });
  });

  it('refuses what is outside of it', () => {
    const order = orderOf({ hosts: 3, ports: 5, seed: 1 });
    for (const outside of [-1, 15, 2 ** 48, Number.NaN]) {
      expect(() => order.at(outside)).toThrow(RangeError);
      expect(() => order.placeOf(outside)).toThrow(RangeError);
    }
  });

  it('is another one for another key, and the same for the same', () => {
    const size = { hosts: 16, ports: 64 };
    const first = all(orderOf({ ...size, seed: 1 }));
    expect(all(orderOf({ ...size, seed: 1 }))).toEqual(first);
    const second = all(orderOf({ ...size, seed: 2 }));
    // Of two random ones about one place in 1,024 is the same.
    expect(second.filter((pair, place) => pair === first[place]).length).toBeLessThan(10);
  });

  it('gives no host more than two of as many consecutive probes as there are hosts', () => {
    for (const [hosts, ports] of [
      [256, 1000],
      [37, 65],
      [2, 9],
    ] as const) {
      const order = new ProbeOrder(hosts, ports, seededRandom(5));
      const inWindow = new Uint16Array(hosts);
      let most = 0;
      const hostAt = (place: number) => Math.floor(order.at(place) / ports);
      for (let place = 0; place < order.count; place++) {
        if (place >= hosts) (inWindow[hostAt(place - hosts)] as number)--;
        most = Math.max(most, ++(inWindow[hostAt(place)] as number));
      }
      expect(most).toBe(2);
    }
  });

  it('has no order that shows: neighbours are as far apart as chance puts them', () => {
    const step = (values: number[], size: number) =>
      values.slice(1).reduce((sum, value, i) => sum + Math.abs(value - (values[i] as number)), 0) / (values.length - 1) / size;
    const ports = 65_535;
    // The mean distance of two random numbers of 0 … 1 is a third.
    expect(step(all(new ProbeOrder(1, ports, seededRandom(3))), ports)).toBeCloseTo(1 / 3, 2);
    const hosts = 1 << 16;
    expect(step(all(new ProbeOrder(hosts, 1, seededRandom(3))), hosts)).toBeCloseTo(1 / 3, 2);
  });

  it('gives two hosts ports in two orders, and two rounds hosts in two orders', () => {
    const [hosts, ports] = [64, 64];
    const order = new ProbeOrder(hosts, ports, seededRandom(11));
    const rounds = Array.from({ length: ports }, (_, round) =>
      Array.from({ length: hosts }, (_, i) => Math.floor(order.at(round * hosts + i) / ports)).join(),
    );
    expect(new Set(rounds).size).toBe(ports);
    const portsOf: number[][] = Array.from({ length: hosts }, () => []);
    for (const pair of all(order)) portsOf[Math.floor(pair / ports)]?.push(pair % ports);
    expect(new Set(portsOf.map(String)).size).toBe(hosts);
  });
});
