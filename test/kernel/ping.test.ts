/** `ping` against real kernels: what leaves, what comes back, how it ends, and what is left behind. */
import { resolve } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { FiguresEvent, LostEvent, PingEvent, PingResult, ReplyEvent, UnsentEvent } from '../../src/probe/events.ts';
import { misfit } from '../schema/validate.ts';
import { describeNeeding } from '../support/capabilities.ts';
import { resetsFrom } from '../support/capture.ts';
import { createRouted, type Namespace, type Network } from '../support/netns.ts';
import { captureRawshake, type Run, type RunOptions, rawshake, startRawshake } from '../support/rawshake.ts';
import { startServers } from '../support/servers.ts';

const OPEN = '7';
const CLOSED = '8';

type Result = PingResult & { exitCode: number };

const linesOf = (run: Run): PingEvent[] => run.lines as unknown as PingEvent[];
const of = <T extends PingEvent>(run: Run, type: T['type']): T[] => linesOf(run).filter((line): line is T => line.type === type);
const resultOf = (run: Run): Result => {
  for (const line of run.lines) expect(misfit(line, 'ping')).toBe('');
  return run.result as unknown as Result;
};

describeNeeding(['namespaces'], 'ping', () => {
  let network: Network;
  let router: Namespace;
  let server: string;

  beforeAll(async () => {
    network = createRouted();
    router = network.router as Namespace;
    server = network.serverAddress;
    await startServers(network.server, { [OPEN]: 'echo' });
  });
  afterEach(() => router.openFirewall());
  afterAll(() => network.remove());

  const argvOf = (port: string, options: readonly string[]): string[] => ['ping', server, port, '--json', '-i', '0.02', ...options];
  const ping = (port: string, options: readonly string[], runOptions?: RunOptions): Promise<Run> =>
    rawshake(network.client, argvOf(port, options), runOptions);
  const captured = (port: string, ...options: string[]) => captureRawshake(network.client, argvOf(port, options));

  describe('probes', () => {
    it('to an open port: each answered, and each answer reset with the number that the peer waits for', async () => {
      const { run, capture } = await captured(OPEN, '-c', '5');
      expect(run).toMatchObject({ code: 0, stderr: '' });
      const result = resultOf(run);
      expect(result).toMatchObject({ verdict: 'open', sent: 5, received: 5, lost: 0, answers: { 'syn-ack': 5 }, rttClock: 'kernel' });
      const replies = of<ReplyEvent>(run, 'reply');
      expect(replies.map(({ sequence, ttl, note }) => [sequence, ttl, note])).toEqual([1, 2, 3, 4, 5].map((n) => [n, 63, undefined]));
      expect(new Set(replies.map(({ sourcePort }) => sourcePort)).size).toBe(5);
      const probed = capture.packets('tcp[tcpflags] == tcp-syn').map((line) => Number(/seq (\d+)/.exec(line)?.[1]));
      const resets = capture.packets(resetsFrom(network.clientAddress)).map((line) => Number(/seq (\d+)/.exec(line)?.[1]));
      expect(resets).toEqual(probed.map((seq) => (seq + 1) >>> 0));
      expect(network.server.exec(['ss', '-Htan', 'state', 'syn-recv'])).toBe('');
    });

    it('to a closed port', async () => {
      const run = await ping(CLOSED, ['-c', '3']);
      expect(run).toMatchObject({ code: 1, stderr: '' });
      expect(resultOf(run)).toMatchObject({ verdict: 'closed', reason: 'rst', received: 3, exitCode: 1 });
    });

    it('into silence', async () => {
      router.firewall('forward', `tcp dport ${OPEN} drop`);
      const run = await ping(OPEN, ['-c', '3', '-W', '0.3']);
      expect(run).toMatchObject({ code: 2, stderr: '' });
      expect(resultOf(run)).toMatchObject({ verdict: 'filtered', reason: 'no-response', sent: 3, lost: 3, lossPercent: 100 });
    });

    it('that a router refuses', async () => {
      router.firewall('forward', `tcp dport ${OPEN} reject with icmp type admin-prohibited`);
      const run = await ping(OPEN, ['-c', '2']);
      expect(run).toMatchObject({ code: 2, stderr: '' });
      expect(resultOf(run)).toMatchObject({ reason: 'icmp-admin-prohibited', lost: 2, received: 0 });
      expect(of<LostEvent>(run, 'lost')[0]).toMatchObject({ from: network.gatewayAddress });
    });

    it('from one port: each answered', async () => {
      const { run, capture } = await captured(OPEN, '-c', '20', '-i', '0.005', '--fixed-port');
      expect(resultOf(run)).toMatchObject({ verdict: 'open', received: 20, answers: { 'syn-ack': 20 } });
      const ports = capture.packets('tcp[tcpflags] == tcp-syn').map((line) => /\.(\d+) > /.exec(line)?.[1]);
      expect(ports).toHaveLength(20);
      expect(new Set(ports).size).toBe(1);
    });

    it('of any flags', async () => {
      const run = await ping(CLOSED, ['-c', '2', '--flags', 'FIN,PSH,URG']);
      expect(resultOf(run)).toMatchObject({ verdict: 'closed', received: 2 });
      const acks = await ping(OPEN, ['-c', '2', '--flags', 'ACK', '--ttl', '9', '--data', 'hello']);
      expect(resultOf(acks)).toMatchObject({ verdict: 'unfiltered', reason: 'rst', received: 2, exitCode: 0 });
    });

    it('as fast as answers come: all are accounted for', async () => {
      const run = await ping(CLOSED, ['-c', '5000', '-i', '0']);
      expect(run).toMatchObject({ code: 1, stderr: '' });
      expect(run.result).toMatchObject({ sent: 5000, received: 5000, lost: 0, pending: 0, ignored: {}, kernelDrops: 0 });
    });

    it('take no more memory for being many', async () => {
      const env = { ...process.env, NODE_OPTIONS: `--import=${resolve('bench/clients/peak.js')}` };
      const peakKb = async (count: number): Promise<number> => {
        const run = await rawshake(network.client, ['ping', server, CLOSED, '-c', `${count}`, '-i', '0', '-q'], { env, timeoutMs: 60_000 });
        return Number(/peak (\d+) kB/.exec(run.stderr)?.[1]);
      };
      const few = await peakKb(1000);
      expect(await peakKb(100_000)).toBeLessThan(1.3 * few);
    });

    it('as fast as answers come to a listener: none of its connections is left', async () => {
      const run = await ping(OPEN, ['-c', '3000', '-i', '0']);
      expect(run.result).toMatchObject({ verdict: 'open', sent: 3000, lost: 0 });
      expect(network.server.exec(['ss', '-Htan', 'state', 'syn-recv'])).toBe('');
    });

    it('that are whole connections', async () => {
      const { run, capture } = await captured(OPEN, '-c', '3', '--full', '--data', 'hello');
      expect(run).toMatchObject({ code: 0, stderr: '' });
      expect(resultOf(run)).toMatchObject({ verdict: 'open', received: 3, notClosed: 0 });
      for (const { connection, rttUs } of of<ReplyEvent>(run, 'reply')) {
        expect(connection?.closed).toBe(true);
        expect(connection?.durationUs).toBeGreaterThan(rttUs as number);
      }
      expect(capture.packets(`${resetsFrom(network.clientAddress)}`)).toEqual([]);
      expect(capture.packets('tcp[tcpflags] & tcp-fin != 0')).toHaveLength(6);
    });

    it('that are whole connections, to where there are none', async () => {
      expect(resultOf(await ping(CLOSED, ['-c', '2', '--full']))).toMatchObject({ verdict: 'closed', received: 2, exitCode: 1 });
      // In between there is no port for so long that its sockets would be closed, and the privilege to open others is given up.
      const seldom = resultOf(await ping(CLOSED, ['-c', '2', '-i', '1.6', '--full']));
      expect(seldom).toMatchObject({ received: 2, unsent: 0 });
      router.firewall('forward', `tcp dport ${OPEN} drop`);
      expect(resultOf(await ping(OPEN, ['-c', '2', '--full', '-W', '0.3']))).toMatchObject({ verdict: 'filtered', lost: 2, exitCode: 2 });
    });
  });

  it('many targets take turns', async () => {
    const argv = ['ping', `${server}:${OPEN}`, `${server}:${CLOSED}`, '--json', '-c', '3', '-i', '0.05'];
    const run = await rawshake(network.client, argv);
    expect(run).toMatchObject({ code: 0, stderr: '' });
    expect(of<ReplyEvent>(run, 'reply').map(({ port }) => port)).toEqual([7, 8, 7, 8, 7, 8]);
    expect(resultOf(run).targets).toMatchObject([
      { port: 7, verdict: 'open', received: 3 },
      { port: 8, verdict: 'closed', received: 3 },
    ]);
  });

  describe('limits', () => {
    it('of loss', async () => {
      router.firewall('forward', `tcp dport ${CLOSED} numgen inc mod 2 0 drop`);
      const run = await ping(CLOSED, ['-c', '10', '-W', '0.2', '--loss-limit', '40']);
      expect(run.code).toBe(3);
      expect(resultOf(run)).toMatchObject({ received: 5, lost: 5, passedLimits: [{ limit: 'loss', allowed: 40, found: 50 }] });
      expect((await ping(CLOSED, ['-c', '10', '-W', '0.2', '--loss-limit', '50'])).code).toBe(1);
      expect((await ping(CLOSED, ['-c', '10', '-W', '0.2'])).code).toBe(1);
    });

    it('of the round trip', async () => {
      expect((await ping(OPEN, ['-c', '5', '--rtt-limit', '0.001'])).code).toBe(3);
      expect((await ping(OPEN, ['-c', '5', '--rtt-limit', '5000'])).code).toBe(0);
    });
  });

  describe('the end', () => {
    /** A run under way, of which some probes have been answered. */
    const underWay = async (...options: string[]) => {
      const running = startRawshake(network.client, argvOf(OPEN, options));
      await running.first('the third reply', (line) => (line as unknown as ReplyEvent).sequence === 3);
      return running;
    };

    it('is Ctrl-C where no count was given: by what was seen', async () => {
      const running = await underWay();
      running.child.kill('SIGINT');
      const run = await running.finished;
      expect(run).toMatchObject({ code: 0, stderr: '' });
      expect(resultOf(run)).toMatchObject({ verdict: 'open', lost: 0, ended: 'interrupted', exitCode: 0 });
    });

    it.each([
      ['SIGINT', 130, ['-c', '1000']],
      ['SIGTERM', 143, []],
    ] as const)('is early by %s: exit %i', async (signal, code, options) => {
      const running = await underWay(...options);
      running.child.kill(signal);
      const run = await running.finished;
      expect(run.code).toBe(code);
      expect(resultOf(run)).toMatchObject({ verdict: 'open', ended: 'interrupted', exitCode: code });
    });

    it('does not come by SIGQUIT, which shows the figures so far', async () => {
      const running = await underWay('-c', '20');
      running.child.kill('SIGQUIT');
      const run = await running.finished;
      expect(run.code).toBe(0);
      const [figures] = of<FiguresEvent>(run, 'figures');
      expect(figures?.targets[0]?.received).toBeGreaterThanOrEqual(3);
      expect(resultOf(run)).toMatchObject({ sent: 20, received: 20 });
      expect(resultOf(run).ended).toBeUndefined();
    });

    it('resets the connections that are under way', async () => {
      const argv = [...argvOf(OPEN, ['-i', '0.01']), '--full', '--data', 'hello'];
      const running = startRawshake(network.client, argv);
      await running.first('the third reply', (line) => (line as unknown as ReplyEvent).sequence === 3);
      running.child.kill('SIGINT');
      const run = await running.finished;
      expect(run.code).toBe(0);
      expect(network.server.exec(['ss', '-Htan', 'state', 'connected', 'exclude', 'time-wait'])).toBe('');
    });

    it('says so where times are its own', async () => {
      expect(resultOf(await ping(OPEN, ['-c', '3', '--clock', 'user']))).toMatchObject({ rttClock: 'user' });
      const run = await rawshake(network.client, ['ping', server, OPEN, '-c', '2', '-i', '0.05', '--clock', 'user']);
      expect(run.stdout).toMatch(/jitter [^\n]*, as this process saw it/);
    });

    it('comes at the deadline', async () => {
      const run = await ping(OPEN, ['-w', '0.5']);
      expect(run.code).toBe(0);
      expect(resultOf(run)).toMatchObject({ ended: 'deadline', lost: 0 });
    });

    it('leaves nothing behind', async () => {
      await ping(OPEN, ['-c', '200', '-i', '0']);
      expect(network.client.listeners()).toBe('');
    });
  });

  it('goes on where the interface is down for a while: what could not be sent is not lost', async () => {
    const running = startRawshake(network.client, argvOf(OPEN, ['-c', '60']));
    await running.first('a reply', (line) => (line as unknown as ReplyEvent).sequence === 5);
    network.client.ip(`link set ${network.clientInterface} down`);
    await running.first('a probe that could not be sent', (line) => (line as unknown as UnsentEvent).type === 'unsent');
    network.client.ip(`link set ${network.clientInterface} up\nroute add default via ${network.gatewayAddress}`);
    const run = await running.finished;
    expect(run).toMatchObject({ code: 0, stderr: '' });
    const result = resultOf(run);
    expect(result.unsent).toBeGreaterThan(0);
    expect(result.sent + result.unsent).toBe(60);
    expect(of<ReplyEvent>(run, 'reply').at(-1)?.sequence).toBe(60);
    expect(of<UnsentEvent>(run, 'unsent')[0]).toMatchObject({ code: 'no-route' });
  });

  it('opens port after port also as the ordinary user who called sudo', async () => {
    const run = await ping(OPEN, ['-c', '50', '-i', '0.002'], { env: { ...process.env, SUDO_UID: '65534', SUDO_GID: '65534' } });
    expect(run).toMatchObject({ code: 0, stderr: '' });
    expect(resultOf(run)).toMatchObject({ received: 50, unsent: 0 });
  });

  it('cannot begin where there is no route', async () => {
    network.server.ip('route add unreachable 203.0.113.0/24');
    const run = await rawshake(network.server, ['ping', '203.0.113.1', '80', '-c', '2', '--json']);
    expect(run.code).toBe(69);
    expect(run.stderr).toMatch(/^rawshake: .*\n$/);
    expect(run.lines).toHaveLength(1);
  });

  it.each([
    [['ping'], 'HOST is missing'],
    [['ping', 'localhost'], 'PORT is missing'],
    [['ping', '127.0.0.1:80', '127.0.0.1'], '"127.0.0.1" has no port; give HOST PORT, or HOST:PORT for each of several'],
    [['ping', '127.0.0.1', '80', '443'], '"127.0.0.1" has no port'],
    [['ping', '127.0.0.1', '80', '-c', '0'], '--count: 0 is out of range'],
    [['ping', '127.0.0.1', '80', '-i', 'x'], '--interval: "x" is not a number of seconds'],
    [['ping', '127.0.0.1', '80', '-W', '0'], '--timeout: 0 leaves no time'],
    [['ping', '127.0.0.1', '80', '--loss-limit', '101'], '--loss-limit: 101 is out of range'],
    [['ping', '127.0.0.1', '80', '--rtt-limit', 'fast'], '--rtt-limit: "fast" is not a number'],
    [['ping', '127.0.0.1', '80', '--full', '--flags', 'FIN'], '--full and --flags at once'],
    [['ping', '127.0.0.1', '80', '--full', '--fixed-port'], '--full and --fixed-port at once'],
    [['ping', '127.0.0.1:80', '127.0.0.1:81', '--source-port', '4000'], '--source-port and more than one target'],
  ])('%j is wrong usage', async (argv, text) => {
    const run = await rawshake(network.client, argv);
    expect(run.code).toBe(64);
    expect(run.stdout).toBe('');
    expect(run.stderr).toContain(`rawshake: ${text}`);
    expect(run.stderr).toMatch(/^[^\n]*\n$/);
  });
});
