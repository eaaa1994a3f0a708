/** The file of `--resume`: what is written is read again, however much of it a crash left. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { checkSame, fingerprintOf, Journal, readJournal } from '../../src/cli/scan-journal.ts';
import { CliError } from '../../src/options/errors.ts';
import type { PortEvent, ScanResult, ScanStartEvent, ScanState } from '../../src/probe/events.ts';
import { IntervalSet } from '../../src/probe/scan/intervals.ts';
import { SCAN_DEFAULTS } from '../../src/probe/scan/request.ts';

const directory = mkdtempSync(join(tmpdir(), 'rawshake-test-'));
afterAll(() => rmSync(directory, { recursive: true }));
const path = join(directory, 'state');

const REQUEST = {
  ...SCAN_DEFAULTS,
  targets: { addresses: IntervalSet.of([{ first: 1, last: 9 }]), excluded: 0, skipped: [] },
  ports: IntervalSet.of([{ first: 80, last: 81 }]),
};
const FINGERPRINT = fingerprintOf(REQUEST);

const state = (done: number): ScanState => ({
  seed: 7,
  hosts: 9,
  ports: 2,
  shard: undefined,
  done: [{ first: 0, last: done - 1 }],
  outcomes: [{ verdict: 'open', reason: 'syn-ack', count: done }],
});
const port = (number: number): PortEvent => ({
  type: 'port',
  verdict: 'open',
  reason: 'syn-ack',
  atUs: 1,
  address: '10.0.0.2',
  port: number,
  rttUs: 1.5,
  ttl: 64,
  attempts: 1,
  lastSentAtUs: 0,
  from: undefined,
  proxied: false,
  proxiedReason: undefined,
});
const START = { type: 'start' } as ScanStartEvent;
const result = (done: number, ended: ScanResult['ended']) =>
  ({ type: 'result', ended, error: undefined, state: state(done) }) as ScanResult;

/** A run that tells of some ports, with a checkpoint after each. */
async function run(ports: readonly number[], ended: ScanResult['ended']): Promise<void> {
  const journal = await Journal.open(path, FINGERPRINT, await readJournal(path), {});
  journal.event(START);
  ports.forEach((number, i) => {
    journal.event(port(number));
    journal.event({ type: 'checkpoint', atUs: (i + 1) * 1e9, state: state(number) });
  });
  journal.event(result(ports.at(-1) ?? 0, ended));
  await journal.end();
  await journal.sink.close();
  expect(journal.sink.failure).toBeUndefined();
}

it('remembers state and ports over several runs, and nothing once the scan is complete', async () => {
  expect(await readJournal(path)).toBeUndefined();
  await run([1, 2], 'interrupted');
  await run([3], 'interrupted');
  const remembered = await readJournal(path);
  expect(remembered?.state).toEqual(JSON.parse(JSON.stringify(state(3))));
  expect(remembered?.ports.map(({ port }) => port)).toEqual([1, 2, 3]);
  checkSame(path, remembered?.fingerprint ?? FINGERPRINT, FINGERPRINT);
  await run([4], undefined);
  expect(await readJournal(path)).toBeUndefined();
});

it('tells a large state less often', async () => {
  const journal = await Journal.open(path, FINGERPRINT, undefined, {});
  journal.event(START);
  for (let second = 1; second <= 3; second++) {
    const done = Array.from({ length: 10_000 }, (_, i) => ({ first: 2 * i, last: 2 * i }));
    journal.event({ type: 'checkpoint', atUs: second * 1e6, state: { ...state(1), done } });
  }
  await journal.end();
  expect(readFileSync(path, 'utf8').match(/"type":"state"/g)).toHaveLength(1);
  journal.event(result(1, undefined));
  await journal.end();
  await journal.sink.close();
});

it('goes on from the last whole state, wherever the file is cut off', async () => {
  await run([1, 2], 'interrupted');
  const whole = readFileSync(path);
  /** Ends of lines, and what is known there. */
  const ends = [...whole.entries()].filter(([, byte]) => byte === 10).map(([at]) => at + 1);
  for (let length = 0; length <= whole.length; length++) {
    writeFileSync(path, whole.subarray(0, length));
    const remembered = await readJournal(path);
    const lines = ends.filter((end) => end <= length).length;
    // Fingerprint, port, state, port, state, and the state at the end.
    const ports = lines >= 5 ? 2 : lines >= 3 ? 1 : 0;
    expect({ length, ports: remembered?.ports.length }).toEqual({ length, ports: lines === 0 ? undefined : ports });
    expect(remembered?.state?.done[0]?.last).toBe(ports === 0 ? undefined : ports - 1);
  }
});

describe('refuses', () => {
  const head = `${JSON.stringify({ type: 'scan', format: 1, fingerprint: FINGERPRINT })}\n`;

  it.each([
    ['text', 'hello\n'],
    ['JSON of another kind', '{"type":"result"}\n'],
    ['no object', 'null\n'],
    ['another format', head.replace('"format":1', '"format":2')],
    ['a state without what it needs', `${head}{"type":"state","state":{"seed":1}}\n`],
    ['a run backwards', `${head}{"type":"state","state":{"seed":1,"done":[{"first":2,"last":1}],"outcomes":[]}}\n`],
    ['a port of no host', `${head}{"type":"port","address":"nowhere","port":80,"verdict":"open"}\n`],
    ['a state before the scan', '{"type":"state","state":{"seed":1,"done":[],"outcomes":[]}}\n'],
  ])('%s', async (_name, text) => {
    writeFileSync(path, text);
    await expect(readJournal(path)).rejects.toThrow(/holds something else than a scan of this version/);
  });

  it('another scan, and says what differs', () => {
    const other = fingerprintOf({ ...REQUEST, ports: IntervalSet.of([{ first: 80, last: 80 }]), shard: { index: 1, count: 2 } });
    const check = () => checkSame(path, FINGERPRINT, other);
    expect(check).toThrow(CliError);
    expect(check).toThrow(/is of another scan: ports 2 ports \(digest \w{8}\) there, 1 port \(digest \w{8}\) here, and other shard$/);
  });
});
