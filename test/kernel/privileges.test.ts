/** What a running command may still do once all is open, as the kernel tells it of each of its threads. */
import { chmodSync, copyFileSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { describeNeeding } from '../support/capabilities.ts';
import { resetsFrom, startCapture } from '../support/capture.ts';
import { asNobody, command } from '../support/command.ts';
import { createPair, type Network, temporaryDirectory } from '../support/netns.ts';
import { type Run, type RunOptions, rawshake, startRawshake } from '../support/rawshake.ts';
import { startServers } from '../support/servers.ts';

const SERVER = '10.77.1.2';
const NOBODY = 65534;
const NET_ADMIN = 1n << 12n;
const NET_RAW = 1n << 13n;

/** What /proc/PID/task/TID/status tells of a thread. */
interface Thread {
  /** Real, effective, saved and of the file system. */
  uids: number[];
  gids: number[];
  groups: number[];
  inheritable: bigint;
  permitted: bigint;
  effective: bigint;
  ambient: bigint;
  noNewPrivileges: boolean;
}

function readThread(pid: number, thread: string): Thread {
  const text = readFileSync(`/proc/${pid}/task/${thread}/status`, 'utf8');
  const field = (name: string): string => new RegExp(`^${name}:[ \t]*(.*)$`, 'm').exec(text)?.[1]?.trim() ?? '';
  const numbers = (name: string): number[] => field(name).split(/\s+/).filter(Boolean).map(Number);
  const set = (name: string): bigint => BigInt(`0x${field(name)}`);
  return {
    uids: numbers('Uid'),
    gids: numbers('Gid'),
    groups: numbers('Groups'),
    inheritable: set('CapInh'),
    permitted: set('CapPrm'),
    effective: set('CapEff'),
    ambient: set('CapAmb'),
    noNewPrivileges: field('NoNewPrivs') === '1',
  };
}

/** The thread that runs the JavaScript, and the others. */
function threadsOf(pid: number): { main: Thread; helpers: Thread[] } {
  const names = readdirSync(`/proc/${pid}/task`);
  return {
    main: readThread(pid, String(pid)),
    helpers: names.filter((name) => name !== String(pid)).map((name) => readThread(pid, name)),
  };
}

const DOCUMENT = readFileSync('docs/privileges.md', 'utf8');

/** Words of a command as docs/privileges.md has them. */
function documented(words: string): string[] {
  expect(DOCUMENT).toContain(words);
  return words.split(' ');
}

const nothing = { inheritable: 0n, permitted: 0n, effective: 0n, ambient: 0n };

describeNeeding(['namespaces'], 'privileges', () => {
  let network: Network;

  beforeAll(async () => {
    network = createPair();
    await startServers(network.server, { 7: 'echo', 8: 'sink' });
  });
  afterAll(() => network.remove());

  /** Looks at a connection that is open. It must work all the same: no RST, and the verdict that it has as root. */
  async function whileOpen(options: RunOptions, args: string[] = []): Promise<{ main: Thread; helpers: Thread[]; run: Run }> {
    const capture = await startCapture(network.client);
    const running = startRawshake(
      network.client,
      // The echo is acknowledged within the idle time, so that the peer says nothing more once the guard is gone.
      ['connect', SERVER, '7', '--json', '--data', 'x', '--idle', '0.6', '--close', 'none', ...args],
      options,
    );
    await running.first('echo', (line) => line.type === 'segment' && line.direction === 'received' && line.length > 0);
    const threads = threadsOf(running.child.pid as number);
    const run = await running.finished;
    await capture.stop();
    expect({ code: run.code, stderr: run.stderr, verdict: run.result.verdict }).toEqual({ code: 0, stderr: '', verdict: 'open' });
    const { sourcePort } = run.of('start')[0] as { sourcePort: number };
    const resets = capture.packets(`${resetsFrom(network.clientAddress)} and src port ${sourcePort}`);
    expect(resets).toEqual([]);
    return { ...threads, run };
  }

  const env = (more: Record<string, string>): NodeJS.ProcessEnv => ({ ...process.env, ...more });
  const sudo = (uid: number, gid = uid): NodeJS.ProcessEnv => env({ SUDO_UID: String(uid), SUDO_GID: String(gid), SUDO_USER: 'somebody' });

  describe('plain root', () => {
    it('keeps its name and gives up its capabilities, in the thread that runs the JavaScript', async () => {
      const { main } = await whileOpen({ env: env({ SUDO_UID: '', SUDO_GID: '' }) });
      expect(main).toMatchObject({ ...nothing, uids: [0, 0, 0, 0], noNewPrivileges: true });
    });

    it('and that alone: the helper threads keep theirs, as docs/privileges.md says', async () => {
      const { helpers } = await whileOpen({});
      expect(helpers.length).toBeGreaterThan(0);
      for (const helper of helpers) expect(helper.permitted).not.toBe(0n);
      expect(DOCUMENT).toContain("no capability in the thread that runs the JavaScript; Node's helper threads keep theirs");
    });

    it('that called sudo itself is plain root', async () => {
      const { main } = await whileOpen({ env: sudo(0) });
      expect(main).toMatchObject({ ...nothing, uids: [0, 0, 0, 0] });
    });

    it('keeps all with --keep-root', async () => {
      const { main, helpers } = await whileOpen({ env: sudo(NOBODY) }, ['--keep-root']);
      for (const thread of [main, ...helpers]) {
        expect(thread.uids).toEqual([0, 0, 0, 0]);
        expect(thread.effective & (NET_ADMIN | NET_RAW)).toBe(NET_ADMIN | NET_RAW);
      }
    });

    it('whose SUDO_UID is no number is plain root', async () => {
      const { main } = await whileOpen({ env: env({ SUDO_UID: '12; rm -rf /', SUDO_GID: '100' }) });
      expect(main).toMatchObject({ ...nothing, uids: [0, 0, 0, 0] });
    });
  });

  describeNeeding(['otherUser'], 'under sudo', () => {
    it('becomes the caller in every thread, without a capability in any', async () => {
      const { main, helpers } = await whileOpen({ env: sudo(NOBODY, 12345) });
      for (const thread of [main, ...helpers]) {
        expect(thread).toMatchObject({ ...nothing, uids: Array(4).fill(NOBODY), gids: Array(4).fill(12345), groups: [12345] });
      }
      expect(main.noNewPrivileges).toBe(true);
    });

    it('still reads and writes the files that were opened before', async () => {
      const directory = temporaryDirectory();
      chmodSync(directory, 0o700);
      const [secret, saved] = [join(directory, 'secret'), join(directory, 'saved')];
      const text = 'x'.repeat(300_000);
      writeFileSync(secret, text, { mode: 0o600 });
      const run = await rawshake(
        network.client,
        ['connect', SERVER, '7', '--json', '--data-file', secret, '--save', saved, '--close', 'half'],
        { env: sudo(NOBODY) },
      );
      expect({ code: run.code, stderr: run.stderr }).toEqual({ code: 0, stderr: '' });
      expect(readFileSync(saved, 'utf8')).toBe(text);
      expect(statSync(saved)).toMatchObject({ uid: NOBODY, gid: NOBODY });
    });

    it('prints the same result and exit code for a closed port', async () => {
      const run = await rawshake(network.client, ['connect', SERVER, '9', '--json'], { env: sudo(NOBODY) });
      expect({ code: run.code, verdict: run.result.verdict }).toEqual({ code: 1, verdict: 'closed' });
    });

    it('a demo keeps what its later guards need, and nothing else', async () => {
      const child = network.client.spawn([process.execPath, 'bin/rawshake.js', 'demo', 'half'], sudo(NOBODY));
      await new Promise((settle) => child.stdout.once('data', settle));
      const { main, helpers } = threadsOf(child.pid as number);
      expect(main).toMatchObject({ uids: Array(4).fill(NOBODY), inheritable: 0n, permitted: NET_ADMIN, effective: NET_ADMIN, ambient: 0n });
      for (const helper of helpers) expect(helper).toMatchObject({ ...nothing, uids: Array(4).fill(NOBODY) });
      child.stdout.resume();
      expect(await new Promise((settle) => child.once('close', settle))).toBe(0);
    });
  });

  describeNeeding(['otherUser'], 'an ordinary user', () => {
    const directory = temporaryDirectory();

    it('with an ambient capability needs no root, and gives it up', async () => {
      const before = documented('setpriv --reuid nobody --regid nogroup --clear-groups --inh-caps +net_raw --ambient-caps +net_raw');
      const { main } = await whileOpen({ before });
      expect(main).toMatchObject({ ...nothing, uids: Array(4).fill(NOBODY), noNewPrivileges: true });
    });

    it('as a service of systemd, with the privileges of the unit', async () => {
      documented('AmbientCapabilities=CAP_NET_RAW CAP_NET_ADMIN');
      documented('CapabilityBoundingSet=CAP_NET_RAW CAP_NET_ADMIN');
      documented('NoNewPrivileges=yes');
      const both = '+net_raw,+net_admin';
      const before = [...asNobody, '--inh-caps', both, '--ambient-caps', both, '--bounding-set', `-all,${both}`, '--no-new-privs'];
      const { main } = await whileOpen({ before });
      expect(main).toMatchObject({ ...nothing, uids: Array(4).fill(NOBODY) });
    });

    it('an ambient capability goes to what NODE_OPTIONS names, as the document warns', () => {
      const script = join(directory, 'injected.cjs');
      writeFileSync(script, `console.log(require('fs').readFileSync('/proc/self/status', 'utf8').match(/CapEff.*/)[0])`);
      chmodSync(directory, 0o755);
      const ambient = [...asNobody, '--inh-caps', '+net_raw', '--ambient-caps', '+net_raw'];
      const said = command(['env', `NODE_OPTIONS=--require=${script}`, ...ambient, process.execPath, '-e', '0']);
      expect(said).toBe('CapEff:\t0000000000002000\n');
      documented('`NODE_OPTIONS` (`--require FILE`)');
    });

    it('hands an ambient capability to no program that it starts', async () => {
      const script = `
        import { execFileSync } from 'node:child_process';
        import { giveUpPrivileges } from '${resolve('dist/net/credentials.js')}';
        giveUpPrivileges([]);
        process.stdout.write(execFileSync('cat', ['/proc/self/status']));
      `;
      const ambient = [...asNobody, '--inh-caps', '+net_raw', '--ambient-caps', '+net_raw'];
      const status = command([...ambient, process.execPath, '--input-type=module', '-e', script]);
      for (const set of ['CapPrm', 'CapEff', 'CapInh', 'CapAmb']) expect(status).toMatch(new RegExp(`^${set}:\\s+0+$`, 'm'));
    });

    it('with a capability on a copy of node needs no root, and gives it up', async () => {
      chmodSync(directory, 0o755);
      const node = join(directory, 'node');
      copyFileSync(process.execPath, node);
      chmodSync(node, 0o755);
      command([...documented('setcap cap_net_raw+ep'), node]);
      // The copy stands before the words that start node: `node node rawshake.js …` would not do.
      const { main } = await whileOpen({ before: [...asNobody, 'sh', '-c', `shift; exec ${node} "$@"`, 'sh'] });
      expect(main).toMatchObject({ ...nothing, uids: Array(4).fill(NOBODY), noNewPrivileges: true });
    });
  });

  it('a container with NET_RAW: root of it works, and gives it up', async () => {
    const before = ['setpriv', '--bounding-set', '-all,+net_raw', '--inh-caps', '-all,+net_raw'];
    const { main } = await whileOpen({ before });
    expect(main).toMatchObject({ ...nothing, uids: [0, 0, 0, 0] });
  });

  it.each([
    ['socket', '+net_raw,+net_admin'],
    ['least-ttl', '+net_raw'],
  ])('the guard is told as it is: %s with %s', async (guard, capabilities) => {
    const before = ['setpriv', '--bounding-set', `-all,${capabilities}`, '--inh-caps', `-all,${capabilities}`];
    const [connected, listening] = await Promise.all([
      rawshake(network.client, ['connect', network.serverAddress, '7', '--json'], { before }),
      rawshake(network.client, ['listen', '7777', '--deadline', '0.1', '--json'], { before }),
    ]);
    expect([connected, listening].map(({ lines }) => (lines[0] as { guard?: string }).guard)).toEqual([guard, guard]);
  });

  it('root that may not become anybody else gives up its capabilities all the same', async () => {
    const before = ['setpriv', '--bounding-set', '-all,+net_raw,+net_admin', '--inh-caps', '-all,+net_raw,+net_admin'];
    const { main } = await whileOpen({ before, env: sudo(NOBODY) });
    expect(main).toMatchObject({ ...nothing, uids: [0, 0, 0, 0] });
  });

  it('root of a user namespace, which does not know who called sudo', async () => {
    const script = 'ip link set lo up && exec "$@"';
    const argv = [...documented('unshare -Urn sh -c'), script, 'sh', process.execPath, 'bin/rawshake.js', 'doctor', '--json'];
    const lines = command(['env', 'SUDO_UID=4242', 'SUDO_GID=4242', ...argv])
      .trim()
      .split('\n');
    const checks = lines.map((line) => JSON.parse(line) as { name?: string; ok?: boolean; detail?: string });
    expect(checks.find(({ name }) => name === 'guard')).toMatchObject({ ok: true });
    expect(checks.find(({ name }) => name === 'privileges')).toMatchObject({
      ok: true,
      detail: expect.stringContaining('user 0, no capabilities'),
    });
  });

  it('the library gives up nothing', async () => {
    const script = `
      import { connect, CONNECT_DEFAULTS, createContext, openKernelNetwork, parseIpv4 } from '${resolve('dist/index.js')}';
      import { readFileSync } from 'node:fs';
      const network = openKernelNetwork();
      const request = { ...CONNECT_DEFAULTS, host: '', address: parseIpv4('${SERVER}'), port: 7 };
      for await (const event of connect(request, createContext(network))) if (event.type === 'result') console.log(event.verdict);
      network.close();
      console.log(readFileSync('/proc/thread-self/status', 'utf8'));
    `;
    const said = network.client.exec([process.execPath, '--input-type=module', '-e', script]);
    expect(said).toMatch(/^open\n/);
    expect(BigInt(`0x${/^CapEff:\s+(\S+)$/m.exec(said)?.[1]}`) & NET_RAW).toBe(NET_RAW);
    expect(said).toMatch(/^NoNewPrivs:\s+0$/m);
  });
});
