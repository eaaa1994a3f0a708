/** Each kind of line of `--json`, held to the type of the event that it tells. */
import type {
  Answer,
  CheckEvent,
  CheckName,
  CloseKind,
  CloseReport,
  ConnectResult,
  DatagramReading,
  DoctorResult,
  ErrorReport,
  IcmpEvent,
  IcmpReading,
  NoteEvent,
  PeerOffer,
  Reading,
  ReadingResult,
  Reason,
  SegmentEvent,
  SegmentNote,
  SegmentReading,
  SendResult,
  StartEvent,
  StateEvent,
  SweepRow,
  Verdict,
} from '../../src/probe/events.ts';
import type { State } from '../../src/tcp/state.ts';
import type { ChecksumVerdict } from '../../src/wire/checksum.ts';
import type { FlagName } from '../../src/wire/flags.ts';
import type { Ipv4Option } from '../../src/wire/ipv4-options.ts';
import type { SackBlock, TcpOption } from '../../src/wire/tcp-options.ts';
import {
  type AnySchema,
  commentsOf,
  constant,
  counts,
  defined,
  definitions,
  either,
  flag,
  hex,
  integer,
  list,
  named,
  number,
  oneOf,
  optional,
  pattern,
  record,
  text,
} from './builder.ts';

const comments = commentsOf('src/probe/events.ts');

const verdict = defined('verdict', oneOf<Verdict>()('open', 'closed', 'filtered', 'unfiltered', 'open|filtered'));
const reason = defined<Reason>('reason', pattern('^(syn-ack|syn|rst|ack|answer|no-response|interrupted|icmp-.+)$'));
const state = defined(
  'state',
  oneOf<State>()(
    'CLOSED',
    'LISTEN',
    'SYN-SENT',
    'SYN-RECEIVED',
    'ESTABLISHED',
    'FIN-WAIT-1',
    'FIN-WAIT-2',
    'CLOSE-WAIT',
    'CLOSING',
    'LAST-ACK',
    'TIME-WAIT',
  ),
);
const flags = defined('flags', list(oneOf<FlagName>()('AE', 'CWR', 'ECE', 'URG', 'ACK', 'PSH', 'RST', 'SYN', 'FIN')));
const note = defined(
  'segmentNote',
  oneOf<SegmentNote>()(
    'duplicate',
    'out-of-order',
    'out-of-window',
    'bad-ack',
    'bad-rst',
    'old-timestamp',
    'no-timestamp',
    'no-ack',
    'no-syn',
    'unexpected-syn',
    'malformed-options',
    'held',
    'old-connection',
    'late',
    'retransmission',
    'challenge-ack',
    'window-probe',
    'bad-checksum',
    'malformed',
    'cleanup',
  ),
);
const closeKind = oneOf<CloseKind>()('active', 'passive', 'half', 'simultaneous', 'reset', 'none');
const checksumVerdict = oneOf<ChecksumVerdict>()('correct', 'partial', 'wrong');
const checkName = defined(
  'checkName',
  oneOf<CheckName>()(
    'system',
    'capabilities',
    'koffi',
    'raw-socket',
    'socket',
    'loopback',
    'guard',
    'filter',
    'time-stamps',
    'checksums',
    'receive-buffer',
    'firewall',
    'ports',
    'open-files',
    'privileges',
  ),
);

type TcpOptionNamed<N> = Extract<TcpOption, { name: N }>;
const tcpOption = defined(
  'tcpOption',
  named<TcpOption>({
    end: record({ kind: constant(0), name: constant('end'), padding: hex }),
    nop: record({ kind: constant(1), name: constant('nop') }),
    mss: record({ kind: constant(2), name: constant('mss'), mss: integer }),
    'window-scale': record({ kind: constant(3), name: constant('window-scale'), shift: integer }),
    'sack-permitted': record({ kind: constant(4), name: constant('sack-permitted') }),
    sack: record<TcpOptionNamed<'sack'>>({
      kind: constant(5),
      name: constant('sack'),
      blocks: list(record<SackBlock>({ left: integer, right: integer })),
    }),
    timestamps: record({ kind: constant(8), name: constant('timestamps'), value: integer, echoReply: integer }),
    md5: record({ kind: constant(19), name: constant('md5'), digest: hex }),
    'user-timeout': record({ kind: constant(28), name: constant('user-timeout'), minutes: flag, timeout: integer }),
    mptcp: record({ kind: constant(30), name: constant('mptcp'), data: hex }),
    'fast-open': record({ kind: constant(34), name: constant('fast-open'), cookie: hex }),
    unknown: record<TcpOptionNamed<'unknown'>>({ kind: integer, name: constant('unknown'), data: hex, length: optional(integer) }),
    malformed: record({ kind: integer, name: constant('malformed'), bytes: hex }),
  }),
);

