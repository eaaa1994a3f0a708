/** Conversations written by hand, as the probe would tell them. Both ISNs stand just before the wrap. */
import type {
  CloseKind,
  ConnectEvent,
  ConnectResult,
  IcmpEvent,
  NoteEvent,
  SegmentEvent,
  StartEvent,
  StateEvent,
} from '../../src/probe/events.ts';
import type { FlagName } from '../../src/wire/flags.ts';
import type { TcpOption } from '../../src/wire/tcp-options.ts';

export const ISS = 0xffff_fff0;
export const IRS = 0xffff_fffe;

type State = StateEvent['to'];

const FLAG_ORDER: readonly FlagName[] = ['AE', 'CWR', 'ECE', 'URG', 'ACK', 'PSH', 'RST', 'SYN', 'FIN'];

export const text = (value: string): Uint8Array => new TextEncoder().encode(value);

export const start = (fields: Partial<StartEvent> = {}): StartEvent => ({
  type: 'start',
  schema: 1,
  version: '0.1.0',
  command: 'connect',
  host: 'example.com',
  address: '10.0.0.2',
  port: 80,
  sourceAddress: '10.0.0.1',
  sourcePort: 51234,
  startedAt: '2026-01-02T03:04:05.678Z',
  startedAtNs: 1_767_323_045_678_000_000n,
  clock: { transmit: 'kernel', receive: 'kernel' },
  guard: 'socket',
  ...fields,
});

const synOptions = (value: number, echoReply: number, mss: number): TcpOption[] => [
  { kind: 2, name: 'mss', mss },
  { kind: 4, name: 'sack-permitted' },
  { kind: 8, name: 'timestamps', value, echoReply },
  { kind: 1, name: 'nop' },
  { kind: 3, name: 'window-scale', shift: 7 },
];

/** `flags` as `'SYN+ACK'`; numbers relative to the ISNs. */
function segment(
  direction: 'sent' | 'received',
  atUs: number,
  flags: string,
  seq: number | undefined,
  ack: number | undefined,
  state: State,
  fields: Partial<SegmentEvent> = {},
): SegmentEvent {
  const names = flags.split('+');
  const [ownIsn, otherIsn] = direction === 'sent' ? [ISS, IRS] : [IRS, ISS];
  const isSyn = names.includes('SYN');
  return {
    type: 'segment',
    direction,
    atUs,
    flags: FLAG_ORDER.filter((name) => names.includes(name)),
    seq: seq === undefined ? 0 : (ownIsn + seq) >>> 0,
    ack: ack === undefined ? 0 : (otherIsn + ack) >>> 0,
    relativeSeq: seq,
    relativeAck: ack,
    window: isSyn ? 64240 : 502,
    urgent: 0,
    length: fields.payload?.length ?? 0,
    options: isSyn ? synOptions(0x1234_5678, direction === 'sent' ? 0 : 0x1234_5678, direction === 'sent' ? 1460 : 1400) : [],
    ttl: 64,
    ipId: 0x1a2b,
    state,
    note: undefined,
    transmission: direction === 'sent' ? 1 : undefined,
    variant: undefined,
    payload: new Uint8Array(0),
    datagram: new Uint8Array(0),
    ...fields,
  };
}

type SegmentParts = [
  atUs: number,
  flags: string,
  seq: number | undefined,
  ack: number | undefined,
  state: State,
  fields?: Partial<SegmentEvent>,
];
export const sent = (...parts: SegmentParts) => segment('sent', ...parts);
export const received = (...parts: SegmentParts) => segment('received', ...parts);

export const change = (atUs: number, from: State, to: State, cause: string): StateEvent => ({ type: 'state', from, to, atUs, cause });

export const note = (atUs: number, code: NoteEvent['code'], sentence: string): NoteEvent => ({ type: 'note', atUs, code, text: sentence });

export const icmp = (
  atUs: number,
  icmpType: number,
  code: number,
  name: string,
  from: string,
  fields: Partial<IcmpEvent> = {},
): IcmpEvent => ({
  type: 'icmp',
  icmpType,
  code,
  name,
  from,
  datagram: new Uint8Array(0),
  atUs,
  seq: ISS,
  nextHopMtu: undefined,
  ...fields,
});

