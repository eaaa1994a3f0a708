/** The lines of `scan`. */
import type { OutcomeCount, PortEvent, ProxiedReason, ScanResult, ScanStartEvent, UnsentPortEvent } from '../events.ts';
import { constant, counts, defined, flag, integer, list, number, oneOf, optional, record, text } from './builder.ts';
import { clock, ending, type Printed, reason, verdict, withExpectations } from './common.ts';

const start = defined(
  'scanStart',
  record<Omit<ScanStartEvent, 'startedAtNs'>>(
    {
      type: constant('start'),
      schema: constant(1),
      version: text,
      command: constant('scan'),
      hosts: integer,
      ports: integer,
      pairs: integer,
      sourceAddress: text,
      sourcePort: integer,
      sourcePorts: integer,
      interfaceName: optional(text),
      seed: integer,
      startedAt: text,
      clock: record({ transmit: clock, receive: clock }),
      guard: constant('none'),
    },
    'ScanStartEvent',
  ),
);

const port = defined(
  'port',
  record<PortEvent>(
    {
      type: constant('port'),
      verdict,
      reason,
      atUs: number,
      address: text,
      port: integer,
      rttUs: optional(number),
      ttl: optional(integer),
      attempts: integer,
      lastSentAtUs: number,
      from: optional(text),
      proxied: flag,
      proxiedReason: optional(oneOf<ProxiedReason>()('answers-all', 'no-options', 'zero-window', 'other-ttl')),
    },
    'PortEvent',
  ),
);

const unsent = defined(
  'unsentPort',
  record<UnsentPortEvent>(
    { type: constant('unsent'), atUs: number, address: text, port: integer, code: text, message: text },
    'UnsentPortEvent',
  ),
);

const scanResult = defined(
  'scanResult',
  withExpectations(
    record<Omit<Printed<ScanResult>, 'state'>>(
      {
        type: constant('result'),
        hosts: integer,
        ports: integer,
        pairs: integer,
        done: integer,
        probes: integer,
        outcomes: list(record<OutcomeCount>({ verdict, reason, count: integer }, 'OutcomeCount')),
        counts: counts(verdict),
        proxied: integer,
        unsent: integer,
        differ: flag,
        durationMs: number,
        probesPerSecond: number,
        estimatedLossPercent: number,
        lossBasis: oneOf<ScanResult['lossBasis']>()('measured', 'prior'),
        attempts: optional(integer),
        confidence: optional(number),
        ignored: integer,
        skipped: list(record<ScanResult['skipped'][number]>({ network: text, name: text, source: text, count: integer })),
        ended: optional(oneOf<NonNullable<ScanResult['ended']>>()('max-time', 'interrupted')),
        kernelDrops: integer,
        ...ending,
      },
      'ScanResult',
    ),
  ),
);

export const scanLines = [start, port, unsent, scanResult];
