/** What `trace` refuses: an exit code and one line each, for people and for programs, and nothing on the wire. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeNeeding } from '../support/capabilities.ts';
import { type Capture, startCapture } from '../support/capture.ts';
import { runCli } from '../support/cli.ts';
import { moveInto } from '../support/inside.ts';
import { createPair, type Network } from '../support/netns.ts';
import { TRACE_MISTAKES } from '../support/trace-mistakes.ts';

describeNeeding(['namespaces'], 'trace refuses', () => {
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

  it.each(TRACE_MISTAKES)('%s', async (_name, words, line) => {
    const argv = ['trace', network.serverAddress, ...words];
    const plain = await runCli([...argv, '--keep-root']);
    expect({ code: plain.code, stdout: plain.stdout }).toEqual({ code: 64, stdout: '' });
    expect(plain.stderr).toMatch(/^rawshake: [^\n]+; [^\n]+\n$/);
    expect(plain.stderr).toMatch(line);

    const json = await runCli([...argv, '--keep-root', '--json']);
    expect(json.code).toBe(64);
    expect(json.lines).toEqual([
      { type: 'result', exitCode: 64, error: { code: expect.any(String), message: expect.any(String), hint: expect.any(String) } },
    ]);
  });

  it('two outputs on stdout', async () => {
    const run = await runCli(['trace', network.serverAddress, '80', '--dot', '--json', '--keep-root']);
    expect(run).toMatchObject({ code: 64, stderr: expect.stringMatching(/^rawshake: --dot and --json at once; [^\n]+\n$/) });
  });

  it('and nothing was sent', async () => {
    await capture.stop();
    expect(capture.packets(`ip host ${network.serverAddress}`)).toEqual([]);
  });
});
