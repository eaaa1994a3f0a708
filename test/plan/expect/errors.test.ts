/** Expressions that are wrong: what is said of them, and what is marked. */
import { expect, it } from 'vitest';
import { type ExpectingCommand, ExpressionError, parseExpectation } from '../../../src/plan/expect/expectation.ts';
import { excerpt } from '../../../src/report/excerpt.ts';

/** The expression, what is marked below it, and what is said. */
type Wrong = readonly [expression: string, marks: string, message: string, hint: string];

const OF_CONNECT: readonly Wrong[] = [
  // Names
  ['verdit == open', '^^^^^^', 'there is no verdit in what connect tells', 'did you mean verdict?'],
  ['finalState == CLOSED', '^^^^^^^^^^', 'there is no finalState in what connect tells', 'did you mean close.finalState?'],
  ['close.finalstate == CLOSED', '      ^^^^^^^^^^', 'there is no finalstate in close', 'did you mean close.finalState?'],
  ['close.finalState.x == 1', '                 ^', 'close.finalState is a word and has no fields', 'leave .x out'],
  ['synack.options.msx > 3', '               ^^^', 'there is no option msx', 'did you mean synack.options.mss?'],
  [
    'synack.options.sack-permitted == true',
    '               ^^^^^^^^^^^^^^',
    'the option sack-permitted holds nothing',
    'write synack.options has sack-permitted',
  ],
  ['synack.mss > 3', '       ^^^', 'there is no mss in synack', 'did you mean synack.options.mss?'],
  ['VERDICT == open', '^^^^^^^', 'there is no VERDICT in what connect tells', 'did you mean verdict?'],
  ['verdict is open', '        ^^', '"is" is not expected here', 'compare by one of == != < <= > >= ~ !~ in has'],
  ['counts(received) == 0', '^^^^^^', 'there is no function counts', 'did you mean count?'],
  ['count(received where tl == 3) == 0', '                     ^^', 'there is no tl in the items of received', 'did you mean ttl?'],
  // Kinds
  ['verdict == opne', '           ^^^^', 'verdict is never opne', 'did you mean open?'],
  ['reason == synack', '          ^^^^^^', 'reason is never synack', 'did you mean syn-ack?'],
  ['synack.flags has syn', '                 ^^^', 'an item of synack.flags is never syn', 'did you mean SYN?'],
  [
    'verdict in (open, shut)',
    '                  ^^^^',
    'verdict is never shut',
    'it is one of open, closed, filtered, unfiltered, open|filtered',
  ],
  ['rttUs < open', '        ^^^^', 'rttUs is a number, and open is none', 'such as rttUs > 0'],
  ['rttUs < "20"', '        ^^^^', 'rttUs is a number, and "20" is none', 'such as rttUs > 0'],
  ['verdict < open', '          ^^^^', '< compares numbers, and verdict is a word', 'write == or !='],
  ['rttUs < none', '        ^^^^', "< can't compare with none", 'write == or !='],
  [
    'close.completed == yes',
    '                   ^^^',
    'close.completed is true or false, and yes is neither',
    'write close.completed == true, or close.completed alone',
  ],
  ['received == 3', '^^^^^^^^', "received is a list: it can't be compared", 'such as any(received) or count(received) == 0'],
  [
    'data == 3',
    '^^^^',
    "data is a record: it can't be compared",
    'name a field of it: data.sentBytes, data.ackedBytes, data.receivedBytes, data.ackUs, data.firstByteUs, data.clock, data.text',
  ],
  [
    'synack.flags has 5',
    '                 ^',
    'an item of synack.flags is never 5',
    'it is one of AE, CWR, ECE, URG, ACK, PSH, RST, SYN, FIN',
  ],
  [
    'close.text == "x"',
    '      ^^^^',
    'there is no text in close',
    'there are kind, initiator, completed, finalState, durationUs, finAckUs, clock',
  ],
  ['verdict ; open', '        ^', '";" has no meaning here', 'signs are == != < <= > >= ~ !~ ( ) , and .; put texts in quotes'],
  ['verdict == 😀', '           ^^', '"😀" has no meaning here', 'signs are == != < <= > >= ~ !~ ( ) , and .; put texts in quotes'],
  ['verdict has SYN', '^^^^^^^', 'verdict is a word and no list', 'has finds a word in a list, such as flags has SYN'],
  ['count(verdict) == 1', '      ^^^^^^^', 'verdict is a word and no list', 'lists are such as received, notes and states'],
  ['max(received) > 1', '    ^^^^^^^^', 'max wants numbers, and received are none', 'name a field of them, such as .atUs'],
  ['all(received)', '    ^^^^^^^^', 'all wants a condition', 'such as all(received where ttl > 32)'],
  [
    'count(states where x == 3) == 0',
    '      ^^^^^^',
    'where wants records, and these are a word each',
    'has finds a word in a list of words',
  ],
  ['rttUs ~ /a/', '^^^^^', 'rttUs is no text', 'patterns are for texts, such as data.text'],
  ['verdict', '^^^^^^^', 'verdict alone is no condition', 'compare it: verdict == open'],
  ['received', '^^^^^^^^', 'received alone is no condition', 'such as any(received) or count(received) == 0'],
  // Units
  ['rttUs < 20B', '        ^^^', 'rttUs is not told in B', 'give one of ns, us, µs, ms, s, min'],
  ['synack.ttl < 3ms', '             ^^^', 'synack.ttl has no unit', 'leave it out'],
  ['rttUs < 20ps', '          ^^', '"ps" is no unit', 'units are ns, us, µs, ms, s, min, B, kB, KiB, MB, MiB, %'],
  ['rttUs < 20 ms', '           ^^', 'a space before the unit', 'write it without, such as 20ms'],
  [
    'synack.window == data.ackedBytes',
    '                 ^^^^^^^^^^^^^^^',
    'synack.window and data.ackedBytes have other units',
    'compare fields whose names end in the same unit',
  ],
  // Form
  ['', '^', 'the expression is empty', 'such as verdict == open'],
  ['verdict = open', '        ^', 'unknown sign =', 'write =='],
  ['verdict == open && rttUs < 1ms', '                ^^', 'unknown sign &&', 'write and'],
  ['verdict == ', '           ^', 'the expression ends where a name or a value is wanted', 'such as verdict == open'],
  ['(verdict == open', '^', '( is not closed', 'add )'],
  ['verdict == open)', '               ^', 'this ) closes nothing', 'leave it out'],
  ['1 < rttUs', '^', 'a value where a field is wanted', 'the field comes first: rttUs < 20ms'],
  ['rttUs < 5 < 6', '          ^', 'a second comparison', 'join comparisons by and: 1 < ttl and ttl < 64'],
  ['received where ttl == 3', '         ^^^^^', 'where outside of parentheses', 'such as count(received where flags has RST) == 0'],
  ['verdict in open', '           ^^^^', 'in wants a list', 'such as verdict in (open, closed)'],
  ['verdict == open reason', '                ^^^^^^', '"reason" is not expected here', 'join conditions by and or or'],
  ['data.text == "abc', '             ^', 'the text has no end', 'close it with "'],
  [String.raw`data.text == "\q"`, '              ^^', String.raw`"\\q" is no escape`, String.raw`escapes are \n \r \t \\ \" \' and \xNN`],
  ['data.text ~ "a"', '            ^^^', '~ wants a pattern', 'such as /^HTTP/'],
  ['data.text ~ /a', '            ^', 'the pattern has no end', String.raw`close it with /; a / in it is written \/`],
  ['data.text ~ /(/', '            ^^^', '/(/: Unterminated group', 'it is a regular expression as in JavaScript'],
  ['data.text ~ /a/g', '            ^^^^', 'the flags are i, m, s and u', 'it is a regular expression as in JavaScript'],
];

