/** Runs that end before their time: signals, readers that go away, SIGKILL. */
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { describeNeeding } from '../support/capabilities.ts';
import { type Capture, resetsFrom, startCapture } from '../support/capture.ts';
import type { Lines } from '../support/lines.ts';
import { createRouted, type Namespace, type Network, temporaryDirectory } from '../support/netns.ts';
import { type Line, type Running, rawshakeArgv, startRawshake } from '../support/rawshake.ts';
import { type ServerEvent, startServers } from '../support/servers.ts';

const NEVER_CLOSES = '9';
const CLOSES_LATER = '15';

/** Answers a question for an address (RFC 1035 §4.1) with its own after 2.5 s. */
const SLOW_RESOLVER = `
const socket = require('node:dgram').createSocket('udp4');
socket.on('message', (question, { port, address }) => {
  const answer = Buffer.from([0xc0, 0x0c, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4, ...process.argv[1].split('.')]);
  const end = question.indexOf(0, 12) + 5;
  const whole = Buffer.concat([question.subarray(0, 2), Buffer.from([0x81, 0x80, 0, 1, 0, 1, 0, 0, 0, 0]), question.subarray(12, end), answer]);
  setTimeout(() => socket.send(whole, port, address), 2500);
});
socket.bind(53, process.argv[1], () => console.log('ready'));
`;

const isState = (state: string) => (line: Line) => line.type === 'state' && line.to === state;