export const result = (kind: CloseKind, fields: Partial<ConnectResult> = {}): ConnectResult => ({
  type: 'result',
  verdict: 'open',
  reason: 'syn-ack',
  rttUs: 312,
  evidence: 'data-acknowledged',
  iss: ISS,
  irs: IRS,
  peer: { mss: 1400, windowScale: 7, sackPermitted: true, timestamps: true, window: 64240, ttl: 64 },
  retransmissions: 0,
  ignored: {},
  data: { sentBytes: 18, ackedBytes: 18, receivedBytes: 62, firstByteUs: 1020 },
  close: { kind, initiator: 'local', completed: true, finalState: 'CLOSED', durationUs: 812 },
  states: ['CLOSED', 'SYN-SENT', 'ESTABLISHED', 'FIN-WAIT-1', 'FIN-WAIT-2', 'TIME-WAIT', 'CLOSED'],
  ended: undefined,
  kernelDrops: 0,
  error: undefined,
  ...fields,
});

const REQUEST = text('GET / HTTP/1.0\r\n\r\n');
const ANSWER = text('HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\nIt works, really.');

/** The handshake; ends in ESTABLISHED at 330 µs, both next numbers 1. */
export const handshake = (): ConnectEvent[] => [
  start(),
  sent(0, 'SYN', 0, undefined, 'SYN-SENT'),
  received(312, 'SYN+ACK', 0, 1, 'ESTABLISHED'),
  sent(341.5, 'ACK', 1, 1, 'ESTABLISHED'),
];

/** Request and answer; ends at 1,402 µs, our next number 19, theirs 1 + the answer's length. */
const exchange = (): ConnectEvent[] => [
  sent(402, 'PSH+ACK', 1, 1, 'ESTABLISHED', { payload: REQUEST }),
  received(689, 'ACK', 1, 19, 'ESTABLISHED'),
  received(1422, 'PSH+ACK', 1, 19, 'ESTABLISHED', { payload: ANSWER }),
  { type: 'data', atUs: 1422, payload: ANSWER },
  sent(1440, 'ACK', 19, END, 'ESTABLISHED'),
];

const END = 1 + ANSWER.length;

export const active = (): ConnectEvent[] => [
  ...handshake(),
  ...exchange(),
  sent(501_800, 'FIN+ACK', 19, END, 'FIN-WAIT-1'),
  received(502_102, 'ACK', END, 20, 'FIN-WAIT-2'),
  received(502_580, 'FIN+ACK', END, 20, 'TIME-WAIT'),
  sent(502_612, 'ACK', 20, END + 1, 'TIME-WAIT'),
  change(2_502_612, 'TIME-WAIT', 'CLOSED', 'TIME-WAIT is over'),
  result('active'),
];

export const passive = (): ConnectEvent[] => [
  ...handshake(),
  ...exchange(),
  received(1620, 'FIN+ACK', END, 19, 'CLOSE-WAIT'),
  sent(1650, 'ACK', 19, END + 1, 'CLOSE-WAIT'),
  sent(1702, 'FIN+ACK', 19, END + 1, 'LAST-ACK'),
  received(2010, 'ACK', END + 1, 20, 'CLOSED'),
  result('passive', {
    close: { kind: 'passive', initiator: 'peer', completed: true, finalState: 'CLOSED', durationUs: 390 },
    states: ['CLOSED', 'SYN-SENT', 'ESTABLISHED', 'CLOSE-WAIT', 'LAST-ACK', 'CLOSED'],
  }),
];

export const half = (): ConnectEvent[] => [
  ...handshake(),
  sent(402, 'PSH+ACK', 1, 1, 'ESTABLISHED', { payload: REQUEST }),
  sent(420, 'FIN+ACK', 19, 1, 'FIN-WAIT-1'),
  received(700, 'ACK', 1, 20, 'FIN-WAIT-2'),
  received(1422, 'PSH+ACK', 1, 20, 'FIN-WAIT-2', { payload: ANSWER }),
  sent(1440, 'ACK', 20, END, 'FIN-WAIT-2'),
  received(1500, 'FIN+ACK', END, 20, 'TIME-WAIT'),
  sent(1530, 'ACK', 20, END + 1, 'TIME-WAIT'),
  change(2_001_530, 'TIME-WAIT', 'CLOSED', 'TIME-WAIT is over'),
  result('half', { close: { kind: 'half', initiator: 'local', completed: true, finalState: 'CLOSED', durationUs: 2_001_110 } }),
];

