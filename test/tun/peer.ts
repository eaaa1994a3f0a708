/**
 * A TCP peer that does what a script says and nothing else. Scripts speak relative sequence numbers, as packetdrill's:
 * `seq` counts from the sender's initial sequence number, `ack` from the receiver's.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { formatIpv4 } from '../../src/wire/address.ts';
import { ACK, FIN, PSH, parseFlags, RST, SYN } from '../../src/wire/flags.ts';
import { formatTcp } from '../../src/wire/format.ts';
import { type Ipv4Header, ipv4Header, PROTOCOL_ICMP } from '../../src/wire/ipv4.ts';
import { encodePacket, type Packet } from '../../src/wire/packet.ts';
import { seqAdd, seqDiff } from '../../src/wire/seq.ts';
import { segLen, type TcpSegment, tcpSegment } from '../../src/wire/tcp.ts';
import { type Running, type RunOptions, startRawshake } from '../support/rawshake.ts';
import { ownAddress, type TunNetwork } from './device.ts';

/** Just before the wrap, so that every connection crosses it. */
export const PEER_ISN = 0xfffffffe;
export const OWN_ISN = 0xfffffffc;
const PORT = 80;
const PATIENCE_MS = 4000;

/** A segment from rawshake, its numbers relative. */
export interface Got {
  segment: TcpSegment;
  ip: Ipv4Header;
  seq: number;
  ack: number;
  text: string;
  /** When it came, in milliseconds of the monotonic clock. */
  atMs: number;
}

/** What a script sets of a segment; the rest is as a well-behaved peer would have it. */
export interface Sent extends Partial<Omit<TcpSegment, 'flags' | 'payload'>> {
  text?: string;
  ip?: Partial<Ipv4Header>;
}

export class ScriptedPeer {
  readonly address: number;
  /** Of ours, relative: what we send next, and what we expect next. */
  sndNxt = 0;
  rcvNxt = 0;
  /** All that came, in order. */
  readonly history: Got[] = [];
  /** Rawshake's port, known from its SYN on. */
  port = 0;
  #irs: number | undefined;
  #looked = 0;
  #wake: () => void = () => undefined;
  readonly #network: TunNetwork;

