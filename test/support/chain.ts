/** A path of forwarding kernels: a client, routers one behind the other, a server. */
import { Namespace } from './netns.ts';

export interface ChainOptions {
  /** How many routers are between the two. */
  routers?: number;
  /** The hop that has two routers, between which the one before it shares flows out by their four-tuples. It needs one behind it. */
  twinAt?: number;
}

/**
 * Hop k answers as 10.0.k.1, its twin as 10.1.k.1, and the server is the last of them. Each has an interface `near`, towards the
 * client, and `far`, towards the server, but for the client (`far` alone) and the server (`near` alone); the two beside a twin
 * have `far-twin` and `near-twin` too.
 */
export interface Chain {
  client: Namespace;
  /** From the client on: the first is hop 1. */
  routers: readonly Namespace[];
  /** Beside the router of `twinAt`. */
  twin: Namespace | undefined;
  server: Namespace;
  clientAddress: string;
  serverAddress: string;
  /** Of a hop: the one that is not the twin. */
  router(hop: number): Namespace;
  /** Of a hop, or of the server behind the last one. */
  addressOf(hop: number): string;
  /** Takes away all rules of all of them. */
  openFirewalls(): void;
  /** May be called twice. */
  remove(): void;
}

/** ICMP errors without any limit: the kernel's own is one a second and destination. */
const FORWARDING = `cd /proc/sys/net/ipv4
echo 1 > ip_forward
echo 1 > fib_multipath_hash_policy
echo 0 > icmp_ratelimit
for limit in icmp_msgs_per_sec icmp_msgs_burst; do [ ! -e $limit ] || echo 1000000 > $limit; done`;

const addressOf = (hop: number, half = 0): string => `10.${half}.${hop}.1`;
/** Of the node before a hop, on the link to it. */
const addressBefore = (hop: number, half = 0): string => `10.${half}.${hop}.2`;

const PARTS = [
  { half: 0, near: 'near', far: 'far' },
  { half: 1, near: 'near-twin', far: 'far-twin' },
] as const;

export function createChain(options: ChainOptions = {}): Chain {
  const { routers: count = 7, twinAt } = options;
  const nodes = Array.from({ length: count + 2 }, () => new Namespace());
  const twin = twinAt === undefined ? undefined : new Namespace();
  const [client, server] = [nodes[0], nodes[count + 1]] as [Namespace, Namespace];
  const last = count + 1;

  /** The link to a hop, from the node before it. */
  const link = (hop: number, half: number, before: [Namespace, string], node: [Namespace, string]): void => {
    before[0].ip(`link add ${before[1]} type veth peer name ${node[1]} netns ${node[0].name}
addr add ${addressBefore(hop, half)}/24 dev ${before[1]}
link set ${before[1]} up`);
    node[0].ip(`addr add ${addressOf(hop, half)}/24 dev ${node[1]}\nlink set ${node[1]} up`);
  };
  const at = (hop: number): Namespace => nodes[hop] as Namespace;
  for (let hop = 1; hop <= last; hop++) link(hop, 0, [at(hop - 1), 'far'], [at(hop), 'near']);
  if (twin !== undefined && twinAt !== undefined) {
    link(twinAt, 1, [at(twinAt - 1), PARTS[1].far], [twin, 'near']);
    link(twinAt + 1, 1, [twin, 'far'], [at(twinAt + 1), PARTS[1].near]);
    twin.ip(`route add default via ${addressOf(twinAt + 1, 1)}\nroute add 10.0.1.0/24 via ${addressBefore(twinAt, 1)}`);
    twin.exec(['sh', '-c', FORWARDING]);
  }
  nodes.forEach((node, hop) => {
    const ways = (hop + 1 === twinAt ? PARTS : PARTS.slice(0, 1)).map(({ half }) => addressOf(hop + 1, half));
    const routes = hop === last ? [] : [`route add default ${ways.map((way) => `nexthop via ${way}`).join(' ')}`];
    if (hop > 1) routes.push(`route add 10.0.1.0/24 via ${addressBefore(hop)}`);
    node.ip(routes.join('\n'));
    if (hop > 0 && hop < last) node.exec(['sh', '-c', FORWARDING]);
  });
  return {
    client,
    routers: nodes.slice(1, last),
    twin,
    server,
    clientAddress: addressBefore(1),
    serverAddress: addressOf(last),
    router: at,
    addressOf: (hop) => addressOf(hop),
    openFirewalls() {
      for (const node of [...nodes, twin]) node?.openFirewall();
    },
    remove() {
      for (const node of [...nodes, twin]) node?.remove();
    },
  };
}
