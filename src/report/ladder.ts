/** The exchange as a ladder: our side left, theirs right, one row a segment, drawn while it happens. */
import type {
  ConnectEvent,
  ConversationEvent,
  IcmpEvent,
  NoteEvent,
  SegmentEvent,
  SendEvent,
  StartEvent,
  StateEvent,
} from '../probe/events.ts';
import { flagText } from '../wire/flags.ts';
import { formatTcpOption } from '../wire/format.ts';
import { seqDiff } from '../wire/seq.ts';
import { Fold } from './fold.ts';
import { Frame, type Gutter, type Piece } from './frame.ts';
import { isIgnored, noteText, optionTexts, sackText, shownNumbers } from './segment-text.ts';
import type { Ink, Style } from './style.ts';
import { flow, truncate, wrap } from './text.ts';
import { count, formatBytes } from './units.ts';

export interface LadderOptions {
  style: Style;
  /** Sequence numbers as they stand in the header, not counted from the ISNs. */
  absolute: boolean;
  /** A second row for each segment, with what else stands in its headers. */
  verbose: boolean;
  /** A column for our state. */
  states: boolean;
  /** Every segment has its row. */
  unfolded: boolean;
}

/** How many rows of one kind one state of ours gets. */
const ROWS_OF_A_KIND = 24;
/** From this width on, every segment shows its window, and a SYN its options in the same row. */
const WIDE = 100;
/** As wide as SYN+ACK, so that the numbers of most segments stand in columns. */
const FLAGS_WIDTH = 7;

export class Ladder {
  readonly #options: LadderOptions;
  readonly #frame: Frame;
  readonly #fold: Fold;
  #start: StartEvent | undefined;
  /** Our ISN, once a segment of ours told it. */
  #iss: number | undefined;
  /** The state that the last row shows, and the one before that row. */
  #state: string | undefined;
  #stateBefore: string | undefined;
  /** The last row says in words what happened. */
  #explained = false;
  #previousUs: number | undefined;

  constructor(options: LadderOptions) {
    this.#options = options;
    this.#frame = new Frame(options.style, options.states);
    this.#fold = new Fold(options.unfolded ? Number.POSITIVE_INFINITY : ROWS_OF_A_KIND);
  }

  /**
   * @param explanation to stand below the row of the event
   * @returns the rows to write now, each ended by a line feed; often none
   */
  event(event: ConnectEvent | SendEvent | ConversationEvent, explanation?: string): string {
    switch (event.type) {
      case 'start':
        this.#start = event;
        return this.#head(event);
      case 'segment':
        return this.#segment(event, explanation);
      case 'state':
        return this.#stateChange(event, explanation);
      case 'icmp':
        return this.#fold.admits('ICMP') ? this.#foldRows() + this.#icmp(event) + this.#explain(explanation) : '';
      case 'note':
        return this.#fold.admits(event.code) ? this.#foldRows() + this.#note(event) + this.#explain(explanation) : '';
      case 'data':
        return '';
      case 'result':
        return this.end();
    }
  }

  /** @returns the rows that are still owed */
  end(): string {
    return this.#foldRows();
  }

