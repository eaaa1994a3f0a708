/** The kernel network in processes of their own: when they end, what they leave behind, and what they need. */
import { cpSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { describeNeeding } from '../support/capabilities.ts';
import { resetsFrom, startCapture } from '../support/capture.ts';
import { Lines } from '../support/lines.ts';
import { type Child, createPair, type Network, temporaryDirectory } from '../support/netns.ts';
import { startServers } from '../support/servers.ts';

const ECHO = 7;

/** What every program here starts with: a network, ports to the server, a SYN, and a line to stdout. */
const prelude = (dist: string): string => `
  import { openKernelNetwork } from '${dist}/net/kernel.js';
  import { parseIpv4 } from '${dist}/wire/address.js';
  import { decodePacket, encodePacket } from '${dist}/wire/packet.js';
  import { ipv4Header } from '${dist}/wire/ipv4.js';
  import { tcpSegment } from '${dist}/wire/tcp.js';
  const network = openKernelNetwork();
  const destination = parseIpv4('10.77.1.2');
  const open = () => network.openPort({ destination, destinationPort: ${ECHO} });
  const send = (port, flags, seq, ack = 0) => port.send(encodePacket({
    ip: ipv4Header({ source: port.route.sourceAddress, destination }),
    tcp: tcpSegment({ sourcePort: port.port, destinationPort: ${ECHO}, flags, seq, ack, window: 1000 }),
  }));
  const answer = async (port) => {
    const arrival = await port.next(network.clock.nowUs() + 2e6);
    return arrival && decodePacket(arrival.datagram).tcp;
  };
  const say = (what) => console.log(JSON.stringify(what));
`;

describeNeeding(['namespaces'], 'a process', () => {
  let place: Network;

  beforeAll(async () => {
    place = createPair();
    await startServers(place.server, { [ECHO]: 'echo' });
  });
  afterAll(() => place.remove());

  const start = (script: string, { dist = resolve('dist'), before = [] as string[], options = [] as string[] } = {}): Child =>
    place.client.spawn([...before, process.execPath, ...options, '--input-type=module', '-e', prelude(dist) + script]);

  /** Runs to the end. @returns the lines that it said */
  async function run(script: string, options?: Parameters<typeof start>[1]): Promise<unknown[]> {
    const child = start(script, options);
    const [said, errors] = await Promise.all([text(child.stdout), text(child.stderr)]);
    if (errors) throw new Error(errors);
    return said
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
  }

  const rawSockets = (): number => place.client.exec(['cat', '/proc/net/raw']).trim().split('\n').length - 1;

  it('ends once its ports are closed, though nobody closed the network', async () => {
    const [afterMs] = await run(`
      open().close();
      const closedAt = performance.now();
      process.on('exit', () => say(performance.now() - closedAt));
    `);
    expect(afterMs).toBeLessThan(500);
  });

  it('stays while a port is waited at', async () => {
    const child = start(`
      const port = open();
      say('waiting');
      await port.next(Infinity);
    `);
    await new Lines(child.stdout, JSON.parse).first('its port', () => true);
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(child.exitCode).toBeNull();
    child.kill('SIGKILL');
  });

  it('hears through sockets that nothing but the wait refers to, whatever the garbage collector does', async () => {
    const script = `
      const collector = setInterval(gc, 20);
      async function hear() {
        const network = openKernelNetwork();
        const port = network.openPort({ destination, destinationPort: ${ECHO} });
        send(port, 2, 1000);
        // The peer sends its SYN+ACK again after one second and after three.
        await port.next(Infinity);
        await port.next(Infinity);
        const { datagram } = await port.next(Infinity);
        clearInterval(collector);
        say(decodePacket(datagram).tcp.flags);
        send(port, 4, 1001);
        port.close();
      }
      hear();
    `;
    expect(await run(script, { options: ['--expose-gc'] })).toEqual([0x12]);
  });

  it('leaves nothing behind when it is killed', async () => {
    const child = start(`
      const ports = Array.from({ length: 50 }, open);
      for (const port of ports) send(port, 2, 1000);
      say(ports.map(({ port }) => port));
      await ports[0].next(Infinity);
      await new Promise((resolve) => setTimeout(resolve, 1e6));
    `);
    const ended = new Promise((resolve) => child.once('close', resolve));
    const ports = await new Lines<number[]>(child.stdout, JSON.parse).first('its ports', () => true);
    expect(place.client.listeners().trim().split('\n')).toHaveLength(ports.length);
    expect(rawSockets()).toBe(3);
    child.kill('SIGKILL');
    await ended;
    expect(place.client.listeners()).toBe('');
    expect(rawSockets()).toBe(0);
    expect(place.client.exec(['nft', 'list', 'ruleset'])).toBe('');
  });

  it('hands no socket on to programs that it starts', async () => {
    const [descriptors] = await run(`
      import { execFileSync } from 'node:child_process';
      const port = open();
      say(execFileSync('ls', ['-l', '/proc/self/fd'], { encoding: 'utf8' }));
      port.close();
    `);
    expect(descriptors).toContain(' 0 -> ');
    // The first three are Node's own pipes, which are sockets.
    expect(descriptors).not.toMatch(/ ([3-9]|\d\d+) -> socket:/);
  });

  describe('that may', () => {
    const only = (capabilities: string): string[] => ['setpriv', '--bounding-set', capabilities, '--inh-caps', capabilities];
    const openOrSay = `
      const attempt = () => { try { return open(); } catch ({ code, reason, hint }) { say({ code, reason, hint }); } };
      const port = attempt();
    `;

    it('do nothing special is told what it lacks', async () => {
      expect(await run(openOrSay, { before: only('-all') })).toEqual([
        { code: 'no-permission', reason: expect.stringContaining('CAP_NET_RAW'), hint: expect.stringContaining('NET_RAW') },
      ]);
      expect(rawSockets()).toBe(0);
    });

    it('use raw sockets alone needs no more, and its guard holds', async () => {
      const capture = await startCapture(place.client);
      const script = `${openOrSay}
        send(port, 2, 1000);
        const { flags, seq } = await answer(port);
        say({ flags });
        send(port, 0x10, 1001, seq + 1);
        await new Promise((resolve) => setTimeout(resolve, 50));
        send(port, 0x11, 1001, seq + 1);
        let fin;
        do fin = await answer(port);
        while (fin && !(fin.flags & 1));
        send(port, 0x10, 1002, seq + 2);
        await new Promise((resolve) => setTimeout(resolve, 50));
        say({ fin: fin?.flags & 1, window: port.receiveWindowBytes > 65535, port: port.port });
        port.close();
      `;
      const said = await run(script, { before: only('-all,+net_raw') });
      await capture.stop();
      expect(said).toEqual([{ flags: 0x12 }, { fin: 1, window: true, port: expect.any(Number) }]);
      const { port } = said[1] as { port: number };
      expect(capture.packets(`src port ${port}`).length).toBeGreaterThan(3);
      expect(capture.packets(`${resetsFrom(place.clientAddress)} and src port ${port}`)).toEqual([]);
    });
  });

  describe('whose installation lacks', () => {
    const installation = (modules: string[]): string => {
      const directory = temporaryDirectory();
      cpSync('dist', join(directory, 'dist'), { recursive: true });
      writeFileSync(join(directory, 'package.json'), '{ "type": "module" }');
      mkdirSync(join(directory, 'node_modules'));
      for (const name of modules) symlinkSync(resolve('node_modules', name), join(directory, 'node_modules', name));
      return join(directory, 'dist');
    };
    const attempt = `try { open(); } catch ({ code, subject, hint }) { say({ code, subject, hint }); }`;

    it.each([
      ['raw-socket', ['koffi'], 'build:raw-socket'],
      ['koffi', ['raw-socket'], 'npm install --prefix'],
    ])('%s says so before anything is sent', async (missing, present, remedy) => {
      expect(await run(attempt, { dist: installation(present) })).toEqual([
        { code: 'module-missing', subject: `the module ${missing}`, hint: expect.stringContaining(remedy) },
      ]);
    });
  });
});
