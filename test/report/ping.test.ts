/** Pings as text. The pictures stand in pictures/, to be read as they are. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { NetError } from '../../src/net/errors.ts';
import type { PingEvent, PingResult, PingTargetFigures } from '../../src/probe/events.ts';
import { CourseRecorder } from '../../src/probe/ping/course.ts';
import { Figures } from '../../src/probe/ping/figures.ts';
import { createPingReporter, type PingReporterOptions } from '../../src/report/ping.ts';
import { displayWidth } from '../../src/report/text.ts';
import * as conversations from './conversations.ts';
import { B, lost, reply } from './pings.ts';

type Look = Partial<Omit<PingReporterOptions, 'write'>>;

const start = (fields = {}) => conversations.start({ command: 'ping', ...fields });

/** Of probes that were answered after so long, or lost. */
function figures(rounds: readonly (number | undefined)[], fields: Partial<PingTargetFigures> = {}): PingTargetFigures {
  const all = new Figures();
  const course = new CourseRecorder();
  rounds.forEach((us, i) => {
    course.add(i + 1, us);
    if (us !== undefined) all.add({ us, clock: 'kernel' });
  });
  const missing = rounds.filter((us) => us === undefined).length;
  const received = rounds.length - missing;
  return {
    host: 'example.com',
    address: B,
    port: 80,
    verdict: 'open',
    reason: 'syn-ack',
    sent: rounds.length,
    received,
    lost: missing,
    pending: 0,
    lossPercent: (100 * missing) / Math.max(1, rounds.length),
    late: 0,
    outOfOrder: 0,
    duplicates: 0,
    retransmissions: 0,
    unsent: 0,
    notClosed: 0,
    answers: { 'syn-ack': received, ...(missing > 0 ? { 'no-response': missing } : {}) },
    rttUs: all.rttUs,
    rttClock: all.clock,
    buckets: all.buckets,
    course: course.course,
    ...fields,
  };
}

function result(targets: readonly PingTargetFigures[], fields: Partial<PingResult> = {}): PingResult {
  const { host: _, address: __, port: ___, buckets: ____, course: _____, ...first } = targets[0] as PingTargetFigures;
  return {
    type: 'result',
    ...first,
    targets,
    durationUs: 5e6,
    ignored: {},
    passedLimits: [],
    ended: undefined,
    kernelDrops: 0,
    error: undefined,
    ...fields,
  };
}

const FEW = [127.4, 49.3, undefined, 51.2, 812] as const;
const few = (): PingEvent[] => [
  start(),
  ...FEW.map((us, i) => (us === undefined ? lost(i + 1) : reply(i + 1, us))),
  result([figures(FEW)]),
];

/** Of two kinds of path, and now and then a loss. */
const MANY = Array.from({ length: 3000 }, (_, i) =>
  i % 97 === 0 ? undefined : (i % 10 < 7 ? 11_000 : 19_000) + 900 * Math.sin(i) + 400 * Math.sin(i / 100),
);
const many = (): PingEvent[] => [start(), result([figures(MANY)])];

/** All that can become of a probe. */
const motley = (): PingEvent[] => [
  start(),
  reply(1, 49.3),
  reply(1, 98.1, { note: 'duplicate' }),
  reply(1, 1_000_049, { note: 'retransmission' }),
  lost(2),
  reply(2, 1_200_000, { note: 'late' }),
  reply(4, 51, { flags: ['ACK', 'RST'], verdict: 'closed', reason: 'rst', window: 0 }),
  reply(3, 1_400_000, { note: 'out-of-order' }),
  lost(5, { reason: 'icmp-admin-prohibited', from: '192.0.2.1', rttUs: 812 }),
  lost(6, { reason: 'icmp-host-unreachable', from: '10.0.0.1', rttUs: 3_061_000 }),
  { type: 'unsent', address: B, port: 80, sequence: 7, atUs: 7e6, code: 'no-route', message: 'send to 10.0.0.2: the interface is down' },
  conversations.note(7.1e6, 'ignored', 'Ignored a segment: it acknowledges what we did not send.'),
  conversations.note(7.2e6, 'clock-stepped', 'The wall clock was stepped: times across the step were told by our own clock.'),
  { type: 'figures', atUs: 7.5e6, targets: [figures([49.3, undefined, 1_400_000])] },
  reply(8, 49.3, { connection: { closed: true, durationUs: 812 } }),
  reply(9, 55, { connection: { closed: false, durationUs: 5_000_000 } }),
  result(
    [
      figures([49.3, undefined, 1_400_000, 51, undefined, undefined, undefined, 49.3, 55], {
        pending: 1,
        late: 1,
        outOfOrder: 1,
        duplicates: 1,
        retransmissions: 1,
        unsent: 1,
        notClosed: 1,
        answers: { 'syn-ack': 4, rst: 1, 'no-response': 1, 'icmp-admin-prohibited': 1, 'icmp-host-unreachable': 1 },
      }),
    ],
    {
      ignored: { 'bad-ack': 1 },
      ended: 'interrupted',
      kernelDrops: 3,
      passedLimits: [
        { limit: 'loss', address: B, port: 80, allowed: 5, found: 37.5 },
        { limit: 'rtt', address: B, port: 80, allowed: 50_000, found: 1_400_000 },
      ],
      error: new NetError('system', 'receive', 'on port 51234', 'gone'),
    },
  ),
];

