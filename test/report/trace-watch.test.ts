/** `trace --watch`: a table that changes in place on a terminal, and a block a round where it is piped. */
import { stripVTControlCharacters } from 'node:util';
import { describe, expect, test } from 'vitest';
import type { TraceEvent } from '../../src/probe/events.ts';
import { displayWidth } from '../../src/report/text.ts';
import { createWatchReporter, type WatchReporterOptions } from '../../src/report/trace-watch.ts';
import { note } from './conversations.ts';
import { change, ended, hop, start, watched } from './traces.ts';

const PIPED = { colour: false, ascii: true, width: 80, quiet: false, size: undefined };

/** What each event, and each of the calls between them, wrote. */
function writes(events: Iterable<TraceEvent | 'redraw' | 'leave'>, look: Partial<WatchReporterOptions> = {}): string[] {
  const written: string[] = [];
  const reporter = createWatchReporter({ ...PIPED, ...look, write: (text) => written.push(text) });
  for (const event of events) {
    if (event === 'redraw') reporter.redraw();
    else if (event === 'leave') reporter.leave();
    else reporter.event(event);
  }
  return written;
}

const onScreen = (columns: number, rows: number): Partial<WatchReporterOptions> => ({ ascii: false, size: () => ({ columns, rows }) });

const ESC = '\x1b';
const TOKENS = new RegExp(String.raw`${ESC}\[\??[\d;]*[A-Za-z]|\r?\n|[^${ESC}\r\n]+`, 'g');

/** A screen after what was written to it: the lines, whether it is the other screen, and whether there is a cursor. */
function screen(text: string): { lines: string[]; isOther: boolean; hasCursor: boolean } {
  const lines: string[] = [];
  let row = 0;
  let state = { isOther: false, hasCursor: true };
  for (const [token] of text.matchAll(TOKENS)) {
    if (token === '\x1b[?1049h') state = { ...state, isOther: true };
    else if (token === '\x1b[?1049l') state = { ...state, isOther: false };
    else if (token === '\x1b[?25l') state = { ...state, hasCursor: false };
    else if (token === '\x1b[?25h') state = { ...state, hasCursor: true };
    else if (token === '\x1b[H') row = 0;
    else if (token === '\x1b[J') lines.length = row + 1;
    else if (token.endsWith('\n')) row++;
    else if (!token.startsWith('\x1b')) lines[row] = token;
    else if (token !== '\x1b[K') throw new Error(`unexpected ${JSON.stringify(token)}`);
    if (token === '\x1b[H' || token.endsWith('\n')) lines[row] = '';
  }
  return { lines, ...state };
}

describe('pictures', () => {
  test.each<[string, number, Partial<WatchReporterOptions>]>([
    ['piped', 2, {}],
    ['40', 40, { width: 40 }],
    ['80-unicode', 40, onScreen(80, 24)],
    ['140-unicode', 40, onScreen(140, 24)],
  ])('%s', async (name, rounds, look) => {
    const all = writes(watched(rounds), look);
    // Of a long one the last table, and the end.
    const text = rounds > 2 ? all.slice(-2).join('') : all.join('');
    const plain = stripVTControlCharacters(text).replaceAll('\r', '');
    expect(Math.max(...plain.split('\n').map(displayWidth))).toBeLessThanOrEqual(look.size?.().columns ?? look.width ?? 80);
    await expect(plain).toMatchFileSnapshot(`pictures/trace-watch-${name}.txt`);
  });
});

describe('on a terminal', () => {
  test('every round is one write, and the end another two: back to the screen as it was, and the last table', () => {
    const all = writes(watched(5), onScreen(80, 24));
    expect(all).toHaveLength(5 + 2);
    expect(screen(all.slice(0, 5).join(''))).toMatchObject({ isOther: true, hasCursor: false });
    expect(screen(all.join(''))).toMatchObject({ isOther: false, hasCursor: true });
    expect(all.at(-1)).toMatch(/^trace example\.com .*5 rounds.* {2}verdict {5}open: SYN\+ACK/s);
  });

  test('a round replaces all of the one before it', () => {
    const long = hop(2, '10.0.2.1', [1], { changes: [change('mss', '1460', '1400')] });
    const round = (n: number): TraceEvent => ({ type: 'round', atUs: n, round: n });
    const all = writes([start(), hop(1, '10.0.1.1', [1]), long, round(1), hop(1, '10.0.1.1', [1]), round(2)], onScreen(80, 24));
    const { lines } = screen(all.join(''));
    expect(lines).toEqual(screen(all.at(-1) as string).lines);
  });

  test('lines that the terminal has no room for are counted', () => {
    const [last] = writes(watched(1), onScreen(80, 5)).slice(0, 1) as [string];
    const { lines } = screen(last);
    expect(lines).toHaveLength(5);
    expect(lines.at(-1)).toBe('       4 lines more: the terminal is too low');
  });

  test('another size is drawn at once, and only while there is a table', () => {
    let size = { columns: 80, rows: 24 };
    const written: string[] = [];
    const reporter = createWatchReporter({ ...PIPED, ascii: false, size: () => size, write: (text) => written.push(text) });
    reporter.redraw();
    expect(written).toEqual([]);
    for (const event of watched(3).slice(0, -1)) reporter.event(event);
    const before = written.length;
    size = { columns: 60, rows: 10 };
    reporter.redraw();
    expect(written).toHaveLength(before + 1);
    expect(Math.max(...screen(written.at(-1) as string).lines.map(displayWidth))).toBeLessThanOrEqual(60);
    reporter.leave();
    reporter.redraw();
    expect(written).toHaveLength(before + 2);
  });

  test('the terminal is given back once, also where no result comes', () => {
    const events = watched(1).slice(0, -1);
    const all = writes([...events, 'leave', 'leave'], onScreen(80, 24));
    expect(screen(all.join(''))).toMatchObject({ isOther: false, hasCursor: true });
    expect(all).toHaveLength(2);
  });
});

test('the picture of a hop has its last round trips, as many as there is room for', () => {
  const last = writes(watched(200), onScreen(80, 24)).at(-1) as string;
  // Every fourth probe of the second hop is lost.
  expect(last).toMatch(/ {4}2 {2}core[^\n]*×[^×\n]{3}×/);
});

test('a round that could not be sent says so, until one can be', () => {
  const down = note(1, 'unsent', 'The rest of the round could not be sent: the interface is down.');
  const round = (n: number): TraceEvent => ({ type: 'round', atUs: n, round: n });
  const all = writes([start(), hop(1, '10.0.1.1', [1]), round(1), down, round(2), round(3)]);
  expect(all.map((text) => text.includes('\nThe rest of the round could not be sent: the interface is down.\n\n'))).toEqual([
    false,
    true,
    false,
  ]);
});

test('quiet is one line at the end', () => {
  expect(writes(watched(3), { quiet: true })).toEqual(['open  10.0.9.2:443  syn-ack  rtt 5.79 ms  4 hops\n']);
  expect(writes(watched(3), { quiet: true, ...onScreen(80, 24) })).toHaveLength(1);
});

test('without a round there is no table', () => {
  expect(
    writes([start(), ended({ ended: 'interrupted', reason: 'interrupted', verdict: 'filtered', rounds: 0 })], onScreen(80, 24)),
  ).toHaveLength(1);
});
