/** A sentence for each step of a connection (`--explain`), good enough to learn TCP from. */
import type { ConnectEvent, ConversationEvent, IcmpEvent, SegmentEvent, SegmentNote, StartEvent, StateEvent } from '../probe/events.ts';
import { flagText } from '../wire/flags.ts';
import { seqAdd, seqGt, seqGte, seqMax } from '../wire/seq.ts';
import type { TcpOption } from '../wire/tcp-options.ts';
import { ICMP_PHRASES, NOTE_PHRASES, optionPhrase, story } from './phrases.ts';
import { optionTexts, shownNumbers } from './segment-text.ts';
import type { Style } from './style.ts';
import { count } from './units.ts';

export interface ExplainerOptions {
  style: Style;
  /** Sequence numbers as the ladder shows them. */
  absolute: boolean;
}

/** A topic that is explained the first time it comes up. */
type Topic = 'simultaneous-open' | 'sent-data' | 'received-data' | 'ack-of-ours' | 'ack-of-theirs' | 'psh' | 'urgent' | TcpOption['name'];

/** What was sent last that takes sequence numbers, for the waits between retransmissions. */
interface Transmission {
  seq: number;
  atUs: number;
  /** How long the one before had waited. */
  waitedUs: number | undefined;
}

/** Options that are used only where both SYNs have them. */
const NEEDS_BOTH: ReadonlySet<TcpOption['name']> = new Set(['window-scale', 'sack-permitted', 'timestamps'] as const);

export class Explainer {
  readonly #options: ExplainerOptions;
  readonly #told = new Set<Topic>();
  #start: StartEvent | undefined;
  #state: SegmentEvent['state'];
  #last: Transmission | undefined;
  /** The end of all that we sent (SND.NXT). */
  #sentEnd: number | undefined;
  /** The sequence number after our FIN, and after the peer's. */
  #ourFinEnd: number | undefined;
  #theirFinEnd: number | undefined;
  #ourFinAcked = false;
  #theirFinAcked = false;
  /** The last acknowledgment that came, and the window beside it. */
  #ackReceived: { ack: number; window: number } | undefined;
  #timeWaitUs: number | undefined;
  /** The note on the last segment that came. */
  #noteReceived: SegmentNote | undefined;
  /** The options of our SYN. */
  #offered: readonly TcpOption[] = [];
  /** A SYN+ACK came that our next ACK will answer. */
  #handshakeOwed = false;

  constructor(options: ExplainerOptions) {
    this.#options = options;
  }

  /** What a reader needs to know before the first row. */
  introduction(start: StartEvent): string {
    const us = 'conversation' in start ? 'Told from the side that began it: that is "we", on the left. ' : '';
    const numbers = `${us}Each side numbers the bytes that it sends, from an initial sequence number (ISN) of its own.`;
    return this.#options.absolute ? numbers : `${numbers} The rows count from these: 0 is the ISN itself, 1 the first byte.`;
  }

  /**
   * Must see every event, shown or not.
   * @returns plain text in one line; undefined where there is nothing new to say
   */
  event(event: ConnectEvent | ConversationEvent): string | undefined {
    switch (event.type) {
      case 'start':
        this.#start = event;
        return undefined;
      case 'segment': {
        const sentences = event.direction === 'sent' ? this.#sent(event) : this.#received(event);
        if (event.state === 'TIME-WAIT') this.#timeWaitUs ??= event.atUs;
        this.#state = event.state ?? this.#state;
        return sentences.length > 0 ? sentences.join(' ') : undefined;
      }
      case 'state':
        return this.#stateChange(event);
      case 'icmp':
        return this.#icmp(event);
      case 'result':
        return story(event);
      default:
        return undefined;
    }
  }

  /** True the first time. */
  #first(topic: Topic): boolean {
    if (this.#told.has(topic)) return false;
    this.#told.add(topic);
    return true;
  }

