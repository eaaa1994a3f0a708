/** What the caller got wrong and what this machine can't do: an exit code and one line each, nothing sent. */
import { readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { describeNeeding } from '../support/capabilities.ts';
import { startCapture } from '../support/capture.ts';
import { asNobody } from '../support/command.ts';
import { createPair, type Network, temporaryDirectory } from '../support/netns.ts';
import { type RunOptions, rawshake, startRawshake } from '../support/rawshake.ts';
import { startServers } from '../support/servers.ts';

const SERVER = '10.77.1.2';

describeNeeding(['namespaces'], 'usage', () => {
  let network: Network;
  let directory: string;
  const file = (name: string): string => join(directory, name);

  beforeAll(async () => {
    network = createPair();
    directory = temporaryDirectory();
    writeFileSync(file('existing'), 'precious');
    symlinkSync(file('existing'), file('link'));
    await startServers(network.server, { 7: 'echo' });
    await startServers(network.client, { 5555: 'echo' });
    network.client.ip(`route add prohibit 10.66.1.0/24
route add blackhole 10.66.2.0/24
route add unreachable 10.66.3.0/24`);
  });
  afterAll(() => network.remove());

  /** Runs it for people and for programs: both get the exit code, one line, no traffic. */
  async function expectError(args: string[], exitCode: number, code: string, line: RegExp, options: RunOptions = {}): Promise<void> {
    const plain = await rawshake(network.client, args, options);
    expect({ code: plain.code, stdout: plain.stdout }).toEqual({ code: exitCode, stdout: '' });
    expect(plain.stderr).toMatch(/^[^\n]+\n$/);
    expect(plain.stderr).toMatch(line);

    const json = await rawshake(network.client, [args[0] as string, '--json', ...args.slice(1)], options);
    expect(json.code).toBe(exitCode);
    expect(json.stderr).toMatch(/^[^\n]+\n$/);
    expect(json.lines).toHaveLength(1);
    expect(json.result).toMatchObject({ type: 'result', exitCode, error: { code, message: expect.any(String), hint: expect.any(String) } });
  }

  describe('wrong usage: 64', () => {
    it.each<[string, string[], RegExp]>([
      ['port 0', ['connect', SERVER, '0'], /port.*\b0\b/i],
      ['port 70000', ['connect', SERVER, '70000'], /port.*70000/i],
      ['a negative port', ['connect', SERVER, '--', '-1'], /port/i],
      ['a URL', ['connect', 'http://127.0.0.1/', '80'], /is a URL/],
      ['host and port the other way round', ['connect', '7', SERVER], /"7" is a port; give the host first, then the port/],
      ['three parts', ['connect', `${SERVER}:7:8`], /more than one colon; give HOST PORT or HOST:PORT/],
      ['one of several targets without a port', ['ping', `${SERVER}:7`, SERVER], /has no port; give HOST PORT, or HOST:PORT for each/],
      ['two ports', ['connect', `${SERVER}:7`, '8'], /has a port and "8" is another/],
      ['a colon and no port', ['connect', `${SERVER}:`], /PORT is missing/],
      ['a value for a switch', ['connect', SERVER, '7', '--quiet=no'], /--quiet takes no value/],
      ['an option before the command', ['--timeout', '3'], /"--timeout" before the command/],
      ['a port of letters and digits', ['connect', SERVER, '80x'], /80x/],
      ['an unknown service name', ['connect', SERVER, 'nosuchservice'], /nosuchservice/],
      ['no port', ['connect', SERVER], /port/i],
      ['no host', ['connect'], /host/i],
      ['one argument too many', ['connect', SERVER, '7', '8'], /8/],
      ['ISN 2^32', ['connect', SERVER, '7', '--isn', '4294967296'], /4294967296/],
      ['an ISN that is no number', ['connect', SERVER, '7', '--isn', 'abc'], /abc/],
      ['a negative ISN', ['connect', SERVER, '7', '--isn=-1'], /-1/],
      ['a window over 65535', ['connect', SERVER, '7', '--window', '65536'], /65536/],
      ['a TTL of 256', ['connect', SERVER, '7', '--ttl', '256'], /256/],
      ['a timeout that is no number', ['connect', SERVER, '7', '--timeout', 'soon'], /soon/],
      ['a negative timeout', ['connect', SERVER, '7', '--timeout=-1'], /-1/],
      ['--close sideways', ['connect', SERVER, '7', '--close', 'sideways'], /sideways.*active/],
      [
        'the port as an option',
        ['connect', SERVER, '-p', '7'],
        /unknown option "-p"; the port is a word of its own: rawshake connect HOST/,
      ],
      ['--hold of a connection that is closed', ['connect', SERVER, '7', '--hold', '1'], /--hold without --close none/],
      ['an escape that is none', ['connect', SERVER, '7', '--data', 'a\\q'], /--data: \\q at character 2 is no escape/],
      ['hex of odd length', ['connect', SERVER, '7', '--data-hex', 'abc'], /hex/i],
      ['two sources of data', ['connect', SERVER, '7', '--data', 'a', '--data-hex', '00'], /data/],
      ['an unknown option, with a suggestion', ['connect', SERVER, '7', '--clsoe', 'active'], /clsoe.*--close/],
      ['an unknown command, with a suggestion', ['conect', SERVER, '7'], /conect.*connect/],
      [
        'two sweeps',
        ['send', SERVER, '7', '--sweep', 'ttl=1..2', '--sweep', 'ecn=0..3'],
        /--sweep more than once; sweep one field at a time/,
      ],
      ['flags twice', ['ping', SERVER, '7', '--flags', 'SYN', '--flags', 'ACK'], /--flags more than once; give all flags in one/],
      ['ports twice', ['scan', SERVER, '-p', '22', '--ports', '80'], /--ports more than once; give all ports in one, with commas between/],
      ['verdicts twice', ['scan', SERVER, '--show', 'open', '--show', 'closed'], /--show more than once; give all verdicts in one/],
      ['an option without its value', ['connect', SERVER, '7', '--close'], /close/],
    ])('%s', (_name, args, line) => expectError(args, 64, 'usage', line));

    it.each<[string, string[], string, RegExp]>([
      ['a source address that is not ours', ['connect', SERVER, '7', '--source', '192.0.2.1'], 'source-address', /192\.0\.2\.1/],
      ['an interface that is not there', ['connect', SERVER, '7', '--interface', 'nope0'], 'no-such-interface', /nope0/],
      ['a broadcast target', ['connect', '10.77.1.255', '7'], 'bad-destination', /10\.77\.1\.255.*broadcast/],
      ['the broadcast target of all', ['connect', '255.255.255.255', '7'], 'bad-destination', /255\.255\.255\.255.*broadcast/],
      ['a multicast target', ['connect', '224.0.0.1', '7'], 'bad-destination', /224\.0\.0\.1.*multicast/],
    ])('%s', (_name, args, code, line) => expectError(args, 64, code, line));
  });

  it('of an option that is given twice the last value counts', async () => {
    const run = await rawshake(network.client, ['connect', SERVER, '7', '--close', 'active', '--close', 'reset', '--json']);
    expect(run.result).toMatchObject({ exitCode: 0, close: { kind: 'reset' } });
  });

  it('a payload file that is missing: 66', () =>
    expectError(['connect', SERVER, '7', '--data-file', file('missing')], 66, 'no-input', /missing.*(no such file|not found)/i));

  describe('names: 68', () => {
    /** With a hosts file of its own. */
    const hosts = (): RunOptions => ({ before: ['sh', '-c', `mount --bind ${file('hosts')} /etc/hosts && exec "$@"`, 'sh'] });
    beforeAll(() => writeFileSync(file('hosts'), `127.0.0.1 localhost\n2001:db8::1 six.example\n${SERVER} four.example\n`));

    it('a host that does not resolve', () =>
      expectError(['connect', 'no-such-host.invalid', '7'], 68, 'name-not-resolved', /no-such-host\.invalid/));

    it('a host that has IPv6 alone', () =>
      expectError(['connect', 'six.example', '7'], 68, 'name-not-resolved', /six\.example.*IPv4/, hosts()));

    describe.each(['connect', 'send', 'ping', 'trace', 'scan'])('of %s', (command) => {
      const portOf = (): string[] => (command === 'scan' ? ['--ports', '7'] : ['7']);
      it.each([
        ['an IPv6 address', '2001:db8::1', /2001:db8::1.*this is an IPv6 address/],
        ['one in brackets', '[2001:db8::1]', /2001:db8::1.*this is an IPv6 address/],
        ['an address out of range', '10.0.0.300', /"10\.0\.0\.300": this is neither a name nor an IPv4 address/],
      ])('%s', (_name, host, line) => expectError([command, host, ...portOf()], 68, 'name-not-resolved', line));
    });

    it('but a host that resolves is connected to', async () => {
      const run = await rawshake(network.client, ['connect', 'four.example', '7', '--json'], hosts());
      expect(run.code).toBe(0);
      expect(run.of('start')[0]).toMatchObject({ host: 'four.example', address: SERVER });
    });
  });

  describe('this machine: 69', () => {
    it.each<[string, string[], string, RegExp]>([
      ['no route', ['connect', '198.51.100.1', '7'], 'no-route', /198\.51\.100\.1.*route/],
      ['a route that prohibits', ['connect', '10.66.1.1', '7'], 'no-route', /10\.66\.1\.1/],
      ['a route into a black hole', ['connect', '10.66.2.1', '7'], 'no-route', /10\.66\.2\.1/],
      ['a route that is unreachable', ['connect', '10.66.3.1', '7'], 'no-route', /10\.66\.3\.1/],
      ['a source port in use', ['connect', SERVER, '7', '--source-port', '5555'], 'port-in-use', /5555/],
    ])('%s', (_name, args, code, line) => expectError(args, 69, code, line));

    it('a source port that another run has', async () => {
      const other = startRawshake(network.client, [
        'connect',
        SERVER,
        '7',
        '--json',
        '--source-port',
        '5556',
        '--close',
        'none',
        '--hold',
        '10',
      ]);
      await other.first('established', (line) => line.type === 'state' && line.to === 'ESTABLISHED');
      await expectError(['connect', SERVER, '7', '--source-port', '5556'], 69, 'port-in-use', /5556/);
      other.child.kill('SIGINT');
      await other.finished;
    });

    it('a firewall of our own host', async () => {
      network.client.firewall('output', `ip daddr ${SERVER} tcp dport 7 drop`);
      const run = await rawshake(network.client, ['connect', SERVER, '7', '--json', '--timeout', '1']);
      network.client.openFirewall();
      expect(run.code).toBe(69);
      expect(run.result).toMatchObject({ exitCode: 69, error: { code: 'local-firewall' } });
      expect(run.stderr).toMatch(/^[^\n]+firewall[^\n]+\n$/);
    });

    it('an interface that is down', async () => {
      network.client.ip('link set eth0 down');
      await expectError(['connect', SERVER, '7'], 69, 'no-route', /10\.77\.1\.2/);
      network.client.ip('link set eth0 up');
    });
  });

  describe('output: 74', () => {
    it('--save onto an existing file, which stays as it was', async () => {
      await expectError(['connect', SERVER, '7', '--save', file('existing')], 74, 'output', /existing.*--force/);
      expect(readFileSync(file('existing'), 'utf8')).toBe('precious');
    });

    it('--save onto a symbolic link, even with --force', async () => {
      await expectError(['connect', SERVER, '7', '--save', file('link'), '--force'], 74, 'output', /link/);
      expect(readFileSync(file('existing'), 'utf8')).toBe('precious');
    });
  });

  it('root without the capability: 77, with the remedy', () =>
    expectError(['connect', SERVER, '7'], 77, 'no-permission', /CAP_NET_RAW.*--cap-add/, {
      before: ['setpriv', '--bounding-set', '-all', '--inh-caps', '-all', '--ambient-caps', '-all'],
    }));

  describeNeeding(['otherUser'], 'as an ordinary user', () => {
    it('no permission: 77, with the capability and the remedy', () =>
      expectError(['connect', SERVER, '7'], 77, 'no-permission', /CAP_NET_RAW.*(sudo|setcap)/, { before: asNobody }));
  });

  it('sends nothing in any of these', async () => {
    const capture = await startCapture(network.client);
    await rawshake(network.client, ['connect', SERVER, '7', '--close', 'sideways']);
    await rawshake(network.client, ['connect', SERVER, '7', '--save', file('existing')]);
    await rawshake(network.client, ['connect', SERVER, '7', '--data-file', file('missing')]);
    await rawshake(network.client, ['connect', SERVER, '7', '--source-port', '5555']);
    await capture.stop();
    expect(capture.packets('tcp')).toEqual([]);
  });

  it('never lets through what would move a terminal', async () => {
    const run = await rawshake(network.client, ['connect', `${SERVER}\u001b[2J\u009b\u202e`, '7']);
    expect(run.code).toBeGreaterThanOrEqual(64);
    expect(run.stderr).toMatch(/^[\x20-\x7e]+\n$/);
  });
});
