/** The language of packet scripts: what each line means, and what each mistake is told. */
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ScriptError } from '../../../src/plan/script/error.ts';
import type { ExpectStep, FieldName, SendStep, Step } from '../../../src/plan/script/model.ts';
import { parseScript } from '../../../src/plan/script/parse.ts';
import { ACK, FIN, PSH, SYN } from '../../../src/wire/flags.ts';

const step = (text: string): Step => parseScript(text).steps[0] as Step;
const sent = (text: string) => (step(text) as SendStep).segment;
const line = (text: string) => (step(text) as ExpectStep).lines[0] as ExpectStep['lines'][number];
const awaited = (text: string) => {
  const what = line(text).awaited;
  if (what.type !== 'segment') throw new Error('no segment');
  return what.segment;
};
const exact = (constant: number, ...names: string[]) => ({
  type: 'exact',
  value: { constant, names: names.map((name) => ({ name: name.replace('-', ''), sign: name.startsWith('-') ? -1 : 1 })) },
});
const fieldOf = (segment: ReturnType<typeof sent>, name: FieldName) => segment.fields.get(name)?.pattern;

describe('a segment', () => {
  it('has flags, FROM:TO(LENGTH), ack, win, options and data, in any order', () => {
    const segment = sent(String.raw`> P. 1:18(17) ack 1 win 0x200 <nop,TS val 1 ecr 2> "GET / HTTP/1.0\r\n\n"`);
    expect(segment.flags).toBe(PSH | ACK);
    expect(fieldOf(segment, 'seq')).toEqual(exact(1));
    expect(fieldOf(segment, 'length')).toEqual(exact(17));
    expect(fieldOf(segment, 'ack')).toEqual(exact(1));
    expect(fieldOf(segment, 'win')).toEqual(exact(512));
    expect(segment.options?.list.map(({ name }) => name)).toEqual(['nop', 'timestamps']);
    expect(Buffer.from(segment.data?.bytes ?? []).toString()).toBe('GET / HTTP/1.0\r\n\n');
    expect(sent(String.raw`> P. "GET / HTTP/1.0\r\n\n" <nop,TS val 1 ecr 2> win 512 ack 1 1:18(17)`)).toEqual({
      ...segment,
      options: { ...segment.options, text: '<nop,TS val 1 ecr 2>' },
    });
  });

  it('may have quotes and backslashes in its data', () => {
    expect(Buffer.from(sent(String.raw`> P. "a\"b\\" win 1`).data?.bytes ?? []).toString()).toBe('a"b\\');
  });

  it('may have a field wrong on purpose', () => {
    const segment = sent('> SF reserved 7 offset 4 urg 9 ttl 3 tos 0xb8 id 7 df 0 checksum bad');
    expect(segment.flags).toBe(SYN | FIN);
    for (const [name, value] of Object.entries({ reserved: 7, offset: 4, urg: 9, ttl: 3, tos: 0xb8, id: 7, df: 0 }))
      expect(fieldOf(segment, name as FieldName)).toEqual(exact(value));
    expect(segment.checksum).toBe('wrong');
    expect(sent('> S checksum 0xabcd').checksum).toBe(0xabcd);
  });

  it('may have numbers as they stand in the header, and sums of names', () => {
    const { fields } = sent('> . seq=4294967290 ack=$irs+1');
    expect(fields.get('seq')).toEqual({ pattern: exact(4294967290), absolute: true });
    expect(fields.get('ack')).toEqual({ pattern: exact(1, 'irs'), absolute: true });
    expect(fieldOf(sent('> . seq $irs-$iss-5'), 'seq')).toEqual(exact(-5, 'irs', '-iss'));
  });

  it('may leave open what must come: a range, any value, a name to keep it by', () => {
    const segment = awaited('< [P]. win 1~$iss ack * length ?n "HTTP"... <mss ?m,!TS,...>');
    expect([segment.flags, segment.flagsEither]).toEqual([ACK, PSH]);
    expect(fieldOf(segment, 'win')).toMatchObject({ type: 'range', low: { constant: 1 }, high: { names: [{ name: 'iss' }] } });
    expect(fieldOf(segment, 'ack')).toEqual({ type: 'any' });
    expect(fieldOf(segment, 'length')).toEqual({ type: 'capture', name: 'n' });
    expect(segment.data?.prefix).toBe(true);
    expect(segment.options).toMatchObject({ others: true, absent: ['timestamps'], list: [{ name: 'mss' }] });
    expect(awaited('< any').flags).toBeUndefined();
    expect(awaited('< [F]').flags).toBe(0);
  });

  it('has options in the words of tcpdump, and any other byte for byte', () => {
    const { options } = sent('> S <mss 1460,sackOK,TS val 1 ecr 0,nop,wscale 7,sack 1:5 9:12,eol>');
    expect(options?.list.map(({ name }) => name)).toEqual(['mss', 'sack-permitted', 'timestamps', 'nop', 'window-scale', 'sack', 'end']);
    expect(sent('> S <unknown-253 0x0102[len 0],unknown-9>').options?.list).toEqual([
      { name: 'other', option: { kind: 253, name: 'unknown', data: Uint8Array.of(1, 2), length: 0 } },
      { name: 'other', option: { kind: 9, name: 'unknown', data: new Uint8Array(0), length: undefined } },
    ]);
    expect(sent('> S <>').options?.list).toEqual([]);
  });
});

