/** `trace` as it is typed: text, JSON, graph, table and capture of a path of forwarding kernels. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { TraceEvent, TraceResult } from '../../src/probe/events.ts';
import { misfit } from '../schema/validate.ts';
import { describeNeeding } from '../support/capabilities.ts';
import { type Chain, createChain } from '../support/chain.ts';
import { temporaryDirectory } from '../support/netns.ts';
import { type Run, rawshake, rawshakeArgv, startRawshake } from '../support/rawshake.ts';
import { startServers } from '../support/servers.ts';
import { tshark } from '../support/tshark.ts';

type Told<T extends TraceEvent['type']> = Extract<TraceEvent, { type: T }>;

const eventsOf = ({ lines }: Run): TraceEvent[] => lines as unknown as TraceEvent[];
const told = <T extends TraceEvent['type']>(run: Run, type: T): Told<T>[] =>
  eventsOf(run).filter((event): event is Told<T> => event.type === type);
const resultOf = (run: Run): TraceResult & { exitCode: number } => run.result as unknown as TraceResult & { exitCode: number };

const NO_RESOLVER = 'table ip dns { chain input { type filter hook input priority 0; policy accept;\nudp dport 53 drop\n}\n}\n';

/** Without what differs from run to run. */
const essence = (text: string): string =>
  text
    .replace(/\d[\d.]* (us|ms|s)\b/g, 'TIME')
    // How far the first round looks depends on how soon the destination answers.
    .replace(/\d+ sent/, 'N sent')
    .replace(/ +/g, ' ')
    .trim();

