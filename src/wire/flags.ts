/** The control bits of RFC 9293 §3.1, with AE of RFC 9768, as they lie in the 12 bits after the data offset. */
export const FIN = 0x001;
export const SYN = 0x002;
export const RST = 0x004;
export const PSH = 0x008;
export const ACK = 0x010;
export const URG = 0x020;
export const ECE = 0x040;
export const CWR = 0x080;
export const AE = 0x100;

/** Name and bit, from the highest bit down: the order in which events list them. */
const FLAGS = [
  ['AE', AE],
  ['CWR', CWR],
  ['ECE', ECE],
  ['URG', URG],
  ['ACK', ACK],
  ['PSH', PSH],
  ['RST', RST],
  ['SYN', SYN],
  ['FIN', FIN],
] as const;

export type FlagName = (typeof FLAGS)[number][0];

/** Made as they are asked for: to make all 512 at the start takes milliseconds. */
const namesOf: (FlagName[] | undefined)[] = new Array(512).fill(undefined);

/** The names of the bits that are set, highest first. The array is shared: do not change it. */
export const flagNames = (flags: number): readonly FlagName[] =>
  (namesOf[flags & 0x1ff] ??= FLAGS.filter(([, bit]) => flags & bit).map(([name]) => name));

/** tcpdump's letters, in the order in which it writes them. */
const LETTERS = [
  ['F', FIN],
  ['S', SYN],
  ['R', RST],
  ['P', PSH],
  ['.', ACK],
  ['U', URG],
  ['E', ECE],
  ['W', CWR],
  ['e', AE],
] as const;

/** As tcpdump writes them: `'S.'` for SYN and ACK, `'none'` for no flag at all. */
export function formatFlags(flags: number): string {
  const letters = LETTERS.filter(([, bit]) => flags & bit).map(([letter]) => letter);
  return letters.join('') || 'none';
}

const bitOf = new Map<string, number>([...FLAGS, ...LETTERS, ['A', ACK], ['C', CWR]]);
const NAMES = /AE|CWR|ECE|URG|ACK|PSH|RST|SYN|FIN/g;

/**
 * Reads flags in any usual spelling: `SYN,ACK`, `syn+ack`, `SYNACK`, `SA`, `S.`, `0x12`, `18`, `none`.
 *
 * What can be read as names is: `AE` is accurate ECN, `EA` is ECE and ACK. Among letters `e` is AE and `E`
 * is ECE, as in tcpdump; the others may be small where there is no `e` beside them.
 * @returns the bits, or undefined where a part is none of these
 */
export function parseFlags(text: string): number | undefined {
  const trimmed = text.trim();
  if (/^none$/i.test(trimmed)) return 0;
  if (/^(0x[0-9a-f]+|\d+)$/i.test(trimmed)) {
    const value = Number(trimmed);
    return value <= 0x1ff ? value : undefined;
  }
  let bits = 0;
  for (const part of trimmed.split(/\s*[\s,+|]\s*/)) {
    const upper = part.toUpperCase();
    const tokens = upper.replace(NAMES, '') === '' ? upper.match(NAMES) : [...(part.includes('e') ? part : upper)];
    // An empty part, as in "SYN,", is a slip of the hand.
    if (tokens === null) return undefined;
    for (const token of tokens) {
      const bit = bitOf.get(token);
      if (bit === undefined) return undefined;
      bits |= bit;
    }
  }
  return bits;
}

/** What makes the segment what it is comes first. */
const ORDER: readonly FlagName[] = ['SYN', 'FIN', 'RST', 'PSH', 'ACK', 'URG', 'ECE', 'CWR', 'AE'];

/** `'SYN+ACK'`; `'none'` for no flag at all. */
export const flagText = (flags: readonly FlagName[]): string => ORDER.filter((name) => flags.includes(name)).join('+') || 'none';
