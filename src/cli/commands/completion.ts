import { oneOf } from '../../options/values.ts';
import type { Command, CommandBody } from '../command.ts';
import { completionScript, SHELLS } from '../completion/script.ts';

/** @param loadAll gives every command, this one too */
export const completionCommand = (loadAll: () => Promise<readonly Command[]>): CommandBody => ({
  positionals: [{ name: 'SHELL', describe: SHELLS.join(', '), choices: SHELLS, required: true }],
  options: [],
  examples: [
    ['source <(rawshake completion bash)', 'in this shell; in zsh: zsh in the place of bash'],
    ['rawshake completion fish > ~/.config/fish/completions/rawshake.fish', 'from now on'],
  ],
  async run(args, io) {
    const shell = oneOf('SHELL', args.positionals[0] ?? '', SHELLS);
    io.stdout.write(completionScript(shell, await loadAll()));
    return 0;
  },
});
