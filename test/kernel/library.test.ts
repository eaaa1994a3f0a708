/** The library as a program calls it, against real servers, and the programs of examples/. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { connect, listen, open, ping, resultOf, scan, send, trace } from '../../src/index.ts';
import { RST, SYN } from '../../src/wire/flags.ts';
import { describeNeeding } from '../support/capabilities.ts';
import { command } from '../support/command.ts';
import { moveInto } from '../support/inside.ts';
import { createPair, type Network, temporaryDirectory } from '../support/netns.ts';
import { keystream, sha256, startNginx, startServers } from '../support/servers.ts';

const ECHO = 7;
const NEVER_CLOSE = 9;
const RESET = 13;
const CLOSED = 81;
const WEB = 80;

describeNeeding(['namespaces'], 'the library', () => {
  let place: Network;
  let moveBack: () => void;
  let host: string;

  beforeAll(async () => {
    place = createPair();
    host = place.serverAddress;
    await startServers(place.server, { [ECHO]: 'echo', [NEVER_CLOSE]: 'never-close', [RESET]: 'reset' });
    await startNginx(place.server);
    moveBack = moveInto(place.client);
  });
  afterAll(() => {
    moveBack();
    place.remove();
  });

  it('fills in what a command would', async () => {
    expect(await resultOf(connect({ host, port: WEB }))).toMatchObject({ verdict: 'open', close: { completed: true } });
    expect(await resultOf(connect({ host, port: CLOSED }))).toMatchObject({ verdict: 'closed' });
    expect(await resultOf(send({ host, port: WEB, timeoutMs: 50 }))).toMatchObject({ verdict: 'open', sent: 1 });
    expect(await resultOf(send({ host, port: CLOSED, spec: { flags: SYN | RST }, timeoutMs: 50 }))).toMatchObject({ received: 0 });
    expect(await resultOf(ping({ host, port: WEB, count: 3, intervalMs: 1 }))).toMatchObject({ sent: 3, received: 3 });
    expect(await resultOf(scan({ targets: [host], ports: '80-82,http' }))).toMatchObject({ counts: { open: 1, closed: 2 } });
    expect(await resultOf(trace({ host, port: WEB }))).toMatchObject({ verdict: 'open', reached: true, hops: 1 });
  });

  it('takes undefined for left out', async () => {
    const nothing = { timeoutMs: undefined, deadlineMs: undefined, ttl: undefined, signal: undefined, random: undefined };
    expect(await resultOf(connect({ host, port: WEB, data: undefined, close: undefined, ...nothing }, nothing))).toMatchObject({
      verdict: 'open',
      close: { kind: 'active', completed: true },
    });
    expect(await resultOf(send({ host, port: CLOSED, spec: undefined, count: undefined, ...nothing }))).toMatchObject({ sent: 1 });
    expect(await resultOf(ping({ host, port: WEB, targets: undefined, count: 1, intervalMs: undefined, ...nothing }))).toMatchObject({
      sent: 1,
      received: 1,
    });
    expect(await resultOf(scan({ targets: [host], ports: '80', confidence: undefined }, nothing))).toMatchObject({ counts: { open: 1 } });
    expect(await resultOf(trace({ host, port: WEB, maxTtl: undefined, ...nothing }))).toMatchObject({ reached: true });
  });

  it('looks up each target of a ping', async () => {
    const targets = [WEB, CLOSED].map((port) => ({ host, port }));
    expect(await resultOf(ping({ targets, count: 1 }))).toMatchObject({ targets: [{ verdict: 'open' }, { verdict: 'closed' }] });
  });

  it('refuses a time that is none, before anything is sent', async () => {
    for (const timeoutMs of [Number.NaN, -1, '5' as unknown as number])
      await expect(resultOf(connect({ host, port: WEB, timeoutMs }))).rejects.toMatchObject({
        name: 'InputError',
        message: `timeoutMs: ${timeoutMs} is no time`,
      });
    await expect(open({ host, port: WEB, timeWaitMs: Number.NaN })).rejects.toThrow('timeWaitMs: NaN is no time');
  });

  it.each<[field: string, hint: RegExp, call: (any: never) => AsyncIterable<{ type: string }>]>([
    ['close', /simultaneous/, (close) => connect({ host, port: WEB, close })],
    ['close', /active, passive, half, reset, none$/, (close) => listen({ ports: [9999], close })],
    ['repeatUntil', /syn-ack/, (repeatUntil) => send({ host, port: WEB, repeatUntil })],
    ['synOptions.preset', /none, linux, bsd, windows/, (preset) => connect({ host, port: WEB, synOptions: { preset } })],
    ['technique', /TECHNIQUES\.syn/, (technique) => scan({ targets: [host], ports: '80', technique })],
    ['tell', /open\|filtered/, (verdict) => scan({ targets: [host], ports: '80', tell: new Set([verdict]) })],
  ])('refuses a word that there is not for %s, %s', async (field, hint, call) => {
    await expect(resultOf(call('simultaneus' as never))).rejects.toMatchObject({
      name: 'InputError',
      message: expect.stringMatching(new RegExp(`^${field}: `)),
      hint: expect.stringMatching(hint),
    });
  });

  it('repeats its choices by a seed', async () => {
    const isns = [1, 1, 2].map(async (seed) => (await resultOf(connect({ host, port: WEB, close: 'reset' }, { seed }))).iss);
    const [first, again, other] = await Promise.all(isns);
    expect(first).toBe(again);
    expect(first).not.toBe(other);
  });

  it('ends by a signal with what is known', async () => {
    const signal = AbortSignal.timeout(100);
    expect(await resultOf(connect({ host, port: NEVER_CLOSE, close: 'passive' }, { signal }))).toMatchObject({ ended: 'interrupted' });
  });

  it('opens a connection that carries megabytes both ways', async () => {
    const data = keystream(2_000_000);
    await using connection = await open({ host, port: ECHO });
    expect(connection).toMatchObject({ state: 'ESTABLISHED', remote: { address: host, port: ECHO } });
    const writing = (async () => {
      for (let at = 0; at < data.length; at += 100_000) await connection.write(data.subarray(at, at + 100_000));
      connection.end();
    })();
    const chunks: Uint8Array[] = [];
    for await (const chunk of connection) chunks.push(chunk);
    await writing;
    expect(sha256(Buffer.concat(chunks))).toBe(sha256(data));
    expect(await connection.close()).toMatchObject({ close: { completed: true }, kernelDrops: 0 });
  });

  it('throws what a program can catch', async () => {
    await expect(open({ host, port: CLOSED })).rejects.toMatchObject({ code: 'refused', outcome: { verdict: 'closed', reason: 'rst' } });
    const connection = await open({ host, port: RESET });
    await connection.write('x');
    await expect(connection.read()).rejects.toMatchObject({ code: 'reset', message: `${host}:${RESET} reset the connection` });
    await expect(open({ host: 'no.such.host.invalid', port: 1 })).rejects.toMatchObject({ code: 'name-not-resolved' });
    await expect(open({ host, port: WEB }, { signal: AbortSignal.abort() })).rejects.toMatchObject({ name: 'AbortError' });
  });

  it('lets go of everything however a run is left, and the process ends by itself', async () => {
    const silent = 99;
    place.server.firewall('input', `tcp dport ${silent} drop`);
    const program = [process.execPath, 'test/support/leave-early.js', host, `${NEVER_CLOSE}`, `${silent}`];
    const told = (await place.client.run(program)).trim().split('\n');
    place.server.openFirewall();
    const left = told.map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(left).toHaveLength(10 * 4 + 2);
    for (const { run, way, ended, ...open } of left) expect([run, way, open]).toEqual([run, way, { listening: 0, raw: 0 }]);
    expect(new Set(left.map(({ way, ended }) => `${way}: ${ended}`))).toEqual(
      new Set([
        'the loop is left at the first event: start',
        'the loop is left at the first event: listening',
        'the loop is left by an error: enough',
        'the signal comes: interrupted',
        'the signal has come before: interrupted',
        'its data fail at piece 0: no more data',
        'its data fail at piece 1: no more data',
      ]),
    );
    expect(place.server.exec(['ss', '-Htn', 'state', 'established'])).toBe('');
  });

  it('says before anything is sent that data are not pieces', async () => {
    async function* later() {
      yield Buffer.from('data');
    }
    for (const data of ['text', Buffer.from('lone'), later()] as never[])
      await expect(resultOf(connect({ host, port: WEB, data }))).rejects.toMatchObject({
        name: 'InputError',
        message: 'data: not an array of Uint8Array, nor another iterable of them',
      });
  });

  it('leaves nothing open', () => {
    expect(place.client.listeners()).toBe('');
    expect(readFileSync('/proc/net/raw', 'utf8').trim().split('\n')).toHaveLength(1);
  });

  it('examples/http-head.mjs', () => {
    const run = (...args: string[]) => command(['sh', '-c', 'node examples/http-head.mjs "$@" || test $? = 1', 'sh', ...args]);
    expect(run(host)).toMatch(/^HTTP\/1\.1 200 OK\nround trip [\d.]+ µs, state CLOSE-WAIT\n$/);
    expect(run(host, `${CLOSED}`)).toBe(`closed: connect ${host}:${CLOSED}: the port is closed (RST)\n`);
  });

  it('examples/reachable.mjs', () => {
    const run = (...args: string[]) => command(['sh', '-c', 'node examples/reachable.mjs "$@"; echo $?', 'sh', ...args]);
    expect(run(`${host}:${WEB}`, `${host}:${ECHO}`)).toMatch(
      /^10\.77\.1\.2:80\topen \(syn-ack\)\t[\d.]+ ms\n10\.77\.1\.2:7\topen .*\n0\n$/,
    );
    expect(run(`${host}:${WEB}`, `${host}:${CLOSED}`)).toMatch(/\n10\.77\.1\.2:81\tclosed \(rst\)\t[\d.]+ ms\n1\n$/);
  });

  it('examples/loss.mjs', () => {
    const file = join(temporaryDirectory(), 'loss.pcapng');
    expect(command(['node', 'examples/loss.mjs', host, `${WEB}`, file])).toMatch(/^20 of 20 answered, 0 % lost, median [\d.]+ µs\n$/);
    const segments = command(['tshark', '-r', file, '-Y', 'tcp.flags.syn == 1 && tcp.flags.ack == 1']);
    expect(segments.trim().split('\n')).toHaveLength(20);
  });
});