export const simultaneous = (): ConnectEvent[] => [
  ...handshake(),
  ...exchange(),
  received(1620, 'FIN+ACK', END, 19, 'ESTABLISHED', { note: 'held' }),
  sent(1702, 'FIN+ACK', 19, END, 'FIN-WAIT-1'),
  change(1703, 'FIN-WAIT-1', 'CLOSING', 'the FIN that was held'),
  sent(1725, 'ACK', 20, END + 1, 'CLOSING'),
  received(2010, 'ACK', END + 1, 20, 'TIME-WAIT'),
  change(2_002_010, 'TIME-WAIT', 'CLOSED', 'TIME-WAIT is over'),
  result('simultaneous', {
    close: { kind: 'simultaneous', initiator: 'peer', completed: true, finalState: 'CLOSED', durationUs: 2_000_390 },
    states: ['CLOSED', 'SYN-SENT', 'ESTABLISHED', 'FIN-WAIT-1', 'CLOSING', 'TIME-WAIT', 'CLOSED'],
  }),
];

export const reset = (): ConnectEvent[] => [
  ...handshake(),
  ...exchange(),
  sent(501_800, 'RST+ACK', 19, END, 'CLOSED'),
  result('reset', {
    close: { kind: 'reset', initiator: 'local', completed: true, finalState: 'CLOSED', durationUs: 0 },
    states: ['CLOSED', 'SYN-SENT', 'ESTABLISHED', 'CLOSED'],
  }),
];

export const none = (): ConnectEvent[] => [
  ...handshake(),
  ...exchange(),
  note(501_800, 'guard-released', 'From now on the kernel answers with RST what the peer still sends.'),
  result('none', {
    close: { kind: 'none', initiator: undefined, completed: false, finalState: 'ESTABLISHED', durationUs: undefined },
    states: ['CLOSED', 'SYN-SENT', 'ESTABLISHED'],
  }),
];

const unopened = (fields: Partial<ConnectResult>): ConnectResult =>
  result('active', {
    evidence: undefined,
    irs: undefined,
    peer: undefined,
    rttUs: undefined,
    data: { sentBytes: 0, ackedBytes: 0, receivedBytes: 0, firstByteUs: undefined },
    close: { kind: 'active', initiator: undefined, completed: false, finalState: 'CLOSED', durationUs: undefined },
    states: ['CLOSED', 'SYN-SENT', 'CLOSED'],
    ...fields,
  });

export const closedPort = (): ConnectEvent[] => [
  start(),
  sent(0, 'SYN', 0, undefined, 'SYN-SENT'),
  received(287, 'RST+ACK', undefined, 1, 'CLOSED', { window: 0 }),
  unopened({ verdict: 'closed', reason: 'rst', rttUs: 287 }),
];

export const silentPort = (): ConnectEvent[] => [
  start(),
  sent(0, 'SYN', 0, undefined, 'SYN-SENT'),
  sent(1_000_120, 'SYN', 0, undefined, 'SYN-SENT', { note: 'retransmission', transmission: 2 }),
  sent(3_000_340, 'SYN', 0, undefined, 'SYN-SENT', { note: 'retransmission', transmission: 3 }),
  change(5_000_000, 'SYN-SENT', 'CLOSED', 'no answer in time'),
  unopened({ verdict: 'filtered', reason: 'no-response', retransmissions: 2, ended: 'timeout' }),
];

export const hostUnreachable = (): ConnectEvent[] => [
  start(),
  sent(0, 'SYN', 0, undefined, 'SYN-SENT'),
  icmp(3_062_118, 3, 1, 'host-unreachable', '10.0.0.1'),
  change(3_062_119, 'SYN-SENT', 'CLOSED', 'ICMP host-unreachable'),
  unopened({ verdict: 'filtered', reason: 'icmp-host-unreachable' }),
];

export const adminProhibited = (): ConnectEvent[] => [
  start(),
  sent(0, 'SYN', 0, undefined, 'SYN-SENT'),
  icmp(411, 3, 13, 'admin-prohibited', '192.0.2.254'),
  change(412, 'SYN-SENT', 'CLOSED', 'ICMP admin-prohibited'),
  unopened({ verdict: 'filtered', reason: 'icmp-admin-prohibited' }),
];

