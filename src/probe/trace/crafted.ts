/** Probes that are crafted segments, each for itself: no connection comes of them. */
import { type Departure, elapsed } from '../../net/moment.ts';
import type { Arrival, Port } from '../../net/network.ts';
import { formatIpv4 } from '../../wire/address.ts';
import { ACK, RST, SYN } from '../../wire/flags.ts';
import { seqAdd } from '../../wire/seq.ts';
import type { TcpSegment } from '../../wire/tcp.ts';
import { endOf, type Question, REFUSAL_TEXTS, type Refusal, refusal } from '../answer.ts';
import { type Heard, hear } from '../arrival.ts';
import type { ProbeContext } from '../context.ts';
import type { Outcome } from '../events.ts';
import { sendReset } from '../reset.ts';
import {
  type Crafted,
  copyId,
  craft,
  datagramOf,
  drawNumbers,
  piecesOf,
  type SegmentFlow,
  type SegmentNumbers,
  type SegmentSpec,
} from '../segment-spec.ts';
import { type Source, sourceOf } from '../start-event.ts';
import type { Teller, ToldProbe } from '../teller.ts';
import { answerKind, answerOutcome, probeKind, verdictOf } from '../verdict.ts';
import { icmpFinding, openTracePort, quotedEnds } from './port.ts';
import { type Finding, firstFinding, type Probe, type ProbeChoice, type Prober } from './prober.ts';
import type { TraceRequest } from './request.ts';

/**
 * From one probe's number to the next: more than the largest window without a scale, so that no peer takes one for part of
 * another's connection, and odd, so that none comes twice in 2^32.
 */
const STRIDE = 0x2_6f35;
/** Late answers to older ones are not known any more. */
const MOST_REMEMBERED = 2048;

interface CraftedProbe extends Probe, Question, ToldProbe {
  readonly ipId: number;
}

/** A probe put into bytes. */
interface Made {
  ttl: number;
  crafted: Crafted;
  ipId: number;
  datagram: Uint8Array;
  pieces: readonly Uint8Array[];
}

export class CraftedProber implements Prober {
  readonly source: Source;
  readonly silence: Outcome;
  readonly mtu: number;
  readonly #request: TraceRequest;
  readonly #port: Port;
  readonly #teller: Teller;
  readonly #spec: SegmentSpec;
  readonly #flow: SegmentFlow;
  readonly #numbers: SegmentNumbers;
  /** Oldest first. */
  readonly #probes = new Set<CraftedProbe>();
  #count = 0;
  /** The first round, made before it begins: time must not be lost between its probes. */
  readonly #ready: Made[] = [];
  /** What the last RST stood for. */
  #lastReset: number | undefined;