  constructor(network: TunNetwork) {
    this.#network = network;
    this.address = network.addPeer((packet) => this.#take(packet));
  }

  #take({ ip, tcp }: Packet): void {
    if (tcp === undefined) return;
    this.port = tcp.sourcePort;
    this.#irs ??= tcp.seq;
    const seq = seqDiff(tcp.seq, this.#irs);
    if (seq === this.rcvNxt) this.rcvNxt += segLen(tcp);
    const ack = tcp.flags & ACK ? seqDiff(tcp.ack, PEER_ISN) : 0;
    this.history.push({ segment: tcp, ip, seq, ack, text: Buffer.from(tcp.payload).toString('latin1'), atMs: performance.now() });
    this.#wake();
  }

  /** The next segment, whatever it is; undefined where none comes in time. */
  async next(withinMs: number): Promise<Got | undefined> {
    const until = performance.now() + withinMs;
    while (this.#looked === this.history.length) {
      const left = until - performance.now();
      if (left <= 0) return undefined;
      await Promise.race([
        new Promise<void>((resolve) => {
          this.#wake = resolve;
        }),
        delay(left, undefined, { ref: false }),
      ]);
    }
    return this.history[this.#looked++];
  }

  /** The next segment, which must have these flags (PSH aside) and the given numbers and text. */
  async expect(flags: string, wanted: { seq?: number; ack?: number; text?: string } = {}): Promise<Got> {
    const got = await this.next(PATIENCE_MS);
    if (got === undefined) throw this.#disappointed(`no segment came, wanted ${flags}`);
    const differ = (Object.keys(wanted) as (keyof typeof wanted)[]).filter((field) => got[field] !== wanted[field]);
    if ((got.segment.flags & ~PSH) !== ((parseFlags(flags) as number) & ~PSH)) throw this.#disappointed(`wanted flags ${flags}`);
    if (differ.length > 0)
      throw this.#disappointed(`wanted ${differ.map((field) => `${field} ${JSON.stringify(wanted[field])}`).join(', ')}`);
    return got;
  }

  /** Passes over segments until one acknowledges up to the relative number. */
  async acked(ack: number): Promise<Got> {
    return this.until(`an acknowledgment of ${ack}`, (got) => (got.segment.flags & ACK) !== 0 && got.ack === ack);
  }

  /** Passes over segments until one fits. */
  async until(what: string, fits: (got: Got) => boolean): Promise<Got> {
    for (;;) {
      const got = await this.next(PATIENCE_MS);
      if (got === undefined) throw this.#disappointed(`wanted ${what}`);
      if (fits(got)) return got;
    }
  }

  /** Nothing may come for a while. */
  async expectSilence(ms: number): Promise<void> {
    const got = await this.next(ms);
    if (got !== undefined) throw this.#disappointed('wanted silence');
  }

  /** Sends a segment. What takes sequence numbers and has no `seq` of its own is sent in order. */
  send(flags: string, { text = '', seq, ack, ip, ...fields }: Sent = {}): void {
    const bits = parseFlags(flags) as number;
    const payload = Buffer.from(text, 'latin1');
    const segment = tcpSegment({
      sourcePort: PORT,
      destinationPort: this.port,
      window: 65_535,
      ...fields,
      flags: bits,
      seq: seqAdd(PEER_ISN, seq ?? this.sndNxt),
      ack: bits & ACK ? seqAdd(this.#irs ?? 0, ack ?? this.rcvNxt) : 0,
      payload,
    });
    if (seq === undefined) this.sndNxt += segLen(segment);
    this.#network.send({ ip: ipv4Header({ source: this.address, destination: ownAddress, ...ip }), tcp: segment });
  }

  /** Sends an ICMP error about a segment that came. @param quoted bytes of the segment to quote, after its IP header */
  sendIcmp(type: number, code: number, about: Got, { rest = 0, quoted = 1000, change = (packet: Packet) => packet } = {}): void {
    const packet = change({ ip: { ...about.ip, checksum: undefined }, tcp: { ...about.segment, checksum: undefined } });
    const body = encodePacket(packet).subarray(0, 20 + quoted);
    const ip = ipv4Header({ source: this.address, destination: ownAddress, protocol: PROTOCOL_ICMP });
    this.#network.send({ ip, icmp: { type, code, rest, body } });
  }

  /** SYN, SYN+ACK, ACK. @param synAck what the SYN+ACK has of its own */
  async accept(synAck: Sent = {}): Promise<void> {
    await this.expect('S', { seq: 0 });
    this.send('SA', synAck);
    await this.expect('A', { seq: 1, ack: 1, text: '' });
  }

  /** ACK of rawshake's FIN, our FIN, its ACK: the rest of an active close, from after its FIN. */
  async finish(): Promise<void> {
    this.send('A');
    this.send('FA');
    await this.acked(this.sndNxt);
  }

  #disappointed(why: string): Error {
    const lines = this.history.map(({ segment, seq, ack }, index) => {
      const mark = index === this.#looked - 1 ? '>' : ' ';
      return `${mark} ${formatTcp({ ...segment, seq: seq >>> 0, ack: ack >>> 0 })}`;
    });
    return new Error(`${why}; there came:\n${lines.join('\n')}`);
  }
}

/** Starts `rawshake connect` towards a new peer of the script. */
export function connectTo(network: TunNetwork, args: readonly string[], options?: RunOptions): { peer: ScriptedPeer; run: Running } {
  const peer = new ScriptedPeer(network);
  const all = ['connect', formatIpv4(peer.address), `${PORT}`, '--json', '--isn', `${OWN_ISN}`, ...args];
  return { peer, run: startRawshake(network.namespace, all, options) };
}

export const isSyn = ({ segment }: Got): boolean => (segment.flags & SYN) !== 0;
export const isFin = ({ segment }: Got): boolean => (segment.flags & FIN) !== 0;
export const isReset = ({ segment }: Got): boolean => (segment.flags & RST) !== 0;
