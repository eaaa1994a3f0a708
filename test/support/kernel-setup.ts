/** Once before the kernel tests: is there all that they need? */
import { existsSync, readdirSync, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import type { TestProject } from 'vitest/node';
import type { Lacking } from './capabilities.ts';
import { asNobody, command } from './command.ts';

const PROGRAMS = [
  'ip',
  'ss',
  'nft',
  'nginx',
  'tcpdump',
  'setpriv',
  'setcap',
  'groff',
  'prove',
  'script',
  'tshark',
  'editcap',
  'capinfos',
  'curl',
  'bash',
  'zsh',
  'fish',
];
/** Debian's Python, and not another one of this machine, has the scapy that Debian installs. */
const SCAPY = '/usr/lib/python3/dist-packages/scapy';

export function setup(project: TestProject): void {
  requireFreshBuild();
  requirePrograms();
  const lacking = probeCapabilities();
  for (const [capability, reason] of Object.entries(lacking)) console.error(`tests that need ${capability} are left out: ${reason}`);
  project.provide('lacking', lacking);
}

/** The tests run what was built: it must be there and as new as the sources. */
function requireFreshBuild(): void {
  for (const file of readdirSync('src', { recursive: true, encoding: 'utf8' })) {
    if (!file.endsWith('.ts')) continue;
    const built = join('dist', file.replace(/\.ts$/, '.js'));
    if (!existsSync(built)) throw new Error(`${built} is missing: npm run build, or npm test, which builds first`);
    if (statSync(built).mtimeMs < statSync(join('src', file)).mtimeMs) throw new Error(`${built} is older than src/${file}: npm run build`);
  }
}

function requirePrograms(): void {
  const path = (process.env.PATH ?? '').split(delimiter);
  const missing = PROGRAMS.filter((program) => !path.some((directory) => existsSync(join(directory, program))));
  if (!existsSync(SCAPY)) missing.push('scapy');
  if (missing.length > 0) throw new Error(`not installed: ${missing.join(', ')} (sh scripts/debian.sh test installs them on Debian)`);
}

/** Finds out by trying. */
function probeCapabilities(): Lacking {
  const name = `rs${process.pid}probe`;
  const namespaces = reasonWhyNot(['ip', 'netns', 'add', name]);
  if (namespaces) {
    const reason = `${namespaces}; npm test makes namespaces as root or where unshare -Urnm works`;
    return { namespaces: reason, tun: reason };
  }
  const lacking: Lacking = {};
  const tun = reasonWhyNot(['ip', '-netns', name, 'tuntap', 'add', 'mode', 'tun', 'name', 'probe']);
  if (tun) lacking.tun = `/dev/net/tun: ${tun}`;
  command(['ip', 'netns', 'delete', name]);
  const otherUser = reasonWhyNot([...asNobody, 'cat', 'dist/cli/main.js']);
  if (otherUser) lacking.otherUser = otherUser;
  return lacking;
}

function reasonWhyNot(argv: string[]): string | undefined {
  try {
    command(argv);
    return undefined;
  } catch (error) {
    return (error as Error).message.split(': ').slice(1).join(': ').replaceAll('\n', '; ');
  }
}
