import { describe, expect, it } from 'vitest';
import { resultOf, ScriptError, script } from '../../../src/index.ts';
import { ACK, FIN, PSH, RST, SYN } from '../../../src/wire/flags.ts';
import { ipv4Header, PROTOCOL_ICMP } from '../../../src/wire/ipv4.ts';
import { encodePacket } from '../../../src/wire/packet.ts';
import { seqAdd } from '../../../src/wire/seq.ts';
import type { TcpSegment } from '../../../src/wire/tcp.ts';
import { KIND_MSS, KIND_TIMESTAMPS } from '../../../src/wire/tcp-options.ts';
import { A, acks, acksAll, B, failuresOf, HANDSHAKE, IRS, ISS, type Peer, run, Scene } from './scene.ts';

describe('a script that is met', () => {
  it('sends what it says and resets what is left open, exactly', async () => {
    const scene = new Scene(acksAll);
    const { result, events, segments } = await scene.run(`${HANDSHAKE}+0.1 > P. "hello"\n+0~1 < . 1:1(0) ack 6`);
    expect(result).toMatchObject({ ok: true, failures: [], sent: 4, received: 2, captured: { iss: ISS, irs: IRS }, ended: undefined });
    expect(events[0]).toMatchObject({ type: 'start', command: 'script', address: '10.0.0.2', port: 80, guard: 'none' });
    const [, , data, reset] = scene.sent;
    expect(data?.tcp).toMatchObject({
      flags: PSH | ACK,
      seq: seqAdd(ISS, 1),
      ack: seqAdd(IRS, 1),
      payload: new TextEncoder().encode('hello'),
    });
    expect((data?.atUs ?? 0) - (scene.sent[1]?.atUs ?? 0)).toBe(100_000);
    expect(reset?.tcp).toMatchObject({ flags: RST, seq: seqAdd(ISS, 6) });
    expect(segments.at(-1)).toMatchObject({ note: 'cleanup', relativeSeq: 6 });
    expect(events.filter(({ type }) => type === 'note')).toEqual([]);
  });

  it('sends fields that are wrong on purpose', async () => {
    const scene = new Scene(() => undefined);
    await scene.run(
      '> SF 7:7(0) reserved 5 urg 3 win 9 ttl 4 tos 0xb8 id 77 df 0 checksum bad <unknown-253 0x01[len 0]>\n> . 0:3(3) ack=5',
    );
    const [first, second] = scene.sent;
    expect(first?.packet.ip).toMatchObject({ ttl: 4, tos: 0xb8, id: 77, dontFragment: false });
    expect(first?.tcp).toMatchObject({ flags: SYN | FIN, reserved: 5, urgent: 3, window: 9, options: [{ name: 'malformed' }] });
    expect(second?.tcp).toMatchObject({ flags: ACK, ack: 5 });
  });

  it('computes what it leaves out: numbers, window, the echo of a timestamp, data by their place in the stream', async () => {
    const timestamps = (value: number) => [{ kind: KIND_TIMESTAMPS, name: 'timestamps', value, echoReply: 0 } as const];
    const scene = new Scene((segment) => (segment.flags & SYN ? [{ ...acks(segment), options: timestamps(77) }] : undefined));
    await scene.run(`${HANDSHAKE}> . length 3\n> . length 2 <nop,nop,TS val 5>\n> F.`);
    const [, , first, second, fin] = scene.sent.map(({ tcp }) => tcp);
    expect(first).toMatchObject({ seq: seqAdd(ISS, 1), ack: seqAdd(IRS, 1), window: 65535, payload: new TextEncoder().encode('ABC') });
    expect(second).toMatchObject({
      seq: seqAdd(ISS, 4),
      payload: new TextEncoder().encode('DE'),
      options: [{ name: 'nop' }, { name: 'nop' }, { name: 'timestamps', value: 5, echoReply: 77 }],
    });
    expect(fin).toMatchObject({ flags: FIN | ACK, seq: seqAdd(ISS, 6) });
  });

  it('keeps what came by a name and uses it', async () => {
    const scene = new Scene((segment) =>
      segment.flags & SYN ? [{ ...acks(segment), options: [{ kind: KIND_MSS, name: 'mss', mss: 700 }] }] : undefined,
    );
    const { result } = await scene.run(`iss ${ISS}\n> S 0:0(0)\n< S. seq=?theirs win ?w <mss ?m>\n> . seq=$theirs-$irs+5 win $w+$m`);
    expect(result).toMatchObject({ ok: true, captured: { theirs: IRS, w: 1000, m: 700 } });
    expect(scene.sent[1]?.tcp).toMatchObject({ seq: 5, window: 1700 });
  });

  it('takes a group in any order, and lines that may be met or not', async () => {
    const peer: Peer = (segment) =>
      segment.payload.length > 0
        ? [acks(segment), { flags: PSH | ACK, seq: seqAdd(IRS, 1), ack: seqAdd(ISS, 6), payload: new TextEncoder().encode('hi') }]
        : acksAll(segment);
    for (const rest of [
      '{\n< P. "hi"\n< . ack 6\n}',
      '<? . ack 6\n< P. "hi"',
      '<? . ack 6\n<? . ack 3\n< P. "h"...',
      'anything\n< P. length 2',
      '< . ack 6\n< [P]. 1:3(2)',
      '< . ack 6\n< any',
    ])
      expect((await run(peer, `${HANDSHAKE}> P. "hello"\n${rest}\nnothing for 50ms`)).result).toMatchObject({ ok: true, failures: [] });
  });

  it('passes over what the peer sends again, unless it watches', async () => {
    const peer: Peer = (segment) => (segment.flags & SYN ? [acks(segment), { ...acks(segment), afterMs: 200 }] : acksAll(segment));
    const passedOver = await run(peer, `${HANDSHAKE}nothing for 300ms`);
    expect(passedOver.result.ok).toBe(true);
    expect(passedOver.segments.filter(({ direction }) => direction === 'received').map(({ note }) => note)).toEqual([
      undefined,
      'retransmission',
    ]);
    expect((await run(peer, `watch retransmissions\n${HANDSHAKE}+0.15~0.25 < S. 0:0(0) ack 1`)).result.ok).toBe(true);
    expect((await run(peer, `watch retransmissions\n${HANDSHAKE}nothing for 300ms`)).result.ok).toBe(false);
  });

  it('passes over duplicates of an ACK and what has a wrong checksum', async () => {
    const peer: Peer = (segment) =>
      segment.payload.length > 0 ? [acks(segment), acks(segment), { ...acks(segment), ack: 7, checksum: 1 }] : acksAll(segment);
    const { result, segments } = await run(peer, `${HANDSHAKE}> P. "hello"\n< . ack 6\nnothing for 50ms`);
    expect(result.ok).toBe(true);
    expect(segments.slice(-3).map(({ note }) => note)).toEqual(['duplicate', 'bad-checksum', 'cleanup']);
  });

  it('leaves the connection where it says so, and says what then happens', async () => {
    const { events, result } = await run(acksAll, `${HANDSHAKE}leave`);
    expect(result).toMatchObject({ ok: true, sent: 2 });
    expect(events.at(-2)).toMatchObject({ type: 'note', code: 'guard-released' });
  });

  it('begins another connection after one that is over, and resets that', async () => {
    const scene = new Scene(acksAll);
    // The peer takes the same ISN again: that is no retransmission.
    const { result } = await scene.run(`${HANDSHAKE}> R\n> S 1000:1000(0)\n< S. 0:0(0) ack 1001\n> . ack 1\n> . length 5\n< . ack 1006`);
    expect(result).toMatchObject({ ok: true, failures: [] });
    expect(scene.sent.at(-1)?.tcp).toMatchObject({ flags: RST, seq: seqAdd(ISS, 1006) });
  });

  it('resets nothing where nothing is open', async () => {
    const closing: Peer = (segment) =>
      segment.flags & FIN ? [{ flags: FIN | ACK, seq: seqAdd(IRS, 1), ack: seqAdd(segment.seq, 1) }] : acksAll(segment);
    expect((await run(closing, `${HANDSHAKE}> F.\n< F. ack 2\n> .`)).result).toMatchObject({ ok: true, sent: 4 });
    const refusing: Peer = (segment) => [{ flags: RST | ACK, seq: 0, ack: seqAdd(segment.seq, 1) }];
    expect((await run(refusing, '> S 0:0(0)\n< R. seq=0 ack 1')).result).toMatchObject({ ok: true, sent: 1 });
    expect((await run(acksAll, `${HANDSHAKE}> R`)).result).toMatchObject({ ok: true, sent: 3 });
  });
});

