/** The paths of several flows put together: routers, the links between them, and how sure it is that none is missing. */
import type { Multipath, Outcome, PathLink } from '../events.ts';

/** What one flow has seen: who answered at each distance. */
export interface FlowPath {
  sourcePort: number;
  /** From the first TTL on, up to the destination or where it stopped; undefined: nobody answered. */
  hops: readonly { address: string | undefined; name: string | undefined }[];
  outcome: Outcome;
}

interface Node {
  ttl: number;
  address: string | undefined;
  name: string | undefined;
  sourcePorts: number[];
}

/** Where a flow was at a distance, and whether that was heard or concluded. */
interface Step {
  node: number;
  heard: boolean;
}

/** @param firstTtl the distance of each flow's first hop */
export function multipath(flows: readonly FlowPath[], firstTtl: number): Multipath {
  const tree = new Tree(flows, firstTtl);
  return {
    nodes: tree.nodes,
    links: tree.links,
    flows: flows.length,
    outcomes: outcomesOf(flows),
    confidencePercent: 100 * tree.confidence(),
  };
}

class Tree {
  readonly nodes: Node[] = [];
  readonly links: PathLink[] = [];
  /** By flow, from the first TTL on. */
  readonly #steps: Step[][];

  constructor(
    private readonly flows: readonly FlowPath[],
    firstTtl: number,
  ) {
    this.#steps = flows.map(() => []);
    const length = Math.max(0, ...flows.map(({ hops }) => hops.length));
    for (let at = 0; at < length; at++) this.#addDistance(at, firstTtl + at);
    for (const { sourcePorts } of this.nodes) sourcePorts.sort((a, b) => a - b);
  }

  /** Those who answered first: they may tell where the others went. */
  #addDistance(at: number, ttl: number): void {
    const here = this.flows.flatMap(({ hops }, flow) => (at < hops.length ? [flow] : []));
    const heard = here.filter((flow) => this.#addressAt(flow, at) !== undefined);
    for (const flow of heard) this.#walk(flow, at, this.#nodeOf(ttl, this.#addressAt(flow, at) as string, flow, at), true);
    for (const flow of here) {
      if (this.#addressAt(flow, at) !== undefined) continue;
      const from = this.#steps[flow]?.[at - 1]?.node;
      this.#walk(flow, at, this.#concluded(flow, at, from, heard) ?? this.#silent(ttl, from), false);
    }
  }

  #addressAt(flow: number, at: number): string | undefined {
    return this.flows[flow]?.hops[at]?.address;
  }

  #nodeOf(ttl: number, address: string, flow: number, at: number): number {
    const known = this.nodes.findIndex((node) => node.ttl === ttl && node.address === address);
    if (known >= 0) return known;
    return this.nodes.push({ ttl, address, name: this.flows[flow]?.hops[at]?.name, sourcePorts: [] }) - 1;
  }

  /**
   * Silence where others answer is mostly a limit on how often a router does: the flow went where all those went that
   * came the same way, or of them those that went on as it did.
   */
  #concluded(flow: number, at: number, from: number | undefined, heard: readonly number[]): number | undefined {
    const fellows = heard.filter((other) => this.#steps[other]?.[at - 1]?.node === from);
    const next = this.#addressAt(flow, at + 1);
    const likely = next === undefined ? [] : fellows.filter((other) => this.#addressAt(other, at + 1) === next);
    const nodes = new Set((likely.length > 0 ? likely : fellows).map((other) => this.#steps[other]?.[at]?.node));
    return nodes.size === 1 ? [...nodes][0] : undefined;
  }

  /** Silent routers can't be told apart: there is one behind each router. */
  #silent(ttl: number, from: number | undefined): number {
    const known = this.nodes.findIndex(
      (node, index) => node.ttl === ttl && node.address === undefined && (from === undefined || this.#isLinked(from, index)),
    );
    return known >= 0 ? known : this.nodes.push({ ttl, address: undefined, name: undefined, sourcePorts: [] }) - 1;
  }

  #isLinked(from: number, to: number): boolean {
    return this.links.some((link) => link.from === from && link.to === to);
  }

  #walk(flow: number, at: number, node: number, heard: boolean): void {
    const steps = this.#steps[flow] as Step[];
    const from = steps[at - 1]?.node;
    if (from !== undefined && !this.#isLinked(from, node)) this.links.push({ from, to: node });
    steps.push({ node, heard });
    this.nodes[node]?.sourcePorts.push(this.flows[flow]?.sourcePort as number);
  }

  /** The least over our own host and every router, as far as a next hop of theirs was heard. */
  confidence(): number {
    const nextOf = new Map<number | undefined, { flows: number; ways: Set<number> }>();
    for (const steps of this.#steps) {
      for (const [at, { node, heard }] of steps.entries()) {
        if (!heard) continue;
        const from = steps[at - 1]?.node;
        const next = nextOf.get(from) ?? { flows: 0, ways: new Set() };
        nextOf.set(from, next);
        next.flows++;
        next.ways.add(node);
      }
    }
    return [...nextOf.values()].reduce(
      (least, { flows, ways }) => Math.min(least, confidenceOf(flows, ways.size)),
      nextOf.size > 0 ? 1 : 0,
    );
  }
}

/**
 * How sure it is that a router has no next hop but those seen (Augustin, Friedman, Teixeira, "Multipath tracing with Paris
 * traceroute", 2007, §3): if it had one more and chose evenly, so many flows would have shown that one too, or rather all of
 * them, with this probability. Exactly, where the paper's table of probes (6, 11, 16, 21 … for 95 %) has an upper bound.
 * @param flows that came through it and whose next hop was heard
 * @param seen next hops
 * @returns 0 to 1
 */
export function confidenceOf(flows: number, seen: number): number {
  const ways = seen + 1;
  // After each flow: how likely it is that so many of the ways have been taken.
  const taken = new Float64Array(ways + 1);
  taken[0] = 1;
  for (let flow = 0; flow < flows; flow++) {
    for (let count = ways; count > 0; count--)
      taken[count] = ((taken[count] as number) * count + (taken[count - 1] as number) * (ways - count + 1)) / ways;
    taken[0] = 0;
  }
  return taken[ways] as number;
}

/** How the flows ended: each outcome once, that of most flows first. */
function outcomesOf(flows: readonly FlowPath[]): Multipath['outcomes'] {
  const found: { verdict: Outcome['verdict']; reason: Outcome['reason']; sourcePorts: number[] }[] = [];
  for (const { outcome, sourcePort } of flows) {
    const same = found.find(({ verdict, reason }) => verdict === outcome.verdict && reason === outcome.reason);
    if (same === undefined) found.push({ ...outcome, sourcePorts: [sourcePort] });
    else same.sourcePorts.push(sourcePort);
  }
  return found.sort((a, b) => b.sourcePorts.length - a.sourcePorts.length);
}
