/** The hosts of a scan: words, lists of them in files or on stdin, and names, to addresses. */
import { NetError } from '../net/errors.ts';
import type { Found } from '../net/look-up.ts';
import type { ResolvedHost } from '../net/resolve.ts';
import { type Interval, IntervalSet } from '../probe/scan/intervals.ts';
import { parseTarget, selectTargets, type Targets, type TargetWord } from '../probe/scan/targets.ts';
import { formatIpv4, type Ipv4Address } from '../wire/address.ts';
import type { Args } from './args.ts';
import { usageError } from './errors.ts';
import { quote } from './values.ts';
import { type WordSource, wordsOf } from './words.ts';

export interface ScanTargets {
  targets: Targets;
  /** Of those that were asked for by name. */
  names: ReadonlyMap<string, string>;
  /** What is worth a word to people. */
  notes: readonly string[];
  /** What the look-ups have left of the time for the scan. */
  leftMs: number;
}

/** Waits for look-ups as long as the scan may take. @throws where they take longer */
export type Waiting = <T>(lookUps: Promise<T>, subject: string) => Promise<Found<T>>;

/** The resolver of a machine takes so many questions at a time. */
const LOOKUPS_AT_ONCE = 16;
/** Runs that are held before they are joined. */
const MOST_RUNS = 1 << 20;
/** Names that a note has room for. */
const NAMES_IN_A_NOTE = 3;

/** Where the hosts of a scan come from beside the words. */
export interface HostSources {
  stdin: WordSource;
  /** @throws NetError `name-not-resolved` */
  resolve(host: string): Promise<ResolvedHost>;
}

/** @throws CliError, InputError, NetError `name-not-resolved` */
export async function readScanTargets(args: Args, io: HostSources, wait: Waiting): Promise<ScanTargets> {
  const wanted = new Hosts();
  for (const text of args.positionals) {
    if (text === '-') await wanted.addAll(wordsOf('TARGETS', '-', io));
    else if (text === '@') throw usageError('TARGETS: "@" without a file', 'give @FILE, or - for stdin');
    else if (text.startsWith('@')) await wanted.addAll(wordsOf('TARGETS', text.slice(1), io));
    else wanted.add({ text, from: 'TARGETS' });
  }
  const excluded = new Hosts();
  for (const text of args.texts('exclude')) for (const part of text.split(',')) excluded.add({ text: part, from: '--exclude' });
  for (const file of args.texts('exclude-file')) await excluded.addAll(wordsOf('--exclude-file', file, io));

  const names = new Map<string, string>();
  const notes: string[] = [];
  const words = [...new Map([...wanted.names, ...excluded.names]).values()];
  const subject = words.length === 1 ? quote((words[0] as TargetWord).text) : `${words.length} names`;
  const { found: resolved, leftMs } = await wait(resolveAll(words, io), subject);
  const manyAddresses: string[] = [];
  for (const { text } of wanted.names.values()) {
    const { address, addresses } = resolved.get(text) as ResolvedHost;
    wanted.runs.push(only(address));
    const key = formatIpv4(address);
    const known = names.get(key);
    names.set(key, known === undefined ? text : `${known}, ${text}`);
    if (addresses.length > 1) manyAddresses.push(`${text} has ${addresses.length} IPv4 addresses; using ${key}`);
  }
  // A host that is to be left alone is so at each of its addresses.
  for (const { text } of excluded.names.values()) excluded.runs.push(...(resolved.get(text) as ResolvedHost).addresses.map(only));
  if (manyAddresses.length <= NAMES_IN_A_NOTE) notes.push(...manyAddresses);
  else notes.push(`${manyAddresses.length} names have more than one IPv4 address; of each the first is used`);
  const targets = selectTargets(wanted.runs, excluded.runs, { allowReserved: args.flag('allow-reserved') === true });
  return { targets, names, notes, leftMs };
}

const only = (address: Ipv4Address): Interval => ({ first: address, last: address });

/** What has been read of some words. */
class Hosts {
  runs: Interval[] = [];
  /** Each once, with where it stood first. */
  readonly names = new Map<string, TargetWord>();

  add(word: TargetWord): void {
    const run = parseTarget(word);
    if (run === undefined) {
      if (!this.names.has(word.text)) this.names.set(word.text, word);
      return;
    }
    this.runs.push(run);
    if (this.runs.length >= MOST_RUNS) this.runs = [...IntervalSet.of(this.runs)];
  }

  async addAll(words: AsyncIterable<TargetWord>): Promise<void> {
    for await (const word of words) this.add(word);
  }
}

/**
 * Asks for many names at a time.
 * @throws NetError for the first that can't be resolved, which says how many more there are
 */
async function resolveAll(words: readonly TargetWord[], { resolve }: HostSources): Promise<ReadonlyMap<string, ResolvedHost>> {
  const resolved = new Map<string, ResolvedHost>();
  const failures = new Map<TargetWord, NetError>();
  let next = 0;
  const resolveSome = async (): Promise<void> => {
    for (let word = words[next++]; word !== undefined; word = words[next++]) {
      try {
        resolved.set(word.text, await resolve(word.text));
      } catch (error) {
        if (!(error instanceof NetError)) throw error;
        failures.set(word, error);
      }
    }
  };
  await Promise.all(Array.from({ length: LOOKUPS_AT_ONCE }, resolveSome));
  const first = words.find((word) => failures.has(word));
  if (first !== undefined) throw unresolved(first, failures.get(first) as NetError, failures.size - 1);
  return resolved;
}

function unresolved({ from }: TargetWord, { code, operation, subject, reason, hint }: NetError, others: number): NetError {
  const more = others === 0 ? '' : `, and so with ${others} more`;
  return new NetError(code, operation, from === 'TARGETS' ? subject : `${subject} (${from})`, `${reason}${more}`, hint);
}
