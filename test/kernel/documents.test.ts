/** The documents are made from the commands' own data, or agree with it; what they show can be run. */
import { chmodSync, cpSync, existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from '../../src/cli/parse.ts';
import { loadAll } from '../../src/cli/registry.ts';
import { describeNeeding } from '../support/capabilities.ts';
import { command } from '../support/command.ts';
import { createPair, type Network, temporaryDirectory } from '../support/netns.ts';
import { startNginx } from '../support/servers.ts';

const SCRIPTS = { man: 'man/rawshake.1', options: 'docs/options.md', api: 'docs/api.md' };

const COMMANDS = await loadAll();

describe('the generated documents', () => {
  it.each(Object.entries(SCRIPTS))('scripts/%s.js: %s is up to date', (name) => {
    expect(command([process.execPath, `scripts/${name}.js`, '--check'])).toBe('');
  });

  it.each(Object.entries(SCRIPTS))('scripts/%s.js --check tells where %s is not', (name, file) => {
    const directory = temporaryDirectory();
    for (const part of ['scripts', 'man', 'docs', 'package.json', 'src/index.ts']) cpSync(part, join(directory, part), { recursive: true });
    for (const part of ['dist', 'node_modules']) symlinkSync(resolve(part), join(directory, part));
    const check = (): string => command([process.execPath, join(directory, `scripts/${name}.js`), '--check']);
    expect(check()).toBe('');
    writeFileSync(join(directory, file), `${readFileSync(file, 'utf8')}\n`);
    expect(check).toThrow(`${file} is out of date: npm run documents`);
  });

  it.each([60, 80, 140])('groff prints the man page without a warning in %i columns', (columns) => {
    const printed = command(['sh', '-c', `groff -man -ww -Tutf8 -rLL=${columns}n man/rawshake.1 2>&1 > /dev/null`]);
    expect(printed).toBe('');
  });

  it('the man page has every command and every option', () => {
    const page = command(['sh', '-c', 'groff -man -Tascii -P-cbou -rLL=1000n man/rawshake.1']);
    for (const { name, summary, options } of COMMANDS) {
      expect(page).toContain(`rawshake ${name}`);
      expect(page).toContain(summary);
      for (const option of options) expect(page).toContain(`--${option.name}`);
    }
  });
});

describe('what is written by hand', () => {
  const known = new Set(['--help', '--version']);
  for (const { name, alias = '', negatable } of COMMANDS.flatMap(({ options }) => options)) {
    for (const word of [name, alias, ...(negatable ? [`no-${name}`] : [])]) if (word.length > 1) known.add(`--${word}`);
  }

  /** Of the code in a document, what is said to rawshake. */
  const rawshakeCode = (text: string): string[] =>
    [...text.matchAll(/^```[^\n]*\n(.*?)^```|`([^`\n]+)`/gms)]
      .flatMap(([, block, inline]) => (block ?? inline ?? '').replaceAll(/\\\n/g, ' ').split('\n'))
      .filter((line) => /\brawshake /.test(line))
      .map((line) => line.replace(/^.*?\brawshake /, ''));

  it.each([
    'README.md',
    ...readdirSync('docs')
      .filter((file) => file !== 'api.md')
      .map((file) => `docs/${file}`),
  ])('%s names no option that there is not', (file) => {
    const words = rawshakeCode(readFileSync(file, 'utf8')).flatMap((line) => line.match(/(?<![\w-])--[a-z][\w-]*/g) ?? []);
    expect(words.length).toBeGreaterThan(0);
    expect(words.filter((word) => !known.has(word))).toEqual([]);
  });

  it("the README's table of --close has every kind, and no other", () => {
    const table = /\| `--close` \|.*\n\|-.*\n((?:\|.*\n)+)/.exec(readFileSync('README.md', 'utf8'))?.[1] ?? '';
    const kinds = [...table.matchAll(/^\| `(\w+)` \|/gm)].map(([, kind]) => kind);
    const { choices } = COMMANDS.flatMap(({ options }) => options).find(({ name }) => name === 'close') ?? {};
    expect(kinds).toEqual(choices);
  });
});

/** Every example of every command's help. */
const EXAMPLES = COMMANDS.flatMap(({ name, examples }) => examples.map(([line]) => [name, line] as const));

it('every command has two examples at least', () => {
  for (const { name, examples } of COMMANDS) expect([name, examples.length >= 2]).toEqual([name, true]);
});

describeNeeding(['namespaces'], 'the examples', () => {
  const directory = temporaryDirectory();
  let network: Network;

  beforeAll(async () => {
    network = createPair();
    await startNginx(network.server);
    mkdirSync(join(directory, 'home/.config/fish/completions'), { recursive: true });
    mkdirSync(join(directory, 'stub'));
    mkdirSync(join(directory, 'real'));
    const stub = join(directory, 'stub/rawshake');
    // Both ends of a pipe write at once: one after the other, or their words would mix.
    writeFileSync(stub, `#!/bin/bash\n{ flock 1; printf '%s\\0' "$@"; echo; } >> "$RECORD"\n`);
    chmodSync(stub, 0o755);
    symlinkSync(resolve('bin/rawshake.js'), join(directory, 'real/rawshake'));
    writeFileSync(join(directory, 'hosts'), '127.0.0.1 localhost\n10.77.1.2 example.com\n');
    type('rawshake ping example.com 80 -c 3 -i 0.1 --pcap capture.pcapng && cp capture.pcapng capture.pcap', 'real', '/dev/null');
  });
  afterAll(() => network.remove());

  /** Runs a line as it is typed. @returns its exit code and what it wrote to stderr */
  function type(line: string, which: 'stub' | 'real', record: string): { code: number; stderr: string } {
    const environment = [`PATH=${join(directory, which)}:${process.env.PATH}`, `HOME=${join(directory, 'home')}`, `RECORD=${record}`];
    const script = `mount --bind ${join(directory, 'hosts')} /etc/hosts && cd ${directory} && exec env ${environment.join(' ')} bash -o pipefail -c "$1"`;
    const ended = network.client.exec([
      'sh',
      '-c',
      `(${script}) 2> ${join(directory, 'stderr')} > ${join(directory, 'stdout')}; echo $?`,
      'sh',
      line,
    ]);
    return { code: Number(ended), stderr: readFileSync(join(directory, 'stderr'), 'utf8') };
  }

  it.each(EXAMPLES)('%s: %s can be read', async (_name, line) => {
    const record = join(directory, `record-${EXAMPLES.findIndex(([, each]) => each === line)}`);
    type(line, 'stub', record);
    expect(existsSync(record)).toBe(true);
    for (const words of readFileSync(record, 'utf8').split('\0\n').filter(Boolean)) {
      expect(await parse(words.split('\0'))).toMatchObject({ type: 'run' });
    }
  });

  it.each(EXAMPLES)('%s: %s can be run', (_name, line) => {
    const { code, stderr } = type(line, 'real', '/dev/null');
    expect(stderr).toBe('');
    // What the network answers is the example's business; what this machine or the caller did wrong is not.
    expect([0, 1, 2, 3]).toContain(code);
  });
});
