/** Traces as text. The pictures stand in pictures/, to be read as they are. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { TraceEvent } from '../../src/probe/events.ts';
import { displayWidth } from '../../src/report/text.ts';
import { createTraceReporter, type TraceReporterOptions } from '../../src/report/trace.ts';
import * as conversations from './conversations.ts';
import { change, ended, flows, hop, hostile, motley, open, rejected, silent, start } from './traces.ts';

type Look = Partial<Omit<TraceReporterOptions, 'write'>>;

function draw(events: Iterable<TraceEvent>, look: Look = {}): string {
  let text = '';
  const write = (more: string) => {
    text += more;
  };
  const plain = { colour: false, ascii: true, width: 80, quiet: false, verbose: false, dot: false, probes: 3, flows: 1 };
  const reporter = createTraceReporter({ ...plain, ...look, write });
  for (const event of events) reporter.event(event);
  return text;
}

const widest = (text: string): number => Math.max(...text.split('\n').map(displayWidth));

const withSegments = (): TraceEvent[] => [
  start(),
  conversations.sent(0, 'SYN', 0, undefined, 'SYN-SENT', { state: undefined, variant: 'ttl=1' }),
  ...rejected().slice(1),
];

describe('pictures', () => {
  test.each<[string, () => TraceEvent[], Look]>([
    ['open', open, {}],
    ['open-140-colour', open, { width: 140, ascii: false, colour: true }],
    ['open-40', open, { width: 40 }],
    [
      'open-ten',
      () => [
        start(),
        hop(
          1,
          '10.0.1.1',
          Array.from({ length: 10 }, (_, i) => (i === 4 ? null : 300 + i)),
        ),
        ended(),
      ],
      { probes: 10 },
    ],
    ['rejected', rejected, {}],
    ['rejected-v', withSegments, { verbose: true }],
    ['silent', silent, {}],
    ['silent-140-unicode', silent, { width: 140, ascii: false }],
    ['motley', motley, {}],
    ['motley-v-40', motley, { verbose: true, width: 40 }],
    ['flows', flows, { flows: 8 }],
    ['flows-140-colour', flows, { flows: 8, width: 140, ascii: false, colour: true }],
    ['flows-40', flows, { flows: 8, width: 40 }],
    ['hostile', hostile, {}],
  ])('%s', async (name, events, look) => {
    const text = draw(events(), look);
    expect(widest(text)).toBeLessThanOrEqual(look.width ?? 80);
    if (look.ascii !== false) expect(text).toMatch(/^[\x20-\x7e\n]*$/);
    await expect(text).toMatchFileSnapshot(`pictures/trace-${name}.txt`);
  });
});

describe('quiet is one line', () => {
  test.each<[string, () => TraceEvent[], string]>([
    ['open', open, 'open  10.0.9.2:443  syn-ack  rtt 23.1 ms  4 hops\n'],
    ['rejected', rejected, 'filtered  10.0.9.2:443  icmp-admin-prohibited  refused at hop 3 (10.0.3.1)\n'],
    ['silent', silent, 'filtered  10.0.9.2:443  no-response  silent after hop 2 (10.0.2.1)\n'],
    [
      'a hop without an address',
      () => [
        start(),
        ended({ verdict: 'filtered', reason: 'no-response', stop: { kind: 'max-ttl', ttl: 30, address: undefined, icmp: undefined } }),
      ],
      'filtered  10.0.9.2:443  no-response  not ended at hop 30\n',
    ],
    [
      'unseen',
      () => [
        start(),
        ended({ verdict: 'filtered', reason: 'no-response', stop: { kind: 'silent', ttl: 0, address: undefined, icmp: undefined } }),
      ],
      'filtered  10.0.9.2:443  no-response  no hop seen\n',
    ],
  ])('%s', (_name, events, line) => {
    expect(draw(events(), { quiet: true })).toBe(line);
  });
});

const UNMADE = { established: false, closed: false };

describe('where it stops', () => {
  const said = (fields: Parameters<typeof ended>[0]): string =>
    draw([start(), ended({ reached: false, verdict: 'filtered', reason: 'no-response', ...fields })]).replace(/\s+/g, ' ');

  test.each<[Parameters<typeof ended>[0], string]>([
    [
      { stop: { kind: 'silent', ttl: 0, address: undefined, icmp: undefined } },
      'filtered: silent from the first hop on Not even the first router',
    ],
    [
      { hops: 30, stop: { kind: 'max-ttl', ttl: 29, address: '10.0.5.1', icmp: undefined } },
      'not reached in 30 hops; the last that answers is hop 29 (10.0.5.1)',
    ],
    [{ stop: { kind: 'loop', ttl: 6, address: '10.0.5.1', icmp: undefined } }, 'it goes round in a loop from hop 6 (10.0.5.1) on'],
    [
      { reason: 'interrupted', ended: 'interrupted', stop: { kind: 'silent', ttl: 2, address: '10.0.2.1', icmp: undefined } },
      'The trace was interrupted',
    ],
    [
      { verdict: 'closed', reason: 'rst', reached: true, connection: UNMADE },
      'closed: RST from 10.0.9.2 to our SYN No connection was made',
    ],
    [
      {
        reason: 'icmp-admin-prohibited',
        connection: UNMADE,
        stop: { kind: 'refused', ttl: 0, address: '10.0.3.1', icmp: 'admin-prohibited' },
      },
      'filtered: 10.0.3.1 answers admin-prohibited to our SYN No connection',
    ],
    [
      { connection: UNMADE, stop: { kind: 'silent', ttl: 0, address: undefined, icmp: undefined } },
      'filtered: no answer to our SYN No connection',
    ],
    [
      { ended: 'interrupted', verdict: 'open', connection: { established: true, closed: false } },
      'connection established, reset at the end',
    ],
  ])('%j', (fields, text) => {
    expect(said(fields)).toContain(text);
  });
});

test('no row is wider than the terminal, and nothing acts on it', () => {
  const word = fc.string();
  const field = fc.constantFrom('mss', 'option', 'dscp', 'source-port', 'payload' as const);
  const anyHop = fc
    .record({
      ttl: fc.integer({ min: 1, max: 255 }),
      name: fc.option(word, { nil: undefined }),
      rttUs: fc.array(fc.option(fc.double({ min: 0, max: 1e10, noNaN: true })), { minLength: 1, maxLength: 12 }),
      changes: fc.array(fc.record({ field, sent: word, seen: word })),
    })
    .map(({ ttl, name, rttUs, changes }) =>
      hop(ttl, '255.255.255.255', rttUs, { name, changes: changes.map((each) => change(each.field, each.sent, each.seen)) }),
    );
  fc.assert(
    fc.property(
      fc.array(anyHop, { maxLength: 8 }),
      fc.integer({ min: 40, max: 130 }),
      fc.boolean(),
      fc.constantFrom(1, 4),
      (hops, width, ascii, count) => {
        const text = draw([start(), ...hops, ended()], { width, ascii, flows: count });
        expect(widest(text)).toBeLessThanOrEqual(Math.min(width, 120));
        expect(text).not.toMatch(/(?!\n)\p{Cc}/u);
      },
    ),
    { numRuns: 200 },
  );
});
