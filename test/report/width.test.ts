/** Whatever the events hold: no row is wider than the terminal, and nothing in it is not ours. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { ConnectEvent, SegmentNote } from '../../src/probe/events.ts';
import { SEGMENT_NOTES, STATES } from '../../src/probe/schema/words.ts';
import { createConnectReporter } from '../../src/report/connect.ts';
import { displayWidth } from '../../src/report/text.ts';
import { flagNames } from '../../src/wire/flags.ts';
import { decodeTcpOptions } from '../../src/wire/tcp-options.ts';
import { change, icmp, note, result, sent, start } from './conversations.ts';

const anyText = fc.oneof(fc.string({ unit: 'binary', maxLength: 80 }), fc.string({ unit: 'grapheme', maxLength: 80 }));
const anyTime = fc.oneof(fc.double(), fc.double({ min: 0, max: 1e9 }), fc.nat());
const uint32 = fc.nat(0xffff_ffff);
const perhaps = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined });

const state = fc.constantFrom(...STATES);
const segmentNote = fc.constantFrom<SegmentNote>(...SEGMENT_NOTES);

const segment: fc.Arbitrary<ConnectEvent> = fc
  .record({
    direction: fc.constantFrom('sent' as const, 'received' as const),
    atUs: anyTime,
    flags: fc.nat(0x1ff).map(flagNames),
    seq: uint32,
    ack: uint32,
    relativeSeq: perhaps(uint32),
    relativeAck: perhaps(uint32),
    window: fc.nat(0xffff),
    urgent: fc.nat(0xffff),
    options: fc.uint8Array({ maxLength: 40 }).map(decodeTcpOptions),
    ttl: fc.nat(255),
    ipId: fc.nat(0xffff),
    state: perhaps(state),
    note: perhaps(segmentNote),
    transmission: perhaps(fc.nat(20)),
    payload: fc.oneof(
      fc.uint8Array({ maxLength: 300 }),
      anyText.map((text) => new TextEncoder().encode(text)),
    ),
  })
  .map((fields) => ({ ...sent(0, 'ACK', 1, 1, 'ESTABLISHED'), ...fields, length: fields.payload.length }));

const event: fc.Arbitrary<ConnectEvent> = fc.oneof(
  { weight: 6, arbitrary: segment },
  fc.tuple(anyTime, state, state, anyText).map((fields) => change(...fields)),
  fc
    .tuple(anyTime, fc.nat(255), fc.nat(255), anyText, anyText, perhaps(uint32))
    .map(([atUs, type, code, name, from, nextHopMtu]) => icmp(atUs, type, code, name, from, { nextHopMtu })),
  fc.tuple(anyTime, anyText).map(([atUs, sentence]) => note(atUs, 'ignored', sentence)),
);

const first = fc
  .record({ host: anyText, address: anyText, sourceAddress: anyText, version: anyText, command: anyText })
  .map((fields) => start(fields));
const last = fc
  .record({
    verdict: fc.constantFrom('open' as const, 'closed' as const, 'filtered' as const),
    reason: fc.oneof(
      fc.constantFrom('syn-ack' as const, 'rst' as const, 'no-response' as const),
      anyText.map((text) => `icmp-${text}` as const),
    ),
    rttUs: perhaps(anyTime),
    irs: perhaps(uint32),
    retransmissions: fc.nat(),
    ignored: fc.dictionary(segmentNote, fc.nat()),
    states: fc.array(state, { maxLength: 20 }),
    ended: perhaps(fc.constantFrom('timeout' as const, 'zero-window' as const)),
    kernelDrops: fc.nat(),
  })
  .map((fields) => result('active', fields));

const look = fc.record({
  colour: fc.boolean(),
  ascii: fc.boolean(),
  width: fc.integer({ min: 40, max: 200 }),
  absolute: fc.boolean(),
  explain: fc.boolean(),
  verbose: fc.boolean(),
});

// biome-ignore lint/suspicious/noControlCharactersInRegex: the colours that we write ourselves
const OUR_COLOURS = /\x1b\[[0-9;]+m/g;

test('no row is wider than it may be, and nothing but our own colours is not printable', () => {
  fc.assert(
    fc.property(look, first, fc.array(event, { maxLength: 40 }), last, (options, start, events, end) => {
      let text = '';
      const write = (more: string) => {
        text += more;
      };
      const reporter = createConnectReporter({ ...options, quiet: false, write });
      for (const each of [start, ...events, end]) reporter.event(each);
      for (const row of text.split('\n')) {
        expect(displayWidth(row)).toBeLessThanOrEqual(options.width);
        const plain = options.colour ? row.replace(OUR_COLOURS, '') : row;
        expect(plain).toMatch(options.ascii ? /^[\x20-\x7e]*$/ : /^(?:(?! )[^\p{C}\p{Z}\p{Default_Ignorable_Code_Point}]| )*$/u);
      }
    }),
    { numRuns: 500 },
  );
});
