/** Scans as text and CSV. The pictures stand in pictures/, to be read as they are. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { NetError } from '../../src/net/errors.ts';
import type { HostEvent, OutcomeCount, PortEvent, ScanEvent, ScanResult, ScanStartEvent, Verdict } from '../../src/probe/events.ts';
import { resultLine, toJson } from '../../src/report/json.ts';
import { createScanReporter, progressText, type ScanReporterOptions } from '../../src/report/scan.ts';
import { CSV_HEADER, csvRecord } from '../../src/report/scan-csv.ts';
import { displayWidth } from '../../src/report/text.ts';
import { misfit } from '../schema/validate.ts';

type Look = Partial<Omit<ScanReporterOptions, 'write'>>;

const SERVICES: Readonly<Record<number, string>> = { 22: 'ssh', 25: 'smtp', 80: 'http', 443: 'https', 3306: 'mysql' };
const ALL: readonly Verdict[] = ['open', 'closed', 'filtered', 'unfiltered', 'open|filtered'];

const start = (fields: Partial<ScanStartEvent> = {}): ScanStartEvent => ({
  type: 'start',
  schema: 1,
  version: '0.1.0',
  command: 'scan',
  hosts: 1,
  ports: 65_535,
  pairs: 65_535,
  sourceAddress: '10.0.0.1',
  sourcePort: 40_000,
  sourcePorts: 16,
  interfaceName: 'eth0',
  seed: 7,
  startedAt: '2026-11-22T21:00:00.000Z',
  startedAtNs: 1_795_381_200_000_000_000n,
  clock: { transmit: 'user', receive: 'kernel' },
  guard: 'none',
  ...fields,
});

const port = (address: string, number: number, fields: Partial<PortEvent> = {}): PortEvent => ({
  type: 'port',
  verdict: 'open',
  reason: 'syn-ack',
  atUs: 1000,
  address,
  port: number,
  rttUs: 49.3 + (number % 100) / 7,
  ttl: 64,
  attempts: 1,
  lastSentAtUs: 900,
  from: undefined,
  proxied: false,
  proxiedReason: undefined,
  ...fields,
});

const SILENT = { verdict: 'filtered', reason: 'no-response', rttUs: undefined, ttl: undefined, attempts: 6 } as const;
const CLOSED = { verdict: 'closed', reason: 'rst' } as const;

const count = (verdict: Verdict, reason: OutcomeCount['reason'], n: number): OutcomeCount => ({ verdict, reason, count: n });
const host = (address: string, ...outcomes: OutcomeCount[]): HostEvent => ({ type: 'host', atUs: 2000, address, outcomes });

function result(outcomes: readonly OutcomeCount[], fields: Partial<ScanResult> = {}): ScanResult {
  const pairs = outcomes.reduce((sum, { count }) => sum + count, 0);
  const counts: ScanResult['counts'] = {};
  for (const { verdict, count } of outcomes) counts[verdict] = (counts[verdict] ?? 0) + count;
  return {
    type: 'result',
    hosts: 1,
    ports: 65_535,
    pairs,
    done: pairs,
    probes: pairs,
    outcomes,
    counts,
    proxied: 0,
    unsent: 0,
    differ: Object.keys(counts).length > 1,
    durationMs: 412,
    probesPerSecond: pairs / 0.412,
    estimatedLossPercent: 0,
    lossBasis: 'measured',
    attempts: undefined,
    confidence: undefined,
    ignored: 0,
    skipped: [],
    ended: undefined,
    kernelDrops: 0,
    state: { seed: 7, hosts: 1, ports: 65_535, shard: undefined, done: [], outcomes },
    error: undefined,
    ...fields,
  };
}

/** One host with three open ports. */
function one(): ScanEvent[] {
  const outcomes = [count('closed', 'rst', 65_531), count('open', 'syn-ack', 3), count('filtered', 'no-response', 1)];
  return [
    start(),
    port('10.0.0.2', 443),
    port('10.0.0.2', 22),
    port('10.0.0.2', 31_337, { rttUs: 1234.5, attempts: 2 }),
    host('10.0.0.2', ...outcomes),
    result(outcomes, { probes: 65_546, attempts: 11, confidence: 0.9994, estimatedLossPercent: 10.23 }),
  ];
}

/** 256 hosts, of which some listen at one port. */
function network(): ScanEvent[] {
  const events: ScanEvent[] = [start({ hosts: 256, ports: 1, pairs: 256 })];
  for (let i = 0; i < 256; i++) {
    const address = `10.0.7.${i}`;
    if (i % 16 === 1) events.push(port(address, 80), host(address, count('open', 'syn-ack', 1)));
    else events.push(host(address, i % 4 === 0 ? count('closed', 'rst', 1) : count('filtered', 'no-response', 1)));
  }
  const outcomes = [count('filtered', 'no-response', 176), count('closed', 'rst', 64), count('open', 'syn-ack', 16)];
  return [
    ...events,
    result(outcomes, {
      hosts: 256,
      ports: 1,
      probes: 960,
      attempts: 4,
      confidence: 0.99999,
      lossBasis: 'prior',
      estimatedLossPercent: 1.99,
      durationMs: 1350,
      probesPerSecond: 711,
    }),
  ];
}

