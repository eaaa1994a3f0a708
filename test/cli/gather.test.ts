/** Output that is gathered: in fewer pieces, and still in its order. */
import { expect, it } from 'vitest';
import { gatherOutput } from '../../src/cli/gather.ts';
import type { Io, Output } from '../../src/cli/io.ts';
import { SILENT } from '../support/cli.ts';

it('what goes to stderr comes after what was written to stdout before it', async () => {
  const seen: string[] = [];
  const output: Output = { ...SILENT, write: (text) => seen.push(text), isTTY: true };
  const { stdout, stderr } = gatherOutput({ stdout: output, stderr: output } as Io);
  stdout.write('one ');
  stdout.write('two ');
  stderr.write('three ');
  stdout.write('four ');
  expect(seen).toEqual(['one two ', 'three ']);
  await new Promise((resolve) => setImmediate(resolve));
  expect(seen).toEqual(['one two ', 'three ', 'four ']);
});
