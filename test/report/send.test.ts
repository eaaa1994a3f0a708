/** Sends as text. The pictures stand in pictures/, to be read as they are. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { NetError } from '../../src/net/errors.ts';
import type { SegmentEvent, SendEvent, SendResult, SweepRow } from '../../src/probe/events.ts';
import { createSendReporter, type SendReporterOptions } from '../../src/report/send.ts';
import { displayWidth } from '../../src/report/text.ts';
import { flagNames, parseFlags } from '../../src/wire/flags.ts';
import { ipv4Header, PROTOCOL_ICMP } from '../../src/wire/ipv4.ts';
import { encodePacket } from '../../src/wire/packet.ts';
import { tcpSegment } from '../../src/wire/tcp.ts';
import { decodeTcpOptions } from '../../src/wire/tcp-options.ts';
import * as conversations from './conversations.ts';

const OURS = 0x0a000001;
const THEIRS = 0x0a000002;
const FIN = 1;

const start = (fields = {}) => conversations.start({ command: 'send', host: '10.0.0.2', ...fields });

/** As the engine tells it, its datagram and all. */
function segment(direction: SegmentEvent['direction'], atUs: number, flags: string, fields: Partial<SegmentEvent> = {}): SegmentEvent {
  const [sourcePort, destinationPort, source, destination] = direction === 'sent' ? [51234, 80, OURS, THEIRS] : [80, 51234, THEIRS, OURS];
  const bits = parseFlags(flags) as number;
  const { seq = 0, ack = 0, window = 64_240, options = [], payload = new Uint8Array(0), ttl = 64, ipId = 6699 } = fields;
  const tcp = tcpSegment({ sourcePort, destinationPort, seq, ack, window, flags: bits, options, payload });
  const datagram = encodePacket({ ip: ipv4Header({ source, destination, ttl, id: ipId }), tcp });
  const plain = direction === 'sent' ? conversations.sent : conversations.received;
  return {
    ...plain(atUs, 'SYN', 0, 0, 'CLOSED'),
    flags: flagNames(bits),
    state: undefined,
    relativeSeq: undefined,
    relativeAck: undefined,
    seq,
    ack,
    window,
    options,
    payload,
    length: payload.length,
    ttl,
    ipId,
    datagram,
    ...fields,
  };
}

const SYN_OPTIONS = decodeTcpOptions(Uint8Array.of(2, 4, 5, 0xb4, 4, 2, 8, 10, 0, 0, 0, 1, 0, 0, 0, 0, 1, 3, 3, 7));
const syn = (atUs: number, fields: Partial<SegmentEvent> = {}) =>
  segment('sent', atUs, 'SYN', { seq: 0x7fff_ffff, options: SYN_OPTIONS, ...fields });
const synAck = (atUs: number, fields: Partial<SegmentEvent> = {}) =>
  segment('received', atUs, 'SYN,ACK', { seq: 0xfedcba98, ack: 0x8000_0000, window: 65_160, options: SYN_OPTIONS, ...fields });
const rst = (atUs: number, fields: Partial<SegmentEvent> = {}) =>
  segment('received', atUs, 'RST,ACK', { ack: 0x8000_0000, window: 0, ttl: 63, ...fields });

const result = (fields: Partial<SendResult> = {}): SendResult => ({
  type: 'result',
  verdict: 'open',
  reason: 'syn-ack',
  sent: 1,
  received: 1,
  rttUs: 55.2,
  sendingUs: 0,
  ignored: {},
  sweep: undefined,
  differ: false,
  awaited: undefined,
  answers: { 'syn-ack': 1 },
  ended: undefined,
  kernelDrops: 0,
  error: undefined,
  ...fields,
});

const icmp = (): SendEvent => {
  const quote = syn(0).datagram;
  const ip = ipv4Header({ source: 0xc0000201, destination: OURS, protocol: PROTOCOL_ICMP, ttl: 250 });
  const datagram = encodePacket({ ip, icmp: { type: 3, code: 13, rest: 0, body: quote } });
  return conversations.icmp(812, 3, 13, 'admin-prohibited', '192.0.2.1', { seq: 0x7fff_ffff, datagram });
};

