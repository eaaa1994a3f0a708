/** A run as a capture: every datagram as it was seen, at its time to the nanosecond, with a comment on what it is. */
import type { IcmpEvent, NoteEvent, ProbeEvent, SegmentEvent, SegmentNote } from '../probe/events.ts';
import type { ChecksumVerdict } from '../wire/checksum.ts';
import { LINKTYPE_RAW } from '../wire/link.ts';
import { decodePacketLax, type LaxPacket, verifyTcpChecksum } from '../wire/packet.ts';
import { type PacketDirection, PcapngEncoder } from '../wire/pcapng.ts';
import { isIgnored, noteText } from './segment-text.ts';

export interface CaptureWriterOptions {
  /** Takes whole blocks: the file is valid after each call. */
  write: (blocks: Uint8Array) => void;
  /** As it was typed. */
  commandLine: string;
  /** Of this program. */
  version: string;
}

export interface CaptureWriter {
  /** Any event, shown or not. A later start goes on in the same file. */
  event(event: ProbeEvent): void;
  /** The last block. @param kernelDrops datagrams that the kernel dropped because we read too slowly */
  end(kernelDrops: number): void;
}

export function createCaptureWriter({ write, commandLine, version }: CaptureWriterOptions): CaptureWriter {
  const encoder = new PcapngEncoder();
  const interfaces = new Map<string, number>();
  let interfaceId = 0;
  let startedAtNs = 0n;
  let lastNs = 0n;
  /** When conversations began that run side by side. */
  const starts = new Map<number, bigint>();
  /** Of the event that is told, where it is one's. */
  let conversation: number | undefined;
  /** Our states as far as they have been told, by conversation, or by the port on our side: connections may run side by side. */
  const states = new Map<number | undefined, SegmentEvent['state']>();
  let lastKey: number | undefined;

  const useInterface = (name: string): void => {
    const known = interfaces.get(name);
    interfaceId = known ?? interfaces.size;
    if (known !== undefined) return;
    const description = encoder.interfaceDescription({ linkType: LINKTYPE_RAW, name });
    if (interfaces.size > 0) write(description);
    else {
      const application = `rawshake ${version}`;
      write(joined(encoder.sectionHeader({ application, comment: `${commandLine} (${application})` }), description));
    }
    interfaces.set(name, interfaceId);
  };
  const writePacket = (bytes: Uint8Array, atUs: number, direction: PacketDirection, comment: string): void => {
    const timeNs = startedAtNs + BigInt(Math.round(atUs * 1000));
    lastNs = timeNs;
    write(encoder.enhancedPacket({ interfaceId, timeNs, bytes, direction, comment }));
  };
  const segment = (event: SegmentEvent): void => {
    const packet = decodePacketLax(event.datagram);
    lastKey = conversation ?? (event.direction === 'sent' ? packet.tcp?.sourcePort : packet.tcp?.destinationPort);
    // A SYN begins anew, whatever its port served for before.
    const before = event.state === 'SYN-SENT' && states.get(lastKey) !== 'SYN-SENT' ? 'CLOSED' : states.get(lastKey);
    const comment = segmentComment(event, packet, before ?? 'CLOSED');
    if (event.state !== undefined) states.set(lastKey, event.state);
    const direction = event.direction === 'sent' ? 'outbound' : 'inbound';
    const { fragments = [event.datagram] } = event;
    for (const [i, bytes] of fragments.entries()) {
      const part = fragments.length > 1 ? [`fragment ${i + 1} of ${fragments.length}`] : [];
      writePacket(bytes, event.atUs, direction, [...part, ...comment].join('; '));
    }
  };

  return {
    event(event) {
      conversation = 'conversation' in event ? event.conversation : undefined;
      if (conversation !== undefined) startedAtNs = starts.get(conversation) ?? startedAtNs;
      switch (event.type) {
        case 'start':
          if (!('startedAtNs' in event)) break;
          startedAtNs = event.startedAtNs;
          if (conversation !== undefined) starts.set(conversation, startedAtNs);
          if (event.command === 'listen') states.set(conversation, 'LISTEN');
          useInterface(event.interfaceName ?? '');
          break;
        case 'segment':
          segment(event);
          break;
        case 'state':
          states.set(conversation ?? lastKey, event.to);
          break;
        case 'icmp':
          writePacket(event.datagram, event.atUs, 'inbound', icmpComment(event));
          break;
        case 'note':
          if (event.datagram !== undefined) writePacket(event.datagram, event.atUs, 'inbound', ignoredComment(event));
          break;
        case 'result':
          starts.delete(event.conversation);
          states.delete(event.conversation);
          break;
      }
    },
    end(kernelDrops) {
      if (interfaces.size > 0) write(encoder.interfaceStatistics({ interfaceId, timeNs: lastNs, dropped: kernelDrops }));
    },
  };
}

function joined(...parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/** Why a segment did not count, in fewer words than an explanation has. */
const IGNORED: Readonly<Partial<Record<SegmentNote, string>>> = {
  'bad-ack': 'ack not ours',
  'bad-rst': 'RST with numbers that do not fit',
  'out-of-window': 'outside our window',
  'old-timestamp': 'timestamp too old',
  'no-timestamp': 'no timestamp, though agreed',
  'no-ack': 'no ACK',
  'no-syn': 'no SYN with its ACK',
  'unexpected-syn': 'a SYN where there has been one',
  'bad-checksum': 'checksum wrong',
  late: 'after the end of the connection',
};

/** @param before our state until then */
function segmentComment(event: SegmentEvent, packet: LaxPacket, before: SegmentEvent['state']): string[] {
  const { state, note, direction, variant } = event;
  const parts: string[] = [];
  if (state !== undefined && state !== before) parts.push(`${before} → ${state}`);
  if (isIgnored(event)) parts.push(`ignored: ${IGNORED[note as SegmentNote] ?? note}`);
  else if (note === 'cleanup') parts.push('ends what is half open');
  else if (note !== undefined) parts.push(noteText(event) as string);
  // Only a segment of a connection bears a state; any other that came is an answer, or was passed over.
  const isAnswer = direction === 'received' && state === undefined && !isIgnored(event);
  if (variant !== undefined) parts.push(isAnswer ? `answer to ${variant}` : variant);
  else if (isAnswer) parts.push('answer');
  const checksum = checksumOf(packet, event.datagram);
  if (checksum === 'partial') parts.push('checksum partial: offloaded on this host');
  if (checksum === 'wrong' && note !== 'bad-checksum') parts.push('checksum wrong');
  return parts;
}

/** Of TCP; undefined where the datagram can't be read as a whole. */
function checksumOf({ ip, tcp, stopped }: LaxPacket, datagram: Uint8Array): ChecksumVerdict | undefined {
  // What has not stopped has all of its header.
  return stopped === undefined && tcp !== undefined
    ? verifyTcpChecksum(ip as Parameters<typeof verifyTcpChecksum>[0], datagram)
    : undefined;
}

function icmpComment({ name, from, seq, variant, datagram }: IcmpEvent): string {
  const { ip } = decodePacketLax(datagram);
  const isOurs = ip?.source !== undefined && ip.source === ip.destination;
  const about = variant === undefined ? `our segment with seq ${seq}` : variant;
  return `${name} about ${about}, says ${isOurs ? 'our own kernel' : from}`;
}

/** The sentence of the note without its first word and its stop. */
const ignoredComment = ({ text }: NoteEvent): string => text.replace(/^Ignored /, 'ignored: ').replace(/\.$/, '');
