/** Network namespaces: kernels of the tests' own, wired together, gone when the tests are. */
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { command } from './command.ts';

export type Child = ChildProcessByStdio<Writable, Readable, Readable>;

let made = 0;
const live = new Set<Namespace>();
const directories = new Set<string>();

/** Takes away all that the tests of this process have made and that is still there. */
function removeAll(): void {
  for (const namespace of live) namespace.remove();
  for (const directory of directories) rmSync(directory, { recursive: true, force: true });
}
process.once('exit', removeAll);
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.once(signal, () => {
    removeAll();
    process.exit(1);
  });
}

/** A directory of its own, removed with the process at the latest. */
export function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'rawshake-test-'));
  directories.add(directory);
  return directory;
}

/** What stands before a program that wants to be root as no ordinary user's namespace lets it. */
export const asRoot: readonly string[] = [process.execPath, 'test/support/as-root.js'];

/** One network namespace, with its loopback up. */
export class Namespace {
  readonly name = `rs${process.pid}n${made++}`;
  #hasRules = false;

  constructor() {
    command(['ip', 'netns', 'add', this.name]);
    live.add(this);
    this.ip('link set lo up');
  }

  /** Commands of `ip`, one a line. */
  ip(batch: string): void {
    command(['ip', '-netns', this.name, '-batch', '-'], batch);
  }

  /** Replaces the firewall: rules of nftables, one a line, in a chain of the hook. */
  firewall(hook: 'forward' | 'input' | 'output', rules: string): void {
    this.nft(`flush ruleset\ntable ip test { chain ${hook} { type filter hook ${hook} priority 0; policy accept;\n${rules}\n}\n}\n`);
  }

  /** Statements of nftables. */
  nft(statements: string): void {
    this.#hasRules = true;
    this.exec(['nft', '-f', '-'], statements);
  }

  /** Takes away all rules, if any were put here. */
  openFirewall(): void {
    if (!this.#hasRules) return;
    this.exec(['nft', 'flush', 'ruleset']);
    this.#hasRules = false;
  }

  /** Runs a command in here to its end. @returns what it wrote to stdout */
  exec(argv: readonly string[], input = ''): string {
    return command(['ip', 'netns', 'exec', this.name, ...argv], input);
  }

  /** Starts a program in here. It ends with the namespace, or with this process. */
  spawn(argv: readonly string[], env: NodeJS.ProcessEnv = process.env): Child {
    const child = spawn('ip', ['netns', 'exec', this.name, 'setpriv', '--pdeathsig', 'KILL', '--', ...argv], {
      stdio: ['pipe', 'pipe', 'pipe'],
      env,
    });
    // A child that is gone closes its stdin under our pen.
    child.stdin.on('error', () => undefined);
    return child;
  }

  /** Runs a program in here to its end, beside this process. @returns what it wrote to stdout */
  async run(argv: readonly string[]): Promise<string> {
    const child = this.spawn(argv);
    child.stdin.end();
    child.stderr.pipe(process.stderr);
    const [stdout] = await Promise.all([text(child.stdout), once(child, 'close')]);
    return stdout;
  }

  /** The listening TCP sockets in here, as `ss` tells them. */
  listeners(): string {
    return this.exec(['ss', '-Hltn']);
  }

  /** Ends what runs in here and removes the namespace. May be called twice. */
  remove(): void {
    if (!live.delete(this)) return;
    // Not only our children: theirs too, such as nginx's workers.
    for (const pid of command(['ip', 'netns', 'pids', this.name]).split('\n').filter(Boolean)) process.kill(Number(pid), 'SIGKILL');
    command(['ip', 'netns', 'delete', this.name]);
  }
}

/** A client and a server, on one link or with a router between them. */
export interface Network {
  client: Namespace;
  server: Namespace;
  /** There where it was asked for. */
  router: Namespace | undefined;
  clientAddress: string;
  serverAddress: string;
  /** Where the client would send what it has no better route for: the router's address, or one that nobody has. */
  gatewayAddress: string;
  /** In the client's namespace. */
  clientInterface: string;
  /** May be called twice. */
  remove(): void;
}

const LINK = 'eth0';

/** Two namespaces joined by one link: 10.77.1.1 and 10.77.1.2 of 10.77.1.0/24, and no other route. */
export function createPair(): Network {
  const client = new Namespace();
  const server = new Namespace();
  client.ip(`link add ${LINK} type veth peer name ${LINK} netns ${server.name}\naddr add 10.77.1.1/24 dev ${LINK}\nlink set ${LINK} up`);
  server.ip(`addr add 10.77.1.2/24 dev ${LINK}\nlink set ${LINK} up`);
  return network(client, server, undefined, '10.77.1.2');
}

/** A router between the two: 10.77.1.1 – 10.77.1.254, 10.77.2.254 – 10.77.2.2. Its firewall decides what passes. */
export function createRouted(
  options: { /** Of the router's way to the server; the server does not know of it. */ mtu?: number } = {},
): Network {
  const { mtu = 1500 } = options;
  const client = new Namespace();
  const router = new Namespace();
  const server = new Namespace();
  router.ip(`link add near type veth peer name ${LINK} netns ${client.name}
link add far type veth peer name ${LINK} netns ${server.name}
addr add 10.77.1.254/24 dev near
addr add 10.77.2.254/24 dev far
link set near up
link set far mtu ${mtu} up`);
  router.exec(['sh', '-c', 'echo 1 > /proc/sys/net/ipv4/ip_forward']);
  // An ICMP error a second and destination is the kernel's default; the tests provoke more.
  router.exec(['sh', '-c', 'echo 0 > /proc/sys/net/ipv4/icmp_ratelimit']);
  client.ip(`addr add 10.77.1.1/24 dev ${LINK}\nlink set ${LINK} up\nroute add default via 10.77.1.254`);
  server.ip(`addr add 10.77.2.2/24 dev ${LINK}\nlink set ${LINK} up\nroute add default via 10.77.2.254`);
  return network(client, server, router, '10.77.2.2');
}

function network(client: Namespace, server: Namespace, router: Namespace | undefined, serverAddress: string): Network {
  return {
    client,
    server,
    router,
    clientAddress: '10.77.1.1',
    serverAddress,
    gatewayAddress: '10.77.1.254',
    clientInterface: LINK,
    remove() {
      for (const namespace of [client, server, router]) namespace?.remove();
    },
  };
}
