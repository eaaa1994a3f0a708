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

it('does not make stdin, which nobody asked for', () => {
  let made = 0;
  const io = {
    stdout: SILENT,
    stderr: SILENT,
    get stdin() {
      made++;
      return process.stdin;
    },
  };
  const gathering = gatherOutput(io as Partial<Io> as Io);
  expect(made).toBe(0);
  expect(gathering.stdin).toBe(process.stdin);
  expect(made).toBe(1);
});
