/** Real TCP servers in a namespace: node's, by behaviour, and nginx. */
import { createCipheriv, createHash } from 'node:crypto';
import { mkdirSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Lines } from './lines.ts';
import { asRoot, type Namespace, temporaryDirectory } from './netns.ts';

/** See server.js. */
export type Behaviour =
  | 'echo'
  | 'send-and-close'
  | 'close-on-request'
  | 'close-later'
  | 'never-close'
  | 'after-fin'
  | 'sink'
  | 'slow-reader'
  | 'never-reads'
  | 'reset'
  | 'reset-at-once';

export interface ServerEvent {
  event: 'listening' | 'connection' | 'received' | 'end' | 'error' | 'close';
  port: number;
  remotePort: number;
  /** Of `received`. */
  bytes?: number;
  /** Of `received`. */
  sha256?: string;
  /** Of `error`. */
  code?: string;
}

/** Starts servers and waits until they listen. @returns what they tell */
export async function startServers(namespace: Namespace, ports: Record<number, Behaviour>): Promise<Lines<ServerEvent>> {
  const child = namespace.spawn([process.execPath, 'test/support/server.js', JSON.stringify(ports)]);
  child.stderr.pipe(process.stderr);
  const lines = new Lines<ServerEvent>(child.stdout, (text) => JSON.parse(text));
  await lines.first('listening', ({ event }) => event === 'listening');
  return lines;
}

/** Bytes that look random and are always the same, so that a missing, doubled or moved one is seen. */
export const keystream = (length: number): Buffer =>
  createCipheriv('aes-128-ctr', Buffer.alloc(16), Buffer.alloc(16)).update(Buffer.alloc(length));

export const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

const SMALL = 1024;
const LARGE = 10 * 1024 * 1024;
const HUGE = 100 * 1024 * 1024;

/** What nginx serves: keystreams of 1 KiB and 10 MiB, and 100 MiB of zeros that take no disk. */
export const FILES = { '/small': SMALL, '/large': LARGE, '/huge': HUGE };

/**
 * Starts nginx on port 80 and waits until it listens. It keeps a connection of HTTP/1.1 alive, and closes after
 * its answer where the request is HTTP/1.0 or says `Connection: close`.
 * @param workers processes that serve
 */
export async function startNginx(namespace: Namespace, workers = 1): Promise<void> {
  const prefix = temporaryDirectory();
  const root = join(prefix, 'www');
  mkdirSync(root);
  writeFileSync(join(root, 'index.html'), 'hello from nginx\n');
  writeFileSync(join(root, 'small'), keystream(SMALL));
  writeFileSync(join(root, 'large'), keystream(LARGE));
  writeFileSync(join(root, 'huge'), '');
  truncateSync(join(root, 'huge'), HUGE);
  writeFileSync(join(prefix, 'nginx.conf'), configuration(prefix, workers));
  const child = namespace.spawn([...asRoot, 'nginx', '-p', prefix, '-c', join(prefix, 'nginx.conf'), '-e', 'stderr']);
  let errors = '';
  child.stderr.setEncoding('utf8').on('data', (text) => {
    errors += text;
  });
  for (let tries = 0; tries < 200; tries++) {
    if (child.exitCode !== null) break;
    if (/:80 /.test(namespace.listeners())) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error(`nginx does not listen: ${errors}`);
}

function configuration(prefix: string, workers: number): string {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((what) => `${what}_temp_path ${prefix}/${what};`);
  return `daemon off;
pid ${prefix}/pid;
error_log stderr error;
user root;
worker_processes ${workers};
events { worker_connections 8192; }
http {
  access_log off;
  ${temporary.join('\n  ')}
  keepalive_timeout 65;
  keepalive_requests 1000000;
  server { listen 80 backlog=8192; root ${prefix}/www; }
}
`;
}