const open = (): SendEvent[] => [
  start(),
  syn(0),
  synAck(55.2),
  segment('sent', 1_001_240, 'RST', { seq: 0x8000_0000, window: 0, note: 'cleanup' }),
  result(),
];
const closed = (): SendEvent[] => [start(), syn(0), rst(55.2), result({ verdict: 'closed', reason: 'rst', answers: { rst: 1 } })];
const filtered = (): SendEvent[] => [
  start(),
  syn(0),
  icmp(),
  result({ verdict: 'filtered', reason: 'icmp-admin-prohibited', rttUs: 812, answers: { 'icmp-admin-prohibited': 1 } }),
];
const silent = (): SendEvent[] => [
  start(),
  syn(0),
  result({ verdict: 'filtered', reason: 'no-response', received: 0, rttUs: undefined, answers: {} }),
];

/** Answers that are none, and one that is late. */
const stray = (): SendEvent[] => [
  start(),
  syn(0),
  rst(20, { ack: 5, note: 'bad-rst' }),
  synAck(30, { ack: 5, note: 'bad-ack' }),
  conversations.note(40, 'ignored', 'Ignored a datagram: TCP: data offset 3, less than 5 (at byte 12).'),
  conversations.note(50, 'icmp-ignored', 'Ignored an ICMP error (host-unreachable) about a segment that we did not send.'),
  synAck(900_000),
  result({ rttUs: 900_000, ignored: { 'bad-rst': 1, 'bad-ack': 1, malformed: 1, icmp: 1 } }),
];

const rows: SweepRow[] = Array.from({ length: 24 }, (_, flags): SweepRow => {
  const variant = `flags=${flagNames(flags).toReversed().join('+') || 'none'}`;
  const row = { variant, sourcePort: 51234 + flags, sent: 1, received: 0, rttUs: undefined, answer: undefined };
  if (flags & 4) return { ...row, verdict: 'open|filtered', reason: 'no-response' };
  const answered = { ...row, received: 1, rttUs: 40.26 + flags };
  if (flags & 16) return { ...answered, verdict: 'unfiltered', reason: 'rst', answer: { flags: ['RST'], ttl: 63, window: 0 } };
  if ((flags & 2) === 0 || flags & FIN)
    return { ...answered, received: 1, verdict: 'filtered', reason: 'icmp-admin-prohibited', rttUs: 1812 };
  return { ...answered, verdict: 'open', reason: 'syn-ack', answer: { flags: ['ACK', 'SYN'], ttl: 63, window: 65_160 } };
});
const sweep = (): SendEvent[] => [
  start(),
  ...rows.slice(0, 3).map(({ variant }, i) => syn(i * 10, { variant })),
  synAck(55, { variant: rows[2]?.variant }),
  result({
    sent: 24,
    received: 16,
    sweep: rows,
    differ: true,
    sendingUs: 240_000,
    answers: { 'syn-ack': 2, rst: 8, 'icmp-admin-prohibited': 6 },
  }),
];

const thousands = (): SendEvent[] => [
  start(),
  ...Array.from({ length: 1000 }, (_, i) => [syn(i * 10, { transmission: i + 1 }), rst(i * 10 + 4)]).flat(),
  result({ verdict: 'closed', reason: 'rst', sent: 1000, received: 1000, sendingUs: 9990, answers: { rst: 1000 } }),
];

const hostile = (): SendEvent[] => [
  start({ host: 'evil\x1b[2J\u202e.example' }),
  syn(0, { variant: 'ttl=\x1b[31m' }),
  synAck(5, {
    payload: new TextEncoder().encode('\x1b]0;owned\x07 \u009b2J \u202e'),
    options: [{ kind: 253, name: 'unknown', data: Uint8Array.of(0x1b, 0x5b) }],
  }),
  conversations.icmp(7, 3, 1, 'host\x1b[2J', '\x1b[31m192.0.2.1', { datagram: Uint8Array.of(0x1b) }),
  result({ reason: 'icmp-\x1b[2J', answers: { 'icmp-\x1b[2J': 1 }, error: new NetError('system', 'send', 'to \x1b[2J', 'gone') }),
];

