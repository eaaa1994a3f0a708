/**
 * `--resume`: a scan's memory of itself, as lines of JSON that are only ever added: which scan it is, the ports found, and
 * now and then the state to go on from. What stands behind the last whole state does not count: it is probed again.
 */

import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import { CliError } from '../options/errors.ts';
import { reasonOf } from '../options/file-errors.ts';
import { quote } from '../options/values.ts';
import type { PortEvent, ScanEvent, ScanState } from '../probe/events.ts';
import type { Interval } from '../probe/scan/intervals.ts';
import type { ScanRequest } from '../probe/scan/request.ts';
import { count } from '../report/units.ts';
import { parseIpv4 } from '../wire/address.ts';
import { toHex } from '../wire/hex.ts';
import type { Io } from './io.ts';
import type { Listener } from './present.ts';
import { FileSink } from './save.ts';

/** What makes a scan the same one, in words for people. */
export type Fingerprint = Readonly<Record<'targets' | 'ports' | 'probes' | 'shard' | 'listed ports', string>>;

/** What is remembered of an earlier run. */
export interface Remembered {
  fingerprint: Fingerprint;
  /** The last state told; undefined: the run ended before there was one. */
  state: ScanState | undefined;
  /** The ports found until then. */
  ports: readonly PortEvent[];
  /** Of the file, up to and with that state. */
  bytes: number;
}

type Line =
  | { type: 'scan'; format: typeof FORMAT; fingerprint: Fingerprint }
  | (PortEvent & { type: 'port' })
  | { type: 'state'; state: ScanState };

/** Of the lines: another one can't be gone on from. */
const FORMAT = 1;
/** Lines are gathered to so many characters. */
const MOST_LENGTH = 1 << 16;
/** A large state is told less often, so that the file grows by 10 kB a second at most. */
const US_PER_CHARACTER = 100;
const LINE_FEED = 10;

export function fingerprintOf(request: Omit<ScanRequest, 'seed' | 'resume'>): Fingerprint {
  const { targets, ports, technique, spec, shard, tell } = request;
  const hex = (_key: string, value: unknown): unknown => (value instanceof Uint8Array ? toHex(value) : value);
  const digest = (value: unknown): string => createHash('sha256').update(JSON.stringify(value, hex)).digest('hex').slice(0, 8);
  return {
    targets: `${targets.addresses.count} ${targets.addresses.count === 1 ? 'address' : 'addresses'} (digest ${digest([...targets.addresses])})`,
    ports: `${count(ports.count, 'port')} (digest ${digest([...ports])})`,
    probes: `flags 0x${technique.flags.toString(16)} (digest ${digest([technique, spec])})`,
    shard: shard === undefined ? 'none' : `${shard.index}/${shard.count}`,
    'listed ports': tell === undefined ? 'all' : [...tell].sort().join(','),
  };
}

/**
 * Reads what an earlier run left.
 * @returns undefined where there is nothing
 * @throws CliError where the file can't be read, or is none of ours
 */
export async function readJournal(path: string): Promise<Remembered | undefined> {
  const file = await open(path, 'r').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw new CliError('no-input', `--resume: can't read ${quote(path)}: ${reasonOf(error)}`, 'name a file that can be read');
  });
  if (file === undefined) return undefined;
  try {
    if (!(await file.stat()).isFile()) throw new CliError('bad-data', `--resume: ${quote(path)} is no regular file`, 'name a file');
    return await readLines(path, file.createReadStream({ autoClose: false }));
  } finally {
    await file.close();
  }
}

async function readLines(path: string, chunks: AsyncIterable<Uint8Array>): Promise<Remembered | undefined> {
  let remembered: { -readonly [K in keyof Remembered]: Remembered[K] } | undefined;
  const ports: PortEvent[] = [];
  let settled = 0;
  let bytes = 0;
  for await (const { text, length } of linesOf(chunks)) {
    bytes += length;
    const line = readLine(text);
    if (remembered === undefined) {
      if (line?.type !== 'scan' || line.format !== FORMAT) throw notOurs(path);
      remembered = { fingerprint: line.fingerprint, state: undefined, ports: [], bytes };
    } else if (line?.type === 'port') ports.push(line);
    else if (line?.type === 'state') {
      remembered.state = line.state;
      remembered.bytes = bytes;
      settled = ports.length;
    } else throw notOurs(path);
  }
  if (remembered !== undefined) remembered.ports = ports.slice(0, settled);
  return remembered;
}