describe('a line that is not met', () => {
  it('is told field by field, with what was expected and what came', async () => {
    const failures = await failuresOf(acksAll, `iss ${ISS}\n> S 0:0(0)\n< R. seq 5 ack 2 win 1~$iss ttl 64 <mss 5> "x" # no`);
    const text = '< R. seq 5 ack 2 win 1~$iss ttl 64 <mss 5> "x" # no';
    expect(failures).toEqual([
      { line: 3, text, field: 'flags', expected: 'R.', actual: 'S.' },
      { line: 3, text, field: 'seq', expected: '5', actual: '0' },
      { line: 3, text, field: 'ack', expected: '2', actual: '1' },
      { line: 3, text, field: 'ttl', expected: '64', actual: '61' },
      { line: 3, text, field: 'options', expected: '<mss 5>', actual: '<>' },
      { line: 3, text, field: 'data', expected: '"x"', actual: '""' },
    ]);
  });

  it.each([
    ['$iss+2', 0],
    ['$iss', ISS],
    ['$iss-3', ISS - 3],
  ])('names what a sum stands for: %s', async (sum, value) => {
    expect(await failuresOf(acksAll, `iss ${ISS}\n> S 0:0(0)\n< S. ack=${sum}`)).toMatchObject([
      { field: 'ack=', expected: `${value} (${sum})`, actual: String(seqAdd(ISS, 1)) },
    ]);
  });

  it.each([
    ['5~7', 0],
    ['6~8', 0],
    ['3~5', 1],
    ['7~9', 1],
    ['-3~5', 1],
    ['-3~6', 0],
  ])('fails outside a range of sequence numbers: %s', async (range, failures) => {
    expect(await failuresOf(acksAll, `${HANDSHAKE}> P. "hello"\n< . ack ${range}`)).toHaveLength(failures);
  });

  it('fails where nothing comes, within its time', async () => {
    expect(await failuresOf(() => undefined, '> S\n< S. 0:0(0)')).toEqual([
      { line: 2, text: '< S. 0:0(0)', field: 'segment', expected: 'S. 0:0(0)', actual: 'nothing within 1 s' },
    ]);
    expect(await failuresOf(() => undefined, 'timeout 200ms\n> S\n< S.')).toMatchObject([{ actual: 'nothing within 200 ms' }]);
    expect(await failuresOf(acksAll, 'timeout 200ms\n> S\nanything\n< F.')).toMatchObject([
      { expected: 'F.', actual: '1 that did not fit, and nothing more within 200 ms' },
    ]);
  });

  it.each([
    [50, '+0.1~0.2', '100 ms to 200 ms after the line before', '50.2 ms'],
    [300, '+0.1~0.2', undefined, 'nothing within 200 ms'],
    [150, '+0.1~0.2', undefined, undefined],
    [108, '+0.1', undefined, undefined],
    [130, '+0.1', undefined, 'nothing within 110 ms'],
  ])('fails on its time: after %i ms where %s is asked for', async (afterMs, time, expected, actual) => {
    const late: Peer = (segment) => (segment.flags & SYN ? [{ ...acks(segment), afterMs }] : undefined);
    const failures = await failuresOf(late, `> S 0:0(0)\n${time} < S. ack 1`);
    expect(failures).toHaveLength(actual === undefined ? 0 : 1);
    if (actual !== undefined) expect(failures[0]).toMatchObject({ actual });
    if (expected !== undefined) expect(failures[0]).toMatchObject({ field: 'time', expected });
  });

  it('of a group is the one that came nearest', async () => {
    expect(await failuresOf(acksAll, `${HANDSHAKE}> P. "hello"\n{\n< R. 9:9(0) ack 9 ttl 1\n< . ack 7\n}`)).toMatchObject([
      { line: 8, field: 'ack', expected: '7', actual: '6' },
    ]);
  });

  it('is silence, and something came', async () => {
    const late: Peer = (segment) => (segment.flags & SYN ? [{ ...acks(segment), afterMs: 20 }] : undefined);
    expect(await failuresOf(late, '> S 0:0(0)\nnothing for 300ms')).toEqual([
      {
        line: 2,
        text: 'nothing for 300ms',
        field: 'segment',
        expected: 'none for 300 ms',
        actual: 'S. 0:0(0) ack 1 win 1000 after 20.2 ms',
      },
    ]);
  });

  it('asks for a name that nothing gave a value, or sends what no field holds', async () => {
    expect(await failuresOf(() => undefined, '> S\n> . ack=$irs+1')).toMatchObject([{ line: 2, field: '$irs', expected: 'a value' }]);
    expect(await failuresOf(() => undefined, '<? . win ?w\n> S win $w')).toMatchObject([{ line: 2, field: '$w' }]);
    expect(await failuresOf(() => undefined, '> S win $iss')).toMatchObject([{ line: 1, field: 'TCP window' }]);
  });
});

