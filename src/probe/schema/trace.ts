/** The lines of `trace`. */

import type { InterfaceRole } from '../../wire/icmp-interface.ts';
import type {
  Change,
  ChangedField,
  HopAnswerer,
  HopEvent,
  HopExtensions,
  HopFigures,
  HopInterface,
  HopRemark,
  MplsLabel,
  Multipath,
  Outcome,
  PathLink,
  PathMtu,
  PathNode,
  RoundEvent,
  Stop,
  TraceResult,
} from '../events.ts';
import { constant, counts, defined, flag, hex, integer, list, nullable, number, oneOf, optional, record, text } from './builder.ts';
import { ending, figureClock, ignoredKind, type Printed, reason, verdict, withExpectations } from './common.ts';

const changedField = oneOf<ChangedField>()(
  'ttl',
  'dscp',
  'ecn',
  'ip-id',
  'df',
  'more-fragments',
  'reserved-bit',
  'ip-options',
  'total-length',
  'source-address',
  'destination-address',
  'source-port',
  'destination-port',
  'seq',
  'ack',
  'data-offset',
  'reserved',
  'flags',
  'window',
  'checksum',
  'urgent',
  'mss',
  'window-scale',
  'sack-permitted',
  'timestamps',
  'option',
  'option-order',
  'payload',
);

const change = defined(
  'change',
  record<Change>(
    {
      field: changedField,
      how: oneOf<Change['how']>()('changed', 'removed', 'replaced', 'added', 'unanswered'),
      sent: optional(text),
      seen: optional(text),
      shownBy: oneOf<Change['shownBy']>()('quote', 'answer'),
    },
    'Change',
  ),
);

const extensions = record<HopExtensions>(
  {
    mpls: list(record<MplsLabel>({ label: integer, trafficClass: integer, bottom: flag, ttl: integer })),
    interfaces: list(
      record<HopInterface>({
        role: oneOf<InterfaceRole>()('incoming', 'sub-ip-incoming', 'outgoing', 'next-hop'),
        index: optional(integer),
        address: optional(text),
        name: optional(text),
        mtu: optional(integer),
      }),
    ),
    others: list(record({ class: integer, type: integer, data: hex })),
  },
  'HopExtensions',
);

const figures = record<HopFigures>(
  {
    sent: integer,
    received: integer,
    lossPercent: number,
    rttUs: optional(record({ last: number, min: number, mean: number, median: number, max: number, stddev: number })),
  },
  'HopFigures',
);

const hop = defined(
  'hop',
  record<HopEvent>(
    {
      type: constant('hop'),
      atUs: number,
      ttl: integer,
      flow: optional(integer),
      address: optional(text),
      name: optional(text),
      answerers: list(record<HopAnswerer>({ address: text, name: optional(text), probes: integer }, 'HopAnswerer')),
      rttUs: list(nullable(number)),
      rttClock: optional(figureClock),
      figures,
      icmp: optional(text),
      answer: optional(reason),
      extensions: optional(extensions),
      changes: list(change),
      remarks: list(
        oneOf<HopRemark>()('rate-limited', 'loop', 'zero-ttl', 'ttl-reset', 'from-destination', 'several', 'asymmetric', 'local'),
      ),
      quotedBytes: optional(integer),
    },
    'HopEvent',
  ),
);

const round = defined('round', record<RoundEvent>({ type: constant('round'), atUs: number, round: integer }, 'RoundEvent'));

const multipath = record<Multipath>(
  {
    nodes: list(record<PathNode>({ ttl: integer, address: optional(text), name: optional(text), sourcePorts: list(integer) }, 'PathNode')),
    links: list(record<PathLink>({ from: integer, to: integer }, 'PathLink')),
    flows: integer,
    outcomes: list(record<Outcome & { sourcePorts: readonly number[] }>({ verdict, reason, sourcePorts: list(integer) })),
    confidencePercent: number,
  },
  'Multipath',
);

const pathMtu = record<PathMtu>(
  {
    mtu: integer,
    found: oneOf<PathMtu['found']>()('whole', 'icmp', 'halving', 'unfinished'),
    towards: text,
    by: oneOf<PathMtu['by']>()('ack', 'segment', 'connection', 'last-hop'),
    narrowings: list(record({ ttl: optional(integer), address: optional(text), mtu: integer })),
  },
  'PathMtu',
);

const stop = record<Stop>(
  {
    kind: oneOf<Stop['kind']>()('refused', 'silent', 'max-ttl', 'loop'),
    ttl: integer,
    address: optional(text),
    icmp: optional(text),
  },
  'Stop',
);

const traceResult = defined(
  'traceResult',
  withExpectations(
    record<Printed<TraceResult>>(
      {
        type: constant('result'),
        verdict,
        reason,
        reached: flag,
        hops: integer,
        stop: optional(stop),
        sent: integer,
        received: integer,
        rounds: integer,
        durationMs: number,
        pathMtu: optional(pathMtu),
        multipath: optional(multipath),
        connection: optional(record({ established: flag, closed: flag })),
        ignored: counts(ignoredKind),
        ended: optional(oneOf<NonNullable<TraceResult['ended']>>()('deadline', 'interrupted')),
        kernelDrops: integer,
        ...ending,
      },
      'TraceResult',
    ),
  ),
);

export const traceLines = [hop, round, traceResult];