/** Whole lines, with their length in bytes, line feed included. What a crash cut off is left out. */
async function* linesOf(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<{ text: string; length: number }> {
  let rest: Uint8Array[] = [];
  for await (const chunk of chunks) {
    let at = 0;
    for (let end = chunk.indexOf(LINE_FEED, at); end >= 0; end = chunk.indexOf(LINE_FEED, at)) {
      const line = Buffer.concat([...rest, chunk.subarray(at, end)]);
      yield { text: line.toString(), length: line.length + 1 };
      rest = [];
      at = end + 1;
    }
    if (at < chunk.length) rest.push(chunk.subarray(at));
    if (rest.reduce((sum, { length }) => sum + length, 0) > LONGEST_LINE) return;
  }
}

/** Longer than any state. */
const LONGEST_LINE = 1 << 28;

function readLine(text: string): Line | undefined {
  try {
    const line = JSON.parse(text) as Line;
    return isLine(line) ? line : undefined;
  } catch {
    return undefined;
  }
}

/** As far as it is relied on. @throws TypeError where there is not even that */
function isLine(line: Line): boolean {
  const { isSafeInteger } = Number;
  switch (line.type) {
    case 'scan':
      return typeof line.fingerprint === 'object';
    case 'port':
      return parseIpv4(line.address) !== undefined && isSafeInteger(line.port) && typeof line.verdict === 'string';
    case 'state': {
      const { seed, done, outcomes } = line.state;
      const isRun = ({ first, last }: Interval): boolean => isSafeInteger(first) && isSafeInteger(last) && first >= 0 && last >= first;
      return isSafeInteger(seed) && done.every(isRun) && outcomes.every(({ count }) => isSafeInteger(count));
    }
    default:
      return false;
  }
}

const notOurs = (path: string): CliError =>
  new CliError('bad-data', `--resume: ${quote(path)} holds something else than a scan of this version`, 'name another file, or a new one');

/** @throws CliError where the file is of another scan */
export function checkSame(path: string, remembered: Fingerprint, now: Fingerprint): void {
  const differing = (Object.keys(now) as (keyof Fingerprint)[]).filter((name) => remembered[name] !== now[name]);
  const [first, ...others] = differing;
  if (first === undefined) return;
  const more = others.length === 0 ? '' : `, and other ${others.join(', ')}`;
  throw new CliError(
    'bad-data',
    `--resume: ${quote(path)} is of another scan: ${first} ${remembered[first]} there, ${now[first]} here${more}`,
    'repeat the options of that scan, or name a new file',
  );
}

/** Writes as the scan goes on. */
export class Journal implements Listener<ScanEvent> {
  private lines = '';
  private isComplete = false;
  private nextStateAtUs = 0;

  private constructor(
    readonly sink: FileSink,
    private readonly fingerprint: Fingerprint,
    private readonly keptBytes: number,
  ) {}

  /** @throws CliError `output` */
  static async open(path: string, fingerprint: Fingerprint, remembered: Remembered | undefined, env: Io['env']): Promise<Journal> {
    // What is there is ours: an empty file, or one that has been read.
    const sink = await FileSink.open(path, true, env);
    return new Journal(sink, fingerprint, remembered?.state === undefined ? 0 : remembered.bytes);
  }

  event(event: ScanEvent): void {
    switch (event.type) {
      case 'start':
        this.sink.begin(this.keptBytes);
        if (this.keptBytes === 0) this.add({ type: 'scan', format: FORMAT, fingerprint: this.fingerprint });
        break;
      case 'port':
        this.add(event);
        break;
      case 'checkpoint':
        if (event.atUs < this.nextStateAtUs) break;
        this.nextStateAtUs = event.atUs + this.add({ type: 'state', state: event.state }) * US_PER_CHARACTER;
        this.flush();
        break;
      case 'result':
        this.isComplete = event.ended === undefined && event.error === undefined;
        if (!this.isComplete) this.add({ type: 'state', state: event.state });
    }
  }

  async end(): Promise<void> {
    this.flush();
    if (this.isComplete) await this.sink.discard();
  }

  /** @returns how many characters it has */
  private add(line: Line): number {
    const text = `${JSON.stringify(line)}\n`;
    this.lines += text;
    if (this.lines.length >= MOST_LENGTH) this.flush();
    return text.length;
  }

  private flush(): void {
    if (this.lines === '') return;
    this.sink.write(Buffer.from(this.lines));
    this.lines = '';
  }
}