describe('the library', () => {
  it('runs a script, and tells a mistake before anything is sent', async () => {
    const scene = new Scene(acksAll);
    const request = { host: '10.0.0.2', port: 80, text: '> S 0:0(0)\n< S. 0:0(0) ack 1' };
    const result = await scene.clock.run(resultOf(script(request, { network: scene.network })));
    expect(result).toMatchObject({ ok: true });
    const sent = scene.sent.length;
    await expect(resultOf(script({ ...request, text: '> S akc 1' }, { network: scene.network }))).rejects.toThrow(ScriptError);
    expect(scene.sent).toHaveLength(sent);
  });
});

describe('ICMP', () => {
  const scene = (code: number, seqShift = 0) => {
    const made: Scene = new Scene((_segment, packet) => {
      const quoted = { ...packet, tcp: { ...(packet.tcp as TcpSegment), seq: seqAdd(packet.tcp?.seq ?? 0, seqShift) } };
      const body = encodePacket({ ...quoted, ip: { ...packet.ip, checksum: undefined } }).subarray(0, 28);
      made.wire.send(
        encodePacket({ ip: ipv4Header({ source: B, destination: A, protocol: PROTOCOL_ICMP }), icmp: { type: 3, code, rest: 0, body } }),
      );
      return undefined;
    });
    return made;
  };

  it('meets a line that awaits it, and no other', async () => {
    expect((await scene(13).run('> S 0:0(0)\n< icmp admin-prohibited')).result.ok).toBe(true);
    expect((await scene(13).run('> S 0:0(0)\n< icmp any')).result.ok).toBe(true);
    expect((await scene(3).run('> S 0:0(0)\n< icmp admin-prohibited')).result.failures).toMatchObject([
      { expected: 'icmp admin-prohibited', actual: 'icmp port-unreachable from 10.0.0.2' },
    ]);
    expect((await scene(3).run('> S 0:0(0)\n< S. ack 1')).result.failures).toMatchObject([
      { field: 'segment', actual: 'icmp port-unreachable from 10.0.0.2' },
    ]);
  });

  it('about what we did not send is passed over', async () => {
    const { result, events } = await scene(3, 1).run('> S 0:0(0)\nnothing for 50ms');
    expect(result.ok).toBe(true);
    expect(events.some((event) => event.type === 'note' && event.code === 'icmp-ignored')).toBe(true);
  });
});
