import { describe, expect, it } from 'vitest';
import { compareAnswer } from '../../../src/probe/trace/answered.ts';
import { parseFlags } from '../../../src/wire/flags.ts';
import { ipv4Header } from '../../../src/wire/ipv4.ts';
import { encodePacket } from '../../../src/wire/packet.ts';
import { tcpSegment } from '../../../src/wire/tcp.ts';
import type { TcpOption } from '../../../src/wire/tcp-options.ts';

const MSS: TcpOption = { kind: 2, name: 'mss', mss: 1460 };
const SCALE: TcpOption = { kind: 3, name: 'window-scale', shift: 7 };
const SACK: TcpOption = { kind: 4, name: 'sack-permitted' };
const STAMP: TcpOption = { kind: 8, name: 'timestamps', value: 70, echoReply: 0 };
const ECHO: TcpOption = { kind: 8, name: 'timestamps', value: 9000, echoReply: 70 };
const COOKIE_PLEASE: TcpOption = { kind: 34, name: 'fast-open', cookie: new Uint8Array(0) };
const COOKIE: TcpOption = { kind: 34, name: 'fast-open', cookie: new Uint8Array(8) };
const ALL = [MSS, SACK, STAMP, SCALE];

const flags = (text: string): number => parseFlags(text) as number;

/** What a SYN with these options and flags is told to have met, by an answer with these. */
function told(sent: TcpOption[], answered: TcpOption[], sentFlags = 'SYN', answerFlags = 'SYN,ACK', tos = 0): string[] {
  const datagram = encodePacket({
    ip: ipv4Header({ source: 1, destination: 2, tos }),
    tcp: tcpSegment({ sourcePort: 1, destinationPort: 2, flags: flags(sentFlags), options: sent }),
  });
  return compareAnswer(datagram, { flags: flags(answerFlags), options: answered }).map((change) => {
    expect(change.shownBy).toBe('answer');
    return `${change.field} ${change.how} ${change.sent ?? ''} → ${change.seen ?? ''}`.trim();
  });
}

describe('compareAnswer', () => {
  it('says nothing of an answer to all that was offered', () => {
    expect(told(ALL, [MSS, SACK, ECHO, SCALE])).toStrictEqual([]);
    expect(told([], [])).toStrictEqual([]);
    expect(told([], [MSS])).toStrictEqual([]);
  });

  it('takes the MSS of the answer for its own', () => {
    expect(told(ALL, [{ ...MSS, mss: 536 }, SACK, ECHO, SCALE])).toStrictEqual([]);
    expect(told(ALL, [SACK, ECHO, SCALE])).toStrictEqual([]);
  });

  it('says what went unanswered, and does not call it taken away', () => {
    expect(told(ALL, [MSS])).toStrictEqual([
      'window-scale unanswered 7 →',
      'sack-permitted unanswered sackOK →',
      'timestamps unanswered TS val 70 ecr 0 →',
    ]);
    expect(told([COOKIE_PLEASE], [])).toStrictEqual(['option unanswered tfo cookiereq →']);
    expect(told([COOKIE], [])).toStrictEqual([]);
    expect(told([{ kind: 30, name: 'mptcp', data: Uint8Array.of(0, 1) }], [])).toStrictEqual(['option unanswered mptcp 4 0x0001 →']);
  });

  it('knows a time stamp that was sent otherwise', () => {
    expect(told([STAMP], [{ ...ECHO, echoReply: 71 } as TcpOption])).toStrictEqual(['timestamps changed TS val 70 → echoed as 71']);
  });

  it('knows what no destination answers unasked', () => {
    expect(told([MSS], [MSS, SACK, ECHO, SCALE])).toStrictEqual(['window-scale added  → 7', 'timestamps added  → TS val 9000 ecr 70']);
  });

  it.each([
    ['SYN,ECE,CWR', 'SYN,ACK,ECE', 0, []],
    ['SYN,ECE,CWR', 'SYN,ACK', 0, ['flags unanswered CWR ECE →']],
    ['SYN,AE,ECE,CWR', 'SYN,ACK', 0, ['flags unanswered AE CWR ECE →']],
    // The destination speaks the older ECN alone.
    ['SYN,AE,ECE,CWR', 'SYN,ACK,ECE', 2, []],
    ['SYN,AE,ECE,CWR', 'SYN,ACK,AE', 2, []],
    ['SYN,AE,ECE,CWR', 'SYN,ACK,CWR', 0, []],
    ['SYN,AE,ECE,CWR', 'SYN,ACK,CWR', 2, ['ecn changed ECT(0) → not-ECT']],
    ['SYN,AE,ECE,CWR', 'SYN,ACK,AE,CWR', 1, ['ecn changed ECT(1) → CE']],
    ['SYN', 'SYN,ACK', 2, []],
  ])('reads ECN: %s answered by %s, sent with ECN %i', (sent, answered, ecn, changes) => {
    expect(told([], [], sent, answered, ecn)).toStrictEqual(changes);
  });

  it('says nothing of other answers, nor of other probes', () => {
    expect(told(ALL, [], 'SYN', 'RST,ACK')).toStrictEqual([]);
    expect(told(ALL, [], 'SYN', 'ACK')).toStrictEqual([]);
    expect(told(ALL, [], 'ACK', 'SYN,ACK')).toStrictEqual([]);
  });
});
