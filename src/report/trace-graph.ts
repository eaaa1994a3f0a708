/** Routers and the links between them: of several flows as they were found, of a single one hop by hop. */
import type { Change, HopEvent, Multipath, PathNode, TraceResult } from '../probe/events.ts';
import { distinct } from './trace-changes.ts';

export interface PathGraph {
  nodes: readonly PathNode[];
  /** Of each node, by its place, those it leads to, in order. */
  next: readonly (readonly number[])[];
  /** Those that no other leads to. */
  roots: readonly number[];
  flows: number;
}

/** What the hop events told of a router. */
export interface NodeFigures {
  /** The median of the flow whose is the shortest; undefined where none answered. */
  rttUs: number | undefined;
  /** Of all flows, each once. */
  changes: readonly Change[];
  /** One of them, for what it says of the router itself. */
  hop: HopEvent;
}

export class PathRecorder {
  private readonly hops = new Map<string, HopEvent>();

  /** The last word on a hop counts. */
  add(hop: HopEvent): void {
    this.hops.set(`${hop.ttl} ${hop.flow ?? 0}`, hop);
  }

  graphOf({ multipath }: Pick<TraceResult, 'multipath'>): PathGraph {
    return graph(multipath ?? this.single());
  }

  figuresOf({ ttl, address }: PathNode): NodeFigures | undefined {
    const told = [...this.hops.values()].filter((hop) => hop.ttl === ttl && hop.address === address);
    const [first] = told;
    if (first === undefined) return undefined;
    const medians = told.flatMap(({ figures }) => figures.rttUs?.median ?? []);
    const changes = distinct(told.flatMap((hop) => hop.changes));
    return { rttUs: medians.length === 0 ? undefined : Math.min(...medians), changes, hop: first };
  }

  /** One flow, where nobody drew a graph of it. */
  private single(): Pick<Multipath, 'nodes' | 'links' | 'flows'> {
    const nodes = [...this.hops.values()]
      .sort((a, b) => a.ttl - b.ttl)
      .map(({ ttl, address, name }) => ({ ttl, address, name, sourcePorts: [] }));
    return { nodes, links: nodes.slice(1).map((_, i) => ({ from: i, to: i + 1 })), flows: 1 };
  }
}

function graph({ nodes, links, flows }: Pick<Multipath, 'nodes' | 'links' | 'flows'>): PathGraph {
  const next: number[][] = nodes.map(() => []);
  const led = new Set<number>();
  for (const { from, to } of links) {
    next[from]?.push(to);
    led.add(to);
  }
  return { nodes, next, roots: [...nodes.keys()].filter((node) => !led.has(node)), flows };
}
