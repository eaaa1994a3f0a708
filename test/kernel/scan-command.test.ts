/** `rawshake scan` as people and scripts use it: the built command against a real kernel with a firewall. */
import { chmodSync, chownSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { PortEvent, ScanResult } from '../../src/probe/events.ts';
import { misfit } from '../schema/validate.ts';
import { describeNeeding } from '../support/capabilities.ts';
import { command } from '../support/command.ts';
import { createPair, type Network, temporaryDirectory } from '../support/netns.ts';
import { type RunOptions, rawshake, rawshakeArgv, startRawshake } from '../support/rawshake.ts';
import { startServers } from '../support/servers.ts';

const OPEN = [22, 80, 443, 31_337];
/** Local to the server as a whole: 1,024 hosts, all alike. */
const MANY = '10.20.0.0/22';

type Result = ScanResult & { exitCode: number };

interface Told {
  ports: PortEvent[];
  result: Result;
}

/** The lines of `--json`, each held to the schema. */
function read(stdout: string): Told {
  const lines = stdout
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line));
  for (const line of lines) expect(misfit(line, 'scan')).toBe('');
  return { ports: lines.filter(({ type }) => type === 'port'), result: lines.at(-1) };
}

const pairs = (ports: readonly PortEvent[]): string[] => ports.map(({ address, port }) => `${address}:${port}`).sort();

