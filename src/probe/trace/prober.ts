/** A probe of the path, and what those who send probes find out about it. */
import type { Departure, Figure } from '../../net/moment.ts';
import type { Ipv4Address } from '../../wire/address.ts';
import type { IcmpError } from '../../wire/icmp.ts';
import type { Ipv4Header } from '../../wire/ipv4.ts';
import type { TcpSegment } from '../../wire/tcp.ts';
import type { Outcome, SegmentNote } from '../events.ts';
import type { Source } from '../start-event.ts';

/** One segment with a TTL of its own. */
export interface Probe {
  readonly ttl: number;
  /** Its sequence number, which no other one of its flow has had lately: by it every ICMP error and most answers name it. */
  readonly seq: number;
  /** The whole datagram as it was handed over. */
  readonly datagram: Uint8Array;
  readonly departure: Departure;
}

/** What was found out. Times are by the clock of the network. */
export type Finding =
  /** A router, or a host, has sent an ICMP error about a probe. */
  | {
      type: 'icmp';
      probe: Probe;
      atUs: number;
      from: Ipv4Address;
      round: Figure;
      error: IcmpError;
      /** The header of the answer itself. */
      ip: Ipv4Header;
      datagram: Uint8Array;
    }
  /** The destination has answered with a segment. Without a probe where it does not say which one it answers: then it has no time either. */
  | {
      type: 'answer';
      probe: Probe | undefined;
      atUs: number;
      outcome: Outcome;
      round: Figure | undefined;
      ip: Ipv4Header;
      tcp: TcpSegment;
      datagram: Uint8Array;
    }
  /** It counts for nothing. */
  | { type: 'ignored'; atUs: number; what: SegmentNote | 'icmp'; text: string; datagram: Uint8Array };

/** What one probe may have other than the rest. */
export interface ProbeChoice {
  /** Bytes of the whole datagram: data fill it up. Undefined: as the segment asks for. */
  datagramBytes?: number | undefined;
  /** Undefined: as the segment asks for. */
  flags?: number | undefined;
}

const MOST_IN_A_ROW = 1024;

/**
 * The first finding of what comes one by one: `nothing` is none. What is not about a probe may come faster than it can be read,
 * and for ever; whoever called has a time to look at.
 */
export async function firstFinding(hear: () => Promise<Finding | 'nothing' | undefined>): Promise<Finding | undefined> {
  for (let heard = 0; heard < MOST_IN_A_ROW; heard++) {
    const finding = await hear();
    if (finding !== 'nothing') return finding;
  }
  return undefined;
}

/** Sends the probes of one flow, one four-tuple for all of them, and hears what they draw. */
export interface Prober {
  /** Where they leave from. */
  readonly source: Source;
  /** What it stands for where nobody answers. */
  readonly silence: Outcome;
  /** The largest datagram that may leave, in bytes. */
  readonly mtu: number;
  /** Datagrams that the kernel dropped because we read too slowly. */
  readonly dropped: number;
  /** Findings that `next` gives without waiting, at the least. */
  readonly queued: number;
  /**
   * Sends a probe, now.
   * @throws NetError where this machine can't send it
   * @throws EncodeError where it can't be put into bytes
   */
  send(ttl: number, choice?: ProbeChoice): Probe;
  /**
   * The next finding; undefined at the time, when woken, or after a great many arrivals that are none. With a time that is over
   * it looks what has come until now.
   */
  next(untilUs: number): Promise<Finding | undefined>;
  /** Nobody waits for its answer any more: if it opened something at the destination, that is reset. */
  giveUp(probe: Probe): void;
  wake(): void;
  /** Resets what is open and gives the port back. */
  close(): Promise<void>;
}
