/** A path as data, played on the network in memory: routers that count the TTL down, each with its ways, and a destination. */
import { readFileSync } from 'node:fs';
import { NO_FAULTS } from '../../src/net/faults.ts';
import { MemoryWire, VirtualClock } from '../../src/net/memory.ts';
import { createContext } from '../../src/probe/context.ts';
import type { HopEvent, HopRemark, Reason, Stop, TraceEvent, TraceResult, Verdict } from '../../src/probe/events.ts';
import { TRACE_DEFAULTS, type TraceContext, type TraceRequest } from '../../src/probe/trace/request.ts';
import { trace } from '../../src/probe/trace/trace.ts';
import { formatIpv4, type Ipv4Address, parseIpv4 } from '../../src/wire/address.ts';
import { ACK, FIN, RST, SYN } from '../../src/wire/flags.ts';
import { ICMP_TIME_EXCEEDED, ICMP_UNREACHABLE } from '../../src/wire/icmp.ts';
import { decodeIpv4Header, ipv4Header, PROTOCOL_ICMP } from '../../src/wire/ipv4.ts';
import { decodePacket, encodePacket, type Packet } from '../../src/wire/packet.ts';
import { seqAdd } from '../../src/wire/seq.ts';
import { segLen, type TcpSegment, tcpSegment } from '../../src/wire/tcp.ts';
import type { TcpOption } from '../../src/wire/tcp-options.ts';

export interface SimulatedHop {
  /** Several are used in turn. */
  address: string | string[];
  /** From the one before, one way. */
  delayMs: number;
  /** Which of the probes that run out here are answered, over and over: `a` and `.`; undefined: all. */
  answers?: string;
  /** Answers that there are at once, and how many come back a second. */
  limit?: { burst: number; perSecond: number };
  /** Answers that are late, by their number from 1: by how much. */
  lateMs?: Record<string, number>;
  /** The code of "unreachable" that all it would forward is answered with. */
  refuses?: number;
  /** Lets nothing through. */
  drops?: boolean;
  /** Forwards with a TTL of zero what it should not forward. */
  forwardsZero?: boolean;
  /** What it sets the TTL to when it forwards. */
  setsTtl?: number;
  /** Translates our end, and leaves it so in the quotes of those behind. */
  source?: { address?: string; port?: number };
  /** Bytes of the segment that it quotes; undefined: all. */
  quotes?: number;
  /** The TTL that its quotes show, whatever came. */
  quotesTtl?: number;
  /** The way back is so much longer. */
  detour?: number;
  /** The TTL that its answers begin with. */
  initialTtl?: number;
}

export interface SimulatedPath {
  about: string;
  request?: Partial<TraceRequest>;
  hops: SimulatedHop[];
  destination: { port: 'open' | 'closed' | 'silent' | 'refuses'; delayMs: number };
  expect: {
    verdict: Verdict;
    reason: Reason;
    hops: number;
    stop?: Partial<Stop>;
    /** Of all hops that are told, null for silence. */
    addresses?: (string | null)[];
    /** By TTL; no others. */
    remarks?: Record<string, HopRemark[]>;
    /** By TTL. */
    icmp?: Record<string, string>;
    /** By TTL; no others. */
    changed?: Record<string, string[]>;
    lossPercent?: Record<string, number>;
    /** Not more than so many times the round trip to the destination. */
    roundTrips?: number;
    atMostMs?: number;
    ignored?: Record<string, number>;
  };
}

export const readPath = (file: URL): SimulatedPath => JSON.parse(readFileSync(file, 'utf8'));

export const CLIENT = parseIpv4('10.0.0.1') as Ipv4Address;
export const DESTINATION = parseIpv4('10.9.9.9') as Ipv4Address;
const IRS = 0xfffffff0;
/** Linux's net.ipv4.tcp_invalid_ratelimit. */
const CHALLENGE_EVERY_US = 500_000;
const HOUR_US = 3600e6;

/** What a listener answers options with. */
const agreed = (options: readonly TcpOption[]): TcpOption[] =>
  options.map((option) => (option.name === 'timestamps' ? { ...option, value: 1, echoReply: option.value } : option));

