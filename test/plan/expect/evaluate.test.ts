/** Expectations held against runs of each command. */
import { describe, expect, it } from 'vitest';
import {
  type ExpectingCommand,
  evaluateExpectation,
  needSegments,
  Observation,
  parseExpectation,
} from '../../../src/plan/expect/expectation.ts';
import { KEPT_BYTES } from '../../../src/plan/expect/observation.ts';
import type { ExpectationReport } from '../../../src/probe/events.ts';
import * as conversations from '../../report/conversations.ts';
import { RUNS, type Run } from './runs.ts';

function judge(text: string, command: ExpectingCommand, run: Run = RUNS[command]): ExpectationReport {
  const expectation = parseExpectation(text, command);
  const observation = new Observation([expectation]);
  for (const event of run) observation.event(event);
  return evaluateExpectation(expectation, observation);
}

const HOLD: readonly (readonly [command: ExpectingCommand, expressions: readonly string[]])[] = [
  [
    'connect',
    [
      'verdict == open',
      'verdict != closed and reason == syn-ack',
      'verdict in (closed, open)',
      "verdict in ('open|filtered', open)",
      'rttUs < 20000',
      'rttUs < 20ms and rttUs > 0.3ms and rttUs <= 312us',
      'not rttUs > 1s',
      'synack.options.mss >= 1400',
      'synack.options.window-scale == 7',
      'synack.options.timestamps.value == 0x12345678',
      'synack.options has sack-permitted',
      'not (synack.options has md5)',
      'syn.options.mss == 1460',
      'close.completed',
      'close.completed == true',
      'close.kind != none',
      'rst == none and fin != none',
      'close.finalState == CLOSED',
      'states has TIME-WAIT and count(states) == 7',
      String.raw`data.text ~ /^HTTP\/1\.[01] 200/`,
      'data.text !~ /not there/',
      'data.text ~ /^content-type:/im',
      'data.receivedBytes == 62B and data.ackedBytes == data.sentBytes',
      'count(received where flags has RST) == 0',
      'count(received) == 5',
      'any(received where flags has FIN and flags has ACK)',
      'all(received where ttl == 64)',
      'all(received where ttl == 3) or verdict == open',
      'first(received).flags has SYN',
      'last(received).flags has FIN',
      'min(received.window) == 502 and max(received.window) == 64240',
      'sum((received where flags has PSH).length) == 62',
      'segments.flags has PSH and received.window has 502',
      'ignored.duplicate == 0',
      'start.address == 10.0.0.2 and start.host == example.com',
      'any(transitions where from == TIME-WAIT and to == CLOSED)',
      'count(notes) == 0 and count(icmp) == 0',
      'peer.sackPermitted and peer.mss == 1400',
    ],
  ],
  [
    'send',
    [
      'verdict == closed',
      'received == 2',
      'count(received) == 2',
      'count(received where note == bad-ack) == 1',
      'rst.note == none and rst.window == 0',
      'sent == 1 and count(sent) == 1',
      'icmp.name has admin-prohibited and icmp has admin-prohibited',
      'any(icmp where from == 10.0.0.254 and icmpType == 3)',
      'answers.rst == 1 and answers.icmp-admin-prohibited == 1 and answers.syn-ack == 0',
      'sweep == none',
      'not differ',
    ],
  ],
  [
    'ping',
    [
      'lost == 1',
      'lossPercent < 34%',
      'rttUs.p95 < 1ms',
      'max(replies.rttUs) <= 500us',
      'count(replies where note == out-of-order) == 1',
      'count(lost where reason == no-response) == 1',
      'count(replies) == received',
      'targets.port has 80',
    ],
  ],
  [
    'scan',
    [
      'count(ports where verdict == open) == 2',
      'ports == 4',
      'counts.open == 2 and counts.unfiltered == 0',
      'all(ports where port == 22 or verdict != none)',
      'count(ports where rttUs < 1s) == 3',
      'any(outcomes where verdict == filtered and count == 1)',
      'durationMs < 1s',
    ],
  ],
  [
    'trace',
    [
      'reached and hops == 4',
      'count(hops) == 4',
      'count(hops where changes has mss) == 1',
      'hops.changes has sack-permitted',
      'any(hops.changes where field == dscp and seen == 0)',
      'count((hops.extensions.mpls) where label > 20000) == 1',
      'min(hops.rttUs) < 300us',
      'hops.address has 10.0.3.1',
      'hops has gw.example.net',
      'pathMtu == none',
      'first(hops where changes has mss).ttl == 2',
    ],
  ],
];

