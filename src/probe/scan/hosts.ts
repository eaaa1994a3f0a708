/**
 * Whether an open port is the host's own. Proxies and load shedders answer SYN+ACK in the place of hosts, some of them from
 * every port: so a host with an open port is asked on random high ports too, where hardly anybody listens.
 */
import { type Random, randomBelow } from '../../net/random.ts';
import type { Ipv4Address } from '../../wire/address.ts';
import type { ProxiedReason } from '../events.ts';
import type { IntervalSet } from './intervals.ts';

/** Ports that nobody is assigned to (RFC 6335 §6). */
const FIRST_DYNAMIC = 49_152;
const DYNAMIC = 65_536 - FIRST_DYNAMIC;
/** So many in a row must answer SYN+ACK, each another port. */
const ASKED_PORTS = 3;
/** How often one is asked. */
const ATTEMPTS = 3;
/** Draws for a port that is not scanned anyway. */
const DRAWS = 16;

/** What is remembered of how many hosts; one that was pushed out is asked again. A power of two. */
const REMEMBERED = 65_536;
const UNKNOWN = 0;
const HONEST = 1;
const ANSWERS_ALL = 2;

/** An open port, with what its SYN+ACK had, that is told once its host is known. */
export interface HeldPort {
  readonly place: number;
  readonly atUs: number;
  readonly rttUs: number | undefined;
  readonly ttl: number;
  readonly window: number;
  readonly hasOptions: boolean;
}

/** A host that is being asked. */
export interface HostCheck {
  readonly host: number;
  readonly address: Ipv4Address;
  /** The one that is asked now. */
  port: number;
  attempts: number;
  sentAtUs: number;
  /** How many answered SYN+ACK. */
  synAcks: number;
  readonly held: HeldPort[];
}

export class Hosts {
  readonly #ports: IntervalSet;
  readonly #random: Random;
  /** Whether a port that is scanned too can be told apart, by the source port. */
  readonly #anyPort: boolean;
  /** By address; those that were asked, in the order of that. */
  readonly #checks = new Map<Ipv4Address, HostCheck>();
  /** Those of them that are to be asked at once. */
  readonly #fresh: HostCheck[] = [];
  readonly #known = new Uint32Array(REMEMBERED);
  readonly #finding = new Uint8Array(REMEMBERED);
  /** Of the host's answers but SYN+ACKs; 0 for none. */
  readonly #ttl = new Uint8Array(REMEMBERED);

  constructor(ports: IntervalSet, random: Random, anyPort: boolean) {
    this.#ports = ports;
    this.#random = random;
    this.#anyPort = anyPort;
  }

  /** How many are being asked. */
  get asking(): number {
    return this.#checks.size;
  }

  /** An answer that is no SYN+ACK: the host itself, most likely. */
  answered(host: number, ttl: number): void {
    this.#ttl[this.#placeOf(host)] = ttl;
  }

  /**
   * A port is open: its host is asked unless that is known.
   * @returns whether the port must wait for that
   */
  hold(host: number, address: Ipv4Address, held: HeldPort): boolean {
    if (this.#finding[this.#placeOf(host)] !== UNKNOWN) return false;
    const check = this.#checks.get(address);
    if (check !== undefined) {
      check.held.push(held);
      return true;
    }
    const port = this.#drawPort();
    if (port === undefined) return false;
    const begun: HostCheck = { host, address, port, attempts: 0, sentAtUs: Number.NEGATIVE_INFINITY, synAcks: 0, held: [held] };
    this.#checks.set(address, begun);
    this.#fresh.push(begun);
    return true;
  }

  /** The next that is to be asked, or asked again; undefined where none is. @param patienceUs how long an answer may take */
  due(nowUs: number, patienceUs: number): HostCheck | undefined {
    return this.dueAtUs(patienceUs) <= nowUs ? (this.#fresh[0] ?? this.#oldest) : undefined;
  }

  /** When the next is due. */
  dueAtUs(patienceUs: number): number {
    const check = this.#fresh[0] ?? this.#oldest;
    return check === undefined ? Number.POSITIVE_INFINITY : check.sentAtUs + patienceUs;
  }

  get #oldest(): HostCheck | undefined {
    for (const check of this.#checks.values()) return check;
    return undefined;
  }

  /** One that is due is to be asked. @returns the ports that wait for it, where it was asked often enough already */
  ask(check: HostCheck, nowUs: number): readonly HeldPort[] | undefined {
    if (this.#fresh[0] === check) this.#fresh.shift();
    if (check.attempts >= ATTEMPTS) return this.#end(check, HONEST);
    check.attempts++;
    check.sentAtUs = nowUs;
    this.#checks.delete(check.address);
    this.#checks.set(check.address, check);
    return undefined;
  }

  /** The check that a port of an address belongs to. */
  find(address: Ipv4Address, port: number): HostCheck | undefined {
    const check = this.#checks.get(address);
    return check?.port === port ? check : undefined;
  }

  /** A check was answered. @returns the ports that waited for it, where it is over */
  heard(check: HostCheck, isSynAck: boolean): readonly HeldPort[] | undefined {
    if (!isSynAck) return this.#end(check, HONEST);
    check.synAcks++;
    if (check.synAcks === ASKED_PORTS) return this.#end(check, ANSWERS_ALL);
    const port = this.#drawPort();
    if (port === undefined) return this.#end(check, ANSWERS_ALL);
    check.port = port;
    check.attempts = 0;
    check.sentAtUs = Number.NEGATIVE_INFINITY;
    this.#fresh.push(check);
    return undefined;
  }

  /** Gives up all checks. @returns the ports that waited for them */
  giveUp(): readonly HeldPort[] {
    this.#fresh.length = 0;
    return [...this.#checks.values()].flatMap((check) => this.#end(check, HONEST));
  }

  /** Why a SYN+ACK may be a proxy's; undefined where nothing says so. */
  suspicion(host: number, { hasOptions, window, ttl }: Pick<HeldPort, 'hasOptions' | 'window' | 'ttl'>): ProxiedReason | undefined {
    const place = this.#placeOf(host);
    if (this.#finding[place] === ANSWERS_ALL) return 'answers-all';
    if (!hasOptions) return 'no-options';
    if (window === 0) return 'zero-window';
    const usual = this.#ttl[place];
    return usual !== 0 && usual !== ttl ? 'other-ttl' : undefined;
  }

  #end(check: HostCheck, finding: typeof HONEST | typeof ANSWERS_ALL): readonly HeldPort[] {
    this.#checks.delete(check.address);
    this.#finding[this.#placeOf(check.host)] = finding;
    return check.held;
  }

  /** A host's place; whoever had it before is forgotten. */
  #placeOf(host: number): number {
    const place = host % REMEMBERED;
    if (this.#known[place] !== host) {
      this.#known[place] = host;
      this.#finding[place] = UNKNOWN;
      this.#ttl[place] = 0;
    }
    return place;
  }

  #drawPort(): number | undefined {
    let port: number | undefined;
    for (let draws = 0; draws < DRAWS; draws++) {
      const drawn = FIRST_DYNAMIC + randomBelow(this.#random, DYNAMIC);
      if (this.#ports.indexOf(drawn) === undefined) return drawn;
      if (this.#anyPort) port = drawn;
    }
    return port;
  }
}