const TARGETS = [
  { host: 'example.com', port: 80 },
  { host: 'a-host-with-a-long-name.example.net', port: 443 },
  { host: '192.0.2.7', port: 22 },
];
const three = (): PingEvent[] => [
  start(),
  reply(1, 49.3),
  start({ host: TARGETS[1]?.host, address: '10.0.0.3', port: 443 }),
  reply(1, 11_020, { address: '10.0.0.3', port: 443, flags: ['ACK', 'RST'], verdict: 'closed', reason: 'rst' }),
  lost(1, { address: '192.0.2.7', port: 22 }),
  result(
    [
      figures([49.3]),
      figures([11_020, 12_000], { ...TARGETS[1], address: '10.0.0.3', verdict: 'closed', reason: 'rst' }),
      figures([undefined], { ...TARGETS[2], address: '192.0.2.7', verdict: 'filtered', reason: 'no-response' }),
    ],
    { passedLimits: [{ limit: 'loss', address: '192.0.2.7', port: 22, allowed: 0, found: 100 }] },
  ),
];

const hostile = (): PingEvent[] => [
  start({ host: 'evil\x1b[2J\u202e.example' }),
  lost(1, { reason: 'icmp-\x1b[2J', from: '\x1b[31m192.0.2.1', rttUs: 3 }),
  { type: 'unsent', address: B, port: 80, sequence: 2, atUs: 2, code: 'system', message: 'send to \x1b]0;owned\x07: gone' },
  result([figures([12], { host: 'evil\x1b[2J', reason: 'icmp-\x1b[2J', answers: { 'icmp-\x1b[2J': 1, rst: 1 } })]),
];

const ONE = TARGETS.slice(0, 1);

function draw(events: Iterable<PingEvent>, look: Look = {}): string {
  let text = '';
  const write = (more: string) => {
    text += more;
  };
  const plain = { colour: false, ascii: true, width: 80, quiet: false, verbose: false, histogram: false, isEndless: false };
  const reporter = createPingReporter({ ...plain, status: undefined, targets: ONE, ...look, write });
  for (const event of events) reporter.event(event);
  return text;
}

const widest = (text: string): number => Math.max(...text.split('\n').map(displayWidth));

describe('pictures', () => {
  test.each<[string, () => PingEvent[], Look]>([
    ['few', few, {}],
    ['few-120-colour', few, { width: 120, ascii: false, colour: true }],
    ['many', many, {}],
    ['many-120-unicode', many, { width: 120, ascii: false, quiet: true }],
    ['many-histogram', many, { ascii: false, histogram: true, quiet: true }],
    ['motley', motley, { isEndless: true }],
    ['motley-v', motley, { verbose: true }],
    ['motley-40', motley, { width: 40 }],
    ['three', three, { targets: TARGETS }],
    ['three-120-unicode', three, { targets: TARGETS, width: 120, ascii: false }],
    ['three-40', three, { targets: TARGETS, width: 40 }],
    ['three-histogram', three, { targets: TARGETS, histogram: true, quiet: true }],
    ['hostile', hostile, {}],
  ])('%s', async (name, events, look) => {
    const text = draw(events(), look);
    expect(widest(text)).toBeLessThanOrEqual(look.width ?? 80);
    if (look.ascii !== false) expect(text).toMatch(/^[\x20-\x7e\n]*$/);
    await expect(text).toMatchFileSnapshot(`pictures/ping-${name}.txt`);
  });
});

test('quiet has the figures alone', () => {
  const text = draw(few(), { quiet: true });
  expect(text).toMatch(/^ {2}verdict {5}open: SYN\+ACK\n/);
  expect(text).not.toContain('rtt');
});

describe('the line that changes', () => {
  const shown = (events: readonly PingEvent[], look: Look = {}): string[] => {
    const lines: string[] = [];
    draw(events, { quiet: true, status: (text) => lines.push(text), ...look });
    return lines;
  };

  test('counts, and is taken away before the figures', () => {
    expect(shown(few())).toEqual([
      '  1 answered, 0 lost, the last in 127 us',
      '  2 answered, 0 lost, the last in 49.3 us',
      '  2 answered, 1 lost, the last in 49.3 us',
      '  4 answered, 1 lost, the last in 812 us',
      '',
    ]);
  });

  test('changes ten times a second at most', () => {
    const flood = Array.from({ length: 1000 }, (_, i) => reply(i + 1, 50, { atUs: i * 300 }));
    expect(shown([start(), ...flood])).toHaveLength(3);
  });

  test('does not count an answer twice', () => {
    const copies = [reply(1, 50), reply(1, 60, { note: 'duplicate', atUs: 3e6 })];
    expect(shown([start(), ...copies]).at(-1)).toBe('  1 answered, 0 lost, the last in 50.0 us');
  });

  test('is never wider than the terminal', () => {
    for (const text of shown(motley(), { width: 40 })) expect(displayWidth(text)).toBeLessThan(40);
  });
});

test('no row is wider than the terminal, whatever the figures', () => {
  const round = fc.option(
    fc.double({ min: -3, max: 10, noNaN: true }).map((exponent) => 10 ** exponent),
    { nil: undefined },
  );
  const anyWidth = fc.integer({ min: 40, max: 130 });
  fc.assert(
    fc.property(fc.array(round, { minLength: 1, maxLength: 600 }), anyWidth, fc.boolean(), fc.string(), (rounds, width, ascii, host) => {
      const target = figures(rounds, { host });
      for (const targets of [[target], [target, target]]) {
        const text = draw([start({ host }), result(targets)], { width, ascii, targets, histogram: true });
        expect(widest(text)).toBeLessThanOrEqual(Math.min(width, 120));
        expect(text).not.toMatch(/(?!\n)\p{Cc}/u);
      }
    }),
    { numRuns: 200 },
  );
});
