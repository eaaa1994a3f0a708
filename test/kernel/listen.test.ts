/** Who calls is the kernel's own stack: curl, node:net, nginx as a proxy, and our own connect. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { ListenEvent, ListenResult, ServedResult } from '../../src/probe/events.ts';
import { misfit } from '../schema/validate.ts';
import { describeNeeding } from '../support/capabilities.ts';
import { startCapture } from '../support/capture.ts';
import { asNobody } from '../support/command.ts';
import { Lines } from '../support/lines.ts';
import { asRoot, createPair, type Network, temporaryDirectory } from '../support/netns.ts';
import { rawshake, rawshakeArgv } from '../support/rawshake.ts';

type Line = Exclude<ListenEvent, ListenResult> | (ListenResult & { exitCode: number });

interface Listening {
  lines: Lines<Line>;
  interrupt(): void;
  /** Of the run, once it has ended. */
  ended(): Promise<ListenResult & { exitCode: number }>;
}

/** Of a transfer there are thousands, all alike. */
const LINES_LOOKED_AT = 300;

const HELLO = String.raw`HTTP/1.0 200 OK\r\nContent-Length: 6\r\n\r\nhello\n`;

describeNeeding(['namespaces'], 'listen', () => {
  let network: Network;
  const { execPath } = process;

  beforeAll(() => {
    network = createPair();
    // The sources of a flood are somewhere behind the client.
    network.server.ip('route add default via 10.77.1.1');
  });
  afterEach(() => {
    network.server.openFirewall();
    network.client.openFirewall();
  });
  afterAll(() => network.remove());

  async function listen(...args: string[]): Promise<Listening> {
    const child = network.server.spawn(rawshakeArgv(['listen', '--json', '--time-wait', '0.1', ...args]));
    child.stderr.pipe(process.stderr);
    const lines = new Lines<Line>(child.stdout, (text) => JSON.parse(text));
    await lines.first('listening', ({ type }) => type === 'listening');
    const isLast = (line: Line): line is ListenResult & { exitCode: number } => line.type === 'result' && !('conversation' in line);
    return {
      lines,
      interrupt: () => child.kill('SIGINT'),
      async ended() {
        const last = (await lines.first('the result', isLast, 25_000)) as ListenResult & { exitCode: number };
        for (const line of [...lines.all.slice(0, LINES_LOOKED_AT), last]) expect(misfit(line, 'listen')).toBe('');
        return last;
      },
    };
  }

  const conversations = ({ lines }: Listening): ServedResult[] =>
    lines.all.filter((line): line is ServedResult => line.type === 'result' && 'conversation' in line);

  const run = (argv: readonly string[]): Promise<string> => network.client.run(argv);
  const curl = (port: number): Promise<string> => run(['curl', '-s', '-m', '10', `http://10.77.1.2:${port}/`]);
  const callEcho = async (port: number, connections: number, bytes: number): Promise<{ failed: number; first?: string }> =>
    JSON.parse(await run([execPath, 'bench/clients/echo.js', 'call', '10.77.1.2', String(port), String(connections), String(bytes)]));

  it('answers curl, and the kernel on neither side sends a RST', async () => {
    const capture = await startCapture(network.server);
    const listening = await listen('8080', '--data', HELLO, '--count', '2');
    expect(await curl(8080)).toBe('hello\n');
    expect(await curl(8080)).toBe('hello\n');
    expect(await listening.ended()).toMatchObject({ connections: 2, completed: 2, exitCode: 0 });
    await capture.stop();
    expect(capture.packets('tcp[tcpflags] & tcp-rst != 0')).toEqual([]);
    expect(conversations(listening).map(({ close }) => close.completed)).toEqual([true, true]);
  });

  it('echoes to nc, whichever side closes first', async () => {
    const listening = await listen('7', '--echo', '--count', '1');
    expect(await run(['sh', '-c', 'printf "a line\\nand another" | nc -N -w 5 10.77.1.2 7'])).toBe('a line\nand another');
    expect(await listening.ended()).toMatchObject({ connections: 1, completed: 1, exitCode: 0 });
    const greeting = await listen('7', '--data', HELLO, '--close', 'active', '--count', '1');
    expect(await run(['nc', '-d', '-w', '5', '10.77.1.2', '7'])).toContain('hello');
    expect(await greeting.ended()).toMatchObject({ connections: 1, completed: 1, exitCode: 0 });
  });

  it("answers nginx's proxy_pass", async () => {
    const prefix = temporaryDirectory();
    writeFileSync(
      join(prefix, 'nginx.conf'),
      `daemon off; pid ${prefix}/pid; error_log stderr error; user root; events {}
http { access_log off; proxy_temp_path ${prefix}/p; client_body_temp_path ${prefix}/c; fastcgi_temp_path ${prefix}/f; uwsgi_temp_path ${prefix}/u; scgi_temp_path ${prefix}/s;
  server { listen 81; location / { proxy_pass http://10.77.1.2:8081; } } }`,
    );
    const nginx = network.client.spawn([...asRoot, 'nginx', '-p', prefix, '-c', join(prefix, 'nginx.conf'), '-e', 'stderr']);
    const listening = await listen('8081', '--data', HELLO, '--count', '3');
    for (let tries = 0; tries < 100 && !/:81 /.test(network.client.listeners()); tries++)
      await new Promise((resolve) => setTimeout(resolve, 20));
    for (let i = 0; i < 3; i++) expect(await run(['curl', '-s', '-m', '10', 'http://127.0.0.1:81/'])).toBe('hello\n');
    expect(await listening.ended()).toMatchObject({ connections: 3, completed: 3, exitCode: 0 });
    nginx.kill();
  });

  it('echoes to many connections of the kernel at once', async () => {
    const listening = await listen('7', '--echo', '--count', '20');
    expect(await callEcho(7, 20, 100_000)).toMatchObject({ failed: 0 });
    expect(await listening.ended()).toMatchObject({
      connections: 20,
      completed: 20,
      receivedBytes: 2_000_000,
      sentBytes: 2_000_000,
      exitCode: 0,
    });
  });

  it('loses nothing where the network loses, and it duplicates and reorders itself', async () => {
    const loss = 'numgen random mod 100 < 5 drop';
    network.server.firewall('input', loss);
    network.client.firewall('input', loss);
    const faults = 'duplicate=0.05,reorder=0.1';
    const listening = await listen('7', '--echo', '--fault', faults, '--fault-received', faults, '--count', '10');
    expect(await callEcho(7, 10, 50_000)).toMatchObject({ failed: 0 });
    expect(await listening.ended()).toMatchObject({ connections: 10, receivedBytes: 500_000, sentBytes: 500_000 });
  });

  it('speaks with our own connect, on each of its addresses, and answers from the one that was called', async () => {
    network.server.ip('addr add 10.77.1.3/24 dev eth0');
    const listening = await listen('9,10', '--echo', '--count', '2');
    for (const [address, port] of [
      ['10.77.1.2', '9'],
      ['10.77.1.3', '10'],
    ] as const) {
      const { result } = await rawshake(network.client, [
        'connect',
        address,
        port,
        '--json',
        '--data',
        'hello',
        '--idle',
        '0.1',
        '--time-wait',
        '0',
      ]);
      expect(result).toMatchObject({ verdict: 'open', data: { sentBytes: 5, receivedBytes: 5 }, close: { completed: true } });
    }
    expect((await listening.ended()).exitCode).toBe(0);
    const starts = listening.lines.all.filter(({ type }) => type === 'start');
    expect(starts).toMatchObject([
      { conversation: 1, sourceAddress: '10.77.1.2', sourcePort: 9, address: '10.77.1.1' },
      { conversation: 2, sourceAddress: '10.77.1.3', sourcePort: 10, address: '10.77.1.1' },
    ]);
  });

  it('listens on one address where it is asked to: another one is closed', async () => {
    const listening = await listen('9', '--source', '10.77.1.2', '--count', '1');
    const closed = await rawshake(network.client, ['connect', '10.77.1.3', '9', '--json']);
    expect(closed.result).toMatchObject({ verdict: 'closed', reason: 'rst' });
    const open = await rawshake(network.client, ['connect', '10.77.1.2', '9', '--json', '--time-wait', '0']);
    expect(open.result).toMatchObject({ verdict: 'open' });
    expect((await listening.ended()).connections).toBe(1);
  });

  it('a flood of SYNs from random sources does not stop a real client', async () => {
    // At a pace that the kernel's buffer holds, whatever else this machine does.
    const listening = await listen('80', '--data', HELLO, '--count', '5', '--backlog', '64');
    // The way is there: a link that has just come up may drop all for a while.
    expect(await curl(80)).toBe('hello\n');
    const flood = run([execPath, 'test/support/flood.js', '10.77.1.2', '80', '10000']);
    await listening.lines.first('cookies', (line) => line.type === 'note' && line.code === 'syn-cookies');
    for (let i = 0; i < 3; i++) expect(await curl(80)).toBe('hello\n');
    expect(await flood).toBe('sent 10000\n');
    expect(await curl(80)).toBe('hello\n');
    const ended = await listening.ended();
    expect(ended).toMatchObject({ connections: 5, completed: 5, exitCode: 0 });
    expect(ended.cookiesUsed).toBeGreaterThan(0);
    expect(ended.cookiesSent).toBeGreaterThan(1000);
  });

  it('all by cookies: data, options and window scale as without', async () => {
    const listening = await listen('7', '--echo', '--backlog', '0', '--count', '5');
    expect(await callEcho(7, 5, 200_000)).toMatchObject({ failed: 0 });
    expect(await listening.ended()).toMatchObject({ connections: 5, completed: 5, cookiesUsed: 5 });
    for (const { peer, fromCookie } of conversations(listening)) {
      expect(fromCookie).toBe(true);
      expect(peer).toMatchObject({ mss: 1460, windowScale: expect.any(Number), sackPermitted: true, timestamps: true });
    }
  });

  it('writes a capture with the conversations side by side', async () => {
    const file = join(temporaryDirectory(), 'capture.pcapng');
    const listening = await listen('7', '--echo', '--count', '2', '--pcap', file);
    expect(await callEcho(7, 2, 1000)).toMatchObject({ failed: 0 });
    await listening.ended();
    const replayed = await rawshake(network.client, ['replay', file, '--json']);
    expect(replayed.result).toMatchObject({ conversations: 2 });
  });

  describe('where it can not begin', () => {
    it('a used port: who has it', async () => {
      const other = await listen('7');
      const { code, stderr } = await rawshake(network.server, ['listen', '7']);
      expect({ code, lines: stderr.trim().split('\n').length }).toEqual({ code: 69, lines: 1 });
      expect(stderr).toMatch(/listen on port 7: another program has the port.*ss -ltnp/);
      // Ctrl-C is its normal end.
      other.interrupt();
      expect(await other.ended()).toMatchObject({ ended: 'interrupted', exitCode: 0 });
    });

    it('without permission: which one, and what grants it', async () => {
      const { code, stderr } = await rawshake(network.server, ['listen', '7'], { before: asNobody });
      expect({ code, lines: stderr.trim().split('\n').length }).toEqual({ code: 77, lines: 1 });
      expect(stderr).toMatch(/CAP_NET_BIND_SERVICE.*sudo/);
      const high = await rawshake(network.server, ['listen', '7777'], { before: asNobody });
      expect(high.code).toBe(77);
      expect(high.stderr).toMatch(/CAP_NET_RAW.*sudo/);
    });

    it.each([
      [['0'], /PORT: 0 is no port/],
      [['7', '--fault', 'drop=2'], /--fault: drop=2 is no share/],
      [['7', '--source', '192.0.2.77'], /not an address of this host/],
    ])('%j', async (args, line) => {
      const { code, stderr, stdout } = await rawshake(network.server, ['listen', ...args]);
      expect({ code, stdout }).toEqual({ code: 64, stdout: '' });
      expect(stderr).toMatch(line);
      expect(stderr).toMatch(/^[^\n]+\n$/);
    });
  });
});