type RouteOption = Extract<Ipv4Option, { addresses: unknown }>;
const routeOption = record<RouteOption>({
  kind: integer,
  name: oneOf<RouteOption['name']>()('record-route', 'loose-source-route', 'strict-source-route'),
  pointer: integer,
  addresses: list(integer),
});
const ipv4Option = defined(
  'ipv4Option',
  named<Ipv4Option>({
    end: record({ kind: constant(0), name: constant('end'), padding: hex }),
    nop: record({ kind: constant(1), name: constant('nop') }),
    'record-route': routeOption,
    'loose-source-route': routeOption,
    'strict-source-route': routeOption,
    timestamp: record<Extract<Ipv4Option, { name: 'timestamp' }>>({
      kind: constant(68),
      name: constant('timestamp'),
      pointer: integer,
      overflow: integer,
      flag: integer,
      words: list(integer),
    }),
    'router-alert': record({ kind: constant(148), name: constant('router-alert'), value: integer }),
    unknown: record({ kind: integer, name: constant('unknown'), data: hex }),
    malformed: record({ kind: integer, name: constant('malformed'), bytes: hex }),
  }),
);

const clock = oneOf<'kernel' | 'user'>()('kernel', 'user');

const start = defined(
  'start',
  record<StartEvent>(
    {
      type: constant('start'),
      schema: constant(1),
      version: text,
      command: text,
      host: text,
      address: text,
      port: integer,
      sourceAddress: text,
      sourcePort: integer,
      startedAt: text,
      clock: record({ transmit: clock, receive: clock }),
      guard: oneOf<'socket' | 'none'>()('socket', 'none'),
    },
    comments.StartEvent,
  ),
);

const segment = defined(
  'segment',
  record<Omit<SegmentEvent, 'payload' | 'datagram'>>(
    {
      type: constant('segment'),
      direction: oneOf<'sent' | 'received'>()('sent', 'received'),
      atUs: number,
      flags,
      seq: integer,
      ack: integer,
      relativeSeq: optional(integer),
      relativeAck: optional(integer),
      window: integer,
      urgent: integer,
      length: integer,
      options: list(tcpOption),
      ttl: integer,
      ipId: integer,
      state: optional(state),
      note: optional(note),
      transmission: optional(integer),
      variant: optional(text),
    },
    comments.SegmentEvent,
  ),
);

const stateLine = defined(
  'stateLine',
  record<StateEvent>({ type: constant('state'), from: state, to: state, atUs: number, cause: text }, comments.StateEvent),
);

const icmp = defined(
  'icmp',
  record<Omit<IcmpEvent, 'datagram'>>(
    {
      type: constant('icmp'),
      icmpType: integer,
      code: integer,
      name: text,
      from: text,
      atUs: number,
      seq: integer,
      nextHopMtu: optional(integer),
      variant: optional(text),
    },
    comments.IcmpEvent,
  ),
);

const noteLine = defined(
  'note',
  record<NoteEvent>(
    {
      type: constant('note'),
      atUs: number,
      code: oneOf<NoteEvent['code']>()(
        'guard-released',
        'old-connection',
        'zero-window',
        'urgent-data',
        'ignored',
        'reset-by-peer',
        'icmp-ignored',
        'kernel-drops',
        'mtu-lowered',
        'held-guard',
      ),
      text,
    },
    comments.NoteEvent,
  ),
);

const check = defined(
  'check',
  record<CheckEvent>(
    { type: constant('check'), name: checkName, ok: flag, fatal: flag, detail: text, remedy: optional(text) },
    comments.CheckEvent,
  ),
);

/** A result as it is printed: with the exit code, and what went wrong on this machine in words. */
type Printed<T> = Omit<T, 'error'> & { exitCode: number; error: ErrorReport | undefined };

const ending = {
  exitCode: integer,
  error: optional(defined('error', record<ErrorReport>({ code: text, message: text, hint: optional(text) }))),
};

