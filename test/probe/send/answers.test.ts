import { describe, expect, it } from 'vitest';
import { sendExitCode } from '../../../src/probe/send/result.ts';
import { ACK, FIN, PSH, RST, SYN, URG } from '../../../src/wire/flags.ts';
import { ipv4Header } from '../../../src/wire/ipv4.ts';
import { encodePacket } from '../../../src/wire/packet.ts';
import { seqAdd } from '../../../src/wire/seq.ts';
import { type TcpSegment, tcpSegment } from '../../../src/wire/tcp.ts';
import { A, B, IRS, icmp, type Peer, rst, Scene, SEQ, silence, synAck } from './scene.ts';

describe('a SYN', () => {
  it('to an open port: the answer, then the RST that ends what is half open', async () => {
    const scene = new Scene(synAck);
    const { events, result, segments } = await scene.run();
    expect(events.map(({ type }) => type)).toEqual(['start', 'segment', 'segment', 'segment', 'result']);
    expect(events[0]).toMatchObject({
      command: 'send',
      host: 'peer',
      address: '10.0.0.2',
      port: 80,
      sourceAddress: '10.0.0.1',
      guard: 'none',
    });
    expect(segments).toMatchObject([
      { direction: 'sent', atUs: 0, flags: ['SYN'], seq: SEQ, relativeSeq: 0, transmission: 1 },
      {
        direction: 'received',
        atUs: 200,
        flags: ['ACK', 'SYN'],
        seq: IRS,
        ack: 0,
        relativeSeq: 0,
        relativeAck: 1,
        ttl: 61,
        note: undefined,
      },
      { direction: 'sent', flags: ['RST'], seq: 0, relativeSeq: 1, note: 'cleanup' },
    ]);
    expect(scene.sent[1]?.packet.tcp).toMatchObject({ flags: RST, seq: 0, ack: 0 });
    // It listens for the whole time-out before.
    expect(scene.sent[1]?.atUs).toBeGreaterThanOrEqual(1_000_000);
    expect(result).toMatchObject({
      verdict: 'open',
      reason: 'syn-ack',
      sent: 1,
      received: 1,
      rttUs: 200,
      answers: { 'syn-ack': 1 },
      ended: undefined,
    });
    expect(sendExitCode(result)).toBe(0);
  });

  it('to a closed port', async () => {
    const { result } = await new Scene(rst).run();
    expect(result).toMatchObject({ verdict: 'closed', reason: 'rst', received: 1 });
    expect(sendExitCode(result)).toBe(1);
  });

  it('to silence', async () => {
    const scene = new Scene(silence);
    const { result, segments } = await scene.run({ timeoutMs: 2500 });
    expect(result).toMatchObject({ verdict: 'filtered', reason: 'no-response', sent: 1, received: 0, rttUs: undefined, answers: {} });
    expect(segments).toHaveLength(1);
    expect(scene.clock.nowUs()).toBe(2_500_000);
    expect(sendExitCode(result)).toBe(2);
  });
});

describe('the verdict by what was sent and what came', () => {
  it.each<[string, number, Peer, string, number]>([
    ['an ACK, RST', ACK, rst, 'unfiltered', 0],
    ['an ACK, nothing', ACK, silence, 'filtered', 2],
    ['a FIN, RST', FIN, rst, 'closed', 1],
    ['a FIN, nothing', FIN, silence, 'open|filtered', 2],
    ['no flag, RST', 0, rst, 'closed', 1],
    ['Xmas, nothing', FIN | PSH | URG, silence, 'open|filtered', 2],
    ['a SYN, a SYN', SYN, ({ seq }) => ({ flags: SYN, seq }), 'open', 0],
    ['a SYN, an ACK', SYN, () => ({ flags: ACK, seq: 5, ack: 77 }), 'unfiltered', 0],
    ['SYN and FIN, nothing', SYN | FIN, silence, 'open|filtered', 2],
    ['a RST, nothing', RST, silence, 'open|filtered', 2],
    ['an ACK, data', ACK, () => ({ flags: PSH | ACK, seq: 5, ack: 77, payload: new Uint8Array(3) }), 'unfiltered', 0],
  ])('%s', async (_name, flags, peer, verdict, exitCode) => {
    const { result } = await new Scene(peer).run({ variants: [{ spec: { flags } }] });
    expect(result.verdict).toBe(verdict);
    expect(sendExitCode(result)).toBe(exitCode);
  });
});