interface Counts {
  expired: number;
  answered: number;
  tokens: number;
  atUs: number;
}

export class Simulation {
  readonly clock = new VirtualClock();
  readonly wire = new MemoryWire(this.clock, { ...NO_FAULTS, delayUs: 0 });
  /** All that the client has sent, as it left. */
  readonly sent: { packet: Packet; atUs: number }[] = [];
  readonly network = this.wire.host(CLIENT);
  /** What the destination's next segment must begin with, while it holds a connection half open. */
  halfOpen: number | undefined;
  /** Connections that began. */
  opened = 0;
  #challengedAtUs = Number.NEGATIVE_INFINITY;
  readonly #path: SimulatedPath;
  #hops: readonly SimulatedHop[];
  /** Of each hop: probes that ran out there, and answers given. */
  #counts: Counts[] = [];

  constructor(path: SimulatedPath) {
    this.#path = path;
    this.#hops = path.hops;
    this.become(path.hops);
    this.wire.attach(DESTINATION, (datagram) => this.#forward(datagram));
    this.wire.taps.push((datagram, atUs) => {
      if (decodeIpv4Header(datagram).source === CLIENT) this.sent.push({ packet: decodePacket(Uint8Array.from(datagram)), atUs });
    });
  }

  /** Runs a trace through it. @param each is shown every event as it comes */
  async trace(
    request: Partial<TraceRequest> = {},
    context: Partial<TraceContext> = {},
    each: (event: TraceEvent) => void = () => {},
  ): Promise<{ events: TraceEvent[]; hops: HopEvent[]; result: TraceResult }> {
    const whole: TraceRequest = {
      ...TRACE_DEFAULTS,
      host: 'peer',
      address: DESTINATION,
      port: 80,
      ...this.#path.request,
      ...request,
    };
    const events: TraceEvent[] = [];
    const collect = async (): Promise<void> => {
      for await (const event of trace(whole, { ...createContext(this.network, 1), ...context })) {
        events.push(event);
        each(event);
      }
    };
    await this.clock.run(collect());
    const result = events.at(-1) as TraceResult;
    return { events, hops: events.filter((event) => event.type === 'hop'), result };
  }

  /** Other routers from now on. */
  become(hops: readonly SimulatedHop[]): void {
    this.#hops = hops;
    this.#counts = hops.map(({ limit }) => ({ expired: 0, answered: 0, tokens: limit?.burst ?? 0, atUs: 0 }));
  }

  /** Lets time go on. */
  async pass(ms: number): Promise<void> {
    await this.clock.run(new Promise<void>((resolve) => this.clock.setTimer(this.clock.nowUs() + ms * 1000, resolve)));
  }

  #forward(datagram: Uint8Array): void {
    const packet = decodePacket(datagram);
    const { ip, tcp } = packet;
    if (tcp === undefined) return;
    const { sourcePort } = tcp;
    let delayUs = 0;
    for (const [index, hop] of this.#hops.entries()) {
      delayUs += hop.delayMs * 1000;
      if (ip.ttl <= 1 && !(hop.forwardsZero && ip.ttl === 1)) {
        this.#after(delayUs, () => this.#expires(packet, index, delayUs));
        return;
      }
      ip.ttl = hop.setsTtl ?? ip.ttl - 1;
      if (hop.drops) return;
      if (hop.refuses !== undefined) {
        this.#answer(hop, index, ICMP_UNREACHABLE, hop.refuses, packet, 2 * delayUs);
        return;
      }
      if (hop.source?.address !== undefined) ip.source = parseIpv4(hop.source.address) as Ipv4Address;
      if (hop.source?.port !== undefined) tcp.sourcePort = hop.source.port;
    }
    delayUs += this.#path.destination.delayMs * 1000;
    // What was translated on the way there is undone on the way back.
    this.#after(delayUs, () => this.#arrives({ ...tcp, sourcePort }, packet, delayUs));
  }