  #sent(event: SegmentEvent): string[] {
    const { flags, note, state, length, seq } = event;
    const has = (flag: SegmentEvent['flags'][number]) => flags.includes(flag);
    const end = segmentEnd(event);
    const { seq: shownSeq, ack: shownAck } = shownNumbers(event, this.#options.absolute);
    const acksTheirFin = !this.#theirFinAcked && has('ACK') && this.#theirFinEnd !== undefined && seqGte(event.ack, this.#theirFinEnd);
    const waited = this.#wait(event, end);
    if (!has('RST')) this.#sentEnd = this.#sentEnd === undefined ? end : seqMax(this.#sentEnd, end);
    if (has('FIN')) this.#ourFinEnd = end;
    if (acksTheirFin) this.#theirFinAcked = true;

    if (has('RST')) return [this.#sentReset(event)];
    if (has('SYN') && has('ACK') && this.#first('simultaneous-open')) {
      return ["The two SYNs have crossed: both sides asked at once. We acknowledge the peer's and repeat our own."];
    }
    if (note === 'retransmission') {
      if (this.#noteReceived === 'old-connection') {
        this.#noteReceived = undefined;
        return ['Now the same SYN once more; the old connection no longer stands in its way.'];
      }
      return [retransmission(event, waited)];
    }
    if (note === 'out-of-order')
      return ['Something before it is missing here: it was lost, or overtaken on the way to where this was captured.'];
    if (note !== undefined) return [NOTE_PHRASES[note]];
    if (has('SYN')) {
      const isn = `We ask for a connection. Our SYN carries our ISN, ${seq}; it should be hard to guess, or others could forge segments that fit.`;
      this.#offered = event.options;
      return [isn, ...this.#optionsOf(event, 'Our')];
    }

    const sentences: string[] = [];
    if (this.#handshakeOwed && has('ACK')) {
      this.#handshakeOwed = false;
      sentences.push(
        "Our ACK completes the three-way handshake: each side's ISN is acknowledged, so both know that segments pass both ways.",
      );
    }
    if (length > 0 && this.#first('sent-data')) sentences.push(`We send ${bytes(event, shownSeq)}.`, ...this.#push(event, 'the peer'));
    if (has('FIN')) sentences.push(this.#ourFin(state, seqAdd(shownSeq, length), acksTheirFin));
    else if (acksTheirFin) sentences.push(ackOfTheirFin(state, shownAck));
    else if (length === 0 && sentences.length === 0 && this.#told.has('received-data') && this.#first('ack-of-theirs')) {
      sentences.push(`Our ACK says ${shownAck}: the number of the byte that we expect next. All before it has arrived.`);
    }
    return sentences;
  }

  #ourFin(state: SegmentEvent['state'], shownSeq: number, acksTheirFin: boolean): string {
    if (state === 'LAST-ACK') {
      return `Now we close our direction as well: our FIN${acksTheirFin ? ', which also acknowledges theirs' : ''}. Only its acknowledgment is missing: LAST-ACK.`;
    }
    if (this.#theirFinEnd !== undefined && !acksTheirFin && !this.#theirFinAcked) {
      return "Our FIN acknowledges everything up to the peer's FIN, but not that: as if the two had crossed on the way.";
    }
    return `We ask to close. FIN says that we have no more to send; like SYN it takes a sequence number, ${shownSeq}. We can still receive.`;
  }

  #sentReset({ seq }: SegmentEvent): string {
    const opening = this.#state === 'SYN-SENT' || this.#state === 'SYN-RECEIVED';
    if (opening && this.#noteReceived === 'old-connection') {
      return `We reset that old connection. The sequence number ${seq} is the one that the peer asked for, so it believes us.`;
    }
    if (opening && this.#noteReceived === 'bad-ack')
      return 'We answer with RST: nothing that we have sent fits what the peer acknowledges.';
    const doubted = opening ? '' : ' Its sequence number is our very next: with another it would be doubted (RFC 5961).';
    return `We reset: RST ends the connection at once, without acknowledgment.${doubted}`;
  }

  #received(event: SegmentEvent): string[] {
    const { flags, note, state, length } = event;
    const has = (flag: SegmentEvent['flags'][number]) => flags.includes(flag);
    const { seq: shownSeq, ack: shownAck } = shownNumbers(event, this.#options.absolute);
    this.#noteReceived = note;
    if (has('FIN') && (note === 'held' || note === 'out-of-order')) this.#theirFinEnd = segmentEnd(event);
    const sentences = note === undefined ? [] : [NOTE_PHRASES[note]];
    if (note !== undefined && note !== 'malformed-options') return sentences;
    if (has('RST')) return [...sentences, this.#receivedReset(event)];
    if (has('SYN')) {
      this.#handshakeOwed = has('ACK');
      const says = has('ACK')
        ? `The port is open. The peer's SYN carries its own ISN, ${event.seq}; its ACK of ${shownAck} is our ISN plus one, as a SYN takes one sequence number.`
        : `The peer asks for a connection at the same time, with the ISN ${event.seq}: a simultaneous open.`;
      return [...sentences, says, ...this.#optionsOf(event, 'Its'), ...this.#missing(event)];
    }

    const acksOurFin = !this.#ourFinAcked && has('ACK') && this.#ourFinEnd !== undefined && seqGte(event.ack, this.#ourFinEnd);
    if (acksOurFin) {
      this.#ourFinAcked = true;
      // Our data are acknowledged with it.
      this.#told.add('ack-of-ours');
    }
    if (length > 0 && this.#first('received-data')) {
      const halfClosed =
        state === 'FIN-WAIT-1' || state === 'FIN-WAIT-2' ? ' Our FIN is out, theirs is still to come: half the connection is closed.' : '';
      sentences.push(`The peer sends ${bytes(event, shownSeq)}.${halfClosed}`, ...this.#push(event, 'us'));
    }
    if (has('FIN')) {
      this.#theirFinEnd = segmentEnd(event);
      sentences.push(theirFin(state, seqAdd(shownSeq, length), acksOurFin));
    } else if (acksOurFin) {
      sentences.push(ackOfOurFin(state, shownAck));
    } else {
      sentences.push(...this.#acknowledgment(event, shownAck));
    }
    this.#ackReceived = { ack: event.ack, window: event.window };
    return sentences;
  }

  #acknowledgment({ ack, window, length, flags }: SegmentEvent, shownAck: number): string[] {
    const last = this.#ackReceived;
    if (!flags.includes('ACK')) return [];
    if (window === 0 && last?.window !== 0) return ["The peer's window is 0: its buffer is full, and we must not send until it opens."];
    if (window > 0 && last?.window === 0) return ["The peer's window has opened: we may send again."];
    const outstanding = this.#sentEnd !== undefined && seqGt(this.#sentEnd, ack);
    if (last !== undefined && length === 0 && outstanding && window > 0 && last.ack === ack && last.window === window) {
      return [`The same ACK again: most likely a later segment has arrived while ${shownAck} is still missing.`];
    }
    if (this.#told.has('sent-data') && !outstanding && this.#first('ack-of-ours')) {
      return [`${length > 0 ? 'It also' : 'The peer'} acknowledges our data: ${shownAck} is the next number that it expects.`];
    }
    return [];
  }

  #receivedReset({ flags, ack }: SegmentEvent): string {
    if (this.#state === 'SYN-SENT') {
      const fits = flags.includes('ACK') && this.#sentEnd === ack ? ' Its ACK is our ISN plus one, so it is the answer to our SYN.' : '';
      return `The port is closed: RST says that no one there takes connections.${fits}`;
    }
    if (this.#ourFinEnd !== undefined) return 'The peer ends the connection with RST instead of the rest of the close.';
    return 'The peer resets: RST ends the connection at once, without FIN. What was under way in either direction is lost.';
  }

  #push({ flags }: SegmentEvent, whom: string): string[] {
    const sentences: string[] = [];
    if (flags.includes('PSH') && this.#first('psh')) sentences.push(`PSH asks ${whom} to hand the data to the application without delay.`);
    if (flags.includes('URG') && this.#first('urgent')) sentences.push('URG says that some of it is urgent, up to the urgent pointer.');
    return sentences;
  }

  #optionsOf({ options }: SegmentEvent, whose: 'Our' | 'Its'): string[] {
    const news = options.flatMap((option) => {
      const phrase = optionPhrase(option);
      return phrase !== undefined && this.#first(option.name) ? [phrase] : [];
    });
    return news.length === 0 ? [] : [`${whose} options: ${news.join('; ')}.`];
  }

  /** What takes both sides and only we offered. */
  #missing({ options }: SegmentEvent): string[] {
    const theirs = new Set(options.map(({ name }) => name));
    const missing = this.#offered.filter(({ name }) => NEEDS_BOTH.has(name) && !theirs.has(name));
    return missing.length === 0 ? [] : [`It does not offer ${optionTexts(missing).join(', ')}: so neither side uses that.`];
  }

  /** Notes when a segment that takes sequence numbers was sent. @returns how long the last copy of it had waited, and the one before */
  #wait({ seq, atUs }: SegmentEvent, end: number): Wait | undefined {
    if (end === seq) return undefined;
    const last = this.#last;
    if (last?.seq !== seq) {
      this.#last = { seq, atUs, waitedUs: undefined };
      return undefined;
    }
    const wait = { us: atUs - last.atUs, beforeUs: last.waitedUs, text: this.#options.style.duration(atUs - last.atUs) };
    this.#last = { seq, atUs, waitedUs: wait.us };
    return wait;
  }

  #stateChange({ from, to, atUs }: StateEvent): string | undefined {
    if (to === 'TIME-WAIT') this.#timeWaitUs ??= atUs;
    if (from !== 'TIME-WAIT' || to !== 'CLOSED') return undefined;
    const kept = this.#timeWaitUs === undefined ? '' : ` after ${this.#options.style.duration(atUs - this.#timeWaitUs)}`;
    return `We leave TIME-WAIT${kept}. RFC 9293 keeps it for minutes, twice the longest life of a segment, before the two ports may meet again.`;
  }

  #icmp(event: IcmpEvent): string {
    const { style } = this.#options;
    if (event.name === 'host-unreachable' && event.from === this.#start?.sourceAddress) {
      return 'Our own kernel says that it cannot reach that host: on the local network no one answers for its address (ARP).';
    }
    const who = event.from === this.#start?.address ? 'The host itself' : `${style.escapeText(event.from)}, on the way,`;
    const says = ICMP_PHRASES[event.name] ?? 'reports an error about our segment';
    const mtu = event.nextHopMtu === undefined ? '' : `: ${count(event.nextHopMtu, 'byte')} at most`;
    return `${who} ${says}${mtu}.`;
  }
}

interface Wait {
  us: number;
  beforeUs: number | undefined;
  text: string;
}

/** The sequence number after all that the segment takes. */
function segmentEnd({ seq, length, flags }: SegmentEvent): number {
  return seqAdd(seq, length + (flags.includes('SYN') ? 1 : 0) + (flags.includes('FIN') ? 1 : 0));
}

/** `'18 bytes, numbers 1 to 18'`. */
function bytes({ length }: SegmentEvent, shownSeq: number): string {
  const range = length === 1 ? `number ${shownSeq}` : `numbers ${shownSeq} to ${seqAdd(shownSeq, length - 1)}`;
  return `${count(length, 'byte')}, ${range}`;
}

function retransmission({ flags }: SegmentEvent, wait: Wait | undefined): string {
  const what = flagText(flags.filter((flag) => flag === 'SYN' || flag === 'FIN'));
  const again = what === 'none' ? 'so we send it again' : `so we send the ${what} again`;
  if (wait === undefined) return 'Sent again: as far as we can tell it was lost, or its ACK was.';
  const { us, beforeUs, text } = wait;
  if (beforeUs === undefined) return `No answer for ${text}, ${again}: it may have been lost, or the answer to it.`;
  // RFC 6298 §5.5 doubles; said only where it was so.
  const doubled = us > 1.7 * beforeUs && us < 2.3 * beforeUs;
  const why = doubled ? ' Each wait is twice the one before, so that a crowded path can recover (RFC 6298).' : '';
  return `Still no answer after another ${text}, ${again}.${why}`;
}

function ackOfTheirFin(state: SegmentEvent['state'], shownAck: number): string {
  switch (state) {
    case 'CLOSE-WAIT':
      return `We acknowledge the FIN: ${shownAck}, one more than its number. In CLOSE-WAIT we could go on sending for as long as we like.`;
    case 'CLOSING':
      return "We acknowledge the peer's FIN while ours is still unacknowledged: the two have crossed. That is CLOSING.";
    case 'TIME-WAIT':
      return "The last ACK. No one acknowledges an ACK, so it may get lost unnoticed. In TIME-WAIT we answer the peer's FIN should it come again, and let stragglers die out.";
    default:
      return `We acknowledge the peer's FIN: ${shownAck}, one more than its number.`;
  }
}

function theirFin(state: SegmentEvent['state'], shownSeq: number, acksOurFin: boolean): string {
  switch (state) {
    case 'CLOSE-WAIT':
      return `The peer asks to close: its FIN, number ${shownSeq}, says that it has no more to send. Our own direction is still open: CLOSE-WAIT.`;
    case 'CLOSING':
      return "The peer's FIN does not acknowledge ours: the two have crossed. CLOSING: only the ACK of our FIN is missing.";
    case 'TIME-WAIT':
      return acksOurFin
        ? "One segment does both: it acknowledges our FIN, which alone would be FIN-WAIT-2, and brings the peer's own FIN."
        : "Now the peer's FIN: it has no more to send either. Both directions are closed.";
    default:
      return `The peer's FIN, number ${shownSeq}: it has no more to send.`;
  }
}

function ackOfOurFin(state: SegmentEvent['state'], shownAck: number): string {
  switch (state) {
    case 'FIN-WAIT-2':
      return `The peer acknowledges our FIN (${shownAck}, one more than its number). Our direction is closed; in FIN-WAIT-2 we wait for the peer to close its own.`;
    case 'TIME-WAIT':
      return 'The peer acknowledges our FIN as well: both directions are closed. Both sides keep TIME-WAIT, in case a last ACK was lost.';
    case 'CLOSED':
      return 'The peer acknowledges our FIN: both directions are closed, and we are done. TIME-WAIT is up to the peer, which began.';
    default:
      return `The peer acknowledges our FIN (${shownAck}, one more than its number).`;
  }
}
