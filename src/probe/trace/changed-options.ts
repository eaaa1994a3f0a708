/** What became of a segment's TCP options on the way. */
import { formatTcpOption } from '../../wire/format.ts';
import { toHex } from '../../wire/hex.ts';
import { decodeTcpOptions, KIND_NOP, type TcpOption, tcpOptionLength } from '../../wire/tcp-options.ts';
import type { Change, ChangedField } from '../events.ts';

/** An option and where its bytes lie in the area. */
interface Placed {
  option: TcpOption;
  at: number;
  bytes: Uint8Array;
}

const isFiller = ({ name }: TcpOption): boolean => name === 'nop' || name === 'end';

/** The options of an area that are no filler. @param isWhole false: the area is cut off, and maybe its last option */
function placed(area: Uint8Array, isWhole: boolean): Placed[] {
  const all: Placed[] = [];
  let at = 0;
  for (const option of decodeTcpOptions(area)) {
    const bytes = area.subarray(at, at + tcpOptionLength(option));
    if (!isFiller(option) && (isWhole || option.name !== 'malformed')) all.push({ option, at, bytes });
    at += bytes.length;
  }
  return all;
}

export function optionField({ name }: TcpOption): ChangedField {
  return name === 'mss' || name === 'window-scale' || name === 'sack-permitted' || name === 'timestamps' ? name : 'option';
}

/** Its value alone where the field has its name. */
export function optionText(option: TcpOption): string {
  if (option.name === 'mss') return String(option.mss);
  if (option.name === 'window-scale') return String(option.shift);
  return formatTcpOption(option);
}

const sameBytes = (a: Uint8Array, b: Uint8Array): boolean => a.length === b.length && a.every((byte, i) => byte === b[i]);

/**
 * Compares two option areas.
 * @param isWhole false: the second is cut off, and what would stand behind its end is unknown
 */
export function compareOptions(sentArea: Uint8Array, seenArea: Uint8Array, isWhole: boolean): Change[] {
  const sent = placed(sentArea, true);
  const seen = placed(seenArea, isWhole);
  const arrived = pair(sent, seen);
  // Of a cut-off area nothing behind the last option that arrived can be missed.
  const lastArrived = sent.findLastIndex((one) => arrived.has(one));
  const changes = sent.flatMap((one, i) => compareOne(one, arrived.get(one), seenArea, isWhole || i < lastArrived));
  const known = new Set(arrived.values());
  for (const { option } of seen.filter((one) => !known.has(one))) {
    changes.push({ field: optionField(option), how: 'added', sent: undefined, seen: optionText(option), shownBy: 'quote' });
  }
  if (!ascends([...arrived.values()].map(({ at }) => at))) return [...changes, reordered(names(sent), names(seen))];
  return changes.length > 0 ? changes : compareFilling(sentArea, seenArea, isWhole);
}

/** What each option arrived as, in the order sent: the one with its bytes before any other of its kind. */
function pair(sent: readonly Placed[], seen: readonly Placed[]): Map<Placed, Placed> {
  const left = new Set(seen);
  const arrived = new Map<Placed, Placed>();
  const take = (one: Placed, fits: (other: Placed) => boolean): void => {
    const found = arrived.has(one) ? undefined : [...left].find(fits);
    if (found === undefined) return;
    left.delete(found);
    arrived.set(one, found);
  };
  for (const one of sent) take(one, ({ bytes }) => sameBytes(one.bytes, bytes));
  for (const one of sent) take(one, ({ option }) => one.option.kind === option.kind);
  return new Map(sent.flatMap((one) => (arrived.has(one) ? [[one, arrived.get(one) as Placed]] : [])));
}

/** @param missing whether it can be said of an option that did not arrive that it is gone */
function compareOne({ option, at, bytes }: Placed, arrived: Placed | undefined, seenArea: Uint8Array, missing: boolean): Change[] {
  const change = { field: optionField(option), sent: optionText(option), shownBy: 'quote' } as const;
  if (arrived !== undefined) {
    return sameBytes(bytes, arrived.bytes) ? [] : [{ ...change, how: 'changed', seen: optionText(arrived.option) }];
  }
  const inPlace = seenArea.subarray(at, at + bytes.length);
  if (inPlace.length === bytes.length && inPlace.every((byte) => byte === KIND_NOP)) {
    return [{ ...change, how: 'replaced', seen: `${bytes.length} nop` }];
  }
  return missing ? [{ ...change, how: 'removed', seen: undefined }] : [];
}

const ascends = (places: readonly number[]): boolean => places.every((at, i) => i === 0 || at > (places[i - 1] as number));
const names = (options: readonly Placed[]): string => options.map(({ option }) => formatTcpOption(option)).join(',');
const reordered = (sent: string, seen: string): Change => ({ field: 'option-order', how: 'changed', sent, seen, shownBy: 'quote' });

/** The same options: has the filling between or behind them changed? */
function compareFilling(sentArea: Uint8Array, seenArea: Uint8Array, isWhole: boolean): Change[] {
  const comparable = isWhole ? sentArea : sentArea.subarray(0, seenArea.length);
  if (sameBytes(comparable, seenArea)) return [];
  const [sent, seen] = [comparable, seenArea].map((area) => decodeTcpOptions(area).map(formatTcpOption).join(',')) as [string, string];
  if (sent !== seen) return [reordered(sent, seen)];
  return [{ field: 'option', how: 'changed', sent: `padding ${toHex(comparable)}`, seen: `padding ${toHex(seenArea)}`, shownBy: 'quote' }];
}
