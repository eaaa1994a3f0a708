/** `replay` of what tcpdump captured of curl and nginx, in every form that tcpdump and editcap write; and of damaged files. */
import { chmodSync, copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { misfit } from '../schema/validate.ts';
import { describeNeeding } from '../support/capabilities.ts';
import { startCapture } from '../support/capture.ts';
import { runCli } from '../support/cli.ts';
import { asNobody, command } from '../support/command.ts';
import { createPair, createRouted, type Namespace, type Network, temporaryDirectory } from '../support/netns.ts';
import { rawshake, rawshakeArgv, startRawshake } from '../support/rawshake.ts';
import { startNginx } from '../support/servers.ts';

interface Told {
  code: number;
  /** The results of the conversations. */
  conversations: Record<string, unknown>[];
  result: Record<string, unknown>;
  stderr: string;
}

async function replay(file: string, ...options: string[]): Promise<Told> {
  const { code, lines, stderr } = await runCli(['replay', file, '--json', ...options]);
  for (const line of lines) expect(misfit(line, 'replay')).toBe('');
  return {
    code,
    conversations: lines.filter(({ type, conversation }) => type === 'result' && conversation !== undefined),
    result: lines.at(-1) ?? {},
    stderr,
  };
}

describeNeeding(['namespaces'], 'replay', () => {
  let network: Network;
  let directory: string;
  /** Captures of the same three exchanges. */
  const files: Record<'any' | 'anyNano' | 'ethernet', string> = { any: '', anyNano: '', ethernet: '' };

  beforeAll(async () => {
    network = createPair();
    directory = temporaryDirectory();
    await startNginx(network.server);
    const { server } = network;
    const captures = [
      await startCapture(server, 'any', 128),
      await startCapture(server, 'any', 128, ['--nano']),
      await startCapture(server, 'lo', 128, ['--nano']),
    ] as const;
    const curl = ['curl', '-s', '-o', '/dev/null', '-o', '/dev/null'];
    server.exec([...curl, 'http://127.0.0.1/']);
    server.exec([...curl, 'http://127.0.0.1/', 'http://127.0.0.1/small']);
    server.exec([...curl, 'http://127.0.0.1/large']);
    server.exec(['sh', '-c', 'curl -s http://127.0.0.1:81/ || true']);
    for (const capture of captures) await capture.stop();
    [files.any, files.anyNano, files.ethernet] = [captures[0].file, captures[1].file, captures[2].file];
  }, 60_000);
  afterAll(() => network.remove());

  const converted = (file: string, type: string): string => {
    const target = join(directory, `${type}-${Math.random()}.cap`);
    command(['editcap', '-F', type, file, target]);
    return target;
  };

  /** What curl and nginx said, however it was captured. */
  const expectTheExchange = ({ code, conversations, stderr }: Told) => {
    expect([code, stderr]).toEqual([0, '']);
    const [page, keptAlive, large, refused] = conversations;
    expect(conversations).toHaveLength(4);
    for (const each of [page, keptAlive, large]) {
      expect(each).toMatchObject({
        verdict: 'open',
        reason: 'syn-ack',
        evidence: 'data-acknowledged',
        missingBytes: 0,
        beginsMidway: false,
      });
      expect(each?.close).toMatchObject({ kind: 'active', initiator: 'local', completed: true, finalState: 'TIME-WAIT' });
      expect(each?.rttUs).toBeGreaterThan(0);
      expect(each?.handshakeUs).toBeGreaterThan(each?.rttUs as number);
    }
    const received = conversations.map(({ data }) => (data as { receivedBytes: number }).receivedBytes);
    expect(received[1]).toBeGreaterThan(1024 + (received[0] as number));
    expect(received[2]).toBeGreaterThan(10 * 1024 * 1024);
    expect(received[2]).toBeLessThan(10 * 1024 * 1024 + 1000);
    expect(refused).toMatchObject({ verdict: 'closed', reason: 'rst', states: ['CLOSED', 'SYN-SENT', 'CLOSED'] });
  };

  it('reads what tcpdump -i any writes: Linux cooked', async () => {
    expectTheExchange(await replay(files.any));
  });

  it('takes what a router sees come and go for one', async () => {
    const { client, router, server, serverAddress, remove } = createRouted();
    try {
      await startNginx(server);
      const capture = await startCapture(router as Namespace);
      client.exec(['curl', '-s', '-o', '/dev/null', `http://${serverAddress}/small`]);
      await capture.stop();
      const { conversations, result } = await replay(capture.file);
      expect(conversations).toMatchObject([
        { verdict: 'open', retransmissions: 0, peerRetransmissions: 0, close: { kind: 'active', completed: true } },
      ]);
      const { sent, received } = (conversations[0] as { segments: Record<string, number> }).segments as { sent: number; received: number };
      expect(result.passedOver).toMatchObject({ copy: sent + received });
    } finally {
      remove();
    }
  });

  it('reads nanoseconds', async () => {
    const told = await replay(files.anyNano);
    expectTheExchange(told);
    expect(told.conversations.some(({ rttUs }) => !Number.isInteger(rttUs))).toBe(true);
  });

  it('reads Ethernet frames, cut short', async () => {
    expectTheExchange(await replay(files.ethernet));
  });

  it.each(['pcapng', 'nsecpcap', 'pcap', 'modpcap'])('reads %s of editcap: it tells the same', async (type) => {
    const original = await replay(files.ethernet);
    const told = await replay(converted(files.ethernet, type));
    expectTheExchange(told);
    expect(told.result.format).toBe(type === 'pcapng' ? 'pcapng' : 'pcap');
    const keepsNanoseconds = type === 'pcapng' || type === 'nsecpcap';
    if (keepsNanoseconds) expect(told.conversations).toEqual(original.conversations);
    expect(told.result.packets).toBe(original.result.packets);
  });

  it('reads a cooked version 1 capture', async () => {
    const capture = await startCapture(network.server, 'any', 256, ['-y', 'LINUX_SLL']);
    network.server.exec(['curl', '-s', '-o', '/dev/null', 'http://127.0.0.1/']);
    await capture.stop();
    const { conversations } = await replay(capture.file);
    expect(conversations).toMatchObject([{ verdict: 'open', close: { completed: true } }]);
  });

  it('needs no privilege', async () => {
    chmodSync(directory, 0o755);
    const file = join(directory, 'readable.pcap');
    copyFileSync(files.ethernet, file);
    chmodSync(file, 0o644);
    const run = await rawshake(network.client, ['replay', file, '-q'], { before: asNobody });
    expect([run.code, run.stderr]).toEqual([0, '']);
    expect(run.stdout.split('\n').map((line) => line.split(/ {2,}/)[2])).toEqual(['open', 'open', 'open', 'closed', undefined]);
  });

  it('reads stdin', async () => {
    const run = network.client.exec(['bash', '-c', '"$0" bin/rawshake.js replay - --list < "$1"', process.execPath, files.ethernet]);
    expect(run).toMatch(/initiator closed[\s\S]*refused/);
  });

  it('tells what it knows where Ctrl-C ends a stdin that does not', async () => {
    const child = network.client.spawn(rawshakeArgv(['replay', '-', '--json']));
    const ended = new Promise((resolve) => child.once('close', resolve));
    let said = '';
    const begins = new Promise((resolve) => child.stdout.once('data', resolve));
    child.stdout.setEncoding('utf8').on('data', (text) => {
      said += text;
    });
    child.stdin.write(readFileSync(files.ethernet).subarray(0, 3000));
    await begins;
    child.kill('SIGINT');
    expect(await ended).toBe(130);
    const lines = said
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(lines.find(({ type, conversation }) => type === 'result' && conversation === 1)).toMatchObject({ verdict: 'open' });
    expect(lines.at(-1)).toMatchObject({ type: 'result', exitCode: 130 });
  });

  it('tells what it knows where Ctrl-C ends a named pipe into which nobody writes', async () => {
    const pipe = join(directory, 'pipe');
    command(['mkfifo', pipe]);
    const running = startRawshake(network.client, ['replay', pipe, '--json'], { timeoutMs: 5000 });
    await delay(1000);
    running.child.kill('SIGINT');
    const run = await running.finished;
    expect([run.code, run.lines]).toMatchObject([130, [{ type: 'result', packets: 0, exitCode: 130 }]]);
  });

  describe('of a file that is damaged', () => {
    it.each<[string, (file: string) => void, number, RegExp]>([
      ['missing', () => undefined, 66, /can't read ".*": no such file/],
      ['a directory', (file) => mkdirSync(file), 66, /is a directory/],
      ['packed', (file) => writeFileSync(file, gzipSync(readFileSync(files.ethernet))), 65, /compressed by gzip; unpack it: zcat/],
      ['empty', (file) => writeFileSync(file, ''), 65, /an empty file/],
      ['of another kind', (file) => writeFileSync(file, 'hello, this is no capture'), 65, /neither pcap nor pcapng/],
      [
        'cut off',
        (file) => writeFileSync(file, readFileSync(files.ethernet).subarray(0, 3000)),
        65,
        /cut off: the file ends \d+ bytes into a record, at byte 3000; what came/,
      ],
    ])('%s: one line', async (_name, make, code, message) => {
      const file = join(directory, `damaged-${Math.random()}`);
      make(file);
      const run = await runCli(['replay', file]);
      expect(run.code).toBe(code);
      expect(run.stderr).toMatch(message);
      expect(run.stderr.trimEnd().split('\n')).toHaveLength(1);
    });

    it('what could be read is shown first', async () => {
      const file = join(directory, 'cut');
      writeFileSync(file, readFileSync(files.ethernet).subarray(0, 3000));
      const { conversations, result, code } = await replay(file);
      expect(code).toBe(65);
      expect(conversations[0]).toMatchObject({ verdict: 'open', close: { completed: true } });
      expect(result).toMatchObject({ exitCode: 65, error: { code: 'bad-data' }, stopped: { protocol: 'pcap', offset: 3000 } });
    });

    it.each([
      ['pcap', 40],
      ['pcapng', 28],
    ])('%s, cut at every byte: what is there, and 65', async (type, least) => {
      const small = join(directory, `small.${type}`);
      command(['editcap', '-F', type, '-r', files.ethernet, small, '1-4']);
      const whole = readFileSync(small);
      const file = join(directory, `cut.${type}`);
      const codes = new Set<number>();
      for (let length = 0; length < whole.length; length++) {
        writeFileSync(file, whole.subarray(0, length));
        const { code, stderr } = await runCli(['replay', file, '-q']);
        codes.add(code);
        if (length < least) expect(code, `${length} bytes: ${stderr}`).toBe(length === least - 16 && type === 'pcap' ? 0 : 65);
      }
      // At the end of a record the file is whole.
      expect([...codes].sort()).toEqual([0, 65]);
    });

    it.each(['pcap', 'pcapng'])('%s, each byte flipped: a reading, or 65', async (type) => {
      const whole = readFileSync(join(directory, `small.${type}`));
      const file = join(directory, `flipped.${type}`);
      for (let at = 0; at < whole.length; at++) {
        const flipped = Buffer.from(whole);
        flipped[at] = (flipped[at] as number) ^ 0xff;
        writeFileSync(file, flipped);
        const { code, stderr } = await runCli(['replay', file, '--explain']);
        expect([0, 65], `byte ${at}: ${stderr}`).toContain(code);
      }
    });
  });
});