describe('a line', () => {
  it.each([
    ['< .', 0, undefined],
    ['* < .', 0, Number.POSITIVE_INFINITY],
    ['+0.2~0.4 < .', 200_000, 400_000],
    ['+300ms~1s < .', 300_000, 1_000_000],
    ['+.5 < .', 450_000, 550_000],
    ['+0 < .', 0, 10_000],
  ])('%s has its time', (text, lowUs, highUs) => {
    expect(line(text).when).toEqual({ lowUs, highUs });
  });

  it('is sent at once, or when it says', () => {
    expect(step('> S')).toMatchObject({ type: 'send', afterUs: 0, line: 1, text: '> S' });
    expect(step('+0.1 > S')).toMatchObject({ afterUs: 100_000 });
    expect(step('+250us > S')).toMatchObject({ afterUs: 250 });
  });

  it('may be one of a group, or need not be met', () => {
    expect(parseScript('{\n< .\n+0~1 < F.\n}\n<? R').steps).toMatchObject([
      { type: 'expect', optional: false, line: 1, lines: [{ line: 2 }, { line: 3 }] },
      { type: 'expect', optional: true },
    ]);
  });

  it('may be about ICMP, silence, or anything', () => {
    expect(parseScript('< icmp port-unreachable\nnothing for 300ms\nanything for 1\nanything\n< any').steps).toMatchObject([
      { lines: [{ awaited: { type: 'icmp', name: 'port-unreachable' } }] },
      { type: 'nothing', forUs: 300_000 },
      { type: 'anything', forUs: 1_000_000 },
      { type: 'anything', forUs: undefined },
      { type: 'expect' },
    ]);
  });

  it('may set what holds for the whole script', () => {
    expect(parseScript('# nothing sent\r\n\niss 0xfffffffe # near the wrap\ntimeout 3s\nwatch retransmissions\nleave\n> S')).toMatchObject({
      steps: [{}],
      iss: 0xfffffffe,
      timeoutUs: 3_000_000,
      watchesRetransmissions: true,
      leaves: true,
    });
  });
});

