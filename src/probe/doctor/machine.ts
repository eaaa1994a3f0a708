/** What the kernel tells by way of /proc about this machine and this process, and what that means for us. */
import { existsSync, readFileSync } from 'node:fs';
import { networkInterfaces, release } from 'node:os';
import { CAP_NET_ADMIN, CAP_NET_RAW, type Credentials, hasCapability } from '../../net/credentials.ts';
import { localPortRange } from '../../net/ports.ts';
import { asRoot, quoted } from '../../net/shell.ts';
import type { CheckEvent } from '../events.ts';
import { breaks, limits, type User, works } from './check.ts';

/** The text of a file; empty where it can't be read. */
function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

/** Files that tell what kind of machine it is; empty where they can't be read. */
export interface SystemFiles {
  /** /proc/version. */
  version: string;
  /** /proc/self/cgroup. */
  cgroup: string;
  /** /proc/self/uid_map. */
  uidMap: string;
  /** /proc/self/status. */
  status: string;
  /** Of those that container engines put there. */
  marks: readonly string[];
}

const CONTAINER_MARKS = { '/.dockerenv': 'Docker', '/run/.containerenv': 'Podman' };

export const readSystemFiles = (): SystemFiles => ({
  version: textOf('/proc/version'),
  cgroup: textOf('/proc/self/cgroup'),
  uidMap: textOf('/proc/self/uid_map'),
  status: textOf('/proc/self/status'),
  marks: Object.entries(CONTAINER_MARKS).flatMap(([file, engine]) => (existsSync(file) ? [engine] : [])),
});

/** What is out of the ordinary about it. */
export function traitsOf(files: SystemFiles): string[] {
  const { version, cgroup, status, marks } = files;
  const engine = /kubepods|docker|containerd|libpod|lxc/.exec(cgroup)?.[0] ?? marks[0];
  const traits = [
    isWsl1(version) && 'WSL 1',
    /microsoft-standard/.test(version) && 'WSL 2',
    // The version that gVisor claims to be.
    version.includes('SMP Sun Jan 10 15:06:54 PST 2016') && 'gVisor',
    engine !== undefined && `container (${engine})`,
    inUserNamespace(files) && 'user namespace',
    /^Seccomp:\s*2$/m.test(status) && 'seccomp filter',
  ];
  return traits.filter((trait) => trait !== false);
}

/** The first one has all users. */
export const inUserNamespace = ({ uidMap }: SystemFiles): boolean => uidMap !== '' && !/^\s*0\s+0\s+4294967295\s*$/.test(uidMap);

const isWsl1 = (version: string): boolean => /-Microsoft\b/.test(version);

/** @param node version of Node.js */
export function checkSystem(files: SystemFiles, node: string): CheckEvent {
  const detail = [`Linux ${release()}`, `Node.js ${node}`, ...traitsOf(files)].join(', ');
  if (isWsl1(files.version)) return breaks('system', `${detail}: it has no raw sockets`, 'wsl.exe --set-version "$WSL_DISTRO_NAME" 2');
  return works('system', detail);
}

/** @param credentials undefined where /proc does not tell */
export function checkCapabilities(credentials: Credentials | undefined, user: User, files: SystemFiles): CheckEvent {
  if (credentials === undefined) return limits('capabilities', 'not known: /proc is not mounted', asRoot('mount -t proc proc /proc', user));
  const { effective, permitted, ambient } = credentials;
  const origin = hasCapability(ambient, CAP_NET_RAW) ? ', from the ambient set' : user.uid === 0 ? ', of root' : '';
  const [raw, admin] = [hasCapability(effective, CAP_NET_RAW), hasCapability(effective, CAP_NET_ADMIN)];
  if (raw && admin) return works('capabilities', `CAP_NET_RAW and CAP_NET_ADMIN${origin}`);
  if (raw) return works('capabilities', `CAP_NET_RAW${origin}; guard and receive buffer are better with CAP_NET_ADMIN`);
  if (hasCapability(permitted, CAP_NET_RAW))
    return breaks(
      'capabilities',
      'CAP_NET_RAW is permitted but not effective',
      asRoot(`setcap cap_net_raw+ep ${quoted(user.rawshake[0] ?? 'node')}`, user),
    );
  if (user.uid !== 0)
    return breaks('capabilities', 'CAP_NET_RAW is missing', asRoot([...user.rawshake.map(quoted), 'doctor'].join(' '), user));
  return user.inUserNamespace || traitsOf(files).some((trait) => trait.startsWith('container'))
    ? breaks('capabilities', 'root lacks CAP_NET_RAW in this container', 'docker run --cap-add NET_RAW --cap-add NET_ADMIN IMAGE')
    : breaks('capabilities', 'root lacks CAP_NET_RAW here; the service or shell that started it took it away', 'capsh --print');
}

/** Without an address on loopback there is nothing to try a connection on. */
export const hasLoopback = (): boolean => networkInterfaces().lo?.some(({ family }) => family === 'IPv4') === true;

const FEW_PORTS = 1024;

/** The text of ip_local_reserved_ports, `8080,9000-9010`, as a number of ports within the range. */
export function countReserved(text: string, low: number, high: number): number {
  let count = 0;
  for (const part of text.trim().split(',').filter(Boolean)) {
    const [from = 0, to = from] = part.split('-').map(Number);
    count += Math.max(0, Math.min(to, high) - Math.max(from, low) + 1);
  }
  return count;
}

export function checkPorts(user: User): CheckEvent {
  const { low, high } = localPortRange();
  const reserved = countReserved(textOf('/proc/sys/net/ipv4/ip_local_reserved_ports'), low, high);
  const free = high - low + 1 - reserved;
  const detail = `${free} to choose from (${low} to ${high}${reserved === 0 ? '' : `, less ${reserved} reserved`})`;
  if (free >= FEW_PORTS) return works('ports', detail);
  return limits('ports', `only ${detail}`, asRoot('sysctl -w net.ipv4.ip_local_port_range="32768 60999"', user));
}

const FEW_FILES = 1024;

/** @param text of /proc/self/limits; Node.js has raised the soft limit to the hard one */
export function checkOpenFiles(user: User, text = textOf('/proc/self/limits')): CheckEvent {
  const limit = /^Max open files\s+(\S+)/m.exec(text)?.[1];
  if (limit === undefined) return limits('open-files', 'the limit is not known: /proc is not mounted');
  if (limit === 'unlimited' || Number(limit) >= FEW_FILES) return works('open-files', `limit ${limit}; each open port takes one`);
  return limits('open-files', `limit ${limit}; each open port takes one`, asRoot('prlimit --pid $$ --nofile=65536', user));
}
