/** The lines of `ping`. */
import type {
  FiguresEvent,
  LostEvent,
  PassedLimit,
  PingFigures,
  PingResult,
  PingTargetFigures,
  ReplyEvent,
  ReplyNote,
  RttFigures,
  UnsentEvent,
} from '../events.ts';
import { constant, counts, defined, flag, integer, list, number, oneOf, optional, record, text } from './builder.ts';
import { ending, figureClock, flags, ignoredKind, type Printed, reason, verdict, withExpectations } from './common.ts';

const probe = { address: text, port: integer, sequence: integer };
const outcome = { verdict, reason };

const reply = defined(
  'reply',
  record<ReplyEvent>(
    {
      type: constant('reply'),
      ...probe,
      ...outcome,
      atUs: number,
      rttUs: optional(number),
      rttClock: optional(figureClock),
      flags,
      ttl: integer,
      window: integer,
      sourcePort: integer,
      note: optional(oneOf<ReplyNote>()('duplicate', 'retransmission', 'late', 'out-of-order')),
      connection: optional(record({ closed: flag, durationUs: number })),
    },
    'ProbeName',
    'ReplyEvent',
  ),
);

const lost = defined(
  'lost',
  record<LostEvent>(
    { type: constant('lost'), ...probe, ...outcome, atUs: number, sourcePort: integer, from: optional(text), rttUs: optional(number) },
    'ProbeName',
    'LostEvent',
  ),
);

const unsent = defined(
  'unsent',
  record<UnsentEvent>({ type: constant('unsent'), ...probe, atUs: number, code: text, message: text }, 'ProbeName'),
);

const rttFigures = defined(
  'rttFigures',
  record<RttFigures>(
    { min: number, mean: number, median: number, p95: number, p99: number, max: number, stddev: number, jitter: number },
    'RttFigures',
  ),
);

const figures = {
  ...outcome,
  sent: integer,
  received: integer,
  lost: integer,
  pending: integer,
  lossPercent: number,
  late: integer,
  outOfOrder: integer,
  duplicates: integer,
  retransmissions: integer,
  unsent: integer,
  notClosed: integer,
  answers: counts(reason),
  rttUs: optional(rttFigures),
  rttClock: optional(figureClock),
} satisfies { [K in keyof PingFigures]: unknown };

const targets = list(
  defined(
    'pingTarget',
    record<Omit<PingTargetFigures, 'buckets' | 'course'>>({ host: text, address: text, port: integer, ...figures }, 'PingFigures'),
  ),
);

const figuresLine = defined(
  'figures',
  record<Omit<FiguresEvent, 'targets'> & { targets: readonly Omit<PingTargetFigures, 'buckets' | 'course'>[] }>({
    type: constant('figures'),
    atUs: number,
    targets,
  }),
);

const pingResult = defined(
  'pingResult',
  withExpectations(
    record<Omit<Printed<PingResult>, 'targets'> & { targets: readonly Omit<PingTargetFigures, 'buckets' | 'course'>[] }>(
      {
        type: constant('result'),
        ...figures,
        targets,
        durationUs: number,
        ignored: counts(ignoredKind),
        passedLimits: list(
          record<PassedLimit>(
            { limit: oneOf<'loss' | 'rtt'>()('loss', 'rtt'), address: text, port: integer, allowed: number, found: number },
            'PassedLimit',
          ),
        ),
        ended: optional(oneOf<NonNullable<PingResult['ended']>>()('deadline', 'interrupted')),
        kernelDrops: integer,
        ...ending,
      },
      'PingFigures',
      'PingResult',
    ),
  ),
);

export const pingLines = [reply, lost, unsent, figuresLine, pingResult];
