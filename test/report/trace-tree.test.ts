/** The tree of several flows, whatever the ways are. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Multipath } from '../../src/probe/events.ts';
import { createStyle } from '../../src/report/style.ts';
import { displayWidth } from '../../src/report/text.ts';
import { PathRecorder } from '../../src/report/trace-graph.ts';
import { treeText } from '../../src/report/trace-tree.ts';

type Graph = Pick<Multipath, 'nodes' | 'links'>;

/** @param links such as `a-b`; the first letter of a node's distance is its place in `layers` */
function graph(layers: readonly string[], links: string): Graph {
  const names = [...layers.join('')];
  const nodes = layers.flatMap((layer, i) => [...layer].map((name) => ({ ttl: i + 1, address: name, name: undefined, sourcePorts: [1] })));
  return {
    nodes,
    links: links.split(' ').map((link) => ({ from: names.indexOf(link[0] as string), to: names.indexOf(link[2] as string) })),
  };
}

function draw(multipath: Graph, width = 80): string[] {
  const recorder = new PathRecorder();
  const whole = recorder.graphOf({ multipath: { ...multipath, flows: 1, outcomes: [], confidencePercent: 0 } });
  return treeText(whole, recorder, createStyle({ colour: false, ascii: true, width }))
    .trimEnd()
    .split('\n')
    .slice(1);
}

/** Distance, rail and address, without what stands behind. */
const shape = (lines: readonly string[]): string[] =>
  lines.map((line) => line.replace(/ +(1 of 1|as above)$/, (_, what) => (what === 'as above' ? ' above' : '')).trim());

describe('is drawn', () => {
  test.each<[string, Graph, string[]]>([
    ['one way', graph(['a', 'b', 'c'], 'a-b b-c'), ['1  a', '2  b', '3  c']],
    ['two that join', graph(['a', 'bc', 'd'], 'a-b a-c b-d c-d'), ['1  a', '2  |- b', '2  `- c', '3  d']],
    ['two that do not', graph(['a', 'bc', 'de'], 'a-b a-c b-d c-e'), ['1  a', '2  |- b', '3  |  d', '2  `- c', '3     e']],
    ['one that ends', graph(['a', 'bc', 'd'], 'a-b a-c b-d'), ['1  a', '2  |- b', '3  |  d', '2  `- c']],
    [
      'a fork within a fork',
      graph(['a', 'bc', 'def', 'g'], 'a-b a-c b-d b-e c-f d-g e-g f-g'),
      ['1  a', '2  |- b', '3  |  |- d', '3  |  `- e', '2  `- c', '3     f', '4  g'],
    ],
    [
      'ways that cross',
      graph(['a', 'bc', 'de', 'f'], 'a-b a-c b-d b-e c-d c-e d-f e-f'),
      ['1  a', '2  |- b', '3  |  |- d', '3  |  `- e', '2  `- c', '3     |- -> d above', '3     `- -> e above', '4  f'],
    ],
    ['two from our own host', graph(['ab', 'c'], 'a-c b-c'), ['1  |- a', '2  |  c', '1  `- b', '2     -> c above']],
  ])('%s', (_name, ways, lines) => {
    expect(shape(draw(ways))).toEqual(lines);
  });
});

test('every router is drawn once, every link is there, and no line is too wide', () => {
  const layered = fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 12 }).chain((sizes) => {
    const nodes = sizes.flatMap((size, i) =>
      Array.from({ length: size }, (_, j) => ({ ttl: i + 1, address: `10.${i + 1}.0.${j + 1}`, name: undefined, sourcePorts: [1] })),
    );
    const pairs = nodes.flatMap((one, from) => nodes.flatMap((other, to) => (other.ttl === one.ttl + 1 ? [{ from, to }] : [])));
    return fc.subarray(pairs).map((links): Graph => ({ nodes, links }));
  });
  fc.assert(
    fc.property(layered, fc.integer({ min: 40, max: 130 }), (ways, width) => {
      const lines = draw(ways, 120);
      const own = lines.filter((line) => !line.endsWith('as above'));
      for (const { address } of ways.nodes) expect(own.filter((line) => line.includes(` ${address} `))).toHaveLength(1);
      expect(lines.length).toBeLessThanOrEqual(ways.nodes.length + ways.links.length);
      expect(Math.max(...draw(ways, width).map(displayWidth))).toBeLessThanOrEqual(width);
    }),
    { numRuns: 300 },
  );
});
