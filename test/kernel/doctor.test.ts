/** doctor on machines of many kinds: what it finds, what it tells to do, and that it leaves nothing behind. */
import { cpSync, mkdirSync, rmSync, symlinkSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { CheckEvent, CheckName } from '../../src/probe/events.ts';
import { CHECK_NAMES } from '../../src/probe/schema/words.ts';
import { describeNeeding } from '../support/capabilities.ts';
import { startCapture } from '../support/capture.ts';
import { asNobody, command } from '../support/command.ts';
import { Namespace, temporaryDirectory } from '../support/netns.ts';
import { type Run, type RunOptions, rawshake, rawshakeArgv, startRawshake } from '../support/rawshake.ts';

/** What `setpriv` is given so that root keeps these capabilities alone. */
const bounded = (capabilities: string): string[] => ['setpriv', '--bounding-set', capabilities, '--inh-caps', capabilities];

describeNeeding(['namespaces'], 'doctor', () => {
  let place: Namespace;

  beforeAll(() => {
    place = new Namespace();
  });
  afterEach(() => place.openFirewall());
  afterAll(() => place.remove());

  const checksOf = (run: Run): CheckEvent[] => run.lines.filter(({ type }) => (type as string) === 'check') as unknown as CheckEvent[];

  /** Runs it to its end, which comes soon, with every check told once and never a stack. */
  async function diagnose(options: RunOptions = {}): Promise<{ run: Run; check: (name: CheckName) => CheckEvent }> {
    const startedAt = performance.now();
    const run = await rawshake(place, ['doctor', '--json'], options);
    // Node's own start, twice, on a busy machine; what doctor waits for itself is three seconds at the most.
    expect(performance.now() - startedAt).toBeLessThan(6000);
    expect(run.stderr).toMatch(/^([^\n]+\n)?$/);
    const checks = checksOf(run);
    expect(checks.map(({ name }) => name)).toEqual(CHECK_NAMES);
    for (const { ok, fatal, remedy } of checks) if (ok) expect({ fatal, remedy }).toEqual({ fatal: false, remedy: undefined });
    expect(run.result).toMatchObject({
      checks: CHECK_NAMES.length,
      failed: checks.filter(({ ok }) => !ok).map(({ name }) => name),
      exitCode: run.code,
    });
    expect(run.code === 0).toBe(checks.every(({ fatal }) => !fatal));
    return { run, check: (name) => checks.find((check) => check.name === name) as CheckEvent };
  }

  it('finds that all that is needed works, and is right: so does connect', async () => {
    const { run, check } = await diagnose();
    expect(run.code).toBe(0);
    expect(check('guard').detail).toMatch(/segments of ours seen, no RST; by filter and least TTL$/);
    expect(check('filter').detail).toMatch(/let through: [1-9].*kept out: [1-9]/);
    expect(check('checksums').detail).toContain('partial');
    expect(check('capabilities').detail).toMatch(/CAP_NET_RAW and CAP_NET_ADMIN/);
  });

  it('leaves nothing behind, and no RST goes out but the one that it sends itself', async () => {
    const before = place.exec(['ss', '-Hant']);
    const capture = await startCapture(place, 'lo');
    await diagnose();
    await capture.stop();
    expect(place.exec(['ss', '-Hant'])).toBe(before);
    expect(place.exec(['cat', '/proc/net/raw', '/proc/net/packet']).trim().split('\n')).toHaveLength(2);
    expect(place.exec(['nft', 'list', 'ruleset'])).toBe('');
    const resets = capture.packets('tcp[tcpflags] & tcp-rst != 0');
    // That of the close by reset.
    expect(resets).toHaveLength(1);
    expect(capture.packets('tcp[tcpflags] & (tcp-syn|tcp-ack) == tcp-syn')).toHaveLength(2);
  });

  it('says in one line whether it works', async () => {
    const works = await rawshake(place, ['doctor', '--quiet']);
    expect({ code: works.code, stdout: works.stdout, stderr: works.stderr }).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^rawshake works here[^\n]*\n$/),
      stderr: '',
    });
    const fails = await rawshake(place, ['doctor', '--quiet'], { before: bounded('-all') });
    expect({ code: fails.code, stdout: fails.stdout }).toEqual({ code: 77, stdout: 'rawshake does not work here\n' });
    expect(fails.stderr).toMatch(/^rawshake: open a raw socket: [^\n]*CAP_NET_RAW[^\n]*\n$/);
  });

  it('tells people the same, a line a check, within the width', async () => {
    const { stdout } = await rawshake(place, ['doctor']);
    for (const name of CHECK_NAMES) expect(stdout).toMatch(new RegExp(`^(works|note) +${name} `, 'm'));
    for (const line of stdout.split('\n')) if (!line.includes(' $ ')) expect(line.length).toBeLessThanOrEqual(80);
  });

  it('is ended by a signal like every command', async () => {
    place.firewall('input', 'tcp flags syn drop');
    const running = startRawshake(place, ['doctor', '--json']);
    await running.first('the trial', (line) => (line as unknown as CheckEvent).name === 'loopback');
    running.child.kill('SIGINT');
    const run = await running.finished;
    expect({ code: run.code, stderr: run.stderr }).toEqual({ code: 130, stderr: '' });
    expect(run.result.exitCode).toBe(130);
  });

  it('leaves nothing behind when it is killed', async () => {
    place.firewall('input', 'tcp flags syn drop');
    const running = startRawshake(place, ['doctor', '--json']);
    await running.first('the trial', (line) => (line as unknown as CheckEvent).name === 'loopback');
    running.child.kill('SIGKILL');
    await running.finished;
    const left = (): string => `${command(['ip', 'netns', 'pids', place.name])}${place.listeners()}`;
    for (let tries = 0; left() !== '' && tries < 100; tries++) await new Promise((resolve) => setTimeout(resolve, 20));
    expect(left()).toBe('');
  });

  describe('where privileges lack', () => {
    it('root without any: as connect, 77', async () => {
      const { run, check } = await diagnose({ before: bounded('-all') });
      expect(run.code).toBe(77);
      expect(run.result.error?.code).toBe('no-permission');
      expect(check('capabilities')).toMatchObject({ ok: false, fatal: true, remedy: expect.any(String) });
      expect(check('socket')).toMatchObject({ ok: false, fatal: true });
      expect(check('guard').detail).toContain('not tried');
      expect(check('privileges').detail).toBe('none to give up');
    });

    it('CAP_NET_RAW alone: it works, less well', async () => {
      const { run, check } = await diagnose({ before: bounded('-all,+net_raw') });
      expect(run.code).toBe(0);
      expect(check('capabilities').detail).toMatch(/^CAP_NET_RAW.*CAP_NET_ADMIN/);
      expect(check('guard').ok).toBe(true);
    });

    it('CAP_NET_ADMIN alone is not enough', async () => {
      const { run } = await diagnose({ before: bounded('-all,+net_admin') });
      expect(run.code).toBe(77);
    });
  });

  describeNeeding(['otherUser'], 'as an ordinary user', () => {
    it('77, with the command that runs it as root', async () => {
      const { run, check } = await diagnose({ before: asNobody });
      expect(run.code).toBe(77);
      expect(check('capabilities').remedy).toContain(`${rawshakeArgv(['doctor']).join(' ')}`);
    });

    it('with an ambient capability it works', async () => {
      const { run, check } = await diagnose({ before: [...asNobody, '--inh-caps', '+net_raw', '--ambient-caps', '+net_raw'] });
      expect(run.code).toBe(0);
      expect(check('capabilities').detail).toContain('ambient');
    });
  });

  describe('where a firewall is in the way', () => {
    const RST = 'tcp flags & rst == rst';

    it.each<[string, 'input' | 'output', string, number, RegExp]>([
      ['refuses what we send', 'output', 'meta l4proto tcp drop', 69, /^refuses what we send on loopback/],
      ['swallows our SYN', 'input', 'tcp flags & (syn|ack) == syn drop', 2, /^swallows segments on loopback/],
      ['swallows the answer', 'input', 'tcp flags & (syn|ack) == (syn|ack) drop', 2, /^swallows segments on loopback/],
      ['refuses by RST', 'input', 'tcp flags & (syn|ack) == syn reject with tcp reset', 1, /by RST/],
      ['refuses by ICMP', 'input', 'tcp flags & (syn|ack) == syn reject with icmp type admin-prohibited', 2, /ICMP/],
      ['swallows FINs', 'input', 'tcp flags & fin == fin drop', 3, /open connection/],
    ])('that %s', async (_name, hook, rule, code, detail) => {
      place.firewall(hook, rule);
      const { run, check } = await diagnose();
      expect(run.code).toBe(code);
      expect(check('firewall')).toMatchObject({
        ok: false,
        fatal: true,
        detail: expect.stringMatching(detail),
        remedy: expect.stringContaining('nft'),
      });
    });

    it('that drops our RSTs: connect works, and the remedy takes the rule away', async () => {
      place.firewall('output', `${RST} drop`);
      const { run, check } = await diagnose();
      expect(run.code).toBe(0);
      const { ok, remedy, detail } = check('firewall');
      expect({ ok, detail }).toEqual({ ok: false, detail: expect.stringMatching(/RSTs/) });
      place.exec(['sh', '-c', remedy as string]);
      expect((await diagnose()).check('firewall').ok).toBe(true);
    });

    it('that drops them on another interface alone, which only its rules tell', async () => {
      place.firewall('output', `oifname "eth7" ${RST} drop`);
      expect((await diagnose()).check('firewall')).toMatchObject({
        ok: false,
        fatal: false,
        remedy: expect.stringMatching(/^nft delete rule/),
      });
    });

    it('that lets no answers in but on loopback, and the remedy lets them in', async () => {
      place.nft('table ip test { chain input { type filter hook input priority 0; policy drop; iif lo accept; }\n}\n');
      const { check } = await diagnose();
      const { ok, remedy } = check('firewall');
      expect(ok).toBe(false);
      place.exec(['sh', '-c', remedy as string]);
      expect((await diagnose()).check('firewall').ok).toBe(true);
    });
  });

  it('loopback down: 69, with the command that brings it up', async () => {
    place.ip('link set lo down');
    const { run, check } = await diagnose();
    expect(run.code).toBe(69);
    const { remedy } = check('loopback');
    expect(remedy).toBe('ip link set lo up');
    place.exec(['sh', '-c', remedy as string]);
    expect((await diagnose()).run.code).toBe(0);
  });

  it('few ports to choose from', async () => {
    place.exec([
      'sh',
      '-c',
      'echo 40000 40099 > /proc/sys/net/ipv4/ip_local_port_range && echo 40000-40009 > /proc/sys/net/ipv4/ip_local_reserved_ports',
    ]);
    const { run, check } = await diagnose();
    expect(run.code).toBe(0);
    expect(check('ports')).toMatchObject({
      ok: false,
      fatal: false,
      detail: expect.stringContaining('90 to choose from'),
      remedy: expect.stringContaining('sysctl'),
    });
    place.exec([
      'sh',
      '-c',
      'echo 32768 60999 > /proc/sys/net/ipv4/ip_local_port_range && echo > /proc/sys/net/ipv4/ip_local_reserved_ports',
    ]);
  });

  it('few files that may be open', async () => {
    const { check } = await diagnose({ before: ['prlimit', '--nofile=100:100'] });
    expect(check('open-files')).toMatchObject({ ok: false, fatal: false, detail: expect.stringContaining('100') });
  });

  it('no /proc', async () => {
    const { run } = await diagnose({ before: ['unshare', '-m', 'sh', '-c', 'mount -t tmpfs none /proc && exec "$@"', 'sh'] });
    expect(run.code).toBe(69);
  });

  describe('an installation that lacks', () => {
    let directory: string;
    const bin = (): RunOptions => ({
      before: ['sh', '-c', `shift 2 && exec ${process.execPath} ${join(directory, 'bin/rawshake.js')} "$@"`, 'sh'],
    });
    const install = (modules: string[]): void => {
      directory = temporaryDirectory();
      for (const part of ['dist', 'bin', 'package.json']) cpSync(part, join(directory, part), { recursive: true });
      mkdirSync(join(directory, 'node_modules'));
      for (const name of modules) symlinkSync(resolve('node_modules', name), join(directory, 'node_modules', name));
    };
    afterEach(() => rmSync(directory, { recursive: true }));

    it.each([
      ['raw-socket', 'koffi', ' && npm run --prefix DIR build:raw-socket'],
      ['koffi', 'raw-socket', ''],
    ] as const)('%s: 69, with the command that installs it', async (missing, present, then) => {
      install([present]);
      const { run, check } = await diagnose(bin());
      expect(run.code).toBe(69);
      expect(run.result.error?.code).toBe('module-missing');
      const remedy = `npm install --prefix DIR --omit=dev --include=optional${then}`.replaceAll('DIR', directory);
      expect(check(missing)).toMatchObject({ ok: false, fatal: true, detail: 'it is not installed', remedy });
    });

    it('what npm would have built of raw-socket', async () => {
      install(['koffi']);
      const target = join(directory, 'node_modules/raw-socket');
      mkdirSync(target);
      for (const part of ['package.json', 'index.js']) cpSync(resolve('node_modules/raw-socket', part), join(target, part));
      const { run, check } = await diagnose(bin());
      expect(run.code).toBe(69);
      expect(check('raw-socket')).toMatchObject({
        fatal: true,
        detail: expect.stringMatching(/was not compiled/),
        remedy: `npm run --prefix ${directory} build:raw-socket`,
      });
    });

    it('its own server: 69', async () => {
      install(['koffi', 'raw-socket']);
      rmSync(join(directory, 'dist/bundle/peer-server.js'));
      const { run, check } = await diagnose(bin());
      expect(run.code).toBe(69);
      expect(check('guard').detail).toContain('a server on loopback');
    });
  });
});