const OF_OTHERS: readonly (readonly [ExpectingCommand, ...Wrong])[] = [
  [
    'ping',
    'rttUs < 20ms',
    '^^^^^',
    "rttUs is a record: it can't be compared",
    'name a field of it: rttUs.min, rttUs.mean, rttUs.median, rttUs.p95, rttUs.p99, rttUs.max, rttUs.stddev, rttUs.jitter',
  ],
  ['scan', 'count(ports where verdict == opn) == 2', '                             ^^^', 'verdict is never opn', 'did you mean open?'],
  [
    'trace',
    'count(hops where changes has mms) == 0',
    '                             ^^^',
    'an item of changes is never mms',
    'did you mean mss?',
  ],
  [
    'send',
    'close.completed',
    '^^^^^',
    'there is no close in what send tells',
    'there are verdict, reason, sent, received, rttUs, rttClock, sendingUs, ignored, sweep, differ, awaited, answers, ended, kernelDrops, error, start, segments, synack, syn, rst, fin, icmp, notes',
  ],
];

it.each([...OF_CONNECT.map((wrong) => ['connect' as ExpectingCommand, ...wrong] as const), ...OF_OTHERS])(
  '%s: %s',
  (command, expression, marks, message, hint) => {
    let caught: unknown;
    try {
      parseExpectation(expression, command);
    } catch (error) {
      caught = error;
    }
    expect(caught).toBeInstanceOf(ExpressionError);
    const { offset, length, column, ...error } = caught as ExpressionError;
    expect({ message: (caught as Error).message, hint: error.hint, marks: ' '.repeat(offset) + '^'.repeat(length) }).toEqual({
      message,
      hint,
      marks,
    });
    expect(column).toBe(offset + 1);
  },
);

it.each([
  ['fits', 'verdict == opne', 11, 4, 40, ['verdict == opne', '           ^^^^']],
  ['is cut behind', 'verdit == open and rttUs < 20ms', 0, 6, 20, ['verdit == open an...', '^^^^^^']],
  ['is cut on both sides', 'rttUs < 20ms and verdit == open and rttUs < 20ms', 17, 6, 20, ['...ms and verdit ...', '          ^^^^^^']],
  ['is longer than the line where it is wrong', 'a'.repeat(50), 10, 30, 20, ['aaaaaaaaaaaaaaaaa...', '          ^^^^^^^^^^']],
  ['has wide characters', "a == '漢字' x", 10, 1, 40, ["a == '漢字' x", '            ^']],
  ['has what a terminal would act on', 'a\n== \x1b[2J x', 10, 1, 40, [String.raw`a\n== \x1b[2J x`, '              ^']],
] as const)('a line that %s is shown with what is meant marked', (_what, line, offset, length, columns, shown) => {
  expect(excerpt(line, offset, length, columns)).toEqual(shown);
});
