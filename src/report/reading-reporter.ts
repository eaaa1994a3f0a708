/** Datagrams that were read, as text or as JSON: `decode` and `send --dry-run`. */
import type { ReadingResult } from '../probe/events.ts';
import { formatPacket, formatTcp } from '../wire/format.ts';
import type { LaxPacket, Packet } from '../wire/packet.ts';
import type { TcpSegment } from '../wire/tcp.ts';
import { fieldsText } from './fields.ts';
import { readingLine } from './json.ts';
import { readingOf } from './reading.ts';
import { createStyle, type Style, type StyleOptions } from './style.ts';

export interface ReadingReporterOptions extends StyleOptions {
  write: (text: string) => void;
  json: boolean;
  /** One line a datagram, in tcpdump's words. */
  quiet: boolean;
}

export interface ReadingReporter {
  /** @param bytes what the packet was read from; @param variant of a sweep: which of its segments it is */
  datagram(packet: LaxPacket, bytes: Uint8Array, variant?: string): void;
  /** What has been told so far. */
  readonly result: ReadingResult;
}

export function createReadingReporter(options: ReadingReporterOptions): ReadingReporter {
  const { write, json, quiet } = options;
  const style = createStyle(options);
  const result: ReadingResult = { type: 'result', datagrams: 0, stopped: 0 };
  return {
    result,
    datagram(packet, bytes, variant) {
      const isFirst = result.datagrams === 0;
      result.datagrams++;
      if (packet.stopped !== undefined) result.stopped++;
      if (json) return write(readingLine(readingOf(packet, bytes, variant)));
      if (quiet) return write(`${variant === undefined ? '' : `${variant}  `}${oneLine(packet, style)}\n`);
      const heading = variant === undefined ? '' : `${style.paint('strong', variant)}\n`;
      write(`${isFirst ? '' : '\n'}${heading}${fieldsText(packet, bytes, style)}`);
    },
  };
}

function oneLine({ stopped, ...packet }: LaxPacket, { paint }: Style): string {
  if (stopped !== undefined) return paint('bad', `stopped at byte ${stopped.offset}: ${stopped.protocol}: ${stopped.reason}`);
  if (packet.ip !== undefined) return formatPacket(packet as Packet);
  const tcp = packet.tcp as TcpSegment;
  return `${tcp.sourcePort} > ${tcp.destinationPort}: ${formatTcp(tcp)}`;
}
