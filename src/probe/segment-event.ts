/** A segment, an ICMP error about one, and the time of day, as events tell them. */
import type { Moment } from '../net/moment.ts';
import type { ClockSource } from '../net/network.ts';
import type { State } from '../tcp/state.ts';
import { formatIpv4 } from '../wire/address.ts';
import { ACK, flagNames } from '../wire/flags.ts';
import type { Ipv4Header } from '../wire/ipv4.ts';
import type { TcpSegment } from '../wire/tcp.ts';
import type { Heard } from './arrival.ts';
import type { IcmpEvent, SegmentEvent, SegmentNote } from './events.ts';

/** What is known of a segment beside its bytes. */
export interface SegmentContext {
  direction: SegmentEvent['direction'];
  atUs: number;
  datagram: Uint8Array;
  /** From which relative numbers count; undefined where they are not known. */
  senderIsn: number | undefined;
  receiverIsn: number | undefined;
  /** What dated it, where that is not what the start says. */
  clock?: ClockSource | undefined;
  state?: State | undefined;
  note?: SegmentNote | undefined;
  transmission?: number | undefined;
  variant?: string | undefined;
  fragments?: readonly Uint8Array[] | undefined;
}

/** The sentence of the note `clock-stepped`. */
export const CLOCK_STEPPED = 'The wall clock was stepped: times across the step were told by our own clock.';

/** What is to be said of a moment's clock where the start has told one. */
export function clockMark({ stamped }: Moment, told: ClockSource): ClockSource | undefined {
  const clock = stamped ? 'kernel' : 'user';
  return clock === told ? undefined : clock;
}

export function segmentEvent({ ttl, id }: Ipv4Header, segment: TcpSegment, context: SegmentContext): SegmentEvent {
  const { flags, seq, ack, window, urgent, options, payload } = segment;
  const { direction, atUs, datagram, senderIsn, receiverIsn, clock, state, note, transmission, variant, fragments } = context;
  return {
    type: 'segment',
    direction,
    atUs,
    flags: flagNames(flags),
    seq,
    ack,
    relativeSeq: senderIsn === undefined ? undefined : (seq - senderIsn) >>> 0,
    relativeAck: receiverIsn === undefined || !(flags & ACK) ? undefined : (ack - receiverIsn) >>> 0,
    window,
    urgent,
    length: payload.length,
    options,
    ttl,
    ipId: id,
    clock,
    state,
    note,
    transmission,
    variant,
    payload,
    datagram,
    fragments,
  };
}

/** @param variant of a sweep: which of its segments it is about */
export function icmpEvent(heard: Extract<Heard, { type: 'icmp' }>, atUs: number, variant?: string): IcmpEvent {
  const { ip, message, error, quotedSeq, datagram } = heard;
  return {
    type: 'icmp',
    icmpType: message.type,
    code: message.code,
    name: error.name,
    from: formatIpv4(ip.source),
    atUs,
    seq: quotedSeq,
    nextHopMtu: error.nextHopMtu,
    variant,
    datagram,
  };
}

/** ISO 8601, UTC, to the millisecond. @param ns since 1970 */
export const isoTime = (ns: bigint): string => new Date(Number(ns / 1_000_000n)).toISOString();
