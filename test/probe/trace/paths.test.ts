/** Simulated paths, one a file of test/probe/trace/paths: what is told of each. */
import { readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { readPath, Simulation } from '../../support/simulated-path.ts';

const directory = new URL('./paths/', import.meta.url);
const files = readdirSync(directory).filter((name) => name.endsWith('.json'));

const byTtl = <T>(hops: readonly { ttl: number }[], of: (hop: never) => T | undefined): Record<string, T> =>
  Object.fromEntries(hops.flatMap((hop) => (of(hop as never) === undefined ? [] : [[String(hop.ttl), of(hop as never) as T]])));

describe('the path', () => {
  it.each(files)('%s', async (name) => {
    const path = readPath(new URL(name, directory));
    const simulation = new Simulation(path);
    const { hops, result } = await simulation.trace();
    const { expect: expected } = path;
    const { verdict, reason, stop } = expected;
    expect(result).toMatchObject({ verdict, reason, hops: expected.hops, reached: stop === undefined, ended: undefined, error: undefined });
    if (stop === undefined) expect(result.stop).toBeUndefined();
    else expect(result.stop).toMatchObject(stop);
    if (expected.addresses) expect(hops.map(({ address }) => address ?? null)).toEqual(expected.addresses);
    const remarks = byTtl(hops, (hop: (typeof hops)[number]) => (hop.remarks.length > 0 ? hop.remarks : undefined));
    if (expected.remarks) expect(remarks).toEqual(expected.remarks);
    if (expected.icmp) expect(byTtl(hops, (hop: (typeof hops)[number]) => hop.icmp)).toEqual(expected.icmp);
    const changed = byTtl(hops, ({ changes }: (typeof hops)[number]) =>
      changes.length > 0 ? changes.map(({ field }) => field) : undefined,
    );
    if (expected.changed) expect(changed).toEqual(expected.changed);
    for (const [ttl, percent] of Object.entries(expected.lossPercent ?? {}))
      expect(hops.find((hop) => hop.ttl === Number(ttl))?.figures.lossPercent).toBeCloseTo(percent, 1);
    const roundTripMs = 2 * (path.hops.reduce((sum, { delayMs }) => sum + delayMs, 0) + path.destination.delayMs);
    if (expected.roundTrips) expect(result.durationMs).toBeLessThanOrEqual(expected.roundTrips * roundTripMs);
    if (expected.atMostMs) expect(result.durationMs).toBeLessThanOrEqual(expected.atMostMs);
    if (expected.ignored) expect(result.ignored).toEqual(expected.ignored);
    // Nothing may be left half open.
    await simulation.pass(3000);
    expect(simulation.halfOpen).toBeUndefined();
  });
});
