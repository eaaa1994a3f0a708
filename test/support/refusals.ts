/** What a command refuses: an exit code and one line each, for people and for programs, and nothing on the wire. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeNeeding } from './capabilities.ts';
import { type Capture, startCapture } from './capture.ts';
import { runCli } from './cli.ts';
import { moveInto } from './inside.ts';
import { createPair, type Network } from './netns.ts';

export interface Mistake {
  name: string;
  /** Behind the command. */
  words: readonly string[];
  stdin?: string;
  exitCode: number;
  /** What the one line must say. */
  line: RegExp;
}

/** One that could be reached. */
export const HOST = '10.77.1.2';

/** @param clash words that want stdout for two things, one of them `--json`, and how they are named */
export function describeRefusals(command: string, mistakes: readonly Mistake[], clash?: { words: readonly string[]; named: string }): void {
  describeNeeding(['namespaces'], `${command} refuses`, () => {
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

    it.each(mistakes)('$name', async ({ words, stdin, exitCode, line }) => {
      const argv = [command, ...words, '--keep-root'];
      const plain = await runCli(argv, stdin);
      expect({ code: plain.code, stdout: plain.stdout }).toEqual({ code: exitCode, stdout: '' });
      expect(plain.stderr).toMatch(/^rawshake: [^\n]+; [^\n]+\n$/);
      expect(plain.stderr).toMatch(line);

      const json = await runCli([...argv, '--json'], stdin);
      expect(json.code).toBe(exitCode);
      expect(json.lines).toEqual([
        { type: 'result', exitCode, error: { code: expect.any(String), message: expect.any(String), hint: expect.any(String) } },
      ]);
    });

    if (clash !== undefined)
      it('two outputs on stdout', async () => {
        const run = await runCli([command, ...clash.words, '--keep-root']);
        expect(run.code).toBe(64);
        expect(run.stderr).toMatch(/^rawshake: [^\n]+; [^\n]+\n$/);
        expect(run.stderr).toContain(`${clash.named} at once; `);
      });

    it('and nothing was sent', async () => {
      await capture.stop();
      expect(capture.packets(`ip host ${HOST}`)).toEqual([]);
    });
  });
}
