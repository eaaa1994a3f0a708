/** Decides which rows of a long transfer are drawn, and counts the others. Memory stays the same however many there are. */
import type { SegmentEvent } from '../probe/events.ts';
import { flagText } from '../wire/flags.ts';

/** What was not drawn. */
export interface Folded {
  sent: { segments: number; bytes: number };
  received: { segments: number; bytes: number };
  /** How many of what is remarkable, by its name. */
  remarkable: Map<string, number>;
}

const nothing = (): Folded => ({ sent: { segments: 0, bytes: 0 }, received: { segments: 0, bytes: 0 }, remarkable: new Map() });

export class Fold {
  readonly #rows: number;
  readonly #drawn = new Map<string, number>();
  #folded: Folded | undefined;

  /** @param rows of one kind that are drawn until the next reset */
  constructor(rows: number) {
    this.#rows = rows;
  }

  /** A new chapter: everything is drawn again. */
  reset(): void {
    this.#drawn.clear();
  }

  /** True where the segment is to be drawn; false where it was counted instead. */
  admitsSegment({ direction, flags, length, note }: SegmentEvent): boolean {
    // Nothing but ACK, PSH and data is plain. The rest is drawn among any number of plain ones, until there is too much of it as well.
    const shownFlags = flagText(flags);
    const plain = note === undefined && (shownFlags === 'ACK' || shownFlags === 'PSH+ACK');
    const name = plain ? undefined : (note ?? shownFlags);
    if (this.#admits(plain ? 'plain' : `${direction} ${shownFlags} ${name}`)) return true;
    const side = this.#count(name)[direction];
    side.segments += 1;
    side.bytes += length;
    return false;
  }

  /** True where a row that is no segment's is to be drawn; false where it was counted instead. */
  admits(name: string): boolean {
    if (this.#admits(name)) return true;
    this.#count(name);
    return false;
  }

  /** What was counted since the last call; undefined where nothing was. */
  take(): Folded | undefined {
    const folded = this.#folded;
    this.#folded = undefined;
    return folded;
  }

  #admits(kind: string): boolean {
    const drawn = this.#drawn.get(kind) ?? 0;
    this.#drawn.set(kind, drawn + 1);
    return drawn < this.#rows;
  }

  #count(name: string | undefined): Folded {
    this.#folded ??= nothing();
    const { remarkable } = this.#folded;
    if (name !== undefined) remarkable.set(name, (remarkable.get(name) ?? 0) + 1);
    return this.#folded;
  }
}
