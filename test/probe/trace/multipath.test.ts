import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Random, randomBelow, seededRandom } from '../../../src/net/random.ts';
import type { Outcome } from '../../../src/probe/events.ts';
import { confidenceOf, type FlowPath, multipath } from '../../../src/probe/trace/multipath.ts';

const OPEN: Outcome = { verdict: 'open', reason: 'syn-ack' };

/** A flow by the last letters of its routers; `*` is silent. */
const flow = (sourcePort: number, path: string, outcome = OPEN): FlowPath => ({
  sourcePort,
  hops: [...path].map((letter) => ({ address: letter === '*' ? undefined : letter, name: undefined })),
  outcome,
});

const tree = (...paths: string[]) => {
  const { nodes, links, ...rest } = multipath(
    paths.map((path, index) => flow(1000 + index, path)),
    1,
  );
  const label = (index: number) => `${nodes[index]?.ttl}${nodes[index]?.address ?? '*'}`;
  return {
    nodes: nodes.map((node, index) => `${label(index)}:${node.sourcePorts.map((port) => port - 1000).join()}`),
    links: links.map(({ from, to }) => `${label(from)}-${label(to)}`).sort(),
    ...rest,
  };
};

describe('the tree', () => {
  it('parts and joins again', () => {
    expect(tree('abd', 'acd', 'abd')).toMatchObject({
      nodes: ['1a:0,1,2', '2b:0,2', '2c:1', '3d:0,1,2'],
      links: ['1a-2b', '1a-2c', '2b-3d', '2c-3d'],
      flows: 3,
    });
  });

  it('has ways of different lengths: one address at two distances is two nodes', () => {
    expect(tree('abz', 'acdz')).toMatchObject({ links: ['1a-2b', '1a-2c', '2b-3z', '2c-3d', '3d-4z'] });
  });

  it('takes one silent among those that came the same way and answered for one that went with them', () => {
    expect(tree('abd', 'a*d', 'abd')).toMatchObject({ nodes: ['1a:0,1,2', '2b:0,1,2', '3d:0,1,2'], links: ['1a-2b', '2b-3d'] });
  });

  it('tells by the next hop where a silent one went', () => {
    expect(tree('abd', 'ace', 'a*e').nodes).toContain('2c:1,2');
    expect(tree('abd', 'acd', 'a*d').nodes).toContain('2*:2');
  });

  it('has a silent router behind each that leads to silence', () => {
    expect(tree('a*d', 'b*d', 'a*d')).toMatchObject({
      nodes: ['1a:0,2', '1b:1', '2*:0,2', '2*:1', '3d:0,1,2'],
      links: ['1a-2*', '1b-2*', '2*-3d', '2*-3d'],
    });
  });

  it('begins at the first TTL, also with a silent hop', () => {
    expect(multipath([flow(1, '*b'), flow(2, '*b')], 4)).toMatchObject({
      nodes: [
        { ttl: 4, address: undefined, sourcePorts: [1, 2] },
        { ttl: 5, address: 'b', sourcePorts: [1, 2] },
      ],
      links: [{ from: 0, to: 1 }],
    });
  });

  it('is empty where nothing was sent', () => {
    expect(multipath([], 1)).toEqual({ nodes: [], links: [], flows: 0, outcomes: [], confidencePercent: 0 });
  });

  it('tells how the flows ended, that of most first', () => {
    const filtered: Outcome = { verdict: 'filtered', reason: 'no-response' };
    expect(multipath([flow(1, 'a*', filtered), flow(2, 'ab'), flow(3, 'ab')], 1).outcomes).toEqual([
      { ...OPEN, sourcePorts: [2, 3] },
      { ...filtered, sourcePorts: [1] },
    ]);
  });
});

describe('the confidence', () => {
  // The table of the paper, §3, for 95 %: https://doi.org/10.1109/E2EMON.2007.375313
  it.each([
    [1, 6],
    [2, 11],
    [3, 16],
    [4, 21],
    [5, 27],
    [6, 33],
  ])('%i next hops and no more: %i flows for 95 %%', (seen, flows) => {
    const paper = Math.ceil(Math.log(0.05 / (seen + 1)) / Math.log(seen / (seen + 1)));
    expect(paper).toBe(flows);
    expect(confidenceOf(flows, seen)).toBeGreaterThanOrEqual(0.95);
    // Its bound counts some misses twice, so that it may ask for one flow more than needed.
    expect(confidenceOf(flows - 2, seen)).toBeLessThan(0.95);
  });

  it('agrees with inclusion and exclusion', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 40 }), fc.integer({ min: 1, max: 8 }), (flows, seen) => {
        const ways = seen + 1;
        let sum = 0;
        let choose = 1;
        for (let left = 0; left <= ways; left++) {
          sum += (-1) ** left * choose * (1 - left / ways) ** flows;
          choose = (choose * (ways - left)) / (left + 1);
        }
        expect(confidenceOf(flows, seen)).toBeCloseTo(sum, 9);
      }),
    );
  });

  it('is of the weakest router, and our own host is one', () => {
    const flows = (paths: string[]) =>
      multipath(
        paths.map((path, index) => flow(index, path)),
        1,
      ).confidencePercent / 100;
    expect(flows(Array(6).fill('ab'))).toBe(confidenceOf(6, 1));
    expect(flows(['abz', 'abz', 'abz', 'acz', 'acz', 'acz'])).toBe(Math.min(confidenceOf(6, 2), confidenceOf(3, 1)));
    // A router's next hops count, not those before it: c was seen to have two, by three flows.
    expect(flows(['abd', 'abd', 'abd', 'acd', 'ace', 'ace'])).toBe(confidenceOf(3, 2));
    expect(flows(['az', 'bz'])).toBe(0);
  });

  it('counts only the flows whose next hop answered', () => {
    const paths = ['ab', 'ab', 'a*', 'a*'].map((path, index) => flow(index, path));
    expect(multipath(paths, 1).confidencePercent).toBe(100 * confidenceOf(2, 1));
  });

  it('is honest: balancers of every width are missed no oftener than it says', () => {
    const random = seededRandom(7);
    for (const ways of [2, 3, 4, 8]) {
      for (const flows of [2, 6, 11, 16, 24]) expectHonest(random, ways, flows);
    }
  });
});

/** Of many balancers with so many ways: for each confidence c that was claimed, at most 1-c of all runs claimed as much and were wrong. */
function expectHonest(random: Random, ways: number, flows: number): void {
  const runs = 2000;
  const claimedWrongly: number[] = [];
  for (let run = 0; run < runs; run++) {
    const paths = Array.from({ length: flows }, (_, index) => flow(index, `a${'bcdefghi'[randomBelow(random, ways)]}`));
    const { nodes } = multipath(paths, 1);
    const seen = nodes.filter(({ ttl }) => ttl === 2).length;
    if (seen < ways) claimedWrongly.push(confidenceOf(flows, seen));
  }
  for (const claim of new Set(claimedWrongly)) {
    const wrong = claimedWrongly.filter((other) => other >= claim).length / runs;
    const allowed = 1 - claim;
    const error = 4 * Math.sqrt((allowed * claim) / runs);
    expect(wrong, `${ways} ways, ${flows} flows, claimed ${claim}`).toBeLessThanOrEqual(allowed + error);
  }
}