/** All that there is to be said. */
function motley(): ScanEvent[] {
  const outcomes = [count('filtered', 'no-response', 1990), count('closed', 'rst', 990), count('open', 'syn-ack', 27)];
  return [
    start({ hosts: 4, ports: 1000, pairs: 2000 }),
    port('10.0.0.3', 25, { proxied: true, proxiedReason: 'zero-window', rttUs: 1_250_000 }),
    port('10.0.0.9', 3306, { ...CLOSED, ttl: 63 }),
    port('10.0.0.9', 25, { ...SILENT, reason: 'icmp-admin-prohibited', from: '192.0.2.254', rttUs: 812, attempts: 1 }),
    port('10.0.0.9', 22, SILENT),
    port('10.0.0.14', 22, { ...SILENT, reason: 'icmp-host-unreachable', from: '10.0.0.1', ttl: 64 }),
    ...Array.from({ length: 24 }, (_, i) => port('10.0.0.12', 8000 + i, { proxied: true, proxiedReason: 'answers-all' })),
    port('10.0.0.12', 443, { proxied: true, proxiedReason: 'other-ttl' }),
    { type: 'unsent', atUs: 1, address: '10.0.0.13', port: 80, code: 'no-route', message: 'send to 10.0.0.13: the interface is down' },
    host('10.0.0.3', count('filtered', 'no-response', 990), count('open', 'syn-ack', 1)),
    host('10.0.0.9', count('closed', 'rst', 1), count('filtered', 'no-response', 1), count('filtered', 'icmp-admin-prohibited', 1)),
    host('10.0.0.12', count('open', 'syn-ack', 25), count('closed', 'rst', 975)),
    host('10.0.0.13'),
    result(outcomes, {
      hosts: 4,
      ports: 1000,
      pairs: 4000,
      proxied: 26,
      unsent: 1,
      ignored: 1234,
      attempts: 1,
      confidence: 0.5,
      skipped: [{ network: '192.0.2.0/24', name: 'documentation (TEST-NET-1)', source: 'RFC 5737', count: 256 }],
      ended: 'interrupted',
      kernelDrops: 3,
      error: new NetError('no-buffers', 'send', 'to 10.0.0.13', 'the queue is full', 'lower --rate'),
    }),
  ];
}

/** Nothing found of what is listed. */
const nothing = (): ScanEvent[] => [
  start({ ports: 1000, pairs: 1000 }),
  host('10.0.0.2', count('closed', 'rst', 1000)),
  result([count('closed', 'rst', 1000)], { ports: 1000 }),
];

const PLAIN: Omit<ScanReporterOptions, 'write'> = {
  colour: false,
  ascii: true,
  width: 80,
  quiet: false,
  verbose: false,
  names: { service: (number) => SERVICES[number], host: (address) => (address === '10.0.0.3' ? 'mail\u001b[2J.example.com' : undefined) },
  host: '10.0.0.2',
  portText: 'all 65,535 ports',
  shard: undefined,
  settledBefore: 0,
  shown: new Set<Verdict>(['open', 'unfiltered']),
  excluded: 0,
  resumeFile: undefined,
  confidence: 0.999,
};

function draw(events: readonly ScanEvent[], look: Look = {}): string {
  let text = '';
  const write = (part: string) => {
    text += part;
  };
  const reporter = createScanReporter({ ...PLAIN, ...look, write });
  for (const event of events) reporter.event(event);
  return text;
}

const NETWORK: Look = { host: undefined, portText: 'port 80' };
const MOTLEY: Look = {
  host: undefined,
  portText: '1,000 ports',
  shown: new Set(ALL),
  excluded: 2,
  resumeFile: 'scan\u0007.state',
  shard: { index: 2, count: 2 },
};

test.each<[string, () => ScanEvent[], Look]>([
  ['one', one, {}],
  ['one-120-colour', one, { ascii: false, colour: true, width: 120 }],
  ['one-40', one, { width: 40 }],
  ['one-v', one, { verbose: true }],
  ['one-q', one, { quiet: true }],
  ['network', network, NETWORK],
  ['network-120-unicode', network, { ...NETWORK, ascii: false, width: 120 }],
  ['motley', motley, MOTLEY],
  ['motley-40', motley, { ...MOTLEY, width: 40 }],
  ['motley-v', motley, { ...MOTLEY, verbose: true }],
  ['nothing', nothing, { portText: 'the 1,000 likeliest ports' }],
])('draws %s', async (name, events, look) => {
  const text = draw(events(), look);
  await expect(text).toMatchFileSnapshot(`pictures/scan-${name}.txt`);
  if (look.ascii !== false) expect(text).toMatch(/^[\x20-\x7e\n]*$/);
  if (!look.quiet) expect(widest(text)).toBeLessThanOrEqual(look.width ?? 80);
});