describeNeeding(['namespaces'], 'the end before its time', () => {
  let network: Network;
  let servers: Lines<ServerEvent>;

  beforeAll(async () => {
    network = createRouted();
    servers = await startServers(network.server, { [NEVER_CLOSES]: 'never-close', [CLOSES_LATER]: 'close-later' });
  });
  afterAll(() => network.remove());

  const connect = (port: string, ...options: string[]): Running =>
    startRawshake(network.client, ['connect', network.serverAddress, port, '--json', ...options]);

  const resets = (capture: Capture): string[] => capture.packets(resetsFrom(network.clientAddress));

  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ] as const)('%s resets the connection and tells what is known', async (signal, code) => {
    const capture = await startCapture(network.client);
    const running = connect(NEVER_CLOSES, '--close', 'passive', '--timeout', '15', '--data', 'hello');
    await running.first('established', isState('ESTABLISHED'));
    await new Promise((resolve) => setTimeout(resolve, 100));
    running.child.kill(signal);
    const run = await running.finished;
    await capture.stop();
    expect(run).toMatchObject({ code: code, stderr: '' });
    expect(run.result).toMatchObject({ verdict: 'open', ended: 'interrupted', exitCode: code, data: { sentBytes: 5, ackedBytes: 5 } });
    expect(run.result.close?.completed).toBe(false);
    expect(resets(capture)).toHaveLength(1);
    const { sourcePort } = run.of('start')[0] ?? {};
    expect(await servers.first('the reset', ({ event, remotePort }) => event === 'error' && remotePort === sourcePort)).toMatchObject({
      code: 'ECONNRESET',
    });
  });

  it('SIGINT in FIN-WAIT-2', async () => {
    const capture = await startCapture(network.client);
    const running = connect(NEVER_CLOSES, '--timeout', '15');
    await running.first('FIN-WAIT-2', isState('FIN-WAIT-2'));
    running.child.kill('SIGINT');
    const run = await running.finished;
    await capture.stop();
    expect(run).toMatchObject({ code: 130, stderr: '' });
    expect(resets(capture)).toHaveLength(1);
  });

  it('SIGINT while nothing answers: no reset of what is not there', async () => {
    const router = network.router as Namespace;
    router.firewall('forward', `tcp dport ${NEVER_CLOSES} drop`);
    const capture = await startCapture(network.client);
    const running = connect(NEVER_CLOSES, '--timeout', '15');
    await running.first('SYN-SENT', isState('SYN-SENT'));
    running.child.kill('SIGINT');
    const run = await running.finished;
    await capture.stop();
    router.openFirewall();
    expect(run).toMatchObject({ code: 130, stderr: '' });
    expect(run.result).toMatchObject({ reason: 'interrupted', ended: 'interrupted', exitCode: 130 });
    expect(resets(capture)).toEqual([]);
  });

  it('SIGINT while the guard is held', async () => {
    const running = connect(NEVER_CLOSES, '--close', 'none', '--hold', '15');
    await running.first('established', isState('ESTABLISHED'));
    await new Promise((resolve) => setTimeout(resolve, 300));
    running.child.kill('SIGINT');
    const run = await running.finished;
    expect(run).toMatchObject({ code: 130, stderr: '' });
    expect(run.result.exitCode).toBe(130);
  });

  it('a second signal ends at once', async () => {
    const running = connect(NEVER_CLOSES, '--close', 'passive', '--timeout', '15');
    await running.first('established', isState('ESTABLISHED'));
    running.child.kill('SIGINT');
    running.child.kill('SIGTERM');
    expect([130, 143]).toContain((await running.finished).code);
  });

  it('--deadline ends the whole', async () => {
    const startedAt = performance.now();
    const run = await connect(NEVER_CLOSES, '--close', 'passive', '--timeout', '15', '--deadline', '1').finished;
    expect(performance.now() - startedAt).toBeLessThan(5000);
    expect(run).toMatchObject({ code: 3, stderr: '' });
    expect(run.result).toMatchObject({ ended: 'deadline', exitCode: 3 });
  });

  /** With the resolver in the server's namespace. */
  const startResolving = (argv: string[]): Running => {
    const resolvers = join(temporaryDirectory(), 'resolv.conf');
    writeFileSync(resolvers, `nameserver ${network.serverAddress}\n`);
    const before = ['unshare', '-m', 'sh', '-c', 'mount --bind "$0" /etc/resolv.conf && exec "$@"', resolvers];
    return startRawshake(network.client, argv, { before, timeoutMs: 8000 });
  };

  it('a slow look-up takes its time from --deadline', async () => {
    const router = network.router as Namespace;
    router.firewall('forward', 'tcp dport 80-180 drop');
    const resolver = network.server.spawn([process.execPath, '-e', SLOW_RESOLVER, network.serverAddress]);
    await new Promise((resolve) => resolver.stdout.once('data', resolve));
    const run = (...argv: string[]) => startResolving([...argv, '--json']).finished;
    const runs = await Promise.all([
      // In the 1.5 s that are left a SYN is sent again once, and probes 15 times.
      run('connect', 'slow.example', '80', '--deadline', '4', '--timeout', '9'),
      run('send', 'slow.example', '80', '--deadline', '4', '--count', '99', '--interval', '0.1'),
      run('ping', 'slow.example', '80', '--deadline', '4', '--interval', '0.1'),
      run('scan', 'slow.example', '-p', '80-180', '--max-time', '4', '--rate', '10'),
    ]);
    resolver.kill();
    router.openFirewall();
    const results = runs.map(({ result }) => result as unknown as Record<string, unknown>);
    expect(results.map(({ ended }) => ended)).toEqual(['deadline', 'deadline', 'deadline', 'max-time']);
    expect(results[0]?.retransmissions).toBeLessThan(2);
    for (const count of [results[1]?.sent, results[2]?.sent, results[3]?.probes]) expect(count).toBeLessThan(25);
  });

  describe('while a name is looked up and the resolver is silent', () => {
    const lookUp = (command: string, ...options: string[]): Running =>
      startResolving([command, 'silent.example', '80', '--json', ...options]);
    beforeAll(() => network.router?.firewall('forward', 'udp dport 53 drop'));
    afterAll(() => network.router?.openFirewall());

    it.each(['connect', 'send', 'ping'])('%s heeds a signal: a result line, and no file is left', async (command) => {
      const file = join(temporaryDirectory(), 'capture.pcapng');
      const running = lookUp(command, '--pcap', file);
      await new Promise((resolve) => setTimeout(resolve, 1500));
      expect(existsSync(file)).toBe(true);
      running.child.kill('SIGINT');
      const run = await running.finished;
      expect([run.code, run.lines, run.stderr]).toEqual([130, [{ type: 'result', exitCode: 130 }], '']);
      expect(existsSync(file)).toBe(false);
    });

    it.each(['connect', 'send', 'ping'])('%s heeds --deadline', async (command) => {
      const run = await lookUp(command, '--deadline', '0.5').finished;
      expect([run.code, run.result.error?.code]).toEqual([68, 'name-not-resolved']);
      expect(run.stderr).toMatch(/^rawshake: resolve "silent\.example": the resolver has not answered in time; .*\n$/);
    });

    it('scan heeds --max-time', async () => {
      const run = await startResolving(['scan', 'silent.example', '10.77.1.9', '-p', '80', '--max-time', '0.5', '--json']).finished;
      expect([run.code, run.result.error?.code]).toEqual([68, 'name-not-resolved']);
    });

    it.each([
      ['connect', "'silent.example:80'"],
      ['scan', '{ host: silent.example, ports: 80 }'],
    ])('%s of a plan ends in the time of its test, and the run with it', async (kind, step) => {
      const plan = join(temporaryDirectory(), 'plan.yaml');
      writeFileSync(plan, `tests:\n  - { name: a, timeout: 0.5, ${kind}: ${step} }\n`);
      const run = await startResolving(['run', plan, '--json']).finished;
      expect([run.code, run.of('result')]).toMatchObject([3, [{ passed: 0, failed: 1, exitCode: 3 }]]);
    });
  });

  it('a reader of stdout that goes away: a quiet end, the connection reset, 141', async () => {
    const capture = await startCapture(network.client);
    const argv = rawshakeArgv(['connect', network.serverAddress, CLOSES_LATER, '--json', '--close', 'passive']);
    // sed reads as far as the connection, and leaves.
    const said = network.client.exec(['bash', '-c', '"$@" | sed /ESTABLISHED/q; echo $PIPESTATUS', 'bash', ...argv]);
    await capture.stop();
    expect(said.trimEnd().split('\n').at(-1)).toBe('141');
    expect(resets(capture)).toHaveLength(1);
  });

  it('SIGKILL leaves nothing: no listener, no firewall rule, no file', async () => {
    const leftovers = () => ({
      listeners: network.client.listeners(),
      ruleset: network.client.exec(['nft', 'list', 'ruleset']),
    });
    const before = leftovers();
    const directory = temporaryDirectory();
    const env = { ...process.env, TMPDIR: directory };
    const options = ['connect', network.serverAddress, NEVER_CLOSES, '--json', '--close', 'passive', '--timeout', '15'];
    const running = startRawshake(network.client, options, { env });
    await running.first('established', isState('ESTABLISHED'));
    expect(leftovers().listeners).not.toBe(before.listeners);
    running.child.kill('SIGKILL');
    await running.finished;
    expect(leftovers()).toEqual(before);
    expect(readdirSync(directory)).toEqual([]);
  });

  it('after SIGKILL the same four-tuple works again, though the peer still holds the old connection', async () => {
    const options = ['--source-port', '5557', '--close', 'passive', '--timeout', '15'];
    const first = connect(NEVER_CLOSES, ...options);
    await first.first('established', isState('ESTABLISHED'));
    // The kernel would answer with RST what the server sends, but a server that says nothing keeps the connection.
    first.child.kill('SIGKILL');
    await first.finished;
    const run = await connect(NEVER_CLOSES, '--source-port', '5557', '--close', 'reset').finished;
    expect(run).toMatchObject({ code: 0, stderr: '' });
    expect(run.result).toMatchObject({ verdict: 'open', reason: 'syn-ack' });
    expect(run.of('segment').map(({ note }) => note)).toContain('old-connection');
  });
});