describeNeeding(['namespaces'], 'scan', () => {
  let network: Network;
  let host: string;
  const directory = temporaryDirectory();
  const file = (name: string): string => join(directory, name);

  beforeAll(async () => {
    network = createPair();
    host = network.serverAddress;
    network.server.ip(`route add local ${MANY} dev lo`);
    network.client.ip(`route add ${MANY} via ${host}`);
    network.server.firewall('input', 'tcp dport 1000-1999 drop\ntcp dport 25 reject with icmp type admin-prohibited');
    network.server.exec(['sh', '-c', 'echo 0 > /proc/sys/net/ipv4/icmp_ratelimit']);
    await startServers(network.server, Object.fromEntries(OPEN.map((port) => [port, 'sink'])));
  });
  afterAll(() => network.remove());

  const scan = (words: readonly string[], options?: RunOptions) => rawshake(network.client, ['scan', ...words], options);
  const scanJson = async (words: readonly string[], options?: RunOptions): Promise<Told & { code: number }> => {
    const { code, stdout, stderr } = await scan([...words, '--json'], options);
    expect(stderr).toBe('');
    return { code, ...read(stdout) };
  };

  it('finds the state of every port of a host, and says what it rests on', async () => {
    const { code, stdout, stderr } = await scan([host, '-p', '-'], { timeoutMs: 60_000 });
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const rows = [...stdout.matchAll(/^ +(\d+) {2}(\S*) +(open|closed|filtered) +(\S+) +[\d.]+ [um]?s +64$/gm)].map((row) =>
      row.slice(1, 5),
    );
    expect(rows).toEqual([
      ['22', 'ssh', 'open', 'SYN+ACK'],
      ['80', 'http', 'open', 'SYN+ACK'],
      ['443', 'https', 'open', 'SYN+ACK'],
      ['31337', '', 'open', 'SYN+ACK'],
    ]);
    const words = stdout.replace(/\s+/g, ' ');
    expect(words).toMatch(/^scan 10\.77\.1\.2, all 65,535 ports /);
    expect(words).toMatch(
      / 64,530 closed \(RST\), 1,000 filtered \(no answer\), 4 open \(SYN\+ACK\), 1 filtered \(ICMP admin-prohibited\) /,
    );
    expect(words).toMatch(/ probes [\d,]+ sent in [\d.]+ m?s \([\d,]+\/s\) loss none seen silence tried \d times/);
  });

  it('groups many hosts in one table, and counts what it does not list', async () => {
    const { stdout } = await scan([host, '10.77.1.1', '10.20.0.9', '-p', '20-26']);
    expect(stdout.replace(/[\d.]+ [um]s/g, 'TIME').replace(/ +/g, ' ')).toContain(
      [
        ' host port service verdict reason rtt up to ttl',
        ' 10.20.0.9 22 ssh open SYN+ACK TIME 64',
        ' 5 closed (RST), 1 filtered (ICMP admin-prohibited)',
        ' 10.77.1.2 22 ssh open SYN+ACK TIME 64',
        ' 5 closed (RST), 1 filtered (ICMP admin-prohibited)',
        '',
        ' hosts 3: 2 listed, 1 other that answers',
        '',
      ].join('\n'),
    );
  });

  it('tells programs each port that is listed, and all of them by what came of them', async () => {
    const { ports, result } = await scanJson([host, '-p', '20-26,1000', '--show', 'all']);
    expect(Object.fromEntries(ports.map(({ port, reason }) => [port, reason]))).toEqual({
      20: 'rst',
      21: 'rst',
      22: 'syn-ack',
      23: 'rst',
      24: 'rst',
      25: 'icmp-admin-prohibited',
      26: 'rst',
      1000: 'no-response',
    });
    expect(result).toMatchObject({ hosts: 1, ports: 8, pairs: 8, done: 8, counts: { open: 1, closed: 5, filtered: 2 }, exitCode: 0 });
    expect(ports.find(({ port }) => port === 25)).toMatchObject({ from: host });
  });

  it('by technique: an Xmas scan', async () => {
    const { ports, result } = await scanJson([host, '-p', '21,22', '--technique', 'xmas']);
    expect(ports.map(({ port, verdict }) => [port, verdict])).toEqual([[22, 'open|filtered']]);
    expect(result.counts).toEqual({ closed: 1, 'open|filtered': 1 });
  });

  it('-q prints a line for each listed port, and nothing else', async () => {
    const { stdout } = await scan([host, '-p', '22,23,80', '-q', '--show', 'open,closed']);
    expect(stdout.trim().split('\n').sort()).toEqual([
      expect.stringMatching(/^closed {2}10\.77\.1\.2:23 {2}rst {2}rtt up to [\d.]+ [um]s {2}telnet$/),
      expect.stringMatching(/^open {2}10\.77\.1\.2:22 {2}syn-ack {2}rtt up to [\d.]+ [um]s {2}ssh$/),
      expect.stringMatching(/^open {2}10\.77\.1\.2:80 {2}syn-ack {2}rtt up to [\d.]+ [um]s {2}http$/),
    ]);
  });

  it.each([
    ['open', '22,80', 0],
    ['open', '20,21', 1],
    ['open', '1000,1001', 2],
    ['open', '22,23', 3],
    ['closed', '20,21', 0],
    ['closed', '22,80', 3],
    ['closed', '1000,25', 2],
    ['filtered', '1000,25', 0],
    ['filtered', '20,21', 1],
  ])('--require %s of ports %s ends with %i', async (required, ports, code) => {
    expect((await scan([host, '-p', ports, '--require', required, '--retries', '0', '-q'])).code).toBe(code);
  });

  it('takes hosts from words, files and stdin, each once, and leaves out what it is told to', async () => {
    writeFileSync(file('hosts'), `# all\n10.20.0.1-3 10.20.0.2\n10.20.0.5 # more\n`);
    writeFileSync(file('not'), '10.20.0.3\n');
    const words = [
      `@${file('hosts')}`,
      '-',
      '10.20.0.8/30',
      '-p',
      '22',
      '--exclude-file',
      file('not'),
      '--exclude',
      '10.20.0.9,10.20.0.10',
    ];
    const shell = `printf '10.20.0.7\\n#10.20.0.6\\n' | exec "$@"`;
    const stdout = network.client.exec(['sh', '-c', shell, 'sh', ...rawshakeArgv(['scan', ...words, '--json'])]);
    const hosts = [1, 2, 5, 7, 8, 11];
    expect(pairs(read(stdout).ports)).toEqual(hosts.map((last) => `10.20.0.${last}:22`).sort());
  });

  it('resolves names: many at once, of each the first address; those to be left out at all of theirs', async () => {
    const alike = Array.from({ length: 40 }, (_, i) => `10.20.1.${i} h${i}.example\n`);
    writeFileSync(file('names'), `127.0.0.1 localhost\n${host} one.example\n${host} same.example\n${alike.join('')}`);
    writeFileSync(file('names'), '10.20.2.1 two.example\n10.20.2.2 two.example\n10.20.2.3 two.example\n', { flag: 'a' });
    const options = { before: ['sh', '-c', `mount --bind ${file('names')} /etc/hosts && exec "$@"`, 'sh'] };

    const { stdout, stderr } = await scan(['one.example', 'same.example', '-p', '22'], options);
    expect({ title: stdout.split('\n')[0], stderr }).toEqual({ title: 'scan one.example, same.example (10.77.1.2), port 22', stderr: '' });

    const two = await scan(['two.example', host, '-p', '22'], options);
    expect(two.stderr).toBe('rawshake: two.example has 3 IPv4 addresses; using 10.20.2.1\n');
    expect(two.stdout).toMatch(/^ {2}10\.20\.2\.1 two\.example +22 {2}ssh /m);

    const list = Array.from({ length: 40 }, (_, i) => `h${i}.example`);
    const { ports } = await scanJson([...list, '-p', '22'], options);
    expect(ports).toHaveLength(40);

    const rest = await scanJson(['10.20.2.0/29', '-p', '22', '--exclude', 'two.example'], options);
    expect(pairs(rest.ports)).toEqual([0, 4, 5, 6, 7].map((last) => `10.20.2.${last}:22`));
  });

  it('under sudo what it writes belongs to the caller, and is taken away at the end', async () => {
    mkdirSync(file('home'));
    chmodSync(directory, 0o755);
    chownSync(file('home'), 65_534, 65_534);
    const env = { ...process.env, SUDO_UID: '65534', SUDO_GID: '65534' };
    const words = [host, '-p', '22', '--csv', file('home/ports.csv'), '--resume', file('home/state')];
    expect(await scan(words, { env })).toMatchObject({ code: 0, stderr: '' });
    expect(readdirSync(file('home'))).toEqual(['ports.csv']);
    expect(statSync(file('home/ports.csv')).uid).toBe(65_534);
  });

  it('tells of hosts that can not be sent to, and ends with 3', async () => {
    const words = [host, '172.16.0.1-3', '-p', '22'];
    const { code, stdout } = await scan(words);
    expect({ code, open: stdout.match(/ open {2,}/g)?.length }).toEqual({ code: 3, open: 1 });
    expect(stdout.replace(/\s+/g, ' ')).toMatch(
      / hosts 4: 1 listed, 3 not sent to .* not sent to 3 of the ports; .*172\.16\.0\.\d.* no route/,
    );
    const quiet = await scan([...words, '-q']);
    expect(quiet).toMatchObject({
      code: 3,
      stderr: expect.stringMatching(/^rawshake: not sent to 172\.16\.0\.\d:22, and maybe others: [^\n]*no route[^\n]*\n$/),
    });
  });

  it('skips reserved ranges, and says so', async () => {
    const { stdout } = await scan([host, '192.0.2.0/30', '-p', '22']);
    expect(stdout.replace(/\s+/g, ' ')).toContain('skipped 4 addresses of 192.0.2.0/24: documentation (TEST-NET-1), RFC 5737;');
  });

  it('--csv replaces a file by what is listed; - is stdout', async () => {
    writeFileSync(file('ports.csv'), 'x'.repeat(10_000));
    await scan([host, '-p', '22,23', '--csv', file('ports.csv')]);
    const header = 'address,host,port,service,verdict,reason,rtt_us,ttl,attempts,from,proxied,proxied_reason\r\n';
    const record = /^10\.77\.1\.2,,22,ssh,open,syn-ack,[\d.]+,64,1,,false,\r\n$/;
    const written = readFileSync(file('ports.csv'), 'utf8');
    expect(written.slice(0, header.length)).toBe(header);
    expect(written.slice(header.length)).toMatch(record);

    const { stdout, stderr } = await scan([host, '-p', '22,23', '--csv', '-']);
    expect(stdout.slice(header.length)).toMatch(record);
    expect(stderr).toMatch(/^scan 10\.77\.1\.2, 2 ports\n/);
  });

  it('--pcap captures it', async () => {
    await scan([host, '-p', '22,23,1000', '--pcap', file('scan.pcapng')]);
    const packets = command(['tcpdump', '-nn', '-r', file('scan.pcapng')]);
    expect(packets).toMatch(/10\.77\.1\.1\.\d+ > 10\.77\.1\.2\.22: Flags \[S\]/);
    expect(packets).toMatch(/10\.77\.1\.2\.22 > 10\.77\.1\.1\.\d+: Flags \[S\.\]/);
    expect(packets).toMatch(/10\.77\.1\.2\.23 > 10\.77\.1\.1\.\d+: Flags \[R\.\]/);
  });

  it('ends with 3 where --max-time cuts it short, and says how far it came', async () => {
    const { code, result } = await scanJson([host, '-p', '-', '--rate', '500', '--max-time', '0.5']);
    expect({ code, ended: result.ended }).toEqual({ code: 3, ended: 'max-time' });
    // How far it comes is the machine's.
    expect(result.done).toBeGreaterThan(0);
    expect(result.done).toBeLessThan(1000);
  });

  it('shows on a terminal how far it is, and then the table alone', () => {
    const typed = `stty cols 80 rows 24; ${rawshakeArgv(['scan', host, '-p', '-', '--rate', '30000', '--retries', '0']).join(' ')}`;
    const shown = network.client.exec(['env', 'LANG=C.UTF-8', 'TERM=xterm', 'script', '-qec', typed, '/dev/null']);
    expect(shown).toMatch(/\d+ % of 65,535, \d open, [\d,]+\/s, \d+ s left/);
    const end = stripVTControlCharacters(shown.slice(shown.lastIndexOf(' left')));
    expect(end).toMatch(/port {2}service [^%]* open [^%]*\n {2}ports /);
  });

  it('on a terminal without a size shows nothing that it could not take away again', () => {
    const typed = rawshakeArgv(['scan', host, '-p', '-', '--rate', '50000', '--retries', '0']).join(' ');
    const shown = network.client.exec(['env', 'LANG=C.UTF-8', 'TERM=xterm', 'script', '-qec', typed, '/dev/null']);
    expect(shown).not.toContain(' left');
    expect(shown).toContain(' open ');
  });

  it('on a terminal without a size takes 80 columns', () => {
    const argv = rawshakeArgv(['scan', '--help']);
    const shown = network.client.exec(['script', '-qec', argv.join(' '), '/dev/null']);
    expect(stripVTControlCharacters(shown).replaceAll('\r', '')).toBe(network.client.exec(argv));
  });

  it('ends quietly where nobody reads on', async () => {
    const shell = '"$@" 2> stderr | head -n 1 > /dev/null; echo $PIPESTATUS; cat stderr';
    const argv = rawshakeArgv(['scan', MANY, '-p', '22,80', '-q']);
    expect(network.client.exec(['bash', '-c', `cd ${directory}; ${shell}`, 'bash', ...argv])).toBe('141\n');
    const csv = rawshakeArgv(['scan', host, '-p', '1-20000', '--show', 'all', '--rate', '2000', '--csv', '-']);
    const startedAt = performance.now();
    expect(network.client.exec(['bash', '-c', `cd ${directory}; ${shell.replace('; cat stderr', '')}`, 'bash', ...csv])).toBe('141\n');
    // All of it would take ten seconds.
    expect(performance.now() - startedAt).toBeLessThan(8000);
  });

  it('--csv - waits for a reader that is slow to begin', () => {
    const argv = rawshakeArgv(['scan', host, '-p', '2000-6999', '--show', 'all', '--csv', '-']);
    const shell = '"$@" 2> stderr | (sleep 1; wc -l); echo $PIPESTATUS';
    expect(network.client.exec(['bash', '-c', `cd ${directory}; ${shell}`, 'bash', ...argv])).toBe('5001\n0\n');
  });

  it('Ctrl-C prints what is known; --resume goes on from there, and is gone at the end', async () => {
    const words = [host, '-p', '-', '--show', 'all', '--resume', file('state'), '--csv', file('all.csv')];
    const first = startRawshake(network.client, ['scan', ...words, '--json', '--rate', '4000'], { timeoutMs: 60_000 });
    await new Promise((resolve) => setTimeout(resolve, 2500));
    first.child.kill('SIGINT');
    const { code, stdout, stderr } = await first.finished;
    expect({ code, stderr }).toEqual({ code: 130, stderr: '' });
    const begun = read(stdout);
    expect(begun.result).toMatchObject({ ended: 'interrupted', exitCode: 130, done: begun.ports.length });
    expect(begun.ports.length).toBeGreaterThan(100);
    expect(statSync(file('state')).size).toBeGreaterThan(0);

    const other = await scan([host, '-p', '22', '--show', 'all', '--resume', file('state')]);
    expect(other).toMatchObject({
      code: 65,
      stderr: expect.stringMatching(/is of another scan: ports 65535 ports .* there, 1 port .* here;/),
    });

    const rest = await scanJson(words, { timeoutMs: 60_000 });
    expect(rest.code).toBe(0);
    const all = [...begun.ports, ...rest.ports];
    expect(all).toHaveLength(65_535);
    expect(new Set(pairs(all)).size).toBe(65_535);
    expect(all.filter(({ verdict }) => verdict === 'open').map(({ port }) => port)).toEqual(expect.arrayContaining(OPEN));
    expect(rest.result.counts).toEqual({ open: 4, closed: 64_530, filtered: 1001 });
    expect(readFileSync(file('all.csv'), 'utf8').match(/\r\n/g)).toHaveLength(65_536);
    expect(existsSync(file('state'))).toBe(false);
  });

  it('--resume after SIGKILL goes on from the last state in the file', async () => {
    const words = [host, '-p', '-', '--resume', file('killed')];
    const first = startRawshake(network.client, ['scan', ...words, '--rate', '3000'], { timeoutMs: 60_000 });
    for (
      let tries = 0;
      tries < 100 && !(existsSync(file('killed')) && readFileSync(file('killed'), 'utf8').includes('"type":"state"'));
      tries++
    )
      await new Promise((resolve) => setTimeout(resolve, 100));
    first.child.kill('SIGKILL');
    await first.finished;
    writeFileSync(file('killed'), '{"type":"port","cut', { flag: 'a' });
    const { code, stdout } = await scan(words, { timeoutMs: 60_000 });
    expect(code).toBe(0);
    expect(stdout).toMatch(/^scan 10\.77\.1\.2, all 65,535 ports, [\d,]+ of 65,535 done before\n/);
    expect(stdout.match(/ open {2,}SYN/g)).toHaveLength(4);
    expect(stdout.replace(/\s+/g, ' ')).toContain(' 64,530 closed (RST), 1,000 filtered (no answer), 4 open (SYN+ACK)');
  });

  describe('in parts', () => {
    /** A scan of each part, one after the other. */
    async function parts(count: number, run: (i: number) => Promise<string>): Promise<PortEvent[][]> {
      const all: PortEvent[][] = [];
      for (let i = 0; i < count; i++) all.push(read(await run(i)).ports);
      return all;
    }

    function expectWhole(found: readonly PortEvent[][]): void {
      for (const part of found) expect(part.length).toBeGreaterThan(0);
      const all = pairs(found.flat());
      expect(new Set(all).size).toBe(all.length);
      expect(all).toHaveLength(1024 * 3);
    }

    beforeAll(() => {
      mkdirSync(file('bin'));
      symlinkSync(resolve('bin/rawshake.js'), file('bin/rawshake'));
    });

    const run = async (argv: readonly string[], env: NodeJS.ProcessEnv): Promise<string> =>
      network.client.exec([
        'env',
        `PATH=${file('bin')}:${process.env.PATH}`,
        ...Object.entries(env).map(([name, value]) => `${name}=${value}`),
        ...argv,
      ]);

    it('as the manifest for Kubernetes has them', async () => {
      const manifest = readFileSync('examples/kubernetes-indexed-job.yaml', 'utf8');
      const found = (what: RegExp): string => what.exec(manifest)?.[1] ?? '';
      const completions = Number(found(/^ {2}completions: (\d+)$/m));
      expect(found(/name: JOB_COMPLETIONS\n +value: "(\d+)"/)).toBe(String(completions));
      const words: string[] = JSON.parse(found(/command: (\[.*\])/));
      expectWhole(await parts(completions, (i) => run(words, { JOB_COMPLETION_INDEX: String(i), JOB_COMPLETIONS: String(completions) })));
    });

    it('as the script for Slurm has them', async () => {
      const script = readFileSync('examples/slurm-array.sh', 'utf8');
      const [, min, max] = (/^#SBATCH --array=(\d+)-(\d+)$/m.exec(script) ?? []).map(Number) as [number, number, number];
      const count = max - min + 1;
      const words = (/^# +sbatch slurm-array.sh (.*)$/m.exec(script)?.[1] ?? '').split(' ');
      const variables = { MIN: min, MAX: max, STEP: 1, COUNT: count };
      const env = Object.fromEntries(Object.entries(variables).map(([name, value]) => [`SLURM_ARRAY_TASK_${name}`, String(value)]));
      expectWhole(
        await parts(count, (i) => run(['bash', 'examples/slurm-array.sh', ...words], { ...env, SLURM_ARRAY_TASK_ID: String(min + i) })),
      );
    });
  });
});