describe.each(HOLD)('%s: holds', (command, expressions) => {
  it.each(expressions)('%s', (text) => {
    expect(judge(text, command)).toEqual({ expression: text, ok: true, failures: [] });
  });

  it.each(expressions)('and its contrary does not: %s', (text) => {
    expect(judge(`not (${text})`, command).ok).toBe(false);
  });
});

const SYN_ACK =
  'the SYN+ACK received at 0.312 ms: seq 0, ack 1, win 64240, options [mss 1400, sackOK, TS val 305419896 ecr 305419896, wscale 7], length 0';

const FAIL: readonly (readonly [command: ExpectingCommand, text: string, told: readonly (string | undefined)[]])[] = [
  ['connect', 'verdict == closed', ['verdict', '== closed', 'open', undefined]],
  ['connect', 'rttUs < 0.1ms', ['rttUs', '< 0.1ms', '0.312ms', undefined]],
  ['connect', 'synack.options.mss >= 1460', ['synack.options.mss', '>= 1460', '1400', SYN_ACK]],
  ['connect', 'synack.flags has ECE', ['synack.flags', 'has ECE', 'ACK SYN', SYN_ACK]],
  ['connect', 'synack.options has md5', ['synack.options', 'has md5', 'mss sack-permitted timestamps nop window-scale', SYN_ACK]],
  ['connect', 'rst.seq == 0', ['rst.seq', '== 0', 'none', undefined]],
  ['connect', 'not (rst.seq == 0)', ['(rst.seq == 0)', 'false', 'none', undefined]],
  ['connect', 'rst != none', ['rst', '!= none', 'none', undefined]],
  ['connect', 'not close.completed', ['close.completed', 'false', 'true', undefined]],
  ['connect', "verdict in (closed, 'open|filtered')", ['verdict', 'in (closed, open|filtered)', 'open', undefined]],
  [
    'connect',
    'data.text ~ /^SSH/',
    ['data.text', '~ /^SSH/', String.raw`"HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\nIt works, reall..."`, undefined],
  ],
  ['connect', 'data.sentBytes == data.receivedBytes', ['data.sentBytes', '== data.receivedBytes (62)', '18', undefined]],
  ['connect', 'any(received where ttl == 3)', ['any(received where ttl == 3)', 'true', 'false: there is none', undefined]],
  ['connect', 'segments.options.mss has 536', ['segments.options.mss', 'has 536', '1460 1400', undefined]],
  [
    'send',
    'count(received where flags has RST) == 0',
    [
      'count(received where flags has RST)',
      '== 0',
      '2',
      'the RST+ACK received at 0.09 ms: seq 0, ack 77, win 502, length 0, bad-ack; the RST+ACK received at 0.2 ms: seq 0, ack 1, win 0, length 0',
    ],
  ],
  ['ping', 'max(replies.rttUs) < 400us', ['max(replies.rttUs)', '< 400us', '500us', 'probe 2 to 10.0.0.2:80: open, syn-ack, after 0.5 ms']],
  [
    'scan',
    'all(ports where verdict == open)',
    ['all(ports where verdict == open)', 'true', 'false: not for 2 of 4', '10.0.0.2:25: filtered, no-response; 10.0.0.2:81: closed, rst'],
  ],
  ['trace', 'count(hops where changes has mss) == 0', ['count(hops where changes has mss)', '== 0', '1', 'hop 2: 10.0.2.1']],
];

it.each(FAIL)('%s: %s fails with what was found, and where', (command, text, [field, expected, actual, about]) => {
  expect(judge(text, command)).toEqual({ expression: text, ok: false, failures: [{ field, expected, actual, about }] });
});

