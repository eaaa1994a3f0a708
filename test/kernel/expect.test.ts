/** `--expect` of each command, as scripts use it: the built command against a real kernel. */
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ExpectationReport } from '../../src/probe/events.ts';
import type { CommandName } from '../../src/probe/schema/lines.ts';
import { misfit } from '../schema/validate.ts';
import { describeNeeding } from '../support/capabilities.ts';
import { createPair, type Network, temporaryDirectory } from '../support/netns.ts';
import { rawshake } from '../support/rawshake.ts';
import { startServers } from '../support/servers.ts';

const OPEN = '7';
const CLOSED = '8';

describeNeeding(['namespaces'], '--expect', () => {
  let network: Network;
  let host: string;

  beforeAll(async () => {
    network = createPair();
    host = network.serverAddress;
    await startServers(network.server, { [OPEN]: 'echo' });
  });
  afterAll(() => network.remove());

  const run = (words: readonly string[], expectations: readonly string[]) =>
    rawshake(network.client, [
      ...words.map((word) => (word === 'HOST' ? host : word)),
      ...expectations.flatMap((each) => ['--expect', each]),
    ]);

  const COMMANDS: readonly (readonly [
    command: CommandName,
    words: readonly string[],
    holds: readonly string[],
    fails: string,
    found: string,
  ])[] = [
    [
      'connect',
      ['connect', 'HOST', OPEN, '--data', 'hello', '--close', 'active', '--time-wait', '0'],
      [
        'verdict == open',
        'data.text == hello',
        'synack.options.mss == 1460',
        'close.completed',
        'rttUs < 1s',
        'rst == none',
        'start.port == 7',
      ],
      'synack.options.mss >= 9000',
      '1460',
    ],
    [
      'send',
      ['send', 'HOST', CLOSED, '--flags', 'FIN,PSH,URG', '-W', '0.3'],
      ['verdict == closed', 'count(received where flags has RST) == 1', 'rst.window == 0', 'sent.flags has URG'],
      'count(received where flags has RST) == 0',
      '1',
    ],
    [
      'ping',
      ['ping', 'HOST', OPEN, '-c', '3', '-i', '0.02'],
      ['lossPercent == 0%', 'count(replies) == 3', 'all(received where ttl == 64)', 'count(sent where flags has SYN) == 3'],
      'rttUs.max < 1us',
      '',
    ],
    [
      'scan',
      ['scan', 'HOST', '-p', `${OPEN},${CLOSED}`],
      ['count(ports where verdict == open) == 1', 'counts.closed == 1', 'ports == 2'],
      'all(ports where verdict == open)',
      'false: not for 1 of 2',
    ],
    [
      'trace',
      ['trace', 'HOST', OPEN, '-n', '--probes', '1'],
      ['reached', 'hops == 1', 'count(hops where changes has mss) == 0', 'synack.flags has ACK'],
      'last(hops).ttl == 7',
      '1',
    ],
  ];

  describe.each(COMMANDS)('%s', (command, words, holds, fails, found) => {
    it('ends with 0 where it holds', async () => {
      const { code, stdout, stderr } = await run([...words, '--json'], holds);
      const result = JSON.parse(stdout.trim().split('\n').at(-1) as string);
      expect({ stderr, expectations: result.expectations }).toEqual({
        stderr: '',
        expectations: holds.map((expression) => ({ expression, ok: true, failures: [] })),
      });
      expect({ code, exitCode: result.exitCode, misfit: misfit(result, command) }).toEqual({ code: 0, exitCode: 0, misfit: '' });
    });

    it('ends with 3 where it does not, and says what was found', async () => {
      const { code, stdout } = await run([...words, '--json'], [holds[0] as string, fails]);
      const result = JSON.parse(stdout.trim().split('\n').at(-1) as string);
      const reports: ExpectationReport[] = result.expectations;
      expect({ code, exitCode: result.exitCode, misfit: misfit(result, command) }).toEqual({ code: 3, exitCode: 3, misfit: '' });
      expect(reports.map(({ ok }) => ok)).toEqual([true, false]);
      expect(reports[1]?.failures).toHaveLength(1);
      expect(reports[1]?.failures[0]?.actual).toContain(found);
    });

    it('sends nothing for what makes no sense', async () => {
      const { code, stdout, stderr } = await run(words, ['verdictt == open']);
      expect({ code, stdout }).toEqual({ code: 64, stdout: '' });
      expect(stderr).toMatch(/^rawshake: --expect: there is no verdictt in what \w+ tells; .*\n {2}verdictt == open\n {2}\^{8}\n$/);
    });
  });

  it('tells people below the result', async () => {
    const { code, stdout } = await run(['connect', 'HOST', CLOSED], ['verdict == closed', 'rst.window == 3']);
    expect(code).toBe(3);
    expect(stdout).toMatch(
      / {2}expected +1 of 2 are not so\n {2}failed +rst\.window == 3\n +rst\.window is 0\n +the RST\+ACK received at [\d.]+ ms: seq 0, ack 1, win\s+0,\s+length 0\n$/,
    );
  });

  it('tells scripts in a line', async () => {
    const { code, stdout } = await run(['connect', 'HOST', CLOSED, '-q'], ['verdict == closed', 'rst.window == 3']);
    expect(code).toBe(3);
    expect(stdout).toMatch(/^closed {2}.*\nfailed {2}rst\.window == 3 {2}rst\.window is 0\n$/);
  });

  it('makes a closed port a success where that is expected', async () => {
    expect(await run(['connect', 'HOST', CLOSED, '-q'], ['verdict == closed'])).toMatchObject({ code: 0, stderr: '' });
  });

  it('stands beside the limits of a command', async () => {
    const words = ['ping', 'HOST', OPEN, '-c', '2', '-i', '0.02', '-q'];
    expect(await run([...words, '--rtt-limit', '1000'], ['verdict == open'])).toMatchObject({ code: 0 });
    expect(await run([...words, '--rtt-limit', '0'], ['verdict == open'])).toMatchObject({ code: 3 });
    expect(await run(['scan', 'HOST', '-p', CLOSED, '--require', 'open', '-q'], ['counts.closed == 1'])).toMatchObject({ code: 1 });
  });

  it('hears of every port of a scan, and shows those alone that are to be shown', async () => {
    const { code, stdout } = await run(['scan', 'HOST', '-p', '1-20', '--json'], ['count(ports where verdict == closed) == 19']);
    expect(code).toBe(0);
    const lines = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(lines.filter(({ type }) => type === 'port').map(({ port }) => port)).toEqual([Number(OPEN)]);
  });

  it('refuses to ask for the ports of a scan that went before, of which the numbers alone are known', async () => {
    const words = ['scan', 'HOST', '-p', '1-1000', '--resume', join(temporaryDirectory(), 'state')];
    await run([...words, '--rate', '100', '--max-time', '0.5', '-q'], []);
    expect(await run(words, ['count(ports where verdict == open) == 1'])).toMatchObject({
      code: 64,
      stdout: '',
      stderr: expect.stringMatching(/^rawshake: --expect of ports and --resume of a scan that has begun; .*counts\.open\n$/),
    });
    expect(await run([...words, '-q'], ['counts.open == 1 and counts.closed == 999'])).toMatchObject({ code: 0 });
  });

  it('is for what is sent', async () => {
    const { code, stderr } = await run(['send', 'HOST', OPEN, '--dry-run'], ['verdict == open']);
    expect(code).toBe(64);
    expect(stderr).toMatch(/^rawshake: --expect and --dry-run at once; /);
  });

  it('leaves stdout to the picture of a path', async () => {
    const { code, stdout, stderr } = await run(['trace', 'HOST', OPEN, '-n', '--dot'], ['hops == 7']);
    expect(code).toBe(3);
    expect(stdout).toMatch(/^digraph[\s\S]*\}\n$/);
    expect(stderr).toContain('hops is 1');
  });
});
