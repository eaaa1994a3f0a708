import type { Command } from '../command.ts';
import { completionScript, SHELLS } from '../completion/script.ts';
import { oneOf } from '../values.ts';

/** @param others the commands beside this one */
export function completionCommand(others: readonly Command[]): Command {
  const self: Command = {
    name: 'completion',
    summary: 'Prints the completion script for a shell: commands, options and their values.',
    positionals: [{ name: 'SHELL', describe: SHELLS.join(', '), choices: SHELLS, required: true }],
    options: [],
    examples: [
      ['source <(rawshake completion bash)', 'in this shell; zsh takes it too'],
      ['rawshake completion fish > ~/.config/fish/completions/rawshake.fish', 'from now on'],
    ],
    async run(args, io) {
      const shell = oneOf('SHELL', args.positionals[0] ?? '', SHELLS);
      io.stdout.write(completionScript(shell, [...others, self]));
      return 0;
    },
  };
  return self;
}
