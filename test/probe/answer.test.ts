/** Which segments a host may send to a probe, by their numbers: RFC 9293 §3.10.7.1 and §3.10.7.3. */
import { describe, expect, it } from 'vitest';
import { endOf, type Question, refusal } from '../../src/probe/answer.ts';
import { craft, type SegmentSpec } from '../../src/probe/segment-spec.ts';
import { ACK, FIN, PSH, RST, SYN } from '../../src/wire/flags.ts';

const SEQ = 0xfffffffe;
const PAYLOAD = new Uint8Array(10);

const crafted = (spec: SegmentSpec) =>
  craft(
    { seq: SEQ, ...spec },
    { source: 0x0a000001, sourcePort: 40_000, destination: 0x0a000002, destinationPort: 80 },
    { seq: 0, ack: 0, ipId: 1, timestamp: 1, mss: 1460 },
  );

describe('the end of a probe, which its answer acknowledges', () => {
  it.each<[string, SegmentSpec, number]>([
    ['a SYN, whatever its options', { flags: SYN }, 0xffffffff],
    ['a FIN', { flags: FIN | ACK }, 0xffffffff],
    ['an ACK, of no length', { flags: ACK }, SEQ],
    ['data, across the wrap', { flags: PSH | ACK, payload: PAYLOAD }, 8],
    ['SYN, data and FIN', { flags: SYN | FIN, payload: PAYLOAD }, 10],
    ['a header that says that it is shorter: the rest are data', { flags: ACK, payload: PAYLOAD, dataOffset: 4, options: [] }, 12],
    ['a header that says that it is longer than all there is', { flags: ACK, dataOffset: 15, options: [] }, SEQ],
  ])('%s', (_what, spec, end) => {
    expect(endOf(crafted(spec))).toBe(end);
  });
});

describe('an answer', () => {
  const SYN_PROBE: Question = { flags: SYN, seq: SEQ, ack: 0, end: 9 };
  const ACK_PROBE: Question = { flags: ACK, seq: SEQ, ack: 700, end: SEQ };
  const FIN_PROBE: Question = { flags: FIN, seq: SEQ, ack: 0, end: 0xffffffff };

  it.each<[string, Question, number, number, number, ReturnType<typeof refusal>]>([
    ['SYN+ACK of all of a SYN with data', SYN_PROBE, SYN | ACK, 5, 9, undefined],
    ['SYN+ACK of the SYN alone', SYN_PROBE, SYN | ACK, 5, 0xffffffff, undefined],
    ['SYN+ACK of one less than the SYN', SYN_PROBE, SYN | ACK, 5, SEQ, 'bad-ack'],
    ['SYN+ACK of more than all', SYN_PROBE, SYN | ACK, 5, 10, 'bad-ack'],
    ['SYN of a simultaneous open, which acknowledges nothing', SYN_PROBE, SYN, 5, 0, undefined],
    ['RST+ACK of the SYN', SYN_PROBE, RST | ACK, 0, 0xffffffff, undefined],
    ['RST+ACK of our own number, as a few firewalls send it', SYN_PROBE, RST | ACK, 0, SEQ, 'bad-rst'],
    ['RST without ACK to a SYN', SYN_PROBE, RST, 0, 0xffffffff, 'bad-rst'],
    ['RST with the number that an ACK has asked for', ACK_PROBE, RST, 700, 0, undefined],
    ['RST with another', ACK_PROBE, RST, 701, 0, 'bad-rst'],
    ['RST with what looks like the number that a FIN without ACK has asked for', FIN_PROBE, RST, 0, 0, 'bad-rst'],
    ['RST+ACK of a FIN', FIN_PROBE, RST | ACK, 0, 0xffffffff, undefined],
    ['ACK, whatever its numbers (RFC 5961 §4)', SYN_PROBE, ACK, 123, 456, undefined],
    ['neither', SYN_PROBE, FIN | PSH, 0, 9, 'no-ack'],
  ])('%s', (_what, question, flags, seq, ack, why) => {
    expect(refusal(question, { flags, seq, ack })).toBe(why);
  });
});
