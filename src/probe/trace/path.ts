/** What is known of the path: its hops, and where it ends. */
import type { Random } from '../../net/random.ts';
import { formatIpv4, type Ipv4Address } from '../../wire/address.ts';
import type { Outcome, Stop } from '../events.ts';
import { saysMore } from '../verdict.ts';
import { Hop } from './hop.ts';
import type { Finding, Probe } from './prober.ts';
import { CYCLES, goesRound } from './remarks.ts';
import type { TraceRequest } from './request.ts';

export class Path {
  /** By TTL; ascending, for so they are probed first. */
  readonly hops = new Map<number, Hop>();
  /** What the destination itself has said. */
  answer: Outcome | undefined;
  /** How far the destination is. */
  distance: number | undefined;
  /** The nearest ICMP error that says it goes no further. */
  refusal: { ttl: number; from: Ipv4Address; icmp: string } | undefined;
  /** Where it has gone round often enough. */
  #loopTtl: number | undefined;
  /** The last distance that anybody answered from; one before the first TTL where none did. */
  #lastAnswered: number;
  /** The destination has never said which probe it answers. */
  #isGuessed = false;
  readonly #request: TraceRequest;
  readonly #random: Random;

  constructor(request: TraceRequest, random: Random) {
    this.#request = request;
    this.#random = random;
    this.#lastAnswered = request.firstTtl - 1;
  }

  /** The last TTL that there is anything to learn of; undefined while that is not known. */
  get end(): number | undefined {
    return this.distance ?? this.refusal?.ttl ?? this.#loopTtl;
  }

  /** Up to where hops are waited for. */
  get extent(): number {
    return this.end ?? Math.min(this.#request.maxTtl, this.#lastAnswered + this.#request.gap);
  }

  get lastAnswered(): number {
    return Math.min(this.#lastAnswered, this.extent);
  }

  /** The next TTL that was never probed. */
  get frontier(): number {
    return this.#request.firstTtl + this.hops.size;
  }

  /** The hops up to the extent that have been probed. */
  get known(): Hop[] {
    return [...this.hops.values()].filter(({ ttl }) => ttl <= this.extent);
  }

  hop(ttl: number): Hop {
    let hop = this.hops.get(ttl);
    if (hop === undefined) {
      hop = new Hop(ttl, this.#random);
      this.hops.set(ttl, hop);
    }
    return hop;
  }

  /** @returns whether it is the first answer to its probe */
  hearsIcmp(finding: Extract<Finding, { type: 'icmp' }>): boolean {
    const { probe, from, error } = finding;
    const { ttl } = probe;
    const hop = this.hop(ttl);
    const one = hop.find(probe);
    if (one === undefined || one.state === 'answered') return false;
    hop.hearsIcmp(one, finding);
    this.#reaches(ttl);
    if (error.name === 'ttl-exceeded') {
      // The path has become longer, or opens further.
      if (one === hop.last) this.#goesOnFrom(ttl);
      if (this.#loopTtl === undefined && this.#hasRepeated(from)) this.#findLoop();
    } else if (ttl <= (this.refusal?.ttl ?? ttl)) this.refusal = { ttl, from, icmp: error.name };
    return true;
  }

  /** @returns whether it is the first answer to its probe, or to none that it names but new */
  hearsAnswer(finding: Extract<Finding, { type: 'answer' }>): boolean {
    const { outcome } = finding;
    const probe = finding.probe ?? this.#guess();
    if (probe === undefined) return false;
    const { ttl } = probe;
    const hop = this.hop(ttl);
    const one = hop.find(probe);
    if (one === undefined || one.state === 'answered') return false;
    this.answer = this.answer === undefined ? outcome : saysMore(this.answer, outcome);
    hop.hearsAnswer(one, finding);
    this.#reaches(ttl);
    if (finding.probe !== undefined && this.#isGuessed) {
      this.#isGuessed = false;
      this.distance = ttl;
    }
    this.distance = Math.min(this.distance ?? ttl, ttl);
    return true;
  }

  /** How it stopped; undefined where the destination was reached. */
  get stop(): Stop | undefined {
    if (this.answer !== undefined) return undefined;
    const last = this.#lastHopThatAnswered();
    const address = last?.address === undefined ? undefined : formatIpv4(last.address);
    const at = { ttl: last?.ttl ?? 0, address, icmp: undefined };
    if (this.refusal !== undefined) {
      const { from, icmp } = this.refusal;
      const nearest = [...this.hops.values()].find(({ answerers }) => answerers.has(from));
      return { kind: 'refused', ttl: nearest?.ttl ?? this.refusal.ttl, address: formatIpv4(from), icmp };
    }
    if (this.#loopTtl !== undefined) return { ...at, kind: 'loop' };
    return { ...at, kind: at.ttl === this.#request.maxTtl ? 'max-ttl' : 'silent' };
  }

  #lastHopThatAnswered(): Hop | undefined {
    return this.known.findLast(({ hasAnswered }) => hasAnswered);
  }

  #reaches(ttl: number): void {
    this.#lastAnswered = Math.max(this.#lastAnswered, ttl);
  }

  #goesOnFrom(ttl: number): void {
    if (this.distance !== undefined && ttl >= this.distance) this.distance = undefined;
    if (this.refusal !== undefined && ttl >= this.refusal.ttl) this.refusal = undefined;
  }

  /**
   * The probe that an answer is to which names none: only the first such tells anything, for others may be to any of those that
   * went further. The nearest one behind the routers it is then, or the one that the destination is waited for with.
   */
  #guess(): Probe | undefined {
    if (this.distance !== undefined && !this.#isGuessed) return undefined;
    const ttl = this.distance ?? this.#lastAnswered + 1;
    const one = this.hops.get(ttl)?.tries.find(({ state }) => state === 'waiting');
    if (one !== undefined) this.#isGuessed = true;
    return one?.probe;
  }

  /** Often enough to be part of a loop. */
  #hasRepeated(address: Ipv4Address): boolean {
    let times = 0;
    for (const { answerers } of this.hops.values()) if (answerers.has(address)) times++;
    return times >= CYCLES;
  }

  #findLoop(): void {
    const upTo = [...this.hops.keys()].find((ttl) => goesRound(ttl, this.hops));
    if (upTo !== undefined) this.#loopTtl = upTo;
  }
}