/** A script, where its mistake is, and what must be said of it. */
const MISTAKES: [script: string, place: string, words: RegExp][] = [
  ['', '1:1', /a script without a step/],
  ['# nothing\niss 5', '1:1', /a script without a step/],
  ['> X', '1:3', /"X" is no set of flags.*S \. P F R U E W e/],
  ['>', '1:2', /the end of the line in place of the flags/],
  ['> S\n> S 0:5(4)', '2:5', /0 to 5 are 5 bytes, not 4/],
  ['> S acks 1', '1:5', /"acks" is no field.*did you mean ack\?/],
  ['> S win 70000', '1:5', /win 70000 is not in 0 … 65535/],
  ['> S ttl 256', '1:5', /0 … 255/],
  ['> S win 1 win 2', '1:11', /win a second time/],
  ['> S win 1~2', '1:10', /a range for the win that we send/],
  ['> S win *', '1:9', /in place of win/],
  ['> S win=5', '1:5', /win= is not needed/],
  ['> S length 70000', '1:5', /0 … 65495/],
  ['> P. length 3 "hello"', '1:22', /the data are 5 bytes, and the length says 3/],
  ['> P. "a\\q"', '1:6', /\\q.*is no escape/],
  ['> P. "a', '1:6', /in place of a field/],
  ['> P. "a"...', '1:6', /\.\.\. behind data that we send/],
  ['> S <mss 1460,wscal 7>', '1:15', /"wscal" is no option.*did you mean wscale\?/],
  ['> S <mss 1460', '1:14', /in place of , or >/],
  ['> S <...>', '1:6', /what we send has the options that are written/],
  ['> S <unknown-256>', '1:6', /a kind is 0 to 255/],
  ['> S <unknown-253 0x123>', '1:23', /odd number of hex digits/],
  ['> . ack $tsval', '1:9', /no line before has captured \$tsval.*\$iss, \$irs/],
  ['< . win ?irs', '1:9', /\$irs has its value already/],
  ['< . checksum bad', '1:5', /passed over/],
  ['< icmp port-unreachabel', '1:8', /did you mean port-unreachable\?/],
  ['+1~0.5 < .', '1:7', /ends before it begins/],
  ['+0.1~0.2 > S', '1:1', /no certain time/],
  ['+2h < .', '1:3', /in place of > or </],
  ['+5000 > S', '1:2', /more than an hour/],
  ['nothing', '1:8', /in place of for/],
  ['nothin for 3', '1:1', /did you mean nothing\?/],
  ['iss 5000000000', '1:15', /more than 32 bits/],
  ['watch everything', '1:7', /watch retransmissions/],
  ['leave now', '1:7', /"now" where the line should end/],
  ['{\n< .', '1:1', /a \{ without its \}/],
  ['}', '1:1', /a \} without its \{/],
  ['{\n}', '2:1', /nothing in it/],
  ['{\n> S\n}', '2:1', /> within a group/],
  ['{\n<? .\n}', '2:1', /<\? within a group/],
  ['{\n{', '2:1', /a group within a group/],
  ['{ < .', '1:3', /give \{ and \} a line each/],
  ['{\nleave', '2:1', /"leave" within a group/],
  ['anything\n> S', '1:1', /anything until what\?/],
  ['anything', '1:1', /anything until what\?/],
];

describe('a mistake', () => {
  it.each(MISTAKES)('%j is told with its place', (script, place, words) => {
    let error: unknown;
    try {
      parseScript(script);
    } catch (caught) {
      error = caught;
    }
    expect(error).toBeInstanceOf(ScriptError);
    const { line, column, message, hint } = error as ScriptError;
    expect(`${line}:${column}`).toBe(place);
    expect(`${message} (${hint})`).toMatch(words);
  });

  it('is told as such whatever the text is', () => {
    const words = ['>', '<', '<?', '+0.1', '~', '*', 'S', '.', '1:5(4)', 'ack', 'win', '$iss', '?x', '"a"', '<mss 1>', '{', '}', '\n', '#'];
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string({ unit: 'binary' }),
          fc.array(fc.constantFrom(...words)).map((all) => all.join(' ')),
        ),
        (text) => {
          try {
            parseScript(text);
          } catch (error) {
            if (!(error instanceof ScriptError)) throw error;
            const source = text.split(/\r?\n/)[error.line - 1] as string;
            expect(error.column).toBeGreaterThan(0);
            expect(error.column).toBeLessThanOrEqual(source.length + 1);
          }
        },
      ),
    );
  });
});

it('every script of docs/scripts.md can be read', () => {
  const scripts = [...readFileSync('docs/scripts.md', 'utf8').matchAll(/^```script\n(.*?)^```/gms)].map(([, text]) => text as string);
  expect(scripts.length).toBeGreaterThan(4);
  for (const text of scripts) expect(parseScript(text).steps).not.toHaveLength(0);
});
