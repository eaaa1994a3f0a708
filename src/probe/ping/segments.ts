/** Probes that are one crafted segment each. */
import { type Departure, elapsed } from '../../net/moment.ts';
import type { Port, PortArrival, SharedInbox } from '../../net/network.ts';
import { formatIpv4 } from '../../wire/address.ts';
import { ACK, flagNames, RST, SYN } from '../../wire/flags.ts';
import type { Ipv4Header } from '../../wire/ipv4.ts';
import type { TcpSegment } from '../../wire/tcp.ts';
import { REFUSAL_TEXTS, type Refusal, refusal } from '../answer.ts';
import { type Heard, hear } from '../arrival.ts';
import type { ProbeContext } from '../context.ts';
import type { SegmentNote } from '../events.ts';
import { sendReset } from '../reset.ts';
import { copyId, craft, datagramOf, drawNumbers, piecesOf } from '../segment-spec.ts';
import { Teller, type Timeline } from '../teller.ts';
import { answerOutcome } from '../verdict.ts';
import { type Lease, PortPool } from './ports.ts';
import type { Finding, Prober } from './probe.ts';
import type { PingRequest } from './request.ts';
import type { SegmentProbe } from './segment-probe.ts';
import type { Target } from './target.ts';

export class SegmentProber implements Prober {
  readonly hasRoom = true;
  readonly keepsTime = false;
  readonly #request: PingRequest;
  readonly #context: ProbeContext;
  readonly #inbox: SharedInbox;
  readonly #teller: Teller;
  readonly #pools = new Map<Target, PortPool>();
  readonly #leases = new Map<Port, Lease>();
  /** Of all ports it has seen the longest what the kernel drops. */
  #firstPort: Port | undefined;

  constructor(request: PingRequest, context: ProbeContext, timeline: Timeline) {
    this.#request = request;
    this.#context = context;
    this.#inbox = context.network.openInbox();
    this.#teller = new Teller(request.segments, timeline);
  }

  get told(): Prober['told'] {
    return this.#teller.told;
  }

  get heard(): number {
    return this.#inbox.length;
  }

  get dropped(): number {
    return this.#firstPort?.dropped ?? 0;
  }

  send(target: Target, sequence: number): SegmentProbe {
    const { network, random, iss } = this.#context;
    const nowUs = network.clock.nowUs();
    const { spec } = this.#request;
    const lease = this.#poolOf(target).take(nowUs);
    const { port, flow } = lease;
    const tuple = {
      localAddress: flow.source,
      localPort: flow.sourcePort,
      remoteAddress: flow.destination,
      remotePort: flow.destinationPort,
    };
    const numbers = drawNumbers(random, port.route.mtu, () => iss(tuple, nowUs));
    const crafted = craft(spec, flow, numbers);
    const datagram = datagramOf(crafted, copyId(spec, numbers, 0));
    const pieces = piecesOf(datagram, spec);
    // The last fragment completes the segment: the answer is to it.
    const departure = pieces.map((piece) => port.send(piece)).at(-1) as Departure;
    const { ip, tcp } = crafted;
    const probe = lease.nextProbe(nowUs);
    probe.leaves(sequence, crafted, departure);
    this.#teller.sent({ ip, tcp, datagram, fragments: pieces.length > 1 ? pieces : undefined, departure, probe, isReset: false });
    return probe;
  }

  async next(untilUs: number): Promise<Finding | undefined> {
    const arrival = await this.#inbox.next(untilUs);
    if (arrival === undefined) {
      this.#teller.flush();
      return undefined;
    }
    this.#teller.arrives(arrival);
    const lease = this.#leases.get(arrival.port);
    // Its port was given back meanwhile.
    return lease === undefined ? ignored(arrival, 'late', 'Ignored a datagram: it came too late.') : this.#judge(arrival, lease);
  }

  flush(): void {
    this.#teller.flush();
  }

  wake(): void {
    this.#inbox.wake();
  }

