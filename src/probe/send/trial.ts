/** One variant on one port: what was sent, what came back, and what that says. */
import type { Port } from '../../net/network.ts';
import { ACK, RST, SYN } from '../../wire/flags.ts';
import { seqInWindow } from '../../wire/seq.ts';
import { segLen, type TcpSegment } from '../../wire/tcp.ts';
import { isFinalIcmp } from '../arrival.ts';
import type { Reason, SegmentNote, Verdict } from '../events.ts';
import type { Crafted } from '../segment-spec.ts';
import { answerKind, probeKind, verdictOf } from '../verdict.ts';
import type { Awaited, Variant } from './request.ts';

export class Trial {
  sent = 0;
  /** Answers, ICMP errors included. */
  received = 0;
  rttUs: number | undefined;
  lastSentAtUs = 0;
  /** The peer's ISN, from its first SYN. */
  irs: number | undefined;
  /** Our ISN as far as relative numbers go: the sequence number sent first. */
  readonly isn: number;
  #outcome: { verdict: Verdict; reason: Reason } | undefined;
  /** SYN+ACKs by the acknowledgment they bear: each is a connection that the peer holds half open. */
  readonly #halfOpen = new Map<number, TcpSegment>();
  readonly #seen = new Set<string>();

  constructor(
    readonly port: Port,
    readonly variant: Variant,
    readonly crafted: Crafted,
  ) {
    this.isn = crafted.tcp.seq;
  }

  sends(atUs: number): void {
    this.sent++;
    this.lastSentAtUs = atUs;
  }

  /**
   * Judges a segment for our port, and counts it where it is an answer.
   * @returns why it does not count, or what is remarkable about it
   */
  hears(segment: TcpSegment, atUs: number): SegmentNote | undefined {
    const refusal = whyNoAnswer(this.crafted.tcp, segment);
    if (refusal !== undefined) return refusal;
    const { flags, seq, ack } = segment;
    if (flags & SYN) this.irs ??= seq;
    if ((flags & (SYN | ACK | RST)) === (SYN | ACK)) this.#halfOpen.set(ack, segment);
    const kind = answerKind(flags);
    this.#counts(verdictOf(probeKind(this.crafted.tcp.flags), kind), kind === 'other' ? 'answer' : kind, atUs);
    // As many of the same as we have sent may each answer one of ours; more are the peer's own.
    const mark = `${flags} ${seq} ${ack}`;
    const again = this.#seen.has(mark) && this.received > this.sent;
    this.#seen.add(mark);
    return again ? 'retransmission' : undefined;
  }

  hearsIcmp(name: string, atUs: number): void {
    this.#counts(isFinalIcmp(name) ? 'filtered' : 'unfiltered', `icmp-${name}`, atUs);
  }

  #counts(verdict: Verdict, reason: Reason, atUs: number): void {
    this.received++;
    // With more than one unanswered there is no telling which of them it answers.
    if (this.rttUs === undefined && this.sent - this.received === 0) this.rttUs = atUs - this.lastSentAtUs;
    this.#outcome ??= { verdict, reason };
  }

  get outcome(): { verdict: Verdict; reason: Reason } {
    return this.#outcome ?? { verdict: verdictOf(probeKind(this.crafted.tcp.flags), 'none'), reason: 'no-response' };
  }

  has(awaited: Awaited): boolean {
    const reason = this.#outcome?.reason;
    if (reason === undefined) return false;
    if (awaited === 'any') return true;
    return awaited === 'icmp' ? reason.startsWith('icmp-') : reason === awaited;
  }

  /** The segments that end what the peer holds half open: <SEQ=SEG.ACK><CTL=RST> (RFC 9293 §3.10.7.1). */
  resets(): TcpSegment[] {
    const { sourcePort, destinationPort } = this.crafted.tcp;
    return [...this.#halfOpen.keys()].map((seq) => ({
      sourcePort,
      destinationPort,
      seq,
      ack: 0,
      reserved: 0,
      flags: RST,
      window: 0,
      urgent: 0,
      options: [],
      payload: new Uint8Array(0),
    }));
  }
}

/**
 * Whether a segment can be an answer to ours by its numbers (RFC 9293 §3.10.7.1): a RST to a segment with ACK takes
 * its sequence number from there; one to a segment without, and a SYN+ACK, acknowledge what we sent. A bare ACK may
 * speak of a connection that was here before (RFC 5961 §4), so its numbers say nothing.
 */
function whyNoAnswer(ours: TcpSegment, theirs: TcpSegment): SegmentNote | undefined {
  const acknowledgesOurs = (theirs.flags & ACK) !== 0 && seqInWindow(theirs.ack, ours.seq, segLen(ours) + 1);
  if (theirs.flags & RST) {
    const isOurs = (ours.flags & ACK && theirs.seq === ours.ack) || acknowledgesOurs;
    return isOurs ? undefined : 'bad-rst';
  }
  const mustAcknowledge = (theirs.flags & (SYN | ACK)) === (SYN | ACK);
  return mustAcknowledge && !(acknowledgesOurs && theirs.ack !== ours.seq) ? 'bad-ack' : undefined;
}
