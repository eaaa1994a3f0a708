/** What people see of expectations, below the result. */
import { stripVTControlCharacters } from 'node:util';
import { expect, it } from 'vitest';
import type { ExpectationReport } from '../../src/probe/events.ts';
import { expectationsText, failedLines } from '../../src/report/expectations.ts';
import { createStyle } from '../../src/report/style.ts';

const style = createStyle({ colour: false, ascii: true, width: 60 });

const HOLDS: ExpectationReport = { expression: 'verdict == open', ok: true, failures: [] };
const FAILS: ExpectationReport = {
  expression: 'synack.options.mss >= 1400',
  ok: false,
  failures: [
    {
      field: 'synack.options.mss',
      expected: '>= 1400',
      actual: '1380',
      about: 'the SYN+ACK received at 0.312 ms: seq 0, ack 1, win 64240, options [mss 1380], length 0',
    },
  ],
};
const FAILS_TWICE: ExpectationReport = {
  expression: 'rttUs < 1ms and data.text ~ /\x1b/',
  ok: false,
  failures: [
    { field: 'rttUs', expected: '< 1ms', actual: '7.1ms', about: undefined },
    { field: 'data.text', expected: '~ /\x1b/', actual: '"\x1b[2J"', about: undefined },
  ],
};

it('one that holds, and several', () => {
  expect(expectationsText([HOLDS], style)).toBe('  expected    it is so\n');
  expect(expectationsText([HOLDS, HOLDS], style)).toBe('  expected    all 2 are so\n');
});

it('those that fail: what was found, and where', () => {
  expect(expectationsText([HOLDS, FAILS, FAILS_TWICE], style)).toBe(
    String.raw`  expected    2 of 3 are not so
  failed      synack.options.mss >= 1400
              synack.options.mss is 1380
              the SYN+ACK received at 0.312 ms: seq 0, ack
              1, win 64240, options [mss 1380], length 0
  failed      rttUs < 1ms and data.text ~ /\x1b/
              rttUs is 7.1ms, expected < 1ms
              data.text is "\x1b[2J", expected ~ /\x1b/
`,
  );
});

it('a line each, for scripts', () => {
  expect(failedLines([HOLDS, FAILS, FAILS_TWICE], style)).toBe(
    String.raw`failed  synack.options.mss >= 1400  synack.options.mss is 1380
failed  rttUs < 1ms and data.text ~ /\x1b/  rttUs is 7.1ms, expected < 1ms; data.text is "\x1b[2J", expected ~ /\x1b/
`,
  );
  expect(failedLines([HOLDS], style)).toBe('');
});

it('in colour says the same', () => {
  const coloured = createStyle({ colour: true, ascii: true, width: 60 });
  const text = expectationsText([FAILS], coloured);
  expect(text).toContain('\x1b[31m');
  expect(stripVTControlCharacters(text)).toBe(expectationsText([FAILS], style));
});
