/** What all probes of a process choose by. */
import { expect, it } from 'vitest';
import { MemoryWire, VirtualClock } from '../../src/net/memory.ts';
import { createContext } from '../../src/probe/context.ts';

const network = new MemoryWire(new VirtualClock()).host(0x0a000001);
const tuple = { localAddress: 0x0a000001, localPort: 40_000, remoteAddress: 0x0a000002, remotePort: 80 };

it('rests on one secret: a connection that is made again begins after the last one, whoever makes it (RFC 6528)', () => {
  const first = createContext(network).iss(tuple, 1_000_000);
  const again = createContext(network).iss(tuple, 1_004_000);
  expect((again - first) >>> 0).toBe(1000);
});

it('tells nothing of one connection by the number of another', () => {
  const { iss } = createContext(network);
  const numbers = new Set(Array.from({ length: 100 }, (_, i) => iss({ ...tuple, localPort: 40_000 + i }, 0)));
  expect(numbers.size).toBeGreaterThan(95);
});

it('repeats its choices by a seed, and others by another', () => {
  const choices = (seed: number): number[] => {
    const { random, iss } = createContext(network, seed);
    return [random.uint32(), iss(tuple, 0), random.uint32()];
  };
  expect(choices(7)).toEqual(choices(7));
  expect(choices(7)).not.toEqual(choices(8));
});