  /**
   * @param sourcePort undefined: any free one
   * @throws NetError as {@link Network.openPort}
   * @throws EncodeError where the segment can't be put into bytes
   */
  constructor(request: TraceRequest, context: ProbeContext, teller: Teller, sourcePort: number | undefined) {
    const { address, port: destinationPort, spec } = request;
    const { network, random, iss } = context;
    this.#request = request;
    this.#teller = teller;
    this.#spec = spec;
    this.#port = openTracePort(network, request, sourcePort);
    try {
      const { route, port } = this.#port;
      this.source = sourceOf(this.#port);
      this.mtu = route.mtu;
      this.#flow = { source: route.sourceAddress, sourcePort: port, destination: address, destinationPort };
      const tuple = { localAddress: route.sourceAddress, localPort: port, remoteAddress: address, remotePort: destinationPort };
      this.#numbers = drawNumbers(random, route.mtu, () => iss(tuple, network.clock.nowUs()));
      for (let ttl = request.firstTtl; ttl <= request.maxTtl; ttl++) this.#ready.push(this.#make(this.#ready.length, ttl));
      const { crafted } = this.#ready[0] as Made;
      this.silence = { verdict: verdictOf(probeKind(crafted.tcp.flags), 'none'), reason: 'no-response' };
    } catch (error) {
      this.#port.close();
      throw error;
    }
  }

  get queued(): number {
    return this.#port.queued;
  }

  get dropped(): number {
    return this.#port.dropped;
  }

  send(ttl: number, choice?: ProbeChoice): Probe {
    const made = this.#ready[this.#count];
    const isReady = made?.ttl === ttl && choice === undefined;
    const { crafted, ipId, datagram, pieces } = isReady ? made : this.#make(this.#count, ttl, choice);
    // The last fragment completes the segment: the answer is to it.
    const departure = pieces.map((piece) => this.#port.send(piece)).at(-1) as Departure;
    this.#count++;
    const { ip, tcp } = crafted;
    const { seq, ack, flags } = tcp;
    const probe: CraftedProbe = { ttl, seq, ack, flags, end: endOf(crafted), ipId, datagram, departure, label: `ttl=${ttl}` };
    this.#remember(probe);
    this.#teller.sent({ ip, tcp, datagram, fragments: pieces.length > 1 ? pieces : undefined, departure, probe, isReset: false });
    return probe;
  }

  next(untilUs: number): Promise<Finding | undefined> {
    return firstFinding(async () => {
      const arrival = await this.#port.next(untilUs);
      return arrival && (this.#hears(arrival) ?? 'nothing');
    });
  }

  /** What an arrival for its port says; undefined for what is another program's. */
  #hears(arrival: Arrival): Finding | undefined {
    const { atUs, datagram } = arrival;
    const heard = hear(datagram);
    if (heard.type === 'unreadable')
      return { type: 'ignored', atUs, what: 'malformed', text: `Ignored a datagram: ${heard.reason}.`, datagram };
    this.#teller.arrives(arrival);
    return heard.type === 'icmp' ? this.#hearsIcmp(heard, arrival) : this.#hearsSegment(heard, arrival);
  }

  giveUp(probe: Probe): void {
    const { flags, seq } = probe as CraftedProbe;
    if ((flags & (SYN | ACK | RST)) === SYN) this.#reset(seqAdd(seq, 1), probe as CraftedProbe);
  }

  wake(): void {
    this.#port.wake();
  }

  async close(): Promise<void> {
    this.#port.close();
  }

  #make(count: number, ttl: number, choice?: ProbeChoice): Made {
    const crafted = this.#craft(count, ttl, choice);
    const ipId = copyId(this.#spec, this.#numbers, count);
    const datagram = datagramOf(crafted, ipId);
    return { ttl, crafted, ipId, datagram, pieces: piecesOf(datagram, this.#spec) };
  }

  #craft(count: number, ttl: number, { datagramBytes, flags }: ProbeChoice = {}): Crafted {
    const numbers = {
      ...this.#numbers,
      seq: seqAdd(this.#spec.seq ?? this.#numbers.seq, count * STRIDE),
      ack: seqAdd(this.#numbers.ack, count * STRIDE),
    };
    const spec = { ...this.#spec, flags: flags ?? this.#spec.flags, seq: numbers.seq, ttl };
    const crafted = craft(spec, this.#flow, numbers);
    if (datagramBytes === undefined) return crafted;
    const missing = datagramBytes - datagramOf(crafted, 1).length;
    if (missing <= 0) return crafted;
    const payload = new Uint8Array((spec.payload?.length ?? 0) + missing);
    payload.set(spec.payload ?? []);
    return craft({ ...spec, payload }, this.#flow, numbers);
  }

  #remember(probe: CraftedProbe): void {
    this.#probes.add(probe);
    if (this.#probes.size > MOST_REMEMBERED) this.#probes.delete(this.#probes.values().next().value as CraftedProbe);
  }

  #hearsIcmp(heard: Extract<Heard, { type: 'icmp' }>, arrival: Arrival): Finding | undefined {
    const { error, quotedSeq, ip } = heard;
    const { atUs, datagram } = arrival;
    const probe = this.#quoted(heard);
    if (probe === 'foreign') return undefined;
    if (probe === undefined) {
      const text = `Ignored an ICMP error (${error.name}) from ${formatIpv4(ip.source)}: no probe has the number ${quotedSeq} that it quotes.`;
      return { type: 'ignored', atUs, what: 'icmp', text, datagram };
    }
    this.#teller.icmp(heard, arrival, probe);
    return icmpFinding(heard, arrival, probe);
  }

  /** Whom a quote names. Who rewrites sequence numbers leaves the identification, which proves it where all else is as it was. */
  #quoted({ error, quotedSeq }: Extract<Heard, { type: 'icmp' }>): CraftedProbe | 'foreign' | undefined {
    const { isOurs, isTheirs } = quotedEnds(error, this.#port, this.#request);
    const numbered = [...this.#probes].filter(({ seq }) => seq === quotedSeq);
    const withId = (probes: readonly CraftedProbe[]): CraftedProbe | undefined => probes.find(({ ipId }) => ipId === error.ip?.id);
    // Bytes given whole leave all probes one number.
    if (numbered.length > 0 && (isOurs || isTheirs)) return numbered.length === 1 ? numbered[0] : withId(numbered);
    if (!isOurs) return 'foreign';
    return isTheirs && this.#spec.ipId === undefined ? withId([...this.#probes]) : undefined;
  }

  #hearsSegment(heard: Extract<Heard, { type: 'segment' }>, arrival: Arrival): Finding {
    const { tcp, ip, checksumOk } = heard;
    const { atUs, datagram } = arrival;
    const { probe, asked, why } = checksumOk ? this.#answered(tcp) : DAMAGED;
    this.#teller.heard(heard, arrival, probe, why);
    if (checksumOk) this.#close(tcp, asked ?? probe);
    if (asked === undefined) return { type: 'ignored', atUs, what: why, text: `Ignored a segment: ${REFUSAL_TEXTS[why]}.`, datagram };
    const outcome = answerOutcome(asked.flags, tcp.flags);
    return { type: 'answer', probe, atUs, outcome, round: probe && elapsed(probe.departure, arrival), ip, tcp, datagram };
  }

  /** The probe that a segment answers: `probe` where it names one, `asked` any of those that it may be about. */
  #answered(tcp: TcpSegment): Answered {
    let why: Refusal = 'bad-ack';
    const fitting: CraftedProbe[] = [];
    for (const probe of this.#probes) {
      const reason = refusal(probe, tcp);
      if (reason === undefined) fitting.push(probe);
      else why = reason;
    }
    const asked = fitting.at(-1);
    if (asked === undefined) return { probe: undefined, asked, why };
    return { probe: fitting.length === 1 && answerKind(tcp.flags) !== 'ack' ? asked : undefined, asked, why: undefined };
  }

  /**
   * The peer must not be left with half a connection: an exact RST for each SYN+ACK, and for an ACK that challenges a SYN of
   * ours, which belongs to an earlier one (RFC 5961 §4). It leaves behind all probes so far, so none of them opens it again.
   */
  #close({ flags, ack }: TcpSegment, asked: CraftedProbe | undefined): void {
    const kind = answerKind(flags);
    const isChallenge = kind === 'ack' && asked !== undefined && (asked.flags & SYN) !== 0 && ack !== this.#lastReset;
    if (kind === 'syn-ack' || isChallenge) this.#reset(ack, asked);
  }

  #reset(seq: number, probe: CraftedProbe | undefined): void {
    const id = copyId({}, this.#numbers, this.#count);
    if (sendReset(this.#port, this.#flow, { seq, id }, probe, this.#teller)) this.#lastReset = seq;
  }
}

type Answered =
  | { probe: CraftedProbe | undefined; asked: CraftedProbe; why: undefined }
  | { probe: undefined; asked: undefined; why: Refusal | 'bad-checksum' };

const DAMAGED: Answered = { probe: undefined, asked: undefined, why: 'bad-checksum' };
