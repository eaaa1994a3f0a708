/** What a bad path does to datagrams, from a source of chance that can be repeated. */
import { chance, type Random, randomBelow } from './random.ts';

/** Shares are probabilities, 0 to 1. */
export interface Faults {
  loss: number;
  duplicate: number;
  /** Held back, so that later ones overtake it. */
  reorder: number;
  /** One bit changed. */
  corrupt: number;
  delayUs: number;
  /** Added to the delay, at random from 0 up to this. */
  jitterUs: number;
}

export const NO_FAULTS: Faults = { loss: 0, duplicate: 0, reorder: 0, corrupt: 0, delayUs: 100, jitterUs: 0 };

/** What arrives of a datagram. */
export interface Copy {
  datagram: Uint8Array;
  delayUs: number;
}

/** How long a datagram is held back at least where there is no delay to be a measure. */
const HOLD_BACK_US = 1000;

/**
 * None, one or two copies.
 * @param corruptible where in the datagram a bit may change; default: anywhere
 */
export function copiesOf(
  datagram: Uint8Array,
  faults: Faults,
  random: Random,
  corruptible: { from: number; to: number } = { from: 0, to: datagram.length },
): Copy[] {
  const copy = (): Copy => {
    let { delayUs } = faults;
    if (faults.jitterUs > 0) delayUs += randomBelow(random, faults.jitterUs);
    if (chance(random, faults.reorder)) delayUs += (faults.delayUs || HOLD_BACK_US) * (1 + randomBelow(random, 4));
    const bytes = new Uint8Array(datagram);
    if (chance(random, faults.corrupt)) {
      const at = corruptible.from + randomBelow(random, corruptible.to - corruptible.from);
      bytes[at] = (bytes[at] as number) ^ (1 << randomBelow(random, 8));
    }
    return { datagram: bytes, delayUs };
  };
  if (chance(random, faults.loss)) return [];
  const first = copy();
  return chance(random, faults.duplicate) ? [first, copy()] : [first];
}
