/**
 * The path MTU by probes of chosen size that may not be fragmented (RFC 1191), also where routers drop them without a word.
 *
 * A probe is an ACK filled up with data: a host answers it with RST whether somebody listens or not (RFC 9293 §3.10.7.1,
 * §3.10.7.2), and nothing is left behind. A firewall that minds connections drops it; then it is the segment that was asked
 * for, mostly a SYN with data, which hosts answer though some firewalls dislike the data. Inside a connection it is data that
 * was acknowledged before, which all let pass. Where the destination answers none of them, the path is measured as far as the
 * last router that says "TTL exceeded".
 */
import { NetError } from '../../net/errors.ts';
import type { Clock } from '../../net/network.ts';
import { formatIpv4 } from '../../wire/address.ts';
import { ACK } from '../../wire/flags.ts';
import type { PathMtu } from '../events.ts';
import type { Finding, Probe, ProbeChoice, Prober } from './prober.ts';

/** What the trace knows of the path already. */
export interface KnownPath {
  destination: string;
  /** Those who answered with "TTL exceeded", in order. */
  hops: readonly { ttl: number; address: string }[];
  /** The longest round trip seen; undefined where nobody answered. */
  rttUs: number | undefined;
}

export interface MtuLimits {
  clock: Clock;
  signal: AbortSignal | undefined;
  /** When to stop at the latest. */
  untilUs: number;
  /** The probes go out inside a connection. */
  inside: boolean;
  /** Of the probes that are to reach the destination. */
  fullTtl: number;
}

/** What came of a probe. `told`: by "fragmentation needed", with the MTU where the router names one. */
type Reaction = { type: 'passed' } | { type: 'told'; from: string; ttl: number | undefined; mtu: number | undefined } | { type: 'silent' };

/** Where probes are sent to, and what they are. */
interface Aim {
  ttl: number;
  address: string;
  choice: ProbeChoice;
  by: PathMtu['by'];
}

/** RFC 791: what every link takes. */
const SMALLEST = 68;
/** RFC 1191 §7.1: sizes that links have, tried where nobody names one. */
const PLATEAUS = [32_000, 17_914, 8166, 4352, 2002, 1492, 1006, 508, 296, SMALLEST];
/** Of one size: a lost probe must not pass for one that was too large. */
const TRIES = 3;
const SHORTEST_WAIT_US = 20_000;
const LONGEST_WAIT_US = 1_000_000;
/** Round trips that a first try is waited for. */
const PATIENCE = 3;
/** Routers that have said too much lately may say one thing a second (icmp_ratelimit of Linux). */
const BREATH_US = 1_100_000;
const MOST_PROBES = 300;

/** @returns undefined where nothing answers, so that nothing can be measured */
export async function findPathMtu(prober: Prober, path: KnownPath, limits: MtuLimits): Promise<PathMtu | undefined> {
  return new MtuSearch(prober, path, limits).find();
}

class MtuSearch {
  readonly #prober: Prober;
  readonly #path: KnownPath;
  readonly #limits: MtuLimits;
  readonly #waitUs: number;
  readonly #narrowings: { ttl: number | undefined; address: string | undefined; mtu: number }[] = [];
  #sent = 0;
  /** Bytes of the least that can be asked: the segment may have options and data of its own. */
  #smallest = SMALLEST;
  /** Sizes that drew something, and from whom where they did not pass; and those that were dropped in silence. */
  readonly #heard: { size: number; from: string | undefined }[] = [];
  readonly #lost: number[] = [];

  constructor(prober: Prober, path: KnownPath, limits: MtuLimits) {
    this.#prober = prober;
    this.#path = path;
    this.#limits = limits;
    this.#waitUs = Math.min(LONGEST_WAIT_US, Math.max(SHORTEST_WAIT_US, PATIENCE * (path.rttUs ?? 0)));
  }

  async find(): Promise<PathMtu | undefined> {
    const aim = await this.#takeAim();
    if (aim === undefined) return undefined;
    const { mtu, found } = await this.#search(aim);
    await this.#findBlackHole(aim);
    const narrowings = this.#narrowings.sort((a, b) => (a.ttl ?? 0) - (b.ttl ?? 0));
    return { mtu, found: this.#over ? 'unfinished' : found, towards: aim.address, by: aim.by, narrowings };
  }

  get #over(): boolean {
    const { clock, signal, untilUs } = this.#limits;
    return signal?.aborted === true || this.#sent >= MOST_PROBES || clock.nowUs() >= untilUs;
  }

