/** Every expectation that the documents show can be read. */
import { readdirSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { parseExpectation } from '../../../src/plan/expect/expectation.ts';
import { EXPECTING } from '../../../src/plan/expect/names.ts';

const FILES = ['README.md', ...readdirSync('docs').map((file) => `docs/${file}`)];

/** Of lines such as `rawshake ping … --expect 'lost == 0'`: those that are shown to be wrong have the mark below them. */
const SHOWN = FILES.flatMap((file) => {
  const lines = readFileSync(file, 'utf8').replaceAll(/\\\n/g, ' ').split('\n');
  return lines.flatMap((line, i) => {
    const command = EXPECTING.find((each) => line.includes(`rawshake ${each} `));
    if (command === undefined || lines[i + 1]?.startsWith('rawshake: --expect')) return [];
    return [...line.matchAll(/--expect (?:'([^']*)'|"([^"]*)")/g)].map(
      ([, single, double]) => [file, command, single ?? double ?? ''] as const,
    );
  });
});

it('there are some', () => expect(SHOWN.length).toBeGreaterThan(10));

it.each(SHOWN)('%s: %s --expect %s', (_file, command, text) => {
  expect(parseExpectation(text, command).text).toBe(text);
});
