/** How long a probe is waited for. */
import type { Hop } from './hop.ts';
import type { TraceWait } from './request.ts';

/** Our own delays and a busy router's are no silence. */
const SHORTEST_US = 5000;
/** Before anything is known of the path the next probe of a hop that does not answer waits so long (RFC 6298 §2.1). */
const UNKNOWN_US = 1e6;
/** So many times the longest round trip on the path, a hop that has not answered gets its next probe. */
const OVERDUE = 2;

/**
 * From its departure until a probe counts as lost: by what its own hop has shown, else by the nearest behind it that has
 * answered, as traceroute has it.
 */
export function patienceUs({ ttl, roundTrips }: Hop, hops: ReadonlyMap<number, Hop>, { maxMs, here, near }: TraceWait): number {
  const mostUs = maxMs * 1000;
  const within = (us: number): number => Math.min(mostUs, Math.max(SHORTEST_US, us));
  if (roundTrips.longestUs !== undefined) return within(here * roundTrips.longestUs);
  let nearest: Hop | undefined;
  for (const hop of hops.values())
    if (hop.ttl > ttl && hop.roundTrips.longestUs !== undefined && hop.ttl < (nearest?.ttl ?? Number.POSITIVE_INFINITY)) nearest = hop;
  return nearest === undefined ? mostUs : within(near * (nearest.roundTrips.longestUs as number));
}

/** From its departure until the hop may get its next probe, though an answer may still come. */
export function overdueUs(hops: ReadonlyMap<number, Hop>, { maxMs }: TraceWait): number {
  const longestUs = Math.max(...[...hops.values()].map(({ roundTrips }) => roundTrips.longestUs ?? 0));
  return Math.min(maxMs * 1000, longestUs === 0 ? UNKNOWN_US : Math.max(SHORTEST_US, OVERDUE * longestUs));
}
