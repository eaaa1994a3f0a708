/** The words and records that lines of several kinds have. */
import type { FigureClock } from '../../net/moment.ts';
import type { ClockSource } from '../../net/network.ts';
import type { State } from '../../tcp/state.ts';
import type { ChecksumVerdict } from '../../wire/checksum.ts';
import type { FlagName } from '../../wire/flags.ts';
import type { Ipv4Option } from '../../wire/ipv4-options.ts';
import type { SackBlock, TcpOption } from '../../wire/tcp-options.ts';
import type {
  CheckName,
  CloseKind,
  ErrorReport,
  ExpectationFailure,
  ExpectationReport,
  Reason,
  SegmentNote,
  Verdict,
  WithExpectations,
} from '../events.ts';
import {
  type AnySchema,
  constant,
  defined,
  extended,
  flag,
  hex,
  integer,
  list,
  named,
  oneOf,
  optional,
  pattern,
  record,
  text,
} from './builder.ts';
import { CHECK_NAMES, CLOSE_KINDS, SEGMENT_NOTES, STATES, VERDICTS } from './words.ts';

export const verdict = defined('verdict', oneOf<Verdict>()(...VERDICTS));
export const reason = defined<Reason>('reason', pattern('^(syn-ack|syn|rst|ack|answer|no-response|interrupted|icmp-.+)$'));
export const clock = oneOf<ClockSource>()('kernel', 'user');
export const figureClock = oneOf<FigureClock>()('kernel', 'user', 'stepped');
export const state = defined('state', oneOf<State>()(...STATES));
export const flags = defined('flags', list(oneOf<FlagName>()('AE', 'CWR', 'ECE', 'URG', 'ACK', 'PSH', 'RST', 'SYN', 'FIN')));
export const note = defined('segmentNote', oneOf<SegmentNote>()(...SEGMENT_NOTES));
/** What counts for nothing, by what it is. */
export const ignoredKind = oneOf<SegmentNote | 'icmp'>()(...SEGMENT_NOTES, 'icmp');
export const closeKind = oneOf<CloseKind>()(...CLOSE_KINDS);
export const checksumVerdict = oneOf<ChecksumVerdict>()('correct', 'partial', 'wrong');
export const checkName = defined('checkName', oneOf<CheckName>()(...CHECK_NAMES));

type TcpOptionNamed<N> = Extract<TcpOption, { name: N }>;
export const tcpOption = defined(
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
export const ipv4Option = defined(
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

/** A result as it is printed: with the exit code, and what went wrong on this machine in words. */
export type Printed<T> = Omit<T, 'error'> & { exitCode: number; error: ErrorReport | undefined };

export const ending = {
  exitCode: integer,
  error: optional(defined('error', record<ErrorReport>({ code: text, message: text, hint: optional(text) }))),
};

const failure = record<ExpectationFailure>({ field: text, expected: text, actual: text, about: optional(text) }, 'ExpectationFailure');

const expectation = defined(
  'expectation',
  record<ExpectationReport>({ expression: text, ok: flag, failures: list(failure) }, 'ExpectationReport'),
);

/** The result of a command whose runs can be held against expectations. */
export const withExpectations = (result: AnySchema): AnySchema =>
  extended(result, record<WithExpectations>({ expectations: optional(list(expectation)) }, 'WithExpectations'));