  /** What the destination answers; else the last router that does. */
  async #takeAim(): Promise<Aim | undefined> {
    const { destination, hops } = this.#path;
    const there = { ttl: this.#limits.fullTtl, address: destination };
    const last = hops.at(-1);
    const aims: Aim[] = this.#limits.inside
      ? [{ ...there, choice: {}, by: 'connection' }]
      : [
          { ...there, choice: { flags: ACK }, by: 'ack' },
          { ...there, choice: {}, by: 'segment' },
        ];
    if (last !== undefined) aims.push({ ...last, choice: {}, by: 'last-hop' });
    for (const aim of aims) if ((await this.#react(aim, this.#smallest)).type === 'passed') return aim;
    return undefined;
  }

  /** The largest size that passes: by what routers name, by plateaus until one passes, then by halving. */
  async #search(aim: Aim): Promise<Pick<PathMtu, 'mtu' | 'found'>> {
    let passed = this.#smallest;
    let failed = this.#prober.mtu + 1;
    let size = this.#prober.mtu;
    /** The size that a router has named. */
    let named: number | undefined;
    /** A router has said of the smallest that failed that it is too large. */
    let isTold = false;
    while (failed - passed > 1 && !this.#over) {
      const reaction = await this.#measure(aim, size);
      if (reaction.type === 'passed') {
        passed = size;
        // Who names a size may lie: the next one above it must fail.
        size = size === named ? size + 1 : halfway(passed, failed);
        continue;
      }
      failed = size;
      isTold = reaction.type === 'told';
      const next = reaction.type === 'told' ? this.#heed(reaction, size, passed) : undefined;
      named = next ?? named;
      size = next ?? (passed > this.#smallest ? halfway(passed, failed) : Math.max(passed + 1, plateauBelow(failed)));
    }
    for (const narrowing of this.#narrowings) {
      const refused = Math.min(...this.#heard.filter(({ from }) => from === narrowing.address).map(({ size }) => size));
      // What others further on have told of, or what has passed, went through here.
      narrowing.mtu = Math.max(
        narrowing.mtu,
        this.#largestHeard(({ size, from }) => size < refused && from !== narrowing.address),
      );
    }
    const found = passed === this.#prober.mtu ? 'whole' : isTold ? 'icmp' : 'halving';
    return { mtu: passed, found };
  }

  async #measure(aim: Aim, size: number): Promise<Reaction> {
    const reaction = await this.#react(aim, size);
    if (reaction.type === 'silent') this.#lost.push(size);
    else this.#heard.push({ size, from: reaction.type === 'told' ? reaction.from : undefined });
    return reaction;
  }

  /** Where silence begins: the smallest size that was dropped without a word, and the largest below it that was not. */
  get #silence(): { lost: number; heard: number } {
    const lost = Math.min(...this.#lost);
    return { lost, heard: this.#largestHeard(({ size }) => size < lost) };
  }

  #largestHeard(fits: (heard: { size: number; from: string | undefined }) => boolean): number {
    return Math.max(this.#smallest, ...this.#heard.filter(fits).map(({ size }) => size));
  }

  /** @returns the size to try next, where the router has named one that can be */
  #heed({ from, ttl, mtu }: Extract<Reaction, { type: 'told' }>, size: number, passed: number): number | undefined {
    const isSensible = mtu !== undefined && mtu >= SMALLEST && mtu < size;
    const known = this.#narrowings.find(({ address }) => address === from);
    if (known === undefined) this.#narrowings.push({ ttl, address: from, mtu: isSensible ? mtu : 0 });
    else if (isSensible && mtu < known.mtu) known.mtu = mtu;
    return isSensible && mtu > passed ? mtu : undefined;
  }

  /** The last hop that a probe too large for it still reaches is the router that drops it. */
  async #findBlackHole(target: Aim): Promise<void> {
    if (this.#lost.length === 0) return;
    while (this.#silence.lost - this.#silence.heard > 1 && !this.#over)
      await this.#measure(target, halfway(this.#silence.heard, this.#silence.lost));
    const { lost, heard } = this.#silence;
    const hops = [...this.#path.hops];
    let reached = -1;
    let beyond = hops.length;
    while (beyond - reached > 1 && !this.#over) {
      const at = halfway(reached, beyond);
      const aim: Aim = { ...(hops[at] as KnownPath['hops'][number]), choice: target.choice, by: 'last-hop' };
      const answers = await this.#compare(aim, lost);
      if (answers === 'both') reached = at;
      else if (answers === 'small') beyond = at;
      else {
        // It says nothing any more, of whatever size.
        hops.splice(at, 1);
        beyond--;
      }
    }
    if (this.#over) return;
    const { ttl, address } = hops[reached] ?? {};
    // It has named its MTU before, and then said no more.
    const isKnown = this.#narrowings.some((narrowing) => narrowing.address === address);
    if (!isKnown) this.#narrowings.push({ ttl, address, mtu: heard });
  }

  /** Whether a router answers a probe of this size, and a small one too. */
  async #compare(aim: Aim, size: number): Promise<'both' | 'small' | 'none'> {
    for (let breath = 0; breath < 2; breath++) {
      if (breath > 0) await this.#rest(BREATH_US);
      // Who tells that it is too large is further on than one that says nothing of it.
      if ((await this.#react(aim, size)).type !== 'silent') return 'both';
      if ((await this.#react(aim, this.#smallest)).type === 'passed') return 'small';
    }
    return 'none';
  }

  async #react(aim: Aim, size: number): Promise<Reaction> {
    const probes: Probe[] = [];
    for (let waitUs = this.#waitUs; probes.length < TRIES && !this.#over; waitUs *= 2) {
      const probe = this.#send(aim, size);
      // The interface itself has become narrower.
      if (probe === undefined) break;
      probes.push(probe);
      const reaction = await this.#await(aim, probes, waitUs);
      if (reaction !== undefined) return reaction;
    }
    for (const probe of probes) this.#prober.giveUp(probe);
    return { type: 'silent' };
  }

  #send({ ttl, choice }: Aim, size: number): Probe | undefined {
    this.#sent++;
    try {
      const probe = this.#prober.send(ttl, { ...choice, datagramBytes: size });
      this.#smallest = Math.max(this.#smallest, size === this.#smallest ? probe.datagram.length : 0);
      return probe;
    } catch (error) {
      if (error instanceof NetError && error.code === 'message-too-long') return undefined;
      throw error;
    }
  }

  /** What the first answer to one of the probes says. */
  async #await(aim: Aim, probes: readonly Probe[], waitUs: number): Promise<Reaction | undefined> {
    const { clock, untilUs } = this.#limits;
    const deadlineUs = Math.min(untilUs, clock.nowUs() + waitUs);
    for (;;) {
      const finding = await this.#prober.next(deadlineUs);
      const reaction = finding === undefined ? undefined : this.#judge(finding, probes, aim);
      if (reaction !== undefined || clock.nowUs() >= deadlineUs || this.#limits.signal?.aborted === true) return reaction;
    }
  }

  /** Late answers to earlier probes say nothing of these. */
  #judge(finding: Finding, probes: readonly Probe[], aim: Aim): Reaction | undefined {
    if (finding.type === 'ignored' || finding.probe === undefined || !probes.includes(finding.probe)) return undefined;
    if (finding.type === 'answer') return { type: 'passed' };
    const { error, probe } = finding;
    const from = formatIpv4(finding.from);
    if (error.name === 'fragmentation-needed') {
      // What is left of its TTL tells how far it came, where the router is not one that was seen.
      const ttl = this.#path.hops.find(({ address }) => address === from)?.ttl ?? distance(probe, error.ip?.ttl);
      return { type: 'told', from, ttl, mtu: error.nextHopMtu || undefined };
    }
    const hasArrived = aim.by === 'last-hop' ? error.name === 'ttl-exceeded' : from === this.#path.destination;
    return hasArrived ? { type: 'passed' } : undefined;
  }

  async #rest(forUs: number): Promise<void> {
    const { clock, signal, untilUs } = this.#limits;
    const endUs = Math.min(untilUs, clock.nowUs() + forUs);
    while (clock.nowUs() < endUs && signal?.aborted !== true) await this.#prober.next(endUs);
  }
}

/** Undefined where somebody has set the TTL to more than it began with. */
const distance = ({ ttl }: Probe, left: number | undefined): number | undefined =>
  left === undefined || left > ttl ? undefined : ttl - left + 1;

const halfway = (a: number, b: number): number => Math.floor((a + b) / 2);

const plateauBelow = (size: number): number => PLATEAUS.find((plateau) => plateau < size) ?? SMALLEST;
