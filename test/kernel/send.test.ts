/** `send` against real kernels: what leaves, what comes back, and what is left behind. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { describeNeeding } from '../support/capabilities.ts';
import { resetsFrom, startCapture } from '../support/capture.ts';
import { asNobody } from '../support/command.ts';
import { createRouted, type Namespace, type Network } from '../support/netns.ts';
import { captureRawshake, type Run, type RunOptions, rawshake, startRawshake } from '../support/rawshake.ts';
import { startServers } from '../support/servers.ts';

const OPEN = '7';
const CLOSED = '8';

describeNeeding(['namespaces'], 'send', () => {
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

  const argvOf = (port: string, options: readonly string[]): string[] => ['send', server, port, '--json', '--timeout', '0.3', ...options];
  const send = (port: string, options: readonly string[] = [], runOptions?: RunOptions): Promise<Run> =>
    rawshake(network.client, argvOf(port, options), runOptions);
  /** Under the eyes of a capture of the client. */
  const captured = (port: string, ...options: string[]) => captureRawshake(network.client, argvOf(port, options));
  const received = (run: Run) => run.of('segment').filter(({ direction }) => direction === 'received');

  /** A filter: the RSTs from the run's own port. An earlier run's peer may still be answered. */
  const resetsOf = (run: Run): string => `${resetsFrom(network.clientAddress)} and src port ${run.of('start')[0]?.sourcePort}`;

  describe('a SYN', () => {
    it('to an open port: answered, and reset at the end with the number that the peer waits for', async () => {
      const { run, capture } = await captured(OPEN, '--seq', '4294967295');
      expect(run).toMatchObject({ code: 0, stderr: '' });
      expect(run.of('start')[0]).toMatchObject({
        command: 'send',
        address: server,
        port: 7,
        sourceAddress: network.clientAddress,
        guard: 'socket',
      });
      expect(run.result).toMatchObject({
        verdict: 'open',
        reason: 'syn-ack',
        sent: 1,
        received: 1,
        answers: { 'syn-ack': 1 },
        exitCode: 0,
        kernelDrops: 0,
      });
      expect(run.result.rttUs).toBeGreaterThan(0);
      expect(received(run)[0]).toMatchObject({ flags: ['ACK', 'SYN'], ack: 0, relativeAck: 1, ttl: 63 });
      const resets = capture.packets(resetsOf(run));
      expect(resets).toEqual([expect.stringMatching(/Flags \[R\], seq 0, win 0/)]);
    });

    it('to a closed port', async () => {
      const run = await send(CLOSED);
      expect(run).toMatchObject({ code: 1, stderr: '' });
      expect(run.result).toMatchObject({ verdict: 'closed', reason: 'rst' });
    });

    it('into silence', async () => {
      router.firewall('forward', `tcp dport ${OPEN} drop`);
      const startedAt = performance.now();
      const run = await send(OPEN, ['--timeout', '1.2']);
      expect(performance.now() - startedAt).toBeGreaterThan(1200);
      expect(run).toMatchObject({ code: 2, stderr: '' });
      expect(run.result).toMatchObject({ verdict: 'filtered', reason: 'no-response', sent: 1, received: 0 });
    });

    it.each([
      ['net-unreachable', 0],
      ['port-unreachable', 3],
      ['admin-prohibited', 13],
    ])('refused by a router with ICMP %s', async (name, code) => {
      router.firewall('forward', `tcp dport ${OPEN} reject with icmp type ${name}`);
      const run = await send(OPEN);
      expect(run).toMatchObject({ code: 2, stderr: '' });
      expect(run.result).toMatchObject({ verdict: 'filtered', reason: `icmp-${name}`, received: 1 });
      expect(run.of('icmp')[0]).toMatchObject({ icmpType: 3, code, from: network.gatewayAddress, seq: run.of('segment')[0]?.seq });
    });

    it('with a TTL that ends at the router', async () => {
      const run = await send(OPEN, ['--ttl', '1']);
      expect(run.result).toMatchObject({ verdict: 'filtered', reason: 'icmp-ttl-exceeded', exitCode: 2 });
    });

    it('with a wrong checksum: nobody answers', async () => {
      const { run, capture } = await captured(OPEN, '--checksum', 'wrong');
      expect(run.result).toMatchObject({ verdict: 'filtered', reason: 'no-response' });
      expect(capture.packets(`dst host ${server} and tcp`)).toHaveLength(1);
      expect((await send(OPEN, ['--checksum', '0x1234'])).result.verdict).toBe('filtered');
    });

    it.each(['127.0.0.1', '10.77.1.1'])('to ourselves at %s', async (address) => {
      const run = await rawshake(network.client, ['send', address, CLOSED, '--json', '--timeout', '0.2']);
      expect(run.result).toMatchObject({ verdict: 'closed', sent: 1, received: 1 });
    });

    it('on CAP_NET_RAW alone', async () => {
      const run = await send(OPEN, ['--sweep', 'ttl=60..64'], {
        before: ['setpriv', '--bounding-set', '-all,+net_raw', '--inh-caps', '-all', '--ambient-caps', '-all'],
      });
      expect(run).toMatchObject({ code: 0, stderr: '' });
      expect(run.result).toMatchObject({ sent: 5, received: 5 });
    });
  });

  describe('the numbers of a RST (RFC 9293 §3.10.7.1)', () => {
    it.each<[string, string, string[], object]>([
      ['to an ACK: its acknowledgment', OPEN, ['--flags', 'ACK', '--ack', '305419896'], { flags: ['RST'], seq: 0x12345678 }],
      ['to a FIN: it acknowledges that', CLOSED, ['--flags', 'FIN', '--seq', '1000'], { flags: ['ACK', 'RST'], seq: 0, ack: 1001 }],
      ['to data', CLOSED, ['--flags', 'PSH', '--seq', '1000', '--data', 'hello'], { flags: ['ACK', 'RST'], ack: 1005 }],
      ['to SYN, FIN and data', CLOSED, ['--flags', 'SF', '--seq', '4294967295', '--data', 'hello'], { flags: ['ACK', 'RST'], ack: 6 }],
      ['to no flag at all', CLOSED, ['--flags', 'none', '--seq', '1000'], { flags: ['ACK', 'RST'], ack: 1000 }],
    ])('%s', async (_name, port, options, answer) => {
      const run = await send(port, options);
      expect(run.result).toMatchObject({ reason: 'rst', received: 1 });
      expect(received(run)).toEqual([expect.objectContaining(answer)]);
    });

    it.each([
      ['an ACK', ['--flags', 'ACK'], 'unfiltered', 0],
      ['a FIN', ['--flags', 'FIN'], 'open|filtered', 2],
      ['Xmas', ['--flags', 'FIN,PSH,URG'], 'open|filtered', 2],
    ])('%s to an open port', async (_name, options, verdict, code) => {
      const run = await send(OPEN, options);
      expect(run.result.verdict).toBe(verdict);
      expect(run.code).toBe(code);
    });
  });

  describe('a connection that is half open', () => {
    it('--no-cleanup: no RST of ours, and the kernel answers once we are gone', async () => {
      const capture = await startCapture(network.client);
      const run = await send(OPEN, ['--no-cleanup']);
      expect(run.of('segment').map(({ direction }) => direction)).toEqual(['sent', 'received']);
      expect(run.of('note')).toEqual([expect.objectContaining({ code: 'guard-released' })]);
      // The peer sends its SYN+ACK again after a second.
      await new Promise((resolve) => setTimeout(resolve, 1500));
      await capture.stop();
      const packets = capture.packets(`tcp port ${run.of('start')[0]?.sourcePort}`).map((line) => /Flags \[(.*?)\]/.exec(line)?.[1]);
      expect(packets.slice(0, 4)).toEqual(['S', 'S.', 'S.', 'R']);
    });

    it('--hold: no RST at all for that long', async () => {
      const { run, capture } = await captured(OPEN, '--no-cleanup', '--hold', '2');
      expect(received(run).map(({ note }) => note)).toEqual([undefined, 'retransmission']);
      expect(capture.packets(resetsOf(run))).toEqual([]);
    });

    it('is reset where a signal ends the run', async () => {
      const capture = await startCapture(network.client);
      const running = startRawshake(network.client, argvOf(OPEN, ['--timeout', '20']));
      await running.first('an answer', (line) => line.type === 'segment' && line.direction === 'received');
      running.child.kill('SIGINT');
      const run = await running.finished;
      await capture.stop();
      expect(run.code).toBe(130);
      expect(run.result).toMatchObject({ verdict: 'open', ended: 'interrupted', exitCode: 130 });
      expect(capture.packets(resetsOf(run))).toHaveLength(1);
    });
  });

  describe('what else can be crafted', () => {
    it.each(['8', '24', '64'])('a SYN in fragments of %s bytes is put together and answered', async (size) => {
      const { run, capture } = await captured(OPEN, '--fragment', size, '--data-length', '100');
      expect(run.result).toMatchObject({ verdict: 'open', sent: 1, received: 1 });
      const fragments = capture.packets(`src host ${network.clientAddress} and (ip[6:2] & 0x3fff != 0)`);
      // 40 bytes of header and 100 of data.
      expect(fragments).toHaveLength(Math.ceil(140 / Number(size)));
    });

    it('a lone fragment passes connection tracking of our own host', async () => {
      network.client.firewall('output', 'ct state new accept');
      const { run, capture } = await captured(OPEN, '--mf', '--data', 'hello');
      network.client.openFirewall();
      expect(run.result).toMatchObject({ sent: 1, received: 0 });
      expect(capture.packets(`dst host ${server} and (ip[6:2] & 0x2000 != 0)`)).toHaveLength(1);
    });

    it('a record of the route, filled in on the way there and back', async () => {
      const { stdout, code } = await rawshake(network.client, [
        'send',
        server,
        OPEN,
        '--ip-options',
        'record-route',
        '--timeout',
        '0.3',
        '-v',
      ]);
      expect(code).toBe(0);
      const routes = stdout.replaceAll(/,\n +/g, ', ').match(/record-route, pointer \d+, [\d., ]+/g);
      // The router's and the server's address stand in the answer.
      expect(routes).toEqual([expect.stringMatching(/10\.77\.2\.254, 10\.77\.2\.2, /)]);
    });

    it('a whole segment as it is, with its checksum put in', async () => {
      const { run, capture } = await captureRawshake(network.client, [
        'send',
        server,
        '--json',
        '--timeout',
        '0.3',
        '--hex',
        'd431 0007 12345678 9abcdef0 5002 1000 0000 0000',
      ]);
      expect(run.of('start')[0]).toMatchObject({ port: 7, sourcePort: 0xd431 });
      expect(run.result).toMatchObject({ verdict: 'open', received: 1 });
      expect(capture.packets(`src host ${network.clientAddress} and tcp[tcpflags] & tcp-syn != 0`)).toEqual([
        expect.stringMatching(/\.54321 > .*\.7: Flags \[S\], seq 305419896, win 4096, length 0/),
      ]);
    });

    it('what a peer makes of a data offset that says too much', async () => {
      const run = await send(CLOSED, ['--data-offset', '15']);
      expect(run.result).toMatchObject({ verdict: 'filtered', reason: 'no-response' });
    });
  });

  describe('--sweep', () => {
    /** RFC 9293 §3.10.7.1 and .2; a listener of Linux drops a SYN with a FIN. */
    const answerOf = (flags: string[], port: string): string => {
      if (flags.includes('RST')) return 'no-response';
      if (port === CLOSED) return 'rst';
      if (flags.includes('ACK')) return 'rst';
      return flags.includes('SYN') && !flags.includes('FIN') ? 'syn-ack' : 'no-response';
    };

    it.each([
      ['an open', OPEN],
      ['a closed', CLOSED],
    ])('all 64 mixes of flags to %s port', async (_name, port) => {
      const run = await send(port, ['--sweep', 'flags=0..63']);
      expect(run).toMatchObject({ code: 0, stderr: '' });
      const rows = run.result.sweep ?? [];
      expect(rows).toHaveLength(64);
      expect(new Set(rows.map(({ sourcePort }) => sourcePort)).size).toBe(64);
      for (const { variant, reason } of rows)
        expect([variant, reason]).toEqual([variant, answerOf(variant.slice('flags='.length).split('+'), port)]);
      // A busy machine resets a half-open connection late: its SYN+ACK has come again by then.
      expect(run.result.received).toBeGreaterThanOrEqual(rows.filter(({ reason }) => reason !== 'no-response').length);
    });

    it('as one table of ASCII in 80 columns where it is piped', async () => {
      const run = await rawshake(network.client, ['send', server, OPEN, '--sweep', 'flags=0..63', '--timeout', '0.3']);
      const lines = run.stdout.split('\n');
      expect(lines).toEqual(lines.map(() => expect.stringMatching(/^[\x20-\x7e]{0,80}$/)));
      expect(lines.filter((line) => /unfiltered|filtered|open/.test(line))).toHaveLength(64);
      expect(run.stdout).toMatch(/^ {2}SYN +SYN\+ACK +open +63 +\d+ +[\d.]+ [um]s$/m);
    });

    it('finds the TTL that reaches', async () => {
      const run = await send(CLOSED, ['--sweep', 'ttl=0..3']);
      expect(run.result.sweep?.map(({ reason }) => reason)).toEqual(
        ['icmp-ttl-exceeded', 'icmp-ttl-exceeded', 'rst', 'rst'].toSpliced(0, 1, expect.any(String)),
      );
    });

    it('from ports that were asked for', async () => {
      const run = await send(CLOSED, ['--sweep', 'window=0..3', '--source-port', '50000']);
      expect(run.result.sweep?.map(({ sourcePort }) => sourcePort)).toEqual([50_000, 50_001, 50_002, 50_003]);
      const ports = await send(CLOSED, ['--sweep', 'source-port=50010..50012']);
      expect(ports.result.sweep?.map(({ variant, sourcePort }) => [variant, sourcePort])).toEqual([
        ['source-port=50010', 50_010],
        ['source-port=50011', 50_011],
        ['source-port=50012', 50_012],
      ]);
    });
  });

  describe('again and again', () => {
    it('--count and --interval', async () => {
      const { run, capture } = await captured(CLOSED, '--count', '4', '--interval', '0.2');
      expect(run.result).toMatchObject({ verdict: 'closed', sent: 4, received: 4 });
      expect(run.result.sendingUs).toBeGreaterThan(550_000);
      expect(run.result.sendingUs).toBeLessThan(900_000);
      const sent = run.of('segment').filter(({ direction }) => direction === 'sent');
      expect(new Set(sent.map(({ ipId }) => ipId)).size).toBe(4);
      expect(capture.packets(`dst host ${server} and tcp`)).toHaveLength(4);
    });

    it('10,000 as fast as it goes: every answer is accounted for', async () => {
      const run = await send(CLOSED, ['--count', '10000', '--interval', '0', '--timeout', '1']);
      expect(run.result).toMatchObject({ sent: 10_000, received: 10_000, answers: { rst: 10_000 }, ignored: {}, kernelDrops: 0 });
      const segments = run.of('segment');
      expect(segments).toHaveLength(20_000);
      const times = segments.map(({ atUs }) => atUs);
      expect(times.every((atUs, i) => i === 0 || atUs >= (times[i - 1] as number) - 1)).toBe(true);
    });

    it('--repeat-until a server has come up', async () => {
      const running = startRawshake(network.client, argvOf('9', ['--repeat-until', 'syn-ack', '--interval', '0.1']));
      await running.first('a refusal', (line) => line.type === 'segment' && line.flags.includes('RST'));
      await startServers(network.server, { 9: 'echo' });
      const run = await running.finished;
      expect(run).toMatchObject({ code: 0, stderr: '' });
      expect(run.result).toMatchObject({ verdict: 'open', reason: 'syn-ack', awaited: 'syn-ack' });
      expect(run.result.answers?.rst).toBeGreaterThan(0);
      expect(run.result.ended).toBeUndefined();
    });

    it('--repeat-until what does not come: 3', async () => {
      const run = await send(CLOSED, ['--repeat-until', 'syn-ack', '--count', '3', '--interval', '0.05']);
      expect(run).toMatchObject({ code: 3, stderr: '' });
      expect(run.result).toMatchObject({ sent: 3, ended: 'not-as-awaited' });
    });
  });

  describe('--dry-run', () => {
    const words = ['--seed', '11', '--source-port', '50100', '--tcp-option', '253:0102', '--tcp-options', 'linux', '--data', 'hello'];

    it('shows what the same words send', async () => {
      const dry = await send(CLOSED, ['--dry-run', ...words]);
      const wet = await send(CLOSED, words);
      const [shown] = dry.of('segment') as unknown as {
        seq: number;
        ipId: number;
        options: object[];
        sourcePort: number;
        source: string;
      }[];
      expect(shown).toMatchObject({ sourcePort: 50_100, source: network.clientAddress });
      expect(wet.of('segment')[0]).toMatchObject({ seq: shown?.seq, ipId: shown?.ipId, options: shown?.options, length: 5 });
    });

    it('sends nothing', async () => {
      const { run, capture } = await captured(OPEN, '--dry-run', '--sweep', 'ttl=1..9');
      expect(run.code).toBe(0);
      expect(capture.packets(`host ${server}`)).toEqual([]);
    });

    it('needs no privilege, no route and no way out', async () => {
      const run = await rawshake(network.client, ['send', '192.0.2.1', '80', '--dry-run', '--json'], {
        before: ['setpriv', '--bounding-set', '-all', '--inh-caps', '-all', '--ambient-caps', '-all'],
      });
      expect(run.code).toBe(0);
      expect(run.of('segment')).toHaveLength(1);
    });

    describeNeeding(['otherUser'], 'as an ordinary user', () => {
      it('works', async () => {
        const run = await rawshake(network.client, ['send', '127.0.0.1', '80', '--dry-run', '--quiet'], { before: asNobody });
        expect(run).toMatchObject({ code: 0, stderr: '' });
      });
    });
  });

  it('--quiet: one line', async () => {
    const run = await rawshake(network.client, ['send', server, OPEN, '--quiet', '--timeout', '0.2']);
    expect(run.stdout).toMatch(/^open {2}10\.77\.2\.2:7 {2}syn-ack {2}rtt [\d.]+ [um]s\n$/);
    const sweep = await rawshake(network.client, ['send', server, CLOSED, '--quiet', '--timeout', '0.2', '--sweep', 'flags=0..3']);
    expect(sweep.stdout).toMatch(/^closed {2}10\.77\.2\.2:8 {2}rst {2}rtt [\d.]+ [um]s {2}4 sent {2}4 RST\n$/);
  });

  it('-v shows answers field by field, -vv what we sent as well', async () => {
    const text = async (...options: string[]) =>
      (await rawshake(network.client, ['send', server, OPEN, '--timeout', '0.2', ...options])).stdout;
    const titles = (stdout: string) => stdout.match(/^ {2}TCP {2}.*$/gm) ?? [];
    expect(titles(await text())).toHaveLength(0);
    expect(titles(await text('-v'))).toEqual([expect.stringMatching(/^ {2}TCP {2}7 > \d+$/)]);
    expect(titles(await text('-vv', '--source-port', '50200'))).toEqual(['  TCP  50200 > 7', '  TCP  7 > 50200', '  TCP  50200 > 7']);
  });
});