const widest = (text: string): number => Math.max(...text.split('\n').map(displayWidth));

const NAMELESS = { ...PLAIN.names, host: () => undefined };

describe('a table of many ports', () => {
  test('is in order, whatever the order they come in', () => {
    const ports = fc.uniqueArray(fc.tuple(fc.integer({ min: 1, max: 254 }), fc.integer({ min: 1, max: 65_535 })), {
      selector: String,
      minLength: 1,
      maxLength: 600,
    });
    fc.assert(
      fc.property(ports, (found) => {
        const events = found.map(([last, number]) => port(`10.0.0.${last}`, number));
        const outcomes = [count('open', 'syn-ack', found.length)];
        const text = draw([start({ hosts: 254 }), ...events, result(outcomes, { hosts: 254 })], { ...NETWORK, names: NAMELESS });
        let shown: string | undefined;
        const listed = text.split('\n').flatMap((line) => {
          const [, address, number] = /^ {2}(10\S+)? +(\d+) .*open /.exec(line) ?? [];
          shown = address ?? shown;
          return number === undefined ? [] : [[Number(shown?.split('.')[3]), Number(number)]];
        });
        expect(listed).toEqual([...found].sort(([a, b], [c, d]) => a - c || b - d));
      }),
      { numRuns: 30 },
    );
  });

  test('of more than are kept comes in parts', () => {
    const ports = Array.from({ length: 70_000 }, (_, i) => port(`10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`, 80));
    const text = draw([start({ hosts: 70_000 }), ...ports, result([], { hosts: 70_000 })], NETWORK);
    expect(text.match(/^ {2}host +port/gm)).toHaveLength(2);
    expect(text.match(/ open /g)).toHaveLength(70_000);
  });

  test('has what an earlier run found', () => {
    let text = '';
    const write = (part: string) => {
      text += part;
    };
    const reporter = createScanReporter({ ...PLAIN, settledBefore: 20, write });
    reporter.recall(port('10.0.0.2', 22));
    for (const event of [start({ pairs: 65_515 }), port('10.0.0.2', 80), result([])]) reporter.event(event);
    expect(text).toMatch(/^scan 10.0.0.2, all 65,535 ports, 20 of 65,535 done before\n/);
    expect(text).toMatch(/ 22 {2}ssh .*\n +80 {2}http /);
  });
});

test('no name that comes from outside acts on the terminal', () => {
  const text = draw(motley(), { ...MOTLEY, names: { service: () => '\x1b[2J', host: () => '\u202egro' } });
  expect(text).not.toMatch(/(?!\n)\p{Cc}|\u202e/u);
});

test('the changing line', () => {
  const progress = { type: 'progress', atUs: 1, done: 20_312, total: 65_535, open: 3, probes: 30_000, probesPerSecond: 48_123.4 } as const;
  expect(progressText({ ...progress, estimatedLossPercent: 10.234, remainingMs: 1900 })).toBe(
    '30 % of 65,535, 3 open, 48,123/s, 10.2 % lost, 2 s left',
  );
  expect(progressText({ ...progress, total: 0, done: 0, estimatedLossPercent: undefined, remainingMs: undefined })).toBe(
    '0 % of 0, 3 open, 48,123/s',
  );
});

describe('CSV', () => {
  const { names } = PLAIN;

  test('has a record for each port, with what is known', () => {
    expect(CSV_HEADER).toBe('address,host,port,service,verdict,reason,rtt_us,ttl,attempts,from,proxied,proxied_reason\r\n');
    expect(csvRecord(port('10.0.0.2', 80, { rttUs: 49.30049 }), names)).toBe('10.0.0.2,,80,http,open,syn-ack,49.3,64,1,,false,\r\n');
    expect(csvRecord(port('10.0.0.2', 81, SILENT), names)).toBe('10.0.0.2,,81,,filtered,no-response,,,6,,false,\r\n');
  });

  test('quotes what would end a field', () => {
    const host = () => 'a "b", c\r\nd';
    expect(csvRecord(port('10.0.0.2', 80), { ...names, host })).toContain('10.0.0.2,"a ""b"", c\r\nd",80');
  });
});

describe('JSON', () => {
  test.each([one, network, motley, nothing])('lines fit the schema', (events) => {
    for (const event of events()) {
      const line = event.type === 'result' ? resultLine(event, 0) : toJson(event);
      if (line !== undefined) expect(misfit(JSON.parse(line), 'scan')).toBe('');
    }
  });

  test('leaves out what is for people or for a file of its own', () => {
    expect(toJson(host('10.0.0.2'))).toBeUndefined();
    expect(JSON.parse(resultLine(result([]), 0))).not.toHaveProperty('state');
  });
});
