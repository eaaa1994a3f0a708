/** What `scan` refuses: an exit code and one line each, for people and for programs, and nothing on the wire. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeNeeding } from '../support/capabilities.ts';
import { type Capture, startCapture } from '../support/capture.ts';
import { runCli } from '../support/cli.ts';
import { moveInto } from '../support/inside.ts';
import { createPair, type Network } from '../support/netns.ts';
import { scanMistakes } from '../support/scan-mistakes.ts';

describeNeeding(['namespaces'], 'scan refuses', () => {
  let network: Network;
  let capture: Capture;
  let moveBack: () => void;

  beforeAll(async () => {
    network = createPair();
    capture = await startCapture(network.client);
    moveBack = moveInto(network.client);
  });
  afterAll(() => {
    moveBack();
    network.remove();
  });

  it.each(scanMistakes('10.77.1.2'))('$name', async ({ words, stdin, exitCode, line }) => {
    const plain = await runCli(['scan', ...words, '--keep-root'], stdin);
    expect({ code: plain.code, stdout: plain.stdout }).toEqual({ code: exitCode, stdout: '' });
    expect(plain.stderr).toMatch(/^rawshake: [^\n]+; [^\n]+\n$/);
    expect(plain.stderr).toMatch(line);

    const json = await runCli(['scan', ...words, '--keep-root', '--json'], stdin);
    expect(json.code).toBe(exitCode);
    expect(json.lines).toEqual([
      { type: 'result', exitCode, error: { code: expect.any(String), message: expect.any(String), hint: expect.any(String) } },
    ]);
  });

  it('two outputs on stdout', async () => {
    const run = await runCli(['scan', network.serverAddress, '--json', '--csv', '-', '--keep-root']);
    expect(run).toMatchObject({ code: 64, stderr: expect.stringMatching(/^rawshake: --json and --csv - at once; [^\n]+\n$/) });
  });

  it('and nothing was sent', async () => {
    await capture.stop();
    expect(capture.packets(`tcp and ip host ${network.serverAddress}`)).toEqual([]);
  });
});
