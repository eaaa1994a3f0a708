/** Each kind of line of `--json`, held to the type of the event that it tells. */
import { PORT_GUARDS, type PortGuard } from '../../net/network.ts';
import type {
  Answer,
  CheckEvent,
  CloseReport,
  ConnectResult,
  DataReport,
  DoctorResult,
  IcmpEvent,
  NoteEvent,
  PeerOffer,
  SegmentEvent,
  SendResult,
  StartEvent,
  StateEvent,
  SweepRow,
} from '../events.ts';
import { type AnySchema, constant, counts, defined, flag, integer, list, number, oneOf, optional, record, text } from './builder.ts';
import {
  checkName,
  clock,
  closeKind,
  ending,
  figureClock,
  flags,
  note,
  type Printed,
  reason,
  state,
  tcpOption,
  verdict,
  withExpectations,
} from './common.ts';
import { listenLines } from './listen.ts';
import { pingLines } from './ping.ts';
import { datagramReading, icmpReading, readingResult, segmentReading } from './readings.ts';
import { ofConversation, replayLines } from './replay.ts';
import { runLines } from './run.ts';
import { scanLines } from './scan.ts';
import { traceLines } from './trace.ts';

const start = defined(
  'start',
  record<Omit<StartEvent, 'startedAtNs'>>(
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
      interfaceName: optional(text),
      startedAt: text,
      clock: record({ transmit: clock, receive: clock }),
      guard: oneOf<PortGuard>()(...PORT_GUARDS),
    },
    'StartEvent',
  ),
);

const segment = defined(
  'segment',
  record<Omit<SegmentEvent, 'payload' | 'datagram' | 'fragments'>>(
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
      clock: optional(clock),
      state: optional(state),
      note: optional(note),
      transmission: optional(integer),
      variant: optional(text),
    },
    'SegmentEvent',
  ),
);

const stateLine = defined(
  'stateLine',
  record<StateEvent>({ type: constant('state'), from: state, to: state, atUs: number, cause: text }, 'StateEvent'),
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
    'IcmpEvent',
  ),
);

const noteLine = defined(
  'note',
  record<Omit<NoteEvent, 'datagram'>>(
    {
      type: constant('note'),
      atUs: number,
      code: oneOf<NoteEvent['code']>()(
        'guard-released',
        'no-arp-answer',
        'old-connection',
        'zero-window',
        'urgent-data',
        'ignored',
        'reset-by-peer',
        'icmp-ignored',
        'kernel-drops',
        'mtu-lowered',
        'clock-stepped',
        'held-guard',
        'begins-midway',
        'unsent',
        'not-captured',
        'syn-cookies',
        'table-full',
      ),
      text,
    },
    'NoteEvent',
  ),
);

const check = defined(
  'check',
  record<CheckEvent>(
    { type: constant('check'), name: checkName, ok: flag, fatal: flag, detail: text, remedy: optional(text) },
    'CheckEvent',
  ),
);

const connection = record<Printed<ConnectResult>>(
  {
    type: constant('result'),
    verdict,
    reason,
    rttUs: optional(number),
    rttClock: optional(figureClock),
    evidence: optional(oneOf<NonNullable<ConnectResult['evidence']>>()('syn-ack', 'data-acknowledged', 'fin-acknowledged')),
    iss: integer,
    irs: optional(integer),
    peer: optional(
      record<PeerOffer>(
        { mss: optional(integer), windowScale: optional(integer), sackPermitted: flag, timestamps: flag, window: integer, ttl: integer },
        'PeerOffer',
      ),
    ),
    retransmissions: integer,
    ignored: counts(note),
    data: record<DataReport>(
      {
        sentBytes: integer,
        ackedBytes: integer,
        receivedBytes: integer,
        ackUs: optional(number),
        firstByteUs: optional(number),
        clock: optional(figureClock),
      },
      'DataReport',
    ),
    close: record<CloseReport>(
      {
        kind: closeKind,
        initiator: optional(oneOf<'local' | 'peer'>()('local', 'peer')),
        completed: flag,
        finalState: state,
        durationUs: optional(number),
        finAckUs: optional(number),
        clock: optional(figureClock),
      },
      'CloseReport',
    ),
    states: list(state),
    ended: optional(oneOf<NonNullable<ConnectResult['ended']>>()('timeout', 'deadline', 'reset-by-peer', 'zero-window', 'interrupted')),
    kernelDrops: integer,
    ...ending,
  },
  'ConnectResult',
);

const connectResult = defined('connectResult', withExpectations(connection));

const sendResult = defined(
  'sendResult',
  withExpectations(
    record<Printed<SendResult>>(
      {
        type: constant('result'),
        verdict,
        reason,
        sent: integer,
        received: integer,
        rttUs: optional(number),
        rttClock: optional(figureClock),
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
                rttClock: optional(figureClock),
                answer: optional(record<Answer>({ flags, ttl: integer, window: integer }, 'Answer')),
              },
              'SweepRow',
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
      'SendResult',
    ),
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
    'DoctorResult',
  ),
);

/** Where an error came before there was anything to tell. */
const errorResult = defined('errorResult', record<Printed<{ type: 'result' }>>({ type: constant('result'), ...ending }));

/** The lines of `connect` before its result. */
const steps = [start, segment, stateLine, icmp, noteLine];
const conversationSteps = steps.map(ofConversation);

/** The lines of each command. */
export const COMMAND_LINES = {
  connect: [...steps, connectResult, errorResult],
  send: [start, segment, icmp, noteLine, sendResult, errorResult],
  ping: [start, segment, icmp, noteLine, ...pingLines, errorResult],
  trace: [start, segment, icmp, noteLine, ...traceLines, errorResult],
  scan: [noteLine, ...scanLines, errorResult],
  'dry-run': [segmentReading, datagramReading, readingResult, errorResult],
  decode: [segmentReading, icmpReading, datagramReading, readingResult, errorResult],
  replay: [...replayLines(conversationSteps, connection), errorResult],
  listen: [noteLine, ...listenLines(conversationSteps, connection), errorResult],
  run: [...runLines, errorResult],
  doctor: [check, doctorResult, errorResult],
} satisfies Record<string, readonly AnySchema[]>;

export type CommandName = keyof typeof COMMAND_LINES;
