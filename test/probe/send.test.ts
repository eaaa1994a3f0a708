/** The engine of `send` on the network in memory, against a peer that does what each test says. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { NetError } from '../../src/net/errors.ts';
import { MemoryWire, VirtualClock } from '../../src/net/memory.ts';
import type { Network } from '../../src/net/network.ts';
import { createContext } from '../../src/probe/context.ts';
import type { SegmentEvent, SendEvent, SendResult } from '../../src/probe/events.ts';
import { SEND_DEFAULTS, type SendRequest } from '../../src/probe/send/request.ts';
import { sendExitCode } from '../../src/probe/send/result.ts';
import { send } from '../../src/probe/send/send.ts';
import { Trial } from '../../src/probe/send/trial.ts';
import { ACK, FIN, PSH, RST, SYN, URG } from '../../src/wire/flags.ts';
import { decodeIpv4Header, ipv4Header, PROTOCOL_ICMP } from '../../src/wire/ipv4.ts';
import { decodePacket, encodePacket, type Packet } from '../../src/wire/packet.ts';
import { seqAdd } from '../../src/wire/seq.ts';
import { segLen, type TcpSegment, tcpSegment } from '../../src/wire/tcp.ts';

const A = 0x0a000001;
const B = 0x0a000002;
const SEQ = 0xffffffff;
const IRS = 0xfffffff0;

type Answer = Partial<TcpSegment> | Uint8Array | undefined;

/** What the peer does with the n-th segment that comes, counted from 1. */
type Peer = (segment: TcpSegment, n: number, packet: Packet) => Answer | Answer[];

class Scene {
  readonly clock = new VirtualClock();
  readonly wire = new MemoryWire(this.clock);
  /** All that we sent, as it left. */
  readonly sent: { packet: Packet; atUs: number }[] = [];
  network: Network;

  constructor(peer: Peer) {
    this.network = this.wire.host(A);
    this.wire.taps.push((datagram, atUs) => {
      if (decodeIpv4Header(datagram).source === A) this.sent.push({ packet: decodePacket(Uint8Array.from(datagram)), atUs });
    });
    let n = 0;
    this.wire.attach(B, (datagram) => {
      const packet = decodePacket(datagram);
      if (packet.tcp === undefined) return;
      const answers = peer(packet.tcp, ++n, packet);
      for (const answer of Array.isArray(answers) ? answers : [answers]) if (answer !== undefined) this.answer(packet.tcp, answer);
    });
  }

  answer(to: TcpSegment, answer: Exclude<Answer, undefined>): void {
    if (answer instanceof Uint8Array) return this.wire.send(answer);
    const tcp = tcpSegment({ sourcePort: to.destinationPort, destinationPort: to.sourcePort, window: 1000, ...answer });
    this.wire.send(encodePacket({ ip: ipv4Header({ source: B, destination: A, ttl: 61 }), tcp }));
  }

  async run(
    request: Partial<SendRequest> = {},
    signal?: AbortSignal,
  ): Promise<{ events: SendEvent[]; result: SendResult; segments: SegmentEvent[] }> {
    const whole: SendRequest = { ...SEND_DEFAULTS, host: 'peer', address: B, port: 80, variants: [{ spec: { seq: SEQ } }], ...request };
    const events: SendEvent[] = [];
    const collect = async () => {
      for await (const event of send(whole, { ...createContext(this.network, 1), signal })) events.push(event);
    };
    await this.clock.run(collect());
    const result = events.at(-1) as SendResult;
    expect(result.type).toBe('result');
    return { events, result, segments: events.filter((event) => event.type === 'segment') };
  }
}

const synAck: Peer = ({ seq, flags }) => (flags & SYN ? { flags: SYN | ACK, seq: IRS, ack: seqAdd(seq, 1) } : undefined);
const rst: Peer = (segment) =>
  segment.flags & ACK ? { flags: RST, seq: segment.ack } : { flags: RST | ACK, seq: 0, ack: seqAdd(segment.seq, segLen(segment)) };
const silence: Peer = () => undefined;

function icmp(type: number, code: number, about: Packet, from = B): Uint8Array {
  const quote = encodePacket({ ...about, ip: { ...about.ip, checksum: undefined } }).subarray(0, 28);
  return encodePacket({
    ip: ipv4Header({ source: from, destination: A, protocol: PROTOCOL_ICMP }),
    icmp: { type, code, rest: 0, body: quote },
  });
}

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

