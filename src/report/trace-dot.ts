/** The ways of the flows as a graph for graphviz (the DOT language). */
import type { PathNode, StartEvent, TraceResult } from '../probe/events.ts';
import { escapeText } from './escape.ts';
import type { PathGraph } from './trace-graph.ts';

/** @param start undefined: nothing was sent */
export function dotText(graph: PathGraph, result: TraceResult, start: StartEvent | undefined): string {
  const { nodes, next, roots, flows } = graph;
  const lines = ['digraph trace {', '  node [shape=box];'];
  if (start !== undefined) {
    const port = `${start.host} port ${start.port}`;
    lines.push(`  label=${label(`${port}: ${result.verdict}, ${result.reason}`)};`);
    lines.push(`  source [label=${label(start.sourceAddress)}, shape=ellipse];`);
  }
  nodes.forEach((node, i) => {
    lines.push(`  n${i} [label=${nodeLabel(node, flows)}${node.address === undefined ? ', style=dashed' : ''}];`);
  });
  if (start !== undefined) for (const root of roots) lines.push(`  source -> n${root};`);
  next.forEach((ways, from) => {
    for (const to of ways) lines.push(`  n${from} -> n${to};`);
  });
  return `${lines.join('\n')}\n}\n`;
}

function nodeLabel({ ttl, address, name, sourcePorts }: PathNode, flows: number): string {
  const share = flows > 1 ? [`${sourcePorts.length} of ${flows} flows`] : [];
  return label(`${ttl}`, address ?? '*', ...(name === undefined ? [] : [name]), ...share);
}

/** A quoted string of so many lines. A backslash that is no line feed of ours stands for itself. */
function label(...lines: readonly string[]): string {
  const quoted = lines.map((line) => escapeText(line).replaceAll('\\', '\\\\').replaceAll('"', '\\"'));
  return `"${quoted.join(String.raw`\n`)}"`;
}
