/** docs/recipes.md: each command is typed again in the same network, and must show the same but for numbers and times. */
import { mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { describeNeeding } from '../support/capabilities.ts';
import { Lines } from '../support/lines.ts';
import { Namespace, temporaryDirectory } from '../support/netns.ts';

/** The blocks of the document that begin with a prompt, command by command. */
const TYPED = [...readFileSync('docs/recipes.md', 'utf8').matchAll(/^```\n(# .*?)^```/gms)]
  .flatMap(([, block = '']) => block.split(/^# /m).slice(1))
  .map((text) => [text.slice(0, text.indexOf('\n')), text.slice(text.indexOf('\n') + 1)] as const);

/** The words for people at the end, or all of a short output; without what differs from run to run. */
function essence(output: string): string {
  const summary = output.search(/^ {2}(verdict|flags|ttl) /m);
  return (
    output
      .slice(Math.max(0, summary))
      .replaceAll('→', '->')
      .replaceAll('µs', 'us')
      .replace(/ \(\d+\/s\)/g, '')
      // Of a scan: what depends on what got lost.
      .replace(/^ {2}(probes|loss|silence) .*\n( {14}.*\n)*/gm, '')
      .replace(/\d[\d.]* (us|ms|s)\b/g, 'TIME')
      .replace(/(ISN +)\d+/g, '$1NUMBER')
      .replace(/\s+/g, ' ')
      .trim()
  );
}

const RULES = `table ip fw {
  chain syn { type filter hook prerouting priority -300; policy accept;
    tcp dport { 8080, 8081 } tcp flags syn notrack
  }
  chain forward { type filter hook forward priority 0; policy accept;
    tcp dport 23 drop
    tcp dport 25 reject with icmp type admin-prohibited
    tcp dport 3306 reject with tcp reset
    tcp dport 8443 meta length > 70 reject with tcp reset
    tcp dport 22 tcp flags & (syn|ack) == syn drop
    tcp dport { 8080, 8081 } ct state invalid,untracked synproxy mss 1460 wscale 7 timestamp sack-perm
    tcp dport { 8080, 8081 } ct state invalid drop
  }
}
`;

const SERVERS = `
  const { createServer } = require('node:net');
  const http = require('node:http');
  const page = (request, response) => response.setHeader('Connection', 'close').end('hello\\n');
  for (const port of [80, 8080, 8443]) http.createServer(page).listen(port);
  for (const port of [7, 22, 3306]) createServer({ allowHalfOpen: true }, (socket) => socket.resume().on('error', () => socket.destroy())).listen(port);
  setTimeout(() => console.log('listening'), 200);
`;

describeNeeding(['namespaces'], 'recipes', () => {
  let [client, router, server]: Namespace[] = [];
  const directory = temporaryDirectory();

  beforeAll(async () => {
    client = new Namespace();
    router = new Namespace();
    server = new Namespace();
    router.ip(`link add near type veth peer name eth0 netns ${client.name}
link add far type veth peer name eth0 netns ${server.name}
addr add 192.0.2.254/24 dev near
addr add 198.51.100.254/24 dev far
link set near up
link set far up`);
    client.ip('addr add 192.0.2.1/24 dev eth0\nlink set eth0 up\nroute add default via 192.0.2.254');
    server.ip('addr add 198.51.100.7/24 dev eth0\nlink set eth0 up\nroute add default via 198.51.100.254');
    router.nft(RULES);
    const settings = ['net/ipv4/ip_forward 1', 'net/ipv4/icmp_ratelimit 0', 'net/netfilter/nf_conntrack_tcp_loose 0'];
    for (const setting of settings) router.exec(['sh', '-c', `echo ${setting.split(' ')[1]} > /proc/sys/${setting.split(' ')[0]}`]);
    const child = server.spawn([process.execPath, '-e', SERVERS]);
    await new Lines(child.stdout, (text) => text).first('listening', () => true);
    mkdirSync(join(directory, 'bin'));
    symlinkSync(resolve('bin/rawshake.js'), join(directory, 'bin/rawshake'));
  });
  afterAll(() => {
    for (const namespace of [client, router, server]) namespace?.remove();
  });

  it('there are some of each', () => expect(TYPED.length).toBeGreaterThan(10));

  describe.each(TYPED)('%s', (line, shown) => {
    // Where the millisecond changes between the SYN+ACK of Linux's SYN proxy and that of the server, the stamps of the
    // two do not fit, the server takes the proxy's ACK for another's, and the data wait for its next SYN+ACK.
    const retry = line.includes(' 8080 ') ? 3 : 0;
    it('shows what the document shows', { retry }, () => {
      // What ends with another code than 0 is shown too.
      const typed = `PATH=${join(directory, 'bin')}:$PATH; ${line} || true`;
      const output = (client as Namespace).exec(['bash', '-c', typed]);
      expect(essence(output)).toBe(essence(shown));
    });
  });
});