  #expires(packet: Packet, index: number, delayUs: number): void {
    const hop = this.#hops[index] as SimulatedHop;
    const counts = this.#counts[index] as Counts;
    const answers = hop.answers ?? 'a';
    const isAnswered = answers[counts.expired++ % answers.length] === 'a';
    if (!isAnswered || !this.#takeToken(hop, counts)) return;
    counts.answered++;
    const lateUs = (hop.lateMs?.[String(counts.answered)] ?? 0) * 1000;
    this.#answer(hop, index, ICMP_TIME_EXCEEDED, 0, packet, delayUs + lateUs);
  }

  #takeToken({ limit }: SimulatedHop, counts: Counts): boolean {
    if (limit === undefined) return true;
    const nowUs = this.clock.nowUs();
    counts.tokens = Math.min(limit.burst, counts.tokens + ((nowUs - counts.atUs) / 1e6) * limit.perSecond);
    counts.atUs = nowUs;
    if (counts.tokens < 1) return false;
    counts.tokens--;
    return true;
  }

  #answer(hop: SimulatedHop, index: number, type: number, code: number, about: Packet, afterUs: number): void {
    const addresses = [hop.address].flat();
    const from = addresses[(this.#counts[index]?.answered ?? 0) % addresses.length] as string;
    const ip = { ...about.ip, ttl: hop.quotesTtl ?? about.ip.ttl, checksum: undefined };
    const quote = encodePacket({ ...about, ip });
    const ttl = (hop.initialTtl ?? 64) - index - (hop.detour ?? 0);
    const header = ((quote[0] as number) & 15) * 4;
    const body = hop.quotes === undefined ? quote : quote.slice(0, header + hop.quotes);
    const answer = encodePacket({
      ip: ipv4Header({ source: parseIpv4(from) as Ipv4Address, destination: CLIENT, protocol: PROTOCOL_ICMP, ttl }),
      icmp: { type, code, rest: 0, body },
    });
    this.#after(afterUs, () => this.wire.send(answer));
  }

  #arrives(segment: TcpSegment, packet: Packet, delayUs: number): void {
    const { port } = this.#path.destination;
    if (port === 'silent') return;
    if (port === 'refuses') {
      const hop: SimulatedHop = { address: formatIpv4(DESTINATION), delayMs: 0 };
      this.#answer(hop, this.#hops.length, ICMP_UNREACHABLE, 3, packet, delayUs);
      return;
    }
    const { flags, seq, ack } = segment;
    if (flags & RST) {
      if (seq === this.halfOpen) this.halfOpen = undefined;
    } else if (flags & ACK) this.#reply(segment, { flags: RST, seq: ack }, delayUs);
    else if (port === 'closed') this.#reply(segment, { flags: RST | ACK, ack: seqAdd(seq, segLen(segment)) }, delayUs);
    else if ((flags & (SYN | FIN)) === SYN) this.#opens(segment, delayUs);
  }

  #opens(syn: TcpSegment, delayUs: number): void {
    const next = seqAdd(syn.seq, 1);
    const options = agreed(syn.options);
    if (this.halfOpen === undefined) {
      this.opened++;
      this.halfOpen = next;
      // It is sent again while nobody ends it.
      this.#after(1e6, () => this.halfOpen === next && this.#opens(syn, delayUs));
    }
    const isAgain = this.halfOpen === next;
    const nowUs = this.clock.nowUs();
    if (!isAgain && nowUs - this.#challengedAtUs < CHALLENGE_EVERY_US) return;
    if (!isAgain) this.#challengedAtUs = nowUs;
    this.#reply(
      syn,
      isAgain ? { flags: SYN | ACK, seq: IRS, ack: next, options } : { flags: ACK, seq: IRS + 1, ack: this.halfOpen },
      delayUs,
    );
  }

  #reply(to: TcpSegment, fields: Partial<TcpSegment>, delayUs: number): void {
    const tcp = tcpSegment({ sourcePort: to.destinationPort, destinationPort: to.sourcePort, window: 1000, ...fields });
    const ip = ipv4Header({ source: DESTINATION, destination: CLIENT, ttl: 64 - this.#hops.length });
    this.#after(delayUs, () => this.wire.send(encodePacket({ ip, tcp })));
  }

  #after(us: number, act: () => void): void {
    if (us < HOUR_US) this.clock.setTimer(this.clock.nowUs() + us, act);
  }
}
