/** What has come: answers that prove themselves, each mapped to the place that it settles. */

import { usBetween } from '../../net/moment.ts';
import { measured } from '../../tcp/rto.ts';
import { formatIpv4 } from '../../wire/address.ts';
import { hear } from '../arrival.ts';
import { isTcp, SegmentReader } from './answer.ts';
import { proves } from './cookie.ts';
import { HELD, SETTLED } from './outstanding.ts';
import type { Survey } from './survey.ts';
import { outcomeOf, outcomeOfIcmp } from './technique.ts';

export class Hearing {
  /** Datagrams that have come, and those of them that answer no probe of ours. */
  heard = 0;
  ignored = 0;
  readonly #survey: Survey;
  readonly #segment = new SegmentReader();

  constructor(survey: Survey) {
    this.#survey = survey;
  }

  /** Takes all that has come. */
  take(): void {
    this.#survey.prober.fan.take(this.#hear);
  }

  readonly #hear = (bytes: Uint8Array, at: number, length: number): void => {
    const { transcript, nowUs } = this.#survey;
    this.heard++;
    transcript?.heard(bytes.slice(at, at + length), this.#survey.relative(nowUs));
    const isOurs = isTcp(bytes, at)
      ? this.#segment.read(bytes, at, length) && this.#hearSegment()
      : this.#hearIcmp(bytes.slice(at, at + length));
    if (!isOurs) this.ignored++;
  };

  /** @returns whether the segment that was read answers a probe of ours */
  #hearSegment(): boolean {
    const segment = this.#segment;
    const { outstanding, prober } = this.#survey;
    const { source, sourcePort, destination, destinationPort } = segment;
    const place = this.#placeOf(source, sourcePort, destinationPort);
    if (place === undefined) return this.#hearOfHost();
    const slot = outstanding.slotOf(place);
    const attempts = outstanding.attempts[slot] as number;
    const attempt = this.#attemptOf(attempts, destinationPort);
    if (attempt < 1) return false;
    const isLast = attempt === attempts;
    const seq = isLast ? (outstanding.seq[slot] as number) : prober.seqOf(destination, destinationPort, source, sourcePort);
    if (!proves(prober.askedWith(seq), segment)) return false;
    const state = outstanding.stateOf(place);
    // Else the network made a copy, the peer sent it again, or a later attempt was answered too.
    if (state !== SETTLED && state !== HELD) this.#answered(place, attempt, isLast);
    return true;
  }

  #answered(place: number, attempt: number, isLast: boolean): void {
    const { outstanding, places, hosts, loss, witnesses, rate, rto, request, nowUs } = this.#survey;
    const { source, sourcePort, ttl, window, hasOptions } = this.#segment;
    const slot = outstanding.slotOf(place);
    const rttUs = isLast ? usBetween(outstanding.sentAtUs[slot] as number, nowUs) : undefined;
    if (rttUs !== undefined) measured(rto, rttUs);
    loss.answered(attempt);
    witnesses.add(source, sourcePort);
    rate.answered(outstanding.epoch[slot] as number, attempt === 1);
    const outcome = outcomeOf(request.technique, this.#segment);
    const host = places.hostOf(outstanding.pair[slot] as number);
    if (outcome.reason !== 'syn-ack') hosts.answered(host, ttl);
    if (outcome.reason !== 'syn-ack' || outcome.verdict !== 'open') return this.#survey.settle(place, outcome, { rttUs, ttl });
    const held = { place, atUs: nowUs, rttUs, ttl, window, hasOptions };
    outstanding.set(place, HELD);
    if (!hosts.hold(host, source, held)) this.#survey.settleHeld([held]);
  }

  /** @returns whether the segment answers what a host was asked about itself, or a witness */
  #hearOfHost(): boolean {
    const { hosts, witnesses, prober, request } = this.#survey;
    const { source, sourcePort, destination, destinationPort, ttl } = this.#segment;
    if (!proves(prober.askedWith(prober.seqOf(destination, destinationPort, source, sourcePort)), this.#segment)) return false;
    const witness = witnesses.find(source, sourcePort);
    if (witness !== undefined && prober.witnessPort(witness.questions) === destinationPort) {
      witnesses.done(witness);
      this.#survey.witnessed(true);
    }
    const check = destinationPort === prober.checkPort ? hosts.find(source, sourcePort) : undefined;
    if (check === undefined) return true;
    const isSynAck = outcomeOf(request.technique, this.#segment).reason === 'syn-ack';
    if (!isSynAck) hosts.answered(check.host, ttl);
    this.#survey.settleHeld(hosts.heard(check, isSynAck) ?? []);
    return true;
  }

  /** @returns whether it is an error about a probe of ours, as the quoted sequence number proves */
  #hearIcmp(datagram: Uint8Array): boolean {
    const { prober, hosts, outstanding } = this.#survey;
    const heard = hear(datagram);
    if (heard.type !== 'icmp') return false;
    const { ip, tcp, name } = heard.error;
    if (ip === undefined || tcp?.sourcePort === undefined || tcp.destinationPort === undefined) return false;
    const { sourcePort, destinationPort } = tcp;
    if (prober.seqOf(ip.source, sourcePort, ip.destination, destinationPort) !== heard.quotedSeq) return false;
    const outcome = outcomeOfIcmp(name);
    if (outcome === undefined) return true;
    const place = this.#placeOf(ip.destination, destinationPort, sourcePort);
    if (place === undefined) {
      const check = hosts.find(ip.destination, destinationPort);
      if (check !== undefined) this.#survey.settleHeld(hosts.heard(check, false) ?? []);
      return true;
    }
    const state = outstanding.stateOf(place);
    if (state !== SETTLED && state !== HELD) this.#survey.settle(place, outcome, { ttl: heard.ip.ttl, from: formatIpv4(heard.ip.source) });
    return true;
  }

  /** The place in view that what came for our port may be about; undefined where there is none, or it is about a host. */
  #placeOf(address: number, port: number, ourPort: number): number | undefined {
    const { prober, places, outstanding } = this.#survey;
    if (ourPort >= prober.fan.sourcePort + prober.attemptPorts) return undefined;
    const place = places.placeOf(address, port);
    return place !== undefined && outstanding.has(place) ? place : undefined;
  }

  /** Which attempt left from a port of ours; below 1 where none did. */
  #attemptOf(attempts: number, ourPort: number): number {
    const { fan, attemptPorts } = this.#survey.prober;
    const since = (attempts - 1 - (ourPort - fan.sourcePort)) % attemptPorts;
    return attempts - (since < 0 ? since + attemptPorts : since);
  }
}