describeNeeding(['namespaces'], 'the trace command', () => {
  let chain: Chain;
  const directory = temporaryDirectory();

  beforeAll(async () => {
    chain = createChain({ routers: 3, twinAt: 2 });
    chain.router(1).nft(
      `table ip test { chain forward { type filter hook forward priority -150; policy accept;
tcp dport 80 tcp flags syn tcp option maxseg size set 1200
}
}
`,
    );
    chain.router(3).firewall('forward', 'tcp dport 23 drop\ntcp dport 25 reject with icmp type admin-prohibited');
    await startServers(chain.server, { 23: 'echo', 25: 'echo', 80: 'echo' });
  });
  afterAll(() => chain.remove());

  const trace = (port: string, ...options: string[]): Promise<Run> =>
    rawshake(chain.client, ['trace', chain.serverAddress, port, '--numeric', ...options]);

  const json = async (port: string, ...options: string[]): Promise<Run> => {
    const run = await trace(port, '--json', ...options);
    expect(run.stderr).toBe('');
    for (const event of run.lines) expect(misfit(event, 'trace')).toBe('');
    expect(run.lines[0]?.type).toBe('start');
    expect(resultOf(run).exitCode).toBe(run.code);
    return run;
  };

  describe('says where the path ends', () => {
    it('open: each hop, what it changed, and who answers', async () => {
      const { code, stdout, stderr } = await trace('80', '--source-port', '40001');
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
      const text = essence(stdout).replace(/10\.[01]\.2\.1/, 'TWIN');
      expect(text).toBe(`trace 10.0.4.1 port 80

 hop address round trips
 1 10.0.1.1 TIME TIME TIME
 2 TWIN TIME TIME TIME
 * MSS clamped: 1460 -> 1200
 3 10.0.3.1 TIME TIME TIME
 4 10.0.4.1 TIME TIME TIME SYN+ACK

 verdict open: SYN+ACK from 10.0.4.1 in TIME, 4 hops
 probes N sent, 12 answered, in TIME`);
    });

    it('closed', async () => {
      const { code, stdout } = await trace('81');
      expect(code).toBe(1);
      expect(essence(stdout)).toMatch(/ 4 10\.0\.4\.1 TIME TIME TIME RST\n\n verdict closed: RST from 10\.0\.4\.1 in TIME, 4 hops\n/);
    });

    it('rejected', async () => {
      const { code, stdout } = await trace('25');
      expect(code).toBe(2);
      expect(essence(stdout)).toMatch(
        / 4 10\.0\.3\.1 TIME TIME TIME ICMP admin-prohibited\n\n verdict filtered: 10\.0\.3\.1 \(hop 3\) answers admin-prohibited\n It says that a filter forbids it/,
      );
    });

    it('silent', async () => {
      const { code, stdout } = await trace('23', '--wait', '0.2', '--gap', '2');
      expect(code).toBe(2);
      expect(essence(stdout)).toMatch(/ 5 \* \* \* \*\n\n verdict filtered: silent after hop 3 \(10\.0\.3\.1\)\n/);
    });

    it.each([
      ['80', /^open {2}10\.0\.4\.1:80 {2}syn-ack {2}rtt \S+ us {2}4 hops\n$/],
      ['25', /^filtered {2}10\.0\.4\.1:25 {2}icmp-admin-prohibited {2}refused at hop 3 \(10\.0\.3\.1\)\n$/],
    ])('in one line: port %s', async (port, line) => {
      expect((await trace(port, '--quiet')).stdout).toMatch(line);
    });
  });

  describe('tells programs', () => {
    it('each hop and the result, as the schema has it', async () => {
      const run = await json('80', '--first-ttl', '2', '--probes', '2');
      expect(told(run, 'hop').map(({ ttl }) => ttl)).toEqual([2, 3, 4]);
      for (const { rttUs } of told(run, 'hop')) expect(rttUs).toEqual([expect.any(Number), expect.any(Number)]);
      expect(resultOf(run)).toMatchObject({ verdict: 'open', reached: true, hops: 4, rounds: 2, exitCode: 0 });
    });

    it('a hop that is silent', async () => {
      const run = await json('23', '--wait', '0.2', '--gap', '2', '--probes', '1');
      expect(told(run, 'hop').at(-1)).toMatchObject({ ttl: 5, answerers: [], figures: { received: 0, lossPercent: 100 } });
      expect(resultOf(run)).toMatchObject({ verdict: 'filtered', stop: { kind: 'silent', ttl: 3, address: '10.0.3.1' }, exitCode: 2 });
    });

    it('where it is refused', async () => {
      expect(resultOf(await json('25')).stop).toEqual({ kind: 'refused', ttl: 3, address: '10.0.3.1', icmp: 'admin-prohibited' });
    });

    it('the path MTU', async () => {
      expect(resultOf(await json('80', '--mtu')).pathMtu).toMatchObject({ mtu: 1500, found: 'whole' });
    });

    it('each segment too, with --verbose', async () => {
      const run = await json('80', '--verbose', '--probes', '1');
      expect(told(run, 'segment').filter(({ direction, flags }) => direction === 'sent' && flags[0] === 'SYN')).toHaveLength(4);
      expect(told(run, 'icmp')).toHaveLength(3);
    });
  });

  describe('flows', () => {
    it('are drawn as a tree', async () => {
      const { stdout } = await trace('80', '--flows', '16', '--probes', '1', '--source-port', '40001');
      expect(essence(stdout).replace(/\d+ of 16/g, 'N of 16')).toMatch(
        / 1 10\.0\.1\.1 TIME N of 16\n 2 \|- 10\.[01]\.2\.1 TIME N of 16\n \| \* MSS clamped: 1460 -> 1200\n 2 `- 10\.[01]\.2\.1 TIME N of 16\n \* MSS clamped: 1460 -> 1200\n 3 10\.0\.3\.1 TIME N of 16\n 4 10\.0\.4\.1 TIME N of 16\n/,
      );
      expect(stdout).toMatch(/ flows {7}16 tried, up to 2 routers at one distance; [\d.]+ % sure/);
    });

    it('are told by number, and put together in the result', async () => {
      const run = await json('80', '--flows', '4', '--probes', '1', '--verbose');
      expect(new Set(told(run, 'hop').map(({ flow }) => flow))).toEqual(new Set([0, 1, 2, 3]));
      expect(resultOf(run).multipath).toMatchObject({ flows: 4, outcomes: [{ verdict: 'open', sourcePorts: { length: 4 } }] });
    });

    it('are printed for graphviz', async () => {
      const { code, stdout } = await trace('80', '--flows', '16', '--probes', '1', '--source-port', '40001', '--dot');
      expect(code).toBe(0);
      expect(stdout).toMatch(/^digraph trace \{\n/);
      expect(stdout.match(/ -> /g)).toHaveLength(6);
    });
  });

  it('--inside: the probes go inside a connection, which is closed', async () => {
    const run = await json('80', '--inside', '--probes', '1');
    expect(resultOf(run)).toMatchObject({ verdict: 'open', connection: { established: true, closed: true }, exitCode: 0 });
    const { stdout } = await trace('80', '--inside', '--probes', '1');
    expect(stdout).toContain(' connection  established, closed properly\n');
  });

  it('--pcap has every probe and every answer', async () => {
    const file = join(directory, 'trace.pcapng');
    await trace('80', '--probes', '1', '--flows', '2', '--pcap', file);
    const fields = ['ip.src', 'ip.ttl', 'frame.comment', 'frame.time_relative'] as const;
    const exceeded = tshark(file, 'icmp.type == 11', fields);
    expect(exceeded).toHaveLength(6);
    expect(exceeded.map(({ 'frame.comment': [comment] }) => comment)).toContainEqual('ttl-exceeded about ttl=1, says 10.0.1.1');
    const probes = tshark(file, 'tcp.flags == 2 && !icmp', fields);
    expect(probes.map(({ 'ip.ttl': [ttl] }) => ttl).sort()).toEqual(['1', '1', '2', '2', '3', '3', '4', '4']);
    for (const {
      'frame.time_relative': [seconds],
    } of probes)
      expect(Number(seconds)).toBeLessThan(5);
  });

  describe('names', () => {
    /** With hosts of its own, and a resolver that is silent. */
    const withHosts = async (hosts: string): Promise<{ stdout: string; seconds: number }> => {
      writeFileSync(join(directory, 'hosts'), hosts);
      writeFileSync(join(directory, 'resolv.conf'), 'nameserver 10.0.1.1\n');
      const bind = ['hosts', 'resolv.conf'].map((file) => `mount --bind ${join(directory, file)} /etc/${file}`).join(' && ');
      const argv = rawshakeArgv(['trace', chain.serverAddress, '25', '--probes', '1']);
      const startedAt = performance.now();
      const stdout = chain.client.exec(['sh', '-c', `${bind} && "$@" || true`, 'sh', ...argv]);
      return { stdout, seconds: (performance.now() - startedAt) / 1000 };
    };

    it('stand beside the addresses; a resolver that is silent is waited for a second', async () => {
      chain.router(1).nft(NO_RESOLVER);
      const { stdout, seconds } = await withHosts('10.0.1.1 gateway.example.net\n');
      chain.router(1).nft('delete table ip dns\n');
      expect(stdout).toMatch(/ 1 {2}10\.0\.1\.1 .* gateway\.example\.net\n/);
      expect(stdout).toMatch(/ 3 {2}10\.0\.3\.1 +[\d.]+ us\n/);
      expect(seconds).toBeGreaterThan(0.9);
      expect(seconds).toBeLessThan(3);
      // The verdict did not wait.
      expect(stdout).toMatch(/in [\d.]+ ms\n$/);
      expect(Number(/in ([\d.]+) ms\n$/.exec(stdout)?.[1])).toBeLessThan(500);
    });
  });

  describe('--watch', () => {
    const watch = ['trace', '10.0.4.1', '80', '--numeric', '--watch', '0.1'];

    it('is a block a round where it is piped, and Ctrl-C is its normal end', async () => {
      const running = startRawshake(chain.client, watch);
      await new Promise<void>((resolve) => {
        running.child.stdout.on('data', (text) => String(text).includes('3 rounds') && resolve());
      });
      running.child.kill('SIGINT');
      const { code, stdout, stderr } = await running.finished;
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
      expect(stdout).not.toContain('\x1b');
      expect(stdout.match(/^trace 10\.0\.4\.1 port 80, \d+ rounds?, times in ms\n\n {2}hop {2}host /gm)?.length).toBeGreaterThanOrEqual(3);
      expect(stdout).toMatch(/\n {2}verdict {5}open: SYN\+ACK from 10\.0\.4\.1 in \S+ us, 4 hops\n/);
      expect(stdout).not.toContain('ended early');
    });

    it('tells programs all hops and the end of each round', async () => {
      const running = startRawshake(chain.client, [...watch, '--json']);
      await running.first('round 2', (line) => (line as unknown as TraceEvent).type === 'round');
      running.child.kill('SIGINT');
      const run = await running.finished;
      for (const event of run.lines) expect(misfit(event, 'trace')).toBe('');
      expect(run.code).toBe(0);
      expect(resultOf(run)).toMatchObject({ verdict: 'open', ended: 'interrupted', exitCode: 0 });
    });

    it('other signals end it as they end everything', async () => {
      const running = startRawshake(chain.client, [...watch, '--json']);
      await running.first('a round', (line) => (line as unknown as TraceEvent).type === 'round');
      running.child.kill('SIGTERM');
      expect((await running.finished).code).toBe(143);
    });

    it('on a terminal it has another screen, and leaves the last table on the first', async () => {
      // Ctrl-C goes to the shell too, which is not to end of it.
      const typed = `trap : INT; stty cols 80 rows 24; ${rawshakeArgv(watch).join(' ')}; echo "ended with $?"`;
      const child = chain.client.spawn(['env', 'LANG=C.UTF-8', 'TERM=xterm', 'script', '-qec', typed, '/dev/null']);
      let shown = '';
      await new Promise<void>((resolve) => {
        child.once('close', () => resolve());
        child.stdout.setEncoding('utf8').on('data', (text) => {
          const isFirst = !shown.includes('3 rounds');
          shown += text;
          if (isFirst && shown.includes('3 rounds')) child.stdin.write('\x03');
          if (shown.includes('ended with')) child.stdin.end();
        });
      });
      expect(shown).toContain('\x1b[?1049h\x1b[?25l');
      const [table = '', after = ''] = shown.split('\x1b[?25h\x1b[?1049l');
      expect(table.split('\x1b[H').length).toBeGreaterThan(3);
      expect(stripVTControlCharacters(after)).toMatch(
        /^trace 10\.0\.4\.1 port 80, \d+ rounds.* {2}verdict {5}open: SYN\+ACK.*ended with 0\r\n$/s,
      );
      expect(after).not.toContain('\x1b[?');
    });
  });

  it.each([
    ['--json', ['--json']],
    ['--watch', []],
  ])('ends quietly where nobody reads on: %s', (_name, options) => {
    const argv = rawshakeArgv(['trace', chain.serverAddress, '80', '-n', '--watch', '0.05', ...options]);
    const shell = '"$@" 2> stderr | head -n 1 > /dev/null; echo $PIPESTATUS; cat stderr';
    expect(chain.client.exec(['bash', '-c', `cd ${directory}; ${shell}`, 'bash', ...argv])).toBe('141\n');
    expect(readFileSync(join(directory, 'stderr'), 'utf8')).toBe('');
  });

  it('this host itself is one hop', async () => {
    const { code, stdout } = await rawshake(chain.server, ['trace', '127.0.0.1', '80', '-n']);
    expect(code).toBe(0);
    expect(stdout).toContain(' 1  127.0.0.1 ');
    expect(stdout).toMatch(/verdict {5}open: SYN\+ACK from 127\.0\.0\.1 in \S+ us, 1 hop\n/);
  });

  it('no way there is an error of this machine', async () => {
    const { code, stdout, stderr } = await rawshake(chain.server, ['trace', '192.0.2.1', '80', '-n']);
    expect({ code, stdout }).toEqual({ code: 69, stdout: '' });
    expect(stderr).toMatch(/^rawshake: [^\n]+\n$/);
  });
});