describe('more than once', () => {
  it('--count copies at the interval, each with the next identification', async () => {
    const scene = new Scene(rst);
    const { result, segments } = await scene.run({ count: 4, intervalMs: 250 });
    expect(scene.sent.map(({ atUs }) => atUs)).toEqual([0, 250_000, 500_000, 750_000]);
    const ids = scene.sent.map(({ packet }) => packet.ip.id);
    expect(ids).toEqual(ids.map((_, i) => (((ids[0] as number) - 1 + i) % 0xffff) + 1));
    expect(new Set(scene.sent.map(({ packet }) => packet.tcp?.seq)).size).toBe(1);
    expect(segments.map(({ direction }) => direction).join()).toBe('sent,received,sent,received,sent,received,sent,received');
    expect(result).toMatchObject({ sent: 4, received: 4, rttUs: 200, sendingUs: 750_000, answers: { rst: 4 } });
  });

  it('the interval holds from the first copy on, whatever the clock says then', async () => {
    const scene = new Scene(silence);
    scene.clock.setTimer(1_000_000, () => {});
    scene.clock.step();
    await scene.run({ count: 5, intervalMs: 20 });
    expect(scene.sent.map(({ atUs }) => atUs - 1_000_000)).toEqual([0, 20_000, 40_000, 60_000, 80_000]);
  });

  it('without an interval: what is told is in order, and every answer is there', async () => {
    const scene = new Scene(rst);
    const { result, segments } = await scene.run({ count: 500, intervalMs: 0 });
    expect(result).toMatchObject({ sent: 500, received: 500 });
    const times = segments.map(({ atUs }) => atUs);
    expect(times).toEqual(times.toSorted((a, b) => a - b));
    expect(segments.filter(({ direction }) => direction === 'sent').map(({ transmission }) => transmission)).toEqual(
      Array.from({ length: 500 }, (_, i) => i + 1),
    );
  });

  it('an answer that comes again is a retransmission, and the round trip is the first one', async () => {
    const scene = new Scene(synAck);
    const twice: Peer = (segment, n, packet) => [synAck(segment, n, packet) as Answer, synAck(segment, n, packet) as Answer];
    const { segments, result } = await new Scene(twice).run();
    expect(segments.map(({ note }) => note)).toEqual([undefined, undefined, 'retransmission', 'cleanup']);
    expect(result).toMatchObject({ received: 2, rttUs: 200 });
    // But two copies may each have theirs.
    const { segments: ofTwo } = await scene.run({ count: 2 });
    expect(ofTwo.map(({ note }) => note)).not.toContain('retransmission');
  });

  it('one connection half open is reset once', async () => {
    const scene = new Scene(synAck);
    await scene.run({ count: 3, intervalMs: 10 });
    expect(scene.sent.filter(({ packet }) => (packet.tcp?.flags ?? 0) & RST)).toHaveLength(1);
  });
});

describe('--repeat-until', () => {
  const opensLater: Peer = (segment, n, packet) => (n < 4 ? rst(segment, n, packet) : synAck(segment, n, packet));

  it('ends with the answer that was awaited, whatever came before', async () => {
    const scene = new Scene(opensLater);
    const { result } = await scene.run({ repeatUntil: 'syn-ack', count: Number.POSITIVE_INFINITY });
    expect(result).toMatchObject({
      verdict: 'open',
      reason: 'syn-ack',
      sent: 4,
      awaited: 'syn-ack',
      ended: undefined,
      answers: { rst: 3, 'syn-ack': 1 },
    });
    expect(sendExitCode(result)).toBe(0);
    expect(scene.sent.at(-1)?.packet.tcp?.flags).toBe(RST);
  });

  it.each(['rst', 'any'] as const)('%s is an answer as good as any, and exit 0', async (repeatUntil) => {
    const { result } = await new Scene(rst).run({ repeatUntil, count: Number.POSITIVE_INFINITY });
    expect(result).toMatchObject({ verdict: 'closed', sent: 1 });
    expect(sendExitCode(result)).toBe(0);
  });

  it('icmp', async () => {
    const { result } = await new Scene((segment, n, packet) => (n < 2 ? rst(segment, n, packet) : icmp(3, 3, packet))).run({
      repeatUntil: 'icmp',
      count: 9,
    });
    expect(result).toMatchObject({ verdict: 'filtered', reason: 'icmp-port-unreachable', sent: 2 });
    expect(sendExitCode(result)).toBe(0);
  });

  it('ends at --count, with 3 where something else came and 2 where nothing did', async () => {
    const other = await new Scene(rst).run({ repeatUntil: 'syn-ack', count: 3 });
    expect(other.result).toMatchObject({ sent: 3, ended: 'not-as-awaited' });
    expect(sendExitCode(other.result)).toBe(3);
    const nothing = await new Scene(silence).run({ repeatUntil: 'syn-ack', count: 3 });
    expect(sendExitCode(nothing.result)).toBe(2);
  });

  it('ends at the deadline', async () => {
    const { result } = await new Scene(rst).run({ repeatUntil: 'syn-ack', count: Number.POSITIVE_INFINITY, deadlineMs: 4500 });
    expect(result).toMatchObject({ sent: 5, ended: 'not-as-awaited' });
  });
});

