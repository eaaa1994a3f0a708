/** What rawshake says of a port: open, closed, filtered, and why. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { describeNeeding } from '../support/capabilities.ts';
import { resetsFrom } from '../support/capture.ts';
import { createRouted, type Namespace, type Network } from '../support/netns.ts';
import { captureRawshake, type Run, rawshake } from '../support/rawshake.ts';
import { startServers } from '../support/servers.ts';

describeNeeding(['namespaces'], 'verdict', () => {
  let network: Network;
  let router: Namespace;

  beforeAll(async () => {
    network = createRouted();
    router = network.router as Namespace;
    await startServers(network.server, { 7: 'echo' });
  });
  afterEach(() => router.openFirewall());
  afterAll(() => network.remove());

  const connect = (host: string, port: string, ...options: string[]): Promise<Run> =>
    rawshake(network.client, ['connect', host, port, '--json', '--time-wait', '0.1', ...options]);

  it('open', async () => {
    const run = await connect(network.serverAddress, '7');
    expect(run).toMatchObject({ code: 0, stderr: '' });
    expect(run.of('start')).toEqual([
      expect.objectContaining({
        schema: 1,
        command: 'connect',
        host: network.serverAddress,
        address: network.serverAddress,
        port: 7,
        sourceAddress: network.clientAddress,
        guard: 'socket',
        clock: { transmit: expect.stringMatching(/^(kernel|user)$/), receive: expect.stringMatching(/^(kernel|user)$/) },
      }),
    ]);
    expect(new Date(run.of('start')[0]?.startedAt ?? '').getTime()).toBeGreaterThan(Date.now() - 60_000);
    expect(run.result).toMatchObject({ verdict: 'open', reason: 'syn-ack', exitCode: 0, kernelDrops: 0 });
    // Linux, one router away.
    expect(run.result.peer).toMatchObject({ mss: 1460, sackPermitted: true, timestamps: true, ttl: 63 });
    expect(run.result.peer?.windowScale).toBeGreaterThanOrEqual(0);
    expect(run.result.iss).toBe(run.of('segment')[0]?.seq);
    expect(run.result.irs).toBe(run.of('segment')[1]?.seq);
    expect(run.of('segment')[0]?.options.map(({ name }) => name)).toContain('mss');
  });

  it('takes HOST:PORT and a service name', async () => {
    const run = await rawshake(network.client, ['connect', `${network.serverAddress}:echo`, '--json']);
    expect(run).toMatchObject({ code: 0, stderr: '' });
    expect(run.of('start')[0]?.port).toBe(7);
  });

  it('closed, by the RST of a kernel', async () => {
    const run = await connect(network.serverAddress, '8');
    expect(run).toMatchObject({ code: 1, stderr: '' });
    expect(run.result).toMatchObject({ verdict: 'closed', reason: 'rst', states: ['CLOSED', 'SYN-SENT', 'CLOSED'], exitCode: 1 });
  });

  it('closed, by the RST of a firewall', async () => {
    router.firewall('forward', 'tcp dport 7 reject with tcp reset');
    const run = await connect(network.serverAddress, '7');
    expect(run).toMatchObject({ code: 1, stderr: '' });
    expect(run.result).toMatchObject({ verdict: 'closed', reason: 'rst' });
  });

  it('filtered, by silence', async () => {
    router.firewall('forward', 'tcp dport 7 drop');
    const startedAt = performance.now();
    const run = await connect(network.serverAddress, '7', '--timeout', '1.5');
    expect(performance.now() - startedAt).toBeGreaterThan(1500);
    expect(run).toMatchObject({ code: 2, stderr: '' });
    // RFC 6298: the SYN is sent again after a second.
    expect(run.result).toMatchObject({ verdict: 'filtered', reason: 'no-response', exitCode: 2, retransmissions: 1 });
    expect(run.result.rttUs).toBeUndefined();
    expect(run.result.peer).toBeUndefined();
  });

  it.each([
    ['net-unreachable', 'net-unreachable', 0],
    ['host-unreachable', 'host-unreachable', 1],
    ['prot-unreachable', 'protocol-unreachable', 2],
    ['port-unreachable', 'port-unreachable', 3],
    ['net-prohibited', 'net-prohibited', 9],
    ['host-prohibited', 'host-prohibited', 10],
    ['admin-prohibited', 'admin-prohibited', 13],
  ])('filtered, by ICMP %s', async (nftName, name, code) => {
    router.firewall('forward', `tcp dport 7 reject with icmp type ${nftName}`);
    const run = await connect(network.serverAddress, '7', '--timeout', '4');
    expect(run).toMatchObject({ code: 2, stderr: '' });
    expect(run.result).toMatchObject({ verdict: 'filtered', reason: `icmp-${name}`, exitCode: 2 });
    expect(run.of('icmp')[0]).toMatchObject({ icmpType: 3, code, name, from: network.gatewayAddress, seq: run.result.iss });
  });

  it('filtered, by a TTL that does not reach', async () => {
    const run = await connect(network.serverAddress, '7', '--ttl', '1', '--timeout', '2');
    expect(run).toMatchObject({ code: 2, stderr: '' });
    expect(run.result).toMatchObject({ verdict: 'filtered', reason: 'icmp-ttl-exceeded' });
    expect(run.of('icmp')[0]).toMatchObject({ icmpType: 11, code: 0, from: network.gatewayAddress });
    expect((await connect(network.serverAddress, '7', '--ttl', '2')).code).toBe(0);
  });

  it('filtered, by a neighbour that does not answer ARP', async () => {
    const run = await connect('10.77.1.99', '7', '--timeout', '6');
    expect(run).toMatchObject({ code: 2, stderr: '' });
    expect(run.result).toMatchObject({ verdict: 'filtered', reason: 'icmp-host-unreachable' });
    // Our own kernel says so, three seconds later.
    expect(run.of('icmp')[0]).toMatchObject({ name: 'host-unreachable', from: network.clientAddress });
  });

  it('open, though the first SYN is lost', async () => {
    // A SYN is 40 to 60 bytes: the first stays under the quota, the second does not.
    router.firewall('forward', 'tcp dport 7 tcp flags syn quota until 80 bytes drop');
    const run = await connect(network.serverAddress, '7', '--timeout', '4');
    expect(run).toMatchObject({ code: 0, stderr: '' });
    expect(run.result.retransmissions).toBe(1);
    // Linux echoes the time stamp of the second SYN, so it is known which one was answered.
    expect(run.result.rttUs).toBeLessThan(500_000);
  });

  describe('where from', () => {
    it('--source-port', async () => {
      const run = await connect(network.serverAddress, '7', '--source-port', '5555');
      expect(run).toMatchObject({ code: 0, stderr: '' });
      expect(run.of('start')[0]?.sourcePort).toBe(5555);
    });

    it('--source-port equal to the destination port', async () => {
      const run = await connect(network.serverAddress, '7', '--source-port', '7');
      expect(run).toMatchObject({ code: 0, stderr: '' });
    });

    it('--source, another address of ours', async () => {
      network.client.ip('addr add 10.77.1.5/24 dev eth0');
      const run = await connect(network.serverAddress, '7', '--source', '10.77.1.5');
      expect(run).toMatchObject({ code: 0, stderr: '' });
      expect(run.of('start')[0]?.sourceAddress).toBe('10.77.1.5');
    });

    it('--interface', async () => {
      const run = await connect(network.serverAddress, '7', '--interface', network.clientInterface);
      expect(run).toMatchObject({ code: 0, stderr: '' });
    });

    it('the same four-tuple again, right after', async () => {
      for (let round = 0; round < 3; round++) {
        const run = await connect(network.serverAddress, '7', '--source-port', '5556', '--close', 'reset');
        expect(run).toMatchObject({ code: 0, stderr: '' });
      }
    });
  });

  it('several runs at once', async () => {
    const runs = await Promise.all(Array.from({ length: 5 }, () => connect(network.serverAddress, '7')));
    expect(runs.map(({ code }) => code)).toEqual([0, 0, 0, 0, 0]);
    expect(new Set(runs.map((run) => run.of('start')[0]?.sourcePort)).size).toBe(5);
  });

  it('keeps the kernel quiet with CAP_NET_RAW alone', async () => {
    const { run, capture } = await captureRawshake(network.client, ['connect', network.serverAddress, '7', '--json'], {
      before: ['setpriv', '--bounding-set', '-all,+net_raw', '--inh-caps', '-all', '--ambient-caps', '-all'],
    });
    expect(run).toMatchObject({ code: 0, stderr: '' });
    expect(capture.packets(resetsFrom(network.clientAddress))).toEqual([]);
  });

  it('draws plain ASCII of 80 columns where it is piped', async () => {
    const run = await rawshake(network.client, ['connect', network.serverAddress, '7']);
    expect(run).toMatchObject({ code: 0, stderr: '' });
    expect(run.stderr).toBe('');
    expect(run.stdout).toMatch(/^[\x20-\x7e\n]+$/);
    expect(Math.max(...run.stdout.split('\n').map((line) => line.length))).toBeLessThanOrEqual(80);
    for (const word of ['SYN', 'FIN', 'ESTABLISHED', 'TIME-WAIT', 'open']) expect(run.stdout).toContain(word);
  });
});

describeNeeding(['namespaces'], 'verdict on loopback', () => {
  let network: Network;
  beforeAll(async () => {
    network = createRouted();
    await startServers(network.client, { 7: 'echo', 13: 'send-and-close' });
  });
  afterAll(() => network.remove());

  it.each(['127.0.0.1', '127.0.0.2', '10.77.1.1'])('open: %s', async (address) => {
    const { run, capture } = await captureRawshake(network.client, ['connect', address, '7', '--json', '--data', 'hello', '--idle', '0.2']);
    expect(run).toMatchObject({ code: 0, stderr: '' });
    expect(run.result).toMatchObject({ verdict: 'open', data: { sentBytes: 5, receivedBytes: 5 } });
    expect(run.result.states).toEqual(['CLOSED', 'SYN-SENT', 'ESTABLISHED', 'FIN-WAIT-1', 'FIN-WAIT-2', 'TIME-WAIT']);
    expect(capture.packets('tcp[tcpflags] & tcp-rst != 0')).toEqual([]);
  });

  it('passive', async () => {
    const run = await rawshake(network.client, ['connect', '127.0.0.1', '13', '--json', '--close', 'passive']);
    expect(run).toMatchObject({ code: 0, stderr: '' });
    expect(run.result.close).toMatchObject({ initiator: 'peer', completed: true });
  });

  it('closed', async () => {
    const run = await rawshake(network.client, ['connect', '127.0.0.1', '8', '--json']);
    expect(run).toMatchObject({ code: 1, stderr: '' });
  });

  it('filtered', async () => {
    network.client.firewall('input', 'tcp dport 7 drop');
    const run = await rawshake(network.client, ['connect', '127.0.0.1', '7', '--json', '--timeout', '1']);
    expect(run).toMatchObject({ code: 2, stderr: '' });
    expect(run.result.reason).toBe('no-response');
  });
});
