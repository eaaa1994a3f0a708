/** Whether a segment can be the answer to a probe, by its numbers. */
import { ACK, FIN, RST, SYN } from '../wire/flags.ts';
import { seqAdd } from '../wire/seq.ts';
import type { TcpSegment } from '../wire/tcp.ts';
import type { Crafted } from './segment-spec.ts';

/** Why a segment is no answer. */
export type Refusal = 'bad-ack' | 'bad-rst' | 'no-ack';

/** The same in words, and of a segment that is not even looked at. */
export const REFUSAL_TEXTS: Readonly<Record<Refusal | 'bad-checksum', string>> = {
  'bad-ack': 'it acknowledges what we did not send',
  'bad-rst': 'its numbers fit none of our probes',
  'no-ack': 'neither ACK nor RST',
  'bad-checksum': 'its checksum is wrong',
};

/** What there is to know of a probe when its answer comes. */
export interface Question {
  readonly flags: number;
  readonly seq: number;
  readonly ack: number;
  /** What an answer to all of it acknowledges. */
  readonly end: number;
}

const DATA_OFFSET = 12;
const USUAL_OFFSET = 5 << 4;

/** The peer counts from where the header says that it ends, whether that is so or not. */
export function endOf({ tcp: { flags, seq }, segment }: Crafted): number {
  const headerLength = ((segment[DATA_OFFSET] ?? USUAL_OFFSET) >> 4) * 4;
  return seqAdd(seq, Math.max(0, segment.length - headerLength) + (flags & SYN ? 1 : 0) + (flags & FIN ? 1 : 0));
}

/**
 * What a host takes for an answer. A RST to a segment with ACK has its acknowledgment for sequence number (RFC 9293 §3.10.7.1);
 * one to a segment without, and a SYN+ACK, acknowledge all of it, or no more than its SYN. Where there is a SYN they must acknowledge
 * that (§3.10.7.3: ISS < SEG.ACK =< SND.NXT): the RST with our own sequence number that a few firewalls send moves no connection,
 * and no verdict. A bare ACK may speak of a connection that was here before (RFC 5961 §4), so its numbers say nothing.
 * @returns why it is none
 */
export function refusal(
  { flags: asked, seq, ack, end }: Question,
  { flags, seq: theirs, ack: acked }: Pick<TcpSegment, 'flags' | 'seq' | 'ack'>,
): Refusal | undefined {
  const acknowledges = (flags & ACK) !== 0 && (acked === end || acked === seqAdd(seq, asked & SYN ? 1 : 0));
  if (flags & RST) return acknowledges || (asked & ACK && theirs === ack) ? undefined : 'bad-rst';
  if (flags & SYN) return acknowledges || !(flags & ACK) ? undefined : 'bad-ack';
  return flags & ACK ? undefined : 'no-ack';
}
