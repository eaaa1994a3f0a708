/** Traces written by hand, as the probe would tell them. */
import type { Change, HopEvent, Multipath, RoundEvent, TraceEvent, TraceResult } from '../../src/probe/events.ts';
import * as conversations from './conversations.ts';

export const B = '10.0.9.2';

export const start = (fields = {}) => conversations.start({ command: 'trace', address: B, port: 443, ...fields });

const round = (values: readonly number[]): HopEvent['figures']['rttUs'] => {
  const sorted = [...values].sort((a, b) => a - b);
  const mean = values.reduce((sum, us) => sum + us, 0) / values.length;
  return {
    last: values.at(-1) as number,
    min: sorted[0] as number,
    mean,
    median: sorted[(sorted.length - 1) >> 1] as number,
    max: sorted.at(-1) as number,
    stddev: Math.sqrt(values.reduce((sum, us) => sum + (us - mean) ** 2, 0) / values.length),
  };
};

/** @param address undefined: silent */
export function hop(
  ttl: number,
  address: string | undefined,
  rttUs: readonly (number | null)[] = [null, null, null],
  fields: Partial<HopEvent> = {},
): HopEvent {
  const came = rttUs.filter((us) => us !== null);
  return {
    type: 'hop',
    atUs: ttl * 100,
    ttl,
    flow: undefined,
    address,
    name: undefined,
    answerers: address === undefined ? [] : [{ address, name: undefined, probes: came.length }],
    rttUs,
    rttClock: came.length > 0 ? 'kernel' : undefined,
    figures: {
      sent: rttUs.length,
      received: came.length,
      lossPercent: (100 * (rttUs.length - came.length)) / rttUs.length,
      rttUs: came.length === 0 ? undefined : round(came),
    },
    icmp: undefined,
    answer: undefined,
    extensions: undefined,
    changes: [],
    remarks: [],
    quotedBytes: address === undefined ? undefined : 28,
    ...fields,
  };
}

export const change = (
  field: Change['field'],
  sent: string | undefined,
  seen: string | undefined,
  fields: Partial<Change> = {},
): Change => ({
  field,
  how: 'changed',
  sent,
  seen,
  shownBy: 'quote',
  ...fields,
});

export const ended = (fields: Partial<TraceResult> = {}): TraceResult => ({
  type: 'result',
  verdict: 'open',
  reason: 'syn-ack',
  reached: true,
  hops: 4,
  stop: undefined,
  sent: 12,
  received: 12,
  rounds: 3,
  durationMs: 71.3,
  pathMtu: undefined,
  multipath: undefined,
  connection: undefined,
  ignored: {},
  ended: undefined,
  kernelDrops: 0,
  error: undefined,
  ...fields,
});

const answers = { answer: 'syn-ack', quotedBytes: undefined } as const;

/** All hops answer, some do something. */
export const open = (): TraceEvent[] => [
  start(),
  hop(1, '10.0.1.1', [312, 298, 301], { name: 'gw.example.net' }),
  hop(2, '10.0.2.1', [1020, 1102, null], {
    name: 'core-7.a-rather-long-name.london.isp.example.net',
    changes: [change('mss', '1460', '1400'), change('dscp', '46', '0'), change('option', 'MPTCP', undefined, { how: 'removed' })],
    quotedBytes: 60,
  }),
  hop(3, '10.0.3.1', [9870, 9920, 9901], {
    changes: [
      change('source-port', '40001', '1024'),
      change('sack-permitted', 'SACK-permitted', undefined, { how: 'replaced' }),
      change('option', undefined, 'unknown-254', { how: 'added' }),
    ],
    extensions: {
      mpls: [
        { label: 24_012, trafficClass: 0, bottom: false, ttl: 1 },
        { label: 18, trafficClass: 0, bottom: true, ttl: 1 },
      ],
      interfaces: [
        { role: 'incoming', index: 4, address: '10.0.3.2', name: 'ae1\u001b[31m', mtu: 9000 },
        { role: 'outgoing', index: 5, address: undefined, name: undefined, mtu: undefined },
      ],
      others: [{ class: 3, type: 14, data: new Uint8Array(8) }],
    },
  }),
  hop(4, B, [23_100, 23_400, 22_980], {
    ...answers,
    changes: [change('timestamps', 'TS val 1 ecr 0', undefined, { how: 'unanswered', shownBy: 'answer' })],
  }),
  ended({ ignored: { 'bad-ack': 1, icmp: 2 } }),
];

export const rejected = (): TraceEvent[] => [
  start(),
  hop(1, '10.0.1.1', [312, 298, 301]),
  hop(2, undefined),
  hop(3, '10.0.3.1', [812, 799, 804], { icmp: 'admin-prohibited' }),
  ended({
    verdict: 'filtered',
    reason: 'icmp-admin-prohibited',
    reached: false,
    hops: 3,
    stop: { kind: 'refused', ttl: 3, address: '10.0.3.1', icmp: 'admin-prohibited' },
  }),
];

export const silent = (): TraceEvent[] => [
  start(),
  hop(1, '10.0.1.1', [312, 298, 301]),
  hop(2, '10.0.2.1', [404, null, null], { remarks: ['rate-limited'] }),
  ...[3, 4, 5, 6, 7].map((ttl) => hop(ttl, undefined)),
  ended({
    verdict: 'filtered',
    reason: 'no-response',
    reached: false,
    hops: 2,
    stop: { kind: 'silent', ttl: 2, address: '10.0.2.1', icmp: undefined },
    received: 4,
    sent: 21,
    durationMs: 15.2,
  }),
];

