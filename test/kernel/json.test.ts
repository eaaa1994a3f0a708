/** What every command really prints with --json fits the published schema, and has the shape that is promised. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CommandName } from '../../src/probe/schema/lines.ts';
import { misfit } from '../schema/validate.ts';
import { describeNeeding } from '../support/capabilities.ts';
import { createRouted, type Network } from '../support/netns.ts';
import { type Run, type RunOptions, rawshake, startRawshake } from '../support/rawshake.ts';
import { startNginx, startServers } from '../support/servers.ts';

const HOST = '10.77.2.2';

describeNeeding(['namespaces'], '--json', () => {
  let network: Network;

  beforeAll(async () => {
    network = createRouted();
    await startNginx(network.server);
    await startServers(network.server, { 7: 'echo', 13: 'send-and-close', 101: 'reset', 102: 'never-reads' });
    network.router?.firewall(
      'forward',
      `ip daddr ${HOST} tcp dport 200 drop\nip daddr ${HOST} tcp dport 201 reject with icmp type admin-prohibited`,
    );
  });
  afterAll(() => network.remove());

  /** Every line fits, and the last one alone is the result, with the exit code. */
  function expectFit(run: Run, command: CommandName): void {
    const lines = run.stdout
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as { type: string; exitCode?: number });
    expect(lines.map((line) => misfit(line, command)).filter(Boolean)).toEqual([]);
    expect(lines.filter(({ type }) => type === 'result')).toEqual([lines.at(-1)]);
    expect(lines.at(-1)?.exitCode).toBe(run.code);
  }

  const fits = async (command: CommandName, args: string[], code: number, options?: RunOptions): Promise<void> => {
    const run = await rawshake(network.client, [...args, '--json'], options);
    expect({ code: run.code, stderr: code < 64 ? run.stderr : '' }).toEqual({ code, stderr: '' });
    expectFit(run, command);
  };

  const connect = (port: number, ...more: string[]): string[] => [
    'connect',
    HOST,
    String(port),
    '--idle',
    '0.05',
    '--time-wait',
    '0.1',
    '--timeout',
    '1.5',
    ...more,
  ];

  describe('connect', () => {
    it.each<[string, string[], number]>([
      ['active', connect(7, '--data', 'hello'), 0],
      ['passive', connect(80, '--data', String.raw`GET / HTTP/1.0\r\n\r\n`, '--close', 'passive'), 0],
      ['passive, and the peer closes of itself', connect(13, '--close', 'passive'), 0],
      ['half', connect(7, '--data', 'hello', '--close', 'half'), 0],
      ['simultaneous', connect(80, '--data', String.raw`GET / HTTP/1.0\r\n\r\n`, '--close', 'simultaneous'), 0],
      ['reset', connect(7, '--close', 'reset'), 0],
      ['none', connect(7, '--close', 'none', '--hold', '0.1'), 0],
      ['a download', connect(80, '--data', String.raw`GET /large HTTP/1.0\r\n\r\n`, '--close', 'passive'), 0],
      ['every TCP option', connect(7, '--tcp-options', 'windows', '--timestamps=1,2'), 0],
      ['no TCP option', connect(7, '--tcp-options', 'none'), 0],
      ['a peer that resets', connect(101, '--data', 'x', '--close', 'passive'), 3],
      ['a window that stays closed', connect(102, '--data-length', '9000000', '--deadline', '2'), 3],
      ['a closed port', connect(9), 1],
      ['a silent port', connect(200), 2],
      ['a port that is prohibited', connect(201), 2],
    ])('%s', (_name, args, code) => fits('connect', args, code));

    it.each<[string, string[], number]>([
      ['wrong usage', ['connect', HOST], 64],
      ['no such name', ['connect', 'no-such-host.invalid', '7'], 68],
      ['no route', ['connect', '127.0.0.1', '7', '--interface', 'eth0', '--source', '127.0.0.1', '--timeout', '0.2'], 64],
    ])('an error: %s', async (_name, args) => {
      const run = await rawshake(network.client, [...args, '--json']);
      expect(run.code).toBeGreaterThan(0);
      expectFit(run, 'connect');
    });

    it('an error on the way', async () => {
      network.client.firewall('output', 'tcp flags & fin == fin drop');
      await fits('connect', connect(7), 69);
      network.client.openFirewall();
    });

    it('a signal', async () => {
      const running = startRawshake(network.client, [...connect(7, '--close', 'passive', '--json')]);
      await running.first('established', (line) => line.type === 'state' && line.to === 'ESTABLISHED');
      running.child.kill('SIGTERM');
      const run = await running.finished;
      expect(run.code).toBe(143);
      expectFit(run, 'connect');
    });
  });

  describe('send', () => {
    const send = (port: number, ...more: string[]): string[] => ['send', HOST, String(port), '--timeout', '0.3', ...more];

    it.each<[string, string[], number]>([
      ['a SYN', send(7), 0],
      ['to a closed port', send(9), 1],
      ['to a silent port', send(200), 2],
      ['to a port that is prohibited', send(201), 2],
      ['a sweep', send(9, '--sweep', 'flags=0..31', '--interval', '0.002'), 0],
      ['several', send(9, '--count', '3', '--interval', '0.01'), 1],
      ['until something comes', send(9, '--repeat-until', 'rst'), 0],
      ['until what never comes', send(9, '--repeat-until', 'syn-ack', '--count', '2', '--interval', '0.01'), 3],
      ['in fragments', send(9, '--data-length', '64', '--fragment', '24'), 1],
    ])('%s', (_name, args, code) => fits('send', args, code));

    it.each<[string, string[]]>([
      ['a SYN', send(7)],
      ['fragments', send(7, '--data-length', '64', '--fragment', '24')],
      ['odd options', send(7, '--tcp-option', '2:05b4', '--tcp-option', '253/9:00', '--ip-options', 'record-route')],
      ['a sweep', send(7, '--sweep', 'flags=0..5')],
    ])('--dry-run: %s', (_name, args) => fits('dry-run', [...args, '--dry-run'], 0));
  });

  describe('decode', () => {
    const tcp = '4500002800010000400666cd7f0000017f0000019c40005000000001000000005002faf0e6920000';
    const icmp =
      '45c000440000000040017cb37f0000017f000001030328f8000000004500002800010000400666cd7f0000017f0000019c40005000000001000000005002faf0e6920000';
    const udp = '450000200001000040117cca7f0000017f0000010035003500' + '0c0000deadbeef';

    it.each<[string, string, number]>([
      ['a segment', tcp, 0],
      ['a segment without its datagram', tcp.slice(40), 0],
      ['an ICMP error', icmp, 0],
      ['another protocol', udp, 0],
      ['a cut-off datagram', tcp.slice(0, 60), 65],
      ['no IPv4 header', 'ff', 65],
    ])('%s', async (_name, hex, code) => {
      const run = await rawshake(network.client, ['decode', hex, '--json', ...(hex.startsWith('45') ? ['--ip'] : [])]);
      expect(run.code).toBe(code);
      expectFit(run, 'decode');
    });
  });

  describe('doctor', () => {
    it.each<[string, string[], number]>([
      ['works', [], 0],
      ['fails', ['setpriv', '--bounding-set', '-all', '--inh-caps', '-all'], 77],
    ])('%s', async (_name, before, code) => fits('doctor', ['doctor'], code, { before }));
  });
});
