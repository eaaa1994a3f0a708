/** The lines of `decode` and of `send --dry-run`. */
import type { DatagramReading, IcmpReading, Reading, ReadingResult, SegmentReading } from '../events.ts';
import { constant, defined, flag, hex, integer, list, optional, record, text } from './builder.ts';
import { checksumVerdict, ending, flags, ipv4Option, type Printed, tcpOption } from './common.ts';

const ipv4Fields = {
  source: optional(text),
  destination: optional(text),
  ipHeaderLength: optional(integer),
  tos: optional(integer),
  totalLength: optional(integer),
  ipId: optional(integer),
  evil: optional(flag),
  dontFragment: optional(flag),
  moreFragments: optional(flag),
  fragmentOffset: optional(integer),
  ttl: optional(integer),
  protocol: optional(integer),
  ipChecksum: optional(integer),
  ipChecksumVerdict: optional(checksumVerdict),
  ipOptions: optional(list(ipv4Option)),
};
const readingFields = {
  variant: optional(text),
  trailer: optional(hex),
  stopped: optional(record<NonNullable<Reading['stopped']>>({ protocol: text, offset: integer, reason: text })),
  hex,
  payload: optional(hex),
};
const described = ['Ipv4Reading', 'ReadingLine'];

export const segmentReading = defined(
  'segmentReading',
  record<SegmentReading>(
    {
      type: constant('segment'),
      ...ipv4Fields,
      sourcePort: optional(integer),
      destinationPort: optional(integer),
      seq: optional(integer),
      ack: optional(integer),
      dataOffset: optional(integer),
      reserved: optional(integer),
      flags: optional(flags),
      window: optional(integer),
      checksum: optional(integer),
      checksumVerdict: optional(checksumVerdict),
      urgent: optional(integer),
      options: optional(list(tcpOption)),
      length: optional(integer),
      ...readingFields,
    },
    ...described,
    'SegmentReading',
  ),
);

export const icmpReading = defined(
  'icmpReading',
  record<IcmpReading>(
    {
      type: constant('icmp'),
      ...ipv4Fields,
      icmpType: optional(integer),
      code: optional(integer),
      name: optional(text),
      checksum: optional(integer),
      checksumVerdict: optional(checksumVerdict),
      rest: optional(integer),
      nextHopMtu: optional(integer),
      pointer: optional(integer),
      quoted: optional(
        record<NonNullable<IcmpReading['quoted']>>({
          ...ipv4Fields,
          sourcePort: optional(integer),
          destinationPort: optional(integer),
          seq: optional(integer),
        }),
      ),
      ...readingFields,
    },
    ...described,
    'IcmpReading',
  ),
);

export const datagramReading = defined(
  'datagramReading',
  record<DatagramReading>({ type: constant('datagram'), ...ipv4Fields, ...readingFields }, ...described, 'DatagramReading'),
);

export const readingResult = defined(
  'readingResult',
  record<Printed<ReadingResult>>({ type: constant('result'), datagrams: integer, stopped: integer, ...ending }, 'ReadingResult'),
);
