/** The TCP conversations of a capture, each told as if we had been there. */
import { CaptureReader } from '../../wire/capture.ts';
import { DecodeError } from '../../wire/errors.ts';
import { ACK, SYN } from '../../wire/flags.ts';
import type { ConversationEvent, PassedOver, ReplayEvent, ReplayResult } from '../events.ts';
import { Conversation } from './conversation.ts';
import { type Endpoint, type IcmpPacket, readPacket, type TcpPacket } from './packet.ts';
import type { ReplayRequest } from './request.ts';
import { conversationResult } from './result.ts';

/** What is over is kept this long for what comes late, then told and forgotten. */
const KEPT_NS = 60_000_000_000n;
/** A packet that left and arrived on the same host is in the capture twice, this near to each other. */
const TWICE_WITHIN_NS = 10_000_000n;
const MOST_REMEMBERED = 256;

/**
 * Reads the capture to its end and tells what is in it, conversations side by side as they were. The last event is the
 * result, also of a file that is damaged: then it says where.
 */
export async function* replay(request: ReplayRequest): AsyncGenerator<ReplayEvent, void> {
  const run = new Replay(request);
  let stopped: DecodeError | undefined;
  try {
    for await (const chunk of request.chunks) {
      run.reader.push(chunk);
      yield* run.readPushed();
      if (request.signal?.aborted) break;
    }
    if (!request.signal?.aborted) run.reader.end();
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    stopped = error;
  }
  yield* run.endAll();
  yield run.result(stopped);
}

class Replay {
  readonly reader = new CaptureReader();
  private readonly live = new Map<string, Conversation>();
  /** Those that are over, in the order in which they ended, with the time. */
  private readonly over = new Map<Conversation, bigint>();
  private readonly passedOver: Partial<Record<PassedOver, number>> = {};
  /** Packets lately seen to leave or arrive, for the other half of the pair. */
  private readonly lately = new Map<string, { timeNs: bigint; outgoing: boolean }>();
  private packets = 0;
  private begun = 0;
  private lastNs = 0n;

  constructor(private readonly request: ReplayRequest) {}

  *readPushed(): Generator<ConversationEvent, void> {
    for (let packet = this.reader.next(); packet !== undefined; packet = this.reader.next()) {
      this.packets++;
      const read = readPacket(packet, this.lastNs);
      if (typeof read === 'string') this.passOver(read);
      else {
        this.lastNs = read.timeNs;
        yield* this.forgetOld();
        yield* read.type === 'tcp' ? this.takeSegment(read) : this.takeIcmp(read);
      }
    }
  }

  *endAll(): Generator<ConversationEvent, void> {
    const left = [...this.live.values()].sort((a, b) => a.number - b.number);
    for (const conversation of left) yield* this.end(conversation);
  }

  result(stopped: DecodeError | undefined): ReplayResult {
    return {
      type: 'result',
      format: this.reader.format,
      packets: this.packets,
      conversations: this.begun,
      passedOver: this.passedOver,
      dropped: this.reader.dropped,
      stopped: stopped && { protocol: stopped.protocol, offset: stopped.offset, reason: stopped.reason },
    };
  }

  private *takeSegment(packet: TcpPacket): Generator<ConversationEvent, void> {
    if (this.isCopy(packet)) return this.passOver('copy');
    const key = keyOf(
      { address: packet.ip.source, port: packet.tcp.sourcePort },
      { address: packet.ip.destination, port: packet.tcp.destinationPort },
    );
    let conversation = this.live.get(key);
    if (conversation?.isEndedBy(packet)) {
      yield* this.end(conversation);
      conversation = undefined;
    }
    if (conversation === undefined) {
      conversation = new Conversation(++this.begun, packet, isFromInitiator(packet));
      this.live.set(key, conversation);
    }
    const events = conversation.take(packet);
    if (conversation.isOver && !this.over.has(conversation)) this.over.set(conversation, packet.timeNs);
    if (this.isWanted(conversation)) yield* events;
  }

  private *takeIcmp(packet: IcmpPacket): Generator<ConversationEvent, void> {
    const conversation = this.live.get(keyOf(packet.quotesSource, packet.quotesDestination));
    if (conversation === undefined) return this.passOver('icmp');
    const events = conversation.takeIcmp(packet);
    if (this.isWanted(conversation)) yield* events;
  }

  private *forgetOld(): Generator<ConversationEvent, void> {
    for (const [conversation, sinceNs] of this.over) {
      if (this.lastNs - sinceNs < KEPT_NS) return;
      yield* this.end(conversation);
    }
  }

  private *end(conversation: Conversation): Generator<ConversationEvent, void> {
    this.live.delete(keyOf(conversation.initiator, conversation.responder));
    this.over.delete(conversation);
    if (this.isWanted(conversation)) yield conversationResult(conversation);
  }

  private isWanted({ number, initiator, responder }: Conversation): boolean {
    const { conversations, address, port } = this.request;
    if (conversations.size > 0 && !conversations.has(number)) return false;
    return [initiator, responder].some(
      (side) => (address === undefined || side.address === address) && (port === undefined || side.port === port),
    );
  }

  /** The capture has seen it leave and arrive: on loopback, or on the way through. */
  private isCopy({ outgoing, timeNs, ip, tcp, length }: TcpPacket): boolean {
    if (outgoing === undefined) return false;
    const key = [ip.source, ip.destination, ip.id, tcp.sourcePort, tcp.destinationPort, tcp.seq, tcp.ack, tcp.flags, length].join(' ');
    const other = this.lately.get(key);
    if (other !== undefined && other.outgoing !== outgoing && timeNs - other.timeNs < TWICE_WITHIN_NS) {
      this.lately.delete(key);
      return true;
    }
    this.lately.set(key, { timeNs, outgoing });
    if (this.lately.size > MOST_REMEMBERED) this.lately.delete(this.lately.keys().next().value as string);
    return false;
  }

  private passOver(what: PassedOver): void {
    this.passedOver[what] = (this.passedOver[what] ?? 0) + 1;
  }
}

/** The same for both directions. */
function keyOf(a: Endpoint, b: Endpoint): string {
  const [first, second] = a.address < b.address || (a.address === b.address && a.port < b.port) ? [a, b] : [b, a];
  return `${first.address}:${first.port} ${second.address}:${second.port}`;
}

/** Who asks began it, and who is answered. Where neither is seen: servers have the lower port. */
function isFromInitiator({ tcp: { flags, sourcePort, destinationPort } }: TcpPacket): boolean {
  if (flags & SYN) return (flags & ACK) === 0;
  return sourcePort >= destinationPort;
}
