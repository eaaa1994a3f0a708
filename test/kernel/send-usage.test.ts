/** What `send` refuses: an exit code and one line each, for people and for programs, and nothing on the wire. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeNeeding } from '../support/capabilities.ts';
import { type Capture, startCapture } from '../support/capture.ts';
import { runCli } from '../support/cli.ts';
import { moveInto } from '../support/inside.ts';
import { createPair, type Network } from '../support/netns.ts';
import { sendMistakes } from '../support/send-mistakes.ts';

describeNeeding(['namespaces'], 'send refuses', () => {
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

  it.each(sendMistakes())('%s', async (_name, words, exitCode, line) => {
    const argv = ['send', network.serverAddress, ...words];
    const plain = await runCli([...argv, '--keep-root']);
    expect({ code: plain.code, stdout: plain.stdout }).toEqual({ code: exitCode, stdout: '' });
    expect(plain.stderr).toMatch(/^rawshake: [^\n]+; [^\n]+\n$/);
    expect(plain.stderr).toMatch(line);

    const json = await runCli([...argv, '--keep-root', '--json']);
    expect(json.code).toBe(exitCode);
    expect(json.lines).toEqual([
      { type: 'result', exitCode, error: { code: expect.any(String), message: expect.any(String), hint: expect.any(String) } },
    ]);
  });

  it('and nothing was sent', async () => {
    await capture.stop();
    expect(capture.packets(`ip host ${network.serverAddress}`)).toEqual([]);
  });
});
