/** What was found: counted, and told of those ports that are asked for. */
import type { NetError } from '../../net/errors.ts';
import { formatIpv4 } from '../../wire/address.ts';
import type { Outcome, ProxiedReason, ScanEvent, UnsentPortEvent } from '../events.ts';
import { Outcomes } from './outcomes.ts';
import type { Places } from './places.ts';
import type { ScanRequest } from './request.ts';

/** What is known of the answer that settled a port; nothing of silence. */
export interface PortAnswer {
  rttUs?: number | undefined;
  ttl?: number | undefined;
  from?: string | undefined;
  proxiedReason?: ProxiedReason | undefined;
}

/** As long as nothing could be sent, so many failures are kept back: they may be all that there is to say. */
const MOST_KEPT_BACK = 1024;

export class Findings {
  /** What is to be told, in order. */
  readonly events: ScanEvent[] = [];
  readonly outcomes = new Outcomes();
  open = 0;
  proxied = 0;
  unsent = 0;
  /** Pairs that have a verdict, or can't be sent to. */
  settled = 0;
  readonly #places: Places;
  readonly #request: ScanRequest;
  /** By host, where they are to be told. */
  readonly #hosts = new Map<number, { left: number; outcomes: Outcomes }>();
  /** Of a host how many pairs are to be settled; of a part of a scan that is not known before its end. */
  readonly #pairsOfHost: number;
  readonly #keptBack: { event: UnsentPortEvent; error: NetError }[] = [];
  #begun = false;

  constructor(places: Places, request: ScanRequest) {
    this.#places = places;
    this.#request = request;
    const isWhole = request.shard === undefined && request.resume === undefined;
    this.#pairsOfHost = isWhole ? request.ports.count : Number.POSITIVE_INFINITY;
  }

  /** The first probe has left: the start is told, and what was kept back until then. */
  begin(start: ScanEvent): void {
    this.#begun = true;
    this.events.push(start, ...this.#keptBack.splice(0).map(({ event }) => event));
  }

  /** Times are since the start. */
  found(pair: number, outcome: Outcome, answer: PortAnswer, atUs: number, attempts: number, lastSentAtUs: number): void {
    const { verdict, reason } = outcome;
    const { tell, tellHosts } = this.#request;
    this.settled++;
    this.outcomes.add(outcome);
    if (verdict === 'open') this.open++;
    if (answer.proxiedReason !== undefined) this.proxied++;
    if (tell === undefined || tell.has(verdict))
      this.events.push({
        type: 'port',
        atUs,
        address: formatIpv4(this.#places.addressOf(pair)),
        port: this.#places.portOf(pair),
        verdict,
        reason,
        rttUs: answer.rttUs,
        ttl: answer.ttl,
        attempts,
        lastSentAtUs,
        from: answer.from,
        proxied: answer.proxiedReason !== undefined,
        proxiedReason: answer.proxiedReason,
      });
    if (tellHosts) this.#countForHost(pair, outcome, atUs);
  }

  /** @throws NetError the first one, where nothing can be sent at all */
  couldNotSend(pair: number, error: NetError, atUs: number): void {
    this.settled++;
    this.unsent++;
    const address = formatIpv4(this.#places.addressOf(pair));
    const { code, message } = error;
    const event: UnsentPortEvent = { type: 'unsent', atUs, address, port: this.#places.portOf(pair), code, message };
    if (this.#begun) this.events.push(event);
    else if (this.#keptBack.push({ event, error }) >= MOST_KEPT_BACK) this.throwIfNothingSent();
    if (this.#request.tellHosts) this.#countForHost(pair, undefined, atUs);
  }

  /** @throws NetError the first one */
  throwIfNothingSent(): void {
    const [first] = this.#keptBack;
    if (first !== undefined) throw first.error;
  }

  /** Tells of the hosts that are left. */
  end(atUs: number): void {
    for (const [host, { outcomes }] of this.#hosts) this.#tellHost(host, outcomes, atUs);
  }

  #countForHost(pair: number, outcome: Outcome | undefined, atUs: number): void {
    const host = this.#places.hostOf(pair);
    let known = this.#hosts.get(host);
    if (known === undefined) {
      known = { left: this.#pairsOfHost, outcomes: new Outcomes() };
      this.#hosts.set(host, known);
    }
    if (outcome !== undefined) known.outcomes.add(outcome);
    known.left--;
    if (known.left === 0) this.#tellHost(host, known.outcomes, atUs);
  }

  #tellHost(host: number, outcomes: Outcomes, atUs: number): void {
    this.#hosts.delete(host);
    const address = formatIpv4(this.#request.targets.addresses.at(host));
    this.events.push({ type: 'host', atUs, address, outcomes: outcomes.list() });
  }
}
