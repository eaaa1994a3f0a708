/** Tells hops: each as soon as it and all before it are settled, or all of them after a round. */
import { formatIpv4, type Ipv4Address, parseIpv4 } from '../../wire/address.ts';
import type { HopEvent } from '../events.ts';
import type { Source } from '../start-event.ts';
import { answerersOf, firstSeen, type Hop } from './hop.ts';
import type { Names } from './names.ts';
import type { Path } from './path.ts';
import { remarksOf } from './remarks.ts';
import type { TraceRequest } from './request.ts';

export class Story {
  readonly #request: TraceRequest;
  readonly #path: Path;
  readonly #names: Names;
  readonly #source: Ipv4Address;
  /** The TTL of the hop that is told next. */
  #nextTtl: number;

  constructor(request: TraceRequest, path: Path, names: Names, { sourceAddress }: Source) {
    this.#request = request;
    this.#path = path;
    this.#names = names;
    this.#source = parseIpv4(sourceAddress) as Ipv4Address;
    this.#nextTtl = request.firstTtl;
  }

  /** Those that nothing will change any more: what is remarkable about a hop, its neighbour behind shows too. */
  settled(atUs: number, isSettled: (hop: Hop) => boolean): HopEvent[] {
    const events: HopEvent[] = [];
    const { hops } = this.#path;
    for (;;) {
      const hop = hops.get(this.#nextTtl);
      // Whether silence is the end of the path only the end of the run tells.
      const isOnPath = this.#nextTtl <= (this.#path.end ?? this.#path.lastAnswered);
      if (hop === undefined || !isOnPath || !isSettled(hop)) return events;
      const behind = hops.get(hop.ttl + 1);
      const isLast = hop.ttl === this.#path.end;
      if (!isLast && (behind === undefined || !isSettled(behind))) return events;
      if (![...hop.answerers.keys()].every((address) => this.#names.isSettled(formatIpv4(address)))) return events;
      events.push(this.#event(hop, atUs, undefined));
      this.#nextTtl++;
    }
  }

  /** Those that were not told yet: after them there are none. */
  rest(atUs: number): HopEvent[] {
    const hops = this.#path.known.filter(({ ttl }) => ttl >= this.#nextTtl);
    this.#nextTtl = Number.POSITIVE_INFINITY;
    return hops.map((hop) => this.#event(hop, atUs, undefined));
  }

  /** All of them, with the times of one round. */
  all(atUs: number, round: number): HopEvent[] {
    return this.#path.known.map((hop) => this.#event(hop, atUs, round));
  }

  #event(hop: Hop, atUs: number, round: number | undefined): HopEvent {
    const { hops } = this.#path;
    const tries = hop.tries.filter((one) => round === undefined || one.round === round);
    const answerers = answerersOf(hop, (address) => this.#names.of(address));
    const destination = formatIpv4(this.#request.address);
    const shown = (hop.answer && answerers.find(({ address }) => address === destination)) ?? answerers[0];
    const nearer = [...hops.values()].filter(({ ttl }) => ttl < hop.ttl);
    return {
      type: 'hop',
      atUs,
      ttl: hop.ttl,
      flow: undefined,
      address: shown?.address,
      name: shown?.name,
      answerers,
      rttUs: tries.map(({ rttUs }) => rttUs ?? null),
      rttClock: hop.roundTrips.clock,
      figures: hop.figures,
      icmp: hop.icmp,
      answer: hop.answer,
      extensions: hop.extensions,
      changes: firstSeen(hop, nearer),
      remarks: remarksOf(hop, hops, { source: this.#source, destination: this.#request.address }),
      quotedBytes: hop.quotedBytes,
    };
  }
}
