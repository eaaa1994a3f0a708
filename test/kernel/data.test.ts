/** Bytes there and back: all of them, once, in order. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { describeNeeding } from '../support/capabilities.ts';
import { resetsFrom } from '../support/capture.ts';
import type { Lines } from '../support/lines.ts';
import { createRouted, type Namespace, type Network, temporaryDirectory } from '../support/netns.ts';
import { captureRawshake, type Run, type RunOptions, rawshake } from '../support/rawshake.ts';
import { FILES, keystream, type ServerEvent, sha256, startNginx, startServers } from '../support/servers.ts';

const ECHO = '7';
const SINK = '9';
const SLOW_READER = '10';
const NEVER_READS = '11';
const CLOSES_ON_REQUEST = '14';

/** What `--data-length` sends. */
const alphabet = (length: number): Buffer => Buffer.alloc(length, 'ABCDEFGHIJKLMNOPQRSTUVWXYZ');

describeNeeding(['namespaces'], 'data', () => {
  let network: Network;
  let router: Namespace;
  let servers: Lines<ServerEvent>;
  let directory: string;
  let files = 0;

  beforeAll(async () => {
    network = createRouted();
    router = network.router as Namespace;
    directory = temporaryDirectory();
    servers = await startServers(network.server, {
      [ECHO]: 'echo',
      [SINK]: 'sink',
      [SLOW_READER]: 'slow-reader',
      [NEVER_READS]: 'never-reads',
      [CLOSES_ON_REQUEST]: 'close-on-request',
    });
    await startNginx(network.server);
  });
  afterEach(() => router.openFirewall());
  afterAll(() => network.remove());

  const newFile = (): string => join(directory, `file${files++}`);

  const connect = (port: string, options: string[], runOptions?: RunOptions): Promise<Run> =>
    rawshake(network.client, ['connect', network.serverAddress, port, '--json', '--time-wait', '0.1', ...options], runOptions);

  const receivedBy = (run: Run): Promise<ServerEvent> => {
    const port = run.of('start')[0]?.sourcePort;
    return servers.first(`what ${port} sent`, ({ event, remotePort }) => event === 'received' && remotePort === port);
  };

  /** The body of the answer in a file. */
  const bodyOf = (file: string): Buffer => {
    const answer = readFileSync(file);
    return answer.subarray(answer.indexOf('\r\n\r\n') + 4);
  };

  it.each([
    ['--data', ['--data', 'caf\u00e9\\x00\\xff\\r\\n\\t'], Buffer.concat([Buffer.from('caf\u00e9'), Buffer.from([0, 255, 13, 10, 9])])],
    ['--data-hex', ['--data-hex', '00ff7f80'], Buffer.from([0, 255, 127, 128])],
    ['--data-length', ['--data-length', '60'], alphabet(60)],
  ])('echo of %s', async (_name, options, bytes) => {
    const file = newFile();
    const run = await connect(ECHO, [...options, '--save', file, '--idle', '0.3']);
    expect(run).toMatchObject({ code: 0, stderr: '' });
    expect(readFileSync(file)).toEqual(bytes);
    expect(run.result.data).toMatchObject({ sentBytes: bytes.length, ackedBytes: bytes.length, receivedBytes: bytes.length });
    expect(run.result.data?.firstByteUs).toBeGreaterThan(0);
    expect(run.result.evidence).toBe('data-acknowledged');
  });

  it('echo of --data-file', async () => {
    const [source, file] = [newFile(), newFile()];
    writeFileSync(source, keystream(50_000));
    const run = await connect(ECHO, ['--data-file', source, '--save', file, '--close', 'half']);
    expect(run).toMatchObject({ code: 0, stderr: '' });
    expect(readFileSync(file).equals(keystream(50_000))).toBe(true);
  });

  it('--save -: to stdout as it came, and the text to stderr', async () => {
    const { code, stdout, stderr } = await rawshake(network.client, [
      'connect',
      network.serverAddress,
      ECHO,
      '--data',
      'a\\x1bb\\r\\n',
      '--save',
      '-',
    ]);
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'a\x1bb\r\n' });
    expect(stderr).toMatch(/verdict +open/);
  });

  it('--save of nothing received: an empty file', async () => {
    const file = newFile();
    expect((await connect(SINK, ['--save', file])).code).toBe(0);
    expect(readFileSync(file)).toHaveLength(0);
  });

  it('10 MiB up', async () => {
    const length = 10 * 1024 * 1024;
    const run = await connect(SINK, ['--data-length', `${length}`, '--close', 'half']);
    expect(run).toMatchObject({ code: 0, stderr: '' });
    expect(await receivedBy(run)).toMatchObject({ bytes: length, sha256: sha256(alphabet(length)) });
    expect(run.result.data).toMatchObject({ sentBytes: length, ackedBytes: length });
  });

  it('10 MiB down', async () => {
    const file = newFile();
    const run = await connect('80', ['--data', 'GET /large HTTP/1.0\\r\\n\\r\\n', '--save', file, '--close', 'passive']);
    expect(run).toMatchObject({ code: 0, stderr: '' });
    expect(bodyOf(file)).toHaveLength(FILES['/large']);
    expect(sha256(bodyOf(file))).toBe(sha256(keystream(FILES['/large'])));
    expect(run.result.kernelDrops).toBe(0);
  });

  it('100 MiB down into a pipe, no faster than that is read', async () => {
    const pipe = newFile();
    network.client.exec(['mkfifo', pipe]);
    const reader = network.client.spawn(['wc', '-c', pipe]);
    let counted = '';
    reader.stdout.setEncoding('utf8').on('data', (text) => {
      counted += text;
    });
    const ended = new Promise((resolve) => reader.once('close', resolve));
    const run = await connect('80', ['--data', 'GET /huge HTTP/1.0\\r\\n\\r\\n', '--save', pipe, '--close', 'passive']);
    await ended;
    expect(run).toMatchObject({ code: 0, stderr: '' });
    expect(run.result).toMatchObject({ kernelDrops: 0, data: { receivedBytes: Number.parseInt(counted, 10) } });
    expect(run.result.data?.receivedBytes).toBeGreaterThan(FILES['/huge']);
  });

  it('up and down through a path that loses a tenth both ways', async () => {
    router.firewall('forward', 'numgen random mod 100 < 10 drop');
    const up = await connect(SINK, ['--data-length', '100000', '--close', 'half', '--timeout', '30'], { timeoutMs: 90_000 });
    expect(up).toMatchObject({ code: 0, stderr: '' });
    expect(await receivedBy(up)).toMatchObject({ bytes: 100_000, sha256: sha256(alphabet(100_000)) });
    expect(up.result.retransmissions).toBeGreaterThan(0);

    const [source, file] = [newFile(), newFile()];
    writeFileSync(source, keystream(100_000));
    const both = await connect(ECHO, ['--data-file', source, '--save', file, '--close', 'half', '--timeout', '30'], { timeoutMs: 90_000 });
    expect(both).toMatchObject({ code: 0, stderr: '' });
    expect(readFileSync(file).equals(keystream(100_000))).toBe(true);
  }, 200_000);

  it('to a reader that is slow: the window closes and opens', async () => {
    const length = 8 * 1024 * 1024;
    const run = await connect(SLOW_READER, ['--data-length', `${length}`, '--close', 'half']);
    expect(run).toMatchObject({ code: 0, stderr: '' });
    expect(await receivedBy(run)).toMatchObject({ bytes: length, sha256: sha256(alphabet(length)) });
    expect(run.of('note').filter(({ code }) => code === 'zero-window').length).toBeGreaterThanOrEqual(2);
  });

  it('to a reader that never reads: the window stays closed', async () => {
    const { run, capture } = await captureRawshake(network.client, [
      'connect',
      network.serverAddress,
      NEVER_READS,
      '--json',
      '--data-length',
      '8388608',
      '--timeout',
      '1.5',
      '--deadline',
      '6',
    ]);
    expect(run).toMatchObject({ code: 3, stderr: '' });
    expect(run.result).toMatchObject({ verdict: 'open', ended: 'zero-window', exitCode: 3 });
    expect(run.result.close?.completed).toBe(false);
    expect(run.of('segment').some(({ note }) => note === 'window-probe')).toBe(true);
    expect(capture.packets(resetsFrom(network.clientAddress))).toHaveLength(1);
  });

  it('--mss and --window hold the peer back', async () => {
    const file = newFile();
    const options = ['--data', 'GET /small HTTP/1.0\\r\\n\\r\\n', '--save', file, '--mss', '100', '--window', '400', '--wscale', '0'];
    const run = await connect('80', options);
    expect(run).toMatchObject({ code: 0, stderr: '' });
    expect(bodyOf(file).equals(keystream(FILES['/small']))).toBe(true);
    const received = run.of('segment').filter(({ direction, length }) => direction === 'received' && length > 0);
    expect(Math.max(...received.map(({ length }) => length))).toBeLessThanOrEqual(400);
    expect(run.of('segment')[0]).toMatchObject({ window: 400 });
  });

  it('--tcp-options none: a connection without any', async () => {
    const file = newFile();
    const run = await connect('80', [
      '--data',
      'GET /large HTTP/1.0\\r\\n\\r\\n',
      '--save',
      file,
      '--tcp-options',
      'none',
      '--close',
      'passive',
    ]);
    expect(run).toMatchObject({ code: 0, stderr: '' });
    expect(sha256(bodyOf(file))).toBe(sha256(keystream(FILES['/large'])));
    expect(run.of('segment')[0]?.options).toEqual([]);
  });

  it('--save into a directory that is not there sends nothing', async () => {
    const { run, capture } = await captureRawshake(network.client, [
      'connect',
      network.serverAddress,
      ECHO,
      '--json',
      '--save',
      join(directory, 'missing', 'file'),
    ]);
    expect(run.code).toBe(74);
    expect(capture.packets(`host ${network.serverAddress}`)).toEqual([]);
  });

  it('--force replaces a file', async () => {
    const file = newFile();
    writeFileSync(file, 'old and longer than the new');
    expect((await connect(ECHO, ['--data', 'new', '--idle', '0.3', '--save', file, '--force'])).code).toBe(0);
    expect(readFileSync(file, 'utf8')).toBe('new');
  });

  it('--save on a full disk: exit 74, the result still told', async () => {
    const run = await connect(ECHO, ['--data', 'hello', '--idle', '0.3', '--save', '/dev/full']);
    expect(run.code).toBe(74);
    expect(run.result).toMatchObject({ verdict: 'open', exitCode: 74, error: { code: 'output' } });
    expect(run.stderr.trim().split('\n')).toHaveLength(1);
  });

  it('--save writes to a device that is there', async () => {
    expect((await connect(ECHO, ['--data', 'hello', '--idle', '0.3', '--save', '/dev/null'])).code).toBe(0);
  });
});

describeNeeding(['namespaces'], 'data over a path of small datagrams', () => {
  let network: Network;
  let servers: Lines<ServerEvent>;
  beforeAll(async () => {
    network = createRouted({ mtu: 600 });
    servers = await startServers(network.server, { 9: 'sink' });
  });
  afterAll(() => network.remove());

  it('heeds "fragmentation needed"', async () => {
    const run = await rawshake(network.client, [
      'connect',
      network.serverAddress,
      '9',
      '--json',
      '--data-length',
      '20000',
      '--close',
      'half',
    ]);
    expect(run).toMatchObject({ code: 0, stderr: '' });
    expect(run.of('icmp')[0]).toMatchObject({ name: 'fragmentation-needed', nextHopMtu: 600 });
    expect(run.of('note').map(({ code }) => code)).toContain('mtu-lowered');
    expect(await servers.first('the bytes', ({ event }) => event === 'received')).toMatchObject({
      bytes: 20_000,
      sha256: sha256(alphabet(20_000)),
    });
  });
});
