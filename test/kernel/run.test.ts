/** `rawshake run` against nginx in a namespace: its reports are read by those that are made to read them. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PLAN_EXAMPLE } from '../../src/cli/plan-example.ts';
import { misfit } from '../schema/validate.ts';
import { describeNeeding } from '../support/capabilities.ts';
import { createPair, type Network, temporaryDirectory } from '../support/netns.ts';
import { type RunOptions, rawshake as runRawshake, startRawshake } from '../support/rawshake.ts';
import { startNginx } from '../support/servers.ts';

const NAMES = [
  'the port is open and closes as it should',
  'it answers a request, and closes first',
  'an ACK out of nowhere is answered with RST',
  'port 1 is closed',
  'port 7 is closed',
];

describeNeeding(['namespaces'], 'run', () => {
  let network: Network;
  const directory = temporaryDirectory();
  const example = join(directory, 'example.yaml');

  beforeAll(async () => {
    network = createPair();
    await startNginx(network.server);
    writeFileSync(example, PLAN_EXAMPLE.replace('127.0.0.1', network.serverAddress));
  });

  afterAll(() => network?.remove());

  const rawshake = (args: readonly string[], options?: RunOptions) => runRawshake(network.client, ['run', ...args], options);

  const file = (name: string, text: string | Uint8Array): string => {
    const path = join(directory, name);
    writeFileSync(path, text);
    return path;
  };

  /** A plan of connects by name: to which port of the server. */
  const connects = (name: string, ports: Readonly<Record<string, number>>, more = ''): string =>
    file(
      name,
      `tests:\n${Object.entries(ports)
        .map(
          ([test, port]) =>
            `  - name: ${JSON.stringify(test)}\n    connect: { host: ${network.serverAddress}, port: ${port}, time-wait: 0, timeout: 1 }\n${more}`,
        )
        .join('')}`,
    );

  it('the plan of --init, as it stands but for the host', async () => {
    const { code, stdout, stderr } = await rawshake([example, '-j', '8']);
    expect(stderr).toBe('');
    expect(code).toBe(0);
    expect(stdout.match(/^ok +(.*?) {2,}/gm)?.map((line) => line.slice(6).trim())).toEqual(NAMES);
    expect(stdout).toMatch(/^5 tests: 5 passed; [\d.]+ s\n$/m);
  });

  it('the plan of the README, as it stands but for the host', async () => {
    const plan = /^```yaml\n(vars:.*?)^```/ms.exec(readFileSync('README.md', 'utf8'))?.[1] ?? '';
    const path = file('web.yaml', plan);
    const { code, stdout } = await rawshake([path, '-j', '4', '--var', `host=${network.serverAddress}`]);
    expect([code, stdout]).toEqual([0, expect.stringContaining('4 tests: 4 passed')]);
    const closed = await rawshake([path, '-j', '4', '--var', `host=${network.serverAddress}`, '--var', 'port=8']);
    expect(closed.code).toBe(3);
    expect(closed.stdout).toContain('web.yaml:14 connect: expected');
  });

  it('--json: a line a test, by the schema', async () => {
    const { code, lines } = await rawshake([example, '--json', '--var', `host=${network.serverAddress}`, '--filter', 'CLOSED']);
    expect(code).toBe(0);
    expect(lines.map((line) => misfit(line, 'run')).join('')).toBe('');
    expect(lines.map(({ type }) => type)).toEqual(['start', 'test', 'test', 'result']);
  });

  it('--tap: prove takes it', async () => {
    const plan = connects('tap.yaml', { 'good # one': 80, bad: 81 });
    const { code, stdout } = await rawshake([plan, '--tap']);
    expect(code).toBe(3);
    const report = file('tap.txt', stdout);
    expect(() => execFileSync('prove', ['--exec', 'cat', report], { stdio: 'pipe' })).toThrow();
    const good = await rawshake([plan, '--tap', '--filter', 'good']);
    expect(execFileSync('prove', ['-v', '--exec', 'cat', file('tap.txt', good.stdout)], { encoding: 'utf8' })).toMatch(
      /^ok 1 - good \\# one$[\s\S]*Result: PASS/m,
    );
  });

  it('--junit: an XML parser takes it, whatever the names hold', async () => {
    const report = file('report.xml', 'something else');
    const plan = connects('names.yaml', { 'a <b> & "c" \u0007\u001b[31m \uffff': 80, ключ: 81 });
    const { code } = await rawshake([plan, '--junit', report, '-q']);
    expect(code).toBe(3);
    const script = `import sys, xml.etree.ElementTree as e
for case in e.parse(sys.argv[1]).getroot().iter('testcase'):
    failure = case.find('failure')
    print(case.get('name'), '|', float(case.get('time')) > 0, '|', None if failure is None else failure.get('message'))`;
    expect(execFileSync('python3', ['-c', script, report], { encoding: 'utf8' }).split('\n')).toEqual([
      String.raw`a <b> & "c" \x07\x1b[31m \u{ffff} | True | None`,
      'ключ | True | expected exit code 0, but it is 1; closed (rst)',
      '',
    ]);
  });

  it('--junit -: to stdout, and the text to stderr', async () => {
    const { code, stdout, stderr } = await rawshake([connects('one.yaml', { one: 80 }), '--junit', '-']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^<\?xml [\s\S]*<\/testsuites>\n$/);
    expect(stderr).toMatch(/1 test: 1 passed/);
  });

  describe('where nginx is not', () => {
    it('says which expectation failed, shows the ladder and leaves a capture', async () => {
      const artifacts = join(directory, 'artifacts');
      const { code, stdout } = await rawshake([
        example,
        '--var',
        'port=8',
        '--filter',
        'answers a request',
        '--artifacts',
        artifacts,
        '--github',
      ]);
      expect(code).toBe(3);
      const line = PLAN_EXAMPLE.split('\n').indexOf('      - verdict == open') + 1;
      expect(stdout.replace(/\s+/g, ' ')).toContain(`example.yaml:${line} connect: expected verdict == open, but it is closed`);
      expect(stdout).toMatch(/SYN +seq 0[\s\S]*RST\+ACK +seq 0 +ack 1/);
      expect(stdout).toContain(
        `::error file=${example},line=${line},title=it answers a request%2C and closes first::expected verdict == open, but it is closed`,
      );
      expect(readdirSync(artifacts)).toEqual(['001-it-answers-a-request-and-closes-first.pcapng']);
      const capture = join(artifacts, readdirSync(artifacts)[0] as string);
      expect(statSync(capture).mode & 0o777).toBe(0o600);
      expect((await runRawshake(network.client, ['replay', capture])).stdout).toContain('RST+ACK');
    });

    it.each([
      ['is a file', () => file('occupied', ''), 'part of the path is no directory'],
      ['can not be made', () => '/proc/rawshake/captures', 'no such directory'],
    ])('exits 74 where the directory %s, with the results all the same', async (_, artifacts, why) => {
      const { code, stdout, stderr } = await rawshake([connects('bad.yaml', { bad: 81 }), '--artifacts', artifacts()]);
      expect(code).toBe(74);
      expect(stdout).toContain('1 test: 0 passed, 1 failed');
      expect(stderr).toBe(`rawshake: --artifacts: can't write into "${artifacts()}": ${why}; name a directory that can be written\n`);
    });
  });

  it('Ctrl-C: the results so far, and exit 130', async () => {
    const plan = connects('long.yaml', { first: 80, second: 81, third: 80 });
    writeFileSync(
      plan,
      readFileSync(plan, 'utf8').replace(/port: 81, time-wait: 0, timeout: 1/, 'port: 80, data: x, close: passive, timeout: 60'),
    );
    const running = startRawshake(network.client, ['run', plan, '--json']);
    await running.first('the first test', ({ type }) => (type as string) === 'test');
    running.child.kill('SIGINT');
    const { code, lines } = await running.finished;
    expect(code).toBe(130);
    expect(lines.at(-1)).toMatchObject({ passed: 1, notRun: 2, ended: 'interrupted', exitCode: 130 });
  });

  it('commands, only where they are allowed', async () => {
    const mark = join(directory, 'mark');
    const plan = file(
      'commands.yaml',
      `setup: touch ${mark}\nteardown: rm ${mark}\ntests: [{ name: a, setup: "test -e ${mark}", connect: "${network.serverAddress}:80" }]`,
    );
    const refused = await rawshake([plan]);
    expect(refused.code).toBe(65);
    expect(refused.stderr).toContain(`rawshake: ${plan}:1:8: setup runs shell commands; add --allow-commands if it may\n`);
    expect(existsSync(mark)).toBe(false);
    const { code, stdout } = await rawshake([plan, '--allow-commands']);
    expect([code, stdout]).toEqual([0, expect.stringContaining('1 passed')]);
    expect(existsSync(mark)).toBe(false);
  });

  it('200 connects, 16 at a time: one network for all', async () => {
    const plan = file(
      'many.yaml',
      `tests: [{ name: n, matrix: { n: [${Array.from({ length: 200 }, (_, i) => i)}] }, connect: { host: ${network.serverAddress}, port: 80, time-wait: 0 } }]`,
    );
    const { code, stdout, stderr } = await rawshake([plan, '-j', '16', '-q']);
    expect(stderr).toBe('');
    expect([code, stdout]).toEqual([0, expect.stringMatching(/^200 tests: 200 passed; /)]);
  });

  it('a dry run sends nothing and needs nothing', async () => {
    const { code, stdout } = await rawshake([example, '--dry-run'], { before: ['setpriv', '--bounding-set=-all', '--'] });
    expect(code).toBe(0);
    expect(stdout).toContain(
      `  rawshake connect ${network.serverAddress} 80 --close passive --data 'GET / HTTP/1.0\\r\\n\\r\\n' --timeout 2`,
    );
    expect(stdout).toContain('flags             0x010, ACK');
  });

  describe('wrong usage', () => {
    const cases: [string, () => string[], number, string | RegExp][] = [
      ['no plan', () => [], 64, 'PLAN is missing; usage: rawshake run PLAN.yaml, or rawshake run --init'],
      [
        'a file that is not there',
        () => ['nope.yaml'],
        66,
        'can\'t read "nope.yaml": no such file; name a plan, or see rawshake run --init',
      ],
      ['a directory', () => [directory], 66, /: it is a directory; name a plan/],
      ['what has no end', () => ['/dev/zero'], 65, '/dev/zero: more than 32 MiB; this is no plan'],
      [
        'what is not UTF-8',
        () => [file('latin1.yaml', Buffer.from('# caf\xe9', 'latin1'))],
        65,
        /latin1\.yaml: not UTF-8 text; save it as UTF-8/,
      ],
      ['an unknown variable', () => [example, '--var', 'hots=x'], 64, '--var: no plan has a variable "hots"; did you mean host?'],
      [
        'a variable without a value',
        () => [example, '--var', 'host'],
        64,
        '--var: "host" is not NAME=VALUE; such as --var host=example.com',
      ],
      ['a filter for nothing', () => [example, '--filter', 'zzz'], 64, /--filter: no test is called "zzz"/],
      ['no jobs', () => [example, '--jobs', '0'], 64, '--jobs: 0 is out of range; give 1 to 256'],
      ['two reports on stdout', () => [example, '--tap', '-q'], 64, '--tap and --quiet at once; both are for stdout: give one of them'],
      ['--init where something is', () => ['--init', example], 74, /exists; name another file: what is there is not replaced/],
    ];
    it.each(cases)('%s', async (_name, args, code, message) => {
      const run = await rawshake(args());
      expect(run.code).toBe(code);
      expect(run.stderr).toMatch(typeof message === 'string' ? `rawshake: ${message}\n` : message);
      expect(run.stdout).toBe('');
    });

    it('every problem of every plan, a line each', async () => {
      const a = file('wrong-a.yaml', 'tests:\n  - name: x\n    conect: y:80\n');
      const b = file('wrong-b.yaml', 'tests:\n  - name: x\n    connect: { host: y, port: 80, windov: 1 }\n');
      const { code, stderr, lines } = await rawshake([a, b, '--json']);
      expect(code).toBe(65);
      expect(stderr).toBe(
        `rawshake: ${a}:3:5: "conect" is no key of a test; did you mean connect?\nrawshake: ${b}:3:35: "windov" is no key of connect; did you mean window?\n`,
      );
      expect(lines).toMatchObject([{ type: 'result', exitCode: 65, error: { code: 'bad-data' } }]);
    });
  });

  it('--init writes a new file', async () => {
    mkdirSync(join(directory, 'new'));
    const path = join(directory, 'new', 'plan.yaml');
    expect((await rawshake(['--init', path])).code).toBe(0);
    expect(readFileSync(path, 'utf8')).toBe(PLAN_EXAMPLE);
    expect((await rawshake(['--init'])).stdout).toBe(PLAN_EXAMPLE);
  });
});
