/** What stands outside the code and can go wrong there. */
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';

const readme = readFileSync('README.md', 'utf8');
const lock = JSON.parse(readFileSync('package-lock.json', 'utf8')) as {
  packages: Record<string, { resolved?: string; integrity?: string }>;
};
const manifest = JSON.parse(readFileSync('package.json', 'utf8')) as { scripts: Record<string, string>; license: string };

it('the README has two commands for a fresh Debian machine: one runs the demo, one passes all tests', () => {
  const commands = readme.split('\n').filter((line) => /npm ci/.test(line));
  expect(commands).toEqual(['sh scripts/debian.sh build && npm ci && npm run demo', 'sh scripts/debian.sh test && npm ci && npm test']);
});

it('.ci/run takes the test command from there', () => {
  const pattern = /sed -n '(s\/.*\/p)' README\.md/.exec(readFileSync('.ci/run', 'utf8'))?.[1];
  expect(pattern).toBe(String.raw`s/^ *\(sh .* && npm test\)$/\1/p`);
});

it('the lock file holds no addresses', () => {
  expect(JSON.stringify(lock.packages)).not.toMatch(/"resolved":"https?:/);
  for (const [path, { integrity }] of Object.entries(lock.packages))
    if (path !== '') expect([path, integrity]).toEqual([path, expect.any(String)]);
});

it('nothing of ours runs when the package is installed', () => {
  expect(Object.keys(manifest.scripts)).not.toEqual(expect.arrayContaining([expect.stringMatching(/^(pre|post)?(install|prepare)$/)]));
  expect(readFileSync('LICENSE', 'utf8')).toContain(`${manifest.license} License`);
});
