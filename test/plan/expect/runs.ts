/** Runs of each command, as its engine tells them. */
import type { ExpectingCommand } from '../../../src/plan/expect/expectation.ts';
import type { PingEvent, PortEvent, ProbeEvent, ProbeResult, ScanEvent, SendEvent, Verdict } from '../../../src/probe/events.ts';
import * as conversations from '../../report/conversations.ts';
import { lost, reply } from '../../report/pings.ts';
import * as traces from '../../report/traces.ts';

export type Run = readonly (ProbeEvent | ProbeResult)[];

const { icmp, received, sent } = conversations;

/** One segment answered by two, one of them forged; and an ICMP error about another. */
const send: SendEvent[] = [
  conversations.start({ command: 'send' }),
  sent(0, 'SYN', 0, undefined, 'SYN-SENT', { options: [{ kind: 2, name: 'mss', mss: 1460 }], state: undefined }),
  received(90, 'RST+ACK', 0, 77, 'CLOSED', { note: 'bad-ack', state: undefined, ttl: 3 }),
  icmp(120, 3, 13, 'admin-prohibited', '10.0.0.254'),
  received(200, 'RST+ACK', 0, 1, 'CLOSED', { state: undefined, window: 0 }),
  {
    type: 'result',
    verdict: 'closed',
    reason: 'rst',
    sent: 1,
    received: 2,
    rttUs: 200,
    rttClock: 'kernel',
    sendingUs: 0,
    ignored: { 'bad-ack': 1 },
    sweep: undefined,
    differ: false,
    awaited: undefined,
    answers: { rst: 1, 'icmp-admin-prohibited': 1 },
    ended: undefined,
    kernelDrops: 0,
    error: undefined,
  },
];

const figures = {
  verdict: 'open',
  reason: 'syn-ack',
  sent: 3,
  received: 2,
  lost: 1,
  pending: 0,
  lossPercent: 100 / 3,
  late: 0,
  outOfOrder: 1,
  duplicates: 0,
  retransmissions: 0,
  unsent: 0,
  notClosed: 0,
  answers: { 'syn-ack': 2, 'no-response': 1 },
  rttUs: { min: 300, mean: 400, median: 400, p95: 500, p99: 500, max: 500, stddev: 100, jitter: 12 },
  rttClock: 'kernel',
} as const;

/** Two answers, of three probes. */
const ping: PingEvent[] = [
  conversations.start({ command: 'ping' }),
  reply(1, 300),
  reply(2, 500, { note: 'out-of-order' }),
  lost(3),
  {
    type: 'result',
    ...figures,
    targets: [{ ...figures, host: 'example.com', address: '10.0.0.2', port: 80, buckets: [], course: { probesPerCell: 1, cells: [] } }],
    durationUs: 4e6,
    ignored: {},
    passedLimits: [],
    ended: undefined,
    kernelDrops: 0,
    error: undefined,
  },
];

const port = (number: number, verdict: Verdict, reason: PortEvent['reason']): PortEvent => ({
  type: 'port',
  address: '10.0.0.2',
  port: number,
  verdict,
  reason,
  atUs: 1000 + number,
  rttUs: verdict === 'filtered' ? undefined : 100 + number,
  ttl: verdict === 'filtered' ? undefined : 64,
  attempts: verdict === 'filtered' ? 3 : 1,
  lastSentAtUs: 900,
  from: undefined,
  proxied: false,
  proxiedReason: undefined,
});

/** Four ports, two of them open. */
const scan: ScanEvent[] = [
  {
    type: 'start',
    schema: 1,
    version: '0.1.0',
    command: 'scan',
    hosts: 1,
    ports: 4,
    pairs: 4,
    sourceAddress: '10.0.0.1',
    sourcePort: 40_000,
    sourcePorts: 8,
    seed: 1,
    startedAt: '2026-01-02T03:04:05.678Z',
    startedAtNs: 1_767_323_045_678_000_000n,
    clock: { transmit: 'kernel', receive: 'kernel' },
    guard: 'none',
  },
  port(22, 'open', 'syn-ack'),
  port(25, 'filtered', 'no-response'),
  port(80, 'open', 'syn-ack'),
  port(81, 'closed', 'rst'),
  {
    type: 'result',
    hosts: 1,
    ports: 4,
    pairs: 4,
    done: 4,
    probes: 6,
    outcomes: [
      { verdict: 'open', reason: 'syn-ack', count: 2 },
      { verdict: 'closed', reason: 'rst', count: 1 },
      { verdict: 'filtered', reason: 'no-response', count: 1 },
    ],
    counts: { open: 2, closed: 1, filtered: 1 },
    proxied: 0,
    unsent: 0,
    differ: true,
    durationMs: 321,
    probesPerSecond: 18,
    estimatedLossPercent: 0,
    lossBasis: 'prior',
    attempts: 3,
    confidence: 0.99,
    ignored: 0,
    skipped: [],
    ended: undefined,
    kernelDrops: 0,
    state: { seed: 1, hosts: 1, ports: 4, shard: undefined, done: [], outcomes: [] },
    error: undefined,
  },
];

export const RUNS: Readonly<Record<ExpectingCommand, Run>> = { connect: conversations.active(), send, ping, scan, trace: traces.open() };