  #head({ sourceAddress, sourcePort, address, port }: StartEvent): string {
    const { escapeText } = this.#options.style;
    return this.#frame.head(`${escapeText(sourceAddress)}:${sourcePort}`, `${escapeText(address)}:${port}`);
  }

  #segment(event: SegmentEvent, explanation: string | undefined): string {
    let rows = '';
    const stateChanged = event.state !== undefined && event.state !== this.#state;
    if (stateChanged) {
      rows += this.#foldRows();
      this.#fold.reset();
    }
    if (event.direction === 'sent' && event.relativeSeq !== undefined) this.#iss ??= (event.seq - event.relativeSeq) >>> 0;
    const gutter = { ...this.#times(event.atUs), state: event.state, stateChanged };
    this.#previousUs = event.atUs;
    if (!this.#fold.admitsSegment(event)) return rows;

    rows += this.#foldRows() + this.#arrow(event, gutter);
    this.#stateBefore = this.#state;
    this.#state = event.state ?? this.#state;
    this.#explained = explanation !== undefined;
    return rows + this.#explain(explanation);
  }

  #arrow(event: SegmentEvent, gutter: Gutter): string {
    const { style, absolute, verbose } = this.#options;
    const isWide = style.width >= WIDE;
    // What was sent before has been shown before.
    const isFirstSyn = event.flags.includes('SYN') && event.note === undefined;
    const isRst = event.flags.includes('RST');
    const { seq, ack } = shownNumbers(event, absolute);
    const note = noteText(event);
    const sack = sackText(event, absolute);

    const pieces: Piece[] = [{ text: flagText(event.flags).padEnd(FLAGS_WIDTH), ink: 'strong' }, { text: `seq ${seq}` }];
    if (event.flags.includes('ACK')) pieces.push({ text: `ack ${ack}` });
    if (event.length > 0) pieces.push({ text: `len ${event.length}` });
    if (event.flags.includes('URG')) pieces.push({ text: `urg ${event.urgent}` });
    if (note !== undefined) pieces.push({ text: `(${note})`, ink: 'warning' });
    const zeroWindow = event.window === 0 && !isRst;
    if (zeroWindow) pieces.push({ text: 'win 0', ink: 'warning' });
    else if (!verbose && !isRst && (isFirstSyn || isWide)) pieces.push({ text: `win ${event.window}` });
    if (sack !== undefined && !verbose) pieces.push({ text: sack });
    if (event.variant !== undefined) pieces.push({ text: style.escapeText(event.variant), ink: 'faint' });

    const options = isFirstSyn && !verbose ? optionTexts(event.options) : [];
    if (isWide && options.length > 0) pieces.push({ text: options.join(', '), ink: 'faint' });

    const ink: Ink = isIgnored(event) ? 'warning' : isRst ? 'bad' : event.direction;
    let rows = this.#frame.arrow(gutter, pieces, { direction: event.direction, ink, ignored: isIgnored(event) });
    if (!isWide) rows += this.#flow(options);
    if (verbose)
      rows += this.#flow([
        ...(zeroWindow ? [] : [`win ${event.window}`]),
        `ttl ${event.ttl}`,
        `id ${event.ipId}`,
        ...event.options.map(formatTcpOption),
      ]);
    if (event.payload.length > 0 && note !== 'duplicate' && event.note !== 'retransmission') rows += this.#preview(event.payload);
    return rows;
  }

  #preview(payload: Uint8Array): string {
    const { style } = this.#options;
    const { ellipsis } = style.glyphs;
    const room = this.#frame.textWidth - 2;
    const text = style.escapeBytes(payload.subarray(0, room));
    const shown = payload.length <= room ? truncate(text, room, ellipsis) : truncate(text, room - ellipsis.length, '') + ellipsis;
    return this.#frame.text(`"${shown}"`, 'faint');
  }

  #icmp(event: IcmpEvent): string {
    const { style, absolute, verbose } = this.#options;
    const pieces: Piece[] = [{ text: `ICMP ${style.escapeText(event.name)}`, ink: 'bad' }];
    if (event.nextHopMtu !== undefined) pieces.push({ text: `mtu ${event.nextHopMtu}` });
    const seq = absolute || this.#iss === undefined ? event.seq : seqDiff(event.seq, this.#iss);
    if (verbose) pieces.push({ text: `about seq ${seq}` });
    if (event.variant !== undefined) pieces.push({ text: style.escapeText(event.variant), ink: 'faint' });
    const from =
      event.from === this.#start?.address
        ? undefined
        : event.from === this.#start?.sourceAddress
          ? 'ourselves'
          : style.escapeText(event.from);
    return this.#frame.arrow(this.#times(event.atUs), pieces, { direction: 'received', ink: 'bad', from });
  }

  #note(event: NoteEvent): string {
    const { escapeText, glyphs } = this.#options.style;
    const [first = '', ...rest] = wrap(`${glyphs.bullet} ${escapeText(event.text)}`, this.#frame.textWidth);
    return this.#frame.text(first, 'warning', this.#times(event.atUs)) + rest.map((line) => this.#frame.text(line, 'warning')).join('');
  }

  /** Of the changes that a segment makes, which come after it, its row shows the last one. */
  #stateChange(event: StateEvent, explanation: string | undefined): string {
    const { from, to, atUs, cause } = event;
    if (to === this.#state) return '';
    if (from === this.#stateBefore && from !== this.#state) {
      this.#stateBefore = to;
      return this.#explained ? '' : this.#frame.text(`by way of ${to}`, 'faint');
    }
    this.#fold.reset();
    const gutter = { ...this.#times(atUs), state: to, stateChanged: true };
    const rows = this.#foldRows() + this.#frame.text(this.#options.style.escapeText(cause), 'faint', gutter);
    this.#stateBefore = this.#state;
    this.#state = to;
    return rows + this.#explain(explanation);
  }

  #foldRows(): string {
    const folded = this.#fold.take();
    if (folded === undefined) return '';
    const { fold, arrowRight, arrowLeft } = this.#options.style.glyphs;
    const { sent, received, remarkable } = folded;
    const segments = sent.segments + received.segments;
    const head = `${segments === 0 ? '' : `${count(segments, 'segment')} `}not drawn (-v draws all)`;
    const parts: string[] = [];
    if (sent.segments > 0) parts.push(`${arrowRight} ${sent.segments} with ${formatBytes(sent.bytes)}`);
    if (received.segments > 0) parts.push(`${arrowLeft} ${received.segments} with ${formatBytes(received.bytes)}`);
    for (const [name, times] of remarkable) parts.push(`${times} ${name}`);
    return [head, ...flow(parts, ', ', this.#frame.textWidth - fold.length - 1)]
      .map((line) => this.#frame.text(`${fold} ${line}`, 'faint'))
      .join('');
  }

  #times(atUs: number): Gutter {
    // What arrived while we were busy was heard after what we sent meanwhile: it has no time since that.
    const deltaUs = this.#previousUs === undefined ? undefined : atUs - this.#previousUs;
    return { atUs, deltaUs: deltaUs === undefined || deltaUs >= 0 ? deltaUs : undefined };
  }

  #flow(parts: readonly string[]): string {
    return flow(parts, ', ', this.#frame.textWidth)
      .map((line) => this.#frame.text(line, 'faint'))
      .join('');
  }

  #explain(explanation: string | undefined): string {
    if (explanation === undefined) return '';
    const lines = wrap(explanation, this.#frame.textWidth).map((line) => this.#frame.text(line));
    return lines.join('') + this.#frame.text('');
  }
}
