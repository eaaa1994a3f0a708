/** The words for a segment's parts that the ladder, the explanation and the summary share. */
import type { SegmentEvent, SegmentNote } from '../probe/events.ts';
import { formatTcpOption } from '../wire/format.ts';
import { seqAdd } from '../wire/seq.ts';
import type { TcpOption } from '../wire/tcp-options.ts';

/** Notes of segments that did not count for the connection. */
const IGNORED: ReadonlySet<SegmentNote> = new Set<SegmentNote>([
  'out-of-window',
  'bad-ack',
  'bad-rst',
  'old-timestamp',
  'no-timestamp',
  'no-ack',
  'no-syn',
  'unexpected-syn',
  'bad-checksum',
  'malformed',
  'late',
]);

export const isIgnored = ({ note }: SegmentEvent): boolean => note !== undefined && IGNORED.has(note);

/** `'retransmission 2'`: the second time that it is sent again. */
export function noteText({ note, transmission }: SegmentEvent): string | undefined {
  if (note === 'retransmission' && transmission !== undefined && transmission > 1) return `${note} ${transmission - 1}`;
  return note;
}

/** Sequence and acknowledgment number as they are to be shown. */
export function shownNumbers(event: SegmentEvent, absolute: boolean): { seq: number; ack: number } {
  // The numbers of an old connection have nothing to do with our ISNs.
  if (absolute || event.note === 'old-connection') return { seq: event.seq, ack: event.ack };
  return { seq: event.relativeSeq ?? event.seq, ack: event.relativeAck ?? event.ack };
}

/** The options in tcpdump's words, without padding and the values of timestamps. */
export function optionTexts(options: readonly TcpOption[]): string[] {
  return options
    .filter(({ name }) => name !== 'nop' && name !== 'end')
    .map((option) => (option.name === 'timestamps' ? 'TS' : formatTcpOption(option)));
}

/** The SACK blocks (RFC 2018), in the numbers in which the acknowledgment is shown. */
export function sackText(event: SegmentEvent, absolute: boolean): string | undefined {
  const blocks = event.options.flatMap((option) => (option.name === 'sack' ? option.blocks : []));
  if (blocks.length === 0) return undefined;
  const shift = absolute ? 0 : -((event.ack - (event.relativeAck ?? event.ack)) >>> 0);
  return `sack ${blocks.map(({ left, right }) => `${seqAdd(left, shift)}:${seqAdd(right, shift)}`).join(' ')}`;
}
