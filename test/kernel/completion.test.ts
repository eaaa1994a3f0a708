/** The completion scripts in the shells that they are for. */
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { dashed, namesOf, takesWord } from '../../src/cli/completion/words.ts';
import { loadAll } from '../../src/cli/registry.ts';
import { command } from '../support/command.ts';
import { temporaryDirectory } from '../support/netns.ts';

const SHELLS = ['bash', 'zsh', 'fish'] as const;
type Shell = (typeof SHELLS)[number];

const CLOSE_KINDS = ['active', 'half', 'none', 'passive', 'reset', 'simultaneous'];
const COMMANDS = await loadAll();
const NAMES = COMMANDS.map(({ name }) => name);

describe('completion', () => {
  const directory = temporaryDirectory();
  const script = (shell: Shell): string => join(directory, shell);

  beforeAll(() => {
    for (const shell of SHELLS) writeFileSync(script(shell), command([process.execPath, 'bin/rawshake.js', 'completion', shell]));
  });

  it.each(SHELLS)('%s takes the script without a word', (shell) => {
    const load = shell === 'zsh' ? 'autoload -U compinit; compinit -D -u; ' : '';
    const flag = { bash: '--norc', zsh: '-f', fish: '--no-config' }[shell];
    expect(command(['sh', '-c', `exec ${shell} ${flag} -c '${load}source ${script(shell)}' 2>&1`])).toBe('');
  });

  it.each(SHELLS)('%s: what is printed is the same each time, and ends with a line feed', (shell) => {
    const again = command([process.execPath, 'bin/rawshake.js', 'completion', shell]);
    expect(again).toBe(command(['cat', script(shell)]));
    expect(again).toMatch(/[^\n]\n$/);
  });

  /** Types a line into a shell on a terminal, presses Tab, and reads what stands there then. */
  async function type(shell: 'bash' | 'zsh', line: string): Promise<string> {
    const start = { bash: 'bash --norc --noprofile -i', zsh: 'zsh -f -i' }[shell];
    const load = shell === 'zsh' ? 'autoload -U compinit; compinit -D -u; ' : '';
    // zsh takes its keys after the editor, and npm names vi as one.
    const env = { ...process.env, TERM: 'dumb', HISTFILE: '', EDITOR: 'emacs', VISUAL: 'emacs' };
    const child = spawn('script', ['-qec', start, '/dev/null'], { cwd: directory, env });
    let seen = '';
    const until = (pattern: RegExp): Promise<string> =>
      new Promise((settle, reject) => {
        const timer = setTimeout(() => reject(new Error(`no ${pattern} in ${JSON.stringify(seen)}`)), 10_000);
        const look = (): void => {
          const found = pattern.exec(seen);
          if (found === null) return;
          clearTimeout(timer);
          child.stdout.off('data', look);
          settle(found[1] ?? '');
        };
        child.stdout.on('data', look);
        look();
      });
    child.stdout.setEncoding('utf8').on('data', (text) => {
      seen += text;
    });
    try {
      child.stdin.write(`${load}source ${script(shell)}; echo load""ed\n`);
      await until(/loaded\r?\n/);
      // Then the line becomes the argument of echo: Ctrl-A goes to its start, Ctrl-E to its end.
      child.stdin.write(`${line}\t\x01echo "<<\x05>>"\n`);
      return (await until(/\n<<(.*)>>\r?\n/)).trimEnd();
    } finally {
      child.kill('SIGKILL');
    }
  }

  describe.each(['bash', 'zsh'] as const)('%s on a terminal', (shell) => {
    it.each([
      ['rawshake conn', 'rawshake connect'],
      ['rawshake connect --close pas', 'rawshake connect --close passive'],
      ['rawshake connect --close=pas', 'rawshake connect --close=passive'],
      ['rawshake connect 192.0.2.1 80 --tcp-opt', 'rawshake connect 192.0.2.1 80 --tcp-options'],
      ['rawshake connect --tcp-options win', 'rawshake connect --tcp-options windows'],
      ['rawshake demo simul', 'rawshake demo simultaneous'],
      ['rawshake completion fi', 'rawshake completion fish'],
      ['rawshake connect --data-file fis', 'rawshake connect --data-file fish'],
      ['rawshake connect 192.0.2.1 nntp', 'rawshake connect 192.0.2.1 nntp'],
    ])('%s', async (line, completed) => {
      // zsh leaves the = of an option whose value may follow it.
      expect((await type(shell, line)).replace(/=$/, '')).toBe(completed);
    });
  });

  describe('bash', () => {
    /** What it offers for each line: the last word is the one under the cursor. */
    function offers(lines: readonly (readonly string[])[]): string[][] {
      const asked = lines.map((words) => {
        const split = words.flatMap((word) => word.split(/(=)/)).filter((word, i, all) => word !== '' || i === all.length - 1);
        const quoted = split.map((word) => `'${word}'`).join(' ');
        return `COMP_WORDS=(rawshake ${quoted}); COMP_CWORD=${split.length}; _rawshake; printf '%s\\n' "\${COMPREPLY[@]}" --end--`;
      });
      const text = command(['bash', '--norc'], `source ${script('bash')}\n${asked.join('\n')}\n`);
      return text
        .split('--end--\n')
        .slice(0, -1)
        .map((part) => part.split('\n').filter(Boolean).sort());
    }

    it('offers the commands', () => expect(offers([['']])[0]).toEqual([...NAMES, '--help', '--version'].sort()));

    it('offers every option of every command, and no others', () => {
      const found = offers(COMMANDS.map(({ name }) => [name, '--']));
      COMMANDS.forEach(({ options }, i) => {
        const long = options.flatMap((option) =>
          namesOf(option)
            .filter((word) => word.length > 1)
            .map(dashed),
        );
        const negated = options.filter(({ negatable }) => negatable).map(({ name }) => `--no-${name}`);
        expect(found[i]).toEqual([...long, ...negated, '--help'].sort());
      });
    });

    it('offers every value of every option that has some', () => {
      const asked = COMMANDS.flatMap(({ name, options }) =>
        options
          .filter(({ choices }) => choices !== undefined)
          .flatMap(({ name: option, choices }) => [
            { words: [name, `--${option}`, ''], choices },
            { words: [name, `--${option}=`], choices },
          ]),
      );
      expect(asked.length).toBeGreaterThan(3);
      expect(offers(asked.map(({ words }) => words))).toEqual(asked.map(({ choices }) => [...(choices ?? [])].sort()));
    });

    it('offers nothing for a value that only the user knows', () => {
      const asked = COMMANDS.flatMap(({ name, options }) =>
        options
          .filter((option) => takesWord(option) && ['N', 'SECONDS', 'HEX', 'TEXT'].includes(option.argument ?? '') && !option.choices)
          .map((option) => [name, `--${option.name}`, '']),
      );
      expect(asked.length).toBeGreaterThan(5);
      for (const found of offers(asked)) expect(found).toEqual([]);
    });

    it('does not take the value of an option for a word of its own', () =>
      expect(
        offers([
          ['--json', 'connect', '--ttl', '5', '192.0.2.1', 'nnt'],
          ['connect', '--ttl=5', '192.0.2.1', 'nnt'],
          ['connect', '--explain', '192.0.2.1', 'nnt'],
        ]),
      ).toEqual([expect.arrayContaining(['nntp']), expect.arrayContaining(['nntp']), expect.arrayContaining(['nntp'])]));
  });

  describe('fish', () => {
    const offers = (line: string): string[] =>
      command(['fish', '--no-config', '-c', `source ${script('fish')}; complete -C '${line}'`])
        .split('\n')
        .filter(Boolean)
        .map((each) => each.split('\t')[0] as string);

    it.each<[string, string[]]>([
      ['rawshake ', NAMES],
      ['rawshake connect --close ', CLOSE_KINDS],
      ['rawshake connect --close=', CLOSE_KINDS.map((kind) => `--close=${kind}`)],
      ['rawshake completion ', [...SHELLS]],
      ['rawshake connect --data-h', ['--data-hex']],
      ['rawshake connect 192.0.2.1 nntps', ['nntps']],
    ])('%s', (line, expected) => expect(offers(line).sort()).toEqual([...expected].sort()));

    it('offers every option of every command', () => {
      for (const { name, options } of COMMANDS) {
        const long = options.flatMap((option) =>
          namesOf(option)
            .filter((word) => word.length > 1)
            .map(dashed),
        );
        expect(offers(`rawshake ${name} --`)).toEqual(expect.arrayContaining(long));
      }
    });
  });

  it('another shell is refused', () => {
    expect(() => command([process.execPath, 'bin/rawshake.js', 'completion', 'tcsh'])).toThrow(/SHELL: "tcsh"/);
    expect(() => command([process.execPath, 'bin/rawshake.js', 'completion'])).toThrow(/SHELL is missing/);
  });
});