describe('what is no answer is told and counted, and says nothing', () => {
  it.each<[string, Peer, string]>([
    ['a SYN+ACK of another acknowledgment', ({ seq }) => ({ flags: SYN | ACK, ack: seqAdd(seq, 2000) }), 'bad-ack'],
    ['a SYN+ACK that acknowledges nothing of ours', ({ seq }) => ({ flags: SYN | ACK, ack: seq }), 'bad-ack'],
    ['a RST of another acknowledgment', ({ seq }) => ({ flags: RST | ACK, ack: seqAdd(seq, 2000) }), 'bad-rst'],
    ['a RST that acknowledges nothing of ours', ({ seq }) => ({ flags: RST | ACK, ack: seq }), 'bad-rst'],
    ['a RST without acknowledgment', () => ({ flags: RST, seq: 0 }), 'bad-rst'],
    ['a wrong checksum', ({ seq }) => ({ flags: SYN | ACK, ack: seqAdd(seq, 1), checksum: 0xbad }), 'bad-checksum'],
  ])('%s', async (_name, peer, note) => {
    const scene = new Scene(peer);
    const { result, segments } = await scene.run();
    expect(segments[1]).toMatchObject({ direction: 'received', note });
    expect(result).toMatchObject({ verdict: 'filtered', reason: 'no-response', received: 0, ignored: { [note]: 1 } });
    expect(scene.sent).toHaveLength(1);
  });

  it('a RST to an ACK whose sequence number is not the one that we acknowledged', async () => {
    const { result } = await new Scene(({ ack }) => ({ flags: RST, seq: seqAdd(ack, 1) })).run({
      variants: [{ spec: { flags: ACK, ack: 1000 } }],
    });
    expect(result).toMatchObject({ verdict: 'filtered', ignored: { 'bad-rst': 1 } });
  });

  it('what can not be read', async () => {
    const lying = (segment: TcpSegment) => {
      const tcp = tcpSegment({ sourcePort: 80, destinationPort: segment.sourcePort, dataOffset: 3 });
      return encodePacket({ ip: ipv4Header({ source: B, destination: A }), tcp });
    };
    const { result, events } = await new Scene(lying).run();
    expect(result).toMatchObject({ received: 0, ignored: { malformed: 1 } });
    expect(events).toContainEqual(
      expect.objectContaining({ type: 'note', code: 'ignored', text: expect.stringContaining('data offset 3') }),
    );
  });

  it('options read as data by a peer that heeds our data offset may be acknowledged', async () => {
    // Twenty bytes of options, and a header that says it has none.
    const { result } = await new Scene(({ seq }) => ({ flags: RST | ACK, ack: seqAdd(seq, 21) })).run({
      variants: [{ spec: { seq: SEQ, dataOffset: 5 } }],
    });
    expect(result).toMatchObject({ verdict: 'closed', received: 1 });
  });
});

describe('ICMP', () => {
  it('about our segment', async () => {
    const { result, events } = await new Scene((_segment, _n, packet) => icmp(3, 13, packet, 0x0a0000fe)).run();
    expect(events).toContainEqual(expect.objectContaining({ type: 'icmp', name: 'admin-prohibited', from: '10.0.0.254', seq: SEQ }));
    expect(result).toMatchObject({ verdict: 'filtered', reason: 'icmp-admin-prohibited', received: 1, rttUs: 200 });
    expect(sendExitCode(result)).toBe(2);
  });

  it('about a segment that we did not send', async () => {
    const { result, events } = await new Scene((segment, _n, packet) => icmp(3, 1, { ...packet, tcp: { ...segment, seq: 5 } })).run();
    expect(result).toMatchObject({ verdict: 'filtered', reason: 'no-response', received: 0, ignored: { icmp: 1 } });
    expect(events).toContainEqual(expect.objectContaining({ type: 'note', code: 'icmp-ignored' }));
  });

  it('first, and then an answer: the answer says more', async () => {
    const peer: Peer = ({ seq }, n, packet) => (n === 1 ? icmp(3, 1, packet) : { flags: SYN | ACK, ack: seqAdd(seq, 1) });
    const { result } = await new Scene(peer).run({ count: 2 });
    expect(result).toMatchObject({ verdict: 'open', received: 2, answers: { 'icmp-host-unreachable': 1, 'syn-ack': 1 } });
  });
});

it('fragments leave one by one and count as one', async () => {
  const scene = new Scene(silence);
  const { result, segments } = await scene.run({ variants: [{ spec: { fragmentBytes: 16, payload: new Uint8Array(30) } }] });
  // 40 bytes of header and 30 of data.
  expect(scene.sent.map(({ packet }) => [packet.ip.fragmentOffset, packet.ip.moreFragments])).toEqual([
    [0, true],
    [2, true],
    [4, true],
    [6, true],
    [8, false],
  ]);
  expect(result.sent).toBe(1);
  expect(segments[0]).toMatchObject({ length: 30 });
});