export const lossy = (): ConnectEvent[] => [
  ...handshake(),
  sent(402, 'PSH+ACK', 1, 1, 'ESTABLISHED', { payload: REQUEST }),
  sent(201_410, 'PSH+ACK', 1, 1, 'ESTABLISHED', { payload: REQUEST, note: 'retransmission', transmission: 2 }),
  sent(602_002, 'PSH+ACK', 1, 1, 'ESTABLISHED', { payload: REQUEST, note: 'retransmission', transmission: 3 }),
  received(602_300, 'ACK', 1, 19, 'ESTABLISHED'),
  received(603_000, 'PSH+ACK', 21, 19, 'ESTABLISHED', { payload: ANSWER.subarray(20), note: 'out-of-order' }),
  sent(603_021, 'ACK', 19, 1, 'ESTABLISHED', {
    options: [{ kind: 5, name: 'sack', blocks: [{ left: (IRS + 21) >>> 0, right: (IRS + END) >>> 0 }] }],
  }),
  received(603_400, 'ACK', 1, 19, 'ESTABLISHED', { payload: ANSWER.subarray(0, 20) }),
  sent(603_420, 'ACK', 19, END, 'ESTABLISHED'),
  received(603_900, 'PSH+ACK', 21, 19, 'ESTABLISHED', { payload: ANSWER.subarray(20), note: 'duplicate' }),
  sent(603_925, 'ACK', 19, END, 'ESTABLISHED'),
  received(700_000, 'RST', 40_000, undefined, 'ESTABLISHED', { note: 'out-of-window' }),
  received(700_100, 'RST', END + 300, undefined, 'ESTABLISHED', { note: 'bad-rst' }),
  sent(700_110, 'ACK', 19, END, 'ESTABLISHED', { note: 'challenge-ack' }),
  sent(1_101_800, 'FIN+ACK', 19, END, 'FIN-WAIT-1'),
  received(1_102_600, 'FIN+ACK', END, 20, 'TIME-WAIT'),
  change(1_102_600, 'FIN-WAIT-1', 'FIN-WAIT-2', 'our FIN acknowledged'),
  change(1_102_600, 'FIN-WAIT-2', 'TIME-WAIT', 'FIN received'),
  sent(1_102_640, 'ACK', 20, END + 1, 'TIME-WAIT'),
  change(3_102_640, 'TIME-WAIT', 'CLOSED', 'TIME-WAIT is over'),
  result('active', { retransmissions: 2, ignored: { 'out-of-window': 1, 'bad-rst': 1 } }),
];

/** As many segments of data as asked for, an ACK for every second one, and one lost in the middle. */
export function* download(segments: number): Generator<ConnectEvent> {
  yield* handshake();
  yield sent(402, 'PSH+ACK', 1, 1, 'ESTABLISHED', { payload: REQUEST });
  const payload = new Uint8Array(1448).fill(0x41);
  let next = 1;
  let atUs = 1000;
  for (let i = 0; i < segments; i++) {
    atUs += 12;
    const lost = i === segments >> 1;
    yield received(atUs, 'ACK', next, 19, 'ESTABLISHED', { payload, note: lost ? 'duplicate' : undefined });
    if (!lost) next += payload.length;
    if (i % 2 === 1) yield sent(atUs + 5, 'ACK', 19, next, 'ESTABLISHED');
  }
  yield sent(atUs + 500_000, 'FIN+ACK', 19, next, 'FIN-WAIT-1');
  yield received(atUs + 500_300, 'FIN+ACK', next, 20, 'TIME-WAIT');
  yield sent(atUs + 500_320, 'ACK', 20, next + 1, 'TIME-WAIT');
  yield change(atUs + 2_500_320, 'TIME-WAIT', 'CLOSED', 'TIME-WAIT is over');
  yield result('active', { data: { sentBytes: 18, ackedBytes: 18, receivedBytes: next - 1, firstByteUs: 610 } });
}

/** The peer still remembers a connection of the same ports (RFC 9293 §3.5.1, figure 9). */
export const oldConnection = (): ConnectEvent[] => [
  start(),
  sent(0, 'SYN', 0, undefined, 'SYN-SENT'),
  received(290, 'ACK', 7_654_321, 12_345_678, 'SYN-SENT', { note: 'old-connection', relativeSeq: undefined }),
  sent(310, 'RST', 12_345_678, undefined, 'SYN-SENT', { relativeSeq: undefined }),
  sent(330, 'SYN', 0, undefined, 'SYN-SENT', { note: 'retransmission', transmission: 2 }),
  received(640, 'SYN+ACK', 0, 1, 'ESTABLISHED'),
  sent(661, 'ACK', 1, 1, 'ESTABLISHED'),
];

