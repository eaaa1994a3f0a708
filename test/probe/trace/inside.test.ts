/** Probes inside a connection, on the network in memory: three routers and a peer that keeps one connection. */
import { describe, expect, it } from 'vitest';
import { MemoryWire, VirtualClock } from '../../../src/net/memory.ts';
import { createContext } from '../../../src/probe/context.ts';
import type { HopEvent, TraceEvent, TraceResult } from '../../../src/probe/events.ts';
import { TRACE_DEFAULTS, type TraceRequest } from '../../../src/probe/trace/request.ts';
import { trace } from '../../../src/probe/trace/trace.ts';
import { ACK, FIN, RST, SYN } from '../../../src/wire/flags.ts';
import { ICMP_TIME_EXCEEDED } from '../../../src/wire/icmp.ts';
import { ipv4Header, PROTOCOL_ICMP } from '../../../src/wire/ipv4.ts';
import { decodePacket, encodePacket, type Packet } from '../../../src/wire/packet.ts';
import { seqAdd, seqDiff } from '../../../src/wire/seq.ts';
import { segLen, type TcpSegment, tcpSegment } from '../../../src/wire/tcp.ts';
import { KIND_SACK_PERMITTED, type TcpOption } from '../../../src/wire/tcp-options.ts';

const A = 0x0a000001;
const B = 0x0a000063;
const ROUTERS = 3;
const ISS = 0xfffffff0;
const IRS = 0xfffffffe;
const SACK_PERMITTED: TcpOption = { kind: KIND_SACK_PERMITTED, name: 'sack-permitted' };
const WINDOW = 1000;

interface PeerOptions {
  /** It says by SACK what it has got twice (RFC 2883). */
  duplicates: boolean;
  /** It answers what it has got before. */
  answersOld: boolean;
  /** Those answers have a wrong checksum. */
  damagesOld: boolean;
  closes: boolean;
  answersSyn: boolean;
  /** It resets the connection at the so-manieth probe. */
  resetsAt: number;
  /** These distances say nothing. */
  mute: readonly number[];
}

/** What was seen of us, and the peer's side of the connection. */
class Scene {
  readonly clock = new VirtualClock();
  readonly wire = new MemoryWire(this.clock);
  readonly sent: Packet[] = [];
  #rcvNxt = 0;
  #old = 0;
  readonly #options: PeerOptions;

  constructor(options: Partial<PeerOptions> = {}) {
    this.#options = {
      ...{
        duplicates: true,
        answersOld: true,
        damagesOld: false,
        closes: true,
        answersSyn: true,
        resetsAt: Number.POSITIVE_INFINITY,
        mute: [],
      },
      ...options,
    };
    this.wire.taps.push((datagram) => {
      const packet = decodePacket(Uint8Array.from(datagram));
      if (packet.ip.source === A) this.sent.push(packet);
    });
    this.wire.attach(B, (datagram) => this.#forward(decodePacket(datagram)));
  }

