/**
 * The tarball as a user installs it: with each Node.js of RAWSHAKE_NODES (directories that hold bin/node and include/,
 * parted by colons; without it the one that runs this), by the npm that runs this. npm fetches koffi; all else is local.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const nodes = (process.env.RAWSHAKE_NODES ?? dirname(dirname(process.execPath))).split(delimiter);
const npm = process.env.npm_execpath ?? execFileSync('sh', ['-c', 'readlink -f "$(command -v npm)"'], { encoding: 'utf8' }).trim();
const npmVersion = execFileSync(process.execPath, [npm, '--version'], { encoding: 'utf8', stdio: 'pipe' }).trim();

const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };

/** Later ones run no script of what a package carries with it. */
const RUNS_CARRIED_SCRIPTS = Number.parseInt(npmVersion, 10) < 12;

const TIMEOUT_MS = 60_000;

const scratch = mkdtempSync(join(tmpdir(), 'rawshake-test-'));
afterAll(() => rmSync(scratch, { recursive: true }));

/** A directory of its own. */
const makeDirectory = (): string => mkdtempSync(join(scratch, 'place-'));

interface Run {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** A project that the tarball is installed into, with a Node.js first in its PATH. */
class Project {
  readonly directory = makeDirectory();
  readonly env: NodeJS.ProcessEnv;

  /** @param path where it finds programs */
  constructor(node: string, path: string) {
    writeFileSync(join(this.directory, 'package.json'), '{ "private": true, "type": "module" }');
    // Headers to compile with are taken from there.
    this.env = { ...process.env, PATH: path, npm_config_nodedir: node };
  }

  run(program: string, ...args: string[]): Run {
    const { status, stdout, stderr } = spawnSync(program, args, {
      cwd: this.directory,
      env: this.env,
      encoding: 'utf8',
      timeout: TIMEOUT_MS,
    });
    return { code: status, stdout, stderr };
  }

  npm(...args: string[]): Run {
    return this.run('node', npm, ...args);
  }

  install(...options: string[]): void {
    const { code, stderr } = this.npm('install', tarball, '--no-audit', '--no-fund', ...options);
    expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' });
  }

  rawshake(...args: string[]): Run {
    return this.run(join(this.directory, 'node_modules/.bin/rawshake'), ...args);
  }

  /** In a network of its own, which is loopback and nothing else, as root there. */
  inside(...argv: string[]): Run {
    const flags = process.geteuid?.() === 0 ? '-n' : '-Urn';
    return this.run('unshare', flags, 'sh', '-c', 'ip link set lo up && exec "$@"', 'sh', ...argv);
  }

  get isCompiled(): boolean {
    return existsSync(join(this.directory, 'node_modules/rawshake/node_modules/raw-socket/build/Release/raw.node'));
  }

  /** Types what it says is to be typed. @returns what it lacks, in its own words */
  mend(): string {
    const { code, stderr } = this.rawshake('connect', '127.0.0.1', '9');
    expect({ code, stderr }).toEqual({ code: 69, stderr: expect.stringMatching(/^rawshake: .*; run `.*`\n$/) });
    const command = /`(.*)`/.exec(stderr)?.[1] as string;
    const mended = this.run('sh', '-c', command.replace(/^npm /, `node ${npm} `));
    expect({ code: mended.code, stderr: mended.code === 0 ? '' : mended.stderr }).toEqual({ code: 0, stderr: '' });
    return stderr;
  }

  expectToWork(): void {
    const doctor = this.inside('node_modules/.bin/rawshake', 'doctor');
    expect({ code: doctor.code, stdout: doctor.stdout }).toEqual({ code: 0, stdout: expect.stringContaining('rawshake works here') });
    copyFileSync('test/install/library.mjs', join(this.directory, 'library.mjs'));
    expect(this.inside('node', 'library.mjs')).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^open 5 CLOSED\n\S+ hello\nreset\n$/),
    });
    const connect = `require('node:net').createServer((socket) => socket.end('hello')).listen(9, '127.0.0.1', () =>
      require('node:child_process').spawn('node_modules/.bin/rawshake', ['connect', '127.0.0.1', '9', '-q'], { stdio: 'inherit' })
        .on('exit', (code) => process.exit(code)))`;
    expect(this.inside('node', '--eval', connect)).toMatchObject({ code: 0, stdout: expect.stringContaining('open') });
  }
}

let tarball: string;