describe('a sweep', () => {
  const variants = [SYN, ACK, FIN].map((flags) => ({ label: `flags=${flags}`, spec: { flags } }));

  it('sends each from a port of its own, and tells which answer is whose', async () => {
    const scene = new Scene((segment, n, packet) =>
      segment.flags & SYN ? synAck(segment, n, packet) : segment.flags & ACK ? rst(segment, n, packet) : undefined,
    );
    const { result, segments } = await scene.run({ variants, intervalMs: 10 });
    expect(new Set(scene.sent.slice(0, 3).map(({ packet }) => packet.tcp?.sourcePort)).size).toBe(3);
    expect(result.sweep).toMatchObject([
      {
        variant: 'flags=2',
        verdict: 'open',
        reason: 'syn-ack',
        sent: 1,
        received: 1,
        rttUs: 200,
        answer: { flags: ['ACK', 'SYN'], ttl: 61, window: 1000 },
      },
      { variant: 'flags=16', verdict: 'unfiltered', reason: 'rst', answer: { flags: ['RST'] } },
      { variant: 'flags=1', verdict: 'open|filtered', reason: 'no-response', received: 0, answer: undefined },
    ]);
    expect(result).toMatchObject({ verdict: 'open', sent: 3, received: 2, differ: true });
    expect(segments.find(({ direction, flags }) => direction === 'received' && flags.includes('RST'))?.variant).toBe('flags=16');
    expect(sendExitCode(result)).toBe(0);
  });

  it('uses the source ports that it is given', async () => {
    const scene = new Scene(rst);
    await scene.run({ variants: variants.map((variant, i) => ({ ...variant, sourcePort: 5000 + i })), intervalMs: 0 });
    expect(scene.sent.map(({ packet }) => packet.tcp?.sourcePort)).toEqual([5000, 5001, 5002]);
  });

  it('that nothing answers ends with 2', async () => {
    const { result } = await new Scene(silence).run({ variants, intervalMs: 0 });
    expect(sendExitCode(result)).toBe(2);
  });
});

