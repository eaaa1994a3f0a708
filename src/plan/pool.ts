/** Work done several pieces at a time, whose outcomes come in the order of the pieces. */

export interface PoolOptions<Piece> {
  /** Pieces at a time. */
  jobs: number;
  /** Nothing else may be under way beside it. */
  isAlone(piece: Piece): boolean;
  /** No more pieces are begun. */
  isOver(): boolean;
  /** The reader has left before the end: what is under way is to end too, and is waited for. */
  leave(): void;
}

/** Outcomes that wait for one before them: a piece that takes long does not let them pile up. */
const MOST_WAITING = 64;

/**
 * @param work of undefined there is nothing to tell
 * @throws what `work` throws, once all that was under way has ended
 */
export async function* inOrder<Piece, Outcome>(
  pieces: readonly Piece[],
  work: (piece: Piece, number: number) => Promise<Outcome | undefined>,
  { jobs, isAlone, isOver, leave }: PoolOptions<Piece>,
): AsyncGenerator<Outcome> {
  const outcomes = new Map<number, Outcome | undefined>();
  let next = 0;
  let told = 0;
  let running = 0;
  let isOneAlone = false;
  let failure: { error: unknown } | undefined;
  let wake: () => void = () => undefined;
  const begin = (index: number): void => {
    const piece = pieces[index] as Piece;
    running++;
    isOneAlone = isAlone(piece);
    work(piece, index + 1)
      .then((outcome) => outcomes.set(index, outcome))
      .catch((error: unknown) => {
        failure ??= { error };
      })
      .finally(() => {
        running--;
        isOneAlone = false;
        wake();
      });
  };
  const mayBegin = (): boolean => {
    const piece = pieces[next];
    if (piece === undefined || failure !== undefined || isOver() || isOneAlone || next - told >= jobs + MOST_WAITING) return false;
    return isAlone(piece) ? running === 0 : running < jobs;
  };
  /** Until one more is done. */
  const nextDone = (): Promise<void> =>
    new Promise((resolve) => {
      wake = resolve;
    });
  try {
    for (;;) {
      while (mayBegin()) begin(next++);
      for (; outcomes.has(told); told++) {
        const outcome = outcomes.get(told);
        outcomes.delete(told);
        if (outcome !== undefined) yield outcome;
      }
      if (running > 0) {
        const done = nextDone();
        if (!outcomes.has(told)) await done;
        continue;
      }
      if (mayBegin()) continue;
      break;
    }
  } finally {
    if (running > 0) leave();
    while (running > 0) await nextDone();
  }
  if (failure !== undefined) throw failure.error;
}
