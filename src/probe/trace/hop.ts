/** One distance of the path: the probes that went so far, and who answered them with what. */
import type { Figure } from '../../net/moment.ts';
import type { Random } from '../../net/random.ts';
import { formatIpv4, type Ipv4Address } from '../../wire/address.ts';
import type { Change, HopExtensions, HopFigures, Reason } from '../events.ts';
import { compareAnswer } from './answered.ts';
import { compareQuote } from './changes.ts';
import { hopExtensions } from './extensions.ts';
import { RoundTrips } from './hop-figures.ts';
import type { Finding, Probe } from './prober.ts';

/** A probe of a round, and what became of it. */
export interface Try {
  readonly probe: Probe;
  /** From 1. */
  readonly round: number;
  /** `lost`: its time was over; an answer may come yet. */
  state: 'waiting' | 'answered' | 'lost';
  /** Undefined without an answer, and where the answer does not say which probe it is to. */
  rttUs: number | undefined;
}

/** Of tries that are settled, those that are remembered: for late answers, and for what their pattern shows. */
const MOST_TRIES = 256;
/** Addresses that one distance may answer from. */
const MOST_ANSWERERS = 64;
/** Kinds of changes that one distance may show. */
const MOST_CHANGES = 64;

export class Hop {
  readonly ttl: number;
  readonly tries: Try[] = [];
  readonly roundTrips: RoundTrips;
  /** How many probes each has answered. */
  readonly answerers = new Map<Ipv4Address, number>();
  sent = 0;
  received = 0;
  lost = 0;
  /** Name of the ICMP error, where the last answer was one and not `ttl-exceeded`. */
  icmp: string | undefined;
  /** Of the destination, where the last answer was its own. */
  answer: Reason | undefined;
  extensions: HopExtensions | undefined;
  readonly #changes: Change[] = [];
  /** Answers that were not yet compared with what they answer: while probes are under way there is more urgent work. */
  readonly #uncompared: (() => Change[])[] = [];
  quotedBytes: number | undefined;
  /** What was left of the TTL by the quote, where the last answer says that it ran out. */
  quotedTtl: number | undefined;
  /** The TTL that its last answer came with. */
  answerTtl: number | undefined;

  constructor(ttl: number, random: Random) {
    this.ttl = ttl;
    this.roundTrips = new RoundTrips(random);
  }

  /** The last round that it had a probe of; 0 before the first. */
  get round(): number {
    return this.tries.at(-1)?.round ?? 0;
  }

  /** Rounds whose probe is answered or lost. */
  get settledRounds(): number {
    const waiting = this.tries.find(({ state }) => state === 'waiting');
    return waiting === undefined ? this.round : waiting.round - 1;
  }

  get last(): Try | undefined {
    return this.tries.at(-1);
  }

  get isWaiting(): boolean {
    return this.tries.some(({ state }) => state === 'waiting');
  }

  get hasAnswered(): boolean {
    return this.received > 0;
  }

  /** Of who answered most; undefined where none did. */
  get address(): Ipv4Address | undefined {
    let best: Ipv4Address | undefined;
    for (const [address, probes] of this.answerers) if (best === undefined || probes > (this.answerers.get(best) as number)) best = address;
    return best;
  }

  leaves(probe: Probe, round: number): void {
    this.sent++;
    this.tries.push({ probe, round, state: 'waiting', rttUs: undefined });
    if (this.tries.length > MOST_TRIES) this.tries.shift();
  }

  find(probe: Probe): Try | undefined {
    return this.tries.find((one) => one.probe === probe);
  }

  lose(one: Try): void {
    one.state = 'lost';
    this.lost++;
  }

  /** @param one the try that it answers, which no answer has come to yet */
  hearsIcmp(one: Try, { from, round, error, ip }: Extract<Finding, { type: 'icmp' }>): void {
    this.#answered(one, from, round);
    const hasRunOut = error.name === 'ttl-exceeded';
    this.icmp = hasRunOut ? undefined : error.name;
    this.quotedTtl = hasRunOut ? error.ip?.ttl : undefined;
    this.answer = undefined;
    this.answerTtl = ip.ttl;
    this.extensions = hopExtensions(error.extensions) ?? this.extensions;
    const bytes = error.segment?.length ?? 0;
    this.quotedBytes = Math.min(this.quotedBytes ?? bytes, bytes);
    this.#uncompared.push(() => compareQuote(one.probe.datagram, error));
  }

  /** The same of the destination's own segment. */
  hearsAnswer(one: Try, { round, outcome, ip, tcp }: Extract<Finding, { type: 'answer' }>): void {
    this.#answered(one, ip.source, round);
    this.icmp = undefined;
    this.quotedTtl = undefined;
    this.answer = outcome.reason;
    this.answerTtl = ip.ttl;
    this.#uncompared.push(() => compareAnswer(one.probe.datagram, tcp));
  }

  /** All that its answers show; what of it is first seen here the nearer ones tell. */
  get changes(): readonly Change[] {
    for (const change of this.#uncompared.splice(0).flatMap((compare) => compare())) {
      const isKnown = this.#changes.some((known) => changeKey(known) === changeKey(change));
      if (!isKnown && this.#changes.length < MOST_CHANGES) this.#changes.push(change);
    }
    return this.#changes;
  }

  get figures(): HopFigures {
    const { sent, received, lost } = this;
    return { sent, received, lossPercent: lost === 0 ? 0 : (100 * lost) / (received + lost), rttUs: this.roundTrips.rttUs };
  }

  #answered(one: Try, from: Ipv4Address, round: Figure | undefined): void {
    if (one.state === 'lost') this.lost--;
    one.state = 'answered';
    this.received++;
    if (round !== undefined) {
      one.rttUs = round.us;
      this.roundTrips.add(round);
    }
    if (this.answerers.has(from) || this.answerers.size < MOST_ANSWERERS) this.answerers.set(from, (this.answerers.get(from) ?? 0) + 1);
  }
}

/** Fields that differ from probe to probe: of them it does not matter what they were changed to. */
const VARYING: ReadonlySet<Change['field']> = new Set<Change['field']>(['seq', 'ack', 'ip-id', 'checksum']);

const changeKey = ({ field, how, sent, seen }: Change): string =>
  VARYING.has(field) ? `${field} ${how}` : `${field} ${how} ${sent} ${seen}`;

/**
 * Of what a hop shows, that which no nearer one has shown. What the destination leaves unanswered says nothing new where a
 * quote has shown what became of it.
 */
export function firstSeen(hop: Hop, nearer: readonly Hop[]): Change[] {
  const known = nearer.flatMap(({ changes }) => changes);
  return hop.changes.filter((change) => {
    if (change.shownBy === 'answer') return !known.some(({ field }) => field === change.field);
    return !known.some((other) => changeKey(other) === changeKey(change));
  });
}

/** All who answered, most first. */
export function answerersOf(
  hop: Hop,
  nameOf: (address: string) => string | undefined,
): { address: string; name: string | undefined; probes: number }[] {
  return [...hop.answerers]
    .sort(([, a], [, b]) => b - a)
    .map(([address, probes]) => {
      const shown = formatIpv4(address);
      return { address: shown, name: nameOf(shown), probes };
    });
}