describe('the end', () => {
  it('--no-cleanup sends nothing, tells what comes while it holds, and says what is left', async () => {
    const again: Peer = (segment, n, packet) => {
      const answer = synAck(segment, n, packet) as Partial<TcpSegment>;
      scene.clock.setTimer(scene.clock.nowUs() + 1_500_000, () => scene.answer(segment, answer));
      return answer;
    };
    const scene = new Scene(again);
    const { events, segments } = await scene.run({ cleanup: false, holdMs: 2000 });
    expect(scene.sent).toHaveLength(1);
    expect(segments.at(-1)).toMatchObject({ direction: 'received', note: 'retransmission', atUs: 1_500_200 });
    expect(events.at(-2)).toMatchObject({ type: 'note', code: 'guard-released' });
    expect(scene.clock.nowUs()).toBe(3_000_000);
  });

  it('a signal ends it with what is known, and resets', async () => {
    const controller = new AbortController();
    const scene = new Scene(synAck);
    scene.clock.setTimer(300_000, () => controller.abort());
    const { result } = await scene.run({ timeoutMs: 5000 }, controller.signal);
    expect(result).toMatchObject({ verdict: 'open', ended: 'interrupted' });
    expect(scene.clock.nowUs()).toBe(300_000);
    expect(scene.sent.at(-1)?.packet.tcp?.flags).toBe(RST);
  });

  it('a signal ends a flood to which nothing answers', async () => {
    const controller = new AbortController();
    // As the event loop tells of a signal: in a turn of its own.
    setTimeout(() => controller.abort(), 1);
    const { result } = await new Scene(silence).run({ count: 100_000, intervalMs: 0 }, controller.signal);
    expect(result).toMatchObject({ ended: 'interrupted', reason: 'no-response' });
    expect(result.sent).toBeLessThan(100_000);
  });

  it('a signal before the first answer gives the verdict of silence so far', async () => {
    const controller = new AbortController();
    const scene = new Scene(silence);
    scene.clock.setTimer(300_000, () => controller.abort());
    expect((await scene.run({ count: 9 }, controller.signal)).result).toMatchObject({ sent: 1, received: 0, ended: 'interrupted' });
  });

  it('the deadline ends sending', async () => {
    const { result } = await new Scene(silence).run({ count: 100, deadlineMs: 3500 });
    expect(result).toMatchObject({ sent: 4, ended: 'deadline' });
  });

  it('a peer that goes on and on does not keep it from ending', async () => {
    const scene = new Scene(synAck);
    const flood = () => {
      scene.answer(tcpSegment({ sourcePort: 49_152, destinationPort: 80 }), { flags: ACK });
      scene.clock.setTimer(scene.clock.nowUs() + 1000, flood);
    };
    flood();
    const { result } = await scene.run();
    expect(result.received).toBeGreaterThan(900);
    expect(scene.clock.nowUs()).toBeLessThan(1_100_000);
  });

  it('nor does it fill the memory, whatever numbers it makes up', () => {
    setFlagsFromString('--expose-gc');
    const gc = runInNewContext('gc') as () => void;
    const flow = { source: A, sourcePort: 1, destination: B, destinationPort: 80 };
    const numbers = { seq: SEQ, ack: 0, ipId: 1, timestamp: 0, mss: 1460 };
    const port = new MemoryWire(new VirtualClock()).host(A).openPort({ destination: B, destinationPort: 80 });
    const trial = new Trial(port, { spec: {} }, flow, numbers);
    const at = { atUs: 0, stamped: false, wallSteps: 0 };
    gc();
    const before = process.memoryUsage().heapUsed;
    for (let n = 0; n < 200_000; n++) trial.hears(tcpSegment({ sourcePort: 80, destinationPort: 1, flags: ACK, seq: n, ack: n }), 64, at);
    gc();
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(4e6);
    expect(trial.received).toBe(200_000);
  });

  it('who leaves early leaves nothing half open', async () => {
    const scene = new Scene(synAck);
    const request: SendRequest = { ...SEND_DEFAULTS, host: 'peer', address: B, port: 80, variants: [{ spec: {} }] };
    const leave = async () => {
      for await (const event of send(request, createContext(scene.network)))
        if (event.type === 'segment' && event.direction === 'received') break;
    };
    await scene.clock.run(leave());
    expect(scene.sent.at(-1)?.packet.tcp?.flags).toBe(RST);
  });
});

describe('an error of this machine', () => {
  const noRoute = new NetError('no-route', 'send', 'to 10.0.0.2', 'gone');

  /** The network, failing at the n-th send. */
  function failing(scene: Scene, at: number): Network {
    const { network } = scene;
    let sends = 0;
    return {
      clock: network.clock,
      clockSources: network.clockSources,
      openInbox: () => network.openInbox(),
      openFan: (request) => network.openFan(request),
      openListener: (request) => network.openListener(request),
      openPort(request) {
        const port = network.openPort(request);
        const send = port.send.bind(port);
        return Object.assign(port, {
          send(datagram: Uint8Array) {
            if (++sends === at) throw noRoute;
            return send(datagram);
          },
        });
      },
      close: () => network.close(),
    };
  }

  it('before the first segment is thrown', async () => {
    const scene = new Scene(silence);
    scene.network = failing(scene, 1);
    await expect(scene.run()).rejects.toBe(noRoute);
  });

  it('later stands in the result, beside what is known; and what is half open is reset', async () => {
    const scene = new Scene(synAck);
    scene.network = failing(scene, 2);
    const { result } = await scene.run({ count: 3 });
    expect(result).toMatchObject({ verdict: 'open', sent: 1, received: 1, error: noRoute });
    expect(scene.sent.at(-1)?.packet.tcp?.flags).toBe(RST);
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
