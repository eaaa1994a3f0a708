/** How long a probe is waited for. */
import type { Hop } from './hop.ts';
import type { TraceWait } from './request.ts';

/** Our own delays and a busy router's are no silence. */
const SHORTEST_US = 5000;
/** So many times what a hop is expected to take, it gets its next probe though an answer may still come. */
const OVERDUE = 2;
/** The same where nobody behind it has answered, so that all may only be further than what is known. */
const FURTHER_US = 500_000;

type Hops = ReadonlyMap<number, Hop>;

/**
 * From its departure until a probe counts as lost: by what its own hop has shown, else by the nearest behind it that has
 * answered, as traceroute has it.
 */
export function patienceUs(hop: Hop, hops: Hops, { maxMs, here, near }: TraceWait): number {
  const own = hop.roundTrips.longestUs;
  const behind = own === undefined ? longestBehindUs(hop, hops) : undefined;
  const us = own !== undefined ? here * own : behind !== undefined ? near * behind : Number.POSITIVE_INFINITY;
  return Math.min(maxMs * 1000, Math.max(SHORTEST_US, us));
}

/** From its departure until the hop may get its next probe, though an answer may still come. */
export function overdueUs(hop: Hop, hops: Hops, { maxMs }: TraceWait): number {
  const expected = hop.roundTrips.longestUs ?? longestBehindUs(hop, hops);
  const us = expected === undefined ? Math.max(FURTHER_US, OVERDUE * longestUs(hops)) : Math.max(SHORTEST_US, OVERDUE * expected);
  return Math.min(maxMs * 1000, us);
}

/** The longest round trip of the nearest hop behind that has answered; undefined where none has. */
function longestBehindUs({ ttl }: Hop, hops: Hops): number | undefined {
  let nearest: Hop | undefined;
  for (const hop of hops.values())
    if (hop.ttl > ttl && hop.roundTrips.longestUs !== undefined && hop.ttl < (nearest?.ttl ?? Number.POSITIVE_INFINITY)) nearest = hop;
  return nearest?.roundTrips.longestUs;
}

const longestUs = (hops: Hops): number => Math.max(...[...hops.values()].map(({ roundTrips }) => roundTrips.longestUs ?? 0));
