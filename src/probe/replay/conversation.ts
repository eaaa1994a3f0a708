/** One TCP conversation of a capture, followed from the side of who began it: its states as that side must have walked them. */
import { elapsed, type Moment } from '../../net/moment.ts';
import type { State } from '../../tcp/state.ts';
import { formatIpv4 } from '../../wire/address.ts';
import { ACK, FIN, RST, SYN } from '../../wire/flags.ts';
import { seqAdd, seqGte } from '../../wire/seq.ts';
import { findOption } from '../../wire/tcp-options.ts';
import { WINDOW_CLOSED, WINDOW_OPEN } from '../connection.ts';
import { type ConversationEvent, type NoteEvent, SCHEMA_VERSION, type SegmentNote } from '../events.ts';
import { ConnectionRecord } from '../record.ts';
import { isoTime, segmentEvent } from '../segment-event.ts';
import { VERSION } from '../version.ts';
import type { Endpoint, IcmpPacket, TcpPacket } from './packet.ts';
import { type Place, Side } from './side.ts';

const MIDWAY = 'The capture begins in the middle of this connection: its numbers count from the first that was seen.';
const ANSWER_FIRST = "The capture begins with the answer: the initiator's SYN is not in it.";

/** A time of the capture's. */
const moment = (atUs: number): Moment => ({ atUs, stamped: true, wallSteps: 0 });

export class Conversation {
  readonly ours = new Side();
  readonly theirs = new Side();
  readonly record = new ConnectionRecord();
  readonly initiator: Endpoint;
  readonly responder: Endpoint;
  readonly beginsMidway: boolean;
  state: State = 'CLOSED';
  handshakeUs: number | undefined;
  lastAtUs = 0;
  /** Our FIN was out when these bytes came. */
  receivedAfterFin = 0;
  /** The peer has sent something that is no RST. */
  peerHasSpoken = false;
  readonly #startNs: bigint;
  #begun = false;
  /** When each SYN left, and the time stamp that it bore. */
  readonly #syns: { atUs: number; value: number | undefined }[] = [];
  #answeredAtUs: number | undefined;

  /**
   * @param packet its first one. It is not kept: with its bytes would stay the whole piece of the file that they lie in
   * @param weAreSource we, who began it, sent that one
   */
  constructor(
    readonly number: number,
    { ip, tcp, timeNs }: TcpPacket,
    weAreSource: boolean,
  ) {
    const source = { address: ip.source, port: tcp.sourcePort };
    const destination = { address: ip.destination, port: tcp.destinationPort };
    [this.initiator, this.responder] = weAreSource ? [source, destination] : [destination, source];
    this.#startNs = timeNs;
    this.beginsMidway = (tcp.flags & (SYN | ACK)) !== SYN || !weAreSource;
  }

  isOurs({ ip, tcp }: TcpPacket): boolean {
    const { address, port } = this.initiator;
    return ip.source === address && tcp.sourcePort === port;
  }

  /** Nothing more belongs to it but what comes too late. */
  get isOver(): boolean {
    return this.state === 'CLOSED' || this.state === 'TIME-WAIT';
  }

  /** A SYN that does not belong here: a new conversation begins with it. */
  isEndedBy(packet: TcpPacket): boolean {
    const { flags, seq } = packet.tcp;
    if ((flags & (SYN | ACK | RST)) !== SYN) return false;
    const [own, other] = this.isOurs(packet) ? [this.ours, this.theirs] : [this.theirs, this.ours];
    // The other side's SYN in answer to a SYN: both ask at once.
    return own.isn === undefined ? own.next !== undefined || other.isn === undefined : own.isn !== seq;
  }

  /** Takes the next packet. @returns what is to be told of it */
  take(packet: TcpPacket): ConversationEvent[] {
    const events = this.#begun ? [] : this.#begin(packet);
    const atUs = this.#atUs(packet.timeNs);
    this.lastAtUs = Math.max(this.lastAtUs, atUs);
    if (this.isOurs(packet)) this.#sent(packet, atUs, events);
    else this.#received(packet, atUs, events);
    return events;
  }