/** Both sides ask at once (RFC 9293 §3.5, figure 7). */
export const simultaneousOpen = (): ConnectEvent[] => [
  start(),
  sent(0, 'SYN', 0, undefined, 'SYN-SENT'),
  received(100, 'SYN', 0, undefined, 'SYN-RECEIVED'),
  sent(120, 'SYN+ACK', 0, 1, 'SYN-RECEIVED', { note: 'retransmission', transmission: 2 }),
  received(300, 'SYN+ACK', 0, 1, 'ESTABLISHED'),
  sent(320, 'ACK', 1, 1, 'ESTABLISHED'),
];

/** The peer's buffer is full for a while, then a segment of ours is lost. */
export const zeroWindow = (): ConnectEvent[] => [
  ...handshake(),
  sent(402, 'PSH+ACK', 1, 1, 'ESTABLISHED', { payload: REQUEST }),
  received(689, 'ACK', 1, 19, 'ESTABLISHED', { window: 0 }),
  note(689, 'zero-window', "The peer's window is closed: it takes no more data."),
  sent(200_700, 'ACK', 19, 1, 'ESTABLISHED', { payload: text('m'), note: 'window-probe' }),
  received(201_000, 'ACK', 1, 19, 'ESTABLISHED', { window: 0 }),
  received(300_000, 'ACK', 1, 20, 'ESTABLISHED', { window: 502 }),
  note(300_000, 'zero-window', "The peer's window is open again."),
  sent(300_050, 'ACK', 20, 1, 'ESTABLISHED', { payload: text('ore') }),
  sent(300_060, 'PSH+ACK', 23, 1, 'ESTABLISHED', { payload: text('!') }),
  received(300_400, 'ACK', 1, 20, 'ESTABLISHED'),
  sent(300_450, 'ACK', 20, 1, 'ESTABLISHED', { payload: text('ore'), note: 'retransmission', transmission: 2 }),
  received(300_800, 'ACK', 1, 24, 'ESTABLISHED'),
  result('active', {
    ended: 'interrupted',
    retransmissions: 1,
    data: { sentBytes: 23, ackedBytes: 23, receivedBytes: 0, firstByteUs: undefined },
    close: { kind: 'active', initiator: undefined, completed: false, finalState: 'ESTABLISHED', durationUs: undefined },
    states: ['CLOSED', 'SYN-SENT', 'ESTABLISHED'],
    kernelDrops: 3,
  }),
];

/** The peer never closes. */
export const passiveTimeout = (): ConnectEvent[] => [
  ...handshake(),
  sent(5_000_400, 'RST+ACK', 1, 1, 'CLOSED'),
  result('passive', {
    evidence: 'syn-ack',
    ended: 'timeout',
    data: { sentBytes: 0, ackedBytes: 0, receivedBytes: 0, firstByteUs: undefined },
    close: { kind: 'passive', initiator: 'local', completed: false, finalState: 'CLOSED', durationUs: 0 },
    states: ['CLOSED', 'SYN-SENT', 'ESTABLISHED', 'CLOSED'],
  }),
];

/** A peer that tries to speak to the terminal. */
export const hostile = (): ConnectEvent[] => {
  const banner = Uint8Array.from([
    ...text('\x1b]0;owned\x07\x1b[2J\u202edlrow\u2069\u0085\\ caf\u00e9 \u4e2d\u6587'),
    0x9b,
    0x33,
    0x31,
    0x6d,
    0xff,
  ]);
  return [
    start({ host: 'evil\x1b[31m\u202e.example' }),
    ...handshake().slice(1),
    received(900, 'PSH+ACK', 1, 1, 'ESTABLISHED', { payload: banner }),
    note(950, 'urgent-data', 'The peer says \x1b[2J\x9b31m.'),
    icmp(990, 3, 99, '\x1b[31mname', 'fe80::1%\x07eth0'),
    received(1000, 'RST', 40, undefined, 'CLOSED', { payload: text('go away\x1b[0m\x7f') }),
  ];
};

/** Those of peers that mean well, by name. */
export const ORDINARY = {
  active,
  passive,
  half,
  simultaneous,
  reset,
  none,
  closedPort,
  silentPort,
  hostUnreachable,
  adminProhibited,
  lossy,
  oldConnection,
  simultaneousOpen,
  zeroWindow,
  passiveTimeout,
};
