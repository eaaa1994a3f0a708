import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { repairOf } from '../../src/net/repair.ts';

const NOT_FOUND = Object.assign(new Error("Cannot find module './build/Release/raw'"), { code: 'MODULE_NOT_FOUND' });
const BUILD = `npm run --prefix ${resolve('.')} build:raw-socket`;
/** Of an ordinary user who has no sudo. */
const asRoot = (command: string): string => (userInfo().uid === 0 ? command : `su -c '${command}'`);

let directory: string;

/** A machine that has these programs and no others. */
function programs(...names: string[]): void {
  for (const name of names) {
    writeFileSync(join(directory, name), '#!/bin/sh\n');
    chmodSync(join(directory, name), 0o755);
  }
}

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'rawshake-test-'));
  vi.stubEnv('PATH', directory);
});

afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(directory, { recursive: true });
});

it('where there is a compiler, raw-socket is compiled', () => {
  programs('c++', 'make', 'python3', 'apt-get');
  expect(repairOf('raw-socket', NOT_FOUND)).toEqual({ reason: 'it was not compiled when it was installed', command: BUILD });
});

it.each([
  ['apt-get', 'apt-get install --yes build-essential python3'],
  ['dnf', 'dnf install --assumeyes gcc-c++ make python3'],
  ['apk', 'apk add build-base python3'],
])('where there is none, it comes first, by %s', (installer, install) => {
  programs('python3', installer);
  expect(repairOf('raw-socket', NOT_FOUND)).toEqual({
    reason: 'it was not compiled when it was installed, and to compile raw-socket c++, make must be installed',
    command: `${asRoot(install)} && ${BUILD}`,
  });
});

it('where nothing is known that installs one, it is named', () => {
  expect(repairOf('raw-socket', NOT_FOUND)).toEqual({
    reason: expect.stringContaining('c++, make, python3 must be installed'),
    command: BUILD,
  });
});

it('what was compiled for another Node.js is compiled again', () => {
  programs('c++', 'make', 'python3');
  const error = new Error("The module '/x/raw.node'\nwas compiled against a different Node.js version using\nNODE_MODULE_VERSION 115.");
  expect(repairOf('raw-socket', error)).toEqual({ reason: 'it was compiled for another version of Node.js', command: BUILD });
});

it('koffi is fetched again, without what only developers need', () => {
  const { reason, command } = repairOf('koffi', new Error("libc.so.6: version `GLIBC_2.34' not found\nmore"));
  expect(reason).toBe("libc.so.6: version `GLIBC_2.34' not found");
  expect(command).toBe(`npm install --prefix ${resolve('.')} --omit=dev --include=optional`);
});