/** All that can be remarkable. */
export const motley = (): TraceEvent[] => [
  start({ host: B }),
  hop(1, '10.0.1.1', [0.4, 1_200_000, 99_960], {
    answerers: [
      { address: '10.0.1.1', name: undefined, probes: 2 },
      { address: '10.0.1.3', name: 'other.example.net', probes: 1 },
    ],
    remarks: ['several', 'asymmetric'],
    rttClock: 'stepped',
  }),
  hop(2, '10.0.1.1', [312, 298, 301], { remarks: ['zero-ttl', 'ttl-reset'] }),
  hop(3, '10.0.3.1', [312, 298, 301], { remarks: ['from-destination', 'loop', 'local'] }),
  conversations.note(400, 'ignored', 'Ignored a segment: it acknowledges what we did not send.'),
  hop(4, B, [23_100, 23_400, null], { answer: 'rst' }),
  ended({
    verdict: 'closed',
    reason: 'rst',
    pathMtu: {
      mtu: 1280,
      found: 'halving',
      towards: B,
      by: 'ack',
      narrowings: [
        { ttl: 2, address: '10.0.2.1', mtu: 1400 },
        { ttl: 3, address: undefined, mtu: 1280 },
      ],
    },
    connection: { established: true, closed: false },
    ended: 'deadline',
    kernelDrops: 3,
  }),
];

export const hostile = (): TraceEvent[] => [
  start({ host: 'evil\x1b[2J\u202e.example' }),
  hop(1, '10.0.1.1', [1, 2, 3], {
    name: 'x\x1b]0;owned\x07\u202ey',
    icmp: 'type\x1b[2J',
    changes: [change('option', '\x1b[31m', undefined, { how: 'removed' }), change('mss', '\x9b1', '\u2028')],
  }),
  ended({ verdict: 'filtered', reason: 'icmp-\x1b[2J', stop: { kind: 'refused', ttl: 1, address: '\x1b[2J', icmp: 'type\x1b[2J' } }),
];

/** Eight flows that part at hop 1 and join at hop 4; one of the branches parts again, and one way is a dead end. */
export function flows(): TraceEvent[] {
  const ports = [40_001, 40_002, 40_003, 40_004, 40_005, 40_006, 40_007, 40_008];
  const node = (ttl: number, address: string | undefined, count: number, name?: string): Multipath['nodes'][number] => ({
    ttl,
    address,
    name,
    sourcePorts: ports.slice(0, count),
  });
  const nodes = [
    node(1, '10.0.1.1', 8, 'gw.example.net'),
    node(2, '10.0.2.1', 4),
    node(2, '10.0.2.2', 4),
    node(3, '10.0.3.1', 2),
    node(3, '10.0.3.2', 2),
    node(3, undefined, 4),
    node(4, '10.0.4.1', 8, 'a-name-that-is-much-too-long-for-a-line.example.net'),
    node(5, B, 8, 'example.com'),
  ];
  const links = [
    [0, 1],
    [0, 2],
    [1, 3],
    [1, 4],
    [2, 5],
    [3, 6],
    [4, 6],
    [5, 6],
    [6, 7],
  ].map(([from, to]) => ({ from: from as number, to: to as number }));
  const ofFlow = (ttl: number, flow: number, address: string | undefined, fields: Partial<HopEvent> = {}): HopEvent =>
    hop(ttl, address, address === undefined ? [null] : [ttl * 1000 + flow], { flow, ...fields });
  return [
    start(),
    ...ports.flatMap((_, flow) => [
      ofFlow(1, flow, '10.0.1.1'),
      ofFlow(2, flow, flow % 2 ? '10.0.2.1' : '10.0.2.2', { changes: flow % 2 ? [change('ecn', 'ECT(0)', 'Not-ECT')] : [] }),
      ofFlow(3, flow, flow % 2 ? (flow % 4 === 1 ? '10.0.3.1' : '10.0.3.2') : undefined),
      ofFlow(4, flow, '10.0.4.1', { remarks: ['asymmetric'] }),
      ofFlow(5, flow, B, answers),
    ]),
    ended({
      hops: 5,
      sent: 40,
      received: 36,
      rounds: 1,
      multipath: {
        nodes,
        links,
        flows: 8,
        outcomes: [{ verdict: 'open', reason: 'syn-ack', sourcePorts: ports }],
        confidencePercent: 87.5,
      },
    }),
  ];
}

/** Rounds of a watch, with the figures so far. */
export function watched(rounds: number): TraceEvent[] {
  const courses = new Map<number, (number | null)[]>();
  const events: TraceEvent[] = [start()];
  const hosts = ['10.0.1.1', '10.0.2.1', undefined, B];
  for (let each = 1; each <= rounds; each++) {
    hosts.forEach((address, i) => {
      const ttl = i + 1;
      const lost = address === undefined || (ttl === 2 && each % 4 === 0);
      const rttUs = lost ? null : ttl * 1500 + 400 * Math.sin(each * ttl);
      const course = [...(courses.get(ttl) ?? []), rttUs];
      courses.set(ttl, course);
      const all = hop(ttl, address, course);
      const name = ttl === 2 ? 'core-7.a-rather-long-name.london.isp.example.net' : undefined;
      const changes = ttl === 2 && each === 1 ? [change('mss', '1460', '1400')] : [];
      events.push({ ...all, name, rttUs: [rttUs], changes, answer: address === B ? 'syn-ack' : undefined });
    });
    events.push({ type: 'round', atUs: each * 1e6, round: each } satisfies RoundEvent);
  }
  events.push(ended({ ended: 'interrupted', rounds, sent: 4 * rounds, received: 3 * rounds - Math.floor(rounds / 4) }));
  return events;
}