it('tells of each part that fails, and of no other', () => {
  const { failures } = judge('verdict == open and rttUs > 1s and (close.kind == half or states has LISTEN)', 'connect');
  expect(failures.map(({ field, actual }) => [field, actual])).toEqual([
    ['rttUs', '0.000312s'],
    ['close.kind', 'active'],
    ['states', 'CLOSED SYN-SENT ESTABLISHED FIN-WAIT-1 FIN-WAIT-2 TIME-WAIT CLOSED'],
  ]);
});

it('knows whether it needs segments', () => {
  const needs = (text: string) => needSegments([parseExpectation(text, 'ping')]);
  expect(['synack.ttl == 64', 'count(icmp) == 0', 'segments.flags has SYN'].map(needs)).toEqual([true, true, true]);
  expect(['verdict == open', 'count(replies) == 3'].map(needs)).toEqual([false, false]);
});

describe('of a long run', () => {
  it('counts exactly, and tells the first few of a hundred thousand segments', () => {
    const expectation = parseExpectation('count(received where flags has RST) == 0 and max(received.ttl) < 64', 'connect');
    const observation = new Observation([expectation]);
    for (let i = 0; i < 100_000; i++) {
      const segment = conversations.received(i, i % 10 === 0 ? 'RST' : 'ACK', i, undefined, 'CLOSED', { ttl: i % 100 });
      observation.event(segment);
    }
    for (const event of conversations.closedPort()) if (event.type === 'result') observation.event(event);
    const { failures } = evaluateExpectation(expectation, observation);
    expect(failures[0]?.actual).toBe('10000');
    expect(failures[0]?.about).toMatch(/^the RST received at 0 ms: .*; and 9997 more$/);
    expect(failures[1]?.actual).toBe('99');
  });

  const download = (text: string, bytes: number): ExpectationReport => {
    const payload = new Uint8Array(1000).fill(0x61);
    const events = Array.from({ length: bytes / 1000 }, (_, i) => ({ type: 'data', atUs: i, payload }) as const);
    return judge(text, 'connect', [...events, conversations.result('active')]);
  };

  it('takes what the peer sent as far as it is kept, and does not say what the rest may change', () => {
    const most = Math.floor(KEPT_BYTES / 1000) * 1000;
    expect(download('data.text ~ /^a+$/', most).ok).toBe(true);
    expect(download('data.text !~ /b/', most).ok).toBe(true);
    expect(download('data.text ~ /^aaa/', most + 1000).ok).toBe(true);
    for (const unknown of ['data.text ~ /^a+$/', 'data.text !~ /b/', 'data.text ~ /b/', 'not data.text ~ /b/', 'data.text ~ /^a+(?!b)/']) {
      expect(download(unknown, most + 1000).ok).toBe(false);
    }
    expect(download('data.text ~ /b/', most + 1000).failures[0]?.actual).toMatch(
      /^not known: only the first 65536 characters were kept: "a{60}\.\.\."$/,
    );
  });
});

describe('a pattern that takes for ever', () => {
  const answering = (payload: string): Run => [
    { type: 'data', atUs: 1, payload: conversations.text(payload) },
    conversations.result('active'),
  ];

  it.each(['data.text ~ /^(a+)+$/', 'data.text !~ /^(a+)+$/'])('is given up: %s', (text) => {
    const began = performance.now();
    const { ok, failures } = judge(text, 'connect', answering(`${'a'.repeat(60)}!`));
    expect(ok).toBe(false);
    expect(failures[0]?.actual).toMatch(/^not known: the match took too long: "aaa/);
    expect(performance.now() - began).toBeLessThan(5000);
  });

  it('is not taken for none in a list', () => {
    const run = [conversations.note(1, 'ignored', `${'a'.repeat(60)}!`), conversations.result('active')];
    expect(judge('count(notes where text ~ /^(a+)+$/) == 0', 'connect', run)).toMatchObject({
      ok: false,
      failures: [{ field: 'text ~ /^(a+)+$/', actual: 'not known: the match took too long' }],
    });
  });

  it('matches where it can', () => {
    expect(judge('data.text ~ /^(a+)+$/', 'connect', answering('aaaa')).ok).toBe(true);
  });
});
