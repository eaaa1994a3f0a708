import { describe, expect, it } from 'vitest';
import { asRoot, quoted } from '../../../src/net/shell.ts';
import type { User } from '../../../src/probe/doctor/check.ts';
import {
  checkCapabilities,
  checkOpenFiles,
  checkSystem,
  countReserved,
  type SystemFiles,
  traitsOf,
} from '../../../src/probe/doctor/machine.ts';

const ROOT: User = { uid: 0, hasSudo: true, inUserNamespace: false, rawshake: ['/usr/bin/node', '/opt/my tools/rawshake.js'] };
const USER: User = { ...ROOT, uid: 1000 };

const LINUX: SystemFiles = {
  version: 'Linux version 6.1.0-18-amd64 (debian-kernel@lists.debian.org) (gcc-12 (Debian 12.2.0-14) 12.2.0)',
  cgroup: '0::/user.slice/user-1000.slice/session-2.scope\n',
  uidMap: '         0          0 4294967295\n',
  status: 'Name:\tnode\nSeccomp:\t0\n',
  marks: [],
};

describe('traitsOf', () => {
  it('finds nothing special about a plain machine', () => expect(traitsOf(LINUX)).toEqual([]));

  it.each<[string, Partial<SystemFiles>]>([
    ['WSL 1', { version: 'Linux version 4.4.0-19041-Microsoft (Microsoft@Microsoft.com) (gcc version 5.4.0 (GCC) ) #1237-Microsoft' }],
    ['WSL 2', { version: 'Linux version 5.15.146.1-microsoft-standard-WSL2 (root@65c757a075e2) (gcc (GCC) 11.2.0)' }],
    ['gVisor', { version: 'Linux version 4.4.0 #1 SMP Sun Jan 10 15:06:54 PST 2016' }],
    ['container (Docker)', { marks: ['Docker'] }],
    ['container (kubepods)', { cgroup: '0::/kubepods.slice/kubepods-besteffort.slice/cri-containerd-1f.scope\n' }],
    ['container (lxc)', { cgroup: '12:pids:/lxc/one\n' }],
    ['user namespace', { uidMap: '         0       1000          1\n' }],
    ['seccomp filter', { status: 'Name:\tnode\nSeccomp:\t2\n' }],
  ])('%s', (trait, files) => expect(traitsOf({ ...LINUX, ...files })).toEqual([trait]));

  it('makes nothing of files that can not be read', () =>
    expect(traitsOf({ version: '', cgroup: '', uidMap: '', status: '', marks: [] })).toEqual([]));
});

it('WSL 1 has no raw sockets', () => {
  expect(checkSystem(LINUX, '20.0.0')).toMatchObject({ ok: true, detail: expect.stringContaining('Node.js 20.0.0') });
  expect(checkSystem({ ...LINUX, version: 'Linux version 4.4.0-19041-Microsoft' }, '20.0.0')).toMatchObject({
    ok: false,
    fatal: true,
    remedy: expect.stringContaining('--set-version'),
  });
});

describe('checkCapabilities', () => {
  const credentials = { uid: 0, permitted: 0x1ffffffffffn, effective: 0x1ffffffffffn, ambient: 0n };
  const none = { uid: 1000, permitted: 0n, effective: 0n, ambient: 0n };
  const raw = 1n << 13n;

  it('of root', () =>
    expect(checkCapabilities(credentials, ROOT, LINUX)).toMatchObject({ ok: true, detail: 'CAP_NET_RAW and CAP_NET_ADMIN, of root' }));

  it('of a user with an ambient one', () =>
    expect(checkCapabilities({ uid: 1000, permitted: raw, effective: raw, ambient: raw }, USER, LINUX)).toMatchObject({
      ok: true,
      detail: expect.stringMatching(/ambient.*CAP_NET_ADMIN/),
    }));

  it('of a user without', () =>
    expect(checkCapabilities(none, USER, LINUX)).toMatchObject({
      ok: false,
      fatal: true,
      remedy: "sudo /usr/bin/node '/opt/my tools/rawshake.js' doctor",
    }));

  it('of a file that is only permitted', () =>
    expect(checkCapabilities({ ...none, permitted: raw }, USER, LINUX)).toMatchObject({
      fatal: true,
      remedy: 'sudo setcap cap_net_raw+ep /usr/bin/node',
    }));

  it('of root in a container', () =>
    expect(checkCapabilities({ ...none, uid: 0 }, ROOT, { ...LINUX, marks: ['Docker'] })).toMatchObject({
      fatal: true,
      remedy: expect.stringContaining('docker run --cap-add NET_RAW'),
    }));

  it('of root elsewhere', () =>
    expect(checkCapabilities({ ...none, uid: 0 }, ROOT, LINUX)).toMatchObject({ fatal: true, remedy: 'capsh --print' }));

  it('where nobody tells', () => expect(checkCapabilities(undefined, USER, LINUX)).toMatchObject({ ok: false, fatal: false }));
});

it('counts reserved ports within the range', () => {
  expect(countReserved('', 32768, 60999)).toBe(0);
  expect(countReserved('\n', 32768, 60999)).toBe(0);
  expect(countReserved('8080,40000,50000-50009\n', 32768, 60999)).toBe(11);
  expect(countReserved('30000-32768,60999-65535', 32768, 60999)).toBe(2);
});

it('judges the limit of open files', () => {
  const limits = (soft: string) => `Limit                     Soft Limit           Hard Limit           Units     
Max processes             96365                96365                processes 
Max open files            ${soft}                20000                files     
`;
  expect(checkOpenFiles(USER, limits('1024'))).toMatchObject({ ok: true });
  expect(checkOpenFiles(USER, limits('unlimited'))).toMatchObject({ ok: true });
  expect(checkOpenFiles(USER, limits('256'))).toMatchObject({ ok: false, fatal: false, remedy: expect.stringContaining('prlimit') });
  expect(checkOpenFiles(USER, '')).toMatchObject({ ok: false, remedy: undefined });
});

it('a remedy for root is typed as the user can', () => {
  expect(asRoot('ip link set lo up', USER)).toBe('sudo ip link set lo up');
  expect(asRoot('ip link set lo up', { ...USER, uid: 0 })).toBe('ip link set lo up');
  expect(asRoot("node 'a b'", { ...USER, hasSudo: false })).toBe(String.raw`su -c 'node '\''a b'\'''`);
  expect(quoted('/usr/bin/node')).toBe('/usr/bin/node');
  expect(quoted("it's")).toBe(String.raw`'it'\''s'`);
});
