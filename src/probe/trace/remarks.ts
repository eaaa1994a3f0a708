/** What is remarkable about a hop, seen beside the others. */
import type { Ipv4Address } from '../../wire/address.ts';
import type { HopRemark } from '../events.ts';
import type { Hop, Try } from './hop.ts';

/** The addresses at the two ends of the path. */
export interface Ends {
  source: Ipv4Address;
  destination: Ipv4Address;
}

/** @param hops all distances that were probed, by TTL */
export function remarksOf(hop: Hop, hops: ReadonlyMap<number, Hop>, { source, destination }: Ends): HopRemark[] {
  const before = hops.get(hop.ttl - 1);
  const remarks: [HopRemark, boolean][] = [
    ['rate-limited', isRateLimited(hop, hops)],
    ['loop', ranOut(hop) && isLoop(hop, hops)],
    ['zero-ttl', ranOut(hop) && before?.quotedTtl === 0 && before.address === hop.address],
    ['ttl-reset', (hop.quotedTtl ?? 0) > 1],
    ['from-destination', hop.answer === undefined && hop.answerers.has(destination)],
    ['several', hop.answerers.size > 1],
    ['asymmetric', isAsymmetric(hop, hops)],
    ['local', hop.answer === undefined && hop.answerers.has(source)],
  ];
  return remarks.filter(([, is]) => is).map(([remark]) => remark);
}

/** Its router has dropped what came for others, since the TTL ran out. */
const ranOut = (hop: Hop): boolean => hop.quotedTtl !== undefined;

/** The address stood at an earlier hop, with another one in between. */
function isLoop(hop: Hop, hops: ReadonlyMap<number, Hop>): boolean {
  let isParted = false;
  for (let ttl = hop.ttl - 1; hops.has(ttl); ttl--) {
    const address = hops.get(ttl)?.address;
    if (address !== undefined && address !== hop.address) isParted = true;
    else if (address === hop.address && isParted) return true;
  }
  return false;
}

/** So many times must a cycle of addresses come in a row. */
export const CYCLES = 3;

/** Whether the path goes round: the last addresses up to a distance are a cycle that came three times. */
export function goesRound(upTo: number, hops: ReadonlyMap<number, Hop>): boolean {
  const addressAt = (ttl: number): Ipv4Address | undefined => {
    const hop = hops.get(ttl);
    return hop !== undefined && ranOut(hop) ? hop.address : undefined;
  };
  for (let length = 1; length * CYCLES <= upTo; length++) {
    let ttl = upTo;
    while (ttl > upTo - length * (CYCLES - 1) && addressAt(ttl) !== undefined && addressAt(ttl) === addressAt(ttl - length)) ttl--;
    if (ttl === upTo - length * (CYCLES - 1)) return true;
  }
  return false;
}

const ONE_SECOND_US = 1e6;
/** The first few are answered, then at least two in a row are not; single ones come through again as time goes by. */
const LIMITED = /^a+(l{2,}a?)+$/;

/** Answers stop after the first few of one second, while hops behind go on answering: chance loses here and there. */
function isRateLimited(hop: Hop, hops: ReadonlyMap<number, Hop>): boolean {
  if (!ranOut(hop)) return false;
  const [first] = hop.tries;
  if (first === undefined) return false;
  const isOfBurst = ({ probe }: Try): boolean => probe.departure.atUs - first.probe.departure.atUs < ONE_SECOND_US;
  const burst = hop.tries.filter((one) => one.state !== 'waiting' && isOfBurst(one));
  if (!LIMITED.test(burst.map(({ state }) => state[0]).join(''))) return false;
  const lost = burst.filter(({ state }) => state === 'lost').map(({ round }) => round);
  return [...hops.values()].some(
    ({ ttl, tries }) => ttl > hop.ttl && lost.every((round) => tries.some((one) => one.round === round && one.state === 'answered')),
  );
}

/** What senders begin with. */
const INITIAL_TTLS = [64, 128, 255] as const;
/** A tunnel, or a router that answers by another interface, makes a difference of one. */
const USUAL_DIFFERENCE = 1;

/** By how many hops the way back is longer than the way there. */
function detour({ ttl, answerTtl }: Hop): number | undefined {
  const initial = answerTtl === undefined ? undefined : INITIAL_TTLS.find((usual) => usual >= answerTtl);
  return initial === undefined ? undefined : initial - (answerTtl as number) + 1 - ttl;
}

/** Its way back is of another length, and its neighbours' is not. */
function isAsymmetric(hop: Hop, hops: ReadonlyMap<number, Hop>): boolean {
  const own = detour(hop);
  if (own === undefined || Math.abs(own) <= USUAL_DIFFERENCE) return false;
  const neighbours = [hop.ttl - 1, hop.ttl + 1].flatMap((ttl) => {
    const neighbour = hops.get(ttl);
    return neighbour === undefined ? [] : (detour(neighbour) ?? []);
  });
  return neighbours.length > 0 && neighbours.every((other) => Math.abs(other - own) > USUAL_DIFFERENCE);
}