function draw(events: Iterable<SendEvent>, look: Partial<Omit<SendReporterOptions, 'write'>> = {}): string {
  let text = '';
  const write = (more: string) => {
    text += more;
  };
  const reporter = createSendReporter({ colour: false, ascii: true, width: 80, quiet: false, verbose: 0, sweep: false, ...look, write });
  for (const event of events) reporter.event(event);
  return text;
}

const widest = (text: string): number => Math.max(...text.split('\n').map(displayWidth));

describe('pictures', () => {
  test.each<[string, () => SendEvent[], Partial<Omit<SendReporterOptions, 'write'>>]>([
    ['open', open, {}],
    ['open-120-unicode', open, { ascii: false, width: 120 }],
    ['open-40', open, { width: 40 }],
    ['open-30', open, { width: 30 }],
    ['open-v', open, { verbose: 1 }],
    ['open-vv', open, { verbose: 2 }],
    ['open-v-40', open, { verbose: 1, width: 40 }],
    ['closed-120-colour', closed, { ascii: false, colour: true, width: 120 }],
    ['filtered', filtered, {}],
    ['filtered-v', filtered, { verbose: 1 }],
    ['silent', silent, {}],
    ['stray', stray, {}],
    ['stray-v', stray, { verbose: 1 }],
    ['sweep', sweep, { sweep: true }],
    ['sweep-40', sweep, { sweep: true, width: 40 }],
    ['sweep-120-colour', sweep, { sweep: true, ascii: false, colour: true, width: 120 }],
    ['sweep-v', sweep, { sweep: true, verbose: 1 }],
    ['thousands', thousands, {}],
    ['hostile', hostile, { verbose: 2 }],
  ])('%s', async (name, events, look) => {
    const text = draw(events(), look);
    expect(widest(text)).toBeLessThanOrEqual(look.width ?? 80);
    if (look.ascii !== false) expect(text).toMatch(/^[\x20-\x7e\n]*$/);
    await expect(text).toMatchFileSnapshot(`pictures/send-${name}.txt`);
  });
});

test('what was not as asked is said', () => {
  expect(
    draw([...silent().slice(0, -1), result({ verdict: 'closed', reason: 'rst', awaited: 'syn-ack', ended: 'not-as-awaited' })]),
  ).toContain('  ended early the answer that was awaited did not come\n');
  expect(draw([start(), result({ ended: 'interrupted', kernelDrops: 3 })])).toContain('the kernel dropped 3 datagrams');
  expect(draw([start(), result({ error: new NetError('no-route', 'send', 'to evil\x1b[2J', 'gone') })])).toContain(
    'error       send to evil\\x1b[2J: gone',
  );
});

describe('quiet', () => {
  test.each<[() => SendEvent[], string]>([
    [open, 'open  10.0.0.2:80  syn-ack  rtt 55.2 us\n'],
    [silent, 'filtered  10.0.0.2:80  no-response\n'],
    [thousands, 'closed  10.0.0.2:80  rst  rtt 55.2 us  1000 sent  1000 RST\n'],
    [sweep, 'open  10.0.0.2:80  syn-ack  rtt 55.2 us  24 sent  2 SYN+ACK  8 RST  6 ICMP admin-prohibited\n'],
  ])('is one line', (events, line) => expect(draw(events(), { quiet: true, sweep: events === sweep })).toBe(line));
});

test('no row is wider than the terminal, whatever bytes come', () => {
  const bytes = fc.uint8Array({ maxLength: 120 });
  const anyWidth = fc.integer({ min: 40, max: 130 });
  fc.assert(
    fc.property(bytes, anyWidth, fc.boolean(), (some, width, ascii) => {
      const headed = Uint8Array.of(0x45, 0, 0, 0, ...some);
      for (const datagram of [some, headed]) {
        const text = draw([start(), { ...synAck(1), datagram }, { ...icmp(), datagram } as SendEvent, result()], {
          verbose: 1,
          width,
          ascii,
        });
        expect(widest(text)).toBeLessThanOrEqual(Math.min(width, 120));
        expect(text).not.toMatch(/(?!\n)\p{Cc}|\u202e/u);
      }
    }),
    { numRuns: 300 },
  );
});
