/** The ways of several flows as one tree: branches where they part, the trunk again where they join. */
import type { PathNode } from '../probe/events.ts';
import type { Style } from './style.ts';
import { GAP } from './table.ts';
import { displayWidth, flow, padEnd, padStart, truncate } from './text.ts';
import type { PathGraph, PathRecorder } from './trace-graph.ts';
import { noteRows, notesOf, RTT_WIDTH, TTL_WIDTH } from './trace-hop.ts';

/** From this width on there is room for round trips. */
const WITH_TIMES = 60;
/** What a router is told beside its address at the least. */
const LEAST_ROOM = 12;

/** A line of the tree: a router, or where a branch runs into one that stands above. */
interface Row {
  /** What is drawn before the address, and before the lines beneath it. */
  rail: string;
  railBelow: string;
  node: PathNode;
  isAbove: boolean;
}

export function treeText(graph: PathGraph, recorder: PathRecorder, style: Style): string {
  const rows = rowsOf(graph, style);
  const { paint, glyphs, escapeText, width } = style;
  const addressOf = ({ node, rail, isAbove }: Row): string =>
    `${rail}${isAbove ? `${glyphs.arrowRight} ` : ''}${node.address === undefined ? '*' : escapeText(node.address)}`;
  const rttWidth = width < WITH_TIMES ? 0 : RTT_WIDTH;
  const rest = width - TTL_WIDTH - 2 * GAP.length - rttWidth;
  const addressWidth = Math.min(rest - LEAST_ROOM, Math.max(...rows.map((row) => displayWidth(addressOf(row))), 'address'.length));
  const line = (ttl: string, address: string, rtt: string, more: string): string => {
    const shown = padEnd(truncate(address, addressWidth, glyphs.ellipsis), addressWidth);
    return paint('faint', padStart(ttl, TTL_WIDTH)) + GAP + shown + (rttWidth === 0 ? '' : padStart(rtt, rttWidth)) + GAP + more;
  };

  const lines = [paint('faint', line('hop', 'address', 'rtt', 'flows'))];
  for (const row of rows) {
    const { node, isAbove } = row;
    if (isAbove) {
      lines.push(line(String(node.ttl), addressOf(row), '', 'as above'));
      continue;
    }
    const figures = recorder.figuresOf(node);
    const parts = [`${node.sourcePorts.length} of ${graph.flows}`];
    if (figures?.hop.icmp !== undefined) parts.push(`ICMP ${escapeText(figures.hop.icmp)}`);
    if (node.name !== undefined) parts.push(escapeText(node.name));
    const rtt = figures?.rttUs === undefined ? '' : style.duration(figures.rttUs);
    const below = truncate(row.railBelow, addressWidth, '');
    flow(parts, GAP, rest - addressWidth).forEach((more, i) => {
      lines.push(i === 0 ? line(String(node.ttl), addressOf(row), rtt, more) : line('', below, '', more));
    });
    const before = ' '.repeat(TTL_WIDTH + GAP.length) + below + GAP;
    for (const note of figures === undefined ? [] : notesOf({ ...figures.hop, changes: figures.changes }, style))
      lines.push(...noteRows(note, before, style));
  }
  return lines.map((text) => `${text.trimEnd()}\n`).join('');
}

/** Each router once, so that there are no more rows than routers and links. */
function rowsOf({ nodes, next, roots }: PathGraph, { glyphs }: Style): Row[] {
  const joinOf = joins(next);
  const rows: Row[] = [];
  const drawn = new Set<number>();
  const [more, last] = [`${glyphs.tee}${glyphs.line} `, `${glyphs.corner}${glyphs.line} `];

  /** @param first what stands before the first router; later ones have `rail` @param end where the branch is left */
  const branch = (from: number, first: string, rail: string, end: number | undefined): void => {
    let before = first;
    for (let at: number | undefined = from; at !== undefined && at !== end; before = rail) {
      const isAbove: boolean = drawn.has(at);
      rows.push({ rail: before, railBelow: rail, node: nodes[at] as PathNode, isAbove });
      if (isAbove) return;
      drawn.add(at);
      const ways: readonly number[] = next[at] as readonly number[];
      const join: number | undefined = joinOf[at];
      if (ways.length > 1) fork(ways, rail, join);
      at = ways.length > 1 ? join : ways[0];
    }
  };
  const fork = (ways: readonly number[], rail: string, end: number | undefined): void =>
    ways.forEach((way, i) => {
      const isLast = i === ways.length - 1;
      branch(way, rail + (isLast ? last : more), rail + (isLast ? ' '.repeat(last.length) : padEnd(glyphs.life, more.length)), end);
    });

  const [only] = roots;
  if (roots.length === 1 && only !== undefined) branch(only, '', '', undefined);
  else fork(roots, '', undefined);
  return rows;
}

/**
 * Where all ways from each node come together again: its immediate post-dominator (Cooper, Harvey, Kennedy, "A simple,
 * fast dominance algorithm", 2001); undefined where they never do. Links lead to a greater distance only, so that a walk
 * that comes back to a node has met all it leads to.
 */
function joins(next: PathGraph['next']): (number | undefined)[] {
  const join: (number | undefined)[] = next.map(() => undefined);
  const depth: number[] = next.map(() => 0);
  const done = new Set<number>();
  const common = (a: number | undefined, b: number | undefined): number | undefined => {
    let [one, other] = [a, b];
    while (one !== other) {
      if (one === undefined || other === undefined) return undefined;
      if ((depth[one] as number) >= (depth[other] as number)) one = join[one];
      else other = join[other];
    }
    return one;
  };
  const visit = (node: number): void => {
    if (done.has(node)) return;
    done.add(node);
    const ways = next[node] as readonly number[];
    for (const way of ways) visit(way);
    const [first, ...others] = ways;
    join[node] = others.reduce<number | undefined>((met, way) => common(met, way), first);
    depth[node] = 1 + (join[node] === undefined ? 0 : (depth[join[node] as number] as number));
  };
  for (const node of next.keys()) visit(node);
  return join;
}
