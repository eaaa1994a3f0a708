/** `trace --dot` is in the DOT language, whatever names stand in it. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { TraceEvent } from '../../src/probe/events.ts';
import { createTraceReporter } from '../../src/report/trace.ts';
import { ended, flows, hop, open, start } from './traces.ts';

function dot(events: Iterable<TraceEvent>): string {
  const written: string[] = [];
  const look = { colour: false, ascii: true, width: 80, quiet: false, verbose: false, dot: true, probes: 3, flows: 8 };
  const reporter = createTraceReporter({ ...look, write: (text) => written.push(text) });
  for (const event of events) reporter.event(event);
  return written.join('');
}

interface Graph {
  nodes: Map<string, Record<string, string>>;
  edges: [string, string][];
}

/** A parser of as much of the language as is needed (graphviz.org/doc/info/lang.html). @throws where the text is not in it */
function parse(text: string): Graph {
  const tokens = text.match(/"(?:[^"\\]|\\.)*"|->|[A-Za-z_][A-Za-z_0-9]*|[{}[\];,=]|\S/gs) ?? [];
  let at = 0;
  const take = (wanted?: string): string => {
    const token = tokens[at++] ?? '';
    if (wanted !== undefined && token !== wanted) throw new Error(`${JSON.stringify(token)} in the place of ${JSON.stringify(wanted)}`);
    return token;
  };
  const id = (): string => {
    const token = take();
    if (!/^(\w+|".*")$/s.test(token)) throw new Error(`${JSON.stringify(token)} is no ID`);
    return token;
  };
  const graph: Graph = { nodes: new Map(), edges: [] };
  take('digraph');
  id();
  take('{');
  while (tokens[at] !== '}') {
    const name = id();
    if (tokens[at] === '->') {
      take('->');
      graph.edges.push([name, id()]);
    } else if (tokens[at] === '=') {
      take('=');
      id();
    } else {
      const attributes: Record<string, string> = {};
      take('[');
      while (tokens[at] !== ']') {
        const key = id();
        take('=');
        attributes[key] = id();
        if (tokens[at] !== ']') take(',');
      }
      take(']');
      if (name !== 'node') graph.nodes.set(name, attributes);
    }
    take(';');
  }
  take('}');
  if (at !== tokens.length) throw new Error(`${tokens.length - at} tokens behind the graph`);
  return graph;
}

test('the graph of several flows', async () => {
  const text = dot(flows());
  await expect(text).toMatchFileSnapshot('pictures/trace-flows.dot');
  const { nodes, edges } = parse(text);
  expect(nodes.size).toBe(8 + 1);
  expect(edges).toHaveLength(9 + 1);
  expect(edges.every(([from, to]) => nodes.has(from) && nodes.has(to))).toBe(true);
});

test('one flow is a chain', () => {
  const { nodes, edges } = parse(dot(open()));
  expect(edges).toEqual([
    ['source', 'n0'],
    ['n0', 'n1'],
    ['n1', 'n2'],
    ['n2', 'n3'],
  ]);
  expect(nodes.get('n0')?.label).toBe(String.raw`"1\n10.0.1.1\ngw.example.net"`);
});

test('no path at all is a graph too', () => {
  expect(parse(dot([start(), ended()])).edges).toEqual([]);
});

test('any name', () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), (name, host) => {
      const text = dot([start({ host }), hop(1, '10.0.1.1', [1], { name }), ended()]);
      expect(parse(text).nodes.size).toBe(2);
      expect(text).not.toMatch(/(?!\n)\p{Cc}/u);
    }),
  );
});
