/** One side of a simulated connection: an endpoint under watch on a wire in memory, and a user who writes, reads and closes. */
import type { MemoryWire, VirtualClock } from '../../src/net/memory.ts';
import type { TcpEvent } from '../../src/tcp/endpoint.ts';
import type { TcbConfig } from '../../src/tcp/tcb.ts';
import type { Ipv4Address } from '../../src/wire/address.ts';
import { internetChecksum } from '../../src/wire/checksum.ts';
import { DecodeError } from '../../src/wire/errors.ts';
import { ipv4Header } from '../../src/wire/ipv4.ts';
import { decodePacket, encodePacket, verifyTcpChecksum } from '../../src/wire/packet.ts';
import type { TcpSegment } from '../../src/wire/tcp.ts';
import type { PatternStream } from './tcp-pattern.ts';
import { Watch } from './tcp-watch.ts';

/** What the user of one side does. Times are from the start of the simulation. */
export interface UserPlan {
  openAtUs: number;
  passive: boolean;
  /** What is written, and how long after the last. */
  writes: { bytes: number; afterUs: number }[];
  /** When to close: after the last write, or after the peer's FIN and `lateBytes` more. */
  close: { on: 'written'; afterUs: number } | { on: 'peer-fin'; afterUs: number; lateBytes: number };
  abortAtUs: number | undefined;
  /** When the path takes no more than this. */
  mtu: { atUs: number; maxSegmentBytes: number } | undefined;
  /** Undefined: all is read at once. */
  reader: { everyUs: number; bytes: number } | undefined;
  /** How long after its arrival a datagram is read, with all that arrived since: the event loop is busy. */
  lagUs: number;
  /** When to give up on a connection that does not end. */
  deadlineUs: number;
}

export class Host {
  readonly watch: Watch;
  readonly plan: UserPlan;
  written = 0;
  /** Datagrams whose checksum was wrong, or that made no sense. */
  dropped = 0;
  readonly aborted = { byUser: false, atDeadline: false };
  private readonly stream: PatternStream;
  private readonly clock: VirtualClock;
  private cancelTimer: () => void = () => {};
  private readonly inbox: { datagram: Uint8Array; atUs: number }[] = [];
  private sawFin = false;
  private wantsClose = false;

  constructor(
    private readonly wire: MemoryWire,
    private readonly address: Ipv4Address,
    private readonly peer: Ipv4Address,
    config: TcbConfig,
    plan: UserPlan,
    ours: PatternStream,
    theirs: PatternStream,
  ) {
    this.clock = wire.clock;
    this.plan = plan;
    this.stream = ours;
    this.watch = new Watch({ ...config, userReads: plan.reader !== undefined }, ours, theirs);
    wire.attach(address, (datagram, atUs) => this.receive(datagram, atUs));
    this.at(plan.openAtUs, () => {
      this.apply({ type: 'open', passive: plan.passive });
      this.writeFrom(0);
      if (plan.reader) this.readLater();
    });
    if (plan.abortAtUs !== undefined) this.at(plan.abortAtUs, () => this.abort('byUser'));
    this.at(plan.deadlineUs, () => this.abort('atDeadline'));
    const { mtu } = plan;
    if (mtu) this.at(mtu.atUs, () => this.apply({ type: 'mtu', maxSegmentBytes: mtu.maxSegmentBytes }));
  }

  get isOver(): boolean {
    return this.watch.ended !== undefined;
  }

  private at(atUs: number, callback: () => void): void {
    this.clock.setTimer(atUs, callback);
  }

  private after(us: number, callback: () => void): void {
    this.at(this.clock.nowUs() + us, callback);
  }

  private abort(why: 'byUser' | 'atDeadline'): void {
    if (this.isOver) return;
    this.aborted[why] = true;
    this.apply({ type: 'abort' });
  }

  private writeFrom(index: number): void {
    const next = this.plan.writes[index];
    const { close } = this.plan;
    if (next === undefined) {
      if (close.on === 'written') this.after(close.afterUs, () => this.closeWhenOpen());
      return;
    }
    this.after(next.afterUs, () => {
      this.write(next.bytes);
      this.writeFrom(index + 1);
    });
  }

  /** A CLOSE before there is a connection would be the end of it. */
  private closeWhenOpen(): void {
    const { state } = this.watch.tcb;
    this.wantsClose = state === 'LISTEN' || state === 'SYN-SENT';
    if (!this.wantsClose) this.apply({ type: 'close' });
  }

  private write(bytes: number): void {
    // The endpoint closes by itself where it makes the FINs cross.
    if (this.isOver || this.watch.tcb.finQueued) return;
    this.apply({ type: 'send', data: this.stream.bytes(this.written, bytes) });
    this.written += bytes;
  }

  private readLater(): void {
    const { reader } = this.plan;
    if (reader === undefined || this.isOver) return;
    this.after(reader.everyUs, () => {
      const bytes = Math.min(reader.bytes, this.watch.tcb.rcvUser);
      if (!this.isOver) this.apply({ type: 'taken', bytes });
      this.readLater();
    });
  }

  private receive(datagram: Uint8Array, atUs: number): void {
    this.inbox.push({ datagram, atUs });
    if (this.plan.lagUs === 0) this.readInbox();
    else if (this.inbox.length === 1) this.after(this.plan.lagUs, () => this.readInbox());
  }

  private readInbox(): void {
    let owesAnswer = false;
    for (let next = this.inbox.shift(); next !== undefined; next = this.inbox.shift()) {
      const segment = readDatagram(next.datagram);
      if (segment === undefined) {
        this.dropped++;
        continue;
      }
      owesAnswer = this.inbox.length > 0;
      this.apply({ type: 'segment', segment, more: owesAnswer }, next.atUs);
    }
    if (owesAnswer) this.apply({ type: 'timer' });
  }

  private apply(event: TcpEvent, atUs = this.clock.nowUs()): void {
    const { clock, watch } = this;
    for (const action of watch.handle(event, atUs)) {
      if (action.type === 'send') {
        const ip = ipv4Header({ source: this.address, destination: this.peer });
        this.wire.send(encodePacket({ ip, tcp: action.segment }));
      } else if (action.type === 'state' && watch.tcb.peerFinSeq !== undefined && !this.sawFin && peerIsDone(action.to)) {
        this.sawFin = true;
        this.answerFin();
      }
    }
    if (this.wantsClose) this.closeWhenOpen();
    this.cancelTimer();
    const { deadlineUs } = watch;
    if (deadlineUs < Number.POSITIVE_INFINITY) this.cancelTimer = clock.setTimer(deadlineUs, () => this.apply({ type: 'timer' }));
  }

  private answerFin(): void {
    const { close } = this.plan;
    if (close.on !== 'peer-fin') return;
    this.after(close.afterUs, () => {
      if (close.lateBytes > 0) this.write(close.lateBytes);
      this.apply({ type: 'close' });
    });
  }
}

const peerIsDone = (state: string): boolean => state === 'CLOSE-WAIT' || state === 'CLOSING' || state === 'TIME-WAIT';

/** As a kernel would: both checksums are looked at first. @returns undefined where one is wrong, or the bytes make no sense */
function readDatagram(datagram: Uint8Array): TcpSegment | undefined {
  try {
    const { ip, tcp } = decodePacket(datagram);
    const headerIsRight = internetChecksum(datagram, 0, (ip.ihl as number) * 4) === 0;
    return tcp && headerIsRight && verifyTcpChecksum(ip, datagram) === 'correct' ? tcp : undefined;
  } catch (error) {
    if (error instanceof DecodeError) return undefined;
    throw error;
  }
}
