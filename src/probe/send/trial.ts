/** One variant on one port: what was sent, what came back, and what that says. */
import { type Departure, elapsed, type Figure, type Moment } from '../../net/moment.ts';
import type { Port } from '../../net/network.ts';
import { ACK, flagNames, RST, SYN } from '../../wire/flags.ts';
import { type TcpSegment, tcpSegment } from '../../wire/tcp.ts';
import { endOf, refusal } from '../answer.ts';
import type { Answer, Outcome, Reason, SegmentNote, Verdict } from '../events.ts';
import { type Crafted, copyId, craft, datagramOf, piecesOf, type SegmentFlow, type SegmentNumbers } from '../segment-spec.ts';
import { answerOutcome, probeKind, saysMore, verdictOf } from '../verdict.ts';
import type { Awaited, Variant } from './request.ts';

/** A peer may answer on and on, each time with other numbers. */
const MOST_SEEN = 4096;

export class Trial {
  /** Copies that were told of. */
  sent = 0;
  /** Answers, ICMP errors included. */
  received = 0;
  /** Of the first answer that can belong to one segment of ours alone. */
  rtt: Figure | undefined;
  /** The peer's ISN, from its first SYN. */
  irs: number | undefined;
  readonly crafted: Crafted;
  /** What is handed to the kernel for a copy: the datagram or its fragments, with the identification still to be set. */
  readonly pieces: readonly Uint8Array[];
  /** Datagrams that have left, whether told of or not. */
  #copies = 0;
  #lastSent: Departure | undefined;
  #answer: Answer | undefined;
  /** Each kind of answer: what it says, and how many came. */
  readonly #kinds = new Map<Reason, { verdict: Verdict; count: number }>();
  /** The acknowledgments that SYN+ACKs bore: each is a connection that the peer holds half open. */
  readonly #halfOpen = new Set<number>();
  /** Flags and numbers of the answers that came lately. */
  readonly #seen = new Set<string>();

  /** @throws EncodeError where the variant can't be put into bytes */
  constructor(
    readonly port: Port,
    readonly variant: Variant,
    readonly flow: SegmentFlow,
    private readonly numbers: SegmentNumbers,
  ) {
    this.crafted = craft(variant.spec, flow, numbers);
    this.pieces = piecesOf(datagramOf(this.crafted, numbers.ipId), variant.spec);
  }

  /** The identification of the next copy. */
  takeId(): number {
    return copyId(this.variant.spec, this.numbers, this.#copies++);
  }

  /** What left in place of the copy with this identification, where it was cut up. */
  fragments(id: number): readonly Uint8Array[] | undefined {
    return this.pieces.length > 1 ? piecesOf(datagramOf(this.crafted, id), this.variant.spec) : undefined;
  }

  sends(departure: Departure): void {
    this.sent++;
    this.#lastSent = departure;
  }

  /**
   * Judges a segment for our port, and counts it where it is an answer.
   * @returns why it does not count, or what is remarkable about it
   */
  hears(segment: TcpSegment, ttl: number, at: Moment): SegmentNote | undefined {
    const { flags: asked, seq: iss, ack: acked } = this.crafted.tcp;
    const why = refusal({ flags: asked, seq: iss, ack: acked, end: endOf(this.crafted) }, segment);
    // It is sent to see what comes, also what no rule has.
    if (why !== undefined && why !== 'no-ack') return why;
    const { flags, seq, ack, window } = segment;
    if (flags & SYN) this.irs ??= seq;
    if ((flags & (SYN | ACK | RST)) === (SYN | ACK)) this.#halfOpen.add(ack);
    this.#answer ??= { flags: flagNames(flags), ttl, window };
    this.#counts(answerOutcome(asked, flags), at);
    // As many of the same as we have sent may each answer one of ours; more are the peer's own.
    const mark = `${flags} ${seq} ${ack}`;
    const again = this.#seen.has(mark) && this.received > this.sent;
    this.#seen.add(mark);
    if (this.#seen.size > MOST_SEEN) this.#seen.delete(this.#seen.values().next().value as string);
    return again ? 'retransmission' : undefined;
  }

  /** An ICMP error about our segment, whichever it is, says that the segment did not do its work. */
  hearsIcmp(name: string, at: Moment): void {
    this.#counts({ verdict: 'filtered', reason: `icmp-${name}` }, at);
  }

  #counts({ verdict, reason }: Outcome, at: Moment): void {
    this.received++;
    // With more than one unanswered there is no telling which of them it answers.
    if (this.rtt === undefined && this.#lastSent && this.sent === this.received) this.rtt = elapsed(this.#lastSent, at);
    const kind = this.#kinds.get(reason);
    if (kind === undefined) this.#kinds.set(reason, { verdict, count: 1 });
    else kind.count++;
  }

  /** By the answer that says most, or by silence. */
  get outcome(): Outcome {
    return this.find('any') ?? { verdict: verdictOf(probeKind(this.crafted.tcp.flags), 'none'), reason: 'no-response' };
  }

  /** How many answers of each kind came. */
  get answers(): [Reason, number][] {
    return [...this.#kinds].map(([reason, { count }]) => [reason, count]);
  }

  /** The first segment that answered. */
  get answer(): Answer | undefined {
    return this.#answer;
  }

  /** What the awaited answer says; undefined where it has not come. */
  find(awaited: Awaited): Outcome | undefined {
    const fits = (reason: Reason) => awaited === 'any' || reason === awaited || (awaited === 'icmp' && reason.startsWith('icmp-'));
    const found = [...this.#kinds].filter(([reason]) => fits(reason)).map(([reason, { verdict }]) => ({ verdict, reason }));
    return found.length === 0 ? undefined : found.reduce(saysMore);
  }

  /** The segments that end what the peer holds half open, each once: <SEQ=SEG.ACK><CTL=RST> (RFC 9293 §3.10.7.1). */
  takeResets(): TcpSegment[] {
    const { sourcePort, destinationPort } = this.flow;
    const resets = [...this.#halfOpen].map((seq) => tcpSegment({ sourcePort, destinationPort, seq, flags: RST }));
    this.#halfOpen.clear();
    return resets;
  }

  get isHalfOpen(): boolean {
    return this.#halfOpen.size > 0;
  }
}