const connectResult = defined(
  'connectResult',
  record<Printed<ConnectResult>>(
    {
      type: constant('result'),
      verdict,
      reason,
      rttUs: optional(number),
      evidence: optional(oneOf<NonNullable<ConnectResult['evidence']>>()('syn-ack', 'data-acknowledged', 'fin-acknowledged')),
      iss: integer,
      irs: optional(integer),
      peer: optional(
        record<PeerOffer>(
          { mss: optional(integer), windowScale: optional(integer), sackPermitted: flag, timestamps: flag, window: integer, ttl: integer },
          comments.PeerOffer,
        ),
      ),
      retransmissions: integer,
      ignored: counts(note),
      data: record({ sentBytes: integer, ackedBytes: integer, receivedBytes: integer, firstByteUs: optional(number) }),
      close: record<CloseReport>(
        {
          kind: closeKind,
          initiator: optional(oneOf<'local' | 'peer'>()('local', 'peer')),
          completed: flag,
          finalState: state,
          durationUs: optional(number),
        },
        comments.CloseReport,
      ),
      states: list(state),
      ended: optional(oneOf<NonNullable<ConnectResult['ended']>>()('timeout', 'deadline', 'reset-by-peer', 'zero-window', 'interrupted')),
      kernelDrops: integer,
      ...ending,
    },
    comments.ConnectResult,
  ),
);

const sendResult = defined(
  'sendResult',
  record<Printed<SendResult>>(
    {
      type: constant('result'),
      verdict,
      reason,
      sent: integer,
      received: integer,
      rttUs: optional(number),
      sendingUs: number,
      ignored: counts(note),
      sweep: optional(
        list(
          record<SweepRow>(
            {
              variant: text,
              sourcePort: integer,
              verdict,
              reason,
              sent: integer,
              received: integer,
              rttUs: optional(number),
              answer: optional(record<Answer>({ flags, ttl: integer, window: integer }, comments.Answer)),
            },
            comments.SweepRow,
          ),
        ),
      ),
      differ: flag,
      awaited: optional(text),
      answers: counts(reason),
      ended: optional(oneOf<NonNullable<SendResult['ended']>>()('deadline', 'interrupted', 'not-as-awaited')),
      kernelDrops: integer,
      ...ending,
    },
    comments.SendResult,
  ),
);

const doctorResult = defined(
  'doctorResult',
  record<Printed<DoctorResult>>(
    {
      type: constant('result'),
      checks: integer,
      failed: list(checkName),
      verdict: optional(verdict),
      reason: optional(reason),
      completed: flag,
      ...ending,
    },
    comments.DoctorResult,
  ),
);

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
const readingComments = { ...comments.Ipv4Reading, ...comments.ReadingLine };

const segmentReading = defined(
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
    { ...readingComments, ...comments.SegmentReading },
  ),
);

const icmpReading = defined(
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
    { ...readingComments, ...comments.IcmpReading },
  ),
);

const datagramReading = defined(
  'datagramReading',
  record<DatagramReading>(
    { type: constant('datagram'), ...ipv4Fields, ...readingFields },
    { ...readingComments, ...comments.DatagramReading },
  ),
);

const readingResult = defined(
  'readingResult',
  record<Printed<ReadingResult>>({ type: constant('result'), datagrams: integer, stopped: integer, ...ending }, comments.ReadingResult),
);

/** Where an error came before there was anything to tell. */
const errorResult = defined('errorResult', record<Printed<{ type: 'result' }>>({ type: constant('result'), ...ending }));

/** The lines of each command. */
const COMMANDS = {
  connect: [start, segment, stateLine, icmp, noteLine, connectResult],
  send: [start, segment, icmp, noteLine, sendResult],
  'dry-run': [segmentReading, datagramReading, readingResult],
  decode: [segmentReading, icmpReading, datagramReading, readingResult],
  doctor: [check, doctorResult],
};

export type CommandName = keyof typeof COMMANDS;

/** The schema of a line of any command. */
export function outputSchema(): object {
  const commands = Object.entries<AnySchema[]>(COMMANDS).map(([command, lines]) => defined(command, either([...lines, errorResult])));
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'A line of `rawshake … --json`',
    description: `Each line is one object; the last one has the type "result". $defs has the lines of each command: ${Object.keys(COMMANDS).join(', ')}.`,
    ...either(commands).json,
    $defs: definitions,
  };
}