  #forward(packet: Packet): void {
    const { ttl } = packet.ip;
    if (ttl > ROUTERS) this.#arrives(packet.tcp as TcpSegment);
    else if (!this.#options.mute.includes(ttl)) {
      const quote = encodePacket({ ...packet, ip: { ...packet.ip, ttl: 1, checksum: undefined } }).subarray(0, 28);
      const ip = ipv4Header({ source: 0x0a000100 + ttl, destination: A, protocol: PROTOCOL_ICMP });
      this.wire.send(encodePacket({ ip, icmp: { type: ICMP_TIME_EXCEEDED, code: 0, rest: 0, body: quote } }));
    }
  }

  #arrives(segment: TcpSegment): void {
    const { flags, seq } = segment;
    if (flags & RST || !this.#options.answersSyn) return;
    if (flags & SYN) {
      this.#rcvNxt = seqAdd(seq, 1);
      this.#say(segment, { flags: SYN | ACK, seq: IRS, options: [SACK_PERMITTED] });
    } else if (seqDiff(seq, this.#rcvNxt) < 0) this.#hearOld(segment);
    else if (flags & FIN) {
      this.#rcvNxt = seqAdd(seq, segLen(segment));
      this.#say(segment, { flags: this.#options.closes ? FIN | ACK : ACK });
    }
  }

  #hearOld(segment: TcpSegment): void {
    const { duplicates, answersOld, damagesOld, resetsAt } = this.#options;
    if (++this.#old === resetsAt) return this.#say(segment, { flags: RST | ACK });
    const { seq } = segment;
    const blocks = [{ left: seq, right: seqAdd(seq, segLen(segment)) }];
    const checksum = damagesOld ? 0x1234 : undefined;
    if (answersOld) this.#say(segment, { flags: ACK, checksum, options: duplicates ? [{ kind: 5, name: 'sack', blocks }] : [] });
  }

  #say(to: TcpSegment, fields: Partial<TcpSegment>): void {
    const { sourcePort, destinationPort } = to;
    const tcp = { sourcePort: destinationPort, destinationPort: sourcePort, seq: seqAdd(IRS, 1), ack: this.#rcvNxt, window: WINDOW };
    this.wire.send(encodePacket({ ip: ipv4Header({ source: B, destination: A }), tcp: tcpSegment({ ...tcp, ...fields }) }));
  }

  /** Those of ours that are neither SYN, FIN, RST nor a mere ACK. */
  get probes(): Packet[] {
    return this.sent.filter(({ tcp }) => tcp !== undefined && tcp.payload.length > 0);
  }

  get segments(): TcpSegment[] {
    return this.sent.map(({ tcp }) => tcp as TcpSegment);
  }

  async run(request: Partial<TraceRequest> = {}, signal?: AbortSignal, each: (event: TraceEvent) => void = () => {}) {
    const whole: TraceRequest = {
      ...{ ...TRACE_DEFAULTS, host: 'peer', address: B, port: 80, inside: true },
      ...{ spec: { seq: ISS }, wait: { maxMs: 500, here: 3, near: 10 } },
      ...request,
    };
    const events: TraceEvent[] = [];
    let resultAtUs = 0;
    const collect = async (): Promise<void> => {
      for await (const event of trace(whole, { ...createContext(this.wire.host(A), 1), signal })) {
        events.push(event);
        each(event);
        if (event.type === 'result') resultAtUs = this.clock.nowUs();
      }
    };
    await this.clock.run(collect());
    const hops = events.filter((event): event is HopEvent => event.type === 'hop');
    return { events, hops, result: events.at(-1) as TraceResult, resultAtUs };
  }
}

describe('probes inside a connection', () => {
  it('have numbers from before the SYN, all different, and none that the window would not have', async () => {
    const scene = new Scene();
    const { hops, result } = await scene.run({ probes: 5 });
    expect(hops.map(({ figures }) => figures.received)).toEqual([5, 5, 5, 5]);
    const ages = scene.probes.map(({ tcp }) => seqDiff(seqAdd(ISS, 1), seqAdd((tcp as TcpSegment).seq, 1)));
    expect(new Set(ages).size).toBe(ages.length);
    for (const age of ages) {
      expect(age).toBeGreaterThan(0);
      expect(age).toBeLessThanOrEqual(WINDOW);
    }
    for (const { tcp, ip } of scene.probes) {
      expect(tcp).toMatchObject({ flags: ACK, ack: seqAdd(IRS, 1) });
      expect(ip.dontFragment).toBe(true);
    }
    expect(result).toMatchObject({ verdict: 'open', reason: 'syn-ack', hops: 4, connection: { established: true, closed: true } });
  });

  it('are followed by FIN, its ACK and the ACK of theirs, and by no reset; the result does not wait for TIME-WAIT', async () => {
    const scene = new Scene();
    const { result, resultAtUs } = await scene.run();
    const last = scene.segments.slice(-2);
    expect(last.map(({ flags }) => flags)).toEqual([FIN | ACK, ACK]);
    expect(last[0]?.seq).toBe(seqAdd(ISS, 1));
    expect(last[1]?.ack).toBe(seqAdd(IRS, 2));
    expect(scene.segments.some(({ flags }) => flags & RST)).toBe(false);
    expect(scene.clock.nowUs() - resultAtUs).toBeGreaterThan(1e6);
    expect(result.durationMs).toBeLessThan(100);
  });

  it('come after the handshake, which is told where segments are', async () => {
    const { events } = await new Scene().run({ segments: true });
    const told = events.flatMap((event) => (event.type === 'segment' ? [event] : []));
    expect(told.slice(0, 3).map(({ direction, flags }) => [direction, flags])).toEqual([
      ['sent', ['SYN']],
      ['received', ['ACK', 'SYN']],
      ['sent', ['ACK']],
    ]);
    expect(told[0]?.atUs).toBe(0);
  });

  it('are found by their quotes, and by the duplicate that the ACK names', async () => {
    const { hops } = await new Scene().run({ probes: 3 });
    expect(hops.map(({ answer, icmp }) => answer ?? icmp)).toEqual([undefined, undefined, undefined, 'ack']);
    for (const { rttUs } of hops) expect(rttUs).toEqual([200, 200, 200]);
  });

  it('are not answered by what has a wrong checksum', async () => {
    const { hops, result } = await new Scene({ damagesOld: true }).run({ probes: 2 });
    expect(hops.map(({ figures }) => figures.received)).toEqual([2, 2, 2, ...hops.slice(3).map(() => 0)]);
    expect(result.connection).toEqual({ established: true, closed: true });
  });

  it('have a time without that as soon as only one is on its way', async () => {
    const { hops, result } = await new Scene({ duplicates: false }).run({ probes: 3 });
    expect(result).toMatchObject({ reached: true, hops: 4 });
    expect(hops.at(-1)?.rttUs[0]).toBeNull();
    expect(hops.at(-1)?.rttUs.at(-1)).toBe(200);
  });

  it('find the path MTU without that too', async () => {
    const { result } = await new Scene({ duplicates: false }).run({ mtu: true });
    expect(result.pathMtu).toMatchObject({ mtu: 1500, found: 'whole', by: 'connection' });
  });

  it('that nobody answers make nothing less open', async () => {
    const { result } = await new Scene({ answersOld: false }).run({ gap: 2 });
    expect(result).toMatchObject({ verdict: 'open', reason: 'syn-ack', reached: false, stop: { kind: 'silent', ttl: 3 } });
    expect(result.connection).toEqual({ established: true, closed: true });
  });

  it('go on past hops that say nothing', async () => {
    const { hops } = await new Scene({ mute: [2] }).run();
    expect(hops.map(({ figures }) => figures.received)).toEqual([3, 0, 3, 3]);
  });

  it('outlive the connection', async () => {
    const { events, result } = await new Scene({ resetsAt: 2 }).run();
    expect(result).toMatchObject({ verdict: 'open', reached: true, connection: { established: true, closed: false } });
    expect(events.some((event) => event.type === 'note' && event.code === 'reset-by-peer')).toBe(true);
  });

  it('are told of round by round', async () => {
    const controller = new AbortController();
    const stopAtThird = (event: TraceEvent): void => {
      if (event.type === 'round' && event.round === 3) controller.abort();
    };
    const { result } = await new Scene().run({ watchMs: 200, deadlineMs: 5000 }, controller.signal, stopAtThird);
    expect(result).toMatchObject({ rounds: 3, ended: 'interrupted' });
  });

  it('take their numbers in turn when they go on for long', async () => {
    const scene = new Scene();
    const controller = new AbortController();
    scene.clock.setTimer(70e6, () => controller.abort());
    const { hops, result } = await scene.run({ watchMs: 200, deadlineMs: Number.POSITIVE_INFINITY }, controller.signal);
    expect(scene.probes.length).toBeGreaterThan(WINDOW);
    expect(hops.at(-1)?.figures).toMatchObject({ lossPercent: 0 });
    // Its end by an interrupt is the normal one.
    expect(result).toMatchObject({ ended: 'interrupted', connection: { established: true, closed: true } });
    expect(scene.segments.some(({ flags }) => flags & RST)).toBe(false);
  });
});

describe('the connection', () => {
  it('is reset where the peer does not close its side', async () => {
    const scene = new Scene({ closes: false });
    const { result } = await scene.run();
    expect(result.connection).toEqual({ established: true, closed: false });
    expect((scene.segments.at(-1)?.flags ?? 0) & RST).toBe(RST);
  });

  it('is not there where nobody answers, and nothing is reset then', async () => {
    const scene = new Scene({ answersSyn: false });
    const { events, result } = await scene.run();
    expect(events.map(({ type }) => type)).toEqual(['start', 'result']);
    expect(result).toMatchObject({ verdict: 'filtered', reason: 'no-response', reached: false, stop: { kind: 'silent', ttl: 0 }, sent: 0 });
    expect(scene.segments.every(({ flags }) => flags === SYN)).toBe(true);
  });

  it('is reset by an interrupt', async () => {
    const scene = new Scene();
    const controller = new AbortController();
    scene.clock.setTimer(1000, () => controller.abort());
    const { result } = await scene.run({ rate: 100 }, controller.signal);
    expect(result).toMatchObject({ verdict: 'open', ended: 'interrupted', connection: { established: true, closed: false } });
    expect(scene.segments.at(-1)).toMatchObject({ flags: RST, seq: seqAdd(ISS, 1) });
  });

  it('is not waited for beyond the deadline', async () => {
    const scene = new Scene({ answersSyn: false });
    const { result } = await scene.run({ deadlineMs: 200 });
    expect(result).toMatchObject({ verdict: 'filtered', ended: 'deadline', connection: { established: false } });
    expect(scene.clock.nowUs()).toBe(200_000);
  });

  it('is reset a second after the deadline, where the peer does not close', async () => {
    const scene = new Scene({ closes: false });
    const { result } = await scene.run({ deadlineMs: 100, probes: 1, wait: { maxMs: 60_000, here: 3, near: 10 } });
    expect(result).toMatchObject({ verdict: 'open', connection: { established: true, closed: false } });
    expect(scene.segments.at(-1)?.flags).toBe(RST);
    expect(scene.clock.nowUs()).toBeLessThanOrEqual(1_100_000);
  });

  it.each([0, 50])('is given up when interrupted in its handshake, after %i us', async (us) => {
    const scene = new Scene();
    const controller = new AbortController();
    if (us === 0) controller.abort();
    else scene.clock.setTimer(us, () => controller.abort());
    const { result } = await scene.run({}, controller.signal);
    expect(result).toMatchObject({ verdict: 'filtered', reason: 'interrupted', ended: 'interrupted', connection: { established: false } });
    expect(scene.segments).toHaveLength(us === 0 ? 0 : 1);
  });

  it('is reset where nobody wants the rest', async () => {
    const scene = new Scene();
    const context = createContext(scene.wire.host(A), 1);
    const request: TraceRequest = { ...TRACE_DEFAULTS, host: 'peer', address: B, port: 80, inside: true };
    await scene.clock.run(
      (async () => {
        for await (const event of trace(request, context)) if (event.type === 'hop') break;
      })(),
    );
    expect(scene.segments.at(-1)?.flags).toBe(RST);
  });
});