  async close(): Promise<void> {
    for (const pool of this.#pools.values()) pool.close();
  }

  #judge(arrival: PortArrival, lease: Lease): Finding {
    const { atUs } = arrival;
    const heard = hear(arrival.datagram);
    if (heard.type === 'unreadable') return ignored(arrival, 'malformed', `Ignored a datagram: ${heard.reason}.`);
    if (heard.type === 'icmp') return this.#judgeIcmp(heard, arrival, lease);
    const { tcp, ip } = heard;
    const { probe, why, isSure } = heard.checksumOk ? findProbe(lease, tcp) : DAMAGED;
    this.#teller.heard(heard, arrival, probe, why);
    this.#reset(lease, tcp, ip, probe);
    if (probe === undefined) return ignored({ atUs }, why, `Ignored a segment: ${WHY[why]}.`);
    const round = isSure ? elapsed(probe.departure, arrival) : undefined;
    probe.settleDeparture();
    return {
      type: 'answer',
      probe,
      atUs,
      outcome: answerOutcome(probe.flags, tcp.flags),
      round,
      flags: flagNames(tcp.flags),
      ttl: ip.ttl,
      window: tcp.window,
      connection: undefined,
    };
  }

  #judgeIcmp(heard: Extract<Heard, { type: 'icmp' }>, arrival: PortArrival, lease: Lease): Finding {
    const { error, quotedSeq, ip } = heard;
    const probe = lease.probes.find(({ state, seq }) => state === 'waiting' && seq === quotedSeq);
    if (probe === undefined) {
      return ignored(arrival, 'icmp', `Ignored an ICMP error (${error.name}): not about a probe that is waited for.`);
    }
    this.#teller.icmp(heard, arrival, probe);
    return {
      type: 'no-answer',
      probe,
      atUs: arrival.atUs,
      outcome: { verdict: 'filtered', reason: `icmp-${error.name}` },
      from: formatIpv4(ip.source),
      rttUs: elapsed(probe.departure, arrival).us,
    };
  }

  /**
   * The peer must not be left with half a connection: an exact RST for a SYN+ACK, ours or not, and for the challenge ACK of
   * a connection that it remembers (RFC 5961 §4).
   */
  #reset({ port, flow }: Lease, { flags, ack }: TcpSegment, { id }: Ipv4Header, probe: SegmentProbe | undefined): void {
    const isSynAck = (flags & (SYN | ACK | RST)) === (SYN | ACK);
    const isChallenge = (flags & (SYN | ACK | RST)) === ACK && probe !== undefined && (probe.flags & SYN) !== 0;
    if (!isSynAck && !isChallenge) return;
    sendReset(port, flow, { seq: ack, id: 1 + (id % 0xffff) }, probe, this.#teller);
  }

  #poolOf(target: Target): PortPool {
    const existing = this.#pools.get(target);
    if (existing !== undefined) return existing;
    const { source, sourcePort, interfaceName, fixedPort, targets } = this.#request;
    const pool = new PortPool(
      this.#context.network,
      target,
      { destination: target.address, destinationPort: target.port, source, sourcePort, interfaceName, inbox: this.#inbox },
      { share: targets.length, isFixed: fixedPort },
      {
        opened: (lease) => {
          this.#firstPort ??= lease.port;
          this.#leases.set(lease.port, lease);
        },
        closed: ({ port }) => this.#leases.delete(port),
      },
    );
    this.#pools.set(target, pool);
    return pool;
  }
}

const WHY: Readonly<Record<Refusal | 'bad-checksum' | 'late', string>> = {
  ...REFUSAL_TEXTS,
  late: 'no probe of that port is remembered',
};

const ignored = ({ atUs, datagram }: { atUs: number; datagram?: Uint8Array }, what: SegmentNote | 'icmp', text: string): Finding => ({
  type: 'ignored',
  atUs,
  what,
  text,
  datagram,
});

type Found = { probe: SegmentProbe; why: undefined; isSure: boolean } | { probe: undefined; why: keyof typeof WHY; isSure: false };

const DAMAGED: Found = { probe: undefined, why: 'bad-checksum', isSure: false };

/**
 * The probe that a segment answers: of those that it fits the one that has waited longest, else the latest. Or why it answers none.
 * Where another one with the same numbers was lost, it may as well be that one's answer, come late: no time is taken from it (Karn).
 */
function findProbe(lease: Lease, tcp: TcpSegment): Found {
  let found: SegmentProbe | undefined;
  let unanswered = 0;
  let why: Refusal | 'late' = 'late';
  for (const probe of lease.probes) {
    const reason = refusal(probe, tcp);
    if (reason !== undefined) {
      why = reason;
      continue;
    }
    if (probe.state !== 'answered') unanswered++;
    if (found?.state !== 'waiting') found = probe;
  }
  return found === undefined ? { probe: undefined, why, isSure: false } : { probe: found, why: undefined, isSure: unanswered <= 1 };
}
