/** The ground that the tests here stand on, walked with the kernel's own TCP: names, firewall, servers, capture. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { describeNeeding } from '../support/capabilities.ts';
import { type Capture, resetsFrom, startCapture } from '../support/capture.ts';
import type { Lines } from '../support/lines.ts';
import { createRouted, type Namespace, type Network } from '../support/netns.ts';
import { FILES, keystream, type ServerEvent, sha256, startNginx, startServers } from '../support/servers.ts';

/** Connects as any program would. @returns `connected`, or the error's code */
function kernelConnect(namespace: Namespace, address: string, port: number): string {
  const script = `const socket = require('net').connect(${port}, '${address}');
    socket.once('connect', () => { console.log('connected'); socket.destroy(); });
    socket.once('error', ({ code }) => console.log(code));
    socket.setTimeout(600, () => { console.log('silence'); process.exit(); });`;
  return namespace.exec([process.execPath, '-e', script]).trim();
}

/** @returns length and hash of what is at a URL */
function kernelFetch(namespace: Namespace, url: string): { length: number; sha256: string } {
  const script = `const { createHash } = require('crypto');
    fetch('${url}').then((answer) => answer.bytes?.() ?? answer.arrayBuffer()).then((body) => {
      const bytes = Buffer.from(body);
      console.log(JSON.stringify({ length: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') }));
    });`;
  return JSON.parse(namespace.exec([process.execPath, '-e', script]));
}

describeNeeding(['namespaces'], 'the ground', () => {
  let network: Network;
  let router: Namespace;
  let servers: Lines<ServerEvent>;

  beforeAll(async () => {
    network = createRouted();
    router = network.router as Namespace;
    servers = await startServers(network.server, { 7: 'echo', 13: 'send-and-close', 9: 'sink' });
    await startNginx(network.server, 4);
  });
  afterAll(() => network.remove());

  it('a server tells what happens', async () => {
    expect(kernelConnect(network.client, network.serverAddress, 9)).toBe('connected');
    const connection = await servers.first('a connection', ({ event, port }) => event === 'connection' && port === 9);
    const closed = await servers.first('its end', ({ event, port }) => event === 'close' && port === 9);
    expect(closed.remotePort).toBe(connection.remotePort);
  });

  it('nginx serves the files byte for byte', () => {
    for (const [path, length] of Object.entries(FILES).filter(([path]) => path !== '/huge')) {
      const got = kernelFetch(network.client, `http://${network.serverAddress}${path}`);
      expect(got).toEqual({ length, sha256: sha256(keystream(length)) });
    }
  });

  describe('the firewall of the router', () => {
    let capture: Capture;
    beforeAll(async () => {
      capture = await startCapture(network.client);
      router.firewall(
        'forward',
        `tcp dport 100 drop
         tcp dport 101 reject with tcp reset
         tcp dport 102 reject with icmp type net-unreachable
         tcp dport 103 reject with icmp type host-unreachable
         tcp dport 104 reject with icmp type prot-unreachable
         tcp dport 105 reject with icmp type port-unreachable
         tcp dport 106 reject with icmp type net-prohibited
         tcp dport 107 reject with icmp type host-prohibited
         tcp dport 108 reject with icmp type admin-prohibited`,
      );
      for (let port = 100; port <= 108; port++) kernelConnect(network.client, network.serverAddress, port);
      kernelConnect(network.client, network.serverAddress, 7);
      router.openFirewall();
      await capture.stop();
    });

    it('drops', () => {
      expect(capture.packets('tcp dst port 100').length).toBeGreaterThan(0);
      expect(capture.packets('tcp src port 100')).toEqual([]);
    });

    it('resets', () => expect(capture.packets(`${resetsFrom(network.serverAddress)} and src port 101`)).toHaveLength(1));

    it.each([
      [102, 0],
      [103, 1],
      [104, 2],
      [105, 3],
      [106, 9],
      [107, 10],
      [108, 13],
    ])('refuses port %i with ICMP unreachable, code %i', (port, code) => {
      // The quoted port stands at byte 22 of the datagram in the message's body.
      const errors = capture.packets(`icmp[0] = 3 and icmp[1] = ${code} and icmp[30:2] = ${port}`);
      expect(errors.length).toBeGreaterThan(0);
    });

    it('lets the rest pass', () => expect(capture.packets('tcp src port 7 and tcp[tcpflags] & tcp-syn != 0').length).toBeGreaterThan(0));
  });

  it('loses what it is told to lose', () => {
    router.firewall('forward', 'numgen random mod 100 < 30 counter drop');
    const got = kernelFetch(network.client, `http://${network.serverAddress}/small`);
    expect(got.length).toBe(FILES['/small']);
    router.openFirewall();
  });
});