  /** An ICMP error about a segment of this conversation. */
  takeIcmp({ event, timeNs, quotesSource }: IcmpPacket): ConversationEvent[] {
    const atUs = this.#atUs(timeNs);
    this.lastAtUs = Math.max(this.lastAtUs, atUs);
    const { address, port } = this.initiator;
    const aboutOurs = quotesSource.address === address && quotesSource.port === port;
    if (!aboutOurs) {
      const text = `An ICMP error (${event.name}) of ${event.from} about a segment of the peer's.`;
      return [this.#note('icmp-ignored', text, atUs, event.datagram)];
    }
    this.record.icmp = event.name;
    return [{ ...event, atUs, conversation: this.number }];
  }

  #atUs(timeNs: bigint): number {
    return Number(timeNs - this.#startNs) / 1000;
  }

  #begin({ tcp }: TcpPacket): ConversationEvent[] {
    this.#begun = true;
    const { initiator, responder } = this;
    const [sourceAddress, address] = [formatIpv4(initiator.address), formatIpv4(responder.address)];
    const events: ConversationEvent[] = [
      {
        type: 'start',
        schema: SCHEMA_VERSION,
        version: VERSION,
        command: 'replay',
        host: address,
        address,
        port: responder.port,
        sourceAddress,
        sourcePort: initiator.port,
        startedAt: isoTime(this.#startNs),
        startedAtNs: this.#startNs,
        clock: { transmit: 'kernel', receive: 'kernel' },
        guard: 'none',
        conversation: this.number,
      },
    ];
    if (!this.beginsMidway) return events;
    this.record.states.length = 0;
    const isAnswer = (tcp.flags & (SYN | ACK)) === (SYN | ACK);
    if (isAnswer) this.ours.begins(tcp.ack, seqAdd(tcp.ack, -1));
    this.#enter(isAnswer ? 'SYN-SENT' : 'ESTABLISHED', 0);
    events.push(this.#note('begins-midway', isAnswer ? ANSWER_FIRST : MIDWAY, 0));
    return events;
  }

  #sent(packet: TcpPacket, atUs: number, events: ConversationEvent[]): void {
    const { tcp, length, segLen } = packet;
    const { flags, seq } = tcp;
    const { ours, theirs, record } = this;
    const before = this.state;
    const steps: ConversationEvent[] = [];
    if (this.#isDamaged(packet, ours)) return void events.push(this.#segment(packet, atUs, 'bad-checksum', undefined));
    ours.segments++;
    if (flags & RST) {
      if (this.state !== 'CLOSED') this.#end('aborted', 'we sent RST', atUs, steps);
      events.push(this.#segment(packet, atUs, undefined, undefined), ...steps);
      return;
    }
    const place = ours.place({ seq, flags, length, segLen, ipId: packet.ip.id, atUs });
    if (place.kind === 'far') return void events.push(this.#segment(packet, atUs, 'out-of-window', undefined));
    const note = noteOf(place, theirs.window === 0);
    if (note === 'retransmission') record.retransmissions++;
    if (flags & SYN) this.#syns.push({ atUs, value: findOption(tcp.options, 'timestamps')?.value });
    if (place.newBytes > 0) record.firstDataSent ??= moment(atUs);
    if (before === 'CLOSED' && flags & SYN && record.states.length === 1) this.#change('SYN-SENT', 'active open', atUs, steps);
    if (flags & FIN && ours.finEnd === undefined) {
      ours.finEnd = seqAdd(seq, segLen);
      record.beginsClose('local', moment(atUs));
      if (this.state === 'CLOSE-WAIT') this.#change('LAST-ACK', 'we sent FIN', atUs, steps);
      else if (this.state === 'ESTABLISHED' || this.state === 'SYN-RECEIVED') this.#change('FIN-WAIT-1', 'we sent FIN', atUs, steps);
    }
    const lacks = flags & ACK ? this.#acknowledges(theirs, tcp.ack, atUs) : [];
    // What we acknowledge has reached us, whether the capture has it or not.
    this.#heedTheirFin(atUs, steps);
    if (this.#answeredAtUs !== undefined && this.handshakeUs === undefined && flags & ACK && this.#syns.length === 1)
      this.handshakeUs = elapsed(moment(this.#syns[0]?.atUs as number), moment(atUs)).us;
    this.#answeredAtUs = undefined;
    const isAgain = note === 'retransmission' || note === 'duplicate';
    events.push(...lacks, this.#segment(packet, atUs, note, segLen > 0 ? place.transmission : undefined), ...steps);
    if (!isAgain && packet.isMalformed) record.remarks('malformed-options');
  }

  #received(packet: TcpPacket, atUs: number, events: ConversationEvent[]): void {
    const { ours, theirs, record } = this;
    const { tcp, length, segLen } = packet;
    const { flags, seq } = tcp;
    const steps: ConversationEvent[] = [];
    const tell = (note: SegmentNote | undefined, ...lacks: ConversationEvent[]): void => {
      if (note !== undefined && note !== 'retransmission' && note !== 'keep-alive') record.remarks(note);
      events.push(...lacks, this.#segment(packet, atUs, note, undefined), ...steps);
    };
    if (this.#isDamaged(packet, theirs)) return tell('bad-checksum');
    theirs.segments++;
    if (this.state === 'CLOSED') return tell(flags & RST ? undefined : 'late');
    const opening = this.state === 'SYN-SENT' || this.state === 'SYN-RECEIVED';
    if (opening) {
      const acksOurs = (flags & ACK) !== 0 && tcp.ack === ours.next;
      if (flags & RST) {
        if (!acksOurs) return tell('bad-rst');
        this.#takesRoundTrip(packet, atUs);
        this.#end('refused', 'RST received', atUs, steps);
        return tell(undefined);
      }
      if (this.state === 'SYN-SENT' && flags & ACK && !acksOurs) return tell(flags & SYN ? 'bad-ack' : 'old-connection');
      if (this.state === 'SYN-SENT' && !(flags & SYN)) return tell('no-syn');
    } else if (flags & RST) {
      // RFC 5961 §3: what does not fit exactly is challenged.
      if (seq !== theirs.next && seq !== theirs.acked && theirs.next !== undefined) return tell('bad-rst');
      record.beginsClose('peer', moment(atUs));
      this.#end('reset', 'RST received', atUs, steps);
      steps.push(this.#note('reset-by-peer', 'The peer reset the connection.', atUs));
      return tell(undefined);
    }
    const place = theirs.place({ seq, flags, length, segLen, ipId: packet.ip.id, atUs });
    if (place.kind === 'far') return tell('out-of-window');
    const note = noteOf(place, false);
    if (note === 'retransmission') theirs.retransmissions++;
    this.peerHasSpoken = true;
    if (flags & SYN && record.irs === undefined) record.takesOffer(tcp, packet.ip);
    const ackedBytes = ours.ackedBytes;
    const lacks = flags & ACK ? this.#acknowledges(ours, tcp.ack, atUs) : [];
    if (ours.ackedBytes > ackedBytes && record.retransmissions === 0 && record.firstDataSent)
      record.dataAck ??= elapsed(record.firstDataSent, moment(atUs));
    if (opening) this.#opens(packet, atUs, steps);
    else if (flags & SYN && note === undefined) return tell('unexpected-syn');
    if (place.newBytes > 0) {
      record.firstByte ??= moment(atUs);
      if (ours.finEnd !== undefined) this.receivedAfterFin += place.newBytes;
    }
    if (ours.finAcked) this.#ourFinAcked(atUs, steps);
    if (flags & FIN) theirs.finEnd ??= seqAdd(seq, segLen);
    this.#heedTheirFin(atUs, steps);
    this.#heedWindow(packet, atUs, steps);
    tell(note ?? (packet.isMalformed ? 'malformed-options' : undefined), ...lacks);
  }

  #opens({ tcp }: TcpPacket, atUs: number, steps: ConversationEvent[]): void {
    const { ours } = this;
    if (!(tcp.flags & ACK)) {
      if (this.state === 'SYN-SENT') this.#change('SYN-RECEIVED', 'SYN received (simultaneous open)', atUs, steps);
      return;
    }
    if (ours.isn === undefined || !seqGte(tcp.ack, seqAdd(ours.isn, 1))) return;
    if (tcp.flags & SYN) this.#answeredAtUs = atUs;
    this.#takesRoundTrip({ tcp }, atUs);
    this.#change('ESTABLISHED', tcp.flags & SYN ? 'SYN+ACK received' : 'our SYN acknowledged', atUs, steps);
  }

  /** Karn: only where it can be said which SYN was answered; a time stamp that comes back says it (RFC 7323 §4). */
  #takesRoundTrip({ tcp }: Pick<TcpPacket, 'tcp'>, atUs: number): void {
    const echo = findOption(tcp.options, 'timestamps')?.echoReply;
    const candidates = this.#syns.length === 1 ? this.#syns : this.#syns.filter(({ value }) => value !== undefined && value === echo);
    if (candidates.length === 1) this.record.rtt ??= elapsed(moment(candidates[0]?.atUs as number), moment(atUs));
  }

  #ourFinAcked(atUs: number, steps: ConversationEvent[]): void {
    if (this.state === 'FIN-WAIT-1') this.#change('FIN-WAIT-2', 'our FIN acknowledged', atUs, steps);
    else if (this.state === 'CLOSING') this.#change('TIME-WAIT', 'our FIN acknowledged', atUs, steps);
    else if (this.state === 'LAST-ACK') this.#end('closed', 'our FIN acknowledged', atUs, steps);
  }

  /** Their FIN counts once all before it has come. */
  #heedTheirFin(atUs: number, steps: ConversationEvent[]): void {
    const { finEnd } = this.theirs;
    if (finEnd === undefined || !this.theirs.hasAllBefore(finEnd)) return;
    if (this.state === 'ESTABLISHED' || this.state === 'SYN-RECEIVED') this.#change('CLOSE-WAIT', 'FIN received', atUs, steps);
    else if (this.state === 'FIN-WAIT-1') this.#change('CLOSING', 'FIN received', atUs, steps);
    else if (this.state === 'FIN-WAIT-2') this.#change('TIME-WAIT', 'FIN received', atUs, steps);
  }

  #heedWindow({ tcp }: TcpPacket, atUs: number, steps: ConversationEvent[]): void {
    const closed = tcp.window === 0;
    const wasClosed = this.theirs.window === 0;
    this.theirs.window = tcp.window;
    if (closed !== wasClosed && !(tcp.flags & FIN)) steps.push(this.#note('zero-window', closed ? WINDOW_CLOSED : WINDOW_OPEN, atUs));
  }

  /** @returns a note where bytes are acknowledged that the capture does not have */
  #acknowledges(side: Side, ack: number, atUs: number): ConversationEvent[] {
    const missing = side.acknowledged(ack) ?? 0;
    if (missing === 0) return [];
    const whose = side === this.ours ? 'ours' : "the peer's";
    return [this.#note('not-captured', `${missing} bytes of ${whose} were acknowledged that are not in the capture.`, atUs)];
  }

  /** Its checksum is wrong, and others of that side were right. */
  #isDamaged({ checksum }: TcpPacket, side: Side): boolean {
    if (checksum === 'correct') side.hasRightChecksum = true;
    return checksum === 'wrong' && side.hasRightChecksum;
  }

  #enter(to: State, atUs: number): void {
    this.state = to;
    this.record.enters(to, moment(atUs));
  }

  #change(to: State, cause: string, atUs: number, steps: ConversationEvent[]): void {
    steps.push({ type: 'state', from: this.state, to, atUs, cause, conversation: this.number });
    this.#enter(to, atUs);
  }

  #end(reason: NonNullable<ConnectionRecord['end']>, cause: string, atUs: number, steps: ConversationEvent[]): void {
    this.record.end = reason;
    if (reason === 'aborted' && this.record.established !== undefined) this.record.beginsClose('local', moment(atUs));
    this.#change('CLOSED', cause, atUs, steps);
  }

  #note(code: NoteEvent['code'], text: string, atUs: number, datagram?: Uint8Array): ConversationEvent {
    return { type: 'note', atUs, code, text, datagram, conversation: this.number };
  }

  #segment(packet: TcpPacket, atUs: number, note: SegmentNote | undefined, transmission: number | undefined): ConversationEvent {
    const isOurs = this.isOurs(packet);
    const [own, other] = isOurs ? [this.ours, this.theirs] : [this.theirs, this.ours];
    const event = segmentEvent(packet.ip, packet.tcp, {
      direction: isOurs ? 'sent' : 'received',
      atUs,
      datagram: packet.datagram,
      senderIsn: own.base,
      receiverIsn: other.base,
      state: this.state,
      note,
      transmission,
    });
    return { ...event, length: packet.length, conversation: this.number };
  }
}

/** @param windowClosed the receiver takes nothing */
function noteOf({ kind }: Place, windowClosed: boolean): SegmentNote | undefined {
  switch (kind) {
    case 'again':
      return 'retransmission';
    case 'copy':
      return 'duplicate';
    case 'gap':
      return 'out-of-order';
    case 'keep-alive':
      return windowClosed ? 'window-probe' : 'keep-alive';
    default:
      return undefined;
  }
}
