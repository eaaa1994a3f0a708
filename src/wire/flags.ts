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

const namesOf: FlagName[][] = Array.from({ length: 512 }, (_, bits) => FLAGS.filter(([, bit]) => bits & bit).map(([name]) => name));

/** The names of the bits that are set, highest first. The array is shared: do not change it. */
export const flagNames = (flags: number): readonly FlagName[] => namesOf[flags & 0x1ff] as FlagName[];

/** Letters as tcpdump and hping write them. */
const LETTERS: Readonly<Record<string, number>> = { F: FIN, S: SYN, R: RST, P: PSH, A: ACK, '.': ACK, U: URG, E: ECE, W: CWR, C: CWR };

/**
 * Reads flags in any usual spelling: `SYN,ACK`, `syn+ack`, `SA`, `S.`, `0x12`, `18`, `none`.
 * @returns the bits, or undefined where a part is none of these
 */
export function parseFlags(text: string): number | undefined {
  const trimmed = text.trim();
  if (/^none$/i.test(trimmed)) return 0;
  if (/^(0x[0-9a-f]+|\d+)$/i.test(trimmed)) {
    const value = Number(trimmed);
    return value <= 0x1ff ? value : undefined;
  }
  const upper = trimmed.toUpperCase();
  let bits = 0;
  for (const part of upper.split(/[\s,+|]+/)) {
    const known = FLAGS.find(([name]) => name === part);
    if (known) {
      bits |= known[1];
      continue;
    }
    if (part === '') return undefined;
    for (const letter of part) {
      const bit = LETTERS[letter];
      if (bit === undefined) return undefined;
      bits |= bit;
    }
  }
  return bits;
}