beforeAll(() => {
  const directory = makeDirectory();
  execFileSync(process.execPath, [npm, 'pack', '--pack-destination', directory], { stdio: 'pipe' });
  tarball = join(directory, readdirSync(directory)[0] as string);
});

it('the tarball holds what runs and what is read, and no tests, no sources of ours, nothing compiled', () => {
  const paths = execFileSync('tar', ['tzf', tarball], { encoding: 'utf8' }).split('\n');
  const kinds = new Set(
    paths.map((path) =>
      path
        .split('/')
        .slice(1, path.includes('node_modules') ? 3 : 2)
        .join('/'),
    ),
  );
  expect([...kinds].filter(Boolean).sort()).toEqual([
    ...['CHANGELOG.md', 'LICENSE', 'README.md', 'bin', 'dist', 'docs', 'examples', 'man'],
    ...['node_modules/nan', 'node_modules/raw-socket', 'package.json', 'plans', 'schema'],
  ]);
  expect(paths.filter((path) => /(?<!\.d)\.ts$|\.map$|\.node$|\/(build|test|cli)\//.test(path))).toEqual([]);
  expect(paths).toEqual(expect.arrayContaining(['package/dist/bundle/LICENSES.txt', 'package/node_modules/nan/LICENSE.md']));
});

describe.each(nodes)('with the Node.js of %s', (node) => {
  const bin = join(node, 'bin');
  const path = `${bin}:${process.env.PATH}`;

  it('it installs and works, as a command and as a library', () => {
    const project = new Project(node, path);
    project.install();
    expect(project.isCompiled).toBe(RUNS_CARRIED_SCRIPTS);
    if (!RUNS_CARRIED_SCRIPTS) project.mend();
    expect(project.rawshake('--version')).toEqual({ code: 0, stdout: `${version}\n`, stderr: '' });
    project.expectToWork();
  });

  it('where no scripts run it installs, and what it says mends it', () => {
    const project = new Project(node, path);
    project.install('--ignore-scripts');
    expect(project.isCompiled).toBe(false);
    expect(project.mend()).toContain('it was not compiled when it was installed; run');
    project.expectToWork();
  });

  it('where optional packages are left out too', () => {
    const project = new Project(node, path);
    project.install('--omit=optional');
    project.mend();
    project.expectToWork();
  });

  it('without a compiler it installs, starts, does what needs none, and says what is missing', () => {
    const programs = makeDirectory();
    for (const name of ['sh', 'env']) symlinkSync(join('/bin', name), join(programs, name));
    symlinkSync(join(bin, 'node'), join(programs, 'node'));
    const project = new Project(node, programs);
    project.install();
    expect(project.isCompiled).toBe(false);
    for (const args of [['--version'], ['--help'], ['decode', '--help'], ['completion', 'bash'], ['send', '127.0.0.1', '80', '--dry-run']])
      expect([args, project.rawshake(...args)]).toEqual([args, { code: 0, stdout: expect.stringMatching(/./), stderr: '' }]);
    expect(project.rawshake('doctor', '--json')).toMatchObject({
      code: 69,
      stdout: expect.stringContaining('c++, make, python3 must be installed'),
    });
    project.env.PATH = path;
    project.mend();
    project.expectToWork();
  });
});

it('the compiler understands its types', () => {
  const project = new Project(nodes[0] as string, `${nodes[0]}/bin:${process.env.PATH}`);
  project.install('--ignore-scripts');
  copyFileSync('test/install/library.mjs', join(project.directory, 'library.mjs'));
  const options = ['--noEmit', '--checkJs', '--strict', '--target', 'es2023', '--module', 'nodenext', '--types', 'node'];
  const types = ['--typeRoots', resolve('node_modules/@types')];
  expect(project.run(resolve('node_modules/.bin/tsc'), ...options, ...types, 'library.mjs')).toEqual({ code: 0, stdout: '', stderr: '' });
});

it.each([
  ['publint', ['publint@^0.3.25', '--strict'], 'All good!'],
  ['are-the-types-wrong', ['@arethetypeswrong/cli@^0.18.5', '--profile', 'esm-only', '--no-emoji'], 'OK (ESM)'],
])('%s finds nothing in the tarball', (_name, [tool = '', ...options], verdict) => {
  const project = new Project(nodes[0] as string, `${nodes[0]}/bin:${process.env.PATH}`);
  const { code, stdout } = project.npm('exec', '--yes', '--', tool, tarball, ...options);
  expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringContaining(verdict) });
});
